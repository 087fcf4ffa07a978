//! The projects that tell a story, each with what must be seen.

use karez_events::event::budget::{CashPlanApproved, PlannedPayment};
use karez_events::event::fund::FundSource;
use karez_events::event::project::PreStartApproved;
use karez_events::{Currency, Event, IdError};

use super::ledger::{Cost, Spend, Tranche};
use super::moments::{month, month_end, on, working_day};
use super::plan::Plan;
use super::writer::{Account, Telling, Writer, yuan};

/// The six cases, in the order of their numbers.
pub(super) fn write(writer: &mut Writer) -> Result<Vec<Account>, IdError> {
    Ok(vec![
        idle(writer)?,
        behind(writer)?,
        ahead(writer)?,
        pre_start(writer)?,
        healthy(writer)?,
        late_voucher(writer)?,
    ])
}

/// What each case is on paper: 300,000 yuan of fiscal money and an end in 2025, except where its story needs more.
pub(super) fn plan(number: u32) -> Plan {
    let plan = Plan {
        end_on: on(2025, 12, 31),
        ..Plan::of_2024(number)
    };
    match number {
        3 => Plan {
            start_on: on(2024, 1, 20),
            shares: [30, 50, 13, 7],
            ..plan
        },
        4 => Plan {
            start_on: on(2024, 6, 1),
            end_on: on(2025, 5, 31),
            self_raised: 200_000,
            shares: [0, 60, 40, 0],
            ..plan
        },
        5 => Plan {
            signed_on: on(2024, 1, 15),
            start_on: on(2024, 1, 16),
            end_on: on(2025, 6, 30),
            shares: [40, 30, 20, 10],
            ..plan
        },
        _ => plan,
    }
}

fn arrived_on_1_march() -> Tranche {
    Tranche::of("1", 300_000, on(2024, 2, 27)).arriving(on(2024, 3, 1))
}

/// Idle money, the worked example of rule ST-01: 300,000 arrives on 1 March, 3,000 is spent on 10 April and 2,000 on
/// 20 May, then nothing. On 30 May 1.67 % has been spent in 90 days, on 28 August in 180, on 26 November in 270, on
/// 1 March 2025 in 365. The supplier's refund of 3,000 on 16 October changes nothing of that: spending only falls.
/// The example's late voucher stands in [`late_voucher`], so that this project stays idle.
fn idle(writer: &mut Writer) -> Result<Account, IdError> {
    let mut account = writer.project(&plan(1), on(2024, 2, 18))?;
    writer.pay(&account, arrived_on_1_march())?;
    let refunded = writer.spend(
        &mut account,
        Spend::fiscal(on(2024, 4, 10), yuan(3_000), Cost::Material),
    )?;
    writer.spend(
        &mut account,
        Spend::fiscal(on(2024, 5, 20), yuan(2_000), Cost::Testing),
    )?;
    writer.refund(&mut account, refunded, 3_000, on(2024, 10, 16));
    Ok(account)
}

/// Far behind: 300,000 arrives on 19 February and 4,500 is spent at the end of every month from March: 15 % at the end
/// of the year. Never idle by ST-01, since every window of 90 days has more than 2 % spent.
fn behind(writer: &mut Writer) -> Result<Account, IdError> {
    let plan = plan(2);
    let mut account = writer.project(&plan, plan.signed_on)?;
    writer.pay(
        &account,
        Tranche::of("1", 300_000, on(2024, 2, 7)).arriving(on(2024, 2, 19)),
    )?;
    for number in 3..=12 {
        let cost = if number % 2 == 0 {
            Cost::Material
        } else {
            Cost::Travel
        };
        writer.spend(&mut account, Spend::fiscal(month_end(number), yuan(4_500), cost))?;
    }
    let in_january = Spend::fiscal(on(2025, 1, 27), yuan(6_000), Cost::Material);
    writer.spend(&mut account, in_january)?;
    Ok(account)
}

/// Far ahead: 240,000 of 300,000 is spent by 31 May, 80 % where the year is at 41.5 %, with the end on 31 December.
/// Every budget line keeps within its amount: only the pace is out of step.
fn ahead(writer: &mut Writer) -> Result<Account, IdError> {
    let plan = plan(3);
    let mut account = writer.project(&plan, plan.signed_on)?;
    writer.pay(
        &account,
        Tranche::of("1", 300_000, on(2024, 1, 26)).arriving(on(2024, 1, 30)),
    )?;
    let months = [(2..=5, 60_000), (6..=11, 8_000)];
    for (number, amount) in months
        .into_iter()
        .flat_map(|(months, amount)| months.map(move |month| (month, amount)))
    {
        let part = |percent: i64| yuan(amount * percent / 100);
        let (middle, end) = (
            working_day(on(2024, number, 18)),
            working_day(on(2024, number, 27)),
        );
        writer.spend(&mut account, Spend::fiscal(middle, part(30), Cost::Equipment))?;
        writer.spend(&mut account, Spend::fiscal(middle, part(50), Cost::Material))?;
        writer.spend(&mut account, Spend::fiscal(end, part(13), Cost::Salary))?;
        writer.spend(&mut account, Spend::fiscal(end, part(7), Cost::Indirect))?;
    }
    Ok(account)
}

/// Costs before the start, the worked example of rules PS-01 to PS-04: the contract starts on 1 June, 200,000 of own
/// money are promised, 300,000 of fiscal money arrive on 15 April. Own money pays salaries of 12,000 for February to
/// May and travel of 6,000 on 20 April. On 10 July the four salaries, 48,000, are moved into fiscal money: a negative
/// posting of own and a positive one of fiscal money under the same vouchers. On 15 July 60 days before the start are
/// approved: from 2 April on 23,600 is covered, 24,400 is not (February, March, one of April's 30 days).
fn pre_start(writer: &mut Writer) -> Result<Account, IdError> {
    let mut account = writer.project(&plan(4), on(2024, 4, 1))?;
    writer.pay(
        &account,
        Tranche::of("1", 300_000, on(2024, 4, 11)).arriving(on(2024, 4, 15)),
    )?;
    for number in 2..=5 {
        let salary = |day, amount, source| Spend {
            voucher: Some(format!("GZ{number:02}")),
            service: Some(month(number)),
            ..Spend::fiscal(day, yuan(amount), Cost::Salary).from(source)
        };
        writer.spend(
            &mut account,
            salary(month_end(number), 12_000, FundSource::SelfRaised),
        )?;
        let swap = "自筹垫付工资转列财政资金";
        for (amount, source) in [
            (-12_000, FundSource::SelfRaised),
            (12_000, FundSource::FiscalCurrent),
        ] {
            let spend = Spend {
                reason: Some(swap),
                ..salary(on(2024, 7, 10), amount, source)
            };
            writer.spend(&mut account, spend)?;
        }
    }
    let travel = Spend {
        voucher: Some("CL01".to_owned()),
        ..Spend::fiscal(on(2024, 4, 20), yuan(6_000), Cost::Travel).from(FundSource::SelfRaised)
    };
    writer.spend(&mut account, travel)?;
    let allowed = PreStartApproved { days: 60, cap: None };
    let telling = Telling::office(on(2024, 7, 15)).under("演科字〔2024〕27号");
    writer.tell(
        &account.stream,
        telling,
        "pre-start",
        Event::PreStartApproved(allowed),
    );
    from_june(writer, &mut account)?;
    Ok(account)
}

/// After the start the project spends as its cash plan says: fiscal money from June, own money from July.
fn from_june(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let monthly = [(6, 40), (7, 84), (8, 93), (9, 83), (10, 80), (11, 69), (12, 20)];
    let payments = monthly.map(|(month, thousands)| PlannedPayment {
        due_on: Some(month_end(month)),
        amount: yuan(thousands * 1_000),
    });
    let plan = CashPlanApproved {
        currency: Currency::CNY,
        payments: payments.into(),
    };
    let telling = Telling::office(on(2024, 4, 3));
    writer.tell(
        &account.stream,
        telling,
        "cash-plan",
        Event::CashPlanApproved(plan),
    );
    writer.raise(account, 1, 200_000, on(2024, 7, 18));
    // By month: operations and labour of fiscal money, then of own money, in thousands.
    for (month, fiscal, own) in [
        (6, [40, 0], [0, 0]),
        (7, [10, 0], [12, 14]),
        (8, [27, 18], [24, 24]),
        (9, [27, 18], [18, 20]),
        (10, [27, 18], [18, 17]),
        (11, [27, 13], [14, 15]),
        (12, [15, 0], [3, 2]),
    ] {
        for (source, [operations, labour], days) in [
            (FundSource::FiscalCurrent, fiscal, [6, 13]),
            (FundSource::SelfRaised, own, [20, 27]),
        ] {
            for (day, thousands, cost) in [
                (days[0], operations, Cost::Material),
                (days[1], labour, Cost::Salary),
            ] {
                if thousands > 0 {
                    let day = working_day(on(2024, month, day));
                    let spend = Spend::fiscal(day, yuan(thousands * 1_000), cost);
                    writer.spend(account, spend.from(source))?;
                }
            }
        }
    }
    Ok(())
}

/// Healthy: 24,500 every month, on four days and by the shares of the budget: 294,000 of 300,000 at the end of the year,
/// never 10 points from its benchmark.
fn healthy(writer: &mut Writer) -> Result<Account, IdError> {
    let plan = plan(5);
    let mut account = writer.project(&plan, plan.signed_on)?;
    writer.pay(
        &account,
        Tranche::of("1", 300_000, on(2024, 1, 17)).arriving(on(2024, 1, 18)),
    )?;
    for number in 1..=12 {
        // January waits for the money.
        let days = if number == 1 {
            [22, 24, 26, 31]
        } else {
            [5, 12, 19, 26]
        };
        let mut spend = |day, amount, cost| {
            let spend = Spend::fiscal(working_day(on(2024, number, day)), yuan(amount), cost);
            let from_the_start =
                (cost == Cost::Salary && number == 1).then(|| (on(2024, 1, 16), month_end(1)));
            let service = from_the_start.or(spend.service);
            writer.spend(&mut account, Spend { service, ..spend })
        };
        spend(days[0], 4_900, Cost::Equipment)?;
        spend(days[0], 2_450, Cost::Indirect)?;
        spend(days[1], 7_350, Cost::Material)?;
        spend(days[2], 4_900, Cost::Equipment)?;
        spend(days[3], 4_900, Cost::Salary)?;
    }
    Ok(account)
}

/// A late voucher: the calendar of [`idle`], until a voucher of 10,000 dated 25 May becomes known on 12 September. As
/// known before, 1.67 % was spent in the 90 days to 30 May; as known since, 5 %: that finding is retracted.
fn late_voucher(writer: &mut Writer) -> Result<Account, IdError> {
    let mut account = writer.project(&plan(6), on(2024, 2, 18))?;
    writer.pay(&account, arrived_on_1_march())?;
    writer.spend(
        &mut account,
        Spend::fiscal(on(2024, 4, 10), yuan(3_000), Cost::Material),
    )?;
    writer.spend(
        &mut account,
        Spend::fiscal(on(2024, 5, 20), yuan(2_000), Cost::Testing),
    )?;
    let late = Spend::fiscal(on(2024, 5, 25), yuan(10_000), Cost::Testing);
    writer.spend(
        &mut account,
        late.late(on(2024, 9, 12), "票据传递延误，补录5月凭证"),
    )?;
    for (number, thousandths) in [(9, 1_000), (10, 1_000), (11, 1_000), (12, 300)] {
        for (day, each, cost) in [
            (17, 2, Cost::Indirect),
            (18, 5, Cost::Equipment),
            (20, 6, Cost::Material),
            (24, 5, Cost::Testing),
            (27, 6, Cost::Salary),
        ] {
            let spent_on = working_day(on(2024, number, day));
            writer.spend(
                &mut account,
                Spend::fiscal(spent_on, yuan(each * thousandths), cost),
            )?;
        }
    }
    Ok(account)
}

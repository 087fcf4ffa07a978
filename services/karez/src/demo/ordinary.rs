//! The other 14 projects of 2024: most of them spend steadily, some have a story.

use karez_events::event::budget::{BudgetReallocated, CashPlanApproved, PlannedPayment};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{CommitmentReleased, CommitmentSigned, ExpenditureReclassified};
use karez_events::{CategoryId, Currency, Event, IdError};

use super::cases;
use super::ledger::{Cost, Spend, Tranche};
use super::moments::{month_end, on, working_day};
use super::plan::Plan;
use super::steady::Steady;
use super::writer::{Account, Telling, Writer, yuan};

/// A project in one row.
struct Row {
    number: u32,
    fiscal: i64,
    self_raised: i64,
    /// Month and day of the first payment, 85 % of the money; the rest is paid in October, when the fund has it.
    paid: (u32, u32),
}

/// Fiscal money of all together: 4,200,000 yuan. Number 19, which does not begin, has a third of it.
const ROWS: [Row; 14] = [
    row(7, 400_000, 100_000, (2, 20)),
    row(8, 240_000, 0, (2, 26)),
    row(9, 200_000, 60_000, (3, 1)),
    row(10, 160_000, 0, (2, 22)),
    row(11, 200_000, 60_000, (2, 27)),
    row(12, 200_000, 0, (5, 6)),
    row(13, 250_000, 0, (2, 21)),
    row(14, 200_000, 0, (2, 28)),
    row(15, 160_000, 40_000, (2, 23)),
    row(16, 260_000, 80_000, (2, 29)),
    row(17, 200_000, 0, (2, 19)),
    row(18, 160_000, 40_000, (3, 4)),
    row(19, 1_370_000, 0, (3, 18)),
    row(20, 200_000, 60_000, (2, 26)),
];

const fn row(number: u32, fiscal: i64, self_raised: i64, paid: (u32, u32)) -> Row {
    Row {
        number,
        fiscal,
        self_raised,
        paid,
    }
}

/// What each of the 20 projects of 2024 is on paper, by number from 1.
pub(super) fn plan_of_2024(number: u32) -> Plan {
    match ROWS.iter().find(|row| row.number == number) {
        Some(row) => Plan {
            shares: if number == 7 {
                [18, 50, 22, 10]
            } else {
                Plan::unnamed().shares
            },
            fiscal: row.fiscal,
            self_raised: row.self_raised,
            end_on: if number.is_multiple_of(2) {
                on(2025, 12, 31)
            } else {
                on(2025, 6, 30)
            },
            ..Plan::of_2024(number)
        },
        None => cases::plan(number),
    }
}

/// The 14 projects, in the order of their numbers.
pub(super) fn write(writer: &mut Writer) -> Result<Vec<Account>, IdError> {
    ROWS.iter().map(|row| project(writer, row)).collect()
}

fn project(writer: &mut Writer, row: &Row) -> Result<Account, IdError> {
    let plan = plan_of_2024(row.number);
    let paid_on = on(2024, row.paid.0, row.paid.1);
    let first = Tranche::of("1", row.fiscal * 85 / 100, paid_on);
    let first = if row.number == 12 {
        // 110 days from quota to payment: the unit could not spend what it did not have.
        first.issued(on(2024, 1, 17))
    } else {
        first
    };
    // The budget comes with the quota, so that its clock does not run before the money.
    let budget_on = first.issued_on.max(plan.signed_on);
    let mut account = writer.signed_project(&plan, budget_on)?;
    if row.number != 19 {
        writer.start(&account, plan.start_on);
    }
    writer.pay(&account, first)?;
    writer.pay(
        &account,
        Tranche::of("2", row.fiscal * 15 / 100, on(2024, 10, 17 + row.number % 3)).issued(on(2024, 10, 16)),
    )?;
    let steady = Steady::year(row.fiscal, plan.shares, first.arrived_on);
    match row.number {
        // What is posted twice in June, moved between lines or under contract is part of the year's money.
        7 => {
            let (budget, shares) = (row.fiscal - 40_000, [19, 46, 24, 11]);
            writer.spend_steadily(
                &mut account,
                &Steady {
                    budget,
                    shares,
                    ..steady
                },
            )?;
        }
        8 | 9 | 15 | 16 => {
            let budget = row.fiscal - if row.number == 8 { 6_000 } else { 10_000 };
            writer.spend_steadily(&mut account, &Steady { budget, ..steady })?;
        }
        12 => late_money(writer, &mut account, &steady)?,
        13 => rush(writer, &mut account, row.fiscal)?,
        19 => {}
        _ => writer.spend_steadily(&mut account, &steady)?,
    }
    writer.spend_own_money(&mut account, row.self_raised)?;
    particulars(writer, &mut account, row.number)?;
    Ok(account)
}

/// The money came in May: a cash plan is approved for what is left of the year, and kept.
fn late_money(writer: &mut Writer, account: &mut Account, steady: &Steady) -> Result<(), IdError> {
    let monthly = |month: u32| PlannedPayment {
        due_on: Some(month_end(month)),
        amount: yuan(steady.budget / 8),
    };
    let plan = CashPlanApproved {
        currency: Currency::CNY,
        payments: (5..=12).map(monthly).collect(),
    };
    let telling = Telling::office(on(2024, 5, 8));
    writer.tell(
        &account.stream,
        telling,
        "cash-plan",
        Event::CashPlanApproved(plan),
    );
    writer.spend_steadily(account, &Steady { lead: 60, ..*steady })
}

/// A tenth until November, and nearly all the rest in December.
fn rush(writer: &mut Writer, account: &mut Account, fiscal: i64) -> Result<(), IdError> {
    for month in 3..=11 {
        let spend = Spend::fiscal(
            working_day(on(2024, month, 15)),
            yuan(fiscal / 60),
            Cost::Material,
        );
        writer.spend(account, spend)?;
    }
    for (day, percent, cost) in [
        (6, 25, Cost::Testing),
        (12, 20, Cost::Salary),
        (18, 18, Cost::Equipment),
        (24, 8, Cost::Indirect),
    ] {
        writer.spend(
            account,
            Spend::fiscal(on(2024, 12, day), yuan(fiscal * percent / 100), cost),
        )?;
    }
    Ok(())
}

/// What happens in one project or the other and not in every one.
fn particulars(writer: &mut Writer, account: &mut Account, number: u32) -> Result<(), IdError> {
    match number {
        7 => posted_twice(writer, account),
        8 => reclassified(writer, account),
        9 | 15 | 16 => commitment(writer, account),
        10 | 17 => reallocation(writer, account),
        _ => Ok(()),
    }
}

/// A voucher of 25 June is posted twice; the second posting is undone as of 28 June, which becomes known on 9 July.
/// So 30 June as it was known on 5 July has 36,000 more spent than as it is known since.
fn posted_twice(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let posting = Spend::fiscal(on(2024, 6, 25), yuan(36_000), Cost::Testing);
    let voucher = account.next_voucher();
    let twice = Spend {
        voucher: Some(voucher.clone()),
        ..posting
    };
    // The same invoice under a second number, as when two clerks post one paper.
    let again = Spend {
        voucher: Some(format!("{voucher}-2")),
        ..twice.clone()
    };
    writer.spend(account, twice)?;
    let second = writer.spend(account, again)?;
    let telling = Telling::unit(on(2024, 6, 28), &account.unit);
    let telling = telling.known(on(2024, 7, 9)).because("对账发现6月重复入账，冲销");
    writer.reverse(account, second, telling);
    Ok(())
}

/// 2,000 of a material voucher was equipment: the line is corrected in September.
fn reclassified(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let posting = writer.spend(
        account,
        Spend::fiscal(on(2024, 8, 16), yuan(3_000), Cost::Material),
    )?;
    let moved = ExpenditureReclassified {
        reclassifies: posting,
        amount: Some(yuan(2_000)),
        to_source: None,
        to_category: Some(CategoryId::try_new("设备费")?),
    };
    let telling = Telling::unit(on(2024, 9, 11), &account.unit).because("传感器属设备，更正科目");
    writer.tell(
        &account.stream,
        telling,
        "reclassified",
        Event::ExpenditureReclassified(moved),
    );
    Ok(())
}

/// A purchase contract of 5,000 in September, of which 2,000 is paid in November and the rest due in January.
fn commitment(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let commitment_no = format!("CG-{}", account.id);
    let signed = CommitmentSigned {
        amount: yuan(5_000),
        currency: Currency::CNY,
        source: FundSource::FiscalCurrent,
        category: Some(CategoryId::try_new("设备费")?),
        commitment_no: Some(commitment_no.clone()),
        due_on: Some(on(2025, 1, 31)),
        payee: None,
        valued_on: None,
        purpose: Some("检测设备采购合同".to_owned()),
    };
    let unit = account.unit.clone();
    let event = Event::CommitmentSigned(signed);
    writer.tell(
        &account.stream,
        Telling::unit(on(2024, 9, 10), &unit),
        "commitment",
        event,
    );
    writer.spend(
        account,
        Spend::fiscal(on(2024, 11, 20), yuan(2_000), Cost::Equipment),
    )?;
    let released = CommitmentReleased {
        commitment_no,
        amount: yuan(2_000),
        currency: Currency::CNY,
    };
    let event = Event::CommitmentReleased(released);
    writer.tell(
        &account.stream,
        Telling::unit(on(2024, 11, 20), &unit),
        "released",
        event,
    );
    Ok(())
}

/// 调剂: 500 from equipment to operations.
fn reallocation(writer: &mut Writer, account: &Account) -> Result<(), IdError> {
    let moved = BudgetReallocated {
        amount: yuan(500),
        currency: Currency::CNY,
        fiscal_year: Some(2024),
        source: FundSource::FiscalCurrent,
        from_category: CategoryId::try_new("设备费")?,
        to_category: CategoryId::try_new("业务费")?,
        approver: Some("承担单位".to_owned()),
    };
    let telling = Telling::unit(on(2024, 8, 20), &account.unit).because("减少设备购置，增加测试样品");
    writer.tell(
        &account.stream,
        telling,
        "reallocated",
        Event::BudgetReallocated(moved),
    );
    Ok(())
}

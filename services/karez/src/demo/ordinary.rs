//! The other 14 projects of 2024, and how any project spends month by month.

use karez_events::event::budget::{BudgetReallocated, CashPlanApproved, PlannedPayment};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{CommitmentReleased, CommitmentSigned, ExpenditureReclassified};
use karez_events::{CategoryId, Currency, Event, IdError};
use rust_decimal::Decimal;

use super::cases;
use super::ledger::{Cost, Spend, Tranche};
use super::moments::{days_after, month_end, on, working_day};
use super::plan::Plan;
use super::writer::{Account, Telling, Writer, fen, yuan};

/// How a project's spending lies over the months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Even,
    /// Most of it at the beginning.
    Early,
    /// Most of it in December.
    YearEnd,
    /// Nothing from May to August.
    Gap,
    /// The project has not begun.
    NotStarted,
}

impl Pace {
    /// The weight of a month; `jitter` keeps months from being equal.
    fn weight(self, month: u32, jitter: u32) -> i64 {
        let weight = match self {
            Self::Even => 10 + jitter % 7,
            Self::Early => 4 + (12 - month) * 3 + jitter % 5,
            Self::YearEnd if month == 12 => 90,
            Self::YearEnd => 8 + jitter % 5,
            Self::Gap if (5..=8).contains(&month) => 0,
            Self::Gap => 9 + jitter % 5,
            Self::NotStarted => 0,
        };
        i64::from(weight)
    }
}

/// A project in one row.
struct Row {
    number: u32,
    fiscal: i64,
    self_raised: i64,
    /// Month and day of the first payment.
    paid: (u32, u32),
    /// Spent of the fiscal money at the end of 2024, its [`particulars`] aside.
    percent: i64,
    pace: Pace,
}

/// Fiscal money of all together: 4,200,000 yuan, 70 % in spring and 30 % after the budget was raised in October.
const ROWS: [Row; 14] = [
    row(7, (400_000, 100_000), (2, 20), 68, Pace::Even),
    row(8, (350_000, 0), (2, 26), 48, Pace::Even),
    row(9, (300_000, 60_000), (3, 5), 60, Pace::Early),
    row(10, (250_000, 0), (3, 11), 84, Pace::Even),
    row(11, (300_000, 100_000), (3, 15), 33, Pace::Gap),
    row(12, (200_000, 0), (5, 6), 24, Pace::Even),
    row(13, (350_000, 80_000), (3, 20), 45, Pace::YearEnd),
    row(14, (300_000, 0), (4, 1), 15, Pace::Even),
    row(15, (250_000, 50_000), (4, 8), 50, Pace::Even),
    row(16, (400_000, 120_000), (4, 16), 35, Pace::Early),
    row(17, (300_000, 0), (4, 22), 38, Pace::Even),
    row(18, (200_000, 40_000), (5, 13), 12, Pace::Gap),
    row(19, (300_000, 0), (3, 18), 0, Pace::NotStarted),
    row(20, (300_000, 60_000), (6, 3), 42, Pace::Even),
];

const fn row(
    number: u32,
    (fiscal, self_raised): (i64, i64),
    paid: (u32, u32),
    percent: i64,
    pace: Pace,
) -> Row {
    Row {
        number,
        fiscal,
        self_raised,
        paid,
        percent,
        pace,
    }
}

/// What each of the 20 projects of 2024 is on paper, by number from 1.
pub(super) fn plan_of_2024(number: u32) -> Plan {
    match ROWS.iter().find(|row| row.number == number) {
        Some(row) => Plan {
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
    let mut account = writer.signed_project(&plan)?;
    if row.pace != Pace::NotStarted {
        // Number 20 signs in January and begins in May.
        writer.start(
            &account,
            if row.number == 20 {
                on(2024, 5, 20)
            } else {
                plan.start_on
            },
        );
    }
    let first = Tranche::of("1", row.fiscal * 70 / 100, on(2024, row.paid.0, row.paid.1));
    let first = if row.number == 12 {
        // 110 days from quota to payment: the unit could not spend what it did not have.
        first.issued(on(2024, 1, 17))
    } else {
        first
    };
    let second = Tranche::of("2", row.fiscal * 30 / 100, on(2024, 10, 28 + row.number % 4));
    writer.pay(&account, first)?;
    writer.pay(&account, second)?;
    cash_plan(writer, &account, row);
    let total = row.fiscal * row.percent;
    let months = (row.paid.0 + 1, 12);
    monthly(writer, &mut account, total, months, row.pace)?;
    own_money(writer, &mut account, row)?;
    particulars(writer, &mut account, row.number)?;
    Ok(account)
}

/// Spends an amount (in fen) over months of 2024, in vouchers of uneven amounts.
pub(super) fn monthly(
    writer: &mut Writer,
    account: &mut Account,
    total: i64,
    (first, last): (u32, u32),
    pace: Pace,
) -> Result<(), IdError> {
    let number = account.number();
    let weight = |month: u32| pace.weight(month, number * 37 + month * 53);
    let weights: i64 = (first..=last).map(weight).sum();
    // Equipment and indirect costs are booked once a quarter.
    let (mut left, mut equipment, mut indirect) = (total, 0, 0);
    for month in first..=last {
        let share = if month == last {
            left
        } else {
            total * weight(month) / weights.max(1)
        };
        left -= share;
        let part = |percent: i64| share * percent / 100;
        let (salary, material) = (part(25), part(30));
        equipment += part(20);
        indirect += part(10);
        let other = share - salary - material - part(20) - part(10);
        let is_quarter = month % 3 == 0 || month == last;
        let testing = if month % 2 == 0 {
            Cost::Testing
        } else {
            Cost::Travel
        };
        let vouchers = [
            (9, other, testing),
            (17, material, Cost::Material),
            (22, if is_quarter { equipment } else { 0 }, Cost::Equipment),
            (26, if is_quarter { indirect } else { 0 }, Cost::Indirect),
            (28, salary, Cost::Salary),
        ];
        if is_quarter {
            (equipment, indirect) = (0, 0);
        }
        for (day, amount, cost) in vouchers.into_iter().filter(|(_, amount, _)| *amount > 0) {
            writer.spend(account, dated(number, (month, day), fen(amount), cost))?;
        }
    }
    Ok(())
}

/// A voucher of a month; most become known within three days, a few weeks after.
fn dated(number: u32, (month, day): (u32, u32), amount: Decimal, cost: Cost) -> Spend {
    let spent_on = working_day(on(2024, month, day));
    let spend = Spend::fiscal(spent_on, amount, cost);
    if (number * 7 + month * 3 + day).is_multiple_of(31) {
        let weeks = i64::from(3 + month % 3);
        spend.late(days_after(spent_on, 7 * weeks), "票据传递延误，补录凭证")
    } else {
        let known_on = days_after(spent_on, i64::from((number + month + day) % 3));
        Spend { known_on, ..spend }
    }
}

/// Planned arrivals of every fourth project.
fn cash_plan(writer: &mut Writer, account: &Account, row: &Row) {
    if !row.number.is_multiple_of(4) {
        return;
    }
    let payment = |percent, due_on| PlannedPayment {
        due_on: Some(due_on),
        amount: yuan(row.fiscal * percent / 100),
    };
    let plan = CashPlanApproved {
        currency: Currency::CNY,
        payments: vec![payment(70, month_end(row.paid.0 + 1)), payment(30, month_end(11))],
    };
    let telling = Telling::office(days_after(account.signed_on, 7));
    writer.tell(
        &account.stream,
        telling,
        "cash-plan",
        Event::CashPlanApproved(plan),
    );
}

/// Own money arrives in two halves, the second one late; half of it is spent.
fn own_money(writer: &mut Writer, account: &mut Account, row: &Row) -> Result<(), IdError> {
    if row.self_raised == 0 {
        return Ok(());
    }
    writer.raise(account, 1, row.self_raised / 2, on(2024, 3, 28));
    writer.raise(account, 2, row.self_raised / 4, on(2024, 11, 12));
    for number in [6, 8, 10, 12] {
        let spend = Spend::fiscal(month_end(number), yuan(row.self_raised / 8), Cost::Material);
        writer.spend(account, spend.from(FundSource::SelfRaised))?;
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

/// 12,000 of a material voucher was equipment: the line is corrected in September.
fn reclassified(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let posting = writer.spend(
        account,
        Spend::fiscal(on(2024, 8, 16), yuan(18_000), Cost::Material),
    )?;
    let moved = ExpenditureReclassified {
        reclassifies: posting,
        amount: Some(yuan(12_000)),
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

/// A purchase contract of 20,000 in September, of which 8,000 is paid in November and the rest due in January.
fn commitment(writer: &mut Writer, account: &mut Account) -> Result<(), IdError> {
    let commitment_no = format!("CG-{}", account.id);
    let signed = CommitmentSigned {
        amount: yuan(20_000),
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
        Spend::fiscal(on(2024, 11, 20), yuan(8_000), Cost::Equipment),
    )?;
    let released = CommitmentReleased {
        commitment_no,
        amount: yuan(8_000),
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

/// 调剂: 5,000 from equipment to operations.
fn reallocation(writer: &mut Writer, account: &Account) -> Result<(), IdError> {
    let moved = BudgetReallocated {
        amount: yuan(5_000),
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

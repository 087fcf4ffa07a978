//! The 11 earlier projects on rolling support (滚动支持): five approved in 2022, six in 2023, each with a tranche a
//! year, what it left, and its fate in 2024.

use chrono::NaiveDate;
use karez_events::event::budget::{CarryoverConfirmed, LeftoverKind};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::FundsReturned;
use karez_events::event::project::{
    AcceptanceApplied, Conclusion, ProjectAccepted, ProjectClosed, ProjectExtended, ProjectResumed,
    ProjectSuspended,
};
use karez_events::{Currency, Event, IdError};

use super::ledger::{Cost, Spend, Tranche};
use super::moments::{on, working_day};
use super::names::{ROLLING, unit_id};
use super::ordinary::{Pace, monthly};
use super::plan::Plan;
use super::writer::{Account, Telling, Writer, yuan};

/// What becomes of a project in 2024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Running,
    /// Stopped from 6 May to 2 September.
    Suspended,
    /// Its end is moved by half a year.
    Extended,
    /// Its end passed on 31 October and nobody asked for acceptance.
    Overdue,
    /// Accepted and closed in December.
    Closed,
}

/// A project in one row.
struct Row {
    year: i32,
    number: u32,
    /// The tranche of 2024; 4,420,000 yuan all together.
    tranche: i64,
    paid: (u32, u32),
    /// Spent of the tranche of 2024 at the end of 2024.
    percent: i64,
    pace: Pace,
    fate: Fate,
}

const ROWS: [Row; 11] = [
    row((2022, 1), 500_000, (3, 6), (30, Pace::Even), Fate::Running),
    row((2022, 2), 450_000, (3, 13), (25, Pace::Even), Fate::Overdue),
    row((2022, 3), 400_000, (3, 19), (42, Pace::Early), Fate::Running),
    row((2022, 4), 400_000, (3, 26), (18, Pace::Gap), Fate::Suspended),
    row((2022, 5), 350_000, (4, 2), (30, Pace::Even), Fate::Extended),
    row((2023, 1), 420_000, (3, 8), (80, Pace::Even), Fate::Running),
    row((2023, 2), 400_000, (3, 21), (26, Pace::Even), Fate::Running),
    row((2023, 3), 380_000, (4, 9), (10, Pace::Even), Fate::Running),
    row((2023, 4), 300_000, (2, 21), (97, Pace::Even), Fate::Closed),
    row((2023, 5), 400_000, (4, 17), (22, Pace::YearEnd), Fate::Running),
    row((2023, 6), 420_000, (5, 14), (20, Pace::Even), Fate::Running),
];

const fn row(
    (year, number): (i32, u32),
    tranche: i64,
    paid: (u32, u32),
    (percent, pace): (i64, Pace),
    fate: Fate,
) -> Row {
    Row {
        year,
        number,
        tranche,
        paid,
        percent,
        pace,
        fate,
    }
}

pub(super) fn write(writer: &mut Writer) -> Result<Vec<Account>, IdError> {
    ROWS.iter()
        .zip(ROLLING)
        .map(|(row, names)| project(writer, row, names))
        .collect()
}

fn project(writer: &mut Writer, row: &Row, names: (&str, &str)) -> Result<Account, IdError> {
    let earlier = earlier_tranches(row.year);
    let plan = plan(row, names, earlier.iter().map(|(_, amount)| amount).sum());
    let mut account = writer.approve(&plan)?;
    writer.sign(&account, &plan);
    writer.start(&account, plan.start_on);
    for (year, amount) in earlier {
        earlier_year(writer, &mut account, &plan, (*year, *amount))?;
    }
    writer.budget(&account, &plan, (on(2024, 1, 22), row.tranche), 2024)?;
    let paid_on = on(2024, row.paid.0, row.paid.1);
    writer.pay(&account, Tranche::of("2024", row.tranche, paid_on))?;
    fate(writer, &account, row);
    let last = if row.fate == Fate::Overdue { 10 } else { 12 };
    monthly(
        writer,
        &mut account,
        row.tranche * row.percent,
        (row.paid.0 + 1, last),
        row.pace,
    )?;
    if row.fate == Fate::Closed {
        close(writer, &account, row);
    }
    Ok(account)
}

/// Tranches before 2024, in yuan: 600,000 in 2022, 1,400,000 in 2023.
fn earlier_tranches(approved_in: i32) -> &'static [(i32, i64)] {
    if approved_in == 2022 {
        &[(2022, 120_000), (2023, 100_000)]
    } else {
        &[(2023, 150_000)]
    }
}

fn plan(row: &Row, (title, unit_name): (&str, &str), earlier: i64) -> Plan {
    Plan {
        id: format!("TLF-{}-{:03}", row.year, row.number),
        title: format!("{title}（滚动支持，演示）"),
        unit: unit_id(row.year, row.number),
        unit_name: unit_name.to_owned(),
        programme: "市本级科技计划滚动支持",
        fiscal: earlier + row.tranche,
        approved_on: working_day(on(row.year, 4, 11)),
        document: if row.year == 2022 {
            "演科字〔2022〕9号"
        } else {
            "演科字〔2023〕8号"
        },
        signed_on: working_day(on(row.year, 4, 18)),
        start_on: on(row.year, 5, 1),
        end_on: if row.fate == Fate::Overdue {
            on(2024, 10, 31)
        } else {
            on(2024 + row.year % 2, 12, 31)
        },
        ..Plan::unnamed()
    }
}

/// A year before 2024: its budget and tranche, four vouchers, and what is left, which goes on into the next year and
/// is spent there in February.
fn earlier_year(
    writer: &mut Writer,
    account: &mut Account,
    plan: &Plan,
    (year, amount): (i32, i64),
) -> Result<(), IdError> {
    let numbers = if year == 2022 { "2022" } else { "2023" };
    writer.budget(account, plan, (working_day(on(year, 4, 20)), amount), year)?;
    writer.pay(account, Tranche::of(numbers, amount, on(year, 5, 10)))?;
    let each = amount / 5;
    for (month, day, cost) in [
        (6, 28, Cost::Material),
        (8, 30, Cost::Testing),
        (10, 27, Cost::Equipment),
        (12, 20, Cost::Material),
    ] {
        writer.spend(
            account,
            Spend::fiscal(working_day(on(year, month, day)), yuan(each), cost),
        )?;
    }
    let carried = CarryoverConfirmed {
        amount: yuan(each),
        currency: Currency::CNY,
        origin_budget_year: year,
        into_year: year + 1,
        kind: LeftoverKind::Carryover,
    };
    let telling = Telling::office(working_day(on(year + 1, 1, 16)));
    let key = format!("carryover-{year}");
    writer.tell(&account.stream, telling, &key, Event::CarryoverConfirmed(carried));
    let spent_on = working_day(on(year + 1, 2, 26));
    let carried = Spend::fiscal(spent_on, yuan(each), Cost::Material).from(FundSource::FiscalCarryover);
    writer.spend(account, carried)?;
    Ok(())
}

fn fate(writer: &mut Writer, account: &Account, row: &Row) {
    let mut tell = |day: NaiveDate, key: &str, document: &str, event| {
        writer.tell(&account.stream, Telling::office(day).under(document), key, event);
    };
    match row.fate {
        Fate::Suspended => {
            let suspended = ProjectSuspended {
                cause: Some("试验场地搬迁".to_owned()),
            };
            let event = Event::ProjectSuspended(suspended);
            tell(on(2024, 5, 6), "suspended", "演科字〔2024〕18号", event);
            let event = Event::ProjectResumed(ProjectResumed {});
            tell(on(2024, 9, 2), "resumed", "演科字〔2024〕33号", event);
        }
        Fate::Extended => {
            let event = Event::ProjectExtended(ProjectExtended {
                end_on: on(2025, 6, 30),
            });
            tell(on(2024, 11, 18), "extended", "演科字〔2024〕41号", event);
        }
        Fate::Running | Fate::Overdue | Fate::Closed => {}
    }
}

/// Accepted with what is left of the last tranche as its surplus, which the unit returns.
fn close(writer: &mut Writer, account: &Account, row: &Row) {
    let surplus = yuan(row.tranche * (100 - row.percent) / 100);
    let unit = Telling::unit(on(2024, 12, 30), &account.unit);
    let applied = Event::AcceptanceApplied(AcceptanceApplied {});
    let telling = Telling::unit(on(2024, 12, 29), &account.unit).known(on(2024, 12, 30));
    writer.tell(&account.stream, telling, "acceptance-applied", applied);
    let returned = FundsReturned {
        amount: surplus,
        currency: Currency::CNY,
        source: FundSource::FiscalCurrent,
        tranche_no: Some("2024".to_owned()),
    };
    writer.tell(&account.stream, unit, "returned", Event::FundsReturned(returned));
    let accepted = ProjectAccepted {
        conclusion: Conclusion::Passed,
        surplus: Some(surplus),
    };
    let closed_on = on(2024, 12, 31);
    let telling = Telling::office(closed_on).under("演科验字〔2024〕6号");
    writer.tell(
        &account.stream,
        telling,
        "accepted",
        Event::ProjectAccepted(accepted),
    );
    let telling = Telling::office(closed_on);
    writer.tell(
        &account.stream,
        telling,
        "closed",
        Event::ProjectClosed(ProjectClosed {}),
    );
}

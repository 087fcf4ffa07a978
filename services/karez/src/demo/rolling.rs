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
use rust_decimal::Decimal;

use super::ledger::{Cost, Spend, Tranche};
use super::moments::{on, working_day};
use super::names::{ROLLING, unit_id};
use super::plan::Plan;
use super::steady::Steady;
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
    fate: Fate,
}

const ROWS: [Row; 11] = [
    row((2022, 1), 500_000, (2, 20), Fate::Running),
    row((2022, 2), 450_000, (2, 22), Fate::Overdue),
    row((2022, 3), 400_000, (2, 26), Fate::Running),
    row((2022, 4), 400_000, (2, 27), Fate::Suspended),
    row((2022, 5), 350_000, (3, 1), Fate::Extended),
    row((2023, 1), 420_000, (2, 23), Fate::Running),
    row((2023, 2), 400_000, (2, 28), Fate::Running),
    row((2023, 3), 380_000, (2, 29), Fate::Running),
    row((2023, 4), 300_000, (2, 21), Fate::Closed),
    row((2023, 5), 400_000, (3, 4), Fate::Running),
    row((2023, 6), 420_000, (2, 19), Fate::Running),
];

const fn row((year, number): (i32, u32), tranche: i64, paid: (u32, u32), fate: Fate) -> Row {
    Row {
        year,
        number,
        tranche,
        paid,
        fate,
    }
}

/// The projects, each with its money of all years, in yuan.
pub(super) fn write(writer: &mut Writer) -> Result<Vec<(Account, i64)>, IdError> {
    ROWS.iter()
        .zip(ROLLING)
        .map(|(row, names)| project(writer, row, names))
        .collect()
}

fn project(writer: &mut Writer, row: &Row, names: (&str, &str)) -> Result<(Account, i64), IdError> {
    let earlier = earlier_tranches(row.year);
    let plan = plan(row, names, earlier.iter().map(|(_, amount)| amount).sum());
    let mut account = writer.approve(&plan)?;
    writer.sign(&account, &plan);
    writer.start(&account, plan.start_on);
    for (year, amount) in earlier {
        let left = earlier_year(writer, &mut account, &plan, (*year, *amount))?;
        // What is carried into the year of a suspension stays where it is.
        if row.fate != Fate::Suspended || *year < 2023 {
            spend_carried(writer, &mut account, (*year, left))?;
        }
    }
    let paid_on = on(2024, row.paid.0, row.paid.1);
    let first = Tranche::of("2024", row.tranche * 85 / 100, paid_on);
    writer.budget(&account, &plan, (first.issued_on, row.tranche), 2024)?;
    writer.pay(&account, first)?;
    if row.fate == Fate::Overdue {
        // It ends in October: all of its money comes before.
        writer.pay(
            &account,
            Tranche::of("2024-2", row.tranche * 15 / 100, on(2024, 8, 20)),
        )?;
    } else {
        writer.pay(
            &account,
            Tranche::of("2024-2", row.tranche * 15 / 100, on(2024, 10, 18)).issued(on(2024, 10, 16)),
        )?;
    }
    fate(writer, &account, row);
    let steady = Steady {
        pause: (row.fate == Fate::Suspended).then(|| (on(2024, 5, 6), on(2024, 9, 8))),
        until_on: if row.fate == Fate::Closed {
            on(2024, 12, 20)
        } else {
            plan.end_on.min(on(2024, 12, 31))
        },
        full_on: plan.end_on.min(on(2024, 11, 28)),
        ..Steady::year(row.tranche, plan.shares, first.arrived_on)
    };
    writer.spend_steadily(&mut account, &steady)?;
    if row.fate == Fate::Closed {
        close(writer, &account);
    }
    Ok((account, plan.whole()))
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
        approved_on: working_day(on(row.year, 1, 13)),
        document: if row.year == 2022 {
            "演科字〔2022〕9号"
        } else {
            "演科字〔2023〕8号"
        },
        signed_on: working_day(on(row.year, 1, 18)),
        start_on: on(row.year, 2, 1),
        end_on: if row.fate == Fate::Overdue {
            on(2024, 10, 31)
        } else {
            on(2025 + row.year % 2, 12, 31)
        },
        // What ends in autumn buys no equipment in its last months.
        shares: if row.fate == Fate::Overdue {
            [0, 60, 30, 10]
        } else {
            Plan::unnamed().shares
        },
        ..Plan::unnamed()
    }
}

/// A year before 2024: its budget and tranche, spent steadily; what is left, which it gives, goes on into the next year.
fn earlier_year(
    writer: &mut Writer,
    account: &mut Account,
    plan: &Plan,
    (year, amount): (i32, i64),
) -> Result<Decimal, IdError> {
    let number = if year == 2022 { "2022" } else { "2023" };
    let tranche = Tranche::of(number, amount, on(year, 2, 8));
    writer.budget(account, plan, (tranche.issued_on, amount), year)?;
    writer.pay(account, tranche)?;
    let steady = Steady::year(amount, plan.shares, tranche.arrived_on);
    writer.spend_steadily(account, &steady)?;
    let left = yuan(amount) - writer.spent_of_year(account, year);
    let carried = CarryoverConfirmed {
        amount: left,
        currency: Currency::CNY,
        origin_budget_year: year,
        into_year: year + 1,
        kind: LeftoverKind::Carryover,
    };
    let telling = Telling::office(working_day(on(year + 1, 1, 16)));
    let key = format!("carryover-{year}");
    writer.tell(&account.stream, telling, &key, Event::CarryoverConfirmed(carried));
    Ok(left)
}

/// 上年结转 of a year is spent in October of the next.
fn spend_carried(
    writer: &mut Writer,
    account: &mut Account,
    (year, left): (i32, Decimal),
) -> Result<(), IdError> {
    let spend = Spend::fiscal(working_day(on(year + 1, 10, 9)), left, Cost::Material);
    writer.spend(account, spend.from(FundSource::FiscalCarryover))?;
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
fn close(writer: &mut Writer, account: &Account) {
    let surplus = writer.balance(account, on(2024, 12, 30));
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

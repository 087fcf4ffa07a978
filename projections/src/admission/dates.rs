//! Whether the dates of a submission can be: within what anybody means, and no period ending before it begins.

use chrono::{Datelike, NaiveDate};
use karez_events::{Event, Submission};

use super::{Refusal, RefusalCode};
use crate::project::is_published;

pub(super) fn check(submission: &Submission) -> Result<(), Refusal> {
    if is_published(&submission.metadata) {
        return Ok(());
    }
    let metadata = &submission.metadata;
    let of_envelope = [
        ("/occurred_on", Some(submission.occurred_on)),
        ("/metadata/effective_on", metadata.effective_on),
        ("/metadata/posted_on", metadata.posted_on),
    ];
    for (pointer, date) in of_envelope.into_iter().chain(dates_of(&submission.event)) {
        check_date(pointer, date)?;
    }
    check_periods(&submission.event)
}

fn check_date(pointer: &str, date: Option<NaiveDate>) -> Result<(), Refusal> {
    match date {
        Some(date) if !(1900..=2200).contains(&date.year()) => Err(Refusal::new(
            RefusalCode::DateOutOfRange,
            pointer,
            format!("日期 {date} 不在 1900 年至 2200 年之间，请核对年份"),
            format!("the date {date} is not between 1900 and 2200: check the year"),
        )),
        Some(_) | None => Ok(()),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "events without such a field have nothing to check"
)]
fn dates_of(event: &Event) -> Vec<(&'static str, Option<NaiveDate>)> {
    match event {
        Event::ContractSigned(data) => vec![
            ("/data/start_on", Some(data.start_on)),
            ("/data/end_on", Some(data.end_on)),
            ("/data/eligible_from_on", data.eligible_from_on),
        ],
        Event::ProjectApproved(data) => {
            vec![
                ("/data/planned_start_on", data.planned_start_on),
                ("/data/planned_end_on", data.planned_end_on),
            ]
        }
        Event::ProjectApplied(data) => {
            vec![
                ("/data/planned_start_on", data.planned_start_on),
                ("/data/planned_end_on", data.planned_end_on),
            ]
        }
        Event::ProjectExtended(data) => vec![("/data/end_on", Some(data.end_on))],
        Event::ExpenditureRecorded(data) => vec![
            ("/data/service_from_on", data.service_from_on),
            ("/data/service_to_on", data.service_to_on),
            ("/data/valued_on", data.valued_on),
        ],
        Event::CommitmentSigned(data) => vec![("/data/due_on", data.due_on)],
        Event::FundsDisbursed(data) => vec![("/data/due_on", data.due_on)],
        Event::BudgetAdjusted(data) => vec![("/data/effective_on", data.effective_on)],
        Event::AppropriationAdjusted(data) => vec![("/data/effective_on", data.effective_on)],
        Event::BudgetApproved(data) => {
            vec![
                ("/data/period_start_on", data.period_start_on),
                ("/data/period_end_on", data.period_end_on),
            ]
        }
        _ => Vec::new(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "events without such a field have nothing to check"
)]
fn check_periods(event: &Event) -> Result<(), Refusal> {
    let (pointer, first, last) = match event {
        Event::ContractSigned(data) => ("/data/end_on", Some(data.start_on), Some(data.end_on)),
        Event::ProjectApproved(data) => ("/data/planned_end_on", data.planned_start_on, data.planned_end_on),
        Event::ProjectApplied(data) => ("/data/planned_end_on", data.planned_start_on, data.planned_end_on),
        Event::ExpenditureRecorded(data) => ("/data/service_to_on", data.service_from_on, data.service_to_on),
        Event::BudgetApproved(data) => ("/data/period_end_on", data.period_start_on, data.period_end_on),
        Event::ProgressReported(data) => (
            "/data/period_end_on",
            Some(data.period_start_on),
            Some(data.period_end_on),
        ),
        Event::PeriodClosed(data) => ("/data/to_on", Some(data.from_on), Some(data.to_on)),
        Event::PeriodReopened(data) => ("/data/to_on", Some(data.from_on), Some(data.to_on)),
        _ => return Ok(()),
    };
    match first.zip(last) {
        Some((first, last)) if last < first => Err(Refusal::new(
            RefusalCode::PeriodReversed,
            pointer,
            format!("截止日 {last} 早于起始日 {first}"),
            format!("the period ends on {last}, before it begins on {first}"),
        )),
        Some(_) | None => Ok(()),
    }
}

//! What a silence may be: about something, for a reason, not for too many and not for too long.

use karez_events::event::supervision::{Level, SilenceEnded, WarningsSilenced};
use karez_events::{Event, Submission};

use super::{Refusal, RefusalCode, words};
use crate::portfolio::Portfolio;
use crate::silence::{BROADEST_SILENCE_WARNINGS, LONGEST_SILENCE_DAYS, is_meant};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other events of the calendar are no silences"
)]
pub(super) fn check(portfolio: &Portfolio, submission: &Submission) -> Result<(), Refusal> {
    match &submission.event {
        Event::WarningsSilenced(data) => {
            words::needed("/data/cause", &data.cause)?;
            check_length(submission, data)?;
            check_breadth(portfolio, data)
        }
        Event::SilenceEnded(data) => {
            words::needed("/data/cause", &data.cause)?;
            check_end(portfolio, data)
        }
        _ => Ok(()),
    }
}

fn check_length(submission: &Submission, data: &WarningsSilenced) -> Result<(), Refusal> {
    let days = (data.until_on - submission.occurred_on).num_days() + 1;
    if days < 1 {
        return Err(Refusal::new(
            RefusalCode::PeriodReversed,
            "/data/until_on",
            format!("静默在开始（{}）之前已结束", submission.occurred_on),
            format!("the silence ends before it begins on {}", submission.occurred_on),
        ));
    }
    if days <= LONGEST_SILENCE_DAYS {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooBroad,
        "/data/until_on",
        format!("静默{days}天，最长{LONGEST_SILENCE_DAYS}天：到期后可以再次静默"),
        format!(
            "{days} days of silence, at most {LONGEST_SILENCE_DAYS}: it can be silenced again afterwards"
        ),
    ))
}

fn check_breadth(portfolio: &Portfolio, data: &WarningsSilenced) -> Result<(), Refusal> {
    if data.rule.is_none() && data.project.is_none() && data.unit.is_none() {
        return Err(Refusal::new(
            RefusalCode::TooBroad,
            "/data",
            "静默须指明规则、项目或单位".to_owned(),
            "a silence names a rule, a project or a unit".to_owned(),
        ));
    }
    let open = portfolio
        .warnings()
        .iter()
        .filter(|warning| warning.is_open() && warning.level < Level::Red);
    let covered = open.filter(|warning| is_meant(data, warning, portfolio)).count();
    if covered <= BROADEST_SILENCE_WARNINGS {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooBroad,
        "/data",
        format!("将静默{covered}条预警，最多{BROADEST_SILENCE_WARNINGS}条：请再指明项目或单位"),
        format!(
            "it would silence {covered} warnings, at most {BROADEST_SILENCE_WARNINGS}: name a project or unit as well"
        ),
    ))
}

fn check_end(portfolio: &Portfolio, data: &SilenceEnded) -> Result<(), Refusal> {
    let mut silences = portfolio.silences().iter();
    if silences.any(|silence| silence.event_id == data.silence && silence.ended_on.is_none()) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::NothingToCorrect,
        "/data/silence",
        "没有这一静默，或已结束".to_owned(),
        "no such silence holds".to_owned(),
    ))
}

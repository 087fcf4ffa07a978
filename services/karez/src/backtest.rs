//! What another rule set would have said over a log: its history told again, day by day as it was known then, and the
//! warnings of it held against those that were raised. Nothing is recorded.

use chrono::NaiveDate;
use karez_alert_rules::RuleSet;
use karez_alert_rules::backtest::{CaseDiff, Change, Disposition, Raised, compare};
use karez_events::{RawEvent, RecordedEvent};
use karez_projections::{Target, Warnings};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::replay::ReplayError;
use crate::sentinel::{Daily, Timeline};
use crate::store::EventLog;
use crate::tasks::compute;

/// Events read at once.
const READ_EVENTS: usize = 5_000;

/// What is asked.
#[derive(Debug)]
pub struct Question {
    /// The other rules.
    pub rules: RuleSet,
    /// First day whose warnings are compared; the log's first without it.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: NaiveDate,
}

/// What the other rules would have said.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// First day whose warnings are compared.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Hash of the other rule set.
    pub thresholds_hash: String,
    /// How many would have been raised, and were not.
    pub gained: usize,
    /// How many were raised, and would not have been.
    pub lost: usize,
    /// How many would have been raised earlier.
    pub earlier: usize,
    /// How many would have been raised later.
    pub later: usize,
    /// How many would have had another highest colour.
    pub level_changed: usize,
    /// How many would be the same.
    pub same: usize,
    /// The warnings, each under both rule sets.
    pub items: Vec<CaseView>,
}

/// One warning under both rule sets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CaseView {
    /// How it compares.
    #[schema(value_type = String)]
    pub change: Change,
    /// The rule.
    pub rule: String,
    /// What it is about: `project/…`, `unit/…`, `fund/…` or `office`.
    pub target: String,
    /// What within it.
    pub subject: Option<String>,
    /// As it was raised.
    #[schema(value_type = Option<Object>)]
    pub real: Option<Raised>,
    /// As it would have been.
    #[schema(value_type = Option<Object>)]
    pub other: Option<Raised>,
    /// What became of the one that was raised: a false alarm lost is a gain.
    #[schema(value_type = Option<String>)]
    pub disposition: Option<Disposition>,
}

impl From<CaseDiff> for CaseView {
    fn from(diff: CaseDiff) -> Self {
        let target = match diff.target {
            Target::Project(id) => format!("project/{id}"),
            Target::Unit(id) => format!("unit/{id}"),
            Target::Fund(id) => format!("fund/{id}"),
            Target::Office => "office".to_owned(),
        };
        Self {
            change: diff.change,
            rule: diff.rule,
            target,
            subject: diff.subject,
            real: diff.real,
            other: diff.other,
            disposition: diff.disposition,
        }
    }
}

impl Report {
    /// The comparison of warnings of these rules, or of all.
    fn of(question: &(NaiveDate, NaiveDate, String), diffs: Vec<CaseDiff>) -> Self {
        let (from, to, thresholds_hash) = question.clone();
        let count = |change: Change| diffs.iter().filter(|diff| diff.change == change).count();
        Self {
            from,
            to,
            thresholds_hash,
            gained: count(Change::Gained),
            lost: count(Change::Lost),
            earlier: count(Change::Earlier),
            later: count(Change::Later),
            level_changed: count(Change::LevelChanged),
            same: count(Change::Same),
            items: diffs.into_iter().map(CaseView::from).collect(),
        }
    }
}

/// Tells the history of a log again under other rules, and compares with what was `real`. Only warnings of the rule `only`
/// are compared, where one is named. `progress` is told days (done, of). When this is dropped, the computing ends as well.
///
/// # Errors
/// The log cannot be read, or the computing panicked.
pub async fn backtest(
    (log, daily, real): (&EventLog, Daily, &Warnings),
    question: Question,
    only: Option<&str>,
    mut progress: impl FnMut(u64, u64),
) -> anyhow::Result<Report> {
    let (to, until) = (question.to, daily.due(question.to));
    let first = log.read(0, 1).await?;
    let first = first.first().map_or(to, |event| daily.day_of(event.recorded_at));
    let thresholds_hash = question.rules.hash().to_owned();
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let mut timeline = Timeline::under(daily, question.rules);
    let mut after = 0;
    let days = |to: NaiveDate| u64::try_from((to - first).num_days()).unwrap_or_default();
    loop {
        let page = log.read(after, READ_EVENTS).await?;
        let last = page.last().map(|event| event.position);
        let known: Vec<RecordedEvent> = page
            .iter()
            .filter(|event| until.is_none_or(|until| event.recorded_at < until))
            .map(RawEvent::decode)
            .collect::<Result<_, _>>()
            .map_err(ReplayError::from)?;
        timeline.extend(known);
        // After the last fact, the days that are left.
        let now = if last.is_none() { until } else { None };
        let stop = stop.clone();
        timeline = compute(move || {
            while !stop.is_cancelled() && timeline.next_step(now).is_some() {}
            timeline
        })
        .await?;
        progress(days(timeline.watch().last_day().unwrap_or(first)), days(to));
        let Some(last) = last else { break };
        after = last;
    }
    let from = question.from.unwrap_or(first);
    let mut diffs = compare(real, timeline.watch().warnings(), from, to);
    diffs.retain(|diff| only.is_none_or(|only| diff.rule == only));
    Ok(Report::of(&(from, to, thresholds_hash), diffs))
}

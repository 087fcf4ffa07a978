//! `karez rules backtest`: the history as it was known then, under other rules. Nothing is recorded.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use karez_alert_rules::RuleSet;
use karez_alert_rules::backtest::{CaseDiff, Change, Disposition, Raised, compare};
use karez_events::{RawEvent, RecordedEvent};
use karez_projections::{Target, Warnings};
use serde::Serialize;

use super::super::context::Context;
use super::super::sheet::{Cell, Look, Sheet, column};
use super::super::show::Shape;
use super::super::words;
use crate::sentinel::{Daily, Timeline};
use crate::store::EventLog;
use crate::trouble::{Exit, Trouble};

/// Events read at once.
const READ_EVENTS: usize = 5_000;

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    /// The other rule set
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// A rule of the office's own that the set is to carry; may be given several times
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// First day whose warnings are compared
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day; yesterday without it
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Warnings that are the same as well
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    shape: Shape,
}

/// What the other rules would have said.
#[derive(Debug, Serialize)]
struct Report {
    from: NaiveDate,
    to: NaiveDate,
    thresholds_hash: String,
    gained: usize,
    lost: usize,
    earlier: usize,
    later: usize,
    level_changed: usize,
    same: usize,
    items: Vec<Case>,
}

#[derive(Debug, Serialize)]
struct Case {
    change: Change,
    rule: String,
    target: String,
    subject: Option<String>,
    real: Option<Raised>,
    other: Option<Raised>,
    disposition: Option<Disposition>,
}

impl From<CaseDiff> for Case {
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

pub(super) async fn run(context: &Context, args: &BacktestArgs) -> Result<Exit, Trouble> {
    let text = super::read_set(&args.rules, &args.with)?;
    let rules = RuleSet::try_from_toml(&text).map_err(|error| Trouble::wrong_use(error.to_string()))?;
    let log = context.open().await?;
    let daily = context.config.daily()?;
    let events = read(&log).await?;
    let today = context.clock.today(context.config.office.time_zone);
    let to = args.to.unwrap_or_else(|| today.pred_opt().unwrap_or(today));
    let first = events.first().map_or(to, |event| daily.day_of(event.recorded_at));
    let from = args.from.unwrap_or(first);
    let thresholds_hash = rules.hash().to_owned();
    let real = context.portfolio(&log, None).await?;
    let other = replayed(daily, rules, events, to, first);
    let diffs = compare(real.warnings(), &other, from, to);
    let count = |change: Change| diffs.iter().filter(|diff| diff.change == change).count();
    let report = Report {
        from,
        to,
        thresholds_hash,
        gained: count(Change::Gained),
        lost: count(Change::Lost),
        earlier: count(Change::Earlier),
        later: count(Change::Later),
        level_changed: count(Change::LevelChanged),
        same: count(Change::Same),
        items: diffs
            .into_iter()
            .filter(|diff| args.all || diff.change != Change::Same)
            .map(Case::from)
            .collect(),
    };
    args.shape.print(context, &report, sheet)?;
    Ok(Exit::Done)
}

async fn read(log: &EventLog) -> Result<Vec<RecordedEvent>, Trouble> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let page = log.read(after, READ_EVENTS).await?;
        let Some(last) = page.last() else {
            return Ok(events);
        };
        after = last.position;
        for event in page.iter().map(RawEvent::decode) {
            events.push(event.map_err(anyhow::Error::from)?);
        }
    }
}

/// The warnings of the other rules up to the end of a day.
fn replayed(
    daily: Daily,
    rules: RuleSet,
    events: Vec<RecordedEvent>,
    to: NaiveDate,
    first: NaiveDate,
) -> Warnings {
    let until = daily.due(to);
    let bar = ProgressBar::new(u64::try_from((to - first).num_days().max(0)).unwrap_or_default());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} d {eta}") {
        bar.set_style(style);
    }
    let known = events
        .into_iter()
        .filter(|event| until.is_none_or(|until| event.recorded_at < until));
    let mut timeline = Timeline::under(daily, rules);
    timeline.extend(known);
    while timeline.next_step(until).is_some() {
        let day = timeline.watch().last_day().unwrap_or(first);
        bar.set_position(u64::try_from((day - first).num_days()).unwrap_or_default());
    }
    bar.finish_and_clear();
    timeline.watch().warnings().clone()
}

fn sheet(report: &Report, look: Look) -> Vec<Sheet> {
    let columns = [
        column("change", "变化", "Change"),
        column("rule", "规则", "Rule"),
        column("target", "对象", "About"),
        column("subject", "事项", "Subject"),
        column("raised_on", "实际触发日", "Raised on"),
        column("raised_level", "实际最高级", "Highest"),
        column("other_on", "新规则触发日", "Would be on"),
        column("other_level", "新规则最高级", "Would reach"),
        column("disposition", "处置结果", "Disposition"),
    ];
    let title = look.language.pick("规则回测", "Back-test");
    let mut sheet = Sheet::new(title, &columns);
    let level = |raised: Option<Raised>| {
        raised.map_or(Cell::Blank, |raised| {
            Cell::text(words::level(raised.highest_level, look.language))
        })
    };
    for case in &report.items {
        sheet.rows.push(vec![
            Cell::text(change(case.change)),
            Cell::text(case.rule.clone()),
            Cell::text(case.target.clone()),
            Cell::optional(case.subject.as_deref()),
            Cell::Date(case.real.map(|raised| raised.on)),
            level(case.real),
            Cell::Date(case.other.map(|raised| raised.on)),
            level(case.other),
            case.disposition
                .map_or(Cell::Blank, |end| Cell::text(disposition(end))),
        ]);
    }
    let Report {
        from,
        to,
        gained,
        lost,
        earlier,
        later,
        level_changed,
        same,
        ..
    } = report;
    sheet.notes.push(format!(
        "{from} – {to}: gained {gained}, lost {lost}, earlier {earlier}, later {later}, level changed {level_changed}, same {same}"
    ));
    vec![sheet]
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Gained => "gained",
        Change::Lost => "lost",
        Change::Earlier => "earlier",
        Change::Later => "later",
        Change::LevelChanged => "level_changed",
        Change::Same => "same",
    }
}

fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Open => "open",
        Disposition::Lifted => "lifted",
        Disposition::Dismissed => "dismissed",
        Disposition::Retracted => "retracted",
    }
}

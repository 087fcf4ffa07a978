//! `karez rules backtest`: the history as it was known then, under other rules. Nothing is recorded.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use karez_alert_rules::RuleSet;
use karez_alert_rules::backtest::{Change, Disposition, Raised};

use super::super::context::Context;
use super::super::sheet::{Cell, Look, Sheet, column};
use super::super::show::Shape;
use super::super::words;
use crate::backtest::{Question, Report, backtest};
use crate::trouble::{Exit, Trouble};

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

pub(super) async fn run(context: &Context, args: &BacktestArgs) -> Result<Exit, Trouble> {
    let text = super::read_set(&args.rules, &args.with)?;
    let rules = RuleSet::try_from_toml(&text).map_err(|error| Trouble::wrong_use(error.to_string()))?;
    let log = context.open().await?;
    let daily = context.config.daily()?;
    let today = context.clock.today(context.config.office.time_zone);
    let question = Question {
        rules,
        from: args.from,
        to: args.to.unwrap_or_else(|| today.pred_opt().unwrap_or(today)),
    };
    let real = context.portfolio(&log, None).await?;
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} d {eta}") {
        bar.set_style(style);
    }
    let told = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let mut report = backtest((&log, daily, real.warnings()), question, None, told).await?;
    bar.finish_and_clear();
    report
        .items
        .retain(|case| args.all || case.change != Change::Same);
    args.shape.print(context, &report, sheet)?;
    Ok(Exit::Done)
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

//! `karez rules`: what the rules are, whether they hold, and what they would have said.

mod backtest;
mod check;
mod explain;
mod measures;
mod publish;
mod test;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use karez_alert_rules::{Rule, RuleSet, Scope};
use karez_projections::Portfolio;

use super::context::Context;
use super::output;
use super::sheet::{Cell, Look, Sheet, column};
use super::show::Shape;
use crate::language::Language;
use crate::nearest::nearest;
use crate::trouble::{Exit, Trouble};
use crate::views::rules::{self, RuleList, thresholds};

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every rule of the catalogue, in force or switched off
    List {
        #[command(flatten)]
        shape: Shape,
    },
    /// One rule's manual, and its thresholds as they are in force
    Show {
        /// Its name or code, such as `idle_funds` or ST-01
        rule: String,
    },
    /// Every figure that a rule of an office's own may name
    Measures {
        #[command(flatten)]
        shape: Shape,
    },
    /// Read rule sets and rules of an office's own, say what is wrong with them, and tell their scenarios
    Check {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tell every scenario, or those of one rule
    Test {
        /// Its name or code
        rule: Option<String>,
    },
    /// Why a warning was raised: formula, thresholds, facts and what became of it
    Explain {
        /// The warning's id
        warning: String,
    },
    /// What another rule set would have said over the same history; nothing is recorded
    Backtest(backtest::BacktestArgs),
    /// Put a rule set in force for this log from now on
    Publish(publish::PublishArgs),
}

pub(super) async fn run(context: &Context, args: &RulesArgs) -> Result<Exit, Trouble> {
    match &args.what {
        What::List { shape } => list(context, shape).await,
        What::Show { rule } => show(context, rule).await,
        What::Measures { shape } => measures::run(context, shape),
        What::Check { files } => check::run(context, files),
        What::Test { rule } => test::run(context, rule.as_deref()),
        What::Explain { warning } => explain::run(context, warning).await,
        What::Backtest(args) => backtest::run(context, args).await,
        What::Publish(args) => Box::pin(publish::run(context, args)).await,
    }
}

async fn list(context: &Context, shape: &Shape) -> Result<Exit, Trouble> {
    let today = context.clock.today(context.config.office.time_zone);
    let list = rules::list(&known(context).await?, today);
    shape.print(context, &list, sheet)?;
    Ok(Exit::Done)
}

fn sheet(list: &RuleList, look: Look) -> Vec<Sheet> {
    let columns = [
        column("code", "编号", "Code"),
        column("name", "标识", "Name"),
        column("title", "名称", "Title"),
        column("runs", "触发", "Runs"),
        column("clears", "解除", "Clears"),
        column("is_on", "状态", "State"),
    ];
    let mut sheet = Sheet::new(look.language.pick("预警规则", "Rules"), &columns);
    for row in &list.items {
        let state = if row.is_on {
            ("启用", "on")
        } else {
            ("停用", "off")
        };
        sheet.rows.push(vec![
            Cell::text(&row.code),
            Cell::text(&row.name),
            Cell::text(look.language.pick(&row.zh, &row.en)),
            Cell::text(row.runs),
            Cell::text(row.clears),
            Cell::text(look.language.pick(state.0, state.1)),
        ]);
    }
    let since = match (list.published_at_position, look.language) {
        (Some(position), Language::Zh) => {
            format!("规则集 {}，自账本第 {position} 条起生效", list.thresholds_hash)
        }
        (Some(position), Language::En) => {
            format!(
                "rule set {}, in force since position {position}",
                list.thresholds_hash
            )
        }
        (None, Language::Zh) => "默认规则集".to_owned(),
        (None, Language::En) => "the default rule set".to_owned(),
    };
    sheet.notes.push(since);
    vec![sheet]
}

async fn show(context: &Context, name: &str) -> Result<Exit, Trouble> {
    let (rules, _) = published(&known(context).await?)?;
    let rule = find(rules.general(), name)?;
    let about = rule.about();
    output::line(context.language.pick(&about.manual_zh(), &about.manual_en()))?;
    if let Some(thresholds) = thresholds(&rules, about.name) {
        output::line(&format!("\n{}", thresholds.trim_end()))?;
    }
    Ok(Exit::Done)
}

fn find<'a>(scope: &'a Scope, name: &str) -> Result<&'a dyn Rule, Trouble> {
    scope.rule(name).ok_or_else(|| {
        let rules = scope.rules();
        let names = rules
            .iter()
            .flat_map(|rule| [rule.about().name, rule.about().code]);
        let trouble = Trouble::wrong_use(format!("there is no rule {name:?}"));
        match nearest(name, names) {
            Some(near) => trouble.advise(format!("did you mean {near}? `karez rules list` shows all")),
            None => trouble.advise("`karez rules list` shows all"),
        }
    })
}

fn read(file: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(file)
        .map_err(|error| Trouble::could_not_run(format!("{} cannot be read: {error}", file.display())))
}

/// The text of a rule set, with rules of the office's own from their files.
fn read_set(file: &Path, with: &[PathBuf]) -> Result<String, Trouble> {
    let text = read(file)?;
    let rules = with
        .iter()
        .map(|rule| read(rule))
        .collect::<Result<Vec<String>, _>>()?;
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    RuleSet::carrying(&text, &rules).map_err(|error| Trouble::wrong_use(error.to_string()))
}

/// What the store holds; nothing where there is no store yet.
async fn known(context: &Context) -> Result<Portfolio, Trouble> {
    let Ok(log) = context.open().await else {
        return Ok(Portfolio::default());
    };
    context.portfolio(&log, None).await
}

/// The rule set that a log has in force, and where it was published; the defaults where none was.
fn published(portfolio: &Portfolio) -> Result<(RuleSet, Option<u64>), Trouble> {
    let Some(published) = portfolio.rules() else {
        return Ok((RuleSet::default(), None));
    };
    let rules = RuleSet::try_from_toml(&published.rules.rules).map_err(anyhow::Error::from)?;
    Ok((rules, Some(published.position)))
}

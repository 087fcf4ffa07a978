//! `karez rules explain`: a warning with everything it rests on.

use std::fmt::Write as _;

use karez_alert_rules::RuleSet;
use karez_alert_rules::in_words::{in_chinese, in_english};
use karez_events::{RawEvent, StreamId, WarningId};
use karez_projections::{Target, Warning};

use super::super::context::Context;
use super::super::{output, words};
use super::find;
use crate::language::Language;
use crate::print;
use crate::store::EventLog;
use crate::trouble::{Exit, Trouble};
use crate::views::warnings::about;

/// Steps of a warning that are shown.
const MOST_STEPS: usize = 1_000;

pub(super) async fn run(context: &Context, id: &str) -> Result<Exit, Trouble> {
    let unknown = || {
        let zh = format!("没有编号为 {id:?} 的预警");
        let en = format!("there is no warning {id:?}");
        Trouble::wrong_use(context.say(&zh, &en)).advise("`karez show warnings` lists them")
    };
    let warning_id = WarningId::try_new(id).map_err(|_| unknown())?;
    let log = context.open().await?;
    let portfolio = context.portfolio(&log, None).await?;
    let warning = portfolio.warning(&warning_id).ok_or_else(unknown)?;
    let (rules, _) = super::published(&portfolio)?;
    let mut text = head(warning, &rules, context.language);
    text.push_str(&evidence(warning, &rules, context.language));
    text.push_str(&facts(&log, warning, context).await?);
    text.push_str(&steps(&log, &warning_id, context).await?);
    output::write(text.as_bytes())?;
    Ok(Exit::Done)
}

fn head(warning: &Warning, rules: &RuleSet, language: Language) -> String {
    let title = find(rules.general(), &warning.raised.rule).map_or_else(
        |_| warning.raised.rule.clone(),
        |rule| {
            let about = rule.about();
            format!("{} {}", about.code, language.pick(about.zh, about.en))
        },
    );
    let target = match warning.target() {
        Target::Project(id) => id.to_string(),
        Target::Unit(id) => id.to_string(),
        Target::Fund(id) => id.to_string(),
        Target::Office => language.pick("本办", "the office").to_owned(),
    };
    let subject = warning
        .raised
        .subject
        .as_deref()
        .map(|subject| format!(" · {subject}"))
        .unwrap_or_default();
    let sentence = language.pick(&warning.reading.sentence_zh, &warning.reading.sentence_en);
    let level = words::level(warning.level, language);
    format!(
        "{} [{level}] {title}\n{target}{subject}\n{sentence}\n\n",
        warning.id
    )
}

fn evidence(warning: &Warning, rules: &RuleSet, language: Language) -> String {
    let raised = &warning.raised;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |zh: &str, en: &str, value: &str| {
        writeln!(text, "{}: {value}", language.pick(zh, en)).unwrap_or_default();
    };
    // Of the colour it has now, as the sentence and the facts are.
    if let Some(evidence) = &warning.reading.evidence {
        let about = about(rules, &raised.rule);
        let words = match language {
            Language::Zh => in_chinese(about.as_ref(), evidence),
            Language::En => in_english(about.as_ref(), evidence),
        };
        line("公式", "formula", &words.formula);
        line("阈值", "thresholds", &words.threshold);
        line("依据", "basis", &words.basis);
        for (name, value) in &words.figures {
            line(name, name, value);
        }
    }
    if let Some(cause) = &raised.cause {
        line("起因", "cause", cause);
    }
    if let Some((since, _)) = warning.levels.last() {
        line("颜色自", "colour since", &print::date(*since));
    }
    line("触发日", "raised as of", &print::date(raised.as_of));
    line(
        "触发时已知",
        "raised, known at position",
        &raised.known_at_position.to_string(),
    );
    line("规则版本", "rule version", &raised.rule_version.to_string());
    line("规则集", "rule set", &raised.thresholds_hash);
    text
}

async fn facts(log: &EventLog, warning: &Warning, context: &Context) -> Result<String, Trouble> {
    let ids = warning
        .reading
        .evidence
        .iter()
        .flat_map(|evidence| &evidence.facts);
    let mut text = format!("\n{}\n", context.say("所依据的事实", "facts"));
    for id in ids {
        if let Some(event) = log.event(*id).await? {
            text.push_str(&told(&event));
        }
    }
    Ok(text)
}

async fn steps(log: &EventLog, id: &WarningId, context: &Context) -> Result<String, Trouble> {
    let mut text = format!("\n{}\n", context.say("处置经过", "history"));
    let steps = log
        .read_stream(&StreamId::Warning(id.clone()), 0, MOST_STEPS)
        .await?;
    for event in &steps {
        text.push_str(&told(event));
    }
    Ok(text)
}

fn told(event: &RawEvent) -> String {
    format!(
        "  {:>8}  {}  {:<26}  {}\n",
        event.position,
        event.occurred_on,
        event.event_type,
        String::from_utf8_lossy(&event.payload)
    )
}

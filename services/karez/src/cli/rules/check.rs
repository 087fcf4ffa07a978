//! `karez rules check`: rule sets and rules of an office's own, read and told before anybody publishes them.

use std::path::PathBuf;
use std::sync::Arc;

use karez_alert_rules::{CustomRule, RuleSet};

use super::super::context::Context;
use super::super::output;
use crate::rule_text::{scenarios_hold, usable};
use crate::trouble::{Exit, Trouble};

pub(super) fn run(context: &Context, files: &[PathBuf]) -> Result<Exit, Trouble> {
    let mut exit = Exit::Done;
    for file in files {
        let text = super::read(file)?;
        let checked = if is_one_rule(&text) {
            CustomRule::try_from_toml(&text)
                .map_err(|error| error.to_string())
                .and_then(|rule| one_rule(context, &Arc::new(rule)))
        } else {
            usable(&text).map(|rules| rule_set(context, &rules))
        };
        let line = match checked {
            Ok(line) => line,
            Err(line) => {
                exit = Exit::Found;
                line
            }
        };
        output::line(&format!("{}: {line}", file.display()))?;
    }
    Ok(exit)
}

/// A rule has its id at the top; a rule set has none.
fn is_one_rule(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("id"))
}

fn one_rule(context: &Context, rule: &Arc<CustomRule>) -> Result<String, String> {
    scenarios_hold(rule)?;
    let count = rule.scenarios().len();
    let zh = format!("规则 {} 可用，{count} 个情景相符", rule.id());
    let en = format!("rule {} is usable, {count} scenarios hold", rule.id());
    Ok(context.say(&zh, &en).to_owned())
}

fn rule_set(context: &Context, rules: &RuleSet) -> String {
    let own = rules.custom().count();
    let zh = format!("可用，自订规则 {own} 条，哈希 {}", rules.hash());
    let en = format!("usable, {own} rules of its own, hash {}", rules.hash());
    context.say(&zh, &en).to_owned()
}

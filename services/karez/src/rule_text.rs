//! The text of a rule set that somebody wants to put in force: read, and the stories of its own rules told, before anybody
//! is asked to publish it.

use std::sync::Arc;

use karez_alert_rules::{CustomRule, RuleSet};

/// The rule set of a text, where every scenario of its own rules holds.
///
/// # Errors
/// What is wrong with it, and where.
pub fn usable(text: &str) -> Result<RuleSet, String> {
    let rules = RuleSet::try_from_toml(text).map_err(|error| error.to_string())?;
    rules.custom().try_for_each(scenarios_hold)?;
    Ok(rules)
}

/// Whether every story of a rule holds.
///
/// # Errors
/// The first that does not, and how.
pub fn scenarios_hold(rule: &Arc<CustomRule>) -> Result<(), String> {
    match rule.broken_scenarios().first() {
        Some((story, wrong)) => Err(format!("{}: {story}: {wrong}", rule.id())),
        None => Ok(()),
    }
}

//! What belongs to every rule: its manual, its scenarios, its place in the catalogue.

use crate::source::{Source, has_ending, names};

const RULE_HEADINGS: [&str; 6] = [
    "What it finds",
    "Why it is a risk",
    "Worked example",
    "Thresholds",
    "What it leaves out",
    "Source",
];

/// `paths` are those of the whole tree, `catalogue` the text that lists the rules.
pub fn rule_without_manual_or_scenarios(rule: &Source, paths: &[&str], catalogue: &str) -> Vec<String> {
    let Some(name) = rule
        .path
        .strip_prefix("alert-rules/src/rules/")
        .and_then(|rest| rest.strip_suffix(".rs"))
    else {
        return vec![];
    };
    let mut wrong = vec![];
    for heading in RULE_HEADINGS {
        let is_heading = |line: &str| {
            let doc = line
                .trim_start()
                .trim_start_matches("//!")
                .trim_start_matches("///")
                .trim();
            doc.starts_with('#') && doc.trim_start_matches('#').trim() == heading
        };
        if !rule.text.lines().any(is_heading) {
            wrong.push(format!(
                "{}: its manual lacks `# {heading}`: the doc comment is the manual",
                rule.path
            ));
        }
    }
    let manual = rule.text.replace("\n//! ", " ");
    let scenario = manual
        .split_once("Scenario: `")
        .and_then(|(_, rest)| rest.split_once('`'));
    let executes = |name_of: &str| {
        let path = format!("alert-rules/tests/scenarios/{name}/{name_of}.toml");
        paths.contains(&path.as_str())
    };
    if !scenario.is_some_and(|(scenario, _)| executes(scenario)) {
        wrong.push(format!(
            "{}: end its worked example with \"Scenario: `name`.\", the scenario that executes it",
            rule.path
        ));
    }
    for beginning in ["fires_", "quiet_"] {
        let wanted = format!("alert-rules/tests/scenarios/{name}/{beginning}");
        if !paths
            .iter()
            .any(|path| path.starts_with(&wanted) && has_ending(path, "toml"))
        {
            wrong.push(format!(
                "{}: write a scenario {wanted}….toml that shows when",
                rule.path
            ));
        }
    }
    let manual_zh = format!("alert-rules/src/rules/zh/{name}.md");
    if !paths.contains(&manual_zh.as_str()) {
        wrong.push(format!("{}: write its manual in Chinese, {manual_zh}", rule.path));
    }
    if !names(catalogue, name) {
        wrong.push(format!(
            "{}: add {name} to alert-rules/src/catalogue.rs, or nobody runs it",
            rule.path
        ));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;
    use crate::{want_none, want_one};

    #[test]
    fn a_rule_without_manual_scenarios_or_place_is_noticed() {
        let path = "alert-rules/src/rules/idle_funds.rs";
        let manual = RULE_HEADINGS.map(|heading| format!("//! # {heading}\n")).concat();
        let manual = format!("{manual}//! Scenario: `fires_after_90_days`.\n");
        let scenarios = [
            "alert-rules/src/rules/zh/idle_funds.md",
            "alert-rules/tests/scenarios/idle_funds/fires_after_90_days.toml",
            "alert-rules/tests/scenarios/idle_funds/quiet_for_a_prize.toml",
        ];
        let complaints = |text: &str, paths: &[&str], catalogue| {
            rule_without_manual_or_scenarios(&source(path, text), paths, catalogue)
        };
        want_none(&complaints(&manual, &scenarios, "idle_funds: IdleFunds,"));
        let no_source = manual.replace("//! # Source\n", "//! Source\n");
        want_one(
            &complaints(&no_source, &scenarios, "idle_funds"),
            "lacks `# Source`",
        );
        let no_example = manual.replace("fires_after_90_days", "fires_never");
        want_one(
            &complaints(&no_example, &scenarios, "idle_funds"),
            "the scenario that executes it",
        );
        want_one(
            &complaints(&manual, &scenarios[..2], "idle_funds"),
            "idle_funds/quiet_",
        );
        want_one(
            &complaints(&manual, &scenarios[1..], "idle_funds"),
            "its manual in Chinese",
        );
        want_one(
            &complaints(&manual, &scenarios, "idle_funds_long"),
            "or nobody runs it",
        );
    }
}

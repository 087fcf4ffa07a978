//! `karez rules test`: every scenario that came with this version, told again.

use include_dir::{Dir, include_dir};
use karez_alert_rules::RuleSet;
use karez_alert_rules::scenario::Scenario;

use super::super::context::Context;
use super::super::output;
use super::find;
use crate::trouble::{Exit, Trouble};

static SCENARIOS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../alert-rules/tests/scenarios");

pub(super) fn run(context: &Context, rule: Option<&str>) -> Result<Exit, Trouble> {
    let rules = RuleSet::default();
    let only = rule.map(|rule| find(rules.general(), rule)).transpose()?;
    let only = only.map(|rule| rule.about().name);
    let (mut told, mut broken) = (0_u32, 0_u32);
    for folder in SCENARIOS.dirs() {
        let name = folder.path().to_string_lossy();
        if only.is_some_and(|only| only != name) {
            continue;
        }
        for file in folder.files() {
            told += 1;
            let text = file.contents_utf8().unwrap_or_default();
            let scenario = Scenario::try_from_toml(text);
            if let Err(wrong) = scenario.and_then(|scenario| scenario.check(&name)) {
                broken += 1;
                output::line(&format!("{}: {wrong}", file.path().display()))?;
            }
        }
    }
    let zh = format!("{told} 个情景，{broken} 个不符");
    let en = format!("{told} scenarios, {broken} do not hold");
    output::line(context.say(&zh, &en))?;
    Ok(if broken == 0 { Exit::Done } else { Exit::Found })
}

//! Rules of an office's own: those that come as examples hold, a rule set carries them, and what is wrong is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use karez_alert_rules::scenario::Scenario;
use karez_alert_rules::{CustomRule, CustomRuleError, Rule, RuleSet, RuleSetError};
use proptest::prelude::*;
use rstest::rstest;

fn example(name: &str) -> String {
    let file = format!("{}/../deploy/rules/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(file).unwrap()
}

#[rstest]
fn an_example_holds_its_scenarios(#[files("../deploy/rules/*.toml")] file: PathBuf) {
    let rule = CustomRule::try_from_toml(&fs::read_to_string(&file).unwrap());
    let rule = Arc::new(rule.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    assert_eq!(file.file_stem().unwrap().to_str(), Some(rule.id()));
    let broken = rule.broken_scenarios();
    assert!(broken.is_empty(), "{}: {broken:#?}", file.display());
    assert!(rule.about().manual_en().contains("## What it finds"));
}

#[test]
fn a_scenario_of_its_own_can_fail() {
    let text = example("slow_after_arrival").replacen("< 30%", "< 9%", 1);
    let rule = Arc::new(CustomRule::try_from_toml(&text).unwrap());
    let broken = rule.broken_scenarios();
    let (story, wrong) = broken.first().unwrap();
    assert!(story.starts_with("300,000 arrive"), "{story}");
    assert!(wrong.to_string().contains("on 2024-06-29"), "{wrong}");
}

#[test]
fn a_rule_set_carries_them_and_tells_them_apart() {
    let [slow, travel] = ["slow_after_arrival", "travel_heavy"].map(example);
    let text = RuleSet::carrying("# 本办规则\noff = [\"XJ-02\"]\n[rules]\n", &[&slow, &travel]);
    // What is switched off must be known: the rule is there only with what is carried.
    let text = text.unwrap();
    let rules = RuleSet::try_from_toml(&text).unwrap();
    assert_eq!(rules.custom().count(), 2);
    assert!(rules.general().rule("slow_after_arrival").is_some());
    let travel_rule = rules.general().rule("xj-02").unwrap();
    assert!(rules.general().is_off(&travel_rule.about()));
    assert_eq!(travel_rule.about().family(), "XJ");
    assert_ne!(rules.hash(), RuleSet::default().hash());

    let twice = RuleSet::carrying("", &[&slow, &slow]).unwrap_err();
    assert!(matches!(twice, RuleSetError::Twice(rule) if rule == "slow_after_arrival"));
    let taken = slow.replace("code = \"XJ-01\"", "code = \"ST-01\"");
    assert!(matches!(
        RuleSet::carrying("", &[&taken]),
        Err(RuleSetError::Twice(_))
    ));
}

#[test]
fn a_published_rule_set_watches_by_them() {
    let rules = RuleSet::carrying("", &[&example("slow_after_arrival")]).unwrap();
    let scenario = r#"
story = "A rule that was carried speaks beside those built in"
given = [
  { on = "2024-01-10", type = "project_approved", data = { title = "P", unit = "U1" } },
  { on = "2024-02-01", type = "contract_signed", data = { start_on = "2024-02-01", end_on = "2026-12-31" } },
  { on = "2024-02-01", type = "project_started" },
  { on = "2024-03-01", type = "funds_arrived", data = { amount = "300000" } },
  { on = "2024-04-10", type = "expenditure_recorded", data = { amount = "3000" } },
]
[[then]]
on = "2024-06-30"
open = [{ level = "yellow" }]
[[then]]
on = "2024-06-30"
rule = "slow_after_arrival"
open = [{ level = "yellow", says = "1.00%" }]
"#;
    let scenario = scenario.replacen("{ level = \"yellow\" }", "{ level = \"blue\" }", 1);
    let scenario = Scenario::try_from_toml(&scenario).unwrap();
    scenario
        .check_under(RuleSet::try_from_toml(&rules).unwrap(), "idle_funds")
        .unwrap();
}

#[test]
fn a_missing_value_keeps_what_is_open_and_raises_nothing() {
    let text =
        example("key_programme_ending").replace("(已知(自筹到位率) 且 自筹到位率 < 50%)", "自筹到位率 < 50%");
    let rule = Arc::new(CustomRule::try_from_toml(&text).unwrap());
    // Without promised own money the rate has no value. Little was spent: that decides alone, and it is orange; once
    // enough is spent the rule cannot judge, and the warning stays open.
    let scenario = r#"
story = "undecided is not quiet"
given = [
  { on = "2024-01-10", type = "project_approved", data = { title = "P", unit = "U1", programme = "重大专项" } },
  { on = "2024-01-12", type = "contract_signed", data = { start_on = "2024-01-15", end_on = "2024-12-31" } },
  { on = "2024-01-15", type = "project_started" },
  { on = "2024-01-15", type = "budget_approved", data = { lines = [{ amount = "100000" }] } },
  { on = "2024-10-05", type = "expenditure_recorded", data = { amount = "90000" } },
  { on = "2024-01-10", stream = "project/P2", type = "project_approved", data = { title = "P2", unit = "U1", programme = "重大专项" } },
  { on = "2024-01-12", stream = "project/P2", type = "contract_signed", data = { start_on = "2024-01-15", end_on = "2024-12-31" } },
  { on = "2024-01-15", stream = "project/P2", type = "project_started" },
  { on = "2024-01-15", stream = "project/P2", type = "budget_approved", data = { lines = [{ amount = "100000" }] } },
  { on = "2024-02-05", stream = "project/P2", type = "expenditure_recorded", data = { amount = "90000" } },
]
[[then]]
on = "2024-10-02"
open = [{ level = "orange" }]
[[then]]
on = "2024-10-20"
open = [{ level = "orange" }]
ended = []
"#;
    let scenario = Scenario::try_from_toml(scenario).unwrap();
    let rules = RuleSet::default().with(&rule);
    scenario.check_under(rules, rule.id()).unwrap();
}

#[rstest]
#[case("到位天数 >= 240天", "到位添数 >= 240天", "levels.red", "是否指“到位天数”")]
#[case(
    "到位资金支出率 < 32%",
    "到位资金支出率 < 32",
    "keep_while",
    "write shares with %"
)]
#[case(
    "在户余额{在户余额}",
    "在户余额{在户余颜}",
    "explanation_zh",
    "是否指“在户余额”"
)]
#[case("[\"执行中\"]", "[\"运行中\"]", "states", "是否指“执行中”")]
#[case("\"XJ-01\"", "\"xj1\"", "code", "as in XJ-01")]
#[case("\"slow_after_arrival\"", "\"Slow\"", "id", "lower-case letters")]
fn what_is_wrong_is_named_with_field_line_and_column(
    #[case] from: &str,
    #[case] to: &str,
    #[case] wanted_field: &str,
    #[case] says: &str,
) {
    let text = example("slow_after_arrival").replacen(from, to, 1);
    let error = CustomRule::try_from_toml(&text).unwrap_err();
    let message = error.to_string();
    let CustomRuleError::Wrong {
        field, line, column, ..
    } = error
    else {
        panic!("{message}");
    };
    assert_eq!(field, wanted_field, "{message}");
    assert!(message.contains(says), "{message}");
    let of_line = text.lines().nth(line - 1).unwrap();
    let changed = text.find(to).map(|at| text[..at].lines().count()).unwrap();
    assert_eq!(line, changed, "{message}: {of_line}");
    assert!(column <= of_line.chars().count(), "{message}");
}

#[test]
fn a_wrong_name_in_a_rule_set_is_found_at_its_line() {
    let custom = example("travel_heavy").replace("[levels]", "[custom.levels]");
    let custom = custom.replace("[[scenario", "[[custom.scenario");
    let text = format!("[settings]\nstale_after_days = 30\n\n[[custom]]\n{custom}");
    assert_eq!(RuleSet::try_from_toml(&text).unwrap().custom().count(), 1);
    let text = text.replacen("累计支出 >= 5万 且", "累计支岀 >= 5万 且", 1);
    let message = RuleSet::try_from_toml(&text).unwrap_err().to_string();
    let line = text.lines().position(|line| line.contains("累计支岀")).unwrap() + 1;
    assert!(message.contains(&format!("line {line}, column 9")), "{message}");
    assert!(message.contains("did you mean \"累计支出\"?"), "{message}");
}

#[rstest]
#[case("[levels]", "[levels]\npurple = \"包干制\"", "unknown field `purple`")]
#[case("trigger = \"daily\"", "trigger = \"hourly\"", "unknown variant `hourly`")]
#[case("subject = \"project\"", "", "missing field `subject`")]
fn what_is_no_key_is_refused(#[case] from: &str, #[case] to: &str, #[case] says: &str) {
    let text = example("slow_after_arrival").replacen(from, to, 1);
    let message = CustomRule::try_from_toml(&text).unwrap_err().to_string();
    assert!(message.contains(says), "{message}");
}

#[test]
fn a_rule_without_scenario_or_condition_is_refused() {
    let text = example("slow_after_arrival");
    let bare = text.split("[levels]").next().unwrap();
    let without = |levels: &str| {
        let text = format!("{bare}\nscenario = []\n[levels]\n{levels}");
        CustomRule::try_from_toml(&text).unwrap_err().to_string()
    };
    assert!(without("red = \"包干制\"").contains("at least one [[scenario]]"));
    let text = text.replace("yellow = ", "#").replacen("\nred = ", "\n#", 1);
    let message = CustomRule::try_from_toml(&text).unwrap_err().to_string();
    assert!(
        message.contains("at least one colour wants a condition"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(
        name in proptest::sample::select(vec!["slow_after_arrival", "travel_heavy", "key_programme_ending"]),
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        insert in "[\\PC\n]{0,12}",
    ) {
        let text: Vec<char> = example(name).chars().collect();
        let from = cut.index(text.len());
        let to = (from + length).min(text.len());
        let broken: String = text[..from].iter().copied().chain(insert.chars()).chain(text[to..].iter().copied()).collect();
        if let Err(error) = CustomRule::try_from_toml(&broken) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

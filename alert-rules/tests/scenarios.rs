//! Every scenario, one named test a file; the folder is the rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use karez_alert_rules::in_words::{figures, patterns};
use karez_alert_rules::scenario::Scenario;
use rstest::rstest;

#[rstest]
fn holds(#[files("tests/scenarios/*/*.toml")] file: PathBuf) {
    let rule = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let scenario = Scenario::try_from_toml(&fs::read_to_string(&file).unwrap());
    match scenario.and_then(|scenario| scenario.check(rule)) {
        Ok(watch) => {
            for warning in watch.warnings().iter() {
                let evidence = warning.reading.evidence.as_ref().unwrap();
                is_read_in_chinese(&evidence.formula, patterns::formula_zh);
                is_read_in_chinese(&evidence.threshold, patterns::threshold_zh);
                for name in evidence.figures.keys() {
                    assert_ne!(
                        figures::name_zh(name),
                        *name,
                        "add it to alert-rules/src/in_words/figures.rs"
                    );
                }
            }
        }
        Err(wrong) => panic!("{}: {wrong}", file.display()),
    }
}

/// Every statement that has words in it is written by a pattern whose Chinese is known.
fn is_read_in_chinese(text: &str, in_chinese: fn(&str) -> Option<String>) {
    for statement in text.split("; ") {
        let has_words = statement.contains(|letter: char| letter.is_ascii_lowercase());
        assert!(
            !has_words || in_chinese(statement).is_some(),
            "{statement:?}: add its pattern to alert-rules/src/in_words/patterns.rs"
        );
    }
}

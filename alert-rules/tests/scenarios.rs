//! Every scenario, one named test a file; the folder is the rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use karez_alert_rules::scenario::Scenario;
use rstest::rstest;

#[rstest]
fn holds(#[files("tests/scenarios/*/*.toml")] file: PathBuf) {
    let rule = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let scenario = Scenario::try_from_toml(&fs::read_to_string(&file).unwrap());
    if let Err(wrong) = scenario.and_then(|scenario| scenario.check(rule)) {
        panic!("{}: {wrong}", file.display());
    }
}

//! Every rule has its manual in both languages, and they say the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use karez_alert_rules::Catalogue;
use karez_alert_rules::breadth::SUSPECT_RULE;

/// The sections of a manual; the last two where a rule needs them.
const SECTIONS: [(&str, &str); 8] = [
    ("What it finds", "发现什么"),
    ("Why it is a risk", "为什么是风险"),
    ("Worked example", "算例"),
    ("Thresholds", "阈值"),
    ("What it leaves out", "不含哪些情形"),
    ("Projects that others published", "他方公布的项目"),
    ("What was decided", "已定事项"),
    ("Source", "依据"),
];

/// The text of each section by its heading.
fn sections(manual: &str) -> BTreeMap<&str, String> {
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    let mut heading = "";
    for line in manual.lines() {
        if let Some(next) = line.strip_prefix("## ") {
            heading = next;
        } else {
            let text = sections.entry(heading).or_default();
            text.push_str(line);
            text.push(' ');
        }
    }
    sections
}

/// What stands between backquotes.
fn names(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The numbers of a text, without separators of thousands: days and vouchers are numbers too.
fn numbers(text: &str) -> BTreeSet<String> {
    let characters: Vec<char> = text.chars().collect();
    let is_digit = |index: usize| characters.get(index).is_some_and(char::is_ascii_digit);
    let mut found = BTreeSet::new();
    let mut number = String::new();
    for (index, character) in characters.iter().enumerate() {
        match character {
            digit if digit.is_ascii_digit() => number.push(*digit),
            '.' if !number.is_empty() && is_digit(index + 1) => number.push('.'),
            ',' if !number.is_empty() && is_digit(index + 1) => {}
            // English names the month.
            '月' => number.clear(),
            _ => {
                found.insert(std::mem::take(&mut number));
            }
        }
    }
    found.insert(number);
    found.remove("");
    found
}

#[test]
fn every_rule_says_the_same_in_both_languages() {
    let catalogue = Catalogue::default();
    let mut wrong = Vec::new();
    for rule in catalogue.rules() {
        let about = rule.about();
        let (manual_zh, manual_en) = (about.manual_zh(), about.manual_en());
        let title = format!("# {} {}", about.code, about.zh);
        if manual_zh.lines().next() != Some(title.as_str()) {
            wrong.push(format!(
                "{}: its Chinese manual begins with {title:?}",
                about.name
            ));
        }
        let (zh, en) = (sections(&manual_zh), sections(&manual_en));
        for (english, chinese) in SECTIONS {
            let (Some(zh), Some(en)) = (zh.get(chinese), en.get(english)) else {
                if zh.contains_key(chinese) || en.contains_key(english) {
                    wrong.push(format!(
                        "{}: {english} / {chinese} is in one manual only",
                        about.name
                    ));
                }
                continue;
            };
            if english == "Worked example" {
                let en = en.split("Scenario:").next().unwrap();
                let (zh, en) = (numbers(zh), numbers(en));
                if zh != en {
                    let apart: Vec<_> = zh.symmetric_difference(&en).collect();
                    wrong.push(format!(
                        "{}: the numbers of its example differ: {apart:?}",
                        about.name
                    ));
                }
            }
            if english == "Thresholds" && names(zh) != names(en) {
                let (zh, en) = (names(zh), names(en));
                let apart: Vec<_> = zh.symmetric_difference(&en).collect();
                wrong.push(format!("{}: the thresholds differ: {apart:?}", about.name));
            }
        }
        let known = |heading: &str| {
            heading.is_empty() || SECTIONS.iter().any(|(en, zh)| [*en, *zh].contains(&heading))
        };
        for heading in zh.keys().chain(en.keys()).filter(|heading| !known(heading)) {
            wrong.push(format!(
                "{}: no other manual has a section {heading:?}",
                about.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_manual_names_the_notes_of_this_project() {
    let catalogue = Catalogue::default();
    let rules = catalogue.rules().into_iter().map(|rule| rule.about());
    for about in rules.chain([SUSPECT_RULE]) {
        for text in [about.manual_zh(), about.manual_en()] {
            assert!(!text.contains("domain.md"), "{}", about.name);
        }
        assert!(
            !about.basis_zh().is_empty() && !about.basis_en().is_empty(),
            "{}",
            about.name
        );
    }
}

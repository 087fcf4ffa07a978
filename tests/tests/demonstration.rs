//! The demonstration's city: exactly the intended projects warn, on the intended days and in the intended colours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use chrono::{DateTime, Utc};
use karez::clock::BUSINESS_TIME_ZONE;
use karez::demo::submissions;
use karez::sentinel::{Daily, Timeline};
use karez_alert_rules::in_words::{in_chinese, in_english};
use karez_alert_rules::words::level_en;
use karez_alert_rules::{Rule, RuleSet};
use karez_projections::warnings::EndingKind;
use karez_projections::{Target, Warning, Warnings};

/// Every warning of the city's years, with its colours and their days: idle money (001), far behind (002), far ahead (003),
/// costs before the start (004), a late voucher (006), one posted twice (007), a bank that differs (011), paid late (012),
/// spent in December (013), not begun (019), ended without acceptance (2022-002), suspended (2022-004), and the fund itself,
/// which pays out long before its units spend.
const INTENDED: &str = "
TLF-2022-002 acceptance_overdue: blue 2024-11-30, yellow 2025-01-29
TLF-2022-004 catch_up_too_steep: red 2024-09-02, lifted 2025-01-02
TLF-2022-004 composition_drift: blue 2024-09-30, lifted 2024-10-31
TLF-2022-004 forecast_shortfall: red 2024-09-02, orange 2024-11-20, lifted 2025-01-03
TLF-2022-004 year_end_rush 2024: blue 2024-12-23
TLF-2024-001 catch_up_too_steep: red 2024-05-30, lifted 2025-01-02
TLF-2024-001 execution_lag unit: blue 2024-03-20, yellow 2024-04-24, orange 2024-05-28, red 2024-06-29, lifted 2025-01-03
TLF-2024-001 forecast_shortfall: red 2024-05-30, lifted 2025-01-03
TLF-2024-001 idle_funds: blue 2024-05-30, yellow 2024-08-28, orange 2024-11-26, red 2025-03-01
TLF-2024-001 target_unlikely 示范面积: red 2024-08-09, orange 2024-12-27
TLF-2024-002 catch_up_too_steep: red 2024-05-19, lifted 2025-01-02
TLF-2024-002 execution_lag unit: blue 2024-02-24, yellow 2024-03-26, orange 2024-05-11, red 2024-06-20, lifted 2025-01-03
TLF-2024-002 forecast_shortfall: red 2024-05-19, lifted 2025-01-03
TLF-2024-002 target_unlikely 技术培训: red 2024-08-09, orange 2024-12-27
TLF-2024-003 execution_too_fast: blue 2024-04-18, yellow 2024-05-20, blue 2024-07-09, lifted 2024-08-09
TLF-2024-003 money_against_work: blue 2024-04-09, red 2024-07-09, orange 2024-10-09, yellow 2025-01-09
TLF-2024-003 target_unlikely 申请专利: yellow 2024-08-09, orange 2024-12-27
TLF-2024-004 fiscal_before_start: red 2024-07-10
TLF-2024-004 self_funded_before_start: orange 2024-02-29, red 2024-07-10
TLF-2024-004 swapped_into_fiscal: red 2024-07-10
TLF-2024-006 catch_up_too_steep: red 2024-05-30, lifted 2025-01-02
TLF-2024-006 composition_drift: blue 2024-12-31
TLF-2024-006 execution_lag unit: blue 2024-03-20, yellow 2024-04-24, orange 2024-05-28, red 2024-06-29, lifted 2025-01-03
TLF-2024-006 forecast_shortfall: red 2024-05-30, lifted 2025-01-03
TLF-2024-006 idle_funds: blue 2024-05-30, yellow 2024-08-28, retracted 2024-09-12
TLF-2024-006 late_entry: orange 2024-09-12
TLF-2024-007 composition_drift: yellow 2024-06-30, retracted 2024-07-09
TLF-2024-007 duplicate_in_project DEMO020240070071: red 2024-06-25, lifted 2024-07-09
TLF-2024-007 late_entry: orange 2024-07-09
TLF-2024-011 reconciliation_gap: orange 2024-10-31, retracted 2024-11-11
TLF-2024-012 execution_lag fund: blue 2024-02-24, yellow 2024-03-26, orange 2024-04-30, lifted 2024-05-08
TLF-2024-012 issued_not_paid_over: blue 2024-02-01, yellow 2024-02-16, orange 2024-03-17, red 2024-04-16, lifted 2024-05-08
TLF-2024-012 self_report_differs 2024: red 2025-01-15
TLF-2024-013 catch_up_too_steep: red 2024-05-26, lifted 2025-01-02
TLF-2024-013 execution_lag unit: blue 2024-03-12, yellow 2024-04-25, orange 2024-06-02, red 2024-07-10, orange 2024-12-12, yellow 2024-12-18, blue 2024-12-24, lifted 2025-01-03
TLF-2024-013 forecast_shortfall: red 2024-05-26, orange 2024-12-12, blue 2024-12-18, lifted 2025-01-03
TLF-2024-013 year_end_rush 2024: red 2024-12-06
TLF-2024-019 arrived_not_started: blue 2024-05-20, yellow 2024-06-19, orange 2024-07-19, red 2024-09-17
TLF-KJ-2024 two_level_gap: blue 2024-02-29, orange 2024-03-31, yellow 2024-06-30, blue 2024-09-30, lifted 2025-01-31
TLF-KJ-2024 two_level_gap: orange 2023-02-28, yellow 2023-05-31, blue 2023-07-31, lifted 2023-09-30
TLF-KJ-2024 two_level_gap: red 2022-02-28, orange 2022-05-31, yellow 2022-07-31, blue 2022-08-31, lifted 2022-10-31
";

/// The warnings of the city's years until the end of March 2025.
fn warnings() -> Warnings {
    let facts = (1..).zip(submissions().unwrap());
    let recorded = facts.map(|(position, fact)| fact.recorded(position));
    let daily = Daily::try_new("sentinel.daily_at", "0 30 0 * * *", BUSINESS_TIME_ZONE).unwrap();
    let mut timeline = Timeline::resume(daily, recorded.collect());
    let until: DateTime<Utc> = "2025-03-31T16:30:00Z".parse().unwrap();
    while timeline.next_step(Some(until)).is_some() {}
    timeline.watch().warnings().clone()
}

/// One warning in one line: what about, which rule, its colours with their days, its end.
fn line(warning: &Warning) -> String {
    let about = match warning.target() {
        Target::Project(id) => id.to_string(),
        Target::Fund(id) => id.to_string(),
        Target::Unit(id) => id.to_string(),
        Target::Office => "office".to_owned(),
    };
    let subject = warning
        .raised
        .subject
        .as_deref()
        .map(|subject| format!(" {subject}"))
        .unwrap_or_default();
    let levels: Vec<String> = warning
        .levels
        .iter()
        .map(|(on, level)| format!("{} {on}", level_en(*level)))
        .collect();
    let end = warning.ending.as_ref().map_or_else(String::new, |ending| {
        let how = match ending.kind {
            EndingKind::Lifted => "lifted",
            EndingKind::Dismissed => "dismissed",
            EndingKind::Retracted => "retracted",
        };
        format!(", {how} {}", ending.on)
    });
    format!(
        "{about} {}{subject}: {}{end}",
        warning.raised.rule,
        levels.join(", ")
    )
}

/// Words of Latin letters, and not the codes of rules, projects, vouchers and contracts.
fn latin_words(text: &str) -> Vec<&str> {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let words = text.split(|letter: char| !is_of_word(letter));
    words
        .filter(|word| word.contains(|letter: char| letter.is_ascii_lowercase()) || word.len() > 1)
        .filter(|word| word.contains(|letter: char| letter.is_ascii_alphabetic()))
        .filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()))
        .collect()
}

#[test]
fn every_warning_of_the_city_is_read_in_chinese_without_another_word() {
    let rules = RuleSet::default();
    for warning in warnings().iter() {
        let about = rules.general().rule(&warning.raised.rule).map(Rule::about);
        let evidence = warning.reading.evidence.as_deref().unwrap();
        let told = in_chinese(about.as_ref(), evidence);
        let figures = told.figures.iter().flat_map(|(name, value)| [name, value]);
        let texts = [
            &warning.reading.sentence_zh,
            &told.formula,
            &told.threshold,
            &told.basis,
        ];
        for text in texts.into_iter().chain(figures) {
            assert!(latin_words(text).is_empty(), "{}: {text}", line(warning));
        }
        let told = in_english(about.as_ref(), evidence);
        let recorded = serde_json::to_string(evidence).unwrap();
        for text in [&told.basis, &recorded] {
            assert!(!text.contains("domain.md"), "{}: {text}", line(warning));
        }
    }
}

#[test]
fn exactly_the_intended_projects_warn_on_the_intended_days_in_the_intended_colours() {
    let warnings = warnings();
    let mut told: Vec<String> = warnings.iter().map(line).collect();
    told.sort();
    let told = told.join("\n");
    assert_eq!(
        told,
        INTENDED.trim(),
        "the city warns otherwise than intended:\n{told}"
    );
    // By hand: the healthy project, and every one without a story, is never warned of.
    for healthy in [
        "TLF-2024-005",
        "TLF-2024-010",
        "TLF-2022-001",
        "TLF-2023-004",
        "TLF-DS-01",
        "TLF-GZ-01",
    ] {
        assert!(!told.contains(healthy), "{healthy}");
    }
    // Idle from 1 March (domain.md §4.1): ninety days, a hundred and eighty, two hundred and seventy, a year.
    assert!(told.contains(
        "TLF-2024-001 idle_funds: blue 2024-05-30, yellow 2024-08-28, orange 2024-11-26, red 2025-03-01"
    ));
    // Paid out of own pocket before the start (§4.3), and moved into fiscal money on 10 July.
    assert!(told.contains("TLF-2024-004 self_funded_before_start: orange 2024-02-29, red 2024-07-10"));
    // A voucher of May that became known on 12 September.
    assert!(
        told.contains("TLF-2024-006 idle_funds: blue 2024-05-30, yellow 2024-08-28, retracted 2024-09-12")
    );
}

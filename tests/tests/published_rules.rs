//! The rules over what others published: every activity is judged, spending before the start is found where an
//! independent program finds it, and one wrong date in a file makes one notice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use karez::import::iati::importer::import;
use karez_alert_rules::evaluate::Ask;
use karez_alert_rules::{Outcome, RuleSet, Watch};
use karez_events::{Event, RawEvent, Submission};
use karez_projections::totals::totals;
use karez_projections::warnings::EndingKind;
use karez_projections::{Target, Warning, Warnings};
use karez_tests::published::{Store, shared_data};

const PRE_START: &str = "fiscal_before_start";

async fn imported(store: &Store, file: &Path) {
    store
        .import(async |target| import(file, target, &mut |_| {}).await)
        .await
        .unwrap();
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn files(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join("iati")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_published_activity_is_judged_and_spends_before_its_start_where_the_independent_program_says() {
    let Some(data) = shared_data() else { return };
    let (mut judged, mut findings) = (0, BTreeMap::<String, usize>::new());
    for file in files(&data) {
        let store = Store::new().await.unwrap();
        imported(&store, &file).await;
        let portfolio = store.portfolio().await.unwrap();
        let before_start: BTreeSet<String> = totals(&portfolio)
            .iter()
            .filter(|row| row.n_prestart > 0)
            .map(|row| row.project.to_string())
            .collect();
        let watch = Watch::resumed(
            portfolio,
            Warnings::default(),
            RuleSet::default(),
            day("2026-06-30"),
        );
        let mut found = BTreeSet::new();
        let stand = watch.stand(day("2026-06-30"));
        for answer in stand.each(Ask::Day, |answers| answers).concat() {
            judged += 1;
            if let Outcome::Error(why) = &answer.outcome {
                panic!(
                    "{} of {:?} in {}: {why}",
                    answer.about.code,
                    answer.target,
                    file.display()
                );
            }
            *findings.entry(answer.about.code.to_owned()).or_default() += answer.findings().len();
            if let (PRE_START, Target::Project(id), false) =
                (answer.about.name, &answer.target, answer.findings().is_empty())
            {
                found.insert(id.to_string());
            }
        }
        assert_eq!(found, before_start, "{}", file.display());
    }
    println!("{judged} judgements, findings by rule: {findings:?}");
    assert!(findings["PS-02"] > 50, "{findings:?}");
    for code in ["BX-01", "BX-03", "DQ-01"] {
        assert!(findings[code] > 0, "{code}: {findings:?}");
    }
}

/// Tells what a log holds beyond a position to a watch, as known on a day.
async fn tell(watch: &mut Watch, store: &Store, after: u64, known_on: NaiveDate) -> (u64, Vec<Submission>) {
    let events: Vec<RawEvent> = store.log.read(after, 1_000_000).await.unwrap();
    let said = events
        .iter()
        .flat_map(|event| watch.take(&event.decode().unwrap(), known_on))
        .collect();
    (events.last().unwrap().position, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_date_makes_one_notice_and_a_finding_about_the_rule_until_a_later_file_corrects_it() {
    let Some(data) = shared_data() else { return };
    let store = Store::new().await.unwrap();
    let mut watch = Watch::under(RuleSet::default());
    imported(&store, &data.join("iati/bcie-snapshot-2025-12-12.xml")).await;
    let (read, said) = tell(&mut watch, &store, 0, day("2025-12-12")).await;
    let raised = said.iter().filter_map(|fact| match &fact.event {
        Event::WarningRaised(data) => Some(data),
        _ => None,
    });
    let pre_start: Vec<_> = raised.clone().filter(|data| data.rule == PRE_START).collect();
    assert_eq!(pre_start.len(), 65);
    let groups: BTreeSet<_> = pre_start.iter().map(|data| data.group.as_deref()).collect();
    assert_eq!(groups.len(), 1, "one cause, one notice: {groups:?}");
    assert!(groups.first().unwrap().is_some());
    let suspects: Vec<_> = raised
        .filter(|data| data.rule == "rule_fires_too_often")
        .collect();
    assert!(
        suspects
            .iter()
            .any(|data| data.subject.as_deref() == Some(PRE_START)),
        "{suspects:?}"
    );

    // Five days later the publisher's file has the same wrong date: nobody is told again.
    let second = data.join("iati/bcie-snapshot-2025-12-17.xml");
    imported(&store, &second).await;
    let (read, said) = tell(&mut watch, &store, read, day("2025-12-17")).await;
    let is_raised =
        |fact: &Submission| matches!(&fact.event, Event::WarningRaised(data) if data.rule == PRE_START);
    assert!(!said.iter().any(is_raised));

    let corrected = store.folder.path().join("corrected.xml");
    let text = std::fs::read_to_string(&second).unwrap();
    let text = ["2026-01-01", "2025-01-27"].iter().fold(text, |text, wrong| {
        let start = |day: &str| format!(r#"<activity-date type="1" iso-date="{day}"/>"#);
        text.replace(&start(wrong), &start("2005-01-01"))
    });
    std::fs::write(&corrected, text).unwrap();
    imported(&store, &corrected).await;
    tell(&mut watch, &store, read, day("2025-12-20")).await;
    watch.end_day(day("2025-12-20"), "2025-12-20T16:30:00Z".parse().unwrap());
    let of_rule = |warning: &&Warning| warning.raised.rule == PRE_START;
    let warnings: Vec<&Warning> = watch.warnings().iter().filter(of_rule).collect();
    let still_open = warnings.iter().filter(|warning| warning.is_open()).count();
    // The earlier date disproves them for the day on which they were raised: taken back, not only over.
    let is_retracted = |warning: &&&Warning| {
        warning
            .ending
            .as_ref()
            .is_some_and(|ending| ending.kind == EndingKind::Retracted)
    };
    assert_eq!(warnings.iter().filter(is_retracted).count(), 65);
    assert_eq!(warnings.len(), 65, "the history stays");
    assert_eq!(still_open, 0);
    let suspect_open = watch.warnings().iter().filter(|warning| {
        warning.is_open()
            && warning.raised.rule == "rule_fires_too_often"
            && warning.raised.subject.as_deref() == Some(PRE_START)
    });
    assert_eq!(suspect_open.count(), 0);
}

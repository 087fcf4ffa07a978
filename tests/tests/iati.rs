//! Published IATI files, imported into a real store and added up again: every total equals the one that another
//! program computed (`oracle/*.totals.csv`; its rules stand at the top of `iati_totals.py`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use karez::import::iati::importer::import;
use karez::import::report::ImportReport;
use karez::replay::load_portfolio;
use karez_events::Currency;
use karez_projections::Portfolio;
use karez_projections::totals::{TotalsRow, totals};
use karez_tests::published::{Store, shared_data};
use rust_decimal::Decimal;

async fn imported(store: &Store, file: &Path) -> ImportReport {
    store
        .import(async |target| import(file, target, &mut |_| {}).await)
        .await
        .unwrap()
}

type Row = BTreeMap<&'static str, String>;

fn row(total: &TotalsRow) -> Row {
    let amount = |amount: Decimal| amount.normalize().to_string();
    let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let currency = if total.currency == Currency::UNSTATED {
        String::new()
    } else {
        total.currency.to_string()
    };
    BTreeMap::from([
        (
            "activity_index",
            total.listed.map(|index| index.to_string()).unwrap_or_default(),
        ),
        ("iati_identifier", total.published_id.clone()),
        ("currency", currency),
        ("budget_original", amount(total.budget_original)),
        ("budget_revised", amount(total.budget_revised)),
        ("budget_effective", amount(total.budget_effective)),
        ("incoming", amount(total.incoming)),
        ("commitment", amount(total.commitment)),
        ("disbursement", amount(total.disbursement)),
        ("expenditure", amount(total.expenditure)),
        ("first_spend", date(total.first_spend)),
        ("last_spend", date(total.last_spend)),
        ("n_prestart", total.n_prestart.to_string()),
        ("n_postend", total.n_postend.to_string()),
        ("n_negative_spend", total.n_negative_spend.to_string()),
    ])
}

fn rows(portfolio: &Portfolio) -> Vec<Row> {
    totals(portfolio).iter().map(row).collect()
}

fn oracle(data: &Path, file: &Path) -> Vec<Row> {
    let stem = file.file_stem().unwrap().to_string_lossy();
    let mut reader = csv::Reader::from_path(data.join(format!("oracle/{stem}.totals.csv"))).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let columns = row(&empty());
    let read = |record: csv::StringRecord| {
        let cell = |name: &str| {
            let place = header.iter().position(|column| column == name).unwrap();
            record.get(place).unwrap().to_owned()
        };
        columns.keys().map(|name| (*name, cell(name))).collect::<Row>()
    };
    reader.records().map(|record| read(record.unwrap())).collect()
}

fn empty() -> TotalsRow {
    TotalsRow {
        project: "x".parse().unwrap(),
        import: None,
        listed: None,
        published_id: String::new(),
        currency: Currency::UNSTATED,
        budget_original: Decimal::ZERO,
        budget_revised: Decimal::ZERO,
        budget_effective: Decimal::ZERO,
        incoming: Decimal::ZERO,
        commitment: Decimal::ZERO,
        disbursement: Decimal::ZERO,
        expenditure: Decimal::ZERO,
        first_spend: None,
        last_spend: None,
        n_prestart: 0,
        n_postend: 0,
        n_negative_spend: 0,
    }
}

fn published_files(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data.join("iati"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_published_file_adds_up_as_the_independent_program_says() {
    let Some(data) = shared_data() else { return };
    let files = published_files(&data);
    assert_eq!(files.len(), 44);
    for file in files {
        let store = Store::new().await.unwrap();
        let report = imported(&store, &file).await;
        assert_eq!(
            report.read,
            report.recorded + report.already_known + report.refused,
            "{report:?}"
        );
        let (found, expected) = (rows(&store.portfolio().await.unwrap()), oracle(&data, &file));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{}", file.display());
        }
        assert_eq!(found.len(), expected.len(), "{}", file.display());
    }
}

/// Another converter's extraction of the same file, row by row: its sums by activity are karez's.
#[tokio::test(flavor = "multi_thread")]
async fn the_rows_that_another_converter_published_add_up_to_the_same_totals() {
    let Some(data) = shared_data() else { return };
    let store = Store::new().await.unwrap();
    imported(&store, &data.join("iati/who-argentina.xml")).await;
    let found = totals(&store.portfolio().await.unwrap());
    let sums = |file: &str, kind: &str, kinds: &[&str]| {
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut reader = csv::Reader::from_path(data.join("published").join(file)).unwrap();
        for record in reader.deserialize::<BTreeMap<String, String>>() {
            let record = record.unwrap();
            if kinds.contains(&record[kind].as_str()) {
                let amount: Decimal = record["value"].parse().unwrap();
                *sums.entry(record["activity_identifier"].clone()).or_default() += amount;
            }
        }
        sums
    };
    let budgets = sums("okfn_who-arg_budgets.csv", "budget_type", &["1", "2"]);
    let [commitments, disbursements, expenditures] =
        ["2", "3", "4"].map(|kind| sums("okfn_who-arg_transactions.csv", "transaction_type", &[kind]));
    assert_eq!(found.len(), 157);
    for row in &found {
        let published =
            |sums: &BTreeMap<String, Decimal>| sums.get(&row.published_id).copied().unwrap_or_default();
        assert_eq!(row.commitment, published(&commitments), "{}", row.published_id);
        assert_eq!(
            row.disbursement,
            published(&disbursements),
            "{}",
            row.published_id
        );
        assert_eq!(row.expenditure, published(&expenditures), "{}", row.published_id);
        assert_eq!(
            row.budget_original + row.budget_revised,
            published(&budgets),
            "{}",
            row.published_id
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_records_nothing() {
    let Some(data) = shared_data() else { return };
    let store = Store::new().await.unwrap();
    for name in ["cafod.xml", "spark.xml", "adb-armenia.xml"] {
        let file = data.join("iati").join(name);
        let first = imported(&store, &file).await;
        let position = store.portfolio().await.unwrap().position();
        let again = imported(&store, &file).await;
        assert!(first.recorded > 0);
        assert_eq!((again.recorded, again.withdrawn), (0, 0), "{name}");
        assert_eq!(again.already_known + again.refused, again.read, "{name}");
        assert_eq!(store.portfolio().await.unwrap().position(), position, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_file_changes_today_and_leaves_yesterday_as_it_was_known() {
    let Some(data) = shared_data() else { return };
    let [earlier, later] = ["bcie-snapshot-2025-12-12.xml", "bcie-snapshot-2025-12-17.xml"]
        .map(|name| data.join("iati").join(name));
    let store = Store::new().await.unwrap();
    imported(&store, &earlier).await;
    let known_then = store.portfolio().await.unwrap().position();
    let report = imported(&store, &later).await;
    assert!(report.recorded > 0 && report.withdrawn > 0, "{report:?}");
    assert_eq!(rows(&store.portfolio().await.unwrap()), oracle(&data, &later));
    let then = load_portfolio(&store.log, Some(known_then)).await.unwrap();
    assert_eq!(rows(&then), oracle(&data, &earlier));

    let outdated = imported(&store, &earlier).await;
    assert_eq!(
        (outdated.recorded, outdated.withdrawn),
        (0, 0),
        "an older file must not undo a newer one"
    );
    assert_eq!(rows(&store.portfolio().await.unwrap()), oracle(&data, &later));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_off_file_keeps_what_was_complete_and_says_what_was_not() {
    let Some(data) = shared_data() else { return };
    let store = Store::new().await.unwrap();
    let report = imported(&store, &data.join("malformed/usaid-bahamas-truncated.xml")).await;
    let (_, stopped) = report.stopped.unwrap();
    assert!(stopped.contains("US-GOV-1-720FDA19H00004"), "{stopped}");
    assert_eq!(store.portfolio().await.unwrap().project_count(), 12);
    imported(&store, &data.join("iati/usaid-bahamas.xml")).await;
    let whole = data.join("iati/usaid-bahamas.xml");
    assert_eq!(rows(&store.portfolio().await.unwrap()), oracle(&data, &whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_with_its_reason() {
    let Some(data) = shared_data() else { return };
    let store = Store::new().await.unwrap();
    let report = imported(&store, &data.join("iati/spark.xml")).await;
    let kept = store.log.rejections(None, 100).await.unwrap();
    assert_eq!(u64::try_from(kept.len()).unwrap(), report.refused);
    let decimal_commas = kept
        .iter()
        .filter(|rejection| rejection.code == "bad_amount")
        .count();
    assert_eq!(
        decimal_commas, 25,
        "a decimal comma is never read as a thousands comma"
    );
}

//! Published tables, imported with the mappings that come with karez, and their published figures computed again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;

use karez::import::mapping::Mapping;
use karez::import::report::{ImportReport, RefusedRow};
use karez::import::tabular::{Format, import};
use karez_events::Ratio;
use karez_projections::totals::{TotalsRow, totals};
use karez_projections::{EntryKind, Portfolio};
use karez_tests::published::{Store, shared_data};
use rust_decimal::Decimal;

fn mapping(name: &str) -> Mapping {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/karez/mappings");
    Mapping::read(&folder.join(name)).unwrap()
}

async fn imported(
    store: &Store,
    file: &Path,
    format: Format,
    mapping: &Mapping,
) -> (ImportReport, Vec<RefusedRow>) {
    let mut refused = Vec::new();
    let mut keep = |row: &RefusedRow| refused.push(row.clone());
    let report = store
        .import(async |target| import(file, format, mapping, target, &mut keep).await)
        .await
        .unwrap();
    (report, refused)
}

fn by_project(portfolio: &Portfolio) -> BTreeMap<String, TotalsRow> {
    totals(portfolio)
        .into_iter()
        .map(|row| (row.project.to_string(), row))
        .collect()
}

fn records(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().map(|record| record.unwrap()).collect()
}

/// Whether two ratios differ by no more than `within`.
fn is_near(found: &Ratio, published: &Ratio, within: &Ratio) -> bool {
    found.minus(published).magnitude() <= *within
}

#[tokio::test(flavor = "multi_thread")]
async fn the_advance_of_469_mexican_projects_is_spent_of_the_modified_budget() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/mexico-cdmx-projects-2016Q1.csv");
    let mapping = mapping("mexico-cdmx-projects.toml");
    let store = Store::new().await.unwrap();
    let (report, _) = imported(&store, &file, Format::Csv, &mapping).await;
    assert_eq!((report.refused, report.stopped), (0, None));
    let found = by_project(&store.portfolio().await.unwrap());
    let within = Ratio::of_counts(1, 100_000_000).unwrap();
    let mut compared = 0;
    for record in raw(&file) {
        let (id, budget, advance) = (&record[2], &record[18], &record[24]);
        let (Ok(_), Ok(percent)) = (budget.parse::<f64>(), advance.parse::<f64>()) else {
            continue;
        };
        let row = &found[id.trim()];
        // The published percentage is a spreadsheet's, with fifteen digits.
        let published = format!("{percent:.12}").parse::<Decimal>().unwrap();
        let hundredth = Ratio::of_counts(1, 100).unwrap();
        let Some(rate) = Ratio::of(row.expenditure, row.budget_effective) else {
            continue;
        };
        assert!(
            is_near(&rate, &Ratio::exact(published).times(&hundredth), &within),
            "{id}: {row:?} {advance}"
        );
        compared += 1;
    }
    assert_eq!(compared, 469);

    let other = Store::new().await.unwrap();
    imported(
        &other,
        &data.join("csv/mexico-cdmx-projects-2016Q1.xlsx"),
        Format::Xlsx,
        &mapping,
    )
    .await;
    let of_workbook = by_project(&other.portfolio().await.unwrap());
    assert_eq!(of_workbook, found, "the workbook and its CSV say the same");

    let (again, _) = imported(&store, &file, Format::Csv, &mapping).await;
    assert_eq!((again.recorded, again.already_known), (0, again.read));
}

fn raw(file: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).unwrap();
    reader.records().map(|record| record.unwrap()).collect()
}

/// The allocation is not published; it follows from the last year's payments and percentage, so that only the years
/// before are compared.
#[tokio::test(flavor = "multi_thread")]
async fn the_absorption_of_eu_funds_follows_from_the_payments() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/eu-funds-absorption-2007-2013.csv");
    let of_funds = mapping("eu-funds-absorption.toml");
    let with_totals = Mapping {
        skip: None,
        ..of_funds.clone()
    };
    assert_eq!(absorption(&file, &of_funds).await, (600, 600));
    assert_eq!(absorption(&file, &with_totals).await, (832, 832));
}

/// How many published percentages were compared, and how many follow within 0.15 points.
async fn absorption(file: &Path, mapping: &Mapping) -> (u32, u32) {
    let store = Store::new().await.unwrap();
    imported(&store, file, Format::Csv, mapping).await;
    let portfolio = store.portfolio().await.unwrap();
    let mut published: BTreeMap<String, BTreeMap<i32, Decimal>> = BTreeMap::new();
    for record in records(file) {
        if mapping.skip.as_ref() == Some(&record["Fund"]) {
            continue;
        }
        let project = format!("{} / {}", record["Member State"], record["Fund"]);
        let percent = record["Absorption (%)"].parse().unwrap();
        published
            .entry(project)
            .or_default()
            .insert(record["Year"].parse().unwrap(), percent);
    }
    let (mut compared, mut near) = (0, 0);
    let share = |percent: Decimal| Ratio::of(percent, Decimal::ONE_HUNDRED).unwrap();
    let within = Ratio::of_counts(15, 10_000).unwrap();
    for (project, mut percents) in published {
        let project = portfolio.project(&project.parse().unwrap()).unwrap();
        let paid = |year: i32| -> Decimal {
            let last = chrono::NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
            let is_paid = |kind: &EntryKind| *kind == EntryKind::Disbursed;
            let entries = project.entries.iter();
            let paid = entries.filter(|entry| is_paid(&entry.kind) && entry.on <= last);
            paid.map(|entry| entry.amount).sum()
        };
        let (last_year, last_percent) = percents.pop_last().unwrap();
        let allocation = Ratio::exact(paid(last_year)).over(&share(last_percent)).unwrap();
        for (year, percent) in percents {
            let rate = Ratio::exact(paid(year)).over(&allocation).unwrap();
            compared += 1;
            near += u32::from(is_near(&rate, &share(percent), &within));
        }
    }
    (compared, near)
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_chinese_pages_are_exact_in_yuan() {
    let Some(data) = shared_data() else { return };
    let file = data.join("zh/zh-published-figures.csv");
    let store = Store::new().await.unwrap();
    let (report, _) = imported(&store, &file, Format::Csv, &mapping("zh-published-figures.toml")).await;
    assert_eq!(report.refused, 0);
    let portfolio = store.portfolio().await.unwrap();
    let mut found: Vec<Decimal> = totals(&portfolio).iter().map(|row| row.budget_original).collect();
    let mut expected: Vec<Decimal> = records(&file)
        .iter()
        .map(|record| record["amount_wan_yuan"].parse::<Decimal>().unwrap() * Decimal::from(10_000))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_published_tables_are_read_to_the_last_row() {
    let Some(data) = shared_data() else { return };
    for (name, file, column) in [
        ("albania-treasury.toml", "csv/albania-treasury-2014.csv", "Value"),
        (
            "unesco-projects.toml",
            "csv/unesco-projects-2024-11-13.csv",
            "Cumulative Incurred Expenditures (USD)",
        ),
    ] {
        let file = data.join(file);
        let store = Store::new().await.unwrap();
        let (report, refused) = imported(&store, &file, Format::Csv, &mapping(name)).await;
        assert_eq!((report.stopped, refused), (None, Vec::new()), "{name}");
        let found: Decimal = totals(&store.portfolio().await.unwrap())
            .iter()
            .map(|row| row.expenditure)
            .sum();
        let mut once: BTreeMap<(String, String), Decimal> = BTreeMap::new();
        for (place, record) in records(&file).into_iter().enumerate() {
            let amount = record[column].replace(',', "");
            let Ok(amount) = amount.parse() else { continue };
            // Repeated rows of UNESCO are one project in several countries; payments of Albania are each their own.
            let id = record
                .get("Project ID")
                .cloned()
                .unwrap_or_else(|| place.to_string());
            once.insert((id, record[column].clone()), amount);
        }
        assert_eq!(found, once.values().sum::<Decimal>(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approved_amounts_of_ramo_23_add_up() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/mexico-ramo23-projects-2015.csv");
    let bytes = std::fs::read(&file).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut expected = (0_u64, Decimal::ZERO);
    for record in reader.byte_records() {
        let record = record.unwrap();
        let amount = std::str::from_utf8(&record[8]).unwrap().replace(',', "");
        expected.0 += 1;
        expected.1 += amount.trim().parse::<Decimal>().unwrap();
    }
    let named = mapping("mexico-ramo23-projects.toml");
    let sniffed = Mapping {
        encoding: None,
        ..named.clone()
    };
    for mapping in [named, sniffed] {
        let store = Store::new().await.unwrap();
        let (report, refused) = imported(&store, &file, Format::Csv, &mapping).await;
        assert_eq!((report.stopped, refused), (None, Vec::new()));
        let portfolio = store.portfolio().await.unwrap();
        let rows = totals(&portfolio);
        let sum = rows.iter().map(|row| row.budget_original).sum::<Decimal>();
        assert_eq!((u64::try_from(rows.len()).unwrap(), sum), expected);
        let first = portfolio.project(&"1 / U128".parse().unwrap()).unwrap();
        let title = &first.approvals.last().unwrap().fact.title;
        assert!(title.starts_with("CONSTRUCCIÓN DE 34 TECHUMBRES"), "{title}");
        let (again, _) = imported(&store, &file, Format::Csv, &mapping).await;
        assert_eq!(
            (again.recorded, again.already_known),
            (0, u64::try_from(rows.len()).unwrap())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budgets_of_macedonia_and_the_rebalance_add_up() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/macedonia-budget-and-rebalance.csv.gz");
    let store = Store::new().await.unwrap();
    let (report, refused) = imported(&store, &file, Format::Csv, &mapping("macedonia-budget.toml")).await;
    assert_eq!((report.stopped, refused), (None, Vec::new()));
    let rows = totals(&store.portfolio().await.unwrap());
    let sum = |figure: fn(&TotalsRow) -> Decimal| rows.iter().map(figure).sum::<Decimal>();
    // 2014 and 2015 as first published; the rebalance of 2014.
    assert_eq!(
        sum(|row| row.budget_original),
        Decimal::from(76_218_172_560_i64 + 58_832_533_192)
    );
    assert_eq!(sum(|row| row.budget_revised), Decimal::from(70_980_834_264_i64));
    let (again, _) = imported(&store, &file, Format::Csv, &mapping("macedonia-budget.toml")).await;
    assert_eq!((again.recorded, again.refused), (0, 0));
}

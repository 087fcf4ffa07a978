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

fn disbursed(project: &karez_projections::Project, until: i32) -> Decimal {
    let last = chrono::NaiveDate::from_ymd_opt(until, 12, 31).unwrap();
    let of_kind = project
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Disbursed);
    of_kind
        .filter(|entry| entry.on <= last)
        .map(|entry| entry.amount)
        .sum()
}

/// The allocation is not published; it follows from the last year's payments and percentage, so that the last year
/// of each of the 104 series says nothing. Totals of funds and of member states are not imported: what the facts add
/// up to is compared with their published percentage.
#[tokio::test(flavor = "multi_thread")]
async fn the_absorption_of_eu_funds_follows_from_the_payments() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/eu-funds-absorption-2007-2013.csv");
    let store = Store::new().await.unwrap();
    imported(&store, &file, Format::Csv, &mapping("eu-funds-absorption.toml")).await;
    let portfolio = store.portfolio().await.unwrap();
    let mut published: BTreeMap<(String, String), BTreeMap<i32, Decimal>> = BTreeMap::new();
    let mut total_paid: BTreeMap<(String, String, i32), Decimal> = BTreeMap::new();
    for record in records(&file) {
        let (state, fund) = (record["Member State"].clone(), record["Fund"].clone());
        let year: i32 = record["Year"].parse().unwrap();
        let percent = record["Absorption (%)"].parse().unwrap();
        total_paid.insert(
            (state.clone(), fund.clone(), year),
            record["Total Paid"].parse().unwrap(),
        );
        published.entry((state, fund)).or_default().insert(year, percent);
    }
    let paid = |state: &str, fund: &str, year: i32| -> Decimal {
        let is_meant = |own: &(String, String)| {
            let whole = own.1 == "TOTAL" || own.0 == "EU28";
            !whole && (state == "EU28" || own.0 == state) && (fund == "TOTAL" || own.1 == fund)
        };
        let parts = published.keys().filter(|own| is_meant(own));
        parts
            .map(|(state, fund)| {
                let project = portfolio.project(&format!("{state} / {fund}").parse().unwrap());
                disbursed(project.unwrap(), year)
            })
            .sum()
    };
    let (mut compared, mut totals_compared) = (0, 0);
    let within = Ratio::of_counts(15, 10_000).unwrap();
    for ((state, fund), percents) in &published {
        let (last_year, last_percent) = percents.last_key_value().unwrap();
        let share = Ratio::of(*last_percent, Decimal::ONE_HUNDRED).unwrap();
        let allocation = Ratio::exact(paid(state, fund, *last_year)).over(&share).unwrap();
        for (year, percent) in percents.iter().filter(|(year, _)| *year < last_year) {
            let rate = Ratio::exact(paid(state, fund, *year)).over(&allocation).unwrap();
            let stated = Ratio::of(*percent, Decimal::ONE_HUNDRED).unwrap();
            assert!(
                is_near(&rate, &stated, &within),
                "{state} {fund} {year}: {percent}"
            );
            compared += 1;
        }
        for year in percents.keys().filter(|_| fund == "TOTAL") {
            let in_year = paid(state, fund, *year) - paid(state, fund, *year - 1);
            let difference = in_year - total_paid[&(state.clone(), fund.clone(), *year)];
            // The total of all member states adds up twenty-eight figures rounded to ten cents.
            let most = if state == "EU28" { "1" } else { "0.5" };
            assert!(
                difference.abs() <= most.parse().unwrap(),
                "{state} {year}: {difference}"
            );
            totals_compared += 1;
        }
    }
    assert_eq!((compared, totals_compared), (832, 261));
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
async fn the_payments_of_the_albanian_treasury_are_read_to_the_last_row() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/albania-treasury-2014.csv");
    let store = Store::new().await.unwrap();
    let (report, refused) = imported(&store, &file, Format::Csv, &mapping("albania-treasury.toml")).await;
    assert_eq!((report.stopped, refused), (None, Vec::new()));
    let rows = totals(&store.portfolio().await.unwrap());
    let found: Decimal = rows.iter().map(|row| row.expenditure).sum();
    let amounts = records(&file).into_iter();
    let expected: Decimal = amounts
        .filter_map(|record| record["Value"].replace(',', "").parse::<Decimal>().ok())
        .sum();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_of_unesco_with_several_budgets_are_ambiguous_and_not_added_up() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/unesco-projects-2024-11-13.csv");
    let figures = ["Project Budget (USD)", "Cumulative Incurred Expenditures (USD)"];
    let mut listed: BTreeMap<String, Vec<[Decimal; 2]>> = BTreeMap::new();
    for record in records(&file) {
        let amount = |column: &str| record[column].replace(',', "").parse().unwrap_or_default();
        listed
            .entry(record["Project ID"].clone())
            .or_default()
            .push(figures.map(amount));
    }
    let is_ambiguous = |rows: &[[Decimal; 2]]| rows.iter().any(|row| *row != rows[0]);
    let ambiguous: Vec<&Vec<[Decimal; 2]>> = listed.values().filter(|rows| is_ambiguous(rows)).collect();
    assert_eq!((listed.len(), ambiguous.len()), (2064, 416));

    let store = Store::new().await.unwrap();
    let mapping = mapping("unesco-projects.toml");
    let (report, refused) = imported(&store, &file, Format::Csv, &mapping).await;
    assert_eq!(report.stopped, None);
    assert!(refused.iter().all(|row| row.code == "ambiguous_key"));
    assert_eq!(
        refused.len(),
        ambiguous.iter().map(|rows| rows.len()).sum::<usize>()
    );
    let kept = store.log.rejections(None, 10_000).await.unwrap();
    assert_eq!(kept.len(), refused.len(), "each with its reason");
    let found = by_project(&store.portfolio().await.unwrap());
    for (project, rows) in &listed {
        let figures = found
            .get(project)
            .map(|row| [row.budget_original, row.expenditure]);
        let expected = (!is_ambiguous(rows)).then_some(rows[0]);
        assert_eq!(figures, expected, "{project}");
    }
    let (again, _) = imported(&store, &file, Format::Csv, &mapping).await;
    assert_eq!(again.recorded, 0);
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
        assert_eq!(report.encoding, Some("windows-1252"));
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

/// Rows of a table that the tests read by themselves: UTF-8, or else ISO-8859-1, where each byte is its letter.
fn decoded(file: &Path, delimiter: u8) -> Vec<BTreeMap<String, String>> {
    let bytes = std::fs::read(file).unwrap();
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut plain).unwrap();
    } else {
        plain = bytes;
    }
    let text = String::from_utf8(plain)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    reader.deserialize().map(|record| record.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_takes_the_place_of_the_budget_it_revises() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/macedonia-budget-and-rebalance.csv.gz");
    let store = Store::new().await.unwrap();
    let (report, refused) = imported(&store, &file, Format::Csv, &mapping("macedonia-budget.toml")).await;
    assert_eq!((report.stopped, refused), (None, Vec::new()));
    // Line by line: the first budget of 2014, its rebalance, the budget of 2015.
    let mut lines: BTreeMap<String, [Option<Decimal>; 3]> = BTreeMap::new();
    let parts = ["Број раздел", "Сметка", "Број потпрограма", "Ставка"];
    let dates = [
        "2014-01-01T00:00:00",
        "2014-09-09T00:00:00",
        "2015-01-01T00:00:00",
    ];
    for record in decoded(&file, b';') {
        let Some(place) = dates
            .iter()
            .position(|date| *date == record["Датум на објавување"])
        else {
            assert!(record.values().all(String::is_empty), "{record:?}");
            continue;
        };
        let line = parts.map(|part| record[part].as_str()).join(" / ");
        let amounts = lines.entry(line).or_default();
        assert!(amounts[place].replace(record["Буџет"].parse().unwrap()).is_none());
    }
    let found = by_project(&store.portfolio().await.unwrap());
    assert_eq!((lines.len(), found.len()), (3790, 3790));
    for (line, [first, rebalance, next]) in lines {
        let row = &found[&line];
        let (first, next) = (first.unwrap_or_default(), next.unwrap_or_default());
        assert_eq!(row.budget_original, first + next, "{line}");
        assert_eq!(row.budget_effective, rebalance.unwrap_or(first) + next, "{line}");
    }
}

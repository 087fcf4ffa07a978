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
use karez::import::run::Target;
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

async fn imported_text(store: &Store, text: &str, mapping: &Mapping) -> (ImportReport, Vec<RefusedRow>) {
    let file = store.folder.path().join("table.csv");
    std::fs::write(&file, text).unwrap();
    imported(store, &file, Format::Csv, mapping).await
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

/// The allocation is not published; it follows from the last year's payments and percentage.
#[tokio::test(flavor = "multi_thread")]
async fn the_absorption_of_eu_funds_follows_from_the_payments() {
    let Some(data) = shared_data() else { return };
    let file = data.join("csv/eu-funds-absorption-2007-2013.csv");
    let store = Store::new().await.unwrap();
    imported(&store, &file, Format::Csv, &mapping("eu-funds-absorption.toml")).await;
    let portfolio = store.portfolio().await.unwrap();
    let mut published: BTreeMap<String, BTreeMap<i32, Decimal>> = BTreeMap::new();
    for record in records(&file) {
        if record["Fund"] == "TOTAL" {
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
    for (project, percents) in &published {
        let project = portfolio.project(&project.parse().unwrap()).unwrap();
        let paid = |year: i32| -> Decimal {
            let last = chrono::NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
            let paid = project
                .entries
                .iter()
                .filter(|entry| entry.kind == EntryKind::Disbursed && entry.on <= last);
            paid.map(|entry| entry.amount).sum()
        };
        let (last_year, last_percent) = percents.last_key_value().unwrap();
        let Some(share) = Ratio::of(*last_percent, Decimal::ONE_HUNDRED) else {
            continue;
        };
        let Some(allocation) = Ratio::exact(paid(*last_year)).over(&share) else {
            continue;
        };
        for (year, percent) in percents {
            let Some(rate) = Ratio::exact(paid(*year)).over(&allocation) else {
                continue;
            };
            let published = Ratio::of(*percent, Decimal::ONE_HUNDRED).unwrap();
            compared += 1;
            near += u32::from(is_near(&rate, &published, &Ratio::of_counts(15, 10_000).unwrap()));
        }
    }
    assert!(compared > 500, "{compared}");
    assert_eq!(near, compared, "within 0.15 points of the published percentage");
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

const PLAIN: &str = "source = \"t\"\n[project]\nid = [\"项目\"]\n[[fact]]\ntype = \"expenditure\"\namount = \"金额\"\ndate = \"日期\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_named_and_the_others_land() {
    let store = Store::new().await.unwrap();
    let text = "日期,金额,项目\n2024-03-01,100.00,P1\n2024-02-30,1.00,P1\n2024-03-02,\"46678,00\",P1\n0000-01-01,1.00,P1\n\
                9999-01-01,1.00,P1\n2024-03-03,NaN,P1\n2024-03-04,1e999,P1\n2024-03-05,0.005,P1\n2024-03-06,7.00,\n";
    let (report, refused) = imported_text(&store, text, &Mapping::parse(PLAIN).unwrap()).await;
    let codes: Vec<&str> = refused.iter().map(|row| row.code.as_str()).collect();
    let expected = [
        "bad_date",
        "bad_amount",
        "bad_date",
        "bad_date",
        "bad_amount",
        "bad_amount",
        "bad_project",
        "wrong_precision",
    ];
    assert_eq!(codes, expected);
    assert!(refused[1].message_zh.contains("第 4 行") && refused[1].message_en.contains("46678,00"));
    assert_eq!(report.read, report.recorded + report.refused);
    let spent: Decimal = totals(&store.portfolio().await.unwrap())
        .iter()
        .map(|row| row.expenditure)
        .sum();
    assert_eq!(spent, Decimal::from(100));
    assert_eq!(store.log.rejections(None, 100).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn exact_repeats_are_separate_facts_and_columns_may_stand_anywhere() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(PLAIN).unwrap();
    let (first, _) = imported_text(
        &store,
        "日期;项目;金额\n2024-03-01;P1;5.00\n2024-03-01;P1;5.00\n",
        &mapping,
    )
    .await;
    assert_eq!(first.recorded, 3);
    let (again, _) = imported_text(
        &store,
        "金额\t日期\t项目\n5.00\t2024-03-01\tP1\n5.00\t2024-03-01\tP1\n",
        &mapping,
    )
    .await;
    assert_eq!((again.recorded, again.already_known), (0, 2));
    let (third, _) = imported_text(&store, "日期,项目\n2024-03-01,P1\n", &mapping).await;
    assert!(
        third.stopped.unwrap().1.contains("金额"),
        "a missing column is named"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_without_a_date_are_the_same_tomorrow() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(&PLAIN.replace("date = \"日期\"\n", "")).unwrap();
    let file = store.folder.path().join("table.csv");
    std::fs::write(&file, "项目,金额\nP1,5.00\nP1,6.00\n").unwrap();
    let on = async |days: u64| {
        let work = async |target: &Target<'_>| {
            let today = target.today - chrono::Days::new(days);
            let target = Target {
                today,
                bytes_read: target.bytes_read.clone(),
                ..*target
            };
            import(&file, Format::Csv, &mapping, &target, &mut |_| {}).await
        };
        store.import(work).await.unwrap()
    };
    assert_eq!(on(2).await.recorded, 3);
    let again = on(0).await;
    assert_eq!((again.recorded, again.refused, again.already_known), (0, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_the_mapping_names_must_be_there_even_if_it_may_be_blank() {
    let store = Store::new().await.unwrap();
    let (report, _) = imported_text(&store, "项目,金额\nP1,5.00\n", &Mapping::parse(PLAIN).unwrap()).await;
    assert!(
        report.stopped.unwrap().1.contains("日期"),
        "an absent date would become today's"
    );
    assert_eq!(report.recorded, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quotation_mark_that_never_ends_does_not_fill_the_memory() {
    let store = Store::new().await.unwrap();
    let text = format!(
        "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,\"P1,6.00\n{}",
        "x,y,z\n".repeat(400_000)
    );
    let (report, _) = imported_text(&store, &text, &Mapping::parse(PLAIN).unwrap()).await;
    let stopped = report.stopped.expect("the row has no end");
    assert!(
        stopped.1.contains("row 3") && stopped.1.contains("quotation"),
        "{}",
        stopped.1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_the_recorder_refuses_is_told_by_its_row() {
    let store = Store::new().await.unwrap();
    let text = "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,P1,0.005\n";
    let (_, refused) = imported_text(&store, text, &Mapping::parse(PLAIN).unwrap()).await;
    let found: Vec<(&str, &str)> = refused
        .iter()
        .map(|row| (row.row.as_str(), row.code.as_str()))
        .collect();
    assert_eq!(found, [("row 3", "wrong_precision")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_is_known_already() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(PLAIN).unwrap();
    imported_text(&store, "日期,项目,金额\n2024-03-01,P1,5.00\n", &mapping).await;
    let file = store.folder.path().join("more.csv");
    std::fs::write(&file, "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,P1,7.00\n").unwrap();
    let work = async |target: &Target<'_>| {
        let target = Target {
            is_dry_run: true,
            bytes_read: target.bytes_read.clone(),
            ..*target
        };
        import(&file, Format::Csv, &mapping, &target, &mut |_| {}).await
    };
    let report = store.import(work).await.unwrap();
    assert_eq!((report.recorded, report.already_known), (1, 1));
}

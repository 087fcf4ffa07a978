//! Every published file we have, against totals computed by an independent program (`iati_totals.py`, exact decimals).

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{
    Activity, ActivityDateKind, ActivityReader, Budget, BudgetKind, Header, Limits, Transaction,
    TransactionType, Value,
};

/// The columns of the oracle that follow from what the reader returns; rates are left to the measures.
const COLUMNS: [&str; 36] = [
    "activity_index",
    "iati_identifier",
    "reporting_org",
    "status",
    "currency",
    "n_budget",
    "n_budget_orig",
    "n_budget_rev",
    "budget_all",
    "budget_original",
    "budget_revised",
    "budget_effective",
    "n_planned_disb",
    "planned_disbursement",
    "n_incoming",
    "incoming",
    "n_commitment",
    "commitment",
    "n_disbursement",
    "disbursement",
    "n_expenditure",
    "expenditure",
    "n_other",
    "spend",
    "planned_start",
    "actual_start",
    "planned_end",
    "actual_end",
    "first_spend",
    "last_spend",
    "n_prestart",
    "n_postend",
    "n_negative_spend",
    "n_zero_spend",
    "n_undated",
    "as_of",
];

type Row = HashMap<&'static str, String>;

fn shared_data() -> Option<PathBuf> {
    let stated = std::env::var_os("KAREZ_SHARED_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    stated
        .or(Some(beside))
        .filter(|path| path.join("visible/oracle").is_dir())
}

#[test]
fn every_published_file_has_the_totals_of_the_independent_program() {
    let Some(data) = shared_data() else {
        eprintln!(
            "skipped: no shared data; set KAREZ_SHARED_DATA to the directory that holds visible/oracle"
        );
        return;
    };
    let mut files = 0;
    let mut rows = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(data.join("visible/oracle")).unwrap() {
        let oracle = entry.unwrap().path();
        let name = oracle.file_name().unwrap().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".totals.csv") else {
            continue;
        };
        let got = totals_of(&data.join(format!("visible/iati/{stem}.xml")));
        let want = rows_of(&oracle);
        files += 1;
        rows += want.len();
        wrong.extend(differences(stem, &got, &want));
    }
    assert!(files > 0, "no totals in {}", data.display());
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    eprintln!("{files} files, {rows} rows, {} columns agree", COLUMNS.len());
}

fn differences(stem: &str, got: &[Row], want: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    if got.len() != want.len() {
        wrong.push(format!(
            "{stem}: {} rows, the oracle has {}",
            got.len(),
            want.len()
        ));
    }
    for (got, want) in got.iter().zip(want) {
        for column in COLUMNS {
            if got[column] != want[column] {
                let id = &want["iati_identifier"];
                wrong.push(format!(
                    "{stem} {id} {column}: {:?}, the oracle has {:?}",
                    got[column], want[column]
                ));
            }
        }
    }
    wrong
}

fn rows_of(oracle: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(oracle).unwrap();
    let rows = reader.deserialize::<HashMap<String, String>>();
    rows.map(|row| {
        let mut row = row.unwrap();
        COLUMNS
            .iter()
            .map(|column| (*column, row.remove(*column).unwrap()))
            .collect()
    })
    .collect()
}

fn totals_of(path: &Path) -> Vec<Row> {
    let mut reader = ActivityReader::open(File::open(path).unwrap(), Limits::default()).unwrap();
    let mut rows = Vec::new();
    while let Some(activity) = reader.next() {
        let activity = activity.unwrap();
        let currencies = currencies(&activity);
        rows.extend(
            currencies
                .iter()
                .map(|currency| row(&activity, currency, reader.header())),
        );
    }
    rows
}

/// The currencies of an activity in the order in which the oracle meets them.
fn currencies(activity: &Activity) -> Vec<String> {
    let mut seen = Vec::new();
    let budgets = activity.budgets.iter().map(|budget| &budget.value);
    let planned = activity
        .planned_disbursements
        .iter()
        .map(|planned| &planned.value);
    let transactions = activity.transactions.iter().map(|transaction| &transaction.value);
    for value in budgets.chain(planned).chain(transactions).flatten() {
        let currency = value.currency.clone().unwrap_or_default();
        if !seen.contains(&currency) {
            seen.push(currency);
        }
    }
    if seen.is_empty() {
        seen.push(activity.default_currency.clone().unwrap_or_default());
    }
    seen
}

fn amount_in(value: Option<&Value>, currency: &str) -> Option<Decimal> {
    value
        .filter(|value| value.currency.as_deref().unwrap_or_default() == currency)
        .map(|value| value.amount)
}

fn row(activity: &Activity, currency: &str, header: &Header) -> Row {
    let date = |kind| activity.date_of(kind);
    let mut row = budget_columns(activity, currency);
    row.extend(transaction_columns(activity, currency));
    row.extend([
        ("activity_index", activity.index.to_string()),
        ("iati_identifier", activity.identifier.clone().unwrap_or_default()),
        (
            "reporting_org",
            activity
                .reporting_org
                .as_ref()
                .and_then(|org| org.reference.clone())
                .unwrap_or_default(),
        ),
        ("status", activity.status_code.clone().unwrap_or_default()),
        ("currency", currency.to_owned()),
        ("planned_start", day(date(ActivityDateKind::PlannedStart))),
        ("actual_start", day(date(ActivityDateKind::ActualStart))),
        ("planned_end", day(date(ActivityDateKind::PlannedEnd))),
        ("actual_end", day(date(ActivityDateKind::ActualEnd))),
        ("as_of", day(header.generated_on)),
    ]);
    row
}

fn budget_columns(activity: &Activity, currency: &str) -> Row {
    let budgets: Vec<(&Budget, Decimal)> = activity
        .budgets
        .iter()
        .filter_map(|b| Some((b, amount_in(b.value.as_ref(), currency)?)))
        .collect();
    let of = |kind| budgets.iter().filter(move |(budget, _)| budget.kind == kind);
    let original: Decimal = of(BudgetKind::Original).map(|(_, amount)| *amount).sum();
    let revised: Decimal = of(BudgetKind::Revised).map(|(_, amount)| *amount).sum();
    let untouched: Decimal = of(BudgetKind::Original)
        .filter(|(budget, _)| !of(BudgetKind::Revised).any(|(later, _)| overlap(budget, later)))
        .map(|(_, amount)| *amount)
        .sum();
    let planned: Vec<Decimal> = activity
        .planned_disbursements
        .iter()
        .filter_map(|planned| amount_in(planned.value.as_ref(), currency))
        .collect();
    Row::from([
        ("n_budget", budgets.len().to_string()),
        ("n_budget_orig", of(BudgetKind::Original).count().to_string()),
        ("n_budget_rev", of(BudgetKind::Revised).count().to_string()),
        ("budget_all", plain(original + revised)),
        ("budget_original", plain(original)),
        ("budget_revised", plain(revised)),
        ("budget_effective", plain(revised + untouched)),
        ("n_planned_disb", planned.len().to_string()),
        ("planned_disbursement", plain(planned.iter().sum())),
    ])
}

fn overlap(one: &Budget, other: &Budget) -> bool {
    let days = |budget: &Budget| budget.period_start_on.zip(budget.period_end_on);
    matches!((days(one), days(other)), (Some((a0, a1)), Some((b0, b1))) if b0 <= a1 && a0 <= b1)
}

fn transaction_columns(activity: &Activity, currency: &str) -> Row {
    let all: Vec<(&Transaction, Decimal)> = activity
        .transactions
        .iter()
        .filter_map(|t| Some((t, amount_in(t.value.as_ref(), currency)?)))
        .collect();
    let mut row = Row::new();
    let mut others = all.len();
    for (kind, count_column, sum_column) in [
        (TransactionType::IncomingFunds, "n_incoming", "incoming"),
        (TransactionType::Commitment, "n_commitment", "commitment"),
        (TransactionType::Disbursement, "n_disbursement", "disbursement"),
        (TransactionType::Expenditure, "n_expenditure", "expenditure"),
    ] {
        let of_kind = all.iter().filter(|(t, _)| t.kind == Some(kind));
        let amounts: Vec<Decimal> = of_kind.map(|(_, amount)| *amount).collect();
        others -= amounts.len();
        row.insert(count_column, amounts.len().to_string());
        row.insert(sum_column, plain(amounts.iter().sum()));
    }
    let undated = all.iter().filter(|(t, _)| t.dated_on.is_none()).count();
    row.insert("n_other", others.to_string());
    row.insert("n_undated", undated.to_string());
    row.extend(spend_columns(activity, &all));
    row
}

/// Disbursements and expenditures; those of exactly zero have no say in the dates.
fn spend_columns(activity: &Activity, all: &[(&Transaction, Decimal)]) -> Row {
    let spending = [
        Some(TransactionType::Disbursement),
        Some(TransactionType::Expenditure),
    ];
    let spend = || all.iter().filter(|(t, _)| spending.contains(&t.kind));
    let amounts: Vec<Decimal> = spend().map(|(_, amount)| *amount).collect();
    let dated = spend().filter(|(_, amount)| !amount.is_zero());
    let days: Vec<NaiveDate> = dated.filter_map(|(t, _)| t.dated_on).collect();
    let start = activity
        .date_of(ActivityDateKind::ActualStart)
        .or_else(|| activity.date_of(ActivityDateKind::PlannedStart));
    let end = activity.date_of(ActivityDateKind::ActualEnd);
    let before = days.iter().filter(|on| start.is_some_and(|start| **on < start));
    let after = days.iter().filter(|on| end.is_some_and(|end| **on > end));
    let negative = amounts.iter().filter(|amount| **amount < Decimal::ZERO);
    let zero = amounts.iter().filter(|amount| amount.is_zero());
    Row::from([
        ("spend", plain(amounts.iter().sum())),
        ("first_spend", day(days.iter().min().copied())),
        ("last_spend", day(days.iter().max().copied())),
        ("n_prestart", before.count().to_string()),
        ("n_postend", after.count().to_string()),
        ("n_negative_spend", negative.count().to_string()),
        ("n_zero_spend", zero.count().to_string()),
    ])
}

/// The oracle's way of writing a number: no exponent, no trailing zeros, no negative zero.
fn plain(amount: Decimal) -> String {
    let text = amount.to_string();
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if matches!(text, "-0" | "") {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn day(on: Option<NaiveDate>) -> String {
    on.map(|on| on.to_string()).unwrap_or_default()
}

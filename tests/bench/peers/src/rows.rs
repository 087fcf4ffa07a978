//! The rows: postings as karez takes them, one submission a line.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use anyhow::{Context, Result, ensure};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// One posting.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    #[serde(rename = "event_id")]
    pub id: Uuid,
    stream: String,
    #[serde(flatten)]
    pub fact: Fact,
}

/// What is stored of it, by every store alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub r#type: String,
    pub occurred_on: String,
    pub data: Value,
    pub metadata: HashMap<String, String>,
}

impl Row {
    pub fn project(&self) -> &str {
        self.stream.trim_start_matches("project/")
    }
}

/// What was spent by project, exactly.
#[derive(Debug, Default)]
pub struct Totals {
    pub rows: usize,
    spent: BTreeMap<String, Decimal>,
}

impl Totals {
    pub fn add(&mut self, project: &str, data: &Value) -> Result<()> {
        let amount = data
            .get("amount")
            .and_then(Value::as_str)
            .context("a row without an amount")?;
        let amount: Decimal = amount.parse()?;
        self.rows += 1;
        match self.spent.get_mut(project) {
            Some(spent) => *spent += amount,
            None => drop(self.spent.insert(project.to_owned(), amount)),
        }
        Ok(())
    }

    pub fn sum(&self) -> Decimal {
        self.spent.values().sum()
    }
}

/// Which rows are appended how.
pub struct Parts<'a> {
    pub one: &'a [Row],
    pub many: &'a [Row],
    pub batches: &'a [Row],
}

impl<'a> Parts<'a> {
    pub fn of(rows: &'a [Row], one: usize, many: usize) -> Result<Self> {
        ensure!(
            one > 0 && many > 0 && rows.len() > one + many,
            "there are {} rows only",
            rows.len()
        );
        let (one, others) = rows.split_at(one);
        let (many, batches) = others.split_at(many);
        Ok(Self { one, many, batches })
    }
}

pub fn read(path: &str) -> Result<Vec<Row>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    let rows = text.lines().map(serde_json::from_str::<Row>);
    let rows: Vec<Row> = rows
        .collect::<Result<_, _>>()
        .with_context(|| format!("reading {path}"))?;
    Ok(rows
        .into_iter()
        .filter(|row| row.fact.r#type == "expenditure_recorded")
        .collect())
}

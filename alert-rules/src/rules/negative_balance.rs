//! # DQ-01 负余额 Negative balance
//!
//! ## What it finds
//! Books that cannot be right: more refunded on a line (a source and a category) than was ever spent on it (yellow), more spent
//! from one source than arrived from it (orange), more spent from all sources together than arrived from all (red).
//!
//! ## Why it is a risk
//! Money that is not there cannot be spent: a posting is missing, doubled, or stands in the wrong line, and every rate above
//! it is wrong as well.
//!
//! ## Worked example
//! 300,000 yuan of fiscal money and 50,000 of own money arrive. 310,000 of fiscal money are spent: U = −10,000 of that
//! source, 40,000 of all: orange. Another 60,000 are spent: red, until the missing arrival is posted. Scenario:
//! `fires_by_line_source_and_project`.
//!
//! ## Thresholds
//! None: below zero is below zero. Fiscal money, this year's and carried over, is one source; what was paid over counts as
//! arrived where the unit has confirmed less. A source of which no arrival was ever posted is judged only where it is fiscal:
//! own money is often booked without one (MF-02).
//!
//! ## What it leaves out
//! Of projects published by others all but lines: few publish what arrives. Of awards and reimbursements, where the unit
//! spends first, the same. Other currencies than that of the account: what arrived in one may be spent in another.
//!
//! ## Source
//! The internal control standards on books that tie with what is there (内部控制规范); this system's own rule.

use std::collections::BTreeMap;

use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_projections::Entry;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh};

/// DQ-01 has no thresholds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NegativeBalance {}

impl Rule for NegativeBalance {
    fn about(&self) -> About<'_> {
        About {
            name: "negative_balance",
            code: "DQ-01",
            zh: "负余额",
            en: "Negative balance",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("negative_balance.rs"),
            manual_zh: include_str!("zh/negative_balance.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let has_balances = case.is_main_currency() && !case.is_published() && !case.is_exempt();
        let of_balances = has_balances.then(|| below_zero(case)).flatten();
        Outcome::of(of_balances.or_else(|| negative_line(case)))
    }
}

/// What one source has left, and its names.
type Balance = (&'static str, &'static str, Decimal);

/// The name of the balance that a source belongs to.
fn name_of(source: FundSource) -> &'static str {
    match source {
        FundSource::FiscalCurrent | FundSource::FiscalCarryover => "fiscal money",
        FundSource::SelfRaised => "own money",
        FundSource::Matching | FundSource::Other => "other money",
    }
}

/// U of every source of which money arrived, and of fiscal money in any case.
fn balances(case: &Case<'_>) -> [Option<Balance>; 3] {
    let amounts = &case.measures.amounts;
    let less = |from: Decimal, parts: &[Decimal]| {
        let left = |left: Decimal, part: &Decimal| left.saturating_sub(*part);
        parts.iter().fold(from, left)
    };
    let arrived_of_others = less(amounts.arrived, &[amounts.arrived_fiscal]);
    let paid_over = less(amounts.disbursed, &[arrived_of_others]);
    let fiscal = less(
        amounts.arrived_fiscal.max(paid_over),
        &[amounts.spent_fiscal, amounts.taken_back_fiscal],
    );
    let own = amounts.self_raised_arrived;
    let others = less(arrived_of_others.saturating_add(amounts.matching_arrived), &[own]);
    let spent_of_others = less(amounts.spent, &[amounts.spent_fiscal, amounts.spent_self_raised]);
    let taken_back = amounts.returned.saturating_add(amounts.recovered);
    let taken_back = less(taken_back, &[amounts.taken_back_fiscal]);
    let where_arrived = |arrived: Decimal, balance: Balance| (!arrived.is_zero()).then_some(balance);
    [
        Some(("财政资金", "fiscal money", fiscal)),
        where_arrived(
            own,
            ("自筹资金", "own money", less(own, &[amounts.spent_self_raised])),
        ),
        where_arrived(
            others,
            (
                "其他资金",
                "other money",
                less(others, &[spent_of_others, taken_back]),
            ),
        ),
    ]
}

/// A source, or all together, of which more was spent than arrived.
fn below_zero(case: &Case<'_>) -> Option<Finding> {
    let balances = balances(case);
    let known = || balances.iter().flatten();
    let (zh, en, worst) = known().min_by_key(|(_, _, balance)| *balance).copied()?;
    if worst >= Decimal::ZERO {
        return None;
    }
    let whole = known().fold(Decimal::ZERO, |sum, (_, _, balance)| sum.saturating_add(*balance));
    let (level, zh, en, balance) = if whole < Decimal::ZERO {
        (Level::Red, "项目", "all sources", whole)
    } else {
        (Level::Orange, zh, en, worst)
    };
    let currency = case.currency();
    let mut evidence = evidence(format!("U({en}) = {balance} < 0"), "–/E_c < 0/U_s < 0/U < 0");
    for (_, name, balance) in known() {
        evidence = evidence.figure(&format!("balance of {name}"), balance.normalize());
    }
    let is_of_it = |entry: &&Entry| level == Level::Red || name_of(entry.source) == en;
    let last: Vec<&Entry> = case.spending().rev().filter(is_of_it).take(5).collect();
    Some(Finding::new(
        Judged::at(level),
        format!("{zh}支出大于到位，余额{}", money_zh(balance, currency)),
        format!(
            "more was spent than arrived: {en} at {}",
            money_en(balance, currency)
        ),
        evidence.facts(last.into_iter().rev()),
    ))
}

/// A line on which more came back than was spent.
fn negative_line(case: &Case<'_>) -> Option<Finding> {
    let came_back = |entry: &Entry| entry.amount < Decimal::ZERO;
    case.spending().find(|entry| came_back(entry))?;
    let mut lines: BTreeMap<(FundSource, Option<&str>), Decimal> = BTreeMap::new();
    for entry in case.spending() {
        let line = lines.entry(line_of(entry)).or_default();
        *line = line.saturating_add(entry.amount);
    }
    let (worst, net) = lines.into_iter().min_by_key(|(_, net)| *net)?;
    if net >= Decimal::ZERO {
        return None;
    }
    let currency = case.currency();
    let name = worst.1.unwrap_or("—");
    let facts: Vec<&Entry> = case
        .spending()
        .filter(|entry| line_of(entry) == worst && came_back(entry))
        .collect();
    let finding = Finding::new(
        Judged::at(Level::Yellow),
        format!("科目“{name}”累计支出为负：{}", money_zh(net, currency)),
        format!(
            "more came back on line {name:?} than was spent on it: {}",
            money_en(net, currency)
        ),
        evidence(
            format!("E({}, {name}) = {net} < 0", worst.0.as_str()),
            "–/E_c < 0/U_s < 0/U < 0",
        )
        .facts(facts),
    );
    Some(finding)
}

/// A line of the whole life: carried-over fiscal money stands with the year's.
fn line_of(entry: &Entry) -> (FundSource, Option<&str>) {
    let source = if entry.source.is_fiscal() {
        FundSource::FiscalCurrent
    } else {
        entry.source
    };
    (source, entry.wording().category)
}

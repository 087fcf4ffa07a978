//! # DQ-03 凭证要素缺失 Missing fields
//!
//! ## What it finds
//! The share of mandatory fields that are missing: the invoice (发票号) of a purchase, the period of service (所属期) of wages
//! and travel, the category (科目) of every voucher, and the budget of every arrival (A = 0). From 2 % blue, 5 % yellow, 10 %
//! orange, 20 % red. Of a project published by others: the date and the currency of every payment.
//!
//! ## Why it is a risk
//! What is missing decides other rules: without the period of service nobody can say whether a wage lies before the start,
//! without the invoice number whether it was paid twice.
//!
//! ## Worked example
//! Twenty vouchers for material need an invoice and a category each: 40 fields. One has no invoice: 2.50 %, blue. A wage
//! without a period and an arrival without a budget follow: 3 of 43, 6.98 %, yellow. Scenario:
//! `fires_by_share_of_the_fields`.
//!
//! ## Thresholds
//! `levels` in percent; `without_invoice_words`: costs named by one of these need no invoice; `with_period_words`: costs named
//! by one of these need a period. Words are looked for in category, old category, purpose and labels.
//!
//! ## What it leaves out
//! Categories under 包干制, reversed vouchers, and a category that a reclassification has filled in since. An approval that
//! states an amount is a budget.
//!
//! ## Source
//! The internal control standards on complete vouchers (内部控制规范); the percentages are defaults of this system.

use std::collections::BTreeSet;

use karez_events::{Currency, Ratio};
use karez_projections::{Entry, EntryKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::word_list::WordList;
use crate::words::percent;

/// So many of the vouchers with something missing are named.
const NAMED: usize = 20;

/// Thresholds of DQ-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MissingFields {
    /// Shares of the mandatory fields, in percent.
    pub levels: Bands,
    /// Costs named so need no invoice.
    pub without_invoice_words: WordList,
    /// Costs named so need a period of service.
    pub with_period_words: WordList,
}

impl Default for MissingFields {
    fn default() -> Self {
        Self {
            levels: Bands::whole([2, 5, 10, 20]),
            without_invoice_words: WordList::new(&[
                "工资",
                "薪酬",
                "劳务",
                "咨询",
                "差旅",
                "间接",
                "管理费",
                "绩效",
                "奖励",
                "salary",
                "wage",
                "labour",
                "travel",
                "indirect",
            ]),
            with_period_words: WordList::new(&[
                "工资", "薪酬", "差旅", "住宿", "salary", "wage", "travel", "lodging",
            ]),
        }
    }
}

impl Rule for MissingFields {
    fn about(&self) -> About<'_> {
        About {
            name: "missing_fields",
            code: "DQ-03",
            zh: "凭证要素缺失",
            en: "Missing fields",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("missing_fields.rs"),
            manual_zh: include_str!("zh/missing_fields.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let mut count = Count::default();
        if case.is_published() {
            count.payments(case);
        } else {
            self.vouchers(case, &mut count);
            count.arrivals(case);
        }
        Outcome::of(self.finding(&count))
    }
}

/// Mandatory fields, and which of them are missing.
#[derive(Default)]
struct Count<'a> {
    wanted: i64,
    missing: i64,
    of: [(&'static str, &'static str, i64); 4],
    entries: Vec<&'a Entry>,
}

/// A mandatory field.
#[derive(Clone, Copy)]
enum Field {
    /// 发票号; of published payments the date.
    Paper,
    /// 所属期.
    Period,
    /// 科目; of published payments the currency.
    Line,
    /// 预算.
    Budget,
}

impl<'a> Count<'a> {
    fn field(
        &mut self,
        entry: &'a Entry,
        (field, zh, en): (Field, &'static str, &'static str),
        is_there: bool,
    ) {
        self.wanted += 1;
        if is_there {
            return;
        }
        self.missing += 1;
        let of = match field {
            Field::Paper => &mut self.of[0],
            Field::Period => &mut self.of[1],
            Field::Line => &mut self.of[2],
            Field::Budget => &mut self.of[3],
        };
        *of = (zh, en, of.2 + 1);
        if self
            .entries
            .last()
            .is_none_or(|last| last.position != entry.position)
        {
            self.entries.push(entry);
        }
    }

    /// Date and currency of what others published.
    fn payments(&mut self, case: &Case<'a>) {
        let has_currency = case.currency() != Currency::UNSTATED;
        let is_payment = |kind| {
            matches!(
                kind,
                EntryKind::Disbursed | EntryKind::PassedOn | EntryKind::Spent | EntryKind::Arrived
            )
        };
        for entry in case.entries().filter(|entry| is_payment(entry.kind)) {
            self.field(entry, (Field::Paper, "日期", "dates"), !entry.undated);
            self.field(entry, (Field::Line, "币种", "currencies"), has_currency);
        }
    }

    /// A budget for what arrives.
    fn arrivals(&mut self, case: &Case<'a>) {
        let amounts = &case.measures.amounts;
        let has_amount = case.approval().is_some_and(|approval| approval.amount.is_some());
        let has_budget = has_amount || !amounts.adjusted_budget.is_zero() || !amounts.life_budget.is_zero();
        for entry in case.entries().filter(|entry| entry.kind == EntryKind::Arrived) {
            self.field(entry, (Field::Budget, "预算", "budgets"), has_budget);
        }
    }
}

impl MissingFields {
    /// Invoice, period and category of the vouchers.
    fn vouchers<'a>(&self, case: &Case<'a>, count: &mut Count<'a>) {
        let is_lump_sum = case.approval().is_some_and(|approval| approval.lump_sum);
        let moved = |kind: EntryKind| case.spending().filter(move |entry| entry.kind == kind);
        let reversed: BTreeSet<Uuid> = moved(EntryKind::Reversed)
            .filter_map(|entry| entry.seldom.corrects)
            .collect();
        let filled: BTreeSet<Uuid> = moved(EntryKind::Reclassified)
            .filter(|entry| entry.wording().category.is_some())
            .filter_map(|entry| entry.seldom.corrects)
            .collect();
        let vouchers = case.spending().filter(|entry| entry.kind == EntryKind::Spent);
        for entry in vouchers.filter(|entry| !reversed.contains(&entry.event_id)) {
            if !self.without_invoice_words.is_about(entry) {
                let has_invoice = entry.wording().invoice_no.is_some();
                count.field(entry, (Field::Paper, "发票号", "invoices"), has_invoice);
            }
            if self.with_period_words.is_about(entry) {
                count.field(
                    entry,
                    (Field::Period, "费用所属期", "service periods"),
                    entry.seldom.service.is_some(),
                );
            }
            if !is_lump_sum {
                let has_category = entry.wording().category.is_some() || filled.contains(&entry.event_id);
                count.field(entry, (Field::Line, "科目", "categories"), has_category);
            }
        }
    }

    fn finding(&self, count: &Count<'_>) -> Option<Finding> {
        if count.missing == 0 {
            return None;
        }
        let share = Ratio::of_counts(count.missing, count.wanted)?;
        let judged = self.levels.from(&share.times(&Ratio::whole(100)), Margin::None);
        let missing = || count.of.iter().filter(|(_, _, number)| *number > 0);
        let listed_zh: Vec<String> = missing()
            .map(|(zh, _, number)| format!("{zh}{number}项"))
            .collect();
        let listed_en: Vec<String> = missing()
            .map(|(_, en, number)| format!("{number} {en}"))
            .collect();
        let share = percent(&share);
        let formula = format!("{} / {} = {share}", count.missing, count.wanted);
        let mut evidence = banded(formula, self.levels, "%");
        for (_, en, number) in missing() {
            evidence = evidence.figure(&format!("missing {en}"), number);
        }
        Some(Finding::new(
            judged,
            format!(
                "必填要素{}项中缺{}项（{}），占{share}，请补录",
                count.wanted,
                count.missing,
                listed_zh.join("、")
            ),
            format!(
                "{} of {} mandatory fields are missing ({}), {share}: fill them in",
                count.missing,
                count.wanted,
                listed_en.join(", ")
            ),
            evidence.facts(count.entries.iter().rev().take(NAMED).rev().copied()),
        ))
    }
}

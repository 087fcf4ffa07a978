//! # PS-03 置换冲抵 Swapped into fiscal money
//!
//! ## What it finds
//! A cost of the time before the start that was paid from own money and is later borne by fiscal money: moved by a
//! reclassification, or taken out of the one and put into the other under the same voucher, invoice or document (red), or with
//! only payee and amount alike (orange), within 90 days and 1 % of the amount.
//!
//! ## Why it is a risk
//! "For the time being paid by the unit itself" (暂由自筹) ends here: the state pays for what lay before its own start.
//!
//! ## Worked example
//! S = 2024-06-01. Wages of February to May, 12,000 each, were paid from own money; on 07-10 the unit moves 48,000 into fiscal
//! money: red. 60 pre-study days approved on 07-15 cover what lies after 04-02: February, March and one day of April remain,
//! 24,400, and it stays red until that is reversed.
//!
//! ## Thresholds
//! `within_days` between the two postings; `tolerance_percent` of the amount.
//!
//! ## What it leaves out
//! Moves of costs that are eligible or covered by an approval; moves that were reversed again.
//!
//! ## Source
//! domain.md §4.3; 预算法 57 and 处罚处分条例 6 on the use of fiscal money, whose wording is for others to apply.

use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_projections::measures::cost_before;
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::self_funded_before_start::sum;
use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh};

/// Thresholds of PS-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwappedIntoFiscal {
    /// The two postings are no further apart than this.
    pub within_days: i64,
    /// Their amounts differ by no more than this, in percent.
    pub tolerance_percent: Decimal,
}

impl Default for SwappedIntoFiscal {
    fn default() -> Self {
        Self {
            within_days: 90,
            tolerance_percent: Decimal::ONE,
        }
    }
}

impl Rule for SwappedIntoFiscal {
    fn about(&self) -> &'static About {
        &About {
            name: "swapped_into_fiscal",
            code: "PS-03",
            zh: "置换冲抵",
            en: "Swapped into fiscal money",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("swapped_into_fiscal.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        let certain = swaps(case);
        let mut judged = Judged::at(Level::Red);
        let mut found = certain;
        if found.is_empty() {
            (judged, found) = match self.pairs(case) {
                (true, pairs) => (Judged::at(Level::Red), pairs),
                (false, pairs) => (Judged::at(Level::Orange), pairs),
            };
        }
        let total = sum(&found);
        if total <= Decimal::ZERO {
            return Outcome::QUIET;
        }
        let currency = case.currency();
        let limit = case.measures.pre_start.covered_from();
        let evidence = evidence(
            format!(
                "Σ moved from own to fiscal money, of services before {} = {total}",
                limit.unwrap_or(case.as_of)
            ),
            format!("> 0; {} d, {} %", self.within_days, self.tolerance_percent),
            "domain.md §4.3",
        );
        Outcome::of(Some(Finding::new(
            judged,
            format!("启动前自筹支出{}改由财政资金列支", money_zh(total, currency)),
            format!(
                "{} of own-money costs before the start was moved into fiscal money",
                money_en(total, currency)
            ),
            evidence.facts(found.iter().map(|(entry, _)| *entry)),
        )))
    }
}

/// What was reclassified from own into fiscal money of the time before the start, net of reversals, by posting.
pub(super) fn swaps<'a>(case: &Case<'a>) -> Vec<(&'a Entry, Decimal)> {
    let Some(limit) = case.measures.pre_start.covered_from() else {
        return Vec::new();
    };
    let currency = case.currency();
    let moved: Vec<&Entry> = case
        .spending()
        .filter(|entry| {
            matches!(
                entry.kind,
                EntryKind::Reclassified | EntryKind::Reversed | EntryKind::Refunded
            )
        })
        .filter(|entry| entry.source.is_fiscal())
        .collect();
    if moved.is_empty() {
        return Vec::new();
    }
    let is_own = |entry: &&Entry| {
        let posting = entry.corrects.and_then(|posting| case.project.entry(posting));
        posting.is_some_and(|posting| posting.source == FundSource::SelfRaised)
    };
    let of_own = moved.into_iter().filter(is_own);
    let parts: Vec<(&Entry, Decimal)> = of_own
        .map(|entry| (entry, cost_before(entry, limit, currency)))
        .filter(|(_, before)| !before.is_zero())
        .collect();
    if sum(&parts) > Decimal::ZERO {
        parts
    } else {
        Vec::new()
    }
}

impl SwappedIntoFiscal {
    /// Out of own money and into fiscal money by two postings; whether a voucher, invoice or document ties them.
    fn pairs<'a>(&self, case: &Case<'a>) -> (bool, Vec<(&'a Entry, Decimal)>) {
        let Some(limit) = case.measures.pre_start.covered_from() else {
            return (false, Vec::new());
        };
        let currency = case.currency();
        let outs: Vec<&Entry> = case
            .spending()
            .filter(|entry| entry.source == FundSource::SelfRaised && entry.amount < Decimal::ZERO)
            .filter(|entry| entry.kind != EntryKind::Reclassified)
            .collect();
        if outs.is_empty() {
            return (false, Vec::new());
        }
        let mut is_tied = false;
        let mut found = Vec::new();
        let ins = case.spending().filter(|entry| {
            entry.kind == EntryKind::Spent
                && entry.source.is_fiscal()
                && !entry.is_reversed
                && entry.amount > Decimal::ZERO
        });
        for into in ins {
            let before = cost_before(into, limit, currency);
            if before.is_zero() {
                continue;
            }
            let alike = outs.iter().filter(|out| self.is_alike(out, into));
            let ties: Vec<bool> = alike.filter_map(|out| tie(out, into)).collect();
            if !ties.is_empty() {
                is_tied |= ties.contains(&true);
                found.push((into, before));
            }
        }
        (is_tied, found)
    }

    fn is_alike(&self, out: &Entry, into: &Entry) -> bool {
        let apart = (out.amount.abs() - into.amount).abs();
        (out.on - into.on).num_days().abs() <= self.within_days
            && apart * Decimal::ONE_HUNDRED <= self.tolerance_percent * into.amount
    }
}

/// `Some(true)` where voucher, invoice or document are the same, `Some(false)` where only the payee is.
fn tie(out: &Entry, into: &Entry) -> Option<bool> {
    let same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
    if same(out.reference.as_deref(), into.reference.as_deref()) {
        return Some(true);
    }
    let (out, into) = (out.voucher.as_deref()?, into.voucher.as_deref()?);
    let is_document = same(out.invoice_no.as_deref(), into.invoice_no.as_deref())
        || same(out.document_sha256.as_deref(), into.document_sha256.as_deref());
    if is_document {
        return Some(true);
    }
    same(out.payee.as_deref(), into.payee.as_deref()).then_some(false)
}

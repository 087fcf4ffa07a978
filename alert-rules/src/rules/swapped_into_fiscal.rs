//! # PS-03 置换冲抵 Swapped into fiscal money
//!
//! ## What it finds
//! A cost of the time before the start that was paid from own money and is later borne by fiscal money: moved by a
//! reclassification, or taken out of the one and put into the other under the same voucher, invoice or document (red), or with
//! only payee and amount alike (orange), within 90 days and 1 % of the amount. Under the same paper several postings are
//! compared by their sums as well.
//!
//! ## Why it is a risk
//! "For the time being paid by the unit itself" (暂由自筹) ends here: the state pays for what lay before its own start.
//!
//! ## Worked example
//! S = 2024-06-01. Wages of February to May, 12,000 each, were paid from own money; on 07-10 the unit moves 48,000 into
//! fiscal money: red. 60 pre-study days approved on 07-15 cover what lies after 04-02, 23,600: February, March and one day
//! of April remain, 24,400, and it stays red until that is reversed. Scenario: `fires_red_until_reversed`.
//!
//! ## Thresholds
//! `within_days` between the two postings; `tolerance_percent` of the amount.
//!
//! ## What it leaves out
//! Moves of costs that are eligible or covered by an approval up to its cap; moves that were reversed again; costs inside a
//! suspension; awards and reimbursements, applications, and projects published by others. The day of service is that of the
//! cost taken out, whatever period the new posting states; where neither states one, that of the original under the same
//! paper.
//!
//! ## Source
//! Budget Law, article 57 (预算法); the regulation on penalties for fiscal violations, article 6 (财政违法行为处罚处分条例), whose
//! application is for others to decide.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_projections::project::{Rare, Seldom};
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bands::Judged;
use crate::case::Case;
use crate::pre_start_costs::{
    Part, in_state, is_judged_at_all, is_own, rounded_sum, with_approvals, with_parts,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh};

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
    fn about(&self) -> About<'_> {
        About {
            name: "swapped_into_fiscal",
            code: "PS-03",
            zh: "置换冲抵",
            en: "Swapped into fiscal money",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 2,
            source_text: include_str!("swapped_into_fiscal.rs"),
            manual_zh: include_str!("zh/swapped_into_fiscal.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !is_judged_at_all(case) {
            return Outcome::QUIET;
        }
        let found = self.swaps(case);
        if found.is_empty() {
            return Outcome::QUIET;
        }
        Outcome::of(in_state(case, self.finding(case, found)))
    }
}

/// A cost that went from own into fiscal money.
pub(crate) struct Swap<'a> {
    /// The posting, or what takes it out of own money.
    from: &'a Entry,
    /// What puts it into fiscal money.
    pub(crate) into: &'a Entry,
    /// Its part that lies before the start and is covered by no approval.
    uncovered: Decimal,
    /// What it took out of the own costs before the start.
    pub(crate) taken_out: Decimal,
    /// A paper ties the two, not only payee and amount.
    is_certain: bool,
}

impl SwappedIntoFiscal {
    fn finding(&self, case: &Case<'_>, mut found: Vec<Swap<'_>>) -> Option<Finding> {
        let is_certain = found.iter().any(|swap| swap.is_certain);
        found.retain(|swap| swap.is_certain == is_certain);
        let parts: Vec<Part<'_>> = found.iter().map(|swap| (swap.into, swap.uncovered)).collect();
        let total = rounded_sum(case, &parts);
        if total <= Decimal::ZERO {
            return None;
        }
        let (level, zh, en) = if is_certain {
            (Level::Red, "", "")
        } else {
            (
                Level::Orange,
                "（收款人与金额相符，待核实）",
                " (payee and amount alike, to be verified)",
            )
        };
        let covered_from = case.measures.pre_start.covered_from().unwrap_or(case.as_of);
        let currency = case.currency();
        let evidence = evidence(
            format!("Σ moved from own into fiscal money, of services before {covered_from} = {total}"),
            format!(
                "–/–/payee and amount/same voucher, invoice or document; ≤ {} d, ≤ {} %",
                self.within_days, self.tolerance_percent
            ),
        )
        .figure("fiscal_balance", case.measures.curve.balance_on(case.as_of));
        let facts = found.iter().flat_map(|swap| [swap.from, swap.into]);
        Some(Finding::new(
            Judged::at(level),
            format!(
                "{}前的自筹支出{}改由财政资金列支{zh}",
                day_zh(covered_from),
                money_zh(total, currency)
            ),
            format!(
                "{} of own-money costs before {covered_from} was moved into fiscal money{en}",
                money_en(total, currency)
            ),
            with_approvals(case, evidence).facts(facts),
        ))
    }

    /// Every swap, certain or suspected.
    pub(crate) fn swaps<'a>(&self, case: &Case<'a>) -> Vec<Swap<'a>> {
        let is_taken_out = |entry: &Entry| is_own(entry) && entry.amount < Decimal::ZERO;
        let can_be = !case.measures.pre_start.spent.is_empty() && case.spending().any(is_taken_out);
        if !can_be {
            return Vec::new();
        }
        let parts = with_parts(case);
        let mut found = moved(&parts);
        found.extend(Postings::of(&parts).pairs(self, case));
        found.retain(|swap| swap.uncovered > Decimal::ZERO);
        found
    }

    fn are_alike(&self, out: Decimal, into: Decimal) -> bool {
        let apart = out.saturating_add(into).abs();
        apart.saturating_mul(Decimal::ONE_HUNDRED) <= self.tolerance_percent.saturating_mul(out.abs())
    }

    fn are_near(&self, out: &Entry, into: &Entry) -> bool {
        (out.on - into.on).num_days().abs() <= self.within_days
    }
}

/// Own postings that reclassifications have moved into fiscal money, less what was moved back or reversed.
fn moved<'a>(parts: &[Part<'a>]) -> Vec<Swap<'a>> {
    let is_moved = |entry: &Entry| entry.kind == EntryKind::Reclassified && entry.source.is_fiscal();
    if !parts.iter().any(|(entry, _)| is_moved(entry)) {
        return Vec::new();
    }
    let posted = parts
        .iter()
        .filter(|(entry, _)| entry.kind == EntryKind::Spent && is_own(entry));
    let posted: BTreeMap<Uuid, &Entry> = posted.map(|(entry, _)| (entry.event_id, *entry)).collect();
    let mut found: BTreeMap<Uuid, Swap<'a>> = BTreeMap::new();
    for (entry, part) in parts.iter().filter(|(entry, _)| entry.source.is_fiscal()) {
        let posting = entry.seldom.corrects.and_then(|posting| posted.get(&posting));
        let Some(posting) = posting else { continue };
        let swap = found.entry(posting.event_id).or_insert(Swap {
            from: posting,
            into: entry,
            uncovered: Decimal::ZERO,
            taken_out: Decimal::ZERO,
            is_certain: true,
        });
        swap.uncovered = swap.uncovered.saturating_add(*part);
        swap.taken_out = swap.uncovered;
    }
    found.into_values().collect()
}

/// The papers by which two postings can be the same cost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Paper<'a> {
    Voucher(&'a str),
    Invoice(&'a str),
    Document(&'a str),
    Payee(&'a str),
}

/// Every paper of a posting; the payee comes last.
fn papers(entry: &Entry) -> impl Iterator<Item = Paper<'_>> {
    let wording = entry.wording();
    let document = entry.on_voucher.document_sha256.as_deref();
    [
        wording.reference.map(Paper::Voucher),
        wording.invoice_no.map(Paper::Invoice),
        document.map(Paper::Document),
        wording.payee.map(Paper::Payee),
    ]
    .into_iter()
    .flatten()
}

fn is_certain(paper: Paper<'_>) -> bool {
    match paper {
        Paper::Voucher(_) | Paper::Invoice(_) | Paper::Document(_) => true,
        Paper::Payee(_) => false,
    }
}

/// What was taken out of own money and what was put into fiscal money, each by a posting of its own.
struct Postings<'p, 'a> {
    parts: &'p [Part<'a>],
    outs: Vec<Part<'a>>,
    ins: Vec<Part<'a>>,
}

impl<'p, 'a> Postings<'p, 'a> {
    fn of(parts: &'p [Part<'a>]) -> Self {
        let of_kind = |kind: EntryKind| {
            let meant = parts.iter().filter(move |(entry, _)| entry.kind == kind);
            meant.filter_map(|(entry, _)| entry.seldom.corrects)
        };
        let reversed: BTreeSet<Uuid> = of_kind(EntryKind::Reversed).collect();
        let moved: BTreeSet<Uuid> = of_kind(EntryKind::Reclassified).collect();
        // What was moved before is judged as moved, also when it is reversed; what was undone is nothing.
        let is_out = |(entry, _): &&Part<'a>| {
            let is_of_moved = entry
                .seldom
                .corrects
                .is_some_and(|posting| moved.contains(&posting));
            is_own(entry)
                && entry.amount < Decimal::ZERO
                && !is_of_moved
                && !reversed.contains(&entry.event_id)
        };
        let is_in = |(entry, _): &&Part<'a>| {
            entry.kind == EntryKind::Spent
                && entry.source.is_fiscal()
                && entry.amount > Decimal::ZERO
                && !reversed.contains(&entry.event_id)
                && !moved.contains(&entry.event_id)
        };
        Self {
            parts,
            outs: parts.iter().filter(is_out).copied().collect(),
            ins: parts.iter().filter(is_in).copied().collect(),
        }
    }

    /// First what one paper ties one to one, then what it ties by its sums, then payees.
    fn pairs(mut self, rule: &SwappedIntoFiscal, case: &Case<'a>) -> Vec<Swap<'a>> {
        if self.outs.is_empty() || self.ins.is_empty() {
            return Vec::new();
        }
        let mut found = self.one_to_one(rule, case, is_certain);
        found.extend(self.by_sums(rule, case));
        found.extend(self.one_to_one(rule, case, |paper| !is_certain(paper)));
        found
    }

    fn one_to_one(
        &mut self,
        rule: &SwappedIntoFiscal,
        case: &Case<'a>,
        is_meant: impl Fn(Paper<'_>) -> bool,
    ) -> Vec<Swap<'a>> {
        let mut by_paper: BTreeMap<Paper<'a>, Vec<usize>> = BTreeMap::new();
        for (index, (out, _)) in self.outs.iter().enumerate() {
            for paper in papers(out).filter(|paper| is_meant(*paper)) {
                by_paper.entry(paper).or_default().push(index);
            }
        }
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut found = Vec::new();
        let mut left = Vec::new();
        for into in std::mem::take(&mut self.ins) {
            let shared = papers(into.0).filter_map(|paper| Some((paper, by_paper.get(&paper)?)));
            let mut candidates =
                shared.flat_map(|(paper, indices)| indices.iter().map(move |index| (paper, *index)));
            let tied = candidates.find_map(|(paper, index)| {
                let out = self.outs.get(index).filter(|_| !used.contains(&index))?;
                let is_pair = rule.are_near(out.0, into.0) && rule.are_alike(out.0.amount, into.0.amount);
                is_pair.then_some((paper, index, *out))
            });
            match tied {
                Some((paper, index, out)) => {
                    used.insert(index);
                    found.push(self.swap(case, out, into, paper));
                }
                None => left.push(into),
            }
        }
        self.ins = left;
        self.take_out(&used);
        found
    }

    /// One posting out and several in under the same paper, or the other way about.
    fn by_sums(&mut self, rule: &SwappedIntoFiscal, case: &Case<'a>) -> Vec<Swap<'a>> {
        let mut sums: BTreeMap<Paper<'a>, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (index, (out, _)) in self.outs.iter().enumerate() {
            for paper in papers(out).filter(|paper| is_certain(*paper)) {
                sums.entry(paper).or_default().0.push(index);
            }
        }
        for (index, (into, _)) in self.ins.iter().enumerate() {
            for paper in papers(into).filter(|paper| is_certain(*paper)) {
                if let Some((_, ins)) = sums.get_mut(&paper) {
                    ins.push(index);
                }
            }
        }
        let (mut used_outs, mut used_ins, mut found) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for (paper, (outs, ins)) in sums {
            let of = |parts: &[Part<'a>], used: &BTreeSet<usize>, indices: &[usize]| -> Vec<Part<'a>> {
                let free = indices.iter().filter(|index| !used.contains(*index));
                free.filter_map(|index| parts.get(*index)).copied().collect()
            };
            let (out, into) = (of(&self.outs, &used_outs, &outs), of(&self.ins, &used_ins, &ins));
            let total = |parts: &[Part<'a>]| {
                let amounts = parts.iter().map(|(entry, _)| entry.amount);
                amounts.fold(Decimal::ZERO, Decimal::saturating_add)
            };
            let Some(first) = out.first().filter(|_| !into.is_empty()) else {
                continue;
            };
            let are_near = into.iter().all(|into| rule.are_near(first.0, into.0));
            if are_near && rule.are_alike(total(&out), total(&into)) {
                used_outs.extend(outs);
                used_ins.extend(ins);
                let last = into.len() - 1;
                for (index, into) in into.into_iter().enumerate() {
                    let mut swap = self.swap(case, *first, into, paper);
                    let taken: Vec<Part<'_>> = out.iter().map(|(entry, part)| (*entry, -*part)).collect();
                    swap.taken_out = if index == last {
                        rounded_sum(case, &taken)
                    } else {
                        Decimal::ZERO
                    };
                    found.push(swap);
                }
            }
        }
        self.take_out(&used_outs);
        let mut index = 0;
        self.ins.retain(|_| {
            index += 1;
            !used_ins.contains(&(index - 1))
        });
        found
    }

    fn take_out(&mut self, used: &BTreeSet<usize>) {
        let mut index = 0;
        self.outs.retain(|_| {
            index += 1;
            !used.contains(&(index - 1))
        });
    }

    fn swap(&self, case: &Case<'a>, out: Part<'a>, into: Part<'a>, paper: Paper<'a>) -> Swap<'a> {
        let uncovered = match self.period(out.0, into.0, paper) {
            Some(period) => before_start(case, into.0, period).max(into.1),
            None => into.1,
        };
        Swap {
            from: out.0,
            into: into.0,
            uncovered,
            taken_out: -out.1,
            is_certain: is_certain(paper),
        }
    }

    /// When the service was: as the posting says that is taken out, else the new one, else the originals under the paper.
    fn period(&self, out: &Entry, into: &Entry, paper: Paper<'a>) -> Option<(NaiveDate, NaiveDate)> {
        let originals = || {
            let is_original = |entry: &Entry| {
                entry.kind == EntryKind::Spent
                    && is_own(entry)
                    && entry.amount > Decimal::ZERO
                    && entry.on <= out.on
                    && papers(entry).any(|of| of == paper)
                    && (is_certain(paper) || entry.amount == -out.amount)
            };
            let originals = self.parts.iter().filter(|(entry, _)| is_original(entry));
            let periods = originals.map(|(entry, _)| entry.cost_period());
            periods.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
        };
        out.seldom.service.or(into.seldom.service).or_else(originals)
    }
}

/// The part of a posting before S − grace, had it been for a service of a period.
fn before_start(case: &Case<'_>, into: &Entry, period: (NaiveDate, NaiveDate)) -> Decimal {
    let pre_start = &case.measures.pre_start;
    let mut of_period = into.clone();
    of_period.seldom = Rare::from(Seldom {
        service: Some(period),
        ..Seldom::clone(&into.seldom)
    });
    pre_start
        .eligibility
        .zip(pre_start.covered_from())
        .map_or(Decimal::ZERO, |(eligibility, covered_from)| {
            eligibility.part_before(covered_from, &of_period, case.currency())
        })
}

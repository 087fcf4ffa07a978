//! # PS-04 充抵自筹 Pre-start cost counted as match
//!
//! ## What it finds
//! Own costs of the time before the start inside the self-raised money that is claimed to have arrived (自筹到位): below 10 % of
//! the claim yellow, up to 30 % orange, above red.
//!
//! ## Why it is a risk
//! Match is promised for the project; what was spent before it would have been spent anyway, and the project gets less.
//!
//! ## Worked example
//! 100,000 of own money arrive by bank slip on 2024-02-05; S = 06-01. On 02-29 wages of 12,000 are paid from it: 12 %,
//! orange. 48,000 by May are 48 %, red. 60 days approved on 07-15 leave 24,400: orange again. Scenario:
//! `fires_on_the_worked_example`.
//!
//! ## Thresholds
//! `orange_from_percent`, `red_above_percent` of the claim; any share is yellow.
//!
//! ## What it leaves out
//! New money: a claim in cash whose bank slip is dated after the costs, and is none of their vouchers, does not hold them.
//! A claim without a slip, or in kind, is not shown to be new, and counts. Else as PS-01.
//!
//! ## Source
//! The match promised in the project's contract; this system's own rule, whose percentages are defaults.

use std::collections::BTreeSet;

use karez_events::Ratio;
use karez_events::event::money_flow::ContributionKind;
use karez_events::event::supervision::Level;
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::pre_start_costs::{
    Part, before_start_or_unstarted, in_state, is_judged_at_all, is_own, rounded_sum, with_approvals,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh, percent};

/// Thresholds of PS-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CountedAsMatch {
    /// Orange from this share of the claim.
    pub orange_from_percent: Decimal,
    /// Red above this share.
    pub red_above_percent: Decimal,
}

impl Default for CountedAsMatch {
    fn default() -> Self {
        Self {
            orange_from_percent: Decimal::TEN,
            red_above_percent: Decimal::from(30),
        }
    }
}

impl Rule for CountedAsMatch {
    fn about(&self) -> About<'_> {
        About {
            name: "counted_as_match",
            code: "PS-04",
            zh: "启动前支出充抵自筹",
            en: "Pre-start cost counted as match",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 2,
            source_text: include_str!("counted_as_match.rs"),
            manual_zh: include_str!("zh/counted_as_match.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !is_judged_at_all(case) || case.measures.amounts.self_raised_arrived <= Decimal::ZERO {
            return Outcome::QUIET;
        }
        let costs = before_start_or_unstarted(case, is_own);
        if costs.is_empty() {
            return Outcome::QUIET;
        }
        Outcome::of(in_state(case, self.finding(case, &costs)))
    }
}

impl CountedAsMatch {
    fn finding(&self, case: &Case<'_>, costs: &[Part<'_>]) -> Option<Finding> {
        let claims: Vec<&Entry> = case
            .entries()
            .filter(|entry| matches!(entry.kind, EntryKind::MatchingArrived(_)) && is_own(entry))
            .collect();
        let counted = counted(case, costs, &claims);
        let claimed = case.measures.amounts.self_raised_arrived;
        if counted <= Decimal::ZERO {
            return None;
        }
        let share = Ratio::of(counted, claimed)?;
        let of_hundred = share.times(&Ratio::whole(100));
        let level = if of_hundred > Ratio::exact(self.red_above_percent) {
            Level::Red
        } else if of_hundred >= Ratio::exact(self.orange_from_percent) {
            Level::Orange
        } else {
            Level::Yellow
        };
        let currency = case.currency();
        let evidence = evidence(
            format!(
                "pre-start cost inside the claim / claimed = {counted} / {claimed} = {}",
                percent(&share)
            ),
            format!(
                "–/> 0/≥ {}/> {} %",
                self.orange_from_percent, self.red_above_percent
            ),
        );
        let facts = costs.iter().map(|(entry, _)| *entry).chain(claims);
        Some(Finding::new(
            Judged::at(level),
            format!(
                "启动前支出{}计入已到位自筹，占{}",
                money_zh(counted, currency),
                percent(&share)
            ),
            format!(
                "{} spent before the start is inside the claimed match, {} of it",
                money_en(counted, currency),
                percent(&share)
            ),
            with_approvals(case, evidence).facts(facts),
        ))
    }
}

/// How much of the costs the claims hold: claims that are not shown to be new money, and new money that was there when a
/// cost was booked.
fn counted(case: &Case<'_>, costs: &[Part<'_>], claims: &[&Entry]) -> Decimal {
    let papers: BTreeSet<&str> = costs.iter().flat_map(|(entry, _)| papers_of(entry)).collect();
    let is_new = |claim: &&Entry| {
        let slip = claim.wording().reference;
        claim.kind == EntryKind::MatchingArrived(ContributionKind::Cash)
            && slip.is_some_and(|slip| !papers.contains(slip))
    };
    let (new, other): (Vec<&Entry>, Vec<&Entry>) = claims.iter().copied().partition(is_new);
    let last_cost_on = costs.iter().map(|(entry, _)| entry.on).max();
    let was_there = |claim: &&&Entry| last_cost_on.is_some_and(|last| claim.on <= last);
    let there: Vec<&Entry> = new.iter().filter(was_there).copied().collect();
    let paid_from: Vec<Part<'_>> = match there.iter().map(|claim| claim.on).min() {
        Some(first) => costs
            .iter()
            .filter(|(entry, _)| entry.on >= first)
            .copied()
            .collect(),
        None => Vec::new(),
    };
    let amount = |claims: &[&Entry]| {
        claims
            .iter()
            .fold(Decimal::ZERO, |sum, claim| sum.saturating_add(claim.amount))
    };
    let from_new = amount(&there)
        .min(rounded_sum(case, &paid_from))
        .max(Decimal::ZERO);
    rounded_sum(case, costs).min(amount(&other).saturating_add(from_new))
}

/// Voucher, invoice and document of a cost.
fn papers_of(entry: &Entry) -> impl Iterator<Item = &str> {
    entry.wording().reference.into_iter().chain(entry.papers())
}

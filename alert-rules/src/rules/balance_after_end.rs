//! # ST-05 结余未清 Balance after end
//!
//! ## What it finds
//! Fiscal money of more than M left at a unit 30, 90, 180 or 270 days after the project ended, was accepted or terminated,
//! whichever came first.
//!
//! ## Why it is a risk
//! What is left is to be returned, or kept by a decision; until then nobody watches it. GAO found 994 million dollars in such accounts.
//!
//! ## Worked example
//! A project ends on 2024-06-30 with 50,000 left: blue on 07-30, yellow on 09-28, orange on 12-27, red on 2025-03-27;
//! returned, it is lifted. Scenario: `fires_by_days_after_the_end`.
//!
//! ## Thresholds
//! `levels` in days after the end; `least_amount` and `least_share_percent` of what arrived: M, up to which nothing is judged.
//!
//! ## What it leaves out
//! Projects whose contract lets the unit keep a surplus after acceptance (`surplus_policy` beginning with 留用 or retain),
//! awards and reimbursements, and projects published by others, whose balances are not known at the end. A terminated
//! project keeps nothing, whatever its contract says. An extension takes the end away.
//!
//! ## What was decided
//! Acceptance does not start the days anew: the money has lain there since the end. A unit whose books are behind is warned
//! all the same: after the end nothing is to be spent.
//!
//! ## Source
//! The surplus policy of the contract and the rules on project funds about surplus; the days follow the reports of the
//! US Government Accountability Office on expired accounts (2012, 2016).

use karez_projections::{Entry, EntryKind, LifeStep, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-05.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BalanceAfterEnd {
    /// Days after the end, by colour.
    pub levels: Bands,
    /// The least balance judged, in whole units of the currency.
    pub least_amount: Decimal,
    /// The same as a share of what arrived, in percent.
    pub least_share_percent: Decimal,
}

impl Default for BalanceAfterEnd {
    fn default() -> Self {
        Self {
            levels: Bands::whole([30, 90, 180, 270]),
            least_amount: Decimal::from(10_000),
            least_share_percent: Decimal::from(5),
        }
    }
}

impl Rule for BalanceAfterEnd {
    fn about(&self) -> About<'_> {
        About {
            name: "balance_after_end",
            code: "ST-05",
            zh: "结余未清",
            en: "Balance after end",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("balance_after_end.rs"),
            manual_zh: include_str!("zh/balance_after_end.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let has_ended = matches!(
            case.state(),
            ProjectState::Ended | ProjectState::Terminated | ProjectState::Closed
        );
        if !has_ended || case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        let curve = &case.measures.curve;
        let (balance, arrived) = (curve.balance_on(case.as_of), curve.arrived_on(case.as_of));
        let least = self
            .least_amount
            .max(arrived * self.least_share_percent / Decimal::ONE_HUNDRED);
        let taken_back = case.measures.amounts.taken_back_fiscal;
        if balance <= least && balance.saturating_add(taken_back) > least {
            return Outcome::gone("已退回或收回 returned or recovered");
        }
        if balance > least && is_kept(case) {
            return Outcome::gone("按约定留用 kept as agreed");
        }
        Outcome::of(
            (balance > least)
                .then(|| self.finding(case, balance, least))
                .flatten(),
        )
    }
}

impl BalanceAfterEnd {
    fn finding(&self, case: &Case<'_>, balance: Decimal, least: Decimal) -> Option<Finding> {
        let stopped_on = case.project.first_on(case.as_of, |step| {
            matches!(step, LifeStep::Terminated | LifeStep::Accepted | LifeStep::Closed)
        });
        let planned_end_on = case.project.end_on(case.as_of);
        let ended_on = stopped_on
            .into_iter()
            .chain(planned_end_on.filter(|end_on| *end_on < case.as_of))
            .min()?;
        let days = (case.as_of - ended_on).num_days();
        let currency = case.currency();
        let policy = case
            .contract()
            .and_then(|contract| contract.surplus_policy.clone())
            .unwrap_or_default();
        let evidence = banded(
            format!(
                "U = {balance} > M = {}; {days} d since {ended_on}",
                least.normalize()
            ),
            self.levels,
            "d",
        )
        .figure("surplus_policy", policy);
        let is_arrival = |entry: &&Entry| entry.kind == EntryKind::Arrived && entry.source.is_fiscal();
        let arrivals = case.entries().filter(is_arrival);
        Some(Finding::new(
            self.levels.from_days(days),
            format!(
                "项目于{}结束，{days}天后仍有结余{}",
                day_zh(ended_on),
                money_zh(balance, currency)
            ),
            format!(
                "{} is left {days} days after the end on {ended_on}",
                money_en(balance, currency)
            ),
            evidence.facts(arrivals),
        ))
    }
}

/// Accepted, and the contract lets the unit keep what is left (P14).
fn is_kept(case: &Case<'_>) -> bool {
    let policy = case
        .contract()
        .and_then(|contract| contract.surplus_policy.as_deref());
    case.state() == ProjectState::Closed
        && policy.is_some_and(|policy| policy.starts_with("留用") || policy.starts_with("retain"))
}

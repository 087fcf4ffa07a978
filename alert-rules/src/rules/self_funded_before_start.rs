//! # PS-01 自筹启动前支出 Self-funded before start
//!
//! ## What it finds
//! Costs that a unit paid from its own money for a service before the eligibility start S less the approved pre-study days, or
//! at any time while the project has not begun. Any such cost is blue; from 5 % of the planned self-raised money or 50,000
//! yellow; from 20 %, more than 90 days before S, or with three months of wages running while fiscal money lies at the unit,
//! orange; where such costs were swapped into fiscal money, counted as match or finished the work beforehand, red.
//!
//! ## Why it is a risk
//! Paying it is no offence. The seed report says that units pay "for the time being" (暂由): later the costs may be put in the
//! place of fiscal expenditure, or counted as match, while the fiscal money lies idle.
//!
//! ## Worked example
//! S = 2024-06-01, no pre-study days, 200,000 planned. On 02-29 wages of 12,000 for February become known: 6 % is yellow, more
//! than 90 days before S makes it orange. On 07-10 48,000 are swapped into fiscal money: red. An approval of 60 days recorded on
//! 07-15 covers what is left of it, and it is lifted.
//!
//! ## Thresholds
//! `shares_percent` of the planned self-raised money (yellow, orange); `amount` for yellow; `early_days` before S and
//! `wage_months` for orange; `wage_words` say by which words a cost is known as wages.
//!
//! ## What it leaves out
//! Costs in a suspension (YE-03), refunds, which reduce the sum, and projects published by others, whose sources are not known.
//! Passing time never lifts it: only an approval, a reversal or a reclassification does.
//!
//! ## Source
//! domain.md §4.3, X1, X8; the report of the city's science fund.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use karez_events::Ratio;
use karez_events::event::fund::FundSource;
use karez_projections::measures::cost_before;
use karez_projections::{Entry, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{finished_before_approval, swapped_into_fiscal};
use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh, percent};

/// Thresholds of PS-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfFundedBeforeStart {
    /// Shares of the planned self-raised money, in percent.
    pub shares_percent: Bands,
    /// Yellow from this amount, whatever was planned.
    pub amount: Decimal,
    /// Orange when the earliest cost is more than so many days before S.
    pub early_days: i64,
    /// Orange when wages of so many months were paid while fiscal money was there.
    pub wage_months: usize,
    /// Words in category or purpose by which wages are known.
    pub wage_words: Vec<String>,
}

impl Default for SelfFundedBeforeStart {
    fn default() -> Self {
        Self {
            shares_percent: Bands {
                yellow: Some(Decimal::from(5)),
                orange: Some(Decimal::from(20)),
                ..Bands::default()
            },
            amount: Decimal::from(50_000),
            early_days: 90,
            wage_months: 3,
            wage_words: ["工资", "薪酬", "劳务", "salary", "wage"]
                .map(str::to_owned)
                .into(),
        }
    }
}

impl Rule for SelfFundedBeforeStart {
    fn about(&self) -> &'static About {
        &About {
            name: "self_funded_before_start",
            code: "PS-01",
            zh: "自筹启动前支出",
            en: "Self-funded before start",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("self_funded_before_start.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl SelfFundedBeforeStart {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let limit = limit(case)?;
        let costs = uncovered(case, limit, |source| source == FundSource::SelfRaised);
        let total = sum(&costs);
        if total <= Decimal::ZERO {
            return None;
        }
        let planned = case.measures.amounts.planned_self_raised;
        let share = Ratio::of(total, planned);
        let first_on = costs
            .iter()
            .map(|(entry, _)| entry.cost_period().0)
            .min()
            .unwrap_or(limit);
        let start = case.measures.pre_start.eligible_from_on.unwrap_or(limit);
        let level = self.level(case, &costs, (total, share.as_ref()), (first_on, start));
        let currency = case.currency();
        let share = share.map_or_else(|| "—".to_owned(), |share| percent(&share));
        let formula = format!(
            "Σ self-raised before {limit} = {total}; planned {planned}: {share}; earliest {first_on}, S = {start}, grace {} d",
            case.measures.pre_start.grace_days
        );
        let mut evidence = evidence(
            formula,
            format!(
                "{} %; {}; {} d; {} months of wages",
                self.shares_percent, self.amount, self.early_days, self.wage_months
            ),
            "domain.md §4.3",
        );
        evidence = evidence.figure("fiscal_balance", case.measures.curve.balance_on(case.as_of));
        let finding = Finding::new(
            Judged::at(level),
            format!(
                "启动前自筹支出{}，占计划自筹的{share}，最早{}（可列支起始日{}）",
                money_zh(total, currency),
                day_zh(first_on),
                day_zh(start)
            ),
            format!(
                "{} of own money spent before the start, {share} of what was planned; earliest {first_on}, eligible from {start}",
                money_en(total, currency)
            ),
            evidence.facts(costs.iter().map(|(entry, _)| *entry)),
        );
        Some(finding)
    }

    fn level(
        &self,
        case: &Case<'_>,
        costs: &[(&Entry, Decimal)],
        (total, share): (Decimal, Option<&Ratio>),
        (first_on, start): (NaiveDate, NaiveDate),
    ) -> karez_events::event::supervision::Level {
        use karez_events::event::supervision::Level;
        let is_worse =
            !swapped_into_fiscal::swaps(case).is_empty() || finished_before_approval::is_finished(case);
        let of_share = share.and_then(|share| {
            self.shares_percent
                .from(&share.times(&Ratio::whole(100)), crate::bands::Margin::None)
                .level
        });
        let is_early = (start - first_on).num_days() > self.early_days;
        let has_idle_money = case.measures.curve.balance_on(case.as_of) > Decimal::ZERO;
        let runs_on = has_idle_money && self.months_of_wages(costs) >= self.wage_months;
        if is_worse {
            Level::Red
        } else if is_early || runs_on {
            Level::Orange.max(of_share.unwrap_or(Level::Blue))
        } else {
            let of_amount = (total >= self.amount).then_some(Level::Yellow);
            of_share.max(of_amount).unwrap_or(Level::Blue)
        }
    }

    fn months_of_wages(&self, costs: &[(&Entry, Decimal)]) -> usize {
        let is_wage = |entry: &Entry| {
            let texts = [
                entry.category.as_ref().map(karez_events::CategoryId::as_str),
                entry.purpose.as_deref(),
            ];
            texts
                .into_iter()
                .flatten()
                .any(|text| self.wage_words.iter().any(|word| text.contains(word)))
        };
        let months: BTreeSet<(i32, u32)> = costs
            .iter()
            .filter(|(entry, amount)| *amount > Decimal::ZERO && is_wage(entry))
            .map(|(entry, _)| (entry.cost_on().year(), entry.cost_on().month()))
            .collect();
        months.len()
    }
}

/// Before this day costs are pre-start costs: S less the approved days, or ever while the project has not begun.
pub(super) fn limit(case: &Case<'_>) -> Option<NaiveDate> {
    let covered_from = case.measures.pre_start.covered_from();
    match case.state() {
        ProjectState::Applied | ProjectState::Approved | ProjectState::Signed
            if case.measures.pre_start.grace_days == 0 && !case.is_published() =>
        {
            let tomorrow = case.as_of.succ_opt()?;
            Some(covered_from.map_or(tomorrow, |covered_from| covered_from.max(tomorrow)))
        }
        ProjectState::Applied
        | ProjectState::Approved
        | ProjectState::Signed
        | ProjectState::Running
        | ProjectState::Suspended
        | ProjectState::Ended
        | ProjectState::Terminated
        | ProjectState::Closed => covered_from,
    }
}

/// The parts of costs before a day, from sources that are meant; what was reversed or refunded counts against them.
pub(super) fn uncovered<'a>(
    case: &Case<'a>,
    limit: NaiveDate,
    is_meant: impl Fn(FundSource) -> bool,
) -> Vec<(&'a Entry, Decimal)> {
    let currency = case.currency();
    case.spending()
        .filter(|entry| is_meant(entry.source))
        .map(|entry| (entry, cost_before(entry, limit, currency)))
        .filter(|(_, before)| !before.is_zero())
        .collect()
}

/// The sum, rounded once to the smallest unit.
pub(super) fn sum(costs: &[(&Entry, Decimal)]) -> Decimal {
    let sum = costs
        .iter()
        .fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
    sum.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

//! # ST-04 结转两年到期 Two-year clock
//!
//! ## What it finds
//! Money of a government or department budget that was first budgeted in year y and is not spent 180, 90 or 30 days before
//! 31 December of y+1, or on that day and after it. One warning for each origin year; its evidence lists the tranches.
//!
//! ## Why it is a risk
//! A carry-over unspent at the end of the next year is managed as surplus and taken back (预算法42). Re-purposing does not restart its age.
//!
//! ## Worked example
//! 200,000 of the budget of 2023 arrive on 2024-03-01: blue on 2024-07-04, yellow on 10-02, orange on 12-01, red on 12-31.
//! Reallocated in 2024, it still is money of 2023. Scenario: `fires_as_the_deadline_nears`.
//!
//! ## Thresholds
//! `levels` in days before the deadline; red from the day itself.
//!
//! ## What it leaves out
//! Running research projects, which carry their balance on inside the contract period, and awards and reimbursements,
//! where paid is done. What is spent is spent of the oldest money first.
//!
//! ## What was decided
//! The year of origin is the arrival's, else that of the disbursement of the same tranche, else the year of arrival. A unit
//! whose books are behind is warned all the same: the law's day does not wait for them.
//!
//! ## Source
//! Budget Law, article 42 (预算法); its implementing regulation, article 50 (预算法实施条例); 财预〔2015〕15号.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use karez_events::Ratio;
use karez_projections::EntryKind;
use karez_projections::measures::{TrancheMeasures, sum};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoYearClock {
    /// Days left, by colour.
    pub levels: Bands,
}

impl Default for TwoYearClock {
    fn default() -> Self {
        Self {
            levels: Bands::whole([180, 90, 30, 0]),
        }
    }
}

impl Rule for TwoYearClock {
    fn about(&self) -> About<'_> {
        About {
            name: "two_year_clock",
            code: "ST-04",
            zh: "结转两年到期",
            en: "Two-year clock",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("two_year_clock.rs"),
            manual_zh: include_str!("zh/two_year_clock.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() {
            return Outcome::QUIET;
        }
        let mut by_year: BTreeMap<(i32, NaiveDate), Vec<&TrancheMeasures>> = BTreeMap::new();
        for tranche in &case.measures.tranches {
            if let Some(deadline) = tranche.two_year_deadline
                && tranche.balance > Decimal::ZERO
                && self.colour((deadline - case.as_of).num_days()).level.is_some()
            {
                let year = (tranche.origin_budget_year, deadline);
                by_year.entry(year).or_default().push(tranche);
            }
        }
        let findings = by_year.into_iter();
        Outcome::of_all(
            findings.map(|((year, deadline), tranches)| self.finding(case, (year, deadline), &tranches)),
        )
    }
}

impl TwoYearClock {
    fn colour(&self, days_left: i64) -> Judged {
        self.levels.below(&Ratio::whole(days_left - 1), Margin::None)
    }

    fn finding(
        &self,
        case: &Case<'_>,
        (year, deadline): (i32, NaiveDate),
        tranches: &[&TrancheMeasures],
    ) -> Finding {
        let left = (deadline - case.as_of).num_days();
        let currency = case.currency();
        let unspent = sum(tranches.iter().map(|tranche| tranche.balance));
        let formula = format!("{deadline} − {} = {left} d; {unspent} of {year} left", case.as_of);
        let mut evidence = banded(formula, self.levels, "d left").figure("origin_budget_year", year);
        for (number, tranche) in (1..).zip(tranches) {
            let name = tranche.tranche_no.as_deref().unwrap_or("—");
            let text = format!("{name}: arrived {}, left {}", tranche.arrived_on, tranche.balance);
            evidence = evidence.figure(&format!("tranche_{number}"), text);
        }
        let arrived_on: Vec<NaiveDate> = tranches.iter().map(|tranche| tranche.arrived_on).collect();
        let arrivals = case
            .entries()
            .filter(|entry| entry.kind == EntryKind::Arrived && arrived_on.contains(&entry.on));
        let (unspent_zh, unspent_en) = (money_zh(unspent, currency), money_en(unspent, currency));
        let (zh, en) = if left < 0 {
            (
                format!(
                    "{year}年度资金{unspent_zh}未使用，已超过两年期限{}{}天",
                    day_zh(deadline),
                    -left
                ),
                format!(
                    "{unspent_en} of the budget of {year} is unspent, {} days after {deadline}",
                    -left
                ),
            )
        } else {
            (
                format!(
                    "{year}年度资金{unspent_zh}未使用，距两年期限{}还有{left}天",
                    day_zh(deadline)
                ),
                format!("{unspent_en} of the budget of {year} is unspent, {left} days before {deadline}"),
            )
        };
        Finding::new(self.colour(left), zh, en, evidence.facts(arrivals)).about(year.to_string())
    }
}

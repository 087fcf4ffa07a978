//! # YE-02 项目末期大额 Late-life purchases
//!
//! ## What it finds
//! Equipment bought in the last tenth or the last three months of the project's period, whichever is longer: 20, 40, 60 or 80 % of the
//! equipment line.
//!
//! ## Why it is a risk
//! Equipment that arrives when the work is done does not serve the project; it uses up what is left.
//!
//! ## Worked example
//! A project from February to December has a line of 500,000 for equipment; 99,999.99 on 11-05 is quiet, one fen more
//! is blue. Scenario: `fires_by_share_of_the_line`.
//!
//! ## Thresholds
//! `levels` in percent of the line; `last_percent` and `last_months` of the period; `categories` and labels that mean equipment.
//!
//! ## What it leaves out
//! The window is never more than the second half of the period, so that a short project has one at all. Refunds and reversals are taken off.
//! Awards, reimbursements, published data and lump sums, which have no line. A justification that somebody approves lets a person lift it.
//!
//! ## Source
//! Equipment bought at the end of an award, a usual audit finding (the audit analytics of the inspector general of the
//! US National Science Foundation); compare the demand of Innovate UK that equipment be bought in the first 12 months.

use chrono::{Days, Months, NaiveDate};
use karez_events::Ratio;
use karez_projections::ProjectState;
use karez_projections::measures::{life_lines, sum};
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::word_list::WordList;
use crate::words::{money_en, money_zh, percent};

/// Thresholds of YE-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateLifePurchases {
    /// Share of the equipment line in percent, by colour.
    pub levels: Bands,
    /// The last part of the period, in percent of its days.
    pub last_percent: i64,
    /// The last months of the period.
    pub last_months: u32,
    /// Words in a category or label that mean equipment.
    pub categories: WordList,
}

impl Default for LateLifePurchases {
    fn default() -> Self {
        Self {
            levels: Bands::whole([20, 40, 60, 80]),
            last_percent: 10,
            last_months: 3,
            categories: WordList::new(&["设备"]),
        }
    }
}

impl Rule for LateLifePurchases {
    fn about(&self) -> About<'_> {
        About {
            name: "late_life_purchases",
            code: "YE-02",
            zh: "项目末期大额",
            en: "Late-life purchases",
            runs: Runs::OnEvent,
            clearing: Clearing::ByPerson,
            awaits_books: false,
            version: 1,
            source_text: include_str!("late_life_purchases.rs"),
            manual_zh: include_str!("zh/late_life_purchases.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() || case.state() == ProjectState::Applied {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl LateLifePurchases {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let end_on = case.project.end_on(case.as_of)?;
        let approval = case.approval();
        let planned = || approval.and_then(|approval| approval.planned_start_on);
        let start_on = case
            .contract()
            .map(|contract| contract.start_on)
            .or_else(planned)?;
        let late_from = self.late_from(start_on, end_on)?;
        let late: Vec<_> = case
            .spending()
            .filter(|entry| entry.cost_on() >= late_from && self.categories.is_about(entry))
            .collect();
        let bought = sum(late.iter().map(|entry| entry.amount));
        let lines = life_lines(case.project, case.currency(), case.as_of);
        let of_equipment = lines.iter().filter(|line| {
            line.category
                .as_ref()
                .is_some_and(|category| self.categories.is_in(category.as_str()))
        });
        let line = sum(of_equipment.map(|line| line.budget));
        let share = Ratio::of(bought, line)?;
        let judged = self.levels.from(&share.times(&Ratio::whole(100)), Margin::None);
        if judged.is_clear() {
            return None;
        }
        let evidence = banded(
            format!(
                "equipment from {late_from} / line = {bought}/{line} = {}",
                percent(&share)
            ),
            self.levels,
            "%",
        )
        .figure("end_on", end_on)
        .facts(late);
        let currency = case.currency();
        Some(Finding::new(
            judged,
            format!(
                "项目末期（{late_from}起，截止日{end_on}）购置设备{}，占设备预算{}",
                money_zh(bought, currency),
                percent(&share)
            ),
            format!(
                "equipment of {}, {} of its line, was bought from {late_from}, shortly before the end ({end_on})",
                money_en(bought, currency),
                percent(&share)
            ),
            evidence,
        ))
    }

    /// The first day of the last part, by share or by months, whichever is longer, but in the second half.
    fn late_from(&self, start_on: NaiveDate, end_on: NaiveDate) -> Option<NaiveDate> {
        let days = (end_on - start_on).num_days().max(0);
        let before_end = |days: i64| end_on.checked_sub_days(Days::new(days.try_into().ok()?));
        let by_share = before_end(days * self.last_percent.clamp(0, 100) / 100)?;
        let by_months = end_on
            .checked_sub_months(Months::new(self.last_months))?
            .succ_opt()?;
        Some(by_share.min(by_months).max(before_end(days / 2)?))
    }
}

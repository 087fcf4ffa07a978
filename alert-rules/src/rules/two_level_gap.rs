//! # ST-07 以拨代支差 Two-level gap
//!
//! ## What it finds
//! A fund that has paid over far more of its budget than its units have spent of what reached them: F5 − F3 of 20, 35, 50 or 65
//! percentage points at a month's end.
//!
//! ## Why it is a risk
//! The seed report shows 99.99 % executed and, on the same page, units that cannot use their money. Both are true: a transfer was booked as
//! if it were spent (以拨代支).
//!
//! ## Worked example
//! Of a budget of 1,000,000 all is paid over and arrives, 300,000 is spent: 100 % − 30 % = 70 points, red.
//!
//! ## Thresholds
//! `levels` in percentage points.
//!
//! ## What it leaves out
//! Funds without a budget of the year, and funds whose units have received nothing.
//!
//! ## Source
//! domain.md §4.2, §4.4 and its central finding.

use karez_events::Ratio;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::FundCase;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};

/// Thresholds of ST-07.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoLevelGap {
    /// Percentage points, by colour.
    pub levels: Bands,
}

impl Default for TwoLevelGap {
    fn default() -> Self {
        Self {
            levels: Bands::whole([20, 35, 50, 65]),
        }
    }
}

impl Rule for TwoLevelGap {
    fn about(&self) -> About<'_> {
        About {
            name: "two_level_gap",
            code: "ST-07",
            zh: "以拨代支差",
            en: "Two-level gap",
            runs: Runs::Monthly,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("two_level_gap.rs"),
        }
    }

    fn judge_fund(&self, case: &FundCase<'_>) -> Outcome {
        Outcome::of(self.finding(case))
    }
}

impl TwoLevelGap {
    fn finding(&self, case: &FundCase<'_>) -> Option<Finding> {
        let (paid_over, spent) = (case.figures.rate("F5")?, case.figures.rate("F3")?);
        let gap = paid_over.ratio()?.minus(&spent.ratio()?);
        let judged = self
            .levels
            .from(&gap.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        let (fund_level, unit_level) = (percent(&paid_over.ratio()?), percent(&spent.ratio()?));
        let evidence = banded(
            format!(
                "F5 − F3 = {}/{} − {}/{} = {fund_level} − {unit_level}",
                paid_over.numerator, paid_over.denominator, spent.numerator, spent.denominator
            ),
            self.levels,
            "pp",
            "domain.md §4.2",
        );
        Some(Finding::new(
            judged,
            format!(
                "拨付率{fund_level}（财政口径），到位资金支出率{unit_level}（单位口径），相差{}个百分点",
                points(&gap)
            ),
            format!(
                "{fund_level} paid over (fund level), {unit_level} of what arrived spent (unit level): {} points apart",
                points(&gap)
            ),
            evidence,
        ))
    }
}

//! # CC-01 间接费用超限 Indirect cap
//!
//! ## What it finds
//! Indirect costs (间接费用, with 管理费 and 绩效支出) as a share of their cap (F16): from 90 % of the cap blue, 100 % yellow,
//! 105 % orange, 110 % red. The cap is progressive on the direct costs of the budget without the purchase of equipment
//! (设备购置费), for fiscal and for own money separately. A budget that plans more than the cap counts as if it were spent.
//!
//! ## Why it is a risk
//! What goes beyond the cap is taken back at the audit of acceptance, when the money is long spent on performance pay.
//!
//! ## Worked example
//! Direct costs of 10,000,000 with 2,000,000 for equipment: the base is 8,000,000. Approved from 2021 on: 5,000,000 at 30 %
//! and 3,000,000 at 25 % allow 2,250,000; by the chart before 1,450,000. A base of 190,000 allowed 38,000 before.
//! 2,260,000 spent against 2,250,000 is 100.44 %: yellow. Scenario: `fires_by_share_of_the_new_cap`.
//!
//! ## Thresholds
//! `levels` in percent of the cap; `charts`, each with `effective_on`, `basis`, `steps` (`up_to` an amount, so many `percent`),
//! `indirect_words` and `purchase_words`, looked for in the names of categories. A programme with another share, such as 60 %
//! for pure theory, has a chart of its own. The chart is that of the day of approval: old projects stay on the old.
//!
//! ## What it leaves out
//! 包干制 (no lines), awards and reimbursements, projects published by others, and money of which no line is budgeted
//! (BX-03). Where the budget does not divide 设备费, all of it counts as purchase, which is the careful reading.
//!
//! ## Source
//! What each chart names as its basis; check the shares against the local rules on project funds.

use chrono::NaiveDate;
use karez_events::Ratio;
use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_projections::measures::{Basis, LineMeasures, life_lines};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::versions::{day, in_force};
use crate::word_list::WordList;
use crate::words::{money_en, money_zh, percent};

/// Thresholds of CC-01.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndirectCostCap {
    /// Indirect costs in percent of the cap.
    pub levels: Bands,
    /// What is indirect, what is a purchase, and what is allowed, by notice.
    pub charts: Vec<CategoryChart>,
}

/// How a notice divides costs and caps the indirect ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryChart {
    /// For projects approved from this day on.
    pub effective_on: NaiveDate,
    /// 依据.
    pub basis: String,
    /// Categories named so are indirect costs.
    pub indirect_words: WordList,
    /// Categories named so are purchases of equipment.
    pub purchase_words: WordList,
    /// What is allowed, from the first step up.
    pub steps: Vec<Step>,
}

/// A part of the base and the share of it that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The part of the base up to this amount; all the rest where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// Allowed of it, in percent.
    pub percent: Decimal,
}

impl Default for IndirectCostCap {
    fn default() -> Self {
        Self {
            levels: Bands::whole([90, 100, 105, 110]),
            charts: vec![
                chart(day(2016, 7, 31), "中办发〔2016〕50号（待核对原文）", [20, 15, 13]),
                chart(day(2021, 1, 1), "国办发〔2021〕32号（待核对原文）", [30, 25, 20]),
            ],
        }
    }
}

/// The steps at 5 and 10 million that every notice so far has.
fn chart(effective_on: NaiveDate, basis: &str, [low, middle, high]: [i64; 3]) -> CategoryChart {
    let step = |up_to: Option<i64>, percent: i64| Step {
        up_to: up_to.map(Decimal::from),
        percent: Decimal::from(percent),
    };
    CategoryChart {
        effective_on,
        basis: basis.to_owned(),
        indirect_words: WordList::new(&["间接", "管理费", "绩效", "indirect"]),
        purchase_words: WordList::new(&["设备费", "购置", "equipment"]),
        steps: vec![
            step(Some(5_000_000), low),
            step(Some(10_000_000), middle),
            step(None, high),
        ],
    }
}

impl CategoryChart {
    /// F16: what is allowed on a base.
    #[must_use]
    pub fn cap(&self, base: Decimal) -> Decimal {
        let (mut cap, mut from) = (Decimal::ZERO, Decimal::ZERO);
        for step in &self.steps {
            let until = step.up_to.unwrap_or(base).min(base);
            let part = until.saturating_sub(from).max(Decimal::ZERO);
            cap = cap.saturating_add(part.saturating_mul(step.percent) / Decimal::ONE_HUNDRED);
            from = from.max(until);
        }
        cap
    }

    fn is_indirect(&self, category: &str) -> bool {
        self.indirect_words.is_in(category)
    }

    fn is_purchase(&self, category: &str) -> bool {
        self.purchase_words.is_in(category)
    }
}

impl Rule for IndirectCostCap {
    fn about(&self) -> About<'_> {
        About {
            name: "indirect_cost_cap",
            code: "CC-01",
            zh: "间接费用超限",
            en: "Indirect cap",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("indirect_cost_cap.rs"),
            manual_zh: include_str!("zh/indirect_cost_cap.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_lump_sum = case.approval().is_some_and(|approval| approval.lump_sum);
        if case.is_exempt() || case.is_published() || is_lump_sum {
            return Outcome::QUIET;
        }
        let approved_on = case.project.approvals.iter().map(|approval| approval.on).min();
        let effective_on = |chart: &CategoryChart| chart.effective_on;
        let Some(chart) = in_force(&self.charts, effective_on, approved_on.unwrap_or(case.as_of)) else {
            return Outcome::QUIET;
        };
        if !has_indirect(case, chart) {
            return Outcome::QUIET;
        }
        let of_life;
        let lines = match case.measures.basis {
            Basis::Life => &case.measures.lines,
            Basis::Year => {
                of_life = life_lines(case.project, case.currency(), case.as_of);
                &of_life
            }
        };
        let of_fiscal = Part::of(lines, chart, FundSource::is_fiscal);
        let is_own = |source| matches!(source, FundSource::SelfRaised | FundSource::Matching);
        let of_own = Part::of(lines, chart, is_own);
        Outcome::of_all(
            [
                of_fiscal.and_then(|part| self.finding(case, chart, &part, Money::Fiscal)),
                of_own.and_then(|part| self.finding(case, chart, &part, Money::Own)),
            ]
            .into_iter()
            .flatten(),
        )
    }
}

/// A look at the few lines of budget and figures, before all entries are walked.
fn has_indirect(case: &Case<'_>, chart: &CategoryChart) -> bool {
    let budgeted = case.project.budget.iter().flat_map(|fact| &fact.lines);
    let mut budgeted = budgeted.filter_map(|line| line.category.as_ref());
    let spent = case.measures.lines.iter();
    let mut spent = spent.filter_map(|line| line.category.as_ref());
    budgeted.any(|category| chart.is_indirect(category.as_str()))
        || spent.any(|category| chart.is_indirect(category.as_str()))
}

/// Whose money is judged.
#[derive(Clone, Copy)]
enum Money {
    Fiscal,
    Own,
}

/// The fiscal or the own part of a project.
struct Part {
    direct: Decimal,
    purchase: Decimal,
    indirect_budget: Decimal,
    indirect_spent: Decimal,
}

impl Part {
    /// `None` where no line of this money is budgeted.
    fn of(
        lines: &[LineMeasures],
        chart: &CategoryChart,
        is_meant: impl Fn(FundSource) -> bool,
    ) -> Option<Self> {
        let mut part = Self {
            direct: Decimal::ZERO,
            purchase: Decimal::ZERO,
            indirect_budget: Decimal::ZERO,
            indirect_spent: Decimal::ZERO,
        };
        let mut is_budgeted = false;
        for line in lines.iter().filter(|line| is_meant(line.source)) {
            let Some(category) = &line.category else {
                continue;
            };
            is_budgeted |= line.is_budgeted;
            if chart.is_indirect(category.as_str()) {
                part.indirect_budget = part.indirect_budget.saturating_add(line.budget);
                part.indirect_spent = part.indirect_spent.saturating_add(line.spent);
                continue;
            }
            part.direct = part.direct.saturating_add(line.budget);
            if chart.is_purchase(category.as_str()) {
                part.purchase = part.purchase.saturating_add(line.budget);
            }
        }
        is_budgeted.then_some(part)
    }
}

impl IndirectCostCap {
    fn finding(&self, case: &Case<'_>, chart: &CategoryChart, part: &Part, money: Money) -> Option<Finding> {
        let base = part.direct.saturating_sub(part.purchase);
        let cap = chart.cap(base);
        // Planning the whole cap is usual; only a plan beyond it says something.
        let (indirect, is_zh, is_en) =
            if part.indirect_budget > cap && part.indirect_budget > part.indirect_spent {
                (part.indirect_budget, "预算安排", "budgeted")
            } else {
                (part.indirect_spent, "支出", "spent")
            };
        if indirect <= Decimal::ZERO {
            return None;
        }
        let share = Ratio::of(indirect, cap);
        let judged = match &share {
            Some(share) => self.levels.from(&share.times(&Ratio::whole(100)), Margin::None),
            None => Judged::at(Level::Red),
        };
        if judged.is_clear() {
            return None;
        }
        let share = share.map_or_else(|| "—".to_owned(), |share| percent(&share));
        let (of_zh, of_en, subject) = match money {
            Money::Fiscal => ("财政资金", "fiscal money", "fiscal"),
            Money::Own => ("自筹资金", "own money", "self_raised"),
        };
        let currency = case.currency();
        let formula = format!(
            "indirect {is_en} {indirect} / F16({} − {} = {base}) = {indirect} / {cap} = {share}",
            part.direct, part.purchase
        );
        let evidence = banded(formula, self.levels, "% of the cap")
            .resting_on(&chart.basis)
            .figure("direct_budget", part.direct)
            .figure("purchase_excluded", part.purchase)
            .figure("base", base)
            .figure("cap", cap.normalize())
            .figure("indirect_budget", part.indirect_budget)
            .figure("indirect_spent", part.indirect_spent);
        let entries = case.spending().filter(|entry| {
            let category = entry.wording().category;
            category.is_some_and(|category| chart.is_indirect(category))
        });
        let finding = Finding::new(
            judged,
            format!(
                "{of_zh}间接费用{is_zh}{}，为上限{}的{share}",
                money_zh(indirect, currency),
                money_zh(cap, currency)
            ),
            format!(
                "indirect costs {is_en} from {of_en} are {}, {share} of the cap of {}",
                money_en(indirect, currency),
                money_en(cap, currency)
            ),
            evidence.facts(entries),
        );
        Some(finding.about(subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_progressive_and_follows_the_chart_of_the_day() {
        let rule = IndirectCostCap::default();
        let cap = |approved_on: NaiveDate, base: i64| {
            let chart = in_force(&rule.charts, |chart| chart.effective_on, approved_on).unwrap();
            chart.cap(Decimal::from(base)).normalize().to_string()
        };
        let (before, since) = (day(2020, 12, 31), day(2021, 1, 1));
        assert_eq!(cap(since, 8_000_000), "2250000");
        assert_eq!(cap(before, 8_000_000), "1450000");
        assert_eq!(cap(before, 190_000), "38000");
        assert_eq!(cap(since, 12_000_000), "3150000");
        assert_eq!(cap(since, -5), "0");
        assert_eq!(cap(day(1999, 1, 1), 5_000_000), "1000000");
    }
}

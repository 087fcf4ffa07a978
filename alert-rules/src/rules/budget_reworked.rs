//! # BX-06 预算编制质量 Drafting quality
//!
//! ## What it finds
//! Four signs of a budget that was not drafted with care, each by itself, for the year: changes of its total that add up to 20, 30, 40 or
//! 50 % of the opening budget, up and down alike (F19); three changes or more (blue); a change after 1 November (yellow); and a change
//! dated after the money that it covers was spent (orange): before it, a line or the total was overspent.
//!
//! ## Why it is a risk
//! No money without a budget (预算法13): approval after spending makes the budget follow the books. Changes in the last weeks only tidy up.
//!
//! ## Worked example
//! A budget of 1,000,000 is raised by 150,000 in June and cut by 50,000 in September: together 20 %, blue. In October a
//! line of 500,000 has 520,000 spent when 30,000 are moved into it: orange. The third change comes on 1 November (blue),
//! another on 2 November (yellow). Scenario: `fires_on_the_worked_example`.
//!
//! ## Thresholds
//! `levels` in percent of the opening budget; `most_changes`; `late_from`, month and day of the last day that is not late.
//!
//! ## What it leaves out
//! Moves between lines count only for what was spent before them. Carry-over confirmed into a year is no change. Published data.
//! A new year begins anew: the warning ends with the year whose budget it is about.
//!
//! ## Source
//! Budget Law, article 13 (预算法).

use chrono::{Datelike, NaiveDate};
use karez_events::Ratio;
use karez_events::event::supervision::Level;
use karez_projections::measures::{LineMeasures, measures};
use karez_projections::project::{BudgetFact, BudgetForm};
use karez_projections::{Measures, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded, evidence};
use crate::words::{money_en, money_zh, percent};

/// Thresholds of BX-06.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetReworked {
    /// Σ|Δ|/A0 in percent, by colour.
    pub levels: Bands,
    /// From so many changes in a year: blue.
    pub most_changes: usize,
    /// Month and day after which a change is late: yellow.
    pub late_from: (u32, u32),
}

impl Default for BudgetReworked {
    fn default() -> Self {
        Self {
            levels: Bands::whole([20, 30, 40, 50]),
            most_changes: 3,
            late_from: (11, 1),
        }
    }
}

impl Rule for BudgetReworked {
    fn about(&self) -> About<'_> {
        About {
            name: "budget_reworked",
            code: "BX-06",
            zh: "预算编制质量",
            en: "Drafting quality",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("budget_reworked.rs"),
            manual_zh: include_str!("zh/budget_reworked.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = !matches!(case.state(), ProjectState::Applied | ProjectState::Closed);
        if !is_meant || case.is_published() {
            return Outcome::QUIET;
        }
        let findings = [
            self.amount(case),
            self.number(case),
            self.late(case),
            after_spending(case),
        ];
        Outcome::of_all(findings.into_iter().flatten())
    }
}

impl BudgetReworked {
    fn amount(&self, case: &Case<'_>) -> Option<Finding> {
        let amounts = &case.measures.amounts;
        let share = Ratio::of(amounts.budget_changes, amounts.opening_budget)?;
        let judged = self.levels.from(&share.times(&Ratio::whole(100)), Margin::None);
        if judged.is_clear() {
            return None;
        }
        let share = percent(&share);
        let formula = format!(
            "Σ|Δ|/A0 = {}/{} = {share}",
            amounts.budget_changes, amounts.opening_budget
        );
        let changes = changes(case).into_iter();
        let evidence = changes.fold(banded(formula, self.levels, "%"), Collect::budget);
        let finding = Finding::new(
            judged,
            format!(
                "本年预算累计调整{}，占年初预算{share}",
                money_zh(amounts.budget_changes, case.currency())
            ),
            format!(
                "the year's budget was changed by {} up and down, {share} of the opening budget",
                money_en(amounts.budget_changes, case.currency())
            ),
            evidence,
        );
        Some(finding.about(format!("{}/amount", case.as_of.year())))
    }

    fn number(&self, case: &Case<'_>) -> Option<Finding> {
        let count = case.measures.changes.len();
        if count < self.most_changes {
            return None;
        }
        let evidence = evidence(format!("n = {count}"), format!("{} changes", self.most_changes));
        let evidence = changes(case).into_iter().fold(evidence, Collect::budget);
        let finding = Finding::new(
            Judged::at(Level::Blue),
            format!("本年预算已调整{count}次"),
            format!("the year's budget was changed {count} times"),
            evidence,
        );
        Some(finding.about(format!("{}/number", case.as_of.year())))
    }

    fn late(&self, case: &Case<'_>) -> Option<Finding> {
        let (month, day) = self.late_from;
        let late_after = NaiveDate::from_ymd_opt(case.as_of.year(), month, day)?;
        let late: Vec<_> = changes(case)
            .into_iter()
            .filter(|fact| fact.dated_on > late_after)
            .collect();
        let last = late.last()?;
        let amount = last.total();
        let evidence = evidence(
            format!("{} > {late_after}", last.dated_on),
            format!("after {late_after}"),
        );
        let finding = Finding::new(
            Judged::at(Level::Yellow),
            format!("{}仍调整预算{}", last.dated_on, money_zh(amount, case.currency())),
            format!(
                "the budget was changed by {} as late as {}",
                money_en(amount, case.currency()),
                last.dated_on
            ),
            late.into_iter().fold(evidence, Collect::budget),
        );
        Some(finding.about(format!("{}/late", case.as_of.year())))
    }
}

/// Changes of the year's total that were stated as such.
fn changes<'a>(case: &Case<'a>) -> Vec<&'a BudgetFact> {
    of_year(case)
        .filter(|fact| fact.form != BudgetForm::Reallocated)
        .collect()
}

fn of_year<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a BudgetFact> + use<'a> {
    let (as_of, currency) = (case.as_of, case.currency());
    let is_change = |fact: &BudgetFact| matches!(fact.form, BudgetForm::Adjusted | BudgetForm::Reallocated);
    case.project.budget.iter().filter(move |fact| {
        is_change(fact)
            && fact.currency == currency
            && fact.effective_on <= as_of
            && fact.fiscal_year.unwrap_or(fact.effective_on.year()) == as_of.year()
    })
}

/// The last change that came after the spending it covers.
fn after_spending(case: &Case<'_>) -> Option<Finding> {
    let found = of_year(case).filter_map(|fact| Some((fact, covers_what_was_spent(case, fact)?)));
    let (fact, ((line_zh, line_en), spent, budget)) =
        found.max_by_key(|(fact, _)| (fact.dated_on, fact.position))?;
    let currency = case.currency();
    let formula = format!("E > A before {}: {line_en}: {spent} > {budget}", fact.dated_on);
    let finding = Finding::new(
        Judged::at(Level::Orange),
        format!(
            "{}调整预算前已超支：{line_zh}支出{}，预算{}",
            fact.dated_on,
            money_zh(spent, currency),
            money_zh(budget, currency)
        ),
        format!(
            "before the change of {} {line_en} was overspent: {} of {}",
            fact.dated_on,
            money_en(spent, currency),
            money_en(budget, currency)
        ),
        evidence(formula, "E ≤ A before every change").budget(fact),
    );
    Some(finding.about(format!("{}/after_spending", case.as_of.year())))
}

/// On the eve of a change that adds: the line, or the total, that was overspent; what was spent of it and its budget.
fn covers_what_was_spent(case: &Case<'_>, fact: &BudgetFact) -> Option<((String, String), Decimal, Decimal)> {
    let gains: Vec<_> = fact
        .lines
        .iter()
        .filter(|line| line.amount > Decimal::ZERO)
        .collect();
    let eve = fact.dated_on.pred_opt().filter(|_| !gains.is_empty())?;
    let before: Measures = measures(case.project, case.currency(), eve);
    // With an earlier effective date the change itself is in the budget of that day.
    let is_in = fact.effective_on <= eve;
    let without = |budget: Decimal, change: Decimal| {
        if is_in {
            budget.saturating_sub(change)
        } else {
            budget
        }
    };
    let total = before.execution()?;
    let total_budget = without(total.denominator, fact.total());
    if fact.form == BudgetForm::Adjusted && total.numerator > total_budget {
        let name = ("总额".to_owned(), "total".to_owned());
        return Some((name, total.numerator, total_budget));
    }
    gains.into_iter().find_map(|gain| {
        let is_meant = |line: &&LineMeasures| {
            line.source == gain.source && line.category == gain.category && gain.category.is_some()
        };
        let line = before.lines.iter().find(is_meant)?;
        let budget = without(line.budget, gain.amount);
        let name = line.category.as_ref()?.as_str().to_owned();
        (line.spent > budget).then_some(((name.clone(), name), line.spent, budget))
    })
}

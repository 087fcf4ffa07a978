//! The rates of a set of amounts, each with its level, numerator and denominator: the same list for a project
//! and for a roll-up, whose rates are those of the sums (F21: ΣE/ΣA, never the mean of rates).

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::rate::{Rate, RateLevel};
use crate::fiscal_calendar::year_end;

/// Whose amounts they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of one project.
    Project,
    /// Of many.
    RollUp,
}

/// Where money was spent for which no budget is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Incomplete {
    /// This year, without a budget of the year.
    pub(super) year: bool,
    /// Ever, without any budget that has begun.
    pub(super) life: bool,
}

impl Incomplete {
    pub(super) fn of_project(amounts: &Amounts, lacks_life_budget: bool) -> Self {
        Self {
            year: amounts.adjusted_budget.is_zero() && !amounts.spent_year.is_zero(),
            life: lacks_life_budget && !amounts.spent.is_zero(),
        }
    }
}

/// A named amount.
type Named = (&'static str, Decimal);

pub(super) fn rates(amounts: &Amounts, as_of: NaiveDate, incomplete: Incomplete, scope: Scope) -> Vec<Rate> {
    let life_budget = ("life_budget", amounts.life_budget);
    let adjusted_budget = ("adjusted_budget", amounts.adjusted_budget);
    let spent = ("net_expenditure", amounts.spent);
    let spent_year = ("net_expenditure_of_year", amounts.spent_year);
    let mut rates = vec![
        unit("F1", spent, life_budget).incomplete_if(incomplete.life),
        unit("F2", spent_year, adjusted_budget).incomplete_if(incomplete.year),
        unit(
            "F3",
            ("fiscal_expenditure", amounts.spent_fiscal),
            ("fiscal_arrived", amounts.arrived_fiscal),
        ),
        unit(
            "F4",
            ("arrived", amounts.arrived),
            ("arrival_due", amounts.arrival_due),
        ),
        unit(
            "F4t",
            ("arrived_on_time", amounts.arrived_on_time),
            ("tranches_due", amounts.due_dated),
        ),
    ];
    rates.extend(of_fund_level(amounts, scope));
    rates.extend([
        unit(
            "F17",
            ("self_raised_arrived", amounts.self_raised_arrived),
            ("planned_self_raised", amounts.planned_self_raised),
        ),
        unit(
            "F17s",
            ("self_raised_expenditure", amounts.spent_self_raised),
            spent,
        ),
        unit(
            "F19",
            ("budget_changes", amounts.budget_changes),
            ("opening_budget", amounts.opening_budget),
        ),
        unit("F20", ("pre_start_expenditure", amounts.spent_pre_start), spent),
    ]);
    if as_of.month() == 12 {
        rates.push(unit(
            "F18",
            ("december_expenditure", amounts.spent_december),
            spent_year,
        ));
    }
    if as_of == year_end(as_of.year()) {
        let unspent = ("unspent_budget", amounts.unspent_year());
        rates.push(unit("F9", unspent, adjusted_budget).incomplete_if(incomplete.year));
        rates.push(unit(
            "F9c",
            ("carried_over", amounts.carried_over),
            adjusted_budget,
        ));
        rates.push(unit("F9s", ("surplus", amounts.surplus), adjusted_budget));
    }
    if scope == Scope::RollUp {
        rates.push(unit("F21", spent_year, adjusted_budget).incomplete_if(incomplete.year));
    }
    rates
}

/// F5 拨付率 over the full-year budget (the bureau's "execution rate", 以拨代支), F5i 下达率, F5d 拨付 of 下达.
/// The full-year budget is the fund's where the scope has a fund, else what the projects' budgets of the year expect
/// from it: all but 自筹 and 配套, which no fund pays over. A single project with one budget for its life is measured
/// over that; many together have no rate in a year without a budget, for a life's payments are not a year's.
fn of_fund_level(amounts: &Amounts, scope: Scope) -> [Rate; 3] {
    let (disbursed, issued) = (("disbursed", amounts.disbursed), ("issued", amounts.issued));
    let of_year = (
        ("disbursed_of_year", amounts.disbursed_year),
        ("issued_of_year", amounts.issued_year),
    );
    let is_for_life =
        scope == Scope::Project && amounts.adjusted_budget.is_zero() && !amounts.life_budget.is_zero();
    let ((paid_over, put_out), budget) = if !amounts.appropriation.is_zero() {
        (of_year, ("appropriation", amounts.appropriation))
    } else if is_for_life {
        let funded = amounts.life_budget.saturating_sub(amounts.own_life_budget);
        ((disbursed, issued), ("funded_life_budget", funded))
    } else {
        let funded = amounts.adjusted_budget.saturating_sub(amounts.own_budget);
        (of_year, ("funded_budget", funded))
    };
    [
        rate("F5", RateLevel::Fund, paid_over, budget),
        rate("F5i", RateLevel::Fund, put_out, budget),
        rate("F5d", RateLevel::Fund, disbursed, issued),
    ]
}

fn unit(figure: &'static str, numerator: Named, denominator: Named) -> Rate {
    rate(figure, RateLevel::Unit, numerator, denominator)
}

fn rate(figure: &'static str, level: RateLevel, numerator: Named, denominator: Named) -> Rate {
    Rate {
        figure,
        level,
        numerator_name: numerator.0,
        denominator_name: denominator.0,
        numerator: numerator.1,
        denominator: denominator.1,
        is_denominator_incomplete: denominator.1.is_zero() && !numerator.1.is_zero(),
    }
}

impl Rate {
    fn incomplete_if(mut self, is_incomplete: bool) -> Self {
        self.is_denominator_incomplete |= is_incomplete;
        self
    }
}

//! Where fiscal money went: from the fund that pays to the unit, and there to its uses.

use std::collections::BTreeMap;

use karez_events::{CategoryId, Currency, FundId, ProjectId, UnitId};
use karez_projections::measures::{Amounts, Brief, fiscal_uses};
use karez_projections::{Portfolio, Project};
use rust_decimal::Decimal;
use serde::Serialize;

use super::overview::currencies_of;
use super::{Amount, Moment, Stand};

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlowsView {
    /// Where it stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The flows of each currency.
    pub currencies: Vec<CurrencyFlows>,
}

/// The flows of one currency, over the whole life. What arrived at a unit is what it spent, gave back and still has.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CurrencyFlows {
    /// The currency.
    pub currency: Currency,
    /// From funds to units.
    pub arrivals: Vec<ArrivalView>,
    /// What became of it at the units.
    pub units: Vec<UnitUses>,
}

/// Fiscal money of one fund that arrived at one unit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArrivalView {
    /// The fund, where the approval names one.
    pub fund: Option<FundId>,
    /// Its name.
    pub fund_name: Option<String>,
    /// The unit.
    pub unit: UnitId,
    /// How much.
    pub arrived: Amount,
}

/// What a unit did with fiscal money.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitUses {
    /// The unit.
    pub unit: UnitId,
    /// Its name.
    pub unit_name: Option<String>,
    /// Spent, by category.
    pub spent: Vec<CategoryAmount>,
    /// Returned and recovered.
    pub taken_back: Amount,
    /// Still there; negative where more was spent than arrived.
    pub balance: Amount,
}

/// An amount of one category.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CategoryAmount {
    /// 科目.
    pub category: Option<CategoryId>,
    /// How much.
    pub amount: Amount,
}

/// The flows of everything, or of one unit alone.
#[must_use]
pub fn show(portfolio: &Portfolio, only: Option<&UnitId>, moment: Moment) -> FlowsView {
    FlowsView {
        stand: Stand::of(portfolio, moment),
        currencies: currencies_of(portfolio, only, moment.as_of)
            .into_iter()
            .map(|currency| of_currency(portfolio, only, currency, moment))
            .collect(),
    }
}

#[derive(Default)]
struct Uses {
    spent: BTreeMap<Option<CategoryId>, Decimal>,
    taken_back: Decimal,
    balance: Decimal,
}

fn of_currency(
    portfolio: &Portfolio,
    only: Option<&UnitId>,
    currency: Currency,
    moment: Moment,
) -> CurrencyFlows {
    let mut arrivals: BTreeMap<(Option<&FundId>, &UnitId), Decimal> = BTreeMap::new();
    let mut units: BTreeMap<&UnitId, Uses> = BTreeMap::new();
    let of_project = |project: &Project| *Brief::of(project, moment.as_of).amounts(currency);
    for project in portfolio.projects() {
        let Some(unit) = project
            .unit()
            .filter(|unit| only.is_none_or(|only| only == *unit))
        else {
            continue;
        };
        let figures = of_project(project);
        let whole = project.parent().and_then(|id: &ProjectId| portfolio.project(id));
        // A whole and its parts are never added.
        if whole.is_some_and(|whole| has_fiscal_money(&of_project(whole))) || !has_fiscal_money(&figures) {
            continue;
        }
        add(
            arrivals.entry((project.fund(), unit)).or_default(),
            figures.arrived_fiscal,
        );
        let uses = units.entry(unit).or_default();
        add(&mut uses.taken_back, figures.taken_back_fiscal);
        add(&mut uses.balance, figures.idle());
        for (category, amount) in fiscal_uses(project, currency, moment.as_of) {
            add(uses.spent.entry(category).or_default(), amount);
        }
    }
    CurrencyFlows {
        currency,
        arrivals: arrivals
            .into_iter()
            .map(|((fund, unit), arrived)| arrival(portfolio, fund, unit, arrived))
            .collect(),
        units: units
            .into_iter()
            .map(|(unit, uses)| uses_of(portfolio, unit, uses))
            .collect(),
    }
}

fn has_fiscal_money(amounts: &Amounts) -> bool {
    !(amounts.arrived_fiscal.is_zero() && amounts.spent_fiscal.is_zero())
}

fn add(sum: &mut Decimal, amount: Decimal) {
    *sum = sum.saturating_add(amount);
}

fn arrival(portfolio: &Portfolio, fund: Option<&FundId>, unit: &UnitId, arrived: Decimal) -> ArrivalView {
    ArrivalView {
        fund: fund.cloned(),
        fund_name: fund
            .and_then(|id| portfolio.fund(id))
            .map(|fund| fund.particulars.name.clone()),
        unit: unit.clone(),
        arrived: Amount(arrived),
    }
}

fn uses_of(portfolio: &Portfolio, unit: &UnitId, uses: Uses) -> UnitUses {
    UnitUses {
        unit: unit.clone(),
        unit_name: portfolio.unit(unit).and_then(|unit| unit.name.clone()),
        spent: uses
            .spent
            .into_iter()
            .map(|(category, amount)| CategoryAmount {
                category,
                amount: Amount(amount),
            })
            .collect(),
        taken_back: Amount(uses.taken_back),
        balance: Amount(uses.balance),
    }
}

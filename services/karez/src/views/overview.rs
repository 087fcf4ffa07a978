//! The whole at a glance: how many of what, and the sums per currency, both levels side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_events::{Currency, FundId, UnitId};
use karez_projections::measures::{Brief, census, overview, unit_measures};
use karez_projections::{Portfolio, Project, ProjectState, Target, Warning};
use serde::Serialize;

use super::figures::{STATES, SumView};
use super::{Moment, Stand};

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OverviewView {
    /// Where it stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// Funds established by then.
    pub funds: usize,
    /// Units with projects known by then.
    pub units: usize,
    /// Projects approved by then.
    pub projects: usize,
    /// Applications known by then that were not approved, or not yet.
    pub applications: usize,
    /// Open warnings that had been raised by then.
    pub open_warnings: usize,
    /// Of each colour, the highest first.
    pub warnings: Vec<LevelCount>,
    /// Projects known by then, by state.
    pub states: Vec<StateCount>,
    /// The figures of each currency.
    pub currencies: Vec<SumView>,
}

/// How many warnings have a colour.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LevelCount {
    /// The colour.
    pub level: Level,
    /// Open at the end of the business date.
    pub open: usize,
    /// Open at the end of the day before.
    pub open_the_day_before: usize,
}

/// How many projects are in a state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StateCount {
    /// The state.
    pub state: ProjectState,
    /// How many.
    pub projects: usize,
}

/// The whole portfolio at a moment.
#[must_use]
pub fn show(portfolio: &Portfolio, moment: Moment) -> OverviewView {
    let as_of = moment.as_of;
    let census = census(portfolio, as_of);
    let warnings = levels(portfolio.warnings().iter(), as_of);
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: portfolio.funds().filter(|fund| fund.is_known_by(as_of)).count(),
        units: census.units,
        projects: census.approved,
        applications: census.known() - census.approved,
        open_warnings: open(&warnings),
        warnings,
        states: states(&census.states),
        currencies: super::in_order(census.currencies)
            .into_iter()
            .map(|currency| SumView::from(&overview(portfolio, currency, as_of)))
            .collect(),
    }
}

/// One unit's part of it: its projects, and the funds that pay for them.
#[must_use]
pub fn show_unit(portfolio: &Portfolio, unit: &UnitId, moment: Moment) -> OverviewView {
    let as_of = moment.as_of;
    let known: Vec<(&Project, Arc<Brief>)> = portfolio
        .projects_of(unit)
        .map(|project| (project, Brief::of(project, as_of)))
        .filter(|(_, brief)| brief.is_known)
        .collect();
    let approved = known.iter().filter(|(_, brief)| brief.is_approved).count();
    let funds: BTreeSet<&FundId> = known.iter().filter_map(|(project, _)| project.fund()).collect();
    let mut in_state: BTreeMap<ProjectState, usize> = BTreeMap::new();
    for (_, brief) in &known {
        *in_state.entry(brief.state).or_default() += 1;
    }
    let is_own = |warning: &&Warning| match Target::of(&warning.raised) {
        Target::Project(id) => portfolio.project(&id).and_then(Project::unit) == Some(unit),
        Target::Unit(id) => id == *unit,
        Target::Fund(_) | Target::Office => false,
    };
    let warnings = levels(portfolio.warnings().iter().filter(is_own), as_of);
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: funds.len(),
        units: usize::from(!known.is_empty()),
        projects: approved,
        applications: known.len() - approved,
        open_warnings: open(&warnings),
        warnings,
        states: states(&in_state),
        currencies: currencies_of(portfolio, Some(unit), as_of)
            .into_iter()
            .map(|currency| SumView::from(&unit_measures(portfolio, unit, currency, as_of)))
            .collect(),
    }
}

fn levels<'a>(warnings: impl Iterator<Item = &'a Warning>, as_of: NaiveDate) -> Vec<LevelCount> {
    let mut counts = [Level::Red, Level::Orange, Level::Yellow, Level::Blue].map(|level| LevelCount {
        level,
        open: 0,
        open_the_day_before: 0,
    });
    for warning in warnings {
        let today = warning.level_on(as_of);
        let yesterday = as_of.pred_opt().and_then(|day| warning.level_on(day));
        for count in &mut counts {
            count.open += usize::from(today == Some(count.level));
            count.open_the_day_before += usize::from(yesterday == Some(count.level));
        }
    }
    counts.into()
}

/// A warning that is open has one colour.
fn open(warnings: &[LevelCount]) -> usize {
    warnings.iter().map(|count| count.open).sum()
}

/// How many projects are in each state, in the order of a project's life.
fn states(projects: &BTreeMap<ProjectState, usize>) -> Vec<StateCount> {
    let count = |state| {
        let projects = *projects.get(&state)?;
        Some(StateCount { state, projects })
    };
    STATES.into_iter().filter_map(count).collect()
}

/// Every currency in use, or in use by one unit, the office's own first; that one alone where nothing is known yet.
pub(super) fn currencies_of(portfolio: &Portfolio, only: Option<&UnitId>, as_of: NaiveDate) -> Vec<Currency> {
    match only {
        Some(unit) => {
            let projects = portfolio.projects_of(unit);
            super::in_order(projects.flat_map(Project::currencies).copied())
        }
        None => super::in_order(census(portfolio, as_of).currencies),
    }
}

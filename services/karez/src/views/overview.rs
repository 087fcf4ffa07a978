//! The whole at a glance: how many of what, and the sums per currency, both levels side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_events::{Currency, FundId, UnitId};
use karez_projections::measures::{Brief, overview, unit_measures};
use karez_projections::{Portfolio, Project, ProjectState, Target, Warning};
use serde::Serialize;

use super::figures::{STATES, SumView};
use super::units::units_known;
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
    let known = known(portfolio.projects(), as_of);
    let approved = approved(&known);
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: portfolio.funds().filter(|fund| fund.is_known_by(as_of)).count(),
        units: units_known(portfolio, as_of).count(),
        projects: approved,
        applications: known.len() - approved,
        open_warnings: open_on(portfolio.warnings().iter(), as_of),
        warnings: levels(portfolio.warnings().iter(), as_of),
        states: states(&known),
        currencies: currencies_of(portfolio, None)
            .into_iter()
            .map(|currency| SumView::from(&overview(portfolio, currency, as_of)))
            .collect(),
    }
}

/// One unit's part of it: its projects, and the funds that pay for them.
#[must_use]
pub fn show_unit(portfolio: &Portfolio, unit: &UnitId, moment: Moment) -> OverviewView {
    let as_of = moment.as_of;
    let own: Vec<&Project> = portfolio
        .projects()
        .filter(|project| project.unit() == Some(unit))
        .collect();
    let known = known(own.iter().copied(), as_of);
    let approved = approved(&known);
    let funds: BTreeSet<&FundId> = own
        .iter()
        .filter(|project| project.is_known_by(as_of))
        .filter_map(|project| project.fund())
        .collect();
    let is_own = |warning: &&Warning| match Target::of(&warning.raised) {
        Target::Project(id) => own.iter().any(|project| project.id == id),
        Target::Unit(id) => id == *unit,
        Target::Fund(_) | Target::Office => false,
    };
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: funds.len(),
        units: usize::from(!known.is_empty()),
        projects: approved,
        applications: known.len() - approved,
        open_warnings: open_on(portfolio.warnings().iter().filter(is_own), as_of),
        warnings: levels(portfolio.warnings().iter().filter(is_own), as_of),
        states: states(&known),
        currencies: currencies_of(portfolio, Some(unit))
            .into_iter()
            .map(|currency| SumView::from(&unit_measures(portfolio, unit, currency, as_of)))
            .collect(),
    }
}

/// In brief those of some projects that were known by a day.
fn known<'a>(projects: impl Iterator<Item = &'a Project>, as_of: NaiveDate) -> Vec<Arc<Brief>> {
    projects
        .map(|project| Brief::of(project, as_of))
        .filter(|brief| brief.is_known)
        .collect()
}

/// How many of them were approved by then.
fn approved(known: &[Arc<Brief>]) -> usize {
    known.iter().filter(|brief| brief.is_approved).count()
}

fn open_on<'a>(warnings: impl Iterator<Item = &'a Warning>, day: NaiveDate) -> usize {
    warnings.filter(|warning| warning.level_on(day).is_some()).count()
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

/// How many of some projects are in each state, without the states that none is in.
fn states(projects: &[Arc<Brief>]) -> Vec<StateCount> {
    let count = |state| StateCount {
        state,
        projects: projects.iter().filter(|project| project.state == state).count(),
    };
    STATES
        .map(count)
        .into_iter()
        .filter(|count| count.projects > 0)
        .collect()
}

/// Every currency in use, or in use by one unit, the office's own first; that one alone where nothing is known yet.
pub(super) fn currencies_of(portfolio: &Portfolio, only: Option<&UnitId>) -> Vec<Currency> {
    let is_meant = |project: &&Project| only.is_none_or(|unit| project.unit() == Some(unit));
    let of_projects = portfolio
        .projects()
        .filter(is_meant)
        .flat_map(Project::currencies)
        .copied();
    let of_funds = portfolio.funds().map(|fund| fund.particulars.currency);
    super::in_order(of_projects.chain(of_funds.filter(|_| only.is_none())))
}

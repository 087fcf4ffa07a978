//! The whole at a glance: how many of what, and the sums per currency, both levels side by side.

use karez_events::Currency;
use karez_projections::measures::overview;
use karez_projections::{Portfolio, ProjectState};
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
    /// Projects known by then, by state.
    pub states: Vec<StateCount>,
    /// The figures of each currency.
    pub currencies: Vec<SumView>,
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
    let mut states = STATES.map(|state| StateCount { state, projects: 0 });
    let (mut projects, mut approved) = (0, 0);
    for project in portfolio.projects().filter(|project| project.is_known_by(as_of)) {
        projects += 1;
        approved += usize::from(project.is_approved_by(as_of));
        let state = project.state(as_of);
        if let Some(count) = states.iter_mut().find(|count| count.state == state) {
            count.projects += 1;
        }
    }
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: portfolio.funds().filter(|fund| fund.is_known_by(as_of)).count(),
        units: units_known(portfolio, as_of).count(),
        projects: approved,
        applications: projects - approved,
        open_warnings: portfolio
            .warnings()
            .iter()
            .filter(|warning| warning.level_on(as_of).is_some())
            .count(),
        states: states.into_iter().filter(|count| count.projects > 0).collect(),
        currencies: currencies(portfolio)
            .into_iter()
            .map(|currency| SumView::from(&overview(portfolio, currency, as_of)))
            .collect(),
    }
}

/// Every currency in use, the office's own first; that one alone where nothing is known yet.
fn currencies(portfolio: &Portfolio) -> Vec<Currency> {
    let of_projects = portfolio
        .projects()
        .flat_map(karez_projections::Project::currencies);
    let of_funds = portfolio.funds().map(|fund| fund.particulars.currency);
    super::in_order(of_projects.chain(of_funds))
}

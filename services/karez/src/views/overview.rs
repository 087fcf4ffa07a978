//! The whole at a glance: how many of what, and the sums per currency, both levels side by side.

use karez_events::Currency;
use karez_projections::measures::overview;
use karez_projections::{Portfolio, ProjectState};
use serde::Serialize;

use super::figures::{STATES, SumView};
use super::{Moment, Stand};

/// The answer.
#[derive(Debug, Serialize)]
pub struct OverviewView {
    /// Where it stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// Funds established.
    pub funds: usize,
    /// Units with projects.
    pub units: usize,
    /// Projects approved.
    pub projects: usize,
    /// Applications that were not approved, or not yet.
    pub applications: usize,
    /// Warnings that are open.
    pub open_warnings: usize,
    /// Projects by state.
    pub states: Vec<StateCount>,
    /// The figures of each currency.
    pub currencies: Vec<SumView>,
}

/// How many projects are in a state.
#[derive(Debug, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: ProjectState,
    /// How many.
    pub projects: usize,
}

/// The whole portfolio at a moment.
#[must_use]
pub fn show(portfolio: &Portfolio, moment: Moment) -> OverviewView {
    let approved = portfolio
        .projects()
        .filter(|project| project.is_approved())
        .count();
    let mut states = STATES.map(|state| StateCount { state, projects: 0 });
    for project in portfolio.projects() {
        let state = project.state(moment.as_of);
        if let Some(count) = states.iter_mut().find(|count| count.state == state) {
            count.projects += 1;
        }
    }
    OverviewView {
        stand: Stand::of(portfolio, moment),
        funds: portfolio.funds().len(),
        units: portfolio.units().len(),
        projects: approved,
        applications: portfolio.projects().len() - approved,
        open_warnings: portfolio
            .warnings()
            .iter()
            .filter(|warning| warning.is_open())
            .count(),
        states: states.into_iter().filter(|count| count.projects > 0).collect(),
        currencies: currencies(portfolio)
            .into_iter()
            .map(|currency| SumView::from(&overview(portfolio, currency, moment.as_of)))
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

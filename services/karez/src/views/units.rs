//! Units (承担单位): each with the figures of its projects.

use chrono::NaiveDate;
use karez_events::{ProjectId, UnitId};
use karez_projections::measures::{SortKey, unit_measures};
use karez_projections::{Portfolio, Project, Unit};
use serde::Serialize;

use super::figures::SumView;
use super::page::{Page, Paging, Sortable};
use super::projects::ListError;
use super::search::Words;
use super::{Moment, Stand};

/// One unit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitView {
    /// 统一社会信用代码, a text.
    pub id: UnitId,
    /// Its name.
    pub name: Option<String>,
    /// How many projects it had applied for or carried by then.
    pub projects: usize,
    /// Closed periods of its books.
    pub closed_periods: Vec<ClosedPeriod>,
    /// The figures of each currency.
    pub currencies: Vec<SumView>,
}

/// A closed period.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClosedPeriod {
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: NaiveDate,
}

/// A page of units.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The units.
    pub items: Vec<UnitView>,
    /// How many units the whole list has.
    pub total: u64,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// One unit with the numbers of its projects.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitDetail {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The unit.
    pub unit: UnitView,
    /// Its projects.
    pub project_ids: Vec<ProjectId>,
}

/// Which units are wanted. What is absent does not narrow the list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Whose number or name has this text.
    pub text: Option<&'a str>,
    /// This one alone.
    pub only: Option<&'a UnitId>,
}

impl<'a> Filter<'a> {
    /// Every unit whose number or name has this text.
    #[must_use]
    pub fn by_text(text: Option<&'a str>) -> Self {
        Self { text, only: None }
    }
}

/// By what units can be put in order.
const ORDERS: [&str; 3] = ["id", "name", "projects"];

/// A page of the units with projects that were known by the business date.
///
/// # Errors
/// [`ListError::UnknownOrder`].
pub fn list(
    portfolio: &Portfolio,
    moment: Moment,
    filter: Filter<'_>,
    paging: &Paging,
) -> Result<UnitList, ListError> {
    let (field, _) = paging.field();
    let wanted = filter.text.map(Words::of);
    let mut rows = Vec::new();
    for unit in units_known(portfolio, moment.as_of)
        .filter(|unit| filter.only.is_none_or(|only| unit.id == *only))
        .filter(|unit| wanted.as_ref().is_none_or(|words| mentions(unit, words)))
    {
        let key = match field {
            "" | "id" => SortKey::Text(unit.id.as_str().into()),
            "name" => SortKey::Text(unit.name.as_deref().unwrap_or_default().into()),
            "projects" => SortKey::Figure(Some(projects_known(portfolio, unit, moment.as_of).count().into())),
            other => return Err(ListError::unknown_order(other, &ORDERS)),
        };
        rows.push(Sortable {
            key,
            id: unit.id.as_str().into(),
            row: unit,
        });
    }
    let page = Page::cut(rows, paging);
    let stand = Stand::of(portfolio, moment);
    Ok(UnitList {
        stand,
        next_cursor: page.next_cursor(&stand, paging),
        total: page.total,
        items: page
            .rows
            .into_iter()
            .map(|unit| view(portfolio, unit, moment.as_of))
            .collect(),
    })
}

/// One unit at a moment, where it is known.
#[must_use]
pub fn show(portfolio: &Portfolio, id: &UnitId, moment: Moment) -> Option<UnitDetail> {
    let unit = portfolio.unit(id)?;
    Some(UnitDetail {
        stand: Stand::of(portfolio, moment),
        unit: view(portfolio, unit, moment.as_of),
        project_ids: projects_known(portfolio, unit, moment.as_of)
            .map(|project| project.id.clone())
            .collect(),
    })
}

/// The units with a project that was known by a day, so that a past day shows none of those that came later.
pub(super) fn units_known(portfolio: &Portfolio, as_of: NaiveDate) -> impl Iterator<Item = &Unit> {
    portfolio
        .units()
        .filter(move |unit| projects_known(portfolio, unit, as_of).next().is_some())
}

fn projects_known<'a>(
    portfolio: &'a Portfolio,
    unit: &'a Unit,
    as_of: NaiveDate,
) -> impl Iterator<Item = &'a Project> {
    portfolio
        .projects_of(&unit.id)
        .filter(move |project| project.is_known_by(as_of))
}

fn mentions(unit: &Unit, words: &Words) -> bool {
    words.are_in(&[unit.id.as_str(), unit.name.as_deref().unwrap_or_default()])
}

fn view(portfolio: &Portfolio, unit: &Unit, as_of: NaiveDate) -> UnitView {
    let projects = unit.projects.iter().filter_map(|id| portfolio.project(id));
    let currencies = super::in_order(
        projects
            .filter(|project| project.is_approved())
            .flat_map(Project::currencies)
            .copied(),
    );
    UnitView {
        id: unit.id.clone(),
        name: unit.name.clone(),
        projects: projects_known(portfolio, unit, as_of).count(),
        closed_periods: unit
            .closed_periods
            .iter()
            .map(|(from_on, to_on)| ClosedPeriod {
                from_on: *from_on,
                to_on: *to_on,
            })
            .collect(),
        currencies: currencies
            .into_iter()
            .map(|currency| SumView::from(&unit_measures(portfolio, &unit.id, currency, as_of)))
            .collect(),
    }
}

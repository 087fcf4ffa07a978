//! The list of projects: filtered, in order, a page at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use karez_events::{Currency, FundId, ProjectId, UnitId};
use karez_projections::measures::{
    Amounts, Brief, KeyOf, Order, OrderOf, Outcome, SortKey, read_order, with_parts,
};
use karez_projections::{Portfolio, Project, ProjectState};
use rust_decimal::Decimal;
use serde::Serialize;

use super::figures::{CourseView, ProjectFigures, STATES, state_word};
use super::page::{CursorError, Page, Paging};
use super::search::Words;
use super::{Moment, Stand};
use crate::nearest::nearest;

/// Which projects are wanted. What is absent does not narrow the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this fund or a part of it.
    pub fund: Option<String>,
    /// Of this unit.
    pub unit: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Of this programme.
    pub programme: Option<String>,
    /// Whose number, title or unit's name has this text.
    pub text: Option<String>,
}

/// A list that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// There is no such order.
    #[error("projects cannot be put in order by {found:?}: {hint}")]
    UnknownOrder {
        /// What was asked for.
        found: String,
        /// The nearest name, or all.
        hint: String,
    },
    /// A filter has no such value.
    #[error("{parameter} has no value {found:?}: {hint}")]
    UnknownValue {
        /// The filter.
        parameter: &'static str,
        /// What was asked for.
        found: String,
        /// The nearest name, or all.
        hint: String,
    },
    /// The cursor is of no such list.
    #[error(transparent)]
    WrongCursor(#[from] CursorError),
}

impl ListError {
    pub(super) fn unknown_order(found: &str, known: &[&str]) -> Self {
        Self::UnknownOrder {
            found: found.to_owned(),
            hint: hint(found, known),
        }
    }

    pub(super) fn unknown_value(parameter: &'static str, found: &str, known: &[&str]) -> Self {
        Self::UnknownValue {
            parameter,
            found: found.to_owned(),
            hint: hint(found, known),
        }
    }

    /// The parameter that is wrong.
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        match self {
            Self::UnknownOrder { .. } => "sort",
            Self::UnknownValue { parameter, .. } => parameter,
            Self::WrongCursor(_) => "cursor",
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::UnknownOrder { found, hint } => format!("不能按 {found:?} 排序：{hint}"),
            Self::UnknownValue {
                parameter,
                found,
                hint,
            } => format!("{parameter} 没有取值 {found:?}：{hint}"),
            Self::WrongCursor(error) => error.in_chinese().to_owned(),
        }
    }
}

fn hint(found: &str, known: &[&str]) -> String {
    match nearest(found, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => known.join(", "),
    }
}

/// One project in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProjectRow {
    /// 项目编号, a text.
    pub id: ProjectId,
    /// 项目名称.
    pub title: String,
    /// 承担单位.
    pub unit: Option<UnitId>,
    /// Its name.
    pub unit_name: Option<String>,
    /// The fund that pays.
    pub fund: Option<FundId>,
    /// The programme.
    pub programme: Option<String>,
    /// The project it is a part of.
    pub parent: Option<ProjectId>,
    /// Where it stands.
    pub state: ProjectState,
    /// The figures of each currency.
    pub currencies: Vec<RowFigures>,
}

/// One project's figures in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RowFigures {
    /// The figures.
    #[serde(flatten)]
    pub figures: ProjectFigures,
    /// Month by month, and how fresh.
    pub course: CourseView,
}

impl RowFigures {
    fn of(project: &Project, brief: &Brief, currency: Currency) -> Self {
        let course = brief.course(currency).cloned().unwrap_or_default();
        Self {
            figures: ProjectFigures::from(&brief.figures(project, currency)),
            course: CourseView::from(&course),
        }
    }
}

/// A page of projects.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProjectList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The projects.
    pub items: Vec<ProjectRow>,
    /// How many projects the whole list has.
    pub total: u64,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// By what projects can be put in order. Figures are those of the project's own currency.
const ORDERS: [&str; 22] = [
    "id",
    "title",
    "unit",
    "state",
    "budget",
    "disbursed",
    "arrived",
    "spent",
    "balance",
    "execution",
    "deviation",
    "idle_days",
    "unit_name",
    "fund",
    "programme",
    "life_budget",
    "adjusted_budget",
    "issued",
    "spent_year",
    "spent_rate",
    "benchmark",
    "last_spent_on",
];

/// A page of the projects that were known by the business date.
///
/// # Errors
/// [`ListError`] for an order or a state that does not exist, and for a cursor of no such list.
pub fn list(
    portfolio: &Portfolio,
    moment: Moment,
    filter: &Filter,
    paging: &Paging,
) -> Result<ProjectList, ListError> {
    let (field, descending) = paging.field();
    let field = if field.is_empty() { "id" } else { field };
    if !ORDERS.contains(&field) {
        return Err(ListError::unknown_order(field, &ORDERS));
    }
    let wanted = Wanted::read(portfolio, filter)?;
    let of = OrderOf {
        name: format!("{field} of {filter:?}"),
        descending,
        as_of: moment.as_of,
    };
    let by = field.to_owned();
    let key = KeyOf::new(move |portfolio, project, brief| {
        let is_wanted = wanted.has(portfolio, project, brief);
        is_wanted.then(|| key(portfolio, project, brief, &by))
    });
    let cut = |order: &Order| Page::of_order(order, paging);
    // Few are kept. There are many units, programmes and texts; what is theirs would push out what everybody looks at.
    let is_kept = filter.unit.is_none() && filter.programme.is_none() && filter.text.is_none();
    let page = if is_kept {
        read_order(portfolio, &of, key, cut)
    } else {
        cut(&Order::anew(portfolio, &of, &key))
    };
    let page = page?;
    let stand = Stand::of(portfolio, moment);
    Ok(ProjectList {
        stand,
        next_cursor: page.next_cursor(&stand, paging),
        total: page.total,
        items: page
            .rows
            .iter()
            .filter_map(|id| portfolio.project(id))
            .map(|project| row(portfolio, project, moment.as_of))
            .collect(),
    })
}

/// A filter with its words understood.
pub(super) struct Wanted {
    filter: Filter,
    funds: Option<BTreeSet<FundId>>,
    state: Option<ProjectState>,
    text: Option<Words>,
}

impl Wanted {
    pub(super) fn read(portfolio: &Portfolio, filter: &Filter) -> Result<Self, ListError> {
        let state = filter.state.as_deref().map(read_state).transpose()?;
        let family = |text: &String| match FundId::try_new(text) {
            Ok(id) => with_parts(portfolio, &id).into_iter().cloned().collect(),
            Err(_) => BTreeSet::new(),
        };
        let funds = filter.fund.as_ref().map(family);
        Ok(Self {
            filter: filter.clone(),
            funds,
            state,
            text: filter.text.as_deref().map(Words::of),
        })
    }

    pub(super) fn among<'p>(
        &self,
        portfolio: &'p Portfolio,
        as_of: NaiveDate,
    ) -> impl Iterator<Item = (&'p Project, Arc<Brief>)> {
        portfolio
            .projects()
            .map(move |project| (project, Brief::of(project, as_of)))
            .filter(|(project, brief)| self.has(portfolio, project, brief))
    }

    fn has(&self, portfolio: &Portfolio, project: &Project, brief: &Brief) -> bool {
        let of_fund = self
            .funds
            .as_ref()
            .is_none_or(|funds| project.fund().is_some_and(|fund| funds.contains(fund)));
        let of_unit = self
            .filter
            .unit
            .as_deref()
            .is_none_or(|wanted| project.unit().is_some_and(|unit| unit.as_str() == wanted));
        let of_programme = self
            .filter
            .programme
            .as_deref()
            .is_none_or(|wanted| programme(project) == Some(wanted));
        brief.is_known
            && of_fund
            && of_unit
            && of_programme
            && self.state.is_none_or(|state| brief.state == state)
            && self
                .text
                .as_ref()
                .is_none_or(|words| mentions(portfolio, project, words))
    }
}

fn read_state(text: &str) -> Result<ProjectState, ListError> {
    let found = STATES.into_iter().find(|state| state_word(*state) == text);
    found.ok_or_else(|| ListError::unknown_value("state", text, &STATES.map(state_word)))
}

fn mentions(portfolio: &Portfolio, project: &Project, words: &Words) -> bool {
    let name = unit_name(portfolio, project).unwrap_or_default();
    words.are_in(&[project.id.as_str(), project.title(), name])
}

pub(super) fn unit_name<'a>(portfolio: &'a Portfolio, project: &Project) -> Option<&'a str> {
    project
        .unit()
        .and_then(|unit| portfolio.unit(unit))
        .and_then(|unit| unit.name.as_deref())
}

/// The programme of the approval, else of the application.
pub(crate) fn programme(project: &Project) -> Option<&str> {
    let applied = project
        .application
        .as_ref()
        .and_then(|applied| applied.fact.programme.as_deref());
    project
        .approvals
        .last()
        .map_or(applied, |approval| approval.fact.programme.as_deref())
}

fn key<'a>(portfolio: &'a Portfolio, project: &'a Project, brief: &Brief, field: &str) -> SortKey<'a> {
    let currency = project.currency();
    let word = |text: Option<&'a str>| SortKey::Text(text.unwrap_or_default().into());
    let amount = |of: fn(&Amounts) -> Decimal| SortKey::Figure(Some(of(brief.amounts(currency))));
    let outcome = |of: fn(Outcome) -> Option<Decimal>| SortKey::Figure(of(brief.outcome(project, currency)));
    match field {
        "title" => word(Some(project.title())),
        "unit" => word(project.unit().map(UnitId::as_str)),
        "state" => {
            let place = STATES.iter().position(|known| *known == brief.state);
            SortKey::Figure(place.map(Decimal::from))
        }
        "unit_name" => word(unit_name(portfolio, project)),
        "fund" => word(project.fund().map(FundId::as_str)),
        "programme" => word(programme(project)),
        "budget" => outcome(|outcome| Some(outcome.budget)),
        "life_budget" => amount(|amounts| amounts.life_budget),
        "adjusted_budget" => amount(|amounts| amounts.adjusted_budget),
        "issued" => amount(|amounts| amounts.issued),
        "spent_year" => amount(|amounts| amounts.spent_year),
        "disbursed" => amount(|amounts| amounts.disbursed),
        "arrived" => amount(|amounts| amounts.arrived),
        "spent" => amount(|amounts| amounts.spent),
        "balance" => amount(Amounts::idle),
        "execution" => outcome(|outcome| outcome.execution),
        "spent_rate" => outcome(|outcome| outcome.spent_rate),
        "benchmark" => outcome(|outcome| outcome.benchmark),
        "last_spent_on" => {
            let last = brief.course(currency).and_then(|course| course.last_spent_on);
            SortKey::Figure(last.map(|day| Decimal::from(day.num_days_from_ce())))
        }
        "deviation" => outcome(|outcome| outcome.deviation_pp),
        "idle_days" => {
            let idle = brief.idle(project, currency);
            SortKey::Figure(idle.map(|idle| Decimal::from(idle.days)))
        }
        _ => word(Some(project.id.as_str())),
    }
}

fn row(portfolio: &Portfolio, project: &Project, as_of: NaiveDate) -> ProjectRow {
    let brief = Brief::of(project, as_of);
    ProjectRow {
        id: project.id.clone(),
        title: project.title().to_owned(),
        unit: project.unit().cloned(),
        unit_name: unit_name(portfolio, project).map(str::to_owned),
        fund: project.fund().cloned(),
        programme: programme(project).map(str::to_owned),
        parent: project.parent().cloned(),
        state: brief.state,
        currencies: currencies(project)
            .into_iter()
            .map(|currency| RowFigures::of(project, &brief, currency))
            .collect(),
    }
}

/// The project's currencies, its own first where it is used.
pub(crate) fn currencies(project: &Project) -> Vec<Currency> {
    let mut found = super::in_order(project.currencies().iter().copied());
    found.sort_by_key(|currency| *currency != project.currency());
    found
}

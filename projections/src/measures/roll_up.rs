//! Sums over a fund, a unit or everything, and the rates of the sums (F21: ΣE/ΣA, never the mean of rates).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::BudgetStanding;
use karez_events::{Currency, FundId, Ratio, UnitId};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::benchmark::{Benchmark, BenchmarkMode, share_of_year};
use super::brief::{Brief, InCurrency};
use super::budget::Standing;
use super::clock::Clock;
use super::course::Course;
use super::forecast::Forecast;
use super::project::{Sums, last_week_multiple};
use super::rate::Rate;
use super::rates::{Scope, rates};
use super::tree::add_up;
use super::whole::{Census, Whole};
use crate::fund::{Fund, FundEntry, FundEntryKind};
use crate::portfolio::Portfolio;
use crate::project::Project;

/// The figures of many projects together, in one currency at a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollUp {
    /// The business date.
    pub as_of: NaiveDate,
    /// The currency.
    pub currency: Currency,
    /// How many projects in this currency had been approved by then.
    pub projects: usize,
    /// The sums; a whole and its parts are never added.
    pub amounts: Amounts,
    /// Rates of the sums, both levels side by side.
    pub rates: Vec<Rate>,
    /// F6, by days of the year.
    pub benchmark: Option<Benchmark>,
    /// F6w, weighted by when the budgets came.
    pub weighted_benchmark: Option<Ratio>,
    /// F11, F12.
    pub forecast: Option<Forecast>,
    /// Month by month, and how fresh.
    pub course: Course,
}

impl RollUp {
    /// A rate by its figure, such as `"F21"`.
    #[must_use]
    pub fn rate(&self, figure: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.figure == figure)
    }

    /// F7: F21 − F6 in percentage points, rounded once.
    #[must_use]
    pub fn deviation_pp(&self) -> Option<Decimal> {
        let benchmark = self.benchmark.as_ref()?;
        self.rate("F21")?.ratio()?.minus(&benchmark.share).percent()
    }

    /// F18: the last 7 days' spending over the mean week of the year.
    #[must_use]
    pub fn last_week_multiple(&self) -> Option<Ratio> {
        last_week_multiple(&self.amounts, self.as_of)
    }
}

/// What projects and funds add up to in one currency at a date.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    projects: usize,
    of_projects: Sums,
    of_funds: Amounts,
    course: Course,
}

impl Part {
    /// Both lists are in the order of their ids.
    pub(super) fn of(
        projects: &[(&Project, Arc<Brief>)],
        funds: &[&Fund],
        currency: Currency,
        as_of: NaiveDate,
    ) -> Self {
        let place_of_project = |id| {
            projects
                .binary_search_by_key(&id, |(project, _)| &project.id)
                .ok()
        };
        let parents: Vec<Option<usize>> = projects
            .iter()
            .map(|(project, _)| project.parent().and_then(place_of_project))
            .collect();
        let nothing = Sums::default();
        let sums = projects
            .iter()
            .map(|(_, brief)| brief.sums(currency).unwrap_or(&nothing));
        let courses: Vec<Option<&Course>> =
            projects.iter().map(|(_, brief)| brief.course(currency)).collect();
        let counted = projects.iter().filter(|(_, brief)| brief.is_counted_in(currency));
        Self {
            projects: counted.count(),
            of_projects: add_up(sums, &parents),
            of_funds: of_funds(funds, currency, as_of),
            course: Course::of_all(&courses, &parents),
        }
    }

    /// Takes what one project added before for what it adds now; `None` where only adding up anew tells.
    pub(super) fn replace(&mut self, before: &InCurrency, after: &InCurrency) -> Option<()> {
        self.of_projects.replace(&before.own.sums, &after.own.sums)?;
        self.course.replace(&before.course, &after.course)
    }

    fn roll_up(&self, currency: Currency, as_of: NaiveDate) -> RollUp {
        // The quotas of a fund are those of its projects too: they are counted once, at the fund.
        let amounts = self.of_funds.or_of_parts(&self.of_projects.amounts);
        let share = share_of_year(as_of);
        RollUp {
            as_of,
            currency,
            projects: self.projects,
            amounts,
            rates: rates(&amounts, as_of, self.of_projects.incomplete, Scope::RollUp),
            benchmark: share.map(|share| Benchmark {
                mode: BenchmarkMode::DayOfYear,
                share,
            }),
            weighted_benchmark: self.of_projects.increments.benchmark(as_of, &Clock::default()),
            forecast: Some(Forecast::of(&amounts, as_of)),
            course: self.course.clone(),
        }
    }
}

/// The figures of a fund, its parts included.
#[must_use]
pub fn fund_measures(portfolio: &Portfolio, fund: &FundId, currency: Currency, as_of: NaiveDate) -> RollUp {
    of_whole(portfolio, Whole::Fund(fund.clone()), currency, as_of)
}

fn of_whole(portfolio: &Portfolio, whole: Whole, currency: Currency, as_of: NaiveDate) -> RollUp {
    let summary = portfolio.wholes().get(portfolio, whole, as_of);
    match summary.in_currency(currency) {
        Some(part) => part.roll_up(currency, as_of),
        None => Part::default().roll_up(currency, as_of),
    }
}

/// The projects that a fund and its parts pay.
#[must_use]
pub fn projects_of_fund<'a>(portfolio: &'a Portfolio, fund: &FundId) -> Vec<&'a Project> {
    paid_by(portfolio, &with_parts(portfolio, fund))
}

fn paid_by<'a>(portfolio: &'a Portfolio, funds: &BTreeSet<&FundId>) -> Vec<&'a Project> {
    let is_paid_by = |project: &&Project| project.fund().is_some_and(|paid_by| funds.contains(paid_by));
    portfolio.projects().filter(is_paid_by).collect()
}

/// The figures of a unit.
#[must_use]
pub fn unit_measures(portfolio: &Portfolio, unit: &UnitId, currency: Currency, as_of: NaiveDate) -> RollUp {
    let projects: Vec<(&Project, Arc<Brief>)> = portfolio
        .projects_of(unit)
        .map(|project| (project, Brief::of(project, as_of)))
        .collect();
    Part::of(&projects, &[], currency, as_of).roll_up(currency, as_of)
}

/// The figures of everything.
#[must_use]
pub fn overview(portfolio: &Portfolio, currency: Currency, as_of: NaiveDate) -> RollUp {
    of_whole(portfolio, Whole::Everything, currency, as_of)
}

/// Takes what has changed of at most so many projects into the figures of everything that are kept, so that nobody waits for
/// all of them at once; whether there is more.
#[must_use]
pub fn catch_up(portfolio: &Portfolio, as_of: NaiveDate, most: usize) -> bool {
    portfolio.wholes().catch_up(portfolio, as_of, most)
}

/// How many of what there are in all.
#[must_use]
pub fn census(portfolio: &Portfolio, as_of: NaiveDate) -> Census {
    let everything = portfolio.wholes().get(portfolio, Whole::Everything, as_of);
    everything.census.clone()
}

/// A fund and its parts, and their parts; a fund is visited once, even where parents run in a circle.
#[must_use]
pub fn with_parts<'a>(portfolio: &'a Portfolio, fund: &'a FundId) -> BTreeSet<&'a FundId> {
    let mut parts: BTreeMap<&FundId, Vec<&FundId>> = BTreeMap::new();
    for part in portfolio.funds() {
        if let Some(parent) = &part.particulars.parent {
            parts.entry(parent).or_default().push(&part.id);
        }
    }
    let mut visited = BTreeSet::new();
    let mut open = vec![fund];
    while let Some(next) = open.pop() {
        if visited.insert(next) {
            open.extend(parts.get(next).into_iter().flatten());
        }
    }
    visited
}

/// What the funds have for themselves; a fund's parts are never added to it.
fn of_funds(funds: &[&Fund], currency: Currency, as_of: NaiveDate) -> Amounts {
    let place_of_fund = |id| funds.binary_search_by_key(&id, |fund| &fund.id).ok();
    let parents: Vec<Option<usize>> = funds
        .iter()
        .map(|fund| fund.particulars.parent.as_ref().and_then(place_of_fund))
        .collect();
    let sums: Vec<Sums> = funds.iter().map(|fund| of_fund(fund, currency, as_of)).collect();
    add_up(sums.iter(), &parents).amounts
}

/// Every currency that a fund or an entry of it names.
pub(super) fn currencies_of_fund(fund: &Fund) -> impl Iterator<Item = Currency> {
    let of_entries = fund.entries.iter().map(|entry| entry.currency);
    of_entries.chain([fund.particulars.currency])
}

/// The fund's own budget of the year and its quotas.
fn of_fund(fund: &Fund, currency: Currency, as_of: NaiveDate) -> Sums {
    let mut entries: Vec<&FundEntry> = fund
        .entries
        .iter()
        .filter(|entry| entry.currency == currency && entry.effective_on <= as_of)
        .collect();
    let is_change = |entry: &FundEntry| !matches!(entry.kind, FundEntryKind::Appropriation { .. });
    // As for projects: a change effective on the day of the budget adds to it, whichever became known first.
    entries.sort_by_key(|entry| (entry.effective_on, is_change(entry)));
    let mut budget = Standing::default();
    let mut amounts = Amounts::default();
    let year = as_of.year();
    for entry in entries {
        let (on, amount) = (entry.effective_on, entry.amount);
        match entry.kind {
            FundEntryKind::Appropriation { fiscal_year } if fiscal_year == year => {
                budget.approve(on, amount, BudgetStanding::Original);
            }
            FundEntryKind::Adjustment { fiscal_year } if fiscal_year == year => budget.adjust(on, amount),
            FundEntryKind::Appropriation { .. } | FundEntryKind::Adjustment { .. } => {}
            FundEntryKind::Quota { .. } => {
                amounts.issued = amounts.issued.saturating_add(amount);
                if on.year() == year {
                    amounts.issued_year = amounts.issued_year.saturating_add(amount);
                }
            }
        }
    }
    amounts.appropriation_opening = budget.opening;
    amounts.appropriation = budget.total;
    Sums {
        amounts,
        ..Sums::default()
    }
}

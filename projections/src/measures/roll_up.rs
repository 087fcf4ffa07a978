//! Sums over a fund, a unit or everything, and the rates of the sums (F21: ΣE/ΣA, never the mean of rates).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::BudgetStanding;
use karez_events::{Currency, FundId, Ratio, UnitId};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::benchmark::{Benchmark, BenchmarkMode, share_of_year};
use super::brief::Brief;
use super::budget::Standing;
use super::clock::Clock;
use super::course::Course;
use super::forecast::Forecast;
use super::project::{Sums, last_week_multiple};
use super::rate::Rate;
use super::rates::{Scope, rates};
use super::tree::add_up;
use crate::fund::{Fund, FundEntry, FundEntryKind};
use crate::portfolio::Portfolio;
use crate::project::Project;

/// So many roll-ups are kept: a year's months and some funds.
const MOST_ROLL_UPS: usize = 32;

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

/// Of what a roll-up is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whole {
    Everything,
    Fund(FundId),
}

/// Roll-ups that still hold, the newest last: the year of an overview asks for each month's end, and a past month
/// changes seldom. They are no facts: portfolios are equal whatever was asked of them.
#[derive(Debug, Default)]
pub(crate) struct KeptRollUps(Mutex<VecDeque<(Whole, RollUp)>>);

impl KeptRollUps {
    fn get(
        &self,
        whole: Whole,
        (currency, as_of): (Currency, NaiveDate),
        anew: impl FnOnce() -> RollUp,
    ) -> RollUp {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |kept: &&(Whole, RollUp)| kept.0 == whole && kept.1.currency == currency && kept.1.as_of == as_of;
        if let Some((_, found)) = lock().iter().find(is_it) {
            return found.clone();
        }
        let made = anew();
        let mut kept = lock();
        if kept.len() >= MOST_ROLL_UPS {
            kept.pop_front();
        }
        kept.push_back((whole, made.clone()));
        made
    }

    /// Drops what an event that changes the figures from a day on may have made untrue.
    pub(crate) fn forget_from(&mut self, day: NaiveDate) {
        let kept = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, roll_up)| roll_up.as_of < day);
    }
}

impl Clone for KeptRollUps {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for KeptRollUps {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for KeptRollUps {}

/// The figures of a fund, its parts included.
#[must_use]
pub fn fund_measures(portfolio: &Portfolio, fund: &FundId, currency: Currency, as_of: NaiveDate) -> RollUp {
    let whole = Whole::Fund(fund.clone());
    let anew = || of_fund_and_parts(portfolio, fund, currency, as_of);
    portfolio.roll_ups().get(whole, (currency, as_of), anew)
}

fn of_fund_and_parts(portfolio: &Portfolio, fund: &FundId, currency: Currency, as_of: NaiveDate) -> RollUp {
    let funds = with_parts(portfolio, fund);
    let projects = paid_by(portfolio, &funds);
    let funds: Vec<&Fund> = portfolio
        .funds()
        .filter(|fund| funds.contains(&fund.id))
        .collect();
    roll_up(&projects, &funds, currency, as_of)
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
    let ids = portfolio.unit(unit).map(|unit| &unit.projects);
    let projects: Vec<&Project> = ids
        .into_iter()
        .flatten()
        .filter_map(|id| portfolio.project(id))
        .collect();
    roll_up(&projects, &[], currency, as_of)
}

/// The figures of everything.
#[must_use]
pub fn overview(portfolio: &Portfolio, currency: Currency, as_of: NaiveDate) -> RollUp {
    let anew = || {
        let projects: Vec<&Project> = portfolio.projects().collect();
        let funds: Vec<&Fund> = portfolio.funds().collect();
        roll_up(&projects, &funds, currency, as_of)
    };
    portfolio
        .roll_ups()
        .get(Whole::Everything, (currency, as_of), anew)
}

/// A fund and its parts, and their parts; a fund is visited once, even where parents run in a circle.
fn with_parts<'a>(portfolio: &'a Portfolio, fund: &'a FundId) -> BTreeSet<&'a FundId> {
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

/// Both lists are in the order of their ids.
fn roll_up(projects: &[&Project], funds: &[&Fund], currency: Currency, as_of: NaiveDate) -> RollUp {
    let place_of_project = |id| projects.binary_search_by_key(&id, |project| &project.id).ok();
    let parents: Vec<Option<usize>> = projects
        .iter()
        .map(|project| project.parent().and_then(place_of_project))
        .collect();
    let briefs: Vec<Arc<Brief>> = projects.iter().map(|project| Brief::of(project, as_of)).collect();
    let nothing = Sums::default();
    let sums = briefs
        .iter()
        .map(|brief| brief.sums(currency).unwrap_or(&nothing));
    let of_projects = add_up(sums, &parents);
    let courses: Vec<Option<&Course>> = briefs.iter().map(|brief| brief.course(currency)).collect();
    let course = Course::of_all(&courses, &parents);
    let place_of_fund = |id| funds.binary_search_by_key(&id, |fund| &fund.id).ok();
    let parents: Vec<Option<usize>> = funds
        .iter()
        .map(|fund| fund.particulars.parent.as_ref().and_then(place_of_fund))
        .collect();
    let sums: Vec<Sums> = funds.iter().map(|fund| of_fund(fund, currency, as_of)).collect();
    let of_funds = add_up(sums.iter(), &parents);
    // The quotas of a fund are those of its projects too: they are counted once, at the fund.
    let amounts = of_funds.amounts.or_of_parts(&of_projects.amounts);
    let share = share_of_year(as_of);
    RollUp {
        as_of,
        currency,
        projects: projects
            .iter()
            .zip(&briefs)
            .filter(|(project, brief)| is_counted(project, brief, currency))
            .count(),
        amounts,
        rates: rates(&amounts, as_of, of_projects.incomplete, Scope::RollUp),
        benchmark: share.map(|share| Benchmark {
            mode: BenchmarkMode::DayOfYear,
            share,
        }),
        weighted_benchmark: of_projects.increments.benchmark(as_of, &Clock::default()),
        forecast: Some(Forecast::of(&amounts, as_of)),
        course,
    }
}

fn is_counted(project: &Project, brief: &Brief, currency: Currency) -> bool {
    brief.is_approved && (project.currency() == currency || project.currencies().contains(&currency))
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

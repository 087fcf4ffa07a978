//! Everything at a date, or what a fund and its parts pay: added up once, kept, and corrected by what an event changed.
//! So one more posting costs what one project adds, and neither a walk over all projects nor one over all that was ever spent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use karez_events::{Currency, FundId, UnitId};

use super::brief::Brief;
use super::roll_up::{Part, currencies_of_fund, with_parts};
use crate::fund::Fund;
use crate::portfolio::Portfolio;
use crate::project::{Project, ProjectState};
use crate::projects::ProjectNumber;

/// So many wholes are kept: a year's months and some funds.
const MOST_WHOLES: usize = 32;

/// Of what a sum is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whole {
    /// Every project and every fund.
    Everything,
    /// A fund with its parts, and the projects that they pay.
    Fund(FundId),
}

/// How many of what there are at a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Projects known by then, by state, applications included.
    pub states: BTreeMap<ProjectState, usize>,
    /// Projects approved by then.
    pub approved: usize,
    /// Units with a project known by then.
    pub units: usize,
    /// Every currency in use by a project or a fund, at whatever date.
    pub currencies: BTreeSet<Currency>,
}

impl Census {
    /// Projects known by then, applications included.
    #[must_use]
    pub fn known(&self) -> usize {
        self.states.values().sum()
    }

    fn of(projects: &[(&Project, Arc<Brief>)], funds: &[&Fund]) -> Self {
        let mut census = Self::default();
        let mut units: BTreeSet<&UnitId> = BTreeSet::new();
        for (project, brief) in projects {
            census.currencies.extend(project.currencies());
            if brief.is_known {
                *census.states.entry(brief.state).or_default() += 1;
                census.approved += usize::from(brief.is_approved);
                units.extend(project.unit());
            }
        }
        census.units = units.len();
        census
            .currencies
            .extend(funds.iter().map(|fund| fund.particulars.currency));
        census
    }
}

/// A whole at a date.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub(super) census: Census,
    parts: BTreeMap<Currency, Part>,
    /// The funds that pay for what is counted here; `None` where all is.
    funds: Option<BTreeSet<FundId>>,
}

impl Summary {
    fn of(portfolio: &Portfolio, whole: &Whole, as_of: NaiveDate) -> Self {
        let counted = match whole {
            Whole::Everything => None,
            Whole::Fund(fund) => Some(with_parts(portfolio, fund)),
        };
        let is_counted = |fund: &FundId| counted.as_ref().is_none_or(|funds| funds.contains(fund));
        let funds: Vec<&Fund> = portfolio.funds().filter(|fund| is_counted(&fund.id)).collect();
        let projects: Vec<(&Project, Arc<Brief>)> = portfolio
            .projects()
            .filter(|project| counted.is_none() || project.fund().is_some_and(is_counted))
            .map(|project| (project, Brief::of(project, as_of)))
            .collect();
        let census = Census::of(&projects, &funds);
        let of_projects = projects.iter().flat_map(|(_, brief)| brief.every_currency());
        let of_funds = funds.iter().copied().flat_map(currencies_of_fund);
        let currencies: BTreeSet<Currency> = of_projects.chain(of_funds).collect();
        let in_currency = |currency| (currency, Part::of(&projects, &funds, currency, as_of));
        Self {
            parts: currencies.into_iter().map(in_currency).collect(),
            funds: counted.map(|funds| funds.into_iter().cloned().collect()),
            census,
        }
    }

    /// What was added up in a currency; `None` in one that nothing has to do with.
    pub(super) fn in_currency(&self, currency: Currency) -> Option<&Part> {
        self.parts.get(&currency)
    }

    fn counts(&self, project: &Project) -> bool {
        let Some(funds) = &self.funds else { return true };
        project.fund().is_some_and(|fund| funds.contains(fund))
    }

    /// Takes what a project that stands alone added before for what it adds now; `None` where only adding up anew tells.
    fn replace(&mut self, before: &Brief, after: &Brief) -> Option<()> {
        let standing = |brief: &Brief| (brief.is_known, brief.is_approved, brief.state);
        if standing(before) != standing(after) || !before.use_of_currencies().eq(after.use_of_currencies()) {
            return None;
        }
        for (before, after) in before.in_each_currency().zip(after.in_each_currency()) {
            self.parts.get_mut(&before.currency)?.replace(before, after)?;
        }
        Some(())
    }
}

/// Wholes that were added up and still hold, the one that was asked for last at the end.
#[derive(Debug, Default)]
pub(crate) struct KeptWholes(Mutex<VecDeque<KeptWhole>>);

#[derive(Debug)]
struct KeptWhole {
    whole: Whole,
    as_of: NaiveDate,
    summary: Arc<Summary>,
    /// The briefs that were added up, of projects that have changed since.
    outdated: BTreeMap<ProjectNumber, Arc<Brief>>,
}

impl KeptWhole {
    /// Notes that a project which stands alone is about to change; `false` where the whole no longer holds.
    fn outdate(&mut self, project: &Project) -> bool {
        if !self.summary.counts(project) || self.outdated.contains_key(&project.number) {
            return true;
        }
        let Some(brief) = project.kept.known_brief(self.as_of) else {
            return false;
        };
        self.outdated.insert(project.number, brief);
        true
    }

    /// With what has changed since of at most so many projects; `None` where only adding up anew tells.
    fn corrected(mut self, portfolio: &Portfolio, most: usize) -> Option<Self> {
        for _ in 0..most {
            let Some((number, before)) = self.outdated.pop_first() else {
                break;
            };
            let after = Brief::of(portfolio.numbered(number)?, self.as_of);
            Arc::make_mut(&mut self.summary).replace(&before, &after)?;
        }
        Some(self)
    }
}

fn take(kept: &mut VecDeque<KeptWhole>, whole: &Whole, as_of: NaiveDate) -> Option<KeptWhole> {
    let place = kept
        .iter()
        .position(|kept| kept.whole == *whole && kept.as_of == as_of)?;
    kept.remove(place)
}

impl KeptWholes {
    /// The whole at a date. Whoever asks for the same meanwhile waits for it, and so need not add up as well.
    pub(super) fn get(&self, portfolio: &Portfolio, whole: Whole, as_of: NaiveDate) -> Arc<Summary> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = take(&mut kept, &whole, as_of);
        let held = found.and_then(|found| found.corrected(portfolio, usize::MAX));
        let held = held.unwrap_or_else(|| KeptWhole {
            summary: Arc::new(Summary::of(portfolio, &whole, as_of)),
            whole,
            as_of,
            outdated: BTreeMap::new(),
        });
        let summary = Arc::clone(&held.summary);
        if kept.len() >= MOST_WHOLES {
            kept.pop_front();
        }
        kept.push_back(held);
        summary
    }

    /// Takes in what has changed of at most so many projects since everything was added up; whether there is more.
    pub(super) fn catch_up(&self, portfolio: &Portfolio, as_of: NaiveDate, most: usize) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = take(&mut kept, &Whole::Everything, as_of);
        let held = found.and_then(|found| found.corrected(portfolio, most));
        let is_more = held.as_ref().is_some_and(|held| !held.outdated.is_empty());
        kept.extend(held);
        is_more
    }

    /// Before a project takes an event that changes its figures from a day on, and nothing of who has it or pays for it. What
    /// a project adds that has parts, or is one, hangs on others.
    pub(crate) fn outdate_from(&mut self, day: NaiveDate, project: &Project, has_parts: bool) {
        let stands_alone = project.parent().is_none() && !has_parts;
        let kept = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        kept.retain_mut(|kept| kept.as_of < day || (stands_alone && kept.outdate(project)));
    }

    /// Drops everything: an event may change any figure.
    pub(crate) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

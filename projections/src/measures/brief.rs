//! A project in brief at a date: what lists and sums of a hundred thousand projects ask for again and again. It is kept
//! with the project until an event could change it, so that one more posting costs the walk over one project's
//! entries and not over all.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::NaiveDate;
use karez_events::{Currency, Event, Ratio, RecordedEvent};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::course::Course;
use super::project::{Measures, Sums, measures};
use super::rate::Rate;
use crate::project::{Project, ProjectState};

/// For so many dates are briefs kept: today's, and one that somebody looks back at.
const MOST_BRIEFS: usize = 2;

/// A project in brief at a date.
#[derive(Debug)]
pub struct Brief {
    as_of: NaiveDate,
    /// Where the project stands.
    pub state: ProjectState,
    /// Whether anything about the project is dated on or before the date.
    pub is_known: bool,
    /// Whether it had been approved by then.
    pub is_approved: bool,
    own_currency: Currency,
    currencies: Vec<InCurrency>,
}

/// What a project adds to sums in one currency.
#[derive(Debug)]
pub(super) struct InCurrency {
    pub(super) currency: Currency,
    /// Whether the project has a budget, a plan or an entry in it, and does not only name it.
    is_used: bool,
    pub(super) sums: Sums,
    pub(super) course: Course,
    outcome: OnceLock<Outcome>,
}

/// The figures that no sum needs, and that only the whole walk of [`measures`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The budget on the basis of the measures: of the year, or of the life.
    pub budget: Decimal,
    /// The execution rate on that basis, in percent.
    pub execution: Option<Decimal>,
    /// F3, in percent.
    pub spent_rate: Option<Decimal>,
    /// F6, in percent.
    pub benchmark: Option<Decimal>,
    /// F7, in percentage points.
    pub deviation_pp: Option<Decimal>,
    /// F10, in days.
    pub idle_days: Option<i64>,
}

impl From<&Measures> for Outcome {
    fn from(measures: &Measures) -> Self {
        Self {
            budget: measures.budget(),
            execution: measures.execution().and_then(Rate::percent),
            spent_rate: measures.rate("F3").and_then(Rate::percent),
            benchmark: measures
                .benchmark
                .as_ref()
                .and_then(|due| Ratio::percent(&due.share)),
            deviation_pp: measures.deviation_pp(),
            idle_days: measures.idle_days(),
        }
    }
}

impl Brief {
    /// The brief of a project, computed where none is kept.
    #[must_use]
    pub fn of(project: &Project, as_of: NaiveDate) -> Arc<Self> {
        project.kept.brief(as_of, || Self::anew(project, as_of))
    }

    fn anew(project: &Project, as_of: NaiveDate) -> Self {
        let used = project.currencies();
        let in_currency = |currency| InCurrency {
            currency,
            is_used: used.contains(&currency),
            sums: Sums::of(project, currency, as_of),
            course: Course::of(project, currency, as_of),
            outcome: OnceLock::new(),
        };
        let state = project.state(as_of);
        Self {
            as_of,
            state,
            is_known: project.is_known_by(as_of),
            is_approved: project.is_approved() && state != ProjectState::Applied,
            own_currency: project.currency(),
            currencies: project.every_currency().into_iter().map(in_currency).collect(),
        }
    }

    /// Every currency that any fact of the project names.
    pub(super) fn every_currency(&self) -> impl Iterator<Item = Currency> {
        self.currencies.iter().map(|known| known.currency)
    }

    /// The same, each with whether the project uses it.
    pub(super) fn use_of_currencies(&self) -> impl Iterator<Item = (Currency, bool)> {
        self.currencies
            .iter()
            .map(|known| (known.currency, known.is_used))
    }

    /// Whether the project is counted among the approved ones of a currency.
    pub(super) fn is_counted_in(&self, currency: Currency) -> bool {
        let is_used = || self.of_currency(currency).is_some_and(|known| known.is_used);
        self.is_approved && (self.own_currency == currency || is_used())
    }

    pub(super) fn in_each_currency(&self) -> impl Iterator<Item = &InCurrency> {
        self.currencies.iter()
    }

    fn of_currency(&self, currency: Currency) -> Option<&InCurrency> {
        self.currencies.iter().find(|known| known.currency == currency)
    }

    pub(super) fn sums(&self, currency: Currency) -> Option<&Sums> {
        self.of_currency(currency).map(|known| &known.sums)
    }

    /// The amounts in a currency; zero in one that the project has never had to do with.
    #[must_use]
    pub fn amounts(&self, currency: Currency) -> &Amounts {
        self.sums(currency)
            .map_or(&Amounts::NOTHING, |sums| &sums.amounts)
    }

    /// The year in a currency, where the project has to do with that.
    #[must_use]
    pub fn course(&self, currency: Currency) -> Option<&Course> {
        self.of_currency(currency).map(|known| &known.course)
    }

    /// The figures beyond the sums. `project` is the one of which this is the brief.
    #[must_use]
    pub fn outcome(&self, project: &Project, currency: Currency) -> Outcome {
        let anew = || Outcome::from(&measures(project, currency, self.as_of));
        match self.of_currency(currency) {
            Some(known) => *known.outcome.get_or_init(anew),
            None => anew(),
        }
    }
}

/// What was computed from a project and still holds.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    currencies: OnceLock<Vec<Currency>>,
    briefs: Mutex<[Option<Arc<Brief>>; MOST_BRIEFS]>,
}

impl Kept {
    pub(crate) fn currencies(&self, anew: impl FnOnce() -> Vec<Currency>) -> &[Currency] {
        self.currencies.get_or_init(anew)
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Arc<Brief>>; MOST_BRIEFS]> {
        self.briefs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The brief at a date, where it is kept.
    pub(super) fn known_brief(&self, as_of: NaiveDate) -> Option<Arc<Brief>> {
        let briefs = self.lock();
        let mut briefs = briefs.iter().flatten();
        briefs.find(|brief| brief.as_of == as_of).map(Arc::clone)
    }

    fn brief(&self, as_of: NaiveDate, anew: impl FnOnce() -> Brief) -> Arc<Brief> {
        if let Some(found) = self.known_brief(as_of) {
            return found;
        }
        let made = Arc::new(anew());
        let mut briefs = self.lock();
        briefs.rotate_right(1);
        if let Some(oldest) = briefs.first_mut() {
            *oldest = Some(Arc::clone(&made));
        }
        made
    }

    /// The first business date whose figures an event of the project changes. A payment or posting counts from its own
    /// day; anything else may change what is said of days before it.
    pub(crate) fn first_day_changed(&self, recorded: &RecordedEvent) -> NaiveDate {
        let known = self.currencies.get();
        match entered(&recorded.event) {
            // The first entry in a currency makes the project one of that currency.
            Some(currency) if known.is_some_and(|known| known.contains(&currency)) => recorded.occurred_on,
            Some(_) | None => NaiveDate::MIN,
        }
    }

    /// Drops what an event that changes the figures from a day on may have made untrue.
    pub(crate) fn forget_from(&mut self, day: NaiveDate) {
        if day == NaiveDate::MIN {
            self.currencies.take();
        }
        let briefs = self.briefs.get_mut().unwrap_or_else(PoisonError::into_inner);
        for brief in briefs {
            brief.take_if(|brief| brief.as_of >= day);
        }
    }
}

/// The currency of an event that only adds an entry to the ledger.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever is not listed may change anything, which is always safe to say"
)]
fn entered(event: &Event) -> Option<Currency> {
    match event {
        Event::FundsDisbursed(data) => Some(data.currency),
        Event::FundsArrived(data) => Some(data.currency),
        Event::MatchingFundsArrived(data) => Some(data.currency),
        Event::FundsReturned(data) => Some(data.currency),
        Event::FundsRecovered(data) => Some(data.currency),
        Event::OtherFlowRecorded(data) => Some(data.currency),
        Event::CommitmentSigned(data) => Some(data.currency),
        Event::CommitmentReleased(data) => Some(data.currency),
        Event::ExpenditureRecorded(data) => Some(data.currency),
        _ => None,
    }
}

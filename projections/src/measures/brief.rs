//! A project in brief at a date: what lists and sums of a hundred thousand projects ask for again and again. It is kept
//! with the project until an event could change it, and goes on with expenditures, which are nearly all that happens: its
//! sums then need no walk over the project's entries.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::{Datelike, NaiveDate};
use karez_events::{Currency, Event, Ratio, RecordedEvent};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::clock::Clock;
use super::course::Course;
use super::figures::Figures;
use super::idle::{BalanceCurve, Idle};
use super::project::{OwnSums, Sums, known};
use super::rate::Rate;
use crate::project::{Entry, Project, ProjectState};

/// For so many dates are briefs kept: today's, and one that somebody looks back at.
const MOST_BRIEFS: usize = 2;

/// A project in brief at a date.
#[derive(Debug)]
pub struct Brief {
    as_of: NaiveDate,
    /// The length of the ledger of which this is the brief.
    entries: usize,
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
#[derive(Debug, Clone)]
pub(super) struct InCurrency {
    pub(super) currency: Currency,
    /// Whether the project has a budget, a plan or an entry in it, and does not only name it.
    is_used: bool,
    pub(super) own: OwnSums,
    pub(super) course: Course,
    idle: OnceLock<Option<Idle>>,
    outcome: OnceLock<Outcome>,
}

/// Figures of no sum, by which lists are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The budget on the basis of the figures: of the year, or of the life.
    pub budget: Decimal,
    /// The execution rate on that basis, in percent.
    pub execution: Option<Decimal>,
    /// F3, in percent.
    pub spent_rate: Option<Decimal>,
    /// F6, in percent.
    pub benchmark: Option<Decimal>,
    /// F7, in percentage points.
    pub deviation_pp: Option<Decimal>,
}

impl From<&Figures> for Outcome {
    fn from(figures: &Figures) -> Self {
        Self {
            budget: figures.budget(),
            execution: figures.execution().and_then(Rate::percent),
            spent_rate: figures.rate("F3").and_then(Rate::percent),
            benchmark: figures
                .benchmark
                .as_ref()
                .and_then(|due| Ratio::percent(&due.share)),
            deviation_pp: figures.deviation_pp(),
        }
    }
}

impl Brief {
    /// The brief of a project: the kept one, with what was spent since, else a new one.
    #[must_use]
    pub fn of(project: &Project, as_of: NaiveDate) -> Arc<Self> {
        project.kept.brief(project, as_of)
    }

    fn anew(project: &Project, as_of: NaiveDate) -> Self {
        let used = project.currencies();
        let in_currency = |currency| InCurrency {
            currency,
            is_used: used.contains(&currency),
            own: OwnSums::of(project, currency, as_of),
            course: Course::of(project, currency, as_of),
            idle: OnceLock::new(),
            outcome: OnceLock::new(),
        };
        let state = project.state(as_of);
        Self {
            as_of,
            entries: project.entries.len(),
            state,
            is_known: project.is_known_by(as_of),
            is_approved: project.is_approved() && state != ProjectState::Applied,
            own_currency: project.currency(),
            currencies: project.every_currency().into_iter().map(in_currency).collect(),
        }
    }

    /// The brief after what was booked since. In the currencies that it knows these are expenditures, as far as they count at its
    /// date: whatever else an event does drops the brief.
    fn after_spending(&self, project: &Project) -> Self {
        let booked = project.entries.get(self.entries..).unwrap_or_default();
        let counted = |currency| {
            booked
                .iter()
                .filter(move |entry| entry.counts(currency, self.as_of))
        };
        let in_currency = |known: &InCurrency| {
            let mut known = known.clone();
            if counted(known.currency).next().is_some() {
                known.go_on(project, self.as_of, counted(known.currency));
            }
            known
        };
        Self {
            entries: project.entries.len(),
            is_known: self.is_known || booked.iter().any(|entry| entry.on <= self.as_of),
            currencies: self.currencies.iter().map(in_currency).collect(),
            ..*self
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
        self.of_currency(currency).map(|known| &known.own.sums)
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

    /// The figures by which lists are put in order. `project` is the one of which this is the brief.
    #[must_use]
    pub fn outcome(&self, project: &Project, currency: Currency) -> Outcome {
        let anew = || Outcome::from(&self.figures_with(project, currency, None));
        match self.of_currency(currency) {
            Some(known) => *known.outcome.get_or_init(anew),
            None => anew(),
        }
    }

    /// F10, for which the entries are walked over.
    #[must_use]
    pub fn idle(&self, project: &Project, currency: Currency) -> Option<Idle> {
        let anew = || idle(project, currency, self.as_of);
        match self.of_currency(currency) {
            Some(known) => known.idle.get_or_init(anew).clone(),
            None => anew(),
        }
    }

    /// All figures that a list shows.
    #[must_use]
    pub fn figures(&self, project: &Project, currency: Currency) -> Figures {
        self.figures_with(project, currency, self.idle(project, currency))
    }

    fn figures_with(&self, project: &Project, currency: Currency, idle: Option<Idle>) -> Figures {
        let (at, clock) = ((currency, self.as_of), Clock::of(project, self.as_of));
        match self.sums(currency) {
            Some(sums) => Figures::of(project, at, sums, &clock, idle),
            None => Figures {
                idle,
                ..Figures::but_idle(project, currency, self.as_of)
            },
        }
    }
}

fn idle(project: &Project, currency: Currency, as_of: NaiveDate) -> Option<Idle> {
    let curve = BalanceCurve::of(known(project, currency, as_of));
    curve.idle(project, as_of, &Clock::of(project, as_of))
}

impl InCurrency {
    fn go_on<'a>(
        &mut self,
        project: &Project,
        as_of: NaiveDate,
        spent: impl Iterator<Item = &'a Entry> + Clone,
    ) {
        let of = (self.currency, as_of);
        self.own.go_on(project, of, spent.clone());
        spent.for_each(|entry| self.course.take(entry, as_of.year()));
        self.idle.take();
        self.outcome.take();
    }
}

/// What was computed from a project and still holds, but for expenditures that were booked since.
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

    /// The brief at a date as it was asked for last, where it is kept.
    pub(super) fn known_brief(&self, as_of: NaiveDate) -> Option<Arc<Brief>> {
        let briefs = self.lock();
        let mut briefs = briefs.iter().flatten();
        briefs.find(|brief| brief.as_of == as_of).map(Arc::clone)
    }

    fn brief(&self, project: &Project, as_of: NaiveDate) -> Arc<Brief> {
        let known = self.known_brief(as_of);
        if let Some(found) = known
            .as_ref()
            .filter(|found| found.entries == project.entries.len())
        {
            return Arc::clone(found);
        }
        let made = match known {
            Some(before) => before.after_spending(project),
            None => Brief::anew(project, as_of),
        };
        let made = Arc::new(made);
        let mut briefs = self.lock();
        // In the place of the one before of that date, else of the oldest.
        let of_date = |brief: &Option<Arc<Brief>>| brief.as_ref().is_some_and(|brief| brief.as_of == as_of);
        let place = briefs.iter().position(of_date).unwrap_or(MOST_BRIEFS - 1);
        if let Some(to_newest) = briefs.get_mut(..=place) {
            to_newest.rotate_right(1);
        }
        if let Some(newest) = briefs.first_mut() {
            *newest = Some(Arc::clone(&made));
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

    /// Drops what an event that changes the figures from a day on may have made untrue. A brief goes on with expenditures.
    pub(crate) fn forget_by(&mut self, event: &Event, day: NaiveDate) {
        if day == NaiveDate::MIN || !matches!(event, Event::ExpenditureRecorded(_)) {
            self.forget_from(day);
        }
    }

    /// Drops what may be untrue from a day on.
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

//! S, the first day whose costs are eligible, and what moved it (domain.md §4.3).

use chrono::NaiveDate;
use karez_events::Currency;
use karez_events::event::project::ContractSigned;
use rust_decimal::Decimal;

use super::pre_start::cost_before;
use crate::project::{Dated, Entry, LifeStep, Project};

/// From when on costs are eligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eligibility {
    /// S: the contract's eligibility date, else its first day, else the approval. Of a project published by others: the
    /// actual start, else the planned one.
    pub from_on: NaiveDate,
    /// S before a later contract put it off: costs between the two became pre-start costs by that (起始日变更).
    pub postponed_from_on: Option<NaiveDate>,
    /// 滚动支持: the last day of an earlier phase that ended before a gap. Costs up to it are that phase's; continuous
    /// phases share the first S.
    pub previous_phase_end_on: Option<NaiveDate>,
}

impl Eligibility {
    /// The eligibility of a project as known at a date; `None` before any date is known.
    #[must_use]
    pub fn of(project: &Project, as_of: NaiveDate) -> Option<Self> {
        let approved_on = || project.first_on(NaiveDate::MAX, |step| step == LifeStep::Approved);
        of_contracts(project, as_of).or_else(|| {
            let stated = project
                .is_published
                .then(|| of_publisher(project, as_of))
                .flatten();
            stated.or_else(approved_on).map(Self::from)
        })
    }

    /// The part of a cost that lies before a day and behind the phase before.
    #[must_use]
    pub fn part_before(&self, day: NaiveDate, entry: &Entry, currency: Currency) -> Decimal {
        let before = cost_before(entry, day, currency);
        match self.previous_phase_end_on.and_then(|end_on| end_on.succ_opt()) {
            Some(gap_on) => before.saturating_sub(cost_before(entry, gap_on.min(day), currency)),
            None => before,
        }
    }
}

impl From<NaiveDate> for Eligibility {
    fn from(from_on: NaiveDate) -> Self {
        Self {
            from_on,
            postponed_from_on: None,
            previous_phase_end_on: None,
        }
    }
}

fn of_publisher(project: &Project, as_of: NaiveDate) -> Option<NaiveDate> {
    let planned = || {
        project
            .approval(as_of)
            .and_then(|approval| approval.planned_start_on)
    };
    project.started_on().or_else(planned)
}

/// A phase of the task.
struct Phase {
    /// First and last day.
    period: (NaiveDate, NaiveDate),
    eligible_from_on: NaiveDate,
    postponed_from_on: Option<NaiveDate>,
}

impl Phase {
    fn of(contract: &ContractSigned) -> Self {
        Self {
            period: (contract.start_on, contract.end_on),
            eligible_from_on: contract.eligible_from_on.unwrap_or(contract.start_on),
            postponed_from_on: None,
        }
    }

    /// The same phase under a changed contract.
    fn changed(&self, contract: &ContractSigned) -> Self {
        let changed = Self::of(contract);
        let postponed_from_on = match changed.eligible_from_on.cmp(&self.eligible_from_on) {
            std::cmp::Ordering::Greater => Some(self.postponed_from_on.unwrap_or(self.eligible_from_on)),
            std::cmp::Ordering::Equal => self.postponed_from_on,
            std::cmp::Ordering::Less => self
                .postponed_from_on
                .filter(|from_on| *from_on < changed.eligible_from_on),
        };
        Self {
            postponed_from_on,
            ..changed
        }
    }
}

fn of_contracts(project: &Project, as_of: NaiveDate) -> Option<Eligibility> {
    let first = project.contracts.first()?;
    if project.contracts.len() == 1 {
        return Some(Phase::of(&first.fact).eligible_from_on.into());
    }
    let known = project.contracts.iter().filter(|contract| contract.on <= as_of);
    let mut phases: Vec<Phase> = Vec::new();
    for contract in known {
        match phases.last_mut() {
            Some(last) if !is_next_phase(project, last, contract) => *last = last.changed(&contract.fact),
            Some(_) | None => phases.push(Phase::of(&contract.fact)),
        }
    }
    let Some(mut current) = phases.pop() else {
        return Some(Phase::of(&first.fact).eligible_from_on.into());
    };
    let mut previous_phase_end_on = None;
    while let Some(before) = phases.pop() {
        let (start_on, _) = current.period;
        let end_on = extended_until(project, &before, start_on);
        if end_on.succ_opt() < Some(start_on) {
            previous_phase_end_on = Some(end_on);
            break;
        }
        current = before;
    }
    Some(Eligibility {
        from_on: current.eligible_from_on,
        postponed_from_on: current.postponed_from_on,
        previous_phase_end_on,
    })
}

/// A contract that begins behind the end of a phase that was begun is the next phase; any other changes the phase.
fn is_next_phase(project: &Project, phase: &Phase, contract: &Dated<ContractSigned>) -> bool {
    let end_on = extended_until(project, phase, contract.on);
    let was_begun = project
        .started_on()
        .is_some_and(|started_on| started_on <= end_on);
    was_begun && contract.fact.start_on > end_on
}

/// The last day of a phase with the extensions approved by a day.
fn extended_until(project: &Project, phase: &Phase, by: NaiveDate) -> NaiveDate {
    let extended = project.life.iter().filter_map(|step| match step.fact {
        LifeStep::Extended { end_on } if step.on <= by => Some(end_on),
        LifeStep::Extended { .. }
        | LifeStep::Applied
        | LifeStep::Approved
        | LifeStep::Signed
        | LifeStep::Started
        | LifeStep::PreStartApproved { .. }
        | LifeStep::Suspended
        | LifeStep::Resumed
        | LifeStep::Terminated
        | LifeStep::AcceptanceApplied
        | LifeStep::Accepted
        | LifeStep::Closed => None,
    });
    extended.fold(phase.period.1, NaiveDate::max)
}

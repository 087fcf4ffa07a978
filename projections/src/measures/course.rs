//! The course of a year: what was spent in each of its months, and how fresh the figures are.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use karez_events::{Currency, ProjectId};
use rust_decimal::Decimal;

use crate::project::{EntryKind, Project};

/// The year of a date, up to that date, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// E of each month, January first: together E(y).
    pub spent_by_month: [Decimal; 12],
    /// The last 拨付 by the date, of whatever year.
    pub last_disbursed_on: Option<NaiveDate>,
    /// The last 到位 by the date.
    pub last_arrived_on: Option<NaiveDate>,
    /// The last 支出, or correction of one, by the date.
    pub last_spent_on: Option<NaiveDate>,
}

impl Course {
    /// The course of one project.
    #[must_use]
    pub fn of(project: &Project, currency: Currency, as_of: NaiveDate) -> Self {
        let mut course = Self::default();
        let known = |on: NaiveDate, of: Currency| of == currency && on <= as_of;
        for entry in project
            .entries
            .iter()
            .filter(|entry| known(entry.on, entry.currency))
        {
            let last = match entry.kind {
                EntryKind::Disbursed => &mut course.last_disbursed_on,
                EntryKind::Arrived | EntryKind::MatchingArrived(_) => &mut course.last_arrived_on,
                EntryKind::Spent | EntryKind::Refunded | EntryKind::Reversed | EntryKind::Reclassified => {
                    &mut course.last_spent_on
                }
                EntryKind::PassedOn
                | EntryKind::Returned
                | EntryKind::Recovered
                | EntryKind::Committed
                | EntryKind::Released
                | EntryKind::Other(_) => continue,
            };
            *last = (*last).max(Some(entry.on));
            if entry.kind.is_spending() && !entry.prior_year && entry.on.year() == as_of.year() {
                course.spend(entry.on.month0(), entry.amount);
            }
        }
        course
    }

    /// The course of many projects; a part is left out where its whole has a course of its own, so that a whole and
    /// its parts are never added.
    #[must_use]
    pub fn of_all(projects: &[&Project], currency: Currency, as_of: NaiveDate) -> Self {
        let courses: BTreeMap<&ProjectId, (Option<&ProjectId>, Self)> = projects
            .iter()
            .map(|project| {
                let course = Self::of(project, currency, as_of);
                (&project.id, (project.parent(), course))
            })
            .collect();
        let is_of_a_whole = |parent: Option<&ProjectId>| {
            let mut next = parent;
            // No deeper than there are projects, should parents run in a circle.
            for _ in 0..courses.len() {
                match next.and_then(|id| courses.get(id)) {
                    Some((_, course)) if course.last_spent_on.is_some() => return true,
                    Some((parent, _)) => next = *parent,
                    None => return false,
                }
            }
            false
        };
        let mut all = Self::default();
        for (parent, course) in courses.values() {
            if !is_of_a_whole(*parent) {
                all.add(course);
            }
        }
        all
    }

    fn spend(&mut self, month0: u32, amount: Decimal) {
        let month = usize::try_from(month0)
            .ok()
            .and_then(|index| self.spent_by_month.get_mut(index));
        if let Some(month) = month {
            *month = month.saturating_add(amount);
        }
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.spent_by_month.iter_mut().zip(other.spent_by_month) {
            *mine = mine.saturating_add(theirs);
        }
        self.last_disbursed_on = self.last_disbursed_on.max(other.last_disbursed_on);
        self.last_arrived_on = self.last_arrived_on.max(other.last_arrived_on);
        self.last_spent_on = self.last_spent_on.max(other.last_spent_on);
    }
}

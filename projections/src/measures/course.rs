//! The course of a year: what was spent in each of its months, and how fresh the figures are.

use chrono::{Datelike, NaiveDate};
use karez_events::Currency;
use rust_decimal::Decimal;

use super::amounts::{added, replaced};
use super::project::known;
use crate::project::{Entry, EntryKind, Project};

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
        known(project, currency, as_of).for_each(|entry| course.take(entry, as_of.year()));
        course
    }

    /// Takes an entry that counts in the course of a year.
    pub(super) fn take(&mut self, entry: &Entry, year: i32) {
        let last = match entry.kind {
            EntryKind::Disbursed => &mut self.last_disbursed_on,
            EntryKind::Arrived | EntryKind::MatchingArrived(_) => &mut self.last_arrived_on,
            EntryKind::Spent | EntryKind::Refunded | EntryKind::Reversed | EntryKind::Reclassified => {
                &mut self.last_spent_on
            }
            EntryKind::PassedOn
            | EntryKind::Returned
            | EntryKind::Recovered
            | EntryKind::Committed
            | EntryKind::Released
            | EntryKind::Other(_) => return,
        };
        *last = (*last).max(Some(entry.on));
        if entry.kind.is_spending() && !entry.prior_year && entry.on.year() == year {
            self.spend(entry.on.month0(), entry.amount);
        }
    }

    /// The course of many projects, each with its parent's place among them; a part is left out where its whole has a
    /// course of its own, so that a whole and its parts are never added.
    pub(super) fn of_all(courses: &[Option<&Self>], parents: &[Option<usize>]) -> Self {
        let course = |index: usize| courses.get(index).copied().flatten();
        let parent = |index: usize| parents.get(index).copied().flatten();
        let is_of_a_whole = |index: usize| {
            let mut next = parent(index);
            // No deeper than there are projects, should parents run in a circle.
            for _ in 0..courses.len() {
                let Some(whole) = next else { return false };
                if course(whole).is_some_and(|course| course.last_spent_on.is_some()) {
                    return true;
                }
                next = parent(whole);
            }
            false
        };
        let mut all = Self::default();
        for (index, course) in courses.iter().enumerate() {
            if let Some(course) = course.filter(|_| !is_of_a_whole(index)) {
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
            *mine = added(*mine, theirs);
        }
        self.take_last(other);
    }

    fn take_last(&mut self, other: &Self) {
        self.last_disbursed_on = self.last_disbursed_on.max(other.last_disbursed_on);
        self.last_arrived_on = self.last_arrived_on.max(other.last_arrived_on);
        self.last_spent_on = self.last_spent_on.max(other.last_spent_on);
    }

    /// Takes the course that a project had before for the one that it has now; `None` where only adding up anew tells.
    pub(super) fn replace(&mut self, before: &Self, after: &Self) -> Option<()> {
        let last = |course: &Self| {
            [
                course.last_disbursed_on,
                course.last_arrived_on,
                course.last_spent_on,
            ]
        };
        if last(before)
            .iter()
            .zip(last(after))
            .any(|(before, after)| *before > after)
        {
            // The last of all may have been this one, which was withdrawn.
            return None;
        }
        for (month, mine) in self.spent_by_month.iter_mut().enumerate() {
            let of = |course: &Self| course.spent_by_month.get(month).copied();
            *mine = replaced(*mine, of(before)?, of(after)?)?;
        }
        self.take_last(after);
        Some(())
    }
}

//! The amounts that a project's entries add up to at a date, in one walk.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use karez_events::Currency;
use karez_events::event::fund::FundSource;
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::eligibility::Eligibility;
use super::pre_start::in_smallest_units;
use crate::fiscal_calendar::{days_before, year_start};
use crate::project::{Entry, EntryKind};

/// The walk over the entries of one currency dated on or before `as_of`.
pub(super) struct Walk<'a> {
    as_of: NaiveDate,
    currency: Currency,
    first_of_year: NaiveDate,
    before_last_90_days: NaiveDate,
    before_last_7_days: NaiveDate,
    eligibility: Option<Eligibility>,
    amounts: Amounts,
    /// Due dates of tranches paid over, by their number.
    due: BTreeMap<&'a str, NaiveDate>,
    arrived: Vec<(&'a str, NaiveDate, Decimal)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(currency: Currency, as_of: NaiveDate, eligibility: Option<Eligibility>) -> Self {
        Self {
            as_of,
            currency,
            first_of_year: year_start(as_of.year()),
            before_last_90_days: days_before(as_of, 90),
            before_last_7_days: days_before(as_of, 7),
            eligibility,
            amounts: Amounts::default(),
            due: BTreeMap::new(),
            arrived: Vec::new(),
        }
    }

    /// The same walk after what was added up before, `spent_pre_start` exact; of tranches it only knows those to come.
    pub(super) fn going_on_from(self, amounts: &Amounts) -> Self {
        Self {
            amounts: *amounts,
            ..self
        }
    }

    /// What was spent before the eligibility start, not rounded yet.
    pub(super) fn pre_start_exact(&self) -> Decimal {
        self.amounts.spent_pre_start
    }

    pub(super) fn take(&mut self, entry: &'a Entry) {
        let amounts = &mut self.amounts;
        let amount = entry.amount;
        match entry.kind {
            EntryKind::Disbursed => self.take_disbursed(entry),
            EntryKind::Arrived => self.take_arrived(entry),
            EntryKind::MatchingArrived(_) => {
                add(&mut amounts.matching_arrived, amount);
                if entry.source == FundSource::SelfRaised {
                    add(&mut amounts.self_raised_arrived, amount);
                }
            }
            EntryKind::Returned => {
                add(&mut amounts.returned, amount);
                add_if(entry.source.is_fiscal(), &mut amounts.taken_back_fiscal, amount);
            }
            EntryKind::Recovered => {
                add(&mut amounts.recovered, amount);
                add_if(entry.source.is_fiscal(), &mut amounts.taken_back_fiscal, amount);
            }
            EntryKind::Committed | EntryKind::Released => add(&mut amounts.committed_open, amount),
            EntryKind::Spent | EntryKind::Refunded | EntryKind::Reversed | EntryKind::Reclassified => {
                self.take_spent(entry);
            }
            // Passed on is no new money; interest, loans and pledges stand in no rate.
            EntryKind::PassedOn | EntryKind::Other(_) => {}
        }
    }

    fn take_disbursed(&mut self, entry: &'a Entry) {
        add(&mut self.amounts.disbursed, entry.amount);
        add_if(
            entry.on >= self.first_of_year,
            &mut self.amounts.disbursed_year,
            entry.amount,
        );
        let Some(due_on) = entry.seldom.due_on.filter(|due_on| *due_on <= self.as_of) else {
            return;
        };
        if let Some(tranche) = entry.wording().reference {
            add(&mut self.amounts.due_dated, entry.amount);
            self.due.insert(tranche, due_on);
        }
    }

    fn take_arrived(&mut self, entry: &'a Entry) {
        add(&mut self.amounts.arrived, entry.amount);
        add_if(
            entry.source.is_fiscal(),
            &mut self.amounts.arrived_fiscal,
            entry.amount,
        );
        if let Some(tranche) = entry.wording().reference {
            self.arrived.push((tranche, entry.on, entry.amount));
        }
    }

    fn take_spent(&mut self, entry: &Entry) {
        let amounts = &mut self.amounts;
        let amount = entry.amount;
        add(&mut amounts.spent, amount);
        add_if(entry.source.is_fiscal(), &mut amounts.spent_fiscal, amount);
        add_if(
            entry.source == FundSource::SelfRaised,
            &mut amounts.spent_self_raised,
            amount,
        );
        if let Some(eligibility) = &self.eligibility {
            add(
                &mut amounts.spent_pre_start,
                eligibility.part_before(eligibility.from_on, entry, self.currency),
            );
        }
        if entry.prior_year {
            return;
        }
        add_if(
            entry.on > self.before_last_90_days,
            &mut amounts.spent_last_90_days,
            amount,
        );
        if entry.on < self.first_of_year {
            return;
        }
        add(&mut amounts.spent_year, amount);
        add_if(
            entry.on > self.before_last_7_days,
            &mut amounts.spent_last_7_days,
            amount,
        );
        add_if(entry.on.month() == 12, &mut amounts.spent_december, amount);
    }

    /// The sums, with the tranches that arrived by their due date.
    pub(super) fn finish(self) -> Amounts {
        let mut amounts = self.amounts;
        amounts.spent_pre_start = in_smallest_units(amounts.spent_pre_start, self.currency);
        for (tranche, on, amount) in self.arrived {
            let is_on_time = self.due.get(tranche).is_some_and(|due_on| on <= *due_on);
            add_if(is_on_time, &mut amounts.arrived_on_time, amount);
        }
        amounts
    }
}

fn add(sum: &mut Decimal, amount: Decimal) {
    *sum = sum.saturating_add(amount);
}

fn add_if(is_meant: bool, sum: &mut Decimal, amount: Decimal) {
    if is_meant {
        add(sum, amount);
    }
}

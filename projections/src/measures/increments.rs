//! When the parts of a budget came, for F6w: a late top-up must not turn a healthy project red.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use karez_events::Ratio;
use rust_decimal::Decimal;

use super::clock::Clock;
use crate::fiscal_calendar::{year_end, year_start};

/// Δ by the day from which it counts. Their sum is the budget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Increments(BTreeMap<NaiveDate, Decimal>);

impl Increments {
    /// A rise is a new increment; a cut falls pro rata on all that came before.
    pub(super) fn change(&mut self, on: NaiveDate, change: Decimal) {
        if change < Decimal::ZERO && !self.0.is_empty() {
            self.cut(change);
        } else if !change.is_zero() {
            self.add(on, change);
        }
    }

    fn add(&mut self, on: NaiveDate, amount: Decimal) {
        let increment = self.0.entry(on).or_default();
        *increment = increment.saturating_add(amount);
    }

    /// Shares of a cut are money, and so whole smallest units; the last increment takes what remains, so that
    /// the sum stays exact.
    fn cut(&mut self, change: Decimal) {
        let before = self
            .0
            .values()
            .fold(Decimal::ZERO, |sum, amount| sum.saturating_add(*amount));
        let after = before.saturating_add(change);
        let Some(kept) = Ratio::of(after, before) else {
            return;
        };
        let mut rest = after;
        let last_on = self.0.keys().next_back().copied();
        for (on, amount) in &mut self.0 {
            let decimals = amount.scale().max(2);
            let share = Ratio::exact(*amount).times(&kept).rounded(decimals);
            *amount = if Some(*on) == last_on {
                rest
            } else {
                share.unwrap_or_default()
            };
            rest = rest.saturating_sub(*amount);
        }
    }

    /// All of another budget's increments as well.
    pub(super) fn add_all(&mut self, other: &Self) {
        for (on, amount) in &other.0 {
            self.add(*on, *amount);
        }
    }

    /// F6w: Σ Δ·τ(t) / Σ Δ, where τ runs from the day of Δ (at the earliest 1 January) to the year's end.
    pub(super) fn benchmark(&self, as_of: NaiveDate, clock: &Clock) -> Option<Ratio> {
        let (first, last) = (year_start(as_of.year()), year_end(as_of.year()));
        let mut due = Ratio::whole(0);
        let mut total = Decimal::ZERO;
        for (on, amount) in &self.0 {
            total = total.saturating_add(*amount);
            let before = (*on).max(first).pred_opt()?;
            let elapsed = clock.active_days(before, as_of);
            if let Some(share) = Ratio::of_counts(elapsed, (last - before).num_days()) {
                due = due.plus(&Ratio::exact(*amount).times(&share));
            }
        }
        due.over(&Ratio::exact(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn percent(increments: &Increments, as_of: &str) -> String {
        let share = increments.benchmark(day(as_of), &Clock::default()).unwrap();
        share.percent().unwrap().to_string()
    }

    #[test]
    fn a_late_top_up_is_weighed_by_the_days_it_had() {
        let mut increments = Increments::default();
        increments.change(day("2023-01-01"), Decimal::from(100));
        assert_eq!(percent(&increments, "2023-11-30"), "91.51");
        increments.change(day("2023-11-01"), Decimal::from(60));
        assert_eq!(percent(&increments, "2023-11-30"), "75.63");
    }

    #[test]
    fn a_cut_falls_on_all_increments_alike() {
        let mut increments = Increments::default();
        increments.change(day("2023-01-01"), Decimal::from(100));
        increments.change(day("2023-11-01"), Decimal::from(60));
        increments.change(day("2023-11-15"), Decimal::from(-40));
        let parts: Vec<Decimal> = increments.0.values().copied().collect();
        assert_eq!(parts, [Decimal::from(75), Decimal::from(45)]);
        assert_eq!(percent(&increments, "2023-11-30"), "75.63");
    }

    #[test]
    fn a_cut_that_does_not_divide_leaves_the_exact_sum() {
        let mut increments = Increments::default();
        for month in 1..=3 {
            increments.change(NaiveDate::from_ymd_opt(2023, month, 1).unwrap(), Decimal::ONE);
        }
        increments.change(day("2023-04-01"), Decimal::NEGATIVE_ONE);
        assert_eq!(increments.0.values().sum::<Decimal>(), Decimal::TWO);
    }
}

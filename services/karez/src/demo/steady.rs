//! How a project spends that nobody need worry about: four times a month, every line in step, along its benchmark.

use chrono::{Datelike, NaiveDate};
use karez_events::IdError;
use karez_events::event::fund::FundSource;

use super::ledger::{Cost, Spend};
use super::moments::{days_after, on, working_day};
use super::writer::{Account, Writer, fen};

/// What is spent in one year, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steady {
    /// The year's budget of fiscal money, in yuan.
    pub(super) budget: i64,
    /// Shares of equipment, operations, labour and indirect costs, in percent.
    pub(super) shares: [i64; 4],
    /// The day on which the money came.
    pub(super) from_on: NaiveDate,
    /// The last day of spending.
    pub(super) until_on: NaiveDate,
    /// The day on which nearly all is spent.
    pub(super) full_on: NaiveDate,
    /// First and last day without spending.
    pub(super) pause: Option<(NaiveDate, NaiveDate)>,
    /// What is spent by the first voucher, in thousandths of the budget.
    pub(super) lead: i64,
}

/// The days of a month on which vouchers are posted, and which lines and costs then; half of the operations' share is
/// materials.
const VOUCHERS: [(u32, &[(usize, Cost)]); 4] = [
    (5, &[(2, Cost::Salary)]),
    (12, &[(1, Cost::Material)]),
    (19, &[(1, Cost::Testing)]),
    (26, &[(0, Cost::Equipment), (3, Cost::Indirect)]),
];

/// Spent in the end, in thousandths of the budget.
const SPENT: i64 = 975;

impl Steady {
    /// A year from the day on which the money came.
    pub(super) fn year(budget: i64, shares: [i64; 4], from_on: NaiveDate) -> Self {
        Self {
            budget,
            shares,
            from_on,
            until_on: on(from_on.year(), 12, 31),
            full_on: on(from_on.year(), 11, 28),
            pause: None,
            lead: 120,
        }
    }

    /// What is due on a day, in fen; the days of a pause do not count.
    fn due(&self, day: NaiveDate) -> i64 {
        let paused = |until: NaiveDate| {
            self.pause
                .map_or(0, |(first, last)| (until.min(last) - first).num_days().max(0))
        };
        let whole = (self.full_on - self.from_on).num_days().max(1);
        let gone = ((day - self.from_on).num_days() - paused(day)).clamp(0, whole);
        self.budget * (self.lead * whole + (SPENT - self.lead) * gone) / (10 * whole)
    }
}

impl Writer {
    /// Spends steadily.
    pub(super) fn spend_steadily(&mut self, account: &mut Account, steady: &Steady) -> Result<(), IdError> {
        let mut spent = [0; 4];
        let year = steady.from_on.year();
        for month in steady.from_on.month()..=12 {
            for (day, costs) in VOUCHERS {
                let spent_on = working_day(on(year, month, day));
                let is_paused = steady
                    .pause
                    .is_some_and(|(first, last)| first <= spent_on && spent_on <= last);
                if spent_on <= steady.from_on || spent_on > steady.until_on || is_paused {
                    continue;
                }
                for (line, cost) in costs {
                    let (Some(share), Some(before)) = (steady.shares.get(*line), spent.get_mut(*line)) else {
                        continue;
                    };
                    let due = steady.due(spent_on) * share / 100 - *before;
                    let amount = if *cost == Cost::Material { due / 2 } else { due };
                    if amount > 0 {
                        *before += amount;
                        let known_on = days_after(spent_on, i64::from((account.number() + month + day) % 3));
                        let voucher = Spend::fiscal(spent_on, fen(amount), *cost);
                        self.spend(account, Spend { known_on, ..voucher })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Own money arrives when the project begins, and is spent from March to November, half on materials, half on labour.
    pub(super) fn spend_own_money(&mut self, account: &mut Account, amount: i64) -> Result<(), IdError> {
        if amount == 0 {
            return Ok(());
        }
        self.raise(account, 1, amount, on(2024, 3, 4));
        for month in 3..=11 {
            for (day, cost) in [(8, Cost::Material), (22, Cost::Salary)] {
                let spend = Spend::fiscal(working_day(on(2024, month, day)), fen(amount * 100 / 18), cost);
                self.spend(account, spend.from(FundSource::SelfRaised))?;
            }
        }
        Ok(())
    }
}

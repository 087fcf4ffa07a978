//! F11 年末预测 and F12 追赶倍数. An estimate is a range, and never mixes with actual figures (domain.md P8).

use chrono::NaiveDate;
use karez_events::Ratio;
use rust_decimal::Decimal;

use super::amounts::Amounts;
use crate::fiscal_calendar::{day_of_year, days_of_year};

/// What the year's spending may come to, from what was spent by the n-th of N days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// A(y).
    pub budget: Decimal,
    /// E(y).
    pub spent: Decimal,
    /// E of the last 90 days.
    pub spent_last_90_days: Decimal,
    /// O.
    pub committed: Decimal,
    /// n: days of the year gone.
    pub day: i64,
    /// N: days of the year.
    pub days: i64,
}

impl Forecast {
    pub(super) fn of(amounts: &Amounts, as_of: NaiveDate) -> Self {
        Self {
            budget: amounts.adjusted_budget,
            spent: amounts.spent_year,
            spent_last_90_days: amounts.spent_last_90_days,
            committed: amounts.committed_open,
            day: day_of_year(as_of),
            days: days_of_year(as_of),
        }
    }

    /// E·N/n.
    #[must_use]
    pub fn linear(&self) -> Option<Ratio> {
        Ratio::exact(self.spent)
            .times(&Ratio::whole(self.days))
            .over(&Ratio::whole(self.day))
    }

    /// E + v90·(N − n), v90 the mean spending a day of the last 90.
    #[must_use]
    pub fn trailing(&self) -> Ratio {
        let rest = Ratio::of_counts(self.days - self.day, 90).unwrap_or_else(|| Ratio::whole(0));
        Ratio::exact(self.spent).plus(&Ratio::exact(self.spent_last_90_days).times(&rest))
    }

    /// E + O: what is spent or promised already.
    #[must_use]
    pub fn committed_floor(&self) -> Ratio {
        Ratio::exact(self.spent).plus(&Ratio::exact(self.committed))
    }

    /// The lower and the upper end of the range.
    #[must_use]
    pub fn ends(&self) -> (Ratio, Ratio) {
        let (trailing, floor) = (self.trailing(), self.committed_floor());
        let linear = self.linear().unwrap_or_else(|| trailing.clone());
        let (lower, upper) = if linear < trailing {
            (linear, trailing)
        } else {
            (trailing, linear)
        };
        (lower.max(floor.clone()), upper.max(floor))
    }

    /// A sum as a share of A(y); `None` without a budget.
    #[must_use]
    pub fn share(&self, sum: &Ratio) -> Option<Ratio> {
        sum.over(&Ratio::exact(self.budget))
    }

    /// The range as shares of A(y); `None` without a budget.
    #[must_use]
    pub fn range(&self) -> Option<(Ratio, Ratio)> {
        let (low, high) = self.ends();
        Some((self.share(&low)?, self.share(&high)?))
    }

    /// F12: how many times faster the rest must be spent than what was spent so far,
    /// [(A − E)/(N − n)] ÷ [E/n]. `None` when nothing was spent, or no day is left.
    #[must_use]
    pub fn catch_up(&self) -> Option<Ratio> {
        let rest =
            Ratio::exact(self.budget.saturating_sub(self.spent)).over(&Ratio::whole(self.days - self.day))?;
        let so_far = Ratio::exact(self.spent).over(&Ratio::whole(self.day))?;
        rest.over(&so_far)
    }
}

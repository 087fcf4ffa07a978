//! The figures of one project that follow from what it adds to any sum, and from how long its money has been lying still:
//! no other walk over its entries is needed for them.

use chrono::NaiveDate;
use karez_events::{Currency, Ratio};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::benchmark::{Benchmark, BenchmarkMode, frozen_on, is_exempt, of_days, of_period};
use super::budget::Basis;
use super::clock::Clock;
use super::forecast::Forecast;
use super::idle::Idle;
use super::increments::Increments;
use super::project::{OwnSums, Sums};
use super::rate::Rate;
use super::rates::{Scope, rates};
use crate::project::Project;

/// The figures of one project in one currency at a date, as lists show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The currency.
    pub currency: Currency,
    /// 奖励、后补助: paid is done; no progress and no idle money are measured.
    pub is_exempt: bool,
    /// By year or by life.
    pub basis: Basis,
    /// The amounts.
    pub amounts: Amounts,
    /// F1, F2, F3, F4, F5 …; see [`Figures::rate`].
    pub rates: Vec<Rate>,
    /// F6, by days of the year or of the project, as `basis` says.
    pub benchmark: Option<Benchmark>,
    /// F6w.
    pub weighted_benchmark: Option<Ratio>,
    /// F11, F12; only on the basis of the year.
    pub forecast: Option<Forecast>,
    /// F10; `None` when no money lies still.
    pub idle: Option<Idle>,
}

impl Figures {
    pub(super) fn of(
        project: &Project,
        (currency, as_of): (Currency, NaiveDate),
        sums: &Sums,
        clock: &Clock,
        idle: Option<Idle>,
    ) -> Self {
        let amounts = sums.amounts;
        let is_exempt = is_exempt(project, as_of);
        let is_annual = !amounts.adjusted_budget.is_zero() || amounts.life_budget.is_zero();
        let basis = if is_annual { Basis::Year } else { Basis::Life };
        let (benchmark, weighted_benchmark) = if is_exempt {
            (None, None)
        } else {
            benchmarks(project, (basis, as_of), clock, &sums.increments)
        };
        let is_forecast = !is_exempt && basis == Basis::Year;
        Self {
            currency,
            is_exempt,
            basis,
            rates: rates(&amounts, as_of, sums.incomplete, Scope::Project),
            benchmark,
            weighted_benchmark,
            forecast: is_forecast.then(|| Forecast::of(&amounts, as_of)),
            idle,
            amounts,
        }
    }

    /// The figures at a date but for money that lies still.
    #[must_use]
    pub fn but_idle(project: &Project, currency: Currency, as_of: NaiveDate) -> Self {
        let OwnSums { sums, .. } = OwnSums::of(project, currency, as_of);
        Self::of(
            project,
            (currency, as_of),
            &sums,
            &Clock::of(project, as_of),
            None,
        )
    }

    /// A rate by its figure, such as `"F2"`.
    #[must_use]
    pub fn rate(&self, figure: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.figure == figure)
    }

    /// The execution rate on the basis of these figures: F2, or F1 where there is no budget of the year.
    #[must_use]
    pub fn execution(&self) -> Option<&Rate> {
        match self.basis {
            Basis::Year => self.rate("F2"),
            Basis::Life => self.rate("F1"),
        }
    }

    /// The budget on the basis of these figures.
    #[must_use]
    pub fn budget(&self) -> Decimal {
        match self.basis {
            Basis::Year => self.amounts.adjusted_budget,
            Basis::Life => self.amounts.life_budget,
        }
    }

    /// F7: execution − F6, exact, in shares of 1.
    #[must_use]
    pub fn deviation(&self) -> Option<Ratio> {
        let benchmark = self.benchmark.as_ref()?;
        Some(self.execution()?.ratio()?.minus(&benchmark.share))
    }

    /// F7 in percentage points, rounded once.
    #[must_use]
    pub fn deviation_pp(&self) -> Option<Decimal> {
        self.deviation()?.percent()
    }

    /// Execution − F6w, exact.
    #[must_use]
    pub fn weighted_deviation(&self) -> Option<Ratio> {
        Some(
            self.execution()?
                .ratio()?
                .minus(self.weighted_benchmark.as_ref()?),
        )
    }

    /// F10: days.
    #[must_use]
    pub fn idle_days(&self) -> Option<i64> {
        self.idle.as_ref().map(|idle| idle.days)
    }

    /// F10: yuan·days.
    #[must_use]
    pub fn idle_yuan_days(&self) -> Option<Decimal> {
        self.idle.as_ref().map(|idle| idle.yuan_days)
    }

    /// F12.
    #[must_use]
    pub fn catch_up(&self) -> Option<Ratio> {
        self.forecast.as_ref().and_then(Forecast::catch_up)
    }
}

/// F6 and F6w on the basis of the figures; a project's own period needs no weights.
fn benchmarks(
    project: &Project,
    (basis, as_of): (Basis, NaiveDate),
    clock: &Clock,
    increments: &Increments,
) -> (Option<Benchmark>, Option<Ratio>) {
    let until = frozen_on(project, as_of);
    let (mode, share, weighted) = match basis {
        Basis::Year => {
            let weighted = increments.benchmark(until, clock);
            (BenchmarkMode::DayOfYear, of_days(as_of, until, clock), weighted)
        }
        Basis::Life => {
            let share = of_period(project, as_of, clock);
            (BenchmarkMode::ProjectPeriod, share.clone(), share)
        }
    };
    (share.map(|share| Benchmark { mode, share }), weighted)
}

//! A year month by month, by the same folds and measures as every other figure: what is over with its execution,
//! what is to come with what will be due.

use chrono::{Datelike, Days, Months, NaiveDate};
use karez_events::{Currency, ProjectId, UnitId};
use karez_projections::Portfolio;
use karez_projections::measures::{
    BenchmarkMode, Figures, RollUp, benchmark, overview, share_of_year, unit_measures,
};
use rust_decimal::Decimal;
use serde::Serialize;

use super::figures::Rounded;
use super::overview::currencies_of;
use super::projects::currencies;
use super::{Amount, Moment, Stand};

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct YearView {
    /// Where it stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The year in each currency.
    pub currencies: Vec<CurrencyYear>,
}

/// The year in one currency.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CurrencyYear {
    /// The currency.
    pub currency: Currency,
    /// Its months; the business date stands in place of the end of its month.
    pub months: Vec<MonthView>,
}

/// The state at a day: the end of a month, or the business date.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MonthView {
    /// The day.
    pub on: NaiveDate,
    /// What was executed by then; nothing for a day to come.
    pub executed: Option<ExecutedView>,
    /// F6, in percent.
    pub benchmark_percent: Rounded,
    /// What the cash plan in force wants paid by then, in percent of the plan; `null` without a plan.
    pub planned_percent: Rounded,
}

/// What was executed by a day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExecutedView {
    /// Spent, by the basis of the rate: of the year, or of the life.
    pub spent: Amount,
    /// The budget that it is held against.
    pub budget: Amount,
    /// One over the other, in percent.
    pub percent: Rounded,
    /// F7, in percentage points.
    pub deviation_pp: Rounded,
}

/// The year of everything, or of one unit's part of it.
#[must_use]
pub fn of_portfolio(portfolio: &Portfolio, only: Option<&UnitId>, moment: Moment) -> YearView {
    let roll_up = |currency, day| match only {
        Some(unit) => unit_measures(portfolio, unit, currency, day),
        None => overview(portfolio, currency, day),
    };
    let month = |currency, on| MonthView {
        on,
        executed: (on <= moment.as_of).then(|| executed(&roll_up(currency, on))),
        benchmark_percent: Rounded::percent(share_of_year(on).as_ref()),
        planned_percent: Rounded(None),
    };
    YearView {
        stand: Stand::of(portfolio, moment),
        currencies: currencies_of(portfolio, only, moment.as_of)
            .into_iter()
            .map(|currency| CurrencyYear {
                currency,
                months: days(moment.as_of).map(|day| month(currency, day)).collect(),
            })
            .collect(),
    }
}

/// The year of one project, where it is known.
#[must_use]
pub fn of_project(portfolio: &Portfolio, id: &ProjectId, moment: Moment) -> Option<YearView> {
    let project = portfolio.project(id)?;
    let month = |currency, on| {
        let figures = Figures::but_idle(project, currency, on);
        let executed = figures.execution().map(|rate| ExecutedView {
            spent: Amount(rate.numerator),
            budget: Amount(rate.denominator),
            percent: Rounded(rate.percent()),
            deviation_pp: Rounded(figures.deviation_pp()),
        });
        let plan = benchmark(project, currency, on, &BenchmarkMode::CashPlan);
        MonthView {
            on,
            executed: executed.filter(|_| on <= moment.as_of && !figures.is_exempt),
            benchmark_percent: Rounded::percent(figures.benchmark.as_ref().map(|due| &due.share)),
            planned_percent: Rounded::percent(plan.map(|plan| plan.share).as_ref()),
        }
    };
    Some(YearView {
        stand: Stand::of(portfolio, moment),
        currencies: currencies(project)
            .into_iter()
            .map(|currency| CurrencyYear {
                currency,
                months: days(moment.as_of).map(|day| month(currency, day)).collect(),
            })
            .collect(),
    })
}

fn executed(sum: &RollUp) -> ExecutedView {
    let rate = sum.rate("F21");
    let amount = |of: Option<Decimal>| Amount(of.unwrap_or_default());
    ExecutedView {
        spent: amount(rate.map(|rate| rate.numerator)),
        budget: amount(rate.map(|rate| rate.denominator)),
        percent: Rounded(rate.and_then(karez_projections::Rate::percent)),
        deviation_pp: Rounded(sum.deviation_pp()),
    }
}

/// The month ends of a day's year, the day itself in place of the end of its month.
fn days(as_of: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    (1..=12).filter_map(move |month| {
        if month == as_of.month() {
            return Some(as_of);
        }
        NaiveDate::from_ymd_opt(as_of.year(), month, 1)?
            .checked_add_months(Months::new(1))?
            .checked_sub_days(Days::new(1))
    })
}

//! Figures as they are shown: amounts exact, rates with level, numerator and denominator, rounded once.

use karez_events::event::fund::FundSource;
use karez_events::{CategoryId, Currency, Ratio};
use karez_projections::measures::{
    Amounts, Basis, Benchmark, Course, Figures, Forecast, LineMeasures, RollUp, TrancheMeasures,
};
use karez_projections::{ProjectState, Rate};
use rust_decimal::Decimal;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Ref, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Amount;

/// A figure in percent, percentage points or times, rounded once to two decimals; `null` where undefined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, utoipa::ToSchema)]
#[schema(value_type = Option<String>, format = "decimal", examples("40.82"))]
pub struct Rounded(pub Option<Decimal>);

impl Rounded {
    pub(super) fn percent(share: Option<&Ratio>) -> Self {
        Self(share.and_then(Ratio::percent))
    }
}

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(value) => output.collect_str(&value),
            None => output.serialize_none(),
        }
    }
}

/// A rate that says what it is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RateView {
    /// The figure of the catalogue: F1, F2, F3 …
    pub figure: &'static str,
    /// fund, unit or line.
    pub level: &'static str,
    /// What is above the line.
    pub numerator_name: &'static str,
    /// Its amount.
    pub numerator: Amount,
    /// What is below the line.
    pub denominator_name: &'static str,
    /// Its amount.
    pub denominator: Amount,
    /// In percent; `null` over a zero denominator, shown as "—".
    pub rate_percent: Rounded,
    /// 余: what is left where the rate prints 100.00 though it is not; otherwise 0.
    pub residue: Amount,
    /// Money moved for which no budget or arrival is known, so that the rate overstates.
    pub is_denominator_incomplete: bool,
}

impl From<&Rate> for RateView {
    fn from(rate: &Rate) -> Self {
        Self {
            figure: rate.figure,
            level: rate.level.as_str(),
            numerator_name: rate.numerator_name,
            numerator: Amount(rate.numerator),
            denominator_name: rate.denominator_name,
            denominator: Amount(rate.denominator),
            rate_percent: Rounded(rate.percent()),
            residue: Amount(rate.residue()),
            is_denominator_incomplete: rate.is_denominator_incomplete,
        }
    }
}

/// Amounts by name.
#[derive(Debug, Clone, Copy)]
pub struct AmountsView(pub Amounts);

impl AmountsView {
    /// Every amount with its name, those that follow from others included.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Decimal); 36] {
        let of = &self.0;
        [
            ("appropriation_opening", of.appropriation_opening),
            ("appropriation", of.appropriation),
            ("opening_budget", of.opening_budget),
            ("adjusted_budget", of.adjusted_budget),
            ("life_budget", of.life_budget),
            ("own_budget", of.own_budget),
            ("own_life_budget", of.own_life_budget),
            ("budget_changes", of.budget_changes),
            ("issued", of.issued),
            ("issued_year", of.issued_year),
            ("disbursed", of.disbursed),
            ("disbursed_year", of.disbursed_year),
            ("arrived", of.arrived),
            ("arrived_fiscal", of.arrived_fiscal),
            ("arrival_due", of.arrival_due),
            ("due_dated", of.due_dated),
            ("arrived_on_time", of.arrived_on_time),
            ("planned_self_raised", of.planned_self_raised),
            ("self_raised_arrived", of.self_raised_arrived),
            ("matching_arrived", of.matching_arrived),
            ("spent", of.spent),
            ("spent_year", of.spent_year),
            ("spent_fiscal", of.spent_fiscal),
            ("spent_self_raised", of.spent_self_raised),
            ("spent_last_90_days", of.spent_last_90_days),
            ("spent_last_7_days", of.spent_last_7_days),
            ("spent_december", of.spent_december),
            ("spent_pre_start", of.spent_pre_start),
            ("returned", of.returned),
            ("recovered", of.recovered),
            ("committed_open", of.committed_open),
            ("carried_in", of.carried_in),
            ("carried_over", of.carried_over),
            ("surplus", of.surplus),
            ("idle", of.idle()),
            ("unspent_year", of.unspent_year()),
        ]
    }
}

impl Serialize for AmountsView {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let named = self.named();
        let mut members = output.serialize_map(Some(named.len()))?;
        for (name, amount) in named {
            members.serialize_entry(name, &Amount(amount))?;
        }
        members.end()
    }
}

impl utoipa::PartialSchema for AmountsView {
    fn schema() -> RefOr<Schema> {
        let named = Self(Amounts::default()).named();
        let amounts = ObjectBuilder::new().description(Some("Amounts by name."));
        let add = |amounts: ObjectBuilder, (name, _)| {
            let amount = Ref::from_schema_name(Amount::name());
            amounts.property(name, amount).required(name)
        };
        named.into_iter().fold(amounts, add).into()
    }
}

impl ToSchema for AmountsView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Amount::name().into_owned(), Amount::schema()));
    }
}

/// F6 序时进度.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BenchmarkView {
    /// By which curve.
    pub mode: &'static str,
    /// The share due, in percent.
    pub percent: Rounded,
}

impl From<&Benchmark> for BenchmarkView {
    fn from(benchmark: &Benchmark) -> Self {
        Self {
            mode: benchmark.mode.as_str(),
            percent: Rounded::percent(Some(&benchmark.share)),
        }
    }
}

/// F11 年末预测, a range, and F12 追赶倍数.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ForecastView {
    /// Lower end, an estimate, to the cent.
    pub low: Rounded,
    /// Upper end.
    pub high: Rounded,
    /// Lower end over the year's budget, in percent.
    pub low_percent: Rounded,
    /// Upper end over the year's budget, in percent.
    pub high_percent: Rounded,
    /// How many times faster the rest must be spent.
    pub catch_up_times: Rounded,
}

impl From<&Forecast> for ForecastView {
    fn from(forecast: &Forecast) -> Self {
        let (low, high) = forecast.ends();
        Self {
            low: Rounded(low.rounded(2)),
            high: Rounded(high.rounded(2)),
            low_percent: Rounded::percent(forecast.share(&low).as_ref()),
            high_percent: Rounded::percent(forecast.share(&high).as_ref()),
            catch_up_times: Rounded(forecast.catch_up().and_then(|times| times.rounded(2))),
        }
    }
}

/// The year up to the business date, month by month, and how fresh the figures are.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CourseView {
    /// Spent in each month of the year, January first: together what was spent in the year.
    pub spent_by_month: [Amount; 12],
    /// The last 拨付 by then.
    pub last_disbursed_on: Option<chrono::NaiveDate>,
    /// The last 到位 by then.
    pub last_arrived_on: Option<chrono::NaiveDate>,
    /// The last 支出 by then.
    pub last_spent_on: Option<chrono::NaiveDate>,
}

impl From<&Course> for CourseView {
    fn from(course: &Course) -> Self {
        Self {
            spent_by_month: course.spent_by_month.map(Amount),
            last_disbursed_on: course.last_disbursed_on,
            last_arrived_on: course.last_arrived_on,
            last_spent_on: course.last_spent_on,
        }
    }
}

/// The figures of many projects together, in one currency.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SumView {
    /// The currency.
    pub currency: Currency,
    /// Approved projects in this currency.
    pub projects: usize,
    /// The sums.
    pub amounts: AmountsView,
    /// Rates of the sums, both levels side by side.
    pub rates: Vec<RateView>,
    /// F6.
    pub benchmark: Option<BenchmarkView>,
    /// F6w, in percent.
    pub weighted_benchmark_percent: Rounded,
    /// F7, in percentage points.
    pub deviation_pp: Rounded,
    /// F11, F12.
    pub forecast: Option<ForecastView>,
    /// Month by month, and how fresh.
    pub course: CourseView,
}

impl From<&RollUp> for SumView {
    fn from(sum: &RollUp) -> Self {
        Self {
            currency: sum.currency,
            projects: sum.projects,
            amounts: AmountsView(sum.amounts),
            rates: sum.rates.iter().map(RateView::from).collect(),
            benchmark: sum.benchmark.as_ref().map(BenchmarkView::from),
            weighted_benchmark_percent: Rounded::percent(sum.weighted_benchmark.as_ref()),
            deviation_pp: Rounded(sum.deviation_pp()),
            forecast: sum.forecast.as_ref().map(ForecastView::from),
            course: CourseView::from(&sum.course),
        }
    }
}

impl SumView {
    /// A rate by its figure.
    #[must_use]
    pub fn rate(&self, figure: &str) -> Option<&RateView> {
        self.rates.iter().find(|rate| rate.figure == figure)
    }
}

/// F10 闲置天数、资金沉淀量.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct IdleView {
    /// Since when.
    pub since: chrono::NaiveDate,
    /// Days.
    pub days: i64,
    /// Currency units × days.
    pub yuan_days: Amount,
}

/// One project's figures in one currency.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProjectFigures {
    /// The currency.
    pub currency: Currency,
    /// 奖励、后补助: no progress and no idle money are measured.
    pub is_exempt: bool,
    /// year or life.
    pub basis: &'static str,
    /// The amounts.
    pub amounts: AmountsView,
    /// Every rate.
    pub rates: Vec<RateView>,
    /// The figure of the execution rate on this basis: F2 or F1.
    pub execution_figure: Option<&'static str>,
    /// F6.
    pub benchmark: Option<BenchmarkView>,
    /// F6w, in percent.
    pub weighted_benchmark_percent: Rounded,
    /// F7, in percentage points.
    pub deviation_pp: Rounded,
    /// F10.
    pub idle: Option<IdleView>,
    /// F11, F12.
    pub forecast: Option<ForecastView>,
}

impl From<&Figures> for ProjectFigures {
    fn from(of: &Figures) -> Self {
        Self {
            currency: of.currency,
            is_exempt: of.is_exempt,
            basis: match of.basis {
                Basis::Year => "year",
                Basis::Life => "life",
            },
            amounts: AmountsView(of.amounts),
            rates: of.rates.iter().map(RateView::from).collect(),
            execution_figure: of.execution().map(|rate| rate.figure),
            benchmark: of.benchmark.as_ref().map(BenchmarkView::from),
            weighted_benchmark_percent: Rounded::percent(of.weighted_benchmark.as_ref()),
            deviation_pp: Rounded(of.deviation_pp()),
            idle: of.idle.as_ref().map(|idle| IdleView {
                since: idle.since,
                days: idle.days,
                yuan_days: Amount(idle.yuan_days),
            }),
            forecast: of.forecast.as_ref().map(ForecastView::from),
        }
    }
}

impl ProjectFigures {
    /// A rate by its figure.
    #[must_use]
    pub fn rate(&self, figure: &str) -> Option<&RateView> {
        self.rates.iter().find(|rate| rate.figure == figure)
    }

    /// The execution rate on the basis of these figures.
    #[must_use]
    pub fn execution(&self) -> Option<&RateView> {
        self.execution_figure.and_then(|figure| self.rate(figure))
    }

    /// The budget on the basis of these figures.
    #[must_use]
    pub fn budget(&self) -> Decimal {
        if self.basis == "life" {
            self.amounts.0.life_budget
        } else {
            self.amounts.0.adjusted_budget
        }
    }
}

/// One budget line.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LineView {
    /// Whose money.
    pub source: FundSource,
    /// 科目.
    pub category: Option<CategoryId>,
    /// Its budget.
    pub budget: Amount,
    /// Spent on it.
    pub spent: Amount,
    /// Promised on it and not yet released.
    pub committed: Amount,
    /// Whether the budget knows the line.
    pub is_budgeted: bool,
    /// Spent over budget.
    pub rate: RateView,
    /// F8, in percent.
    pub deviation_percent: Rounded,
}

impl From<&LineMeasures> for LineView {
    fn from(line: &LineMeasures) -> Self {
        Self {
            source: line.source,
            category: line.category.clone(),
            budget: Amount(line.budget),
            spent: Amount(line.spent),
            committed: Amount(line.committed),
            is_budgeted: line.is_budgeted,
            rate: RateView::from(&line.rate()),
            deviation_percent: Rounded::percent(line.deviation().as_ref()),
        }
    }
}

/// One payment that arrived, and what became of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TrancheView {
    /// 批次.
    pub tranche_no: Option<Box<str>>,
    /// 到位日.
    pub arrived_on: chrono::NaiveDate,
    /// Amount arrived.
    pub amount: Amount,
    /// Spent of it.
    pub spent: Amount,
    /// Returned or recovered of it.
    pub taken_back: Amount,
    /// Left of it.
    pub balance: Amount,
    /// Days since arrival while something is left.
    pub days: i64,
    /// The year for which it was first budgeted.
    pub origin_budget_year: i32,
    /// The end of the two-year rule, where it applies.
    pub two_year_deadline: Option<chrono::NaiveDate>,
}

impl From<&TrancheMeasures> for TrancheView {
    fn from(tranche: &TrancheMeasures) -> Self {
        Self {
            tranche_no: tranche.tranche_no.clone(),
            arrived_on: tranche.arrived_on,
            amount: Amount(tranche.amount),
            spent: Amount(tranche.spent),
            taken_back: Amount(tranche.taken_back),
            balance: Amount(tranche.balance),
            days: tranche.days,
            origin_budget_year: tranche.origin_budget_year,
            two_year_deadline: tranche.two_year_deadline,
        }
    }
}

/// Every state a project can be in, in the order of its life.
pub const STATES: [ProjectState; 8] = [
    ProjectState::Applied,
    ProjectState::Approved,
    ProjectState::Signed,
    ProjectState::Running,
    ProjectState::Suspended,
    ProjectState::Ended,
    ProjectState::Terminated,
    ProjectState::Closed,
];

/// The word for a state on the wire.
#[must_use]
pub fn state_word(state: ProjectState) -> &'static str {
    match state {
        ProjectState::Applied => "applied",
        ProjectState::Approved => "approved",
        ProjectState::Signed => "signed",
        ProjectState::Running => "running",
        ProjectState::Suspended => "suspended",
        ProjectState::Ended => "ended",
        ProjectState::Terminated => "terminated",
        ProjectState::Closed => "closed",
    }
}

//! Figures at a business date, as domain.md §2 defines them. Each figure has its file; this one puts them together.
//!
//! A figure is a pure function of a project's state, a currency and a date (`as_of`); what was known when is the
//! choice of the [`Portfolio`](crate::Portfolio). Sums are exact decimals and rates exact ratios; rounding is for print, once. Nothing
//! is added across currencies. [`project::measures`] walks a project's entries once.

pub mod amounts;
pub mod benchmark;
pub mod brief;
pub mod budget;
pub mod clock;
pub mod composition;
pub mod course;
pub mod eligibility;
pub mod figures;
pub mod forecast;
pub mod idle;
mod increments;
mod ledger;
pub mod money_unit;
pub mod order;
pub mod pre_start;
pub mod project;
pub mod rate;
mod rates;
pub mod roll_up;
pub mod tranche;
mod tree;
pub mod uses;
pub mod whole;

pub use amounts::Amounts;
pub use benchmark::{
    Benchmark, BenchmarkMode, Checkpoint, benchmark, is_exempt, of_checkpoints, share_of_year,
};
pub use brief::{Brief, Outcome};
pub use budget::{Basis, BudgetChange, sum};
pub use clock::Clock;
pub use composition::LineMeasures;
pub use course::Course;
pub use eligibility::Eligibility;
pub use figures::Figures;
pub use forecast::Forecast;
pub use idle::{BalanceCurve, Idle};
pub use money_unit::{MoneyUnit, in_unit, printed_in_unit};
pub use order::{KeyOf, Order, OrderOf, Place, SortKey, catch_up_orders, read_order};
pub use pre_start::{PreStart, PreStartCost, cost_before, in_smallest_units};
pub use project::{Measures, amounts, last_week_multiple, life_lines, measures};
pub use rate::{Rate, RateLevel};
pub use roll_up::{
    RollUp, catch_up, census, fund_measures, overview, projects_of_fund, unit_measures, with_parts,
};
pub use tranche::TrancheMeasures;
pub use uses::fiscal_uses;
pub use whole::Census;

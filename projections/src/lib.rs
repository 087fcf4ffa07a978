//! Pure folds of the event log: events in, state out. No clock, no network, no failure.
//!
//! Begin with [`Portfolio`], the whole read side: `apply` takes one recorded event, and the state after the
//! last event of a prefix is what was known at that position. [`measures`](mod@measures) turn the state into figures at a
//! business date (domain.md §2); [`admission`] is the recorder's decision whether a submission can be a fact.
//!
//! Laws, each held by a property test: folding event by event, from a snapshot plus the tail, or from the
//! start gives the same portfolio; reallocations conserve the total; two currencies are never added.

pub mod admission;
pub mod derived;
pub mod fiscal_calendar;
mod fixed;
pub mod fund;
pub mod measures;
mod papers;
pub mod portfolio;
pub mod project;
mod projects;
pub mod rule_proposal;
pub mod silence;
pub mod totals;
pub mod unit;
pub mod warnings;

pub use admission::{Refusal, RefusalCode, admit};
pub use fund::Fund;
pub use measures::{Amounts, Measures, Rate, RateLevel, RollUp};
pub use papers::PaperShelf;
pub use portfolio::{ImportRun, Portfolio, PublishedRules};
pub use project::{
    BudgetFact, BudgetForm, Dated, Entry, EntryKind, LifeFact, LifeStep, Project, ProjectState, Quota,
    Wording,
};
pub use projects::{Misplaced, ProjectNumber};
pub use rule_proposal::RuleProposal;
pub use silence::Silence;
pub use totals::{TotalsRow, totals};
pub use unit::Unit;
pub use warnings::{Target, Warning, Warnings};

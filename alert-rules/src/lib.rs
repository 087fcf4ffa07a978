//! Early warnings. Pure: `(portfolio, as_of, thresholds) -> outcomes`, and outcomes against the warnings that are
//! open -> warning events. No rule reads a clock.
//!
//! Begin with [`rule`]: what a rule is given and what it may say. Each of the 40 rules is one file in `rules/`, whose
//! module text is its manual; [`catalogue`] lists them with their thresholds, [`rule_set`] reads an office's own
//! thresholds; a rule of an office's own is [`custom`], its conditions are written in [`expression`] over the figures of
//! [`measure_names`]. [`evaluate`] asks every rule, [`reconcile`] turns what they say into the events of a warning's life, and
//! [`watch`] is the sentinel's whole decision: recorded events and days in, warning events out.
//!
//! Laws, each held by a property test: what an event cannot change need not be asked again; the order in which the
//! facts of one day become known changes no warning at the end of the day; reconciling twice brings nothing new.

pub mod backtest;
pub mod bands;
pub mod breadth;
pub mod calendars;
pub mod case;
pub mod catalogue;
pub mod custom;
mod escalations;
pub mod evaluate;
pub mod expression;
mod idle_money;
pub mod in_words;
pub mod inhibit;
pub mod measure_names;
pub mod nearest;
pub mod postings;
mod pre_start_costs;
pub mod reconcile;
pub mod rule;
pub mod rule_set;
pub mod rules;
pub mod scenario;
pub mod sla;
pub mod versions;
pub mod watch;
pub mod word_list;
pub mod words;

pub use bands::{Bands, Judged, Margin};
pub use case::{Case, FundCase};
pub use catalogue::Catalogue;
pub use custom::{CustomRule, CustomRuleError};
pub use rule::{About, Clearing, Finding, Outcome, Rule, Runs};
pub use rule_set::{RuleSet, RuleSetError, Scope};
pub use watch::Watch;

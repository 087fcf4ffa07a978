//! A bigger cause silences the smaller. The smaller warning stays in the log and on every list, marked; only nobody
//! is called for it.

use karez_events::event::supervision::Level;
use karez_projections::{Portfolio, Target, Warning, Warnings};

/// Rule, from which colour, silences which rules about the same project.
const SILENCES: [(&str, Level, &[&str]); 5] = [
    (
        "execution_lag",
        Level::Blue,
        &["forecast_shortfall", "catch_up_too_steep"],
    ),
    ("two_year_clock", Level::Red, &["idle_funds"]),
    (
        "arrived_not_started",
        Level::Blue,
        &["idle_funds", "execution_lag"],
    ),
    (
        "balance_after_end",
        Level::Blue,
        &["idle_funds", "execution_lag", "forecast_shortfall"],
    ),
    ("swapped_into_fiscal", Level::Red, &["fiscal_before_start"]),
];

/// The open warning that silences this one, where there is one.
#[must_use]
pub fn inhibitor<'a>(
    warnings: &'a Warnings,
    portfolio: &Portfolio,
    warning: &Warning,
) -> Option<&'a Warning> {
    let target = warning.target();
    let is_open = |other: &&Warning| other.is_open() && other.id != warning.id;
    let silences = |bigger: &&Warning| {
        SILENCES.iter().any(|(rule, from, smaller)| {
            bigger.raised.rule == *rule
                && bigger.level >= *from
                && smaller.contains(&warning.raised.rule.as_str())
        })
    };
    let of_target = warnings.about(&target).filter(is_open).find(silences);
    of_target
        .or_else(|| of_unit(warnings, portfolio, warning))
        .or_else(|| suspect(warnings, warning))
}

/// The same rule about the project's unit, at least as high.
fn of_unit<'a>(warnings: &'a Warnings, portfolio: &Portfolio, warning: &Warning) -> Option<&'a Warning> {
    let Target::Project(id) = warning.target() else {
        return None;
    };
    let unit = portfolio.project(&id)?.unit()?.clone();
    warnings.about(&Target::Unit(unit)).find(|bigger| {
        bigger.is_open() && bigger.raised.rule == warning.raised.rule && bigger.level >= warning.level
    })
}

/// The rule itself is suspect: it is positive for too many.
fn suspect<'a>(warnings: &'a Warnings, warning: &Warning) -> Option<&'a Warning> {
    warnings.about(&Target::Office).find(|suspect| {
        suspect.is_open() && suspect.raised.subject.as_deref() == Some(warning.raised.rule.as_str())
    })
}

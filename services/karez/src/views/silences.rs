//! Silences: for which warnings nobody is called, since when, until when, and why.

use chrono::NaiveDate;
use karez_projections::{Portfolio, Silence};
use serde::Serialize;
use uuid::Uuid;

use super::{Moment, Stand};

/// One silence.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SilenceView {
    /// Its identifier.
    pub id: Uuid,
    /// Of this rule only.
    pub rule: Option<String>,
    /// Of this project only.
    pub project: Option<String>,
    /// Of this unit and its projects only.
    pub unit: Option<String>,
    /// Its first day.
    pub from_on: NaiveDate,
    /// Its last day.
    pub until_on: NaiveDate,
    /// Why.
    pub cause: String,
    /// Who asked for it.
    pub by: Option<String>,
    /// Whether it holds at the business date.
    pub holds: bool,
    /// The open warnings that it covers.
    pub warnings: usize,
}

/// Every silence, the newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SilenceList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The silences.
    pub items: Vec<SilenceView>,
}

/// Every silence known at a moment.
#[must_use]
pub fn list(portfolio: &Portfolio, moment: Moment) -> SilenceList {
    let silences = portfolio.silences().iter().rev();
    let known = silences.filter(|silence| silence.from_on <= moment.as_of);
    SilenceList {
        stand: Stand::of(portfolio, moment),
        items: known.map(|silence| view(portfolio, silence, moment)).collect(),
    }
}

fn view(portfolio: &Portfolio, silence: &Silence, moment: Moment) -> SilenceView {
    let of = &silence.silenced;
    let open = portfolio.warnings().iter().filter(|warning| warning.is_open());
    SilenceView {
        id: silence.event_id,
        rule: of.rule.clone(),
        project: of.project.as_ref().map(ToString::to_string),
        unit: of.unit.as_ref().map(ToString::to_string),
        from_on: silence.from_on,
        until_on: of.until_on,
        cause: of.cause.clone(),
        by: silence.by.clone(),
        holds: silence.holds_on(moment.as_of),
        warnings: open.filter(|warning| silence.covers(warning, portfolio)).count(),
    }
}

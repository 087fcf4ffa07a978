//! What people and programs are shown: pure functions from a portfolio and a question to serializable answers.
//! The API and `karez show --format json` print the same answers, so no two screens can disagree.
//!
//! Every answer says where it stands ([`Stand`]). Amounts are exact and travel as text; rates are rounded once,
//! here, and name their level, numerator and denominator; figures of two currencies are never added.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::{Currency, Position};
use karez_projections::Portfolio;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::print;

pub mod accounts;
pub mod audit;
pub mod batch;
pub mod deliveries;
pub mod events;
pub mod figures;
pub mod flows;
pub mod funds;
pub mod imports;
pub mod moment;
pub mod months;
pub mod overview;
pub mod page;
pub mod preview;
pub mod project;
pub mod projects;
pub mod proposals;
pub mod receipts;
pub mod rejections;
pub mod rules;
mod search;
pub mod silences;
pub mod subtotals;
pub mod totals;
pub mod units;
pub mod warnings;

/// The two clocks of a question: the business date, and what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// 截至: the business date.
    pub as_of: NaiveDate,
    /// 按当时已知: the instant up to which facts count as known.
    pub known_at: DateTime<Utc>,
}

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Stand {
    /// The last position of the log that was known.
    pub position: Position,
    /// 截至.
    pub as_of: NaiveDate,
    /// 按当时已知.
    #[serde(serialize_with = "instant")]
    pub known_at: DateTime<Utc>,
    /// 数据时间: when the last fact became known; nothing in an empty log.
    #[serde(serialize_with = "optional_instant")]
    pub data_as_at: Option<DateTime<Utc>>,
}

impl Stand {
    /// Where an answer from this portfolio stands.
    #[must_use]
    pub fn of(portfolio: &Portfolio, moment: Moment) -> Self {
        Self {
            position: portfolio.position(),
            as_of: moment.as_of,
            known_at: moment.known_at,
            data_as_at: portfolio.last_recorded_at(),
        }
    }
}

/// An amount in whole currency units: exact, as text, without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, utoipa::ToSchema)]
#[schema(value_type = String, format = "decimal", examples("1234.5"))]
pub struct Amount(pub Decimal);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        // Most amounts of most projects.
        if self.0.is_zero() {
            return output.serialize_str("0");
        }
        output.serialize_str(&print::exact(self.0))
    }
}

pub(crate) fn instant<S: Serializer>(at: &DateTime<Utc>, output: S) -> Result<S::Ok, S::Error> {
    output.serialize_str(&print::exact_instant(*at))
}

#[allow(
    clippy::ref_option,
    reason = "serde's with-attribute passes a reference to the field"
)]
pub(crate) fn optional_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    output: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, output),
        None => output.serialize_none(),
    }
}

/// Each currency once: yuan first, then by code; yuan alone where there is none.
pub(crate) fn in_order(found: impl IntoIterator<Item = Currency>) -> Vec<Currency> {
    let mut currencies: Vec<Currency> = Vec::new();
    for currency in found {
        if !currencies.contains(&currency) {
            currencies.push(currency);
        }
    }
    if currencies.is_empty() {
        currencies.push(Currency::CNY);
    }
    currencies.sort_by_key(|currency| (*currency != Currency::CNY, *currency));
    currencies
}

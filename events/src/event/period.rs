//! Facts about accounting periods and reconciliation.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, decimal_text};

/// 月结 or 年结 of a unit's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodClosed {
    /// First day closed.
    pub from_on: NaiveDate,
    /// Last day closed.
    pub to_on: NaiveDate,
}

/// 反结账.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodReopened {
    /// First day opened again.
    pub from_on: NaiveDate,
    /// Last day opened again.
    pub to_on: NaiveDate,
    /// 批准人.
    pub approver: String,
}

/// 对账结果.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountReconciled {
    /// The balance in the unit's books.
    #[serde(with = "decimal_text")]
    pub book_balance: Decimal,
    /// The balance in the bank's or treasury's statement.
    #[serde(with = "decimal_text")]
    pub statement_balance: Decimal,
    /// Currency of both.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
}

//! Facts about a fund: its budget and the quotas issued from it.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{FundId, ProjectId, UnitId};
use crate::money::{Currency, decimal_text};

/// 资金来源: whose money it is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FundSource {
    /// 财政当年: fiscal money of this year's budget.
    #[default]
    FiscalCurrent,
    /// 上年结转: fiscal money carried over.
    FiscalCarryover,
    /// 自筹: the unit's own money.
    SelfRaised,
    /// 配套: matching money of another giver.
    Matching,
    /// 其他: anything else, or not stated by the publisher.
    Other,
}

impl FundSource {
    /// Every source, in the order of the official forms.
    pub const ALL: [Self; 5] = [
        Self::FiscalCurrent,
        Self::FiscalCarryover,
        Self::SelfRaised,
        Self::Matching,
        Self::Other,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FiscalCurrent => "fiscal_current",
            Self::FiscalCarryover => "fiscal_carryover",
            Self::SelfRaised => "self_raised",
            Self::Matching => "matching",
            Self::Other => "other",
        }
    }

    /// Whether it is the state's money (财政).
    #[must_use]
    pub fn is_fiscal(self) -> bool {
        matches!(self, Self::FiscalCurrent | Self::FiscalCarryover)
    }
}

/// 专项资金设立. A later one replaces the particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundEstablished {
    /// Name as in the budget.
    pub name: String,
    /// 主管部门.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Currency of its accounts.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The fund it is a part of; a part is never added to its whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<FundId>,
    /// A remark for readers, such as where demonstration amounts come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 年初预算批复 of one budget year; a later one for the same year replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppropriationApproved {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// 预算年度; the budget year is the calendar year (预算法 18).
    pub fiscal_year: i32,
}

/// 追加 or 调减 of a fund's budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppropriationAdjusted {
    /// The change, negative for a cut.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// 预算年度.
    pub fiscal_year: i32,
    /// 生效日; the business date where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<NaiveDate>,
}

/// 指标下达: budget is put at a department's, unit's or project's disposal on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaIssued {
    /// 指标文号.
    pub quota_no: String,
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The year for which the money was first budgeted; kept through every reallocation (财预〔2015〕15号).
    pub origin_budget_year: i32,
    /// The project it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The unit it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
}

/// 指标收回: part or all of a quota is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaWithdrawn {
    /// 指标文号 of the quota.
    pub quota_no: String,
    /// Amount taken back, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The project it was for, where it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

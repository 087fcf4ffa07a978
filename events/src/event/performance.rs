//! Facts about goals: targets, results, scores.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{decimal_text, optional_decimal_text};

/// How a result is compared with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// 正向: at least the target.
    #[default]
    AtLeast,
    /// 反向: at most the target.
    AtMost,
    /// 定性: in bands.
    Qualitative,
}

/// 绩效指标: what is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorTargetSet {
    /// Name within the project (三级指标).
    pub indicator: String,
    /// 一级指标, 二级指标.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// 年度指标值.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub target: Option<Decimal>,
    /// The target in words, where it is qualitative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_text: Option<String>,
    /// Unit of measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_of_measure: Option<String>,
    /// How it is compared.
    #[serde(default)]
    pub direction: Direction,
    /// 分值.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub weight: Option<Decimal>,
    /// 预算年度.
    pub fiscal_year: i32,
}

/// 完成目标可能性.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// 确定能.
    Certain,
    /// 有可能.
    Possible,
    /// 完全不可能.
    Impossible,
}

/// 绩效完成值 or 监控值.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorReported {
    /// Name as in the target.
    pub indicator: String,
    /// 实际完成值.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub actual: Option<Decimal>,
    /// The result in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual_text: Option<String>,
    /// 完成目标可能性.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// 偏差原因.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
}

/// Who evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationTier {
    /// 自评.
    SelfEvaluation,
    /// 部门评价.
    Department,
    /// 财政评价.
    Finance,
}

/// 绩效评价.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationScored {
    /// Who evaluated.
    pub tier: EvaluationTier,
    /// 得分 of 100.
    #[serde(with = "decimal_text")]
    pub score: Decimal,
    /// 预算年度.
    pub fiscal_year: i32,
    /// 全年执行数 as reported in the form, to be checked against the ledger.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reported_spending: Option<Decimal>,
}

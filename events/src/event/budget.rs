//! Facts about a project's budget: lines, changes, plans, carry-over.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::fund::FundSource;
use crate::ids::CategoryId;
use crate::money::{Currency, decimal_text};

/// One line of a budget: a source and a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 科目; absent under 包干制 or where the publisher gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
}

/// Whether a budget is the first for its period or takes another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetStanding {
    /// The first for its period.
    #[default]
    Original,
    /// Replaces every original whose period it overlaps.
    Revised,
}

/// 预算批复. Several may stand side by side for different periods (annual budgets). Posted budgets of one
/// `fiscal_year` replace each other; published budgets (with a period) are replaced only by revised ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetApproved {
    /// 预算年度; absent for a budget of the whole life or of a published period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiscal_year: Option<i32>,
    /// First day of the period, where published with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_start_on: Option<NaiveDate>,
    /// Last day of the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_end_on: Option<NaiveDate>,
    /// Original or revised.
    #[serde(default)]
    pub standing: BudgetStanding,
    /// Currency of the lines.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The lines; their sum is the budget.
    pub lines: Vec<BudgetLine>,
}

/// 追加 or 调减 of a project's budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetAdjusted {
    /// The change, negative for a cut.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// 预算年度, where the budget is annual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiscal_year: Option<i32>,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// The line it falls on, where it falls on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// 生效日; the business date where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<NaiveDate>,
}

/// 科目调剂: what one line loses another gains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetReallocated {
    /// Amount moved, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// 预算年度, where the budget is annual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiscal_year: Option<i32>,
    /// Whose money; a reallocation never changes the source.
    #[serde(default)]
    pub source: FundSource,
    /// The line that loses.
    pub from_category: CategoryId,
    /// The line that gains.
    pub to_category: CategoryId,
    /// Who approved: the unit, the department, finance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
}

/// One planned payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedPayment {
    /// When it is planned for; the last day of its period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
}

/// 用款计划批复 in one currency. A later plan in that currency replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CashPlanApproved {
    /// Currency of the plan.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The planned payments.
    pub payments: Vec<PlannedPayment>,
}

/// 结转 or 结余.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftoverKind {
    /// 结转: to be used next year for the same purpose (条例 50).
    #[default]
    Carryover,
    /// 结余: what remains for good.
    Surplus,
}

/// 结转确认. The money keeps the year for which it was first budgeted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryoverConfirmed {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The year for which the money was first budgeted.
    pub origin_budget_year: i32,
    /// The year into which it goes on.
    pub into_year: i32,
    /// 结转 or 结余.
    #[serde(default)]
    pub kind: LeftoverKind,
}

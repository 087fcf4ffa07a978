//! Facts about a project's life, from application to closing.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{FundId, ProjectId, UnitId};
use crate::money::{Currency, decimal_text, optional_decimal_text};

/// What kind of support a project is; one-off awards know no progress and no idle money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectKind {
    /// 前资助: a project that is paid first and works then.
    #[default]
    Research,
    /// 后补助: reimbursement after the work.
    Reimbursement,
    /// 奖励: an award or prize; paid is done.
    Award,
    /// 工作经费: the department's own activity, such as a training course.
    Activity,
}

/// Which clock runs on money left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarryoverRegime {
    /// Government budget: unspent at the end of the next year means returned.
    Fiscal,
    /// A department's or unit's budget, under the finance ministry's rules.
    Department,
    /// A running research project carries its balance on inside the contract period.
    #[default]
    ResearchProject,
}

/// 项目申报.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectApplied {
    /// 项目名称.
    pub title: String,
    /// 申报单位.
    pub unit: UnitId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// The fund applied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund: Option<FundId>,
    /// The programme or guideline applied under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<String>,
    /// 负责人.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Amount asked for.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub requested: Option<Decimal>,
    /// 自筹 planned by the applicant.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub planned_self_raised: Option<Decimal>,
    /// Currency of the amounts.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// First day of the period applied for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_start_on: Option<NaiveDate>,
    /// Last day of the period applied for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_end_on: Option<NaiveDate>,
}

/// 立项批复. A later approval replaces every field of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectApproved {
    /// 项目名称.
    pub title: String,
    /// 承担单位.
    pub unit: UnitId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// The fund that pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund: Option<FundId>,
    /// The programme it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<String>,
    /// The project it is a part of; a part is never added to its whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ProjectId>,
    /// 负责人.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The kind of support.
    #[serde(default)]
    pub kind: ProjectKind,
    /// Amount approved for the whole life, where stated.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount: Option<Decimal>,
    /// Currency of the project's accounts.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Planned first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_start_on: Option<NaiveDate>,
    /// Planned last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_end_on: Option<NaiveDate>,
    /// 包干制: no lines, only the total counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lump_sum: bool,
    /// The clock on money left over.
    #[serde(default)]
    pub carryover_regime: CarryoverRegime,
    /// The status code that a publisher gave (IATI `ActivityStatus`), as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_status: Option<String>,
    /// The identifier that a publisher gave, where it is not the project's own id (two activities with one
    /// identifier, or none at all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_id: Option<String>,
}

/// A partner's share of a project led by another unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerShare {
    /// The partner.
    pub unit: UnitId,
    /// Its share in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// When the lead unit must have passed it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
}

/// A milestone of the task contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Name within the project.
    pub name: String,
    /// When it is due.
    pub due_on: NaiveDate,
    /// Weight in percent of the whole task.
    #[serde(with = "decimal_text")]
    pub weight_percent: Decimal,
}

/// 任务书(合同书)签订 or 变更. A later contract replaces every field of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractSigned {
    /// 合同编号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_no: Option<String>,
    /// First day of the task.
    pub start_on: NaiveDate,
    /// Last day of the task.
    pub end_on: NaiveDate,
    /// 经费可列支起始日: costs before it are pre-start costs; `start_on` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eligible_from_on: Option<NaiveDate>,
    /// 自筹 promised.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub planned_self_raised: Option<Decimal>,
    /// Currency of the amounts.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Shares of the partners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partners: Vec<PartnerShare>,
    /// Milestones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// What happens to a surplus after acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_policy: Option<String>,
}

/// 启动. `occurred_on` is the first day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectStarted {}

/// 预研批准 or 追认.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreStartApproved {
    /// Days before the eligibility start, at most 90.
    pub days: u16,
    /// Most that may be spent so, where limited.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub cap: Option<Decimal>,
}

/// 暂停.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectSuspended {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// 恢复.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectResumed {}

/// 延期批复.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectExtended {
    /// The new last day.
    pub end_on: NaiveDate,
}

/// 终止 or 撤销.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectTerminated {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// 验收申请.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceApplied {}

/// 验收结论.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// 通过.
    Passed,
    /// 结题.
    Concluded,
    /// 不通过.
    Failed,
}

/// 验收.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectAccepted {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// 结余核定: surplus established, where it was.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub surplus: Option<Decimal>,
}

/// 结题归档. `occurred_on` is the actual end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectClosed {}

/// How far one milestone is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneProgress {
    /// Name as in the contract.
    pub name: String,
    /// Done, in percent.
    #[serde(with = "decimal_text")]
    pub percent: Decimal,
}

/// 进度报告.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressReported {
    /// First day reported on.
    pub period_start_on: NaiveDate,
    /// Last day reported on.
    pub period_end_on: NaiveDate,
    /// Milestones reported on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<MilestoneProgress>,
    /// In the unit's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
}

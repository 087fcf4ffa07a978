//! Facts about warnings and what people do about them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{FundId, ProjectId, UnitId};

/// 预警颜色, from lowest to highest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 蓝, level four.
    Blue,
    /// 黄, level three.
    Yellow,
    /// 橙, level two.
    Orange,
    /// 红, level one, the highest.
    Red,
}

/// Why a rule says what it says: enough to check it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The formula with its numbers filled in.
    pub formula: String,
    /// The thresholds it was compared with, from blue to red.
    pub threshold: String,
    /// 依据: the section, notice or article that the rule rests on.
    pub basis: String,
    /// Further figures by name, as they were at the date; amounts and ratios exact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, String>,
    /// The facts that decided, by `event_id`, in the order of becoming known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Uuid>,
    /// Positions in the log of the first and the last of these facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact_positions: Option<(u64, u64)>,
}

/// 预警触发. What it pins lets it be computed again exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningRaised {
    /// The rule's name, such as `idle_funds`.
    pub rule: String,
    /// The rule's version.
    pub rule_version: u32,
    /// Hash of the thresholds in force.
    pub thresholds_hash: String,
    /// The project it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The unit it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The fund it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund: Option<FundId>,
    /// What within it: source, category, period or tranche.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How often this subject has been warned about, from 1.
    pub episode: u32,
    /// Its colour.
    pub level: Level,
    /// The business date it was evaluated for.
    pub as_of: NaiveDate,
    /// The last position that was known.
    pub known_at_position: u64,
    /// What brought it about, where that is not the passing of time: 追溯, 起始日变更, 预算调减.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The group it was raised with, where one cause moved many subjects at once: they are notified as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// One sentence with the numbers filled in, Chinese.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

/// 预警升级或降级.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningLevelChanged {
    /// The colour before.
    pub from: Level,
    /// The colour now.
    pub to: Level,
    /// The business date it was evaluated for.
    pub as_of: NaiveDate,
    /// What brought it about, where that is not the passing of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// One sentence with the numbers filled in, Chinese.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

/// What somebody said about a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningNote {
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// 转派.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningAssigned {
    /// To whom.
    pub assignee: String,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
}

/// The end of a warning: lifted, dismissed as a false alarm, or retracted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningClosed {
    /// Why.
    pub cause: String,
    /// The business date it was evaluated for.
    pub as_of: NaiveDate,
}

/// 升级.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningEscalated {
    /// To whom.
    pub escalated_to: String,
    /// Why.
    pub cause: String,
}

/// 整改通知.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationOrdered {
    /// What is to be put right.
    pub items: Vec<String>,
    /// By when.
    pub due_on: NaiveDate,
}

/// 静默: nobody is called for certain warnings for a while. They stay on every list; red ones speak all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningsSilenced {
    /// Of this rule only, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Of this project only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Of this unit and its projects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The last day of silence.
    pub until_on: NaiveDate,
    /// Why.
    pub cause: String,
}

/// 静默结束: by a person before its time, or by the sentinel at the end of its last day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceEnded {
    /// The event that began it.
    pub silence: Uuid,
    /// Why.
    pub cause: String,
}

/// 暂停拨款, 表彰 or 通报.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitMeasure {
    /// Why.
    pub cause: String,
    /// 依据: the article it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
}

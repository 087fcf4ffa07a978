//! Facts about karez itself: days evaluated, rules published, files imported.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::ProjectId;

/// 日度求值完成.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayEvaluated {
    /// The day that was evaluated.
    pub as_of: NaiveDate,
    /// How many findings there were.
    pub findings: u64,
}

/// 时点记录. The log's own time is that of its events: this one takes it on when a day or a deadline is over and nothing else
/// has come, so that what was due then follows from the log alone and not from when somebody looked at a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRead {
    /// What the sentinel's clock said, about; the recorder's own is in `recorded_at`.
    pub read_at: DateTime<Utc>,
}

/// 规则发布.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesPublished {
    /// Hash of the rule set's text.
    pub content_hash: String,
    /// Who wrote the change.
    pub author: String,
    /// Who published it; another person.
    pub publisher: String,
    /// The rule set.
    pub rules: String,
    /// The proposal that this makes good, by its event; absent where it was published without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Uuid>,
}

/// 规则提议. Another person publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesProposed {
    /// Hash of the rule set's text.
    pub content_hash: String,
    /// Who wrote the change.
    pub author: String,
    /// The rule set.
    pub rules: String,
}

/// 规则提议撤回.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesProposalWithdrawn {
    /// The proposal, by its event.
    pub proposal: Uuid,
    /// Why.
    pub cause: String,
}

/// 查阅个人信息. Whoever was shown the payee is the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonDisclosed {
    /// The fact whose payee was shown.
    pub event: Uuid,
    /// Its project.
    pub project: ProjectId,
    /// What it was needed for.
    pub cause: String,
}

/// 导入批次. Nothing is imported silently: every row is counted under one of the four outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportCompleted {
    /// The file's name, without its folder.
    pub file: String,
    /// Its format: iati, csv, xlsx or ndjson.
    pub format: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The day on which the publisher made the file, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_on: Option<NaiveDate>,
    /// Facts read.
    pub read: u64,
    /// Facts recorded now.
    pub recorded: u64,
    /// Facts that were recorded before.
    pub already_known: u64,
    /// Earlier facts withdrawn or reversed because the file no longer states them.
    pub withdrawn: u64,
    /// Rows refused, each kept with its reason.
    pub refused: u64,
    /// The projects of the file, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
}

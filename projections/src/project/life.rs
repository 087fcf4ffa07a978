//! Steps of a project's life, and where it stands.

use chrono::NaiveDate;
use karez_events::Position;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A fact with its business date and its event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated<T> {
    /// Business date.
    pub on: NaiveDate,
    /// The event that says so.
    pub event_id: Uuid,
    /// Where that stands in the log.
    pub position: Position,
    /// What it says.
    pub fact: T,
}

/// A step of a project's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LifeStep {
    /// 申报.
    Applied,
    /// 立项批复.
    Approved,
    /// 任务书签订.
    Signed,
    /// 启动.
    Started,
    /// 预研批准: so many days before the eligibility start are allowed.
    PreStartApproved {
        /// Days, at most 90.
        days: u16,
        /// Most that may be spent so.
        cap: Option<Decimal>,
    },
    /// 暂停.
    Suspended,
    /// 恢复.
    Resumed,
    /// 延期.
    Extended {
        /// The new last day.
        end_on: NaiveDate,
    },
    /// 终止.
    Terminated,
    /// 验收申请.
    AcceptanceApplied,
    /// 验收.
    Accepted,
    /// 结题.
    Closed,
}

/// A [`LifeStep`] with its date.
pub type LifeFact = Dated<LifeStep>;

/// Where a project stands on a day.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    /// 已申报.
    Applied,
    /// 已立项未签约.
    Approved,
    /// 已签约未启动.
    Signed,
    /// 执行中.
    Running,
    /// 暂停.
    Suspended,
    /// 已到期待验收.
    Ended,
    /// 终止.
    Terminated,
    /// 已结题.
    Closed,
}

//! The closed list of facts. A new kind of fact is a line in [`vocabulary!`] and a payload in `event/`;
//! the compiler then lists every fold that must decide about it.

pub mod budget;
pub mod fund;
pub mod money_flow;
pub mod performance;
pub mod period;
pub mod personal;
pub mod project;
pub mod supervision;
pub mod system;

use std::fmt;
use std::str::FromStr;

use crate::described::described;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::ids::StreamKind;
use crate::json::from_json;
use crate::text;
use crate::upcast;
pub use personal::{Payee, Personal};

/// Recorded bytes that today's vocabulary cannot read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type number that this version does not know: the log was written by a newer karez.
    #[error("event type number {0} is unknown: the log was written by a newer version, upgrade karez")]
    UnknownTypeNumber(i16),
    /// A type name that is not in the vocabulary.
    #[error("{0:?} is not an event type")]
    UnknownType(String),
    /// A schema number above the one this version writes.
    #[error("{event_type} with schema {schema} is newer than this version knows ({known}): upgrade karez")]
    NewerSchema {
        /// The event's type.
        event_type: EventType,
        /// Its schema number.
        schema: i16,
        /// The newest schema known here.
        known: i16,
    },
    /// The payload does not have the shape of its type.
    #[error("the data of {event_type} cannot be read: {source}")]
    Payload {
        /// The event's type.
        event_type: EventType,
        /// What the JSON reader found.
        source: serde_json::Error,
    },
    /// Another field of the record is unreadable.
    #[error("the record is unreadable: {0}")]
    Record(String),
}

macro_rules! vocabulary {
    ($($number:literal $schema:literal $kind:ident $wire:literal $variant:ident ( $($payload:tt)+ ) $doc:literal;)+) => {
        /// A fact, in the past tense.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $(#[doc = $doc] $variant($($payload)+),)+
        }

        /// The type of an event, without its data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(#[doc = $doc] $variant,)+
        }

        impl EventType {
            /// Every type, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The number that stands for the type in the store; never reused.
            #[must_use]
            pub fn number(self) -> i16 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The schema number that is written today.
            #[must_use]
            pub fn schema(self) -> i16 {
                match self { $(Self::$variant => $schema,)+ }
            }

            /// The kind of stream that such events belong to.
            #[must_use]
            pub fn stream_kind(self) -> StreamKind {
                match self { $(Self::$variant => StreamKind::$kind,)+ }
            }

            /// The type that a number of the store stands for.
            #[must_use]
            pub fn from_number(number: i16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        /// How the data of every type are described to other programs, by name.
        #[must_use]
        pub fn payload_schemas() -> Vec<(String, RefOr<Schema>)> {
            let mut schemas = Vec::new();
            $(described::<$($payload)+>(&mut schemas);)+
            schemas
        }

        impl Event {
            /// The type of this event.
            #[must_use]
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$variant(_) => EventType::$variant,)+ }
            }

            /// The data as the bytes that are stored and hashed: JSON without white space, fields in the order
            /// of the payload's declaration, absent fields left out.
            ///
            /// # Errors
            /// Only if a payload cannot be written as JSON, which no payload of the vocabulary does.
            pub fn payload(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$variant(data) => serde_json::to_vec(data),)+ }
            }

            /// Reads the data of an event of a given type and schema; old schemas are brought up to date.
            ///
            /// # Errors
            /// [`DecodeError`] says what cannot be read.
            pub fn decode(event_type: EventType, schema: i16, payload: &[u8]) -> Result<Self, DecodeError> {
                let today = event_type.schema();
                if schema > today {
                    return Err(DecodeError::NewerSchema { event_type, schema, known: today });
                }
                let unreadable = |source| DecodeError::Payload { event_type, source };
                if schema == today {
                    return match event_type {
                        $(EventType::$variant => from_json(payload).map(Self::$variant).map_err(unreadable),)+
                    };
                }
                let old = from_json(payload).map_err(unreadable)?;
                let data = upcast::to_today(event_type, schema, old)
                    .map_err(|reason| DecodeError::Record(format!("{event_type} schema {schema}: {reason}")))?;
                match event_type {
                    $(EventType::$variant => serde_json::from_value(data).map(Self::$variant).map_err(unreadable),)+
                }
            }
        }
    };
}

vocabulary! {
    1 1 Fund "fund_established" FundEstablished(fund::FundEstablished) "专项资金设立: a fund exists.";
    2 1 Fund "appropriation_approved" AppropriationApproved(fund::AppropriationApproved) "年初预算批复: the fund's opening budget.";
    3 1 Fund "appropriation_adjusted" AppropriationAdjusted(fund::AppropriationAdjusted) "预算调整: a change of the fund's total.";
    4 1 Fund "quota_issued" QuotaIssued(fund::QuotaIssued) "指标下达: a quota is issued.";
    5 1 Fund "quota_withdrawn" QuotaWithdrawn(fund::QuotaWithdrawn) "指标收回: a quota is taken back.";
    10 1 Project "project_applied" ProjectApplied(project::ProjectApplied) "项目申报: a unit applies.";
    11 1 Project "project_approved" ProjectApproved(project::ProjectApproved) "立项批复: the project exists; a later approval replaces its particulars.";
    12 1 Project "contract_signed" ContractSigned(project::ContractSigned) "任务书签订或变更: the task contract; a later one replaces it.";
    13 1 Project "project_started" ProjectStarted(project::ProjectStarted) "启动: work begins on `occurred_on`.";
    14 1 Project "pre_start_approved" PreStartApproved(project::PreStartApproved) "预研批准或追认: costs before the start are allowed.";
    15 1 Project "project_suspended" ProjectSuspended(project::ProjectSuspended) "暂停: clocks freeze from `occurred_on`.";
    16 1 Project "project_resumed" ProjectResumed(project::ProjectResumed) "恢复: clocks run again from `occurred_on`.";
    17 1 Project "project_extended" ProjectExtended(project::ProjectExtended) "延期批复: a later end.";
    18 1 Project "project_terminated" ProjectTerminated(project::ProjectTerminated) "终止或撤销: the project stops.";
    19 1 Project "acceptance_applied" AcceptanceApplied(project::AcceptanceApplied) "验收申请: the unit asks for acceptance.";
    20 1 Project "project_accepted" ProjectAccepted(project::ProjectAccepted) "验收结论: the acceptance and its conclusion.";
    21 1 Project "project_closed" ProjectClosed(project::ProjectClosed) "结题归档: the project ended on `occurred_on`.";
    22 1 Project "progress_reported" ProgressReported(project::ProgressReported) "进度报告: milestones in percent.";
    30 1 Project "budget_approved" BudgetApproved(budget::BudgetApproved) "预算批复: lines by source and category.";
    31 1 Project "budget_adjusted" BudgetAdjusted(budget::BudgetAdjusted) "追加或调减: a change of the project's total.";
    32 1 Project "budget_reallocated" BudgetReallocated(budget::BudgetReallocated) "科目调剂: a move between lines; the total stays.";
    33 1 Project "cash_plan_approved" CashPlanApproved(budget::CashPlanApproved) "用款计划批复: planned payments; a later plan replaces it.";
    34 1 Project "carryover_confirmed" CarryoverConfirmed(budget::CarryoverConfirmed) "结转确认: unspent money goes on into the next year.";
    40 1 Project "funds_disbursed" FundsDisbursed(money_flow::FundsDisbursed) "拨付: money is paid over to the unit.";
    41 1 Project "funds_arrived" FundsArrived(money_flow::FundsArrived) "到位确认: the unit has the money.";
    42 1 Project "matching_funds_arrived" MatchingFundsArrived(money_flow::MatchingFundsArrived) "自筹或配套到位: money of others arrives.";
    43 1 Project "funds_returned" FundsReturned(money_flow::FundsReturned) "退回: the unit returns money.";
    44 1 Project "funds_recovered" FundsRecovered(money_flow::FundsRecovered) "收回: money is clawed back.";
    45 1 Project "commitment_signed" CommitmentSigned(money_flow::CommitmentSigned) "合同占用: money is promised.";
    46 1 Project "commitment_released" CommitmentReleased(money_flow::CommitmentReleased) "占用释放: a promise is paid or dropped.";
    47 2 Project "expenditure_recorded" ExpenditureRecorded(money_flow::ExpenditureRecorded) "支出入账: money is spent.";
    48 1 Project "expenditure_refunded" ExpenditureRefunded(money_flow::ExpenditureRefunded) "退款: spent money comes back.";
    49 1 Project "expenditure_reversed" ExpenditureReversed(money_flow::ExpenditureReversed) "冲销: an expenditure is undone.";
    50 1 Project "expenditure_reclassified" ExpenditureReclassified(money_flow::ExpenditureReclassified) "更正科目或资金来源: an expenditure moves.";
    51 1 Project "other_flow_recorded" OtherFlowRecorded(money_flow::OtherFlowRecorded) "其他资金往来: interest, loans, equity, guarantees, pledges.";
    52 1 Project "fact_withdrawn" FactWithdrawn(money_flow::FactWithdrawn) "撤回: a source no longer states an earlier fact.";
    60 1 Project "indicator_target_set" IndicatorTargetSet(performance::IndicatorTargetSet) "绩效指标值: what is to be reached.";
    61 1 Project "indicator_reported" IndicatorReported(performance::IndicatorReported) "绩效完成值: what has been reached.";
    62 1 Project "evaluation_scored" EvaluationScored(performance::EvaluationScored) "绩效评价: a score and its grade.";
    70 1 Unit "period_closed" PeriodClosed(period::PeriodClosed) "月结或年结: a unit's books of a period are closed.";
    71 1 Unit "period_reopened" PeriodReopened(period::PeriodReopened) "反结账: closed books are opened again.";
    72 1 Project "account_reconciled" AccountReconciled(period::AccountReconciled) "对账结果: books against the bank's or treasury's statement.";
    80 1 Warning "warning_raised" WarningRaised(supervision::WarningRaised) "预警触发: a rule found something.";
    81 1 Warning "warning_level_changed" WarningLevelChanged(supervision::WarningLevelChanged) "预警升降级: its colour changed.";
    82 1 Warning "warning_acknowledged" WarningAcknowledged(supervision::WarningNote) "签收: somebody has taken note.";
    83 1 Warning "warning_assigned" WarningAssigned(supervision::WarningAssigned) "转派: it has an owner.";
    84 1 Warning "warning_answered" WarningAnswered(supervision::WarningNote) "核查意见: the unit explains.";
    85 1 Warning "warning_lifted" WarningLifted(supervision::WarningClosed) "解除: its cause is gone.";
    86 1 Warning "warning_dismissed" WarningDismissed(supervision::WarningClosed) "误报: it was a false alarm.";
    87 1 Warning "warning_retracted" WarningRetracted(supervision::WarningClosed) "追溯撤销: later facts disprove it.";
    88 1 Warning "warning_escalated" WarningEscalated(supervision::WarningEscalated) "升级: it goes one level up.";
    89 1 Warning "rectification_ordered" RectificationOrdered(supervision::RectificationOrdered) "整改通知: items and a deadline.";
    90 1 Warning "rectification_reported" RectificationReported(supervision::WarningNote) "整改反馈: what was done.";
    91 1 Warning "rectification_accepted" RectificationAccepted(supervision::WarningNote) "销号: the rectification is accepted.";
    92 1 Project "disbursement_suspended" DisbursementSuspended(supervision::UnitMeasure) "暂停拨款: payments stop.";
    93 1 Unit "unit_commended" UnitCommended(supervision::UnitMeasure) "表彰: a unit is commended.";
    94 1 Unit "unit_criticised" UnitCriticised(supervision::UnitMeasure) "通报: a unit is criticised.";
    100 1 Calendar "day_evaluated" DayEvaluated(system::DayEvaluated) "日度求值完成: every rule has run for a day.";
    101 1 Calendar "rules_published" RulesPublished(system::RulesPublished) "规则发布: a rule set takes effect here.";
    102 1 Calendar "import_completed" ImportCompleted(system::ImportCompleted) "导入批次: a file has been imported.";
    103 1 Calendar "warnings_silenced" WarningsSilenced(supervision::WarningsSilenced) "静默: nobody is called for certain warnings for a while.";
    104 1 Calendar "silence_ended" SilenceEnded(supervision::SilenceEnded) "静默结束: a silence is over.";
    105 1 Calendar "rules_proposed" RulesProposed(system::RulesProposed) "规则提议: somebody proposes a rule set, which another publishes.";
    106 1 Calendar "rules_proposal_withdrawn" RulesProposalWithdrawn(system::RulesProposalWithdrawn) "规则提议撤回: a proposal is taken back.";
    107 1 Calendar "person_disclosed" PersonDisclosed(system::PersonDisclosed) "查阅个人信息: somebody was shown a payee, and why.";
    108 1 Calendar "clock_read" ClockRead(system::ClockRead) "时点记录: the log's time has come so far, though nothing else has happened.";
}

impl Event {
    /// The payee whose fields are personal, where the event has one.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other event is without personal fields"
    )]
    pub fn payee_mut(&mut self) -> Option<&mut Payee> {
        match self {
            Self::ExpenditureRecorded(data) => data.payee.as_mut(),
            Self::CommitmentSigned(data) => data.payee.as_mut(),
            _ => None,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        Self::ALL
            .iter()
            .find(|known| known.as_str() == text)
            .copied()
            .ok_or_else(|| DecodeError::UnknownType(text.to_owned()))
    }
}

impl Serialize for EventType {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        text::read(input, str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_read_back() {
        for event_type in EventType::ALL {
            assert_eq!(EventType::from_number(event_type.number()), Some(*event_type));
            assert_eq!(event_type.as_str().parse::<EventType>().unwrap(), *event_type);
        }
    }

    #[test]
    fn a_newer_schema_is_refused_by_name() {
        let refused = Event::decode(EventType::ProjectStarted, 9, b"{}").unwrap_err();
        assert!(refused.to_string().contains("project_started with schema 9"));
    }
}

//! Facts about money: paid over, arrived, promised, spent, and taken back.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fund::FundSource;
use super::personal::Payee;
use crate::ids::{CategoryId, UnitId};
use crate::money::{Currency, decimal_text, optional_decimal_text};

/// 拨付: finance or the department pays money over to the unit (IATI transaction type 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundsDisbursed {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 批次.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tranche_no: Option<String>,
    /// The year for which the money was first budgeted; the year of `occurred_on` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_budget_year: Option<i32>,
    /// When it was due, for timeliness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// The publisher's reference or the bank's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The date of the value, where a publisher gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<NaiveDate>,
    /// In the payer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// 牵头单位转拨: the partner to which the lead unit passed the money on; such a payment is no new money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_on_to: Option<UnitId>,
}

/// 到位确认: the unit's account shows the money (IATI incoming funds).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundsArrived {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 批次.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tranche_no: Option<String>,
    /// The year for which the money was first budgeted; the year of `occurred_on` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_budget_year: Option<i32>,
    /// The publisher's reference or the bank's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The date of the value, where a publisher gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<NaiveDate>,
    /// In the giver's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// Money or things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContributionKind {
    /// 货币.
    #[default]
    Cash,
    /// 实物.
    InKind,
}

/// 自筹 or 配套到位.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchingFundsArrived {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Self-raised or matching.
    pub source: FundSource,
    /// Money or things.
    #[serde(default)]
    pub kind: ContributionKind,
    /// 银行回单.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_slip: Option<String>,
}

/// 退回: the unit gives money back of its own accord.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundsReturned {
    /// Amount, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 批次 it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tranche_no: Option<String>,
}

/// 收回: finance takes money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundsRecovered {
    /// Amount, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 批次 it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tranche_no: Option<String>,
}

/// 合同占用: money is promised but not yet paid (IATI outgoing commitment).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitmentSigned {
    /// Amount in whole currency units; negative where a publisher corrects an earlier one.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 科目.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// 合同号, by which it is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment_no: Option<String>,
    /// When payment is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<Payee>,
    /// The date of the value, where a publisher gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<NaiveDate>,
    /// For what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// 占用释放.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitmentReleased {
    /// 合同号 of the commitment.
    pub commitment_no: String,
    /// Amount released, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
}

/// 支出入账: spent on goods and services (IATI transaction type 4). Negative where a publisher nets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpenditureRecorded {
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 科目 (chart in force for the project).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// 旧科目, where the unit still books by the old nine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_category: Option<CategoryId>,
    /// 凭证号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_no: Option<String>,
    /// Line of the voucher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_no: Option<u32>,
    /// 发票号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_no: Option<String>,
    /// 收款人.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<Payee>,
    /// 用途.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// 费用所属期: first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_from_on: Option<NaiveDate>,
    /// 费用所属期: last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_to_on: Option<NaiveDate>,
    /// The date of the value, where a publisher gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<NaiveDate>,
    /// Labels such as 购置 or 罚款.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Person-days, for expert fees.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub person_days: Option<Decimal>,
}

/// 退款: spent money comes back from the payee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpenditureRefunded {
    /// The expenditure that is refunded, where known; source and category are then its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunds: Option<Uuid>,
    /// Amount that came back, positive.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// Whose money.
    #[serde(default)]
    pub source: FundSource,
    /// 科目.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// 凭证号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_no: Option<String>,
    /// 以前年度: the refund concerns an earlier year's spending and is kept out of this year's E(y).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prior_year: bool,
}

/// 冲销: an expenditure is undone in full. `occurred_on` is the day on which it stops counting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpenditureReversed {
    /// The `event_id` of the expenditure.
    pub reverses: Uuid,
}

/// 更正科目或资金来源 (置换): an expenditure, or part of it, moves to another source or category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpenditureReclassified {
    /// The `event_id` of the expenditure.
    pub reclassifies: Uuid,
    /// Amount that moves; all of it where absent.
    #[serde(
        default,
        with = "optional_decimal_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount: Option<Decimal>,
    /// The new source, where it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_source: Option<FundSource>,
    /// The new category, where it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_category: Option<CategoryId>,
}

/// Flows that are neither budget, commitment, disbursement nor expenditure (IATI transaction types 5–13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherFlow {
    /// Type 5, letter code IR.
    InterestPayment,
    /// Type 6, letter code LR.
    LoanRepayment,
    /// Type 7, letter code R.
    Reimbursement,
    /// Type 8, letter code QP.
    EquityPurchase,
    /// Type 9, letter code QS.
    EquitySale,
    /// Type 10, letter code CG.
    CreditGuarantee,
    /// Type 11.
    IncomingCommitment,
    /// Type 12.
    OutgoingPledge,
    /// Type 13.
    IncomingPledge,
    /// 利息: interest earned on the project's account.
    InterestEarned,
    /// A code that the standard does not know; `published_code` keeps it.
    Unknown,
}

/// 其他资金往来. Recorded and shown, in no rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherFlowRecorded {
    /// What kind of flow.
    pub flow: OtherFlow,
    /// The code as published, where it is not a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_code: Option<String>,
    /// Amount in whole currency units.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Currency of the amount.
    #[serde(default, skip_serializing_if = "Currency::is_default")]
    pub currency: Currency,
    /// The publisher's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The date of the value, where a publisher gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<NaiveDate>,
    /// In the publisher's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// 撤回: a later file of the same publisher no longer states a fact that an earlier file stated. The fact
/// stays in the log and in every view as it was known before; today's figures leave it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactWithdrawn {
    /// The `event_id` of the fact.
    pub withdraws: Uuid,
}

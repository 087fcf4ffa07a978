//! An IATI activity as karez reads it: what the publisher wrote, typed, and nothing concluded from it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::narrative::Narrative;
use super::problem::{Place, Problem};

/// One `iati-activity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its position among the file's activities, counted from 0.
    pub index: u64,
    /// Where its start tag is.
    pub place: Place,
    /// `iati-identifier`; `None` when it is missing or empty. A file may use one twice: that is for the caller to see.
    pub identifier: Option<String>,
    /// IATI version stated on the activity itself; usually it is on the file ([`Header`](super::Header)).
    pub version: Option<String>,
    /// Language of texts that state none.
    pub language: Option<String>,
    /// Currency of values that state none, in upper case.
    pub default_currency: Option<String>,
    /// The publisher's level in a hierarchy of activities, as written.
    pub hierarchy: Option<String>,
    /// `last-updated-datetime` as written.
    pub last_updated: Option<String>,
    /// The date in `last-updated-datetime`.
    pub last_updated_on: Option<NaiveDate>,
    /// `generated-datetime` stated on the activity itself, as written.
    pub generated: Option<String>,
    /// Who publishes the activity: the first `reporting-org`.
    pub reporting_org: Option<Organisation>,
    /// Who takes part in it.
    pub participating_orgs: Vec<ParticipatingOrg>,
    /// Titles in the languages given.
    pub titles: Vec<Narrative>,
    /// Descriptions in the languages given; a publisher may give several per language.
    pub descriptions: Vec<Narrative>,
    /// What stage the activity is in.
    pub status: Option<ActivityStatus>,
    /// The status code as written.
    pub status_code: Option<String>,
    /// Planned and actual starts and ends, in document order.
    pub dates: Vec<ActivityDate>,
    /// Budgets in document order.
    pub budgets: Vec<Budget>,
    /// Planned disbursements in document order.
    pub planned_disbursements: Vec<PlannedDisbursement>,
    /// Transactions in document order.
    pub transactions: Vec<Transaction>,
    /// Links to other activities.
    pub related: Vec<RelatedActivity>,
    /// What could not be read or was taken with a reservation.
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub problems_omitted: u64,
}

impl Activity {
    /// The date of a kind: the earliest start, the latest end.
    #[must_use]
    pub fn date_of(&self, kind: ActivityDateKind) -> Option<NaiveDate> {
        let dates = self
            .dates
            .iter()
            .filter(|date| date.kind == kind)
            .map(|date| date.on);
        match kind {
            ActivityDateKind::PlannedStart | ActivityDateKind::ActualStart => dates.min(),
            ActivityDateKind::PlannedEnd | ActivityDateKind::ActualEnd => dates.max(),
        }
    }

    /// The organisations that carry out the activity.
    pub fn implementing_orgs(&self) -> impl Iterator<Item = &Organisation> {
        self.participating_orgs
            .iter()
            .filter(|org| org.role == Some(OrganisationRole::Implementing))
            .map(|org| &org.organisation)
    }
}

/// An organisation as mentioned in an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its identifier (`XM-DAC-928`).
    pub reference: Option<String>,
    /// Its name: Chinese, else English, else the first given.
    pub name: Option<String>,
    /// Its kind, as the code written (10 government, 40 multilateral …).
    pub type_code: Option<String>,
    /// The organisation's own activity that the money or the work belongs to.
    pub activity_id: Option<String>,
}

/// An organisation and its part in the activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParticipatingOrg {
    /// The role; `None` when unstated or unknown.
    pub role: Option<OrganisationRole>,
    /// Who.
    pub organisation: Organisation,
}

/// The part an organisation plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrganisationRole {
    /// Gives the money (1).
    Funding,
    /// Answers for the activity (2).
    Accountable,
    /// Manages the money on behalf of the funder (3).
    Extending,
    /// Carries the activity out (4).
    Implementing,
}

/// The stage an activity is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityStatus {
    /// Being prepared (1).
    Pipeline,
    /// Under way (2).
    Implementation,
    /// Physically complete, money still to be settled (3; “completion” in IATI 1.x).
    Finalisation,
    /// Complete and settled (4; “post-completion” in IATI 1.x).
    Closed,
    /// Given up (5).
    Cancelled,
    /// Paused (6).
    Suspended,
}

/// A planned or actual start or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityDate {
    /// Which of the four.
    pub kind: ActivityDateKind,
    /// The day.
    pub on: NaiveDate,
}

/// What an activity date says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityDateKind {
    /// 1, `start-planned`.
    PlannedStart,
    /// 2, `start-actual`.
    ActualStart,
    /// 3, `end-planned`.
    PlannedEnd,
    /// 4, `end-actual`.
    ActualEnd,
}

/// An amount of money as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The amount, exact, in units of the currency (not in cents).
    pub amount: Decimal,
    /// Currency in upper case: the value's own, else the activity's default; `None` when neither states one.
    pub currency: Option<String>,
    /// The day whose exchange rate applies.
    pub value_on: Option<NaiveDate>,
}

/// A budget for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Where in the file.
    pub place: Place,
    /// Its number among the activity's budgets, counted from 1.
    pub number: u64,
    /// Original or revised.
    pub kind: BudgetKind,
    /// First day of the period.
    pub period_start_on: Option<NaiveDate>,
    /// Last day of the period.
    pub period_end_on: Option<NaiveDate>,
    /// `None` when it could not be read; the problem says why.
    pub value: Option<Value>,
}

/// Whether a budget is the first or a later word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetKind {
    /// 1, unstated, or a type not in the code list.
    Original,
    /// 2.
    Revised,
}

/// A disbursement announced for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDisbursement {
    /// Where in the file.
    pub place: Place,
    /// Its number among the activity's planned disbursements, counted from 1.
    pub number: u64,
    /// Original or revised.
    pub kind: BudgetKind,
    /// First day of the period.
    pub period_start_on: Option<NaiveDate>,
    /// Last day of the period.
    pub period_end_on: Option<NaiveDate>,
    /// `None` when it could not be read; the problem says why.
    pub value: Option<Value>,
    /// Who pays.
    pub provider: Option<Organisation>,
    /// Who is paid.
    pub receiver: Option<Organisation>,
}

/// Money that was promised, sent, received or spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Where in the file.
    pub place: Place,
    /// Its number among the activity's transactions, counted from 1.
    pub number: u64,
    /// The publisher's own reference.
    pub reference: Option<String>,
    /// What it is; `None` when the code is missing or unknown.
    pub kind: Option<TransactionType>,
    /// The type code as written.
    pub type_code: Option<String>,
    /// When it took place; `None` when no date could be read.
    pub dated_on: Option<NaiveDate>,
    /// Where [`Self::dated_on`] comes from.
    pub date_basis: DateBasis,
    /// `None` when it could not be read; the problem says why.
    pub value: Option<Value>,
    /// What it was for: Chinese, else English, else the first given.
    pub description: Option<String>,
    /// Who pays.
    pub provider: Option<Organisation>,
    /// Who is paid.
    pub receiver: Option<Organisation>,
}

/// Where the date of a transaction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateBasis {
    /// `transaction-date`.
    TransactionDate,
    /// `value-date`, because `transaction-date` is missing or unreadable.
    ValueDate,
    /// There is no date.
    None,
}

/// What a transaction is; the numbers are those of IATI 2.x, the letters those of 1.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionType {
    /// 1, IF: money received.
    IncomingFunds,
    /// 2, C: a promise to pay.
    Commitment,
    /// 3, D: money placed at another organisation's disposal.
    Disbursement,
    /// 4, E: money spent on goods and services.
    Expenditure,
    /// 5, IR: interest paid.
    InterestPayment,
    /// 6, LR: a loan paid back.
    LoanRepayment,
    /// 7, R: money given back.
    Reimbursement,
    /// 8, QP: a share bought.
    PurchaseOfEquity,
    /// 9, QS: a share sold.
    SaleOfEquity,
    /// 10, CG: a guarantee given.
    CreditGuarantee,
    /// 11: a promise received.
    IncomingCommitment,
    /// 12: a pledge made.
    OutgoingPledge,
    /// 13: a pledge received.
    IncomingPledge,
}

/// A link to another activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedActivity {
    /// How the other one stands to this one; `None` when unstated or unknown.
    pub relation: Option<Relation>,
    /// Identifier of the other activity.
    pub identifier: String,
}

/// How another activity stands to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// 1: it contains this one.
    Parent,
    /// 2: it is part of this one.
    Child,
    /// 3: it has the same parent.
    Sibling,
    /// 4: it is paid for together with this one.
    CoFunded,
    /// 5: a third party reports the same work.
    ThirdParty,
}

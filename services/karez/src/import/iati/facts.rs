//! What an IATI activity says, as facts in karez's words.
//!
//! The mapping follows design.md §3: incoming funds arrive, commitments are signed, disbursements are paid over,
//! expenditures are spent; every other transaction type is kept as another flow and enters no rate.

use chrono::NaiveDate;
use karez_events::event::budget::{
    BudgetApproved, BudgetLine, BudgetStanding, CashPlanApproved, PlannedPayment,
};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{
    CommitmentSigned, ExpenditureRecorded, FundsArrived, FundsDisbursed, OtherFlow, OtherFlowRecorded,
};
use karez_events::event::project::{
    CarryoverRegime, ProjectApproved, ProjectClosed, ProjectKind, ProjectStarted,
};
use karez_events::{Currency, Event, FundId, IdError, ProjectId, UnitId};

use super::activity::{
    Activity, ActivityDateKind, Budget, BudgetKind, Organisation, Relation, Transaction, TransactionType,
    Value,
};
use super::narrative;

/// A fact that a publisher states, before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedFact {
    /// Business date; the publication's where the publisher gives none.
    pub occurred_on: NaiveDate,
    /// The publisher gives no date.
    pub undated: bool,
    /// The fact.
    pub event: Event,
}

/// A value whose currency karez cannot hold: not three letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddCurrency {
    /// Where it stands in the activity, such as `transaction[3]/value`.
    pub path: String,
    /// The code as written.
    pub found: String,
}

/// One activity as karez would record it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedActivity {
    /// The project's id: the activity's identifier, told apart where a file uses one twice or gives none.
    pub project: ProjectId,
    /// The fund: the publisher's organisation.
    pub fund: FundId,
    /// The fund's name.
    pub fund_name: String,
    /// Currency of the activity's accounts.
    pub currency: Currency,
    /// Particulars; a later file's take the place of an earlier file's.
    pub approval: StatedFact,
    /// Dates, budgets, plans and transactions, in the order of the file.
    pub facts: Vec<StatedFact>,
    /// Values left out because of their currency.
    pub odd_currencies: Vec<OddCurrency>,
}

/// Names the project of an activity. `occurrence` counts the activities of one identifier in the file, from 1.
///
/// # Errors
/// [`IdError`] when the identifier holds control characters or is too long.
pub fn project_id(activity: &Activity, occurrence: u32) -> Result<ProjectId, IdError> {
    let identifier = activity.identifier.as_deref().unwrap_or_default();
    match (identifier, occurrence) {
        ("", _) => ProjectId::try_new(&format!("{}#{}", publisher(activity).0, activity.index)),
        (identifier, 1) => ProjectId::try_new(identifier),
        (identifier, occurrence) => ProjectId::try_new(&format!("{identifier}#{occurrence}")),
    }
}

/// Says an activity in karez's words. `published_on` dates what has no date of its own.
///
/// # Errors
/// [`IdError`] when the publisher's or the unit's reference cannot be an identifier.
pub fn state(
    activity: &Activity,
    project: ProjectId,
    published_on: NaiveDate,
) -> Result<StatedActivity, IdError> {
    let (reference, name) = publisher(activity);
    let fund = FundId::try_new(&shortened(&reference))?;
    let currency = activity
        .default_currency
        .as_deref()
        .and_then(|code| code.parse().ok())
        .unwrap_or(Currency::UNSTATED);
    let mut stating = Stating {
        published_on,
        facts: Vec::new(),
        odd_currencies: Vec::new(),
    };
    stating.dates(activity);
    activity.budgets.iter().for_each(|budget| stating.budget(budget));
    stating.plans(activity);
    activity
        .transactions
        .iter()
        .for_each(|transaction| stating.transaction(transaction));
    let approval = approval(activity, &project, &fund, currency)?;
    let known_since = stating
        .facts
        .iter()
        .filter(|fact| !fact.undated)
        .map(|fact| fact.occurred_on)
        .min();
    let approval = StatedFact {
        occurred_on: known_since.map_or(published_on, |first| first.min(published_on)),
        undated: true,
        event: Event::ProjectApproved(approval),
    };
    let Stating {
        facts,
        odd_currencies,
        ..
    } = stating;
    Ok(StatedActivity {
        project,
        fund,
        fund_name: name,
        currency,
        approval,
        facts,
        odd_currencies,
    })
}

fn approval(
    activity: &Activity,
    project: &ProjectId,
    fund: &FundId,
    currency: Currency,
) -> Result<ProjectApproved, IdError> {
    let (reference, name) = carrier(activity).map_or_else(|| publisher(activity), organisation_key);
    let identifier = activity.identifier.clone().unwrap_or_default();
    let parent = activity
        .related
        .iter()
        .find(|related| related.relation == Some(Relation::Parent) && related.identifier != identifier)
        .and_then(|related| ProjectId::try_new(&related.identifier).ok());
    Ok(ProjectApproved {
        title: narrative::preferred(&activity.titles)
            .unwrap_or_default()
            .to_owned(),
        unit: UnitId::try_new(&shortened(&reference))?,
        unit_name: Some(name),
        fund: Some(fund.clone()),
        programme: None,
        parent,
        principal: None,
        kind: ProjectKind::Activity,
        amount: None,
        currency,
        planned_start_on: activity.date_of(ActivityDateKind::PlannedStart),
        planned_end_on: activity.date_of(ActivityDateKind::PlannedEnd),
        lump_sum: false,
        carryover_regime: CarryoverRegime::ResearchProject,
        published_status: activity.status_code.clone(),
        published_id: (project.as_str() != identifier).then_some(identifier),
    })
}

/// Reference and name of who publishes the activity.
fn publisher(activity: &Activity) -> (String, String) {
    activity
        .reporting_org
        .as_ref()
        .map_or_else(unnamed, organisation_key)
}

/// The first organisation that carries the activity out and can be told by a reference or a name.
fn carrier(activity: &Activity) -> Option<&Organisation> {
    activity
        .implementing_orgs()
        .find(|org| org.reference.is_some() || org.name.is_some())
}

fn organisation_key(org: &Organisation) -> (String, String) {
    let reference = org.reference.as_deref().filter(|text| !text.trim().is_empty());
    let name = org.name.as_deref().filter(|text| !text.trim().is_empty());
    match (reference, name) {
        (Some(reference), name) => (reference.to_owned(), name.unwrap_or(reference).to_owned()),
        (None, Some(name)) => (name.to_owned(), name.to_owned()),
        (None, None) => unnamed(),
    }
}

fn unnamed() -> (String, String) {
    (
        "unnamed-publisher".to_owned(),
        "(publisher not stated)".to_owned(),
    )
}

/// As much of a reference as an identifier may hold; organisations are sometimes named by whole sentences.
fn shortened(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let fits =
        |(index, letter): &(usize, char)| index + letter.len_utf8() <= karez_events::ids::LONGEST_ID_BYTES;
    text.char_indices()
        .take_while(fits)
        .map(|(_, letter)| letter)
        .collect()
}

struct Stating {
    published_on: NaiveDate,
    facts: Vec<StatedFact>,
    odd_currencies: Vec<OddCurrency>,
}

impl Stating {
    fn add(&mut self, on: Option<NaiveDate>, event: Event) {
        self.facts.push(StatedFact {
            occurred_on: on.unwrap_or(self.published_on),
            undated: on.is_none(),
            event,
        });
    }

    fn dates(&mut self, activity: &Activity) {
        if let Some(on) = activity.date_of(ActivityDateKind::ActualStart) {
            self.add(Some(on), Event::ProjectStarted(ProjectStarted {}));
        }
        if let Some(on) = activity.date_of(ActivityDateKind::ActualEnd) {
            self.add(Some(on), Event::ProjectClosed(ProjectClosed {}));
        }
    }

    /// The currency of a value; a code that is not three letters is reported and the value left out.
    fn currency(&mut self, value: &Value, path: &str) -> Option<Currency> {
        let Some(code) = &value.currency else {
            return Some(Currency::UNSTATED);
        };
        let currency = code.parse().ok();
        if currency.is_none() {
            self.odd_currencies.push(OddCurrency {
                path: path.to_owned(),
                found: code.clone(),
            });
        }
        currency
    }

    fn budget(&mut self, budget: &Budget) {
        let Some(value) = &budget.value else { return };
        let Some(currency) = self.currency(value, &format!("budget[{}]/value", budget.number)) else {
            return;
        };
        let event = Event::BudgetApproved(BudgetApproved {
            fiscal_year: None,
            period_start_on: budget.period_start_on,
            period_end_on: budget.period_end_on,
            standing: match budget.kind {
                BudgetKind::Original => BudgetStanding::Original,
                BudgetKind::Revised => BudgetStanding::Revised,
            },
            currency,
            lines: vec![BudgetLine {
                source: FundSource::Other,
                category: None,
                amount: value.amount,
            }],
        });
        self.add(budget.period_start_on, event);
    }

    /// One plan a currency: the announced disbursements together.
    fn plans(&mut self, activity: &Activity) {
        let mut plans: Vec<CashPlanApproved> = Vec::new();
        for planned in &activity.planned_disbursements {
            let Some(value) = &planned.value else { continue };
            let path = format!("planned-disbursement[{}]/value", planned.number);
            let Some(currency) = self.currency(value, &path) else {
                continue;
            };
            let due_on = planned.period_end_on.or(planned.period_start_on);
            let payment = PlannedPayment {
                due_on,
                amount: value.amount,
            };
            match plans.iter_mut().find(|plan| plan.currency == currency) {
                Some(plan) => plan.payments.push(payment),
                None => plans.push(CashPlanApproved {
                    currency,
                    payments: vec![payment],
                }),
            }
        }
        for plan in plans {
            let first_on = plan.payments.iter().filter_map(|payment| payment.due_on).min();
            self.add(first_on, Event::CashPlanApproved(plan));
        }
    }

    fn transaction(&mut self, transaction: &Transaction) {
        let Some(value) = &transaction.value else { return };
        let Some(currency) = self.currency(value, &format!("transaction[{}]/value", transaction.number))
        else {
            return;
        };
        let event = transaction_event(transaction, value, currency);
        self.add(transaction.dated_on, event);
    }
}

fn transaction_event(transaction: &Transaction, value: &Value, currency: Currency) -> Event {
    let other = |flow| other_flow(transaction, value, currency, flow);
    match transaction.kind {
        Some(TransactionType::IncomingFunds) => Event::FundsArrived(FundsArrived {
            amount: value.amount,
            currency,
            source: FundSource::Other,
            tranche_no: None,
            origin_budget_year: None,
            reference: transaction.reference.clone(),
            valued_on: value.value_on,
            purpose: transaction.description.clone(),
        }),
        Some(TransactionType::Commitment) => Event::CommitmentSigned(CommitmentSigned {
            amount: value.amount,
            currency,
            source: FundSource::Other,
            category: None,
            commitment_no: transaction.reference.clone(),
            due_on: None,
            payee: None,
            valued_on: value.value_on,
            purpose: transaction.description.clone(),
        }),
        Some(TransactionType::Disbursement) => disbursement(transaction, value, currency),
        Some(TransactionType::Expenditure) => expenditure(transaction, value, currency),
        Some(TransactionType::InterestPayment) => other(OtherFlow::InterestPayment),
        Some(TransactionType::LoanRepayment) => other(OtherFlow::LoanRepayment),
        Some(TransactionType::Reimbursement) => other(OtherFlow::Reimbursement),
        Some(TransactionType::PurchaseOfEquity) => other(OtherFlow::EquityPurchase),
        Some(TransactionType::SaleOfEquity) => other(OtherFlow::EquitySale),
        Some(TransactionType::CreditGuarantee) => other(OtherFlow::CreditGuarantee),
        Some(TransactionType::IncomingCommitment) => other(OtherFlow::IncomingCommitment),
        Some(TransactionType::OutgoingPledge) => other(OtherFlow::OutgoingPledge),
        Some(TransactionType::IncomingPledge) => other(OtherFlow::IncomingPledge),
        None => other(OtherFlow::Unknown),
    }
}

fn disbursement(transaction: &Transaction, value: &Value, currency: Currency) -> Event {
    Event::FundsDisbursed(FundsDisbursed {
        amount: value.amount,
        currency,
        source: FundSource::Other,
        tranche_no: None,
        origin_budget_year: None,
        due_on: None,
        reference: transaction.reference.clone(),
        valued_on: value.value_on,
        purpose: transaction.description.clone(),
        passed_on_to: None,
    })
}

fn expenditure(transaction: &Transaction, value: &Value, currency: Currency) -> Event {
    Event::ExpenditureRecorded(ExpenditureRecorded {
        amount: value.amount,
        currency,
        source: FundSource::Other,
        category: None,
        old_category: None,
        voucher_no: transaction.reference.clone(),
        line_no: None,
        invoice_no: None,
        payee: None,
        purpose: transaction.description.clone(),
        service_from_on: None,
        service_to_on: None,
        valued_on: value.value_on,
        tags: Vec::new(),
        person_days: None,
    })
}

fn other_flow(transaction: &Transaction, value: &Value, currency: Currency, flow: OtherFlow) -> Event {
    Event::OtherFlowRecorded(OtherFlowRecorded {
        flow,
        published_code: if flow == OtherFlow::Unknown {
            transaction.type_code.clone()
        } else {
            None
        },
        amount: value.amount,
        currency,
        reference: transaction.reference.clone(),
        valued_on: value.value_on,
        purpose: transaction.description.clone(),
    })
}

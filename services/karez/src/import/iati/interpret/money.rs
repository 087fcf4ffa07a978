//! Budgets, planned disbursements and transactions of an activity.

use chrono::NaiveDate;

use super::{Draft, read_date};
use crate::import::iati::activity::{
    Budget, BudgetKind, DateBasis, Organisation, PlannedDisbursement, Transaction, TransactionType, Value,
};
use crate::import::iati::narrative::{narratives, preferred};
use crate::import::iati::problem::ProblemCode;
use crate::import::iati::tree::Element;
use crate::import::iati::values::{AmountFault, amount};

/// The money of an entry and, apart from it because an unreadable amount still leaves a date, its `value-date`.
struct ReadValue {
    value: Option<Value>,
    value_on: Option<NaiveDate>,
}

impl Draft {
    pub(super) fn take_budget(&mut self, entry: &Element) {
        let kind = self.budget_kind(entry);
        let (period_start_on, period_end_on) = self.period(entry, true);
        let budget = Budget {
            place: entry.place,
            number: entry.number,
            kind,
            period_start_on,
            period_end_on,
            value: self.value(entry).value,
        };
        self.activity.budgets.push(budget);
    }

    pub(super) fn take_planned_disbursement(&mut self, entry: &Element) {
        let kind = self.budget_kind(entry);
        let (period_start_on, period_end_on) = self.period(entry, false);
        let planned = PlannedDisbursement {
            place: entry.place,
            number: entry.number,
            kind,
            period_start_on,
            period_end_on,
            value: self.value(entry).value,
            provider: self.party(entry, "provider-org"),
            receiver: self.party(entry, "receiver-org"),
        };
        self.activity.planned_disbursements.push(planned);
    }

    pub(super) fn take_transaction(&mut self, entry: &Element) {
        let type_code = entry
            .child("transaction-type")
            .and_then(|kind| kind.stated("code"));
        let kind = type_code.and_then(type_of);
        if kind.is_none() {
            let path = format!("{}/transaction-type/@code", entry.numbered_step());
            let found = type_code.unwrap_or_default();
            self.problems
                .report(ProblemCode::UnknownTransactionType, entry.place, &path, found);
        }
        let ReadValue { value, value_on } = self.value(entry);
        let (dated_on, date_basis) = self.transaction_date(entry, value_on);
        let descriptions = entry
            .child("description")
            .map(|text| narratives(text, self.activity.language.as_deref()));
        let transaction = Transaction {
            place: entry.place,
            number: entry.number,
            reference: entry.stated("ref").map(str::to_owned),
            kind,
            type_code: type_code.map(str::to_owned),
            dated_on,
            date_basis,
            value,
            description: descriptions.and_then(|texts| preferred(&texts).map(str::to_owned)),
            provider: self.party(entry, "provider-org"),
            receiver: self.party(entry, "receiver-org"),
        };
        self.activity.transactions.push(transaction);
    }

    fn party(&self, entry: &Element, name: &str) -> Option<Organisation> {
        entry.child(name).map(|element| self.organisation(element))
    }

    fn budget_kind(&mut self, entry: &Element) -> BudgetKind {
        let code = entry.stated("type").unwrap_or("1");
        match code.to_ascii_lowercase().as_str() {
            "1" | "original" => BudgetKind::Original,
            "2" | "revised" => BudgetKind::Revised,
            _ => {
                let path = format!("{}/@type", entry.numbered_step());
                self.problems
                    .report(ProblemCode::UnknownBudgetType, entry.place, &path, code);
                BudgetKind::Original
            }
        }
    }

    /// Start and end of a period; a planned disbursement may go without an end.
    fn period(&mut self, entry: &Element, needs_end: bool) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let start = self.period_day(entry, "period-start");
        let end = self.period_day(entry, "period-end");
        match (start, end) {
            (Some(start), Some(end)) if end < start => {
                let found = format!("{start}..{end}");
                self.problems.report(
                    ProblemCode::PeriodReversed,
                    entry.place,
                    &entry.numbered_step(),
                    &found,
                );
            }
            (Some(_), Some(_)) => {}
            (Some(_), None) if !needs_end => {}
            (None, _) | (_, None) => {
                self.problems.report(
                    ProblemCode::PeriodMissing,
                    entry.place,
                    &entry.numbered_step(),
                    "",
                );
            }
        }
        (start, end)
    }

    fn period_day(&mut self, entry: &Element, name: &str) -> Option<NaiveDate> {
        let element = entry.child(name)?;
        let text = element.attribute("iso-date")?;
        read_date(&mut self.problems, text, element.place, || {
            format!("{}/{name}/@iso-date", entry.numbered_step())
        })
    }

    /// The first `value` of an entry.
    fn value(&mut self, entry: &Element) -> ReadValue {
        let Some(element) = entry.child("value") else {
            self.problems
                .report(ProblemCode::MissingValue, entry.place, &entry.numbered_step(), "");
            return ReadValue {
                value: None,
                value_on: None,
            };
        };
        let path = || format!("{}/value", entry.numbered_step());
        let count = entry.children_named("value").count();
        if count > 1 {
            self.problems.report(
                ProblemCode::SeveralValues,
                element.place,
                &path(),
                &count.to_string(),
            );
        }
        let value_on = element.attribute("value-date").and_then(|text| {
            read_date(&mut self.problems, text, element.place, || {
                format!("{}/@value-date", path())
            })
        });
        let text = element.all_text();
        let value = match amount(&text) {
            Ok(amount) => Some(Value {
                amount,
                currency: self.currency(element, &path),
                value_on,
            }),
            Err(fault) => {
                let code = match fault {
                    AmountFault::Unreadable => ProblemCode::BadAmount,
                    AmountFault::OutOfRange => ProblemCode::AmountOutOfRange,
                };
                self.problems.report(code, element.place, &path(), text.trim());
                None
            }
        };
        ReadValue { value, value_on }
    }

    fn currency(&mut self, element: &Element, path: &impl Fn() -> String) -> Option<String> {
        let own = element.stated("currency").map(str::to_uppercase);
        let currency = own.or_else(|| self.activity.default_currency.clone());
        let path = || format!("{}/@currency", path());
        match &currency {
            None => self
                .problems
                .report(ProblemCode::NoCurrency, element.place, &path(), ""),
            Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                self.problems
                    .report(ProblemCode::OddCurrency, element.place, &path(), code);
            }
            Some(_) => {}
        }
        currency
    }

    /// `transaction-date`, else the `value-date`; text in the element is not a date.
    fn transaction_date(
        &mut self,
        entry: &Element,
        value_on: Option<NaiveDate>,
    ) -> (Option<NaiveDate>, DateBasis) {
        let element = entry.child("transaction-date");
        let path = || format!("{}/transaction-date", entry.numbered_step());
        let own = element.and_then(|element| {
            let text = element.attribute("iso-date")?;
            read_date(&mut self.problems, text, element.place, || {
                format!("{}/@iso-date", path())
            })
        });
        if own.is_some() {
            return (own, DateBasis::TransactionDate);
        }
        let (code, basis) = match value_on {
            Some(_) => (ProblemCode::DatedByValueDate, DateBasis::ValueDate),
            None => (ProblemCode::Undated, DateBasis::None),
        };
        let place = element.map_or(entry.place, |element| element.place);
        let found = element.map(Element::own_text).unwrap_or_default();
        self.problems.report(code, place, &path(), found);
        (value_on, basis)
    }
}

fn type_of(code: &str) -> Option<TransactionType> {
    match code.to_uppercase().as_str() {
        "1" | "IF" => Some(TransactionType::IncomingFunds),
        "2" | "C" => Some(TransactionType::Commitment),
        "3" | "D" => Some(TransactionType::Disbursement),
        "4" | "E" => Some(TransactionType::Expenditure),
        "5" | "IR" => Some(TransactionType::InterestPayment),
        "6" | "LR" => Some(TransactionType::LoanRepayment),
        "7" | "R" => Some(TransactionType::Reimbursement),
        "8" | "QP" => Some(TransactionType::PurchaseOfEquity),
        "9" | "QS" => Some(TransactionType::SaleOfEquity),
        "10" | "CG" => Some(TransactionType::CreditGuarantee),
        "11" => Some(TransactionType::IncomingCommitment),
        "12" => Some(TransactionType::OutgoingPledge),
        "13" => Some(TransactionType::IncomingPledge),
        _ => None,
    }
}

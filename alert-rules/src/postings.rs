//! What is left of the postings, for the rules that look into vouchers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use karez_projections::{Entry, EntryKind, Project};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::word_list::WordList;

/// A posting of which something is left after its refunds and reversals.
#[derive(Debug, Clone, Copy)]
pub struct Posting<'a> {
    /// As it was booked.
    pub entry: &'a Entry,
    /// What is left of its amount.
    pub left: Decimal,
}

/// The postings of a project that stand at a date, in every currency, in the order of becoming known.
pub fn standing(project: &Project, as_of: NaiveDate) -> impl Iterator<Item = Posting<'_>> {
    let known = move |entry: &&Entry| entry.on <= as_of && entry.kind.is_spending();
    let mut corrected: BTreeMap<Uuid, Decimal> = BTreeMap::new();
    for entry in project.entries.iter().filter(known) {
        if let Some(posting) = entry.seldom.corrects {
            let sum = corrected.entry(posting).or_default();
            *sum = sum.saturating_add(entry.amount);
        }
    }
    let posted = project.entries.iter().filter(known);
    posted
        .filter(|entry| entry.kind == EntryKind::Spent)
        .map(move |entry| {
            let corrected = corrected.get(&entry.event_id).copied().unwrap_or_default();
            Posting {
                entry,
                left: entry.amount.saturating_add(corrected),
            }
        })
        .filter(|posting| !posting.left.is_zero())
}

impl<'a> Posting<'a> {
    /// The voucher's number, else the day, for a reader who looks for it.
    #[must_use]
    pub fn name(&self) -> String {
        match self.entry.wording().reference {
            Some(voucher_no) => voucher_no.to_string(),
            None => self.entry.on.to_string(),
        }
    }

    /// 收款人: the pseudonym, else what was stated in the clear.
    #[must_use]
    pub fn payee(&self) -> Option<&'a str> {
        self.entry.wording().payee
    }

    /// 发票号.
    #[must_use]
    pub fn invoice_no(&self) -> Option<&'a str> {
        self.entry.wording().invoice_no
    }

    /// Labels such as 购置 or 罚款.
    #[must_use]
    pub fn tags(&self) -> &'a [String] {
        &self.entry.on_voucher.tags
    }

    /// Whether one of its labels contains one of these words.
    #[must_use]
    pub fn is_labelled(&self, words: &WordList) -> bool {
        self.tags().iter().any(|tag| words.is_in(tag))
    }
}

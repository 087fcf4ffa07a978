//! Refunds, reversals, reclassifications and withdrawals: what an event does to an entry before it.

use super::Project;
use super::entry::{Entry, EntryKind, Seldom, entry_of};
use super::rare::Rare;
use super::wording::{PackedWording, Wording};
use chrono::Datelike;
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::ExpenditureReclassified;
use karez_events::{CategoryId, RecordedEvent};
use rust_decimal::Decimal;
use uuid::Uuid;

impl Project {
    /// A refund that names its expenditure takes source, category and period of service from it.
    pub(super) fn refund(&mut self, recorded: &RecordedEvent, refunds: Option<Uuid>) {
        let Some(refund) = entry_of(recorded) else {
            return;
        };
        let Some(posting) = refunds.and_then(|posting| self.entry(posting)) else {
            return self.book([refund]);
        };
        let (source, category) = self.line_of(posting);
        let refund = Entry {
            source,
            packed: PackedWording::from(Wording {
                category,
                ..refund.wording()
            }),
            prior_year: refund.prior_year || is_of_an_earlier_year(posting, recorded),
            seldom: Rare::from(Seldom {
                service: Some(posting.cost_period()),
                ..Seldom::clone(&refund.seldom)
            }),
            ..refund
        };
        self.book([refund]);
    }

    /// The line on which a posting stands now: where it was last moved to once nothing of it is left on its own.
    fn line_of<'a>(&'a self, posting: &'a Entry) -> (FundSource, Option<&'a str>) {
        let is_moved_away = self.left_on_own_line(posting).is_zero();
        let last_move = self.entries.iter().rfind(|entry| {
            entry.kind == EntryKind::Reclassified && entry.seldom.corrects == Some(posting.event_id)
        });
        let stands = last_move.filter(|_| is_moved_away).unwrap_or(posting);
        (stands.source, stands.wording().category)
    }

    /// What of a posting was not moved to another line.
    pub(crate) fn left_on_own_line(&self, posting: &Entry) -> Decimal {
        self.entries
            .iter()
            .filter(|entry| {
                entry.kind == EntryKind::Reclassified
                    && entry.seldom.corrects == Some(posting.event_id)
                    && entry.source == posting.source
                    && entry.wording().category == posting.wording().category
            })
            .fold(posting.amount, |left, moved| left.saturating_add(moved.amount))
    }

    /// What of a commitment (合同号) has not been released.
    pub(crate) fn left_committed(&self, commitment_no: &str) -> Option<Decimal> {
        let of_it = |entry: &&Entry| {
            matches!(entry.kind, EntryKind::Committed | EntryKind::Released)
                && entry.wording().reference == Some(commitment_no)
        };
        let entries = || self.entries.iter().filter(of_it);
        entries()
            .any(|entry| entry.kind == EntryKind::Committed)
            .then(|| entries().fold(Decimal::ZERO, |left, entry| left.saturating_add(entry.amount)))
    }

    pub(super) fn reverse(&mut self, recorded: &RecordedEvent, reverses: Uuid) {
        let Some(posting) = self.entries.iter_mut().find(|entry| entry.event_id == reverses) else {
            return;
        };
        posting.is_reversed = true;
        let moved = self.entries.iter().filter(|entry| {
            entry.kind == EntryKind::Spent && entry.event_id == reverses
                || matches!(entry.kind, EntryKind::Reclassified | EntryKind::Refunded)
                    && entry.seldom.corrects == Some(reverses)
        });
        // What was moved to another line or came back is undone too, so that the posting leaves nothing behind.
        let opposite: Vec<Entry> = moved
            .map(|entry| Entry {
                kind: EntryKind::Reversed,
                amount: -entry.amount,
                is_reversed: false,
                ..correction_of(entry, reverses, recorded)
            })
            .collect();
        self.book(opposite);
    }

    pub(super) fn reclassify(&mut self, recorded: &RecordedEvent, data: &ExpenditureReclassified) {
        let Some(posting) = self.entry(data.reclassifies) else {
            return;
        };
        let amount = data.amount.unwrap_or_else(|| self.left_on_own_line(posting));
        let out = Entry {
            kind: EntryKind::Reclassified,
            amount: -amount,
            ..correction_of(posting, posting.event_id, recorded)
        };
        let wording = posting.wording();
        let to_category = data.to_category.as_ref().map(CategoryId::as_str);
        let into = Entry {
            amount,
            source: data.to_source.unwrap_or(posting.source),
            packed: PackedWording::from(Wording {
                category: to_category.or(wording.category),
                ..wording
            }),
            ..out.clone()
        };
        self.book([out, into]);
    }

    pub(super) fn withdraw(&mut self, withdrawn: Uuid) {
        let reversed = self.entries.iter().find_map(|entry| {
            (entry.event_id == withdrawn && entry.kind == EntryKind::Reversed)
                .then_some(entry.seldom.corrects)
        });
        if let Some(posting) = reversed.flatten()
            && let Some(entry) = self.entries.iter_mut().find(|entry| entry.event_id == posting)
        {
            entry.is_reversed = false;
        }
        self.entries
            .retain(|entry| entry.event_id != withdrawn && entry.seldom.corrects != Some(withdrawn));
        self.budget.retain(|fact| fact.event_id != withdrawn);
        self.life.retain(|fact| fact.event_id != withdrawn);
        self.cash_plans.retain(|fact| fact.event_id != withdrawn);
        self.contracts.retain(|fact| fact.event_id != withdrawn);
        self.carryovers.retain(|fact| fact.event_id != withdrawn);
    }
}

/// A correction dated by its own event, with the line and the period of service of what it corrects.
fn correction_of(corrected: &Entry, posting: Uuid, recorded: &RecordedEvent) -> Entry {
    Entry {
        event_id: recorded.event_id,
        position: recorded.position,
        on: recorded.occurred_on,
        recorded_at: recorded.recorded_at,
        prior_year: corrected.prior_year || is_of_an_earlier_year(corrected, recorded),
        seldom: Rare::from(Seldom {
            service: Some(corrected.cost_period()),
            corrects: Some(posting),
            ..Seldom::clone(&corrected.seldom)
        }),
        ..corrected.clone()
    }
}

/// 以前年度: a correction of an earlier year's spending stays out of this year's E (domain.md §4.2).
fn is_of_an_earlier_year(corrected: &Entry, recorded: &RecordedEvent) -> bool {
    corrected.on.year() < recorded.occurred_on.year()
}

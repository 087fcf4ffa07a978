//! Collects the facts of the demonstration and gives each its id, its voice and its moment.

use chrono::{Datelike, NaiveDate};
use karez_events::event::fund::FundSource;
use karez_events::{Actor, Document, Event, Metadata, StreamId, Submission, UnitId};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::DatedSubmission;
use super::moments::{days_after, moment, working_day};

/// Whole yuan.
pub(super) fn yuan(amount: i64) -> Decimal {
    fen(amount * 100)
}

/// Hundredths of a yuan.
pub(super) fn fen(amount: i64) -> Decimal {
    Decimal::new(amount, 2)
}

/// A project, the unit that keeps its books, and the number of its last voucher.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) stream: StreamId,
    pub(super) unit: UnitId,
    pub(super) signed_on: NaiveDate,
    pub(super) vouchers: u32,
}

impl Account {
    /// The next 凭证号.
    pub(super) fn next_voucher(&mut self) -> String {
        self.vouchers += 1;
        format!("{:04}", self.vouchers)
    }

    /// A number of its own, for accounts, invoices and times of the day.
    pub(super) fn number(&self) -> u32 {
        digits(&self.id)
    }
}

/// The digits of a text as one number.
fn digits(text: &str) -> u32 {
    text.bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |number: u32, digit| {
            number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'))
        })
}

/// When a fact happened, when it became known, who says so and on what it rests.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    on: NaiveDate,
    known_on: NaiveDate,
    unit: Option<UnitId>,
    document: Option<String>,
    reason: Option<&'static str>,
}

impl Telling {
    /// The finance or science office says so, the same day or the next day of work.
    pub(super) fn office(on: NaiveDate) -> Self {
        Self {
            on,
            known_on: working_day(on),
            unit: None,
            document: None,
            reason: None,
        }
    }

    /// A unit says so, the same day or the next day of work.
    pub(super) fn unit(on: NaiveDate, unit: &UnitId) -> Self {
        Self {
            unit: Some(unit.clone()),
            ..Self::office(on)
        }
    }

    /// It becomes known on a day of its own.
    pub(super) fn known(self, known_on: NaiveDate) -> Self {
        Self {
            known_on: working_day(known_on),
            ..self
        }
    }

    /// It rests on a document.
    pub(super) fn under(self, document: impl Into<String>) -> Self {
        Self {
            document: Some(document.into()),
            ..self
        }
    }

    /// It needs a reason.
    pub(super) fn because(self, reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// Offices write in the morning and units in the afternoon, each unit at a time of its own: what a unit says
    /// rests on what the office said that day.
    fn minutes(&self, stream: &StreamId) -> u32 {
        match (&self.unit, stream) {
            (Some(unit), _) => 14 * 60 + 30 + 20 * (digits(unit.as_str()) % 9),
            (None, StreamId::Fund(_)) => 9 * 60 + 30,
            (None, _) => 10 * 60,
        }
    }

    fn metadata(self, key: &str) -> Metadata {
        let org = self.unit.as_ref().map(|unit| unit.as_str().to_owned());
        let (user, role) = if self.unit.is_some() {
            ("演示单位会计", "unit")
        } else {
            ("演示科室经办", "finance")
        };
        // A posting that becomes known long after is posted then, into books that may have been closed.
        let is_late = self.known_on > days_after(self.on, 14);
        Metadata {
            actor: Some(Actor {
                user: Some(user.to_owned()),
                org,
                role: Some(role.to_owned()),
            }),
            source_system: Some("demo".to_owned()),
            idempotency_key: Some(key.to_owned()),
            document: self.document.map(|number| Document {
                number: Some(number),
                dated_on: Some(self.on),
                sha256: None,
            }),
            posted_on: is_late.then_some(self.known_on),
            reason: self.reason.map(str::to_owned),
            ..Metadata::default()
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Writer {
    facts: Vec<DatedSubmission>,
}

impl Writer {
    /// Tells a fact; `key` names it within its stream.
    pub(super) fn tell(&mut self, stream: &StreamId, telling: Telling, key: &str, event: Event) -> Uuid {
        let key = format!("demo/{key}");
        let event_id = Submission::id_of_key(&stream.to_string(), &key);
        let recorded_at = moment(telling.known_on, telling.minutes(stream));
        let submission = Submission {
            event_id,
            stream: stream.clone(),
            occurred_on: telling.on,
            event,
            metadata: telling.metadata(&key),
        };
        self.facts.push(DatedSubmission {
            recorded_at,
            submission,
        });
        event_id
    }

    /// What the unit's books of a project show at the end of a day, own money included.
    pub(super) fn balance(&self, account: &Account, until: NaiveDate) -> Decimal {
        let facts = self.of(account).filter(|fact| fact.occurred_on <= until);
        facts.map(|fact| self.effect(&fact.event)).sum()
    }

    /// What a project spent in a year, net.
    pub(super) fn spent(&self, account: &Account, first: NaiveDate, last: NaiveDate) -> Decimal {
        let facts = self
            .of(account)
            .filter(|fact| (first..=last).contains(&fact.occurred_on));
        -facts.map(|fact| self.spending(&fact.event)).sum::<Decimal>()
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts spend nothing")]
    /// What a project spent of the current year's fiscal money, net.
    pub(super) fn spent_of_year(&self, account: &Account, year: i32) -> Decimal {
        let facts = self.of(account).filter(|fact| fact.occurred_on.year() == year);
        let current = facts.filter(|fact| match &fact.event {
            Event::ExpenditureRecorded(data) => data.source == FundSource::FiscalCurrent,
            _ => true,
        });
        -current.map(|fact| self.spending(&fact.event)).sum::<Decimal>()
    }

    fn of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Submission> {
        let facts = self.facts.iter().map(|fact| &fact.submission);
        facts.filter(|fact| fact.stream == account.stream)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts move no money")]
    fn effect(&self, event: &Event) -> Decimal {
        match event {
            Event::FundsArrived(data) => data.amount,
            Event::MatchingFundsArrived(data) => data.amount,
            Event::FundsReturned(data) => -data.amount,
            other => self.spending(other),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts spend nothing")]
    fn spending(&self, event: &Event) -> Decimal {
        match event {
            Event::ExpenditureRecorded(data) => -data.amount,
            Event::ExpenditureRefunded(data) => data.amount,
            Event::ExpenditureReversed(data) => {
                let reversed = self
                    .facts
                    .iter()
                    .find(|fact| fact.submission.event_id == data.reverses);
                reversed.map_or(Decimal::ZERO, |fact| -self.spending(&fact.submission.event))
            }
            _ => Decimal::ZERO,
        }
    }

    /// The facts in the order in which they became known.
    pub(super) fn finish(mut self) -> Vec<DatedSubmission> {
        // Stable: what one voice told first of one moment stays first.
        self.facts.sort_by_key(|fact| fact.recorded_at);
        self.facts
    }
}

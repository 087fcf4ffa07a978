//! One entry of a project's ledger, and the event that makes it.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{ContributionKind, ExpenditureRecorded, OtherFlow};
use karez_events::event::{Payee, Personal};
use karez_events::{CategoryId, Currency, Event, PersonId, Position, RecordedEvent, UnitId};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rare::{Facts, Rare};
use super::wording::{PackedWording, Wording};

/// What an entry of the ledger is. Amounts of one kind may be summed: corrections carry the opposite sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// 拨付: paid over to the unit.
    Disbursed,
    /// 转拨: the lead unit passed money on; no new money.
    PassedOn,
    /// 到位: the unit has it.
    Arrived,
    /// 自筹、配套到位.
    MatchingArrived(ContributionKind),
    /// 退回: given back by the unit.
    Returned,
    /// 收回: taken back by finance.
    Recovered,
    /// 合同占用.
    Committed,
    /// 占用释放, negative.
    Released,
    /// 支出 as posted.
    Spent,
    /// 退款, negative.
    Refunded,
    /// 冲销 of a posting, its opposite.
    Reversed,
    /// 更正: out of one source or category (opposite sign) and into another.
    Reclassified,
    /// Interest, loans, equity, guarantees, pledges.
    Other(OtherFlow),
}

impl EntryKind {
    /// Whether the entry counts in net expenditure E (支出 − 退回 − 冲销).
    #[must_use]
    pub fn is_spending(self) -> bool {
        match self {
            Self::Spent | Self::Refunded | Self::Reversed | Self::Reclassified => true,
            Self::Disbursed
            | Self::PassedOn
            | Self::Arrived
            | Self::MatchingArrived(_)
            | Self::Returned
            | Self::Recovered
            | Self::Committed
            | Self::Released
            | Self::Other(_) => false,
        }
    }
}

/// One entry of a project's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about an entry that go together in every way"
)]
pub struct Entry {
    /// The event it comes from.
    pub event_id: Uuid,
    /// Where that stands in the log.
    pub position: Position,
    /// Business date.
    pub on: NaiveDate,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
    /// What it is.
    pub kind: EntryKind,
    /// Amount in whole currency units, signed: corrections carry the opposite sign of what they correct.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// Whose money.
    pub source: FundSource,
    /// Line of the voucher.
    pub line_no: Option<u32>,
    /// The publisher gave no date.
    pub undated: bool,
    /// 以前年度: kept out of the year's E.
    pub prior_year: bool,
    /// A posting that a later event reversed.
    pub is_reversed: bool,
    /// It falls into a period that the unit had closed before it became known, and has not reopened since.
    pub is_into_closed_period: bool,
    pub(super) packed: PackedWording,
    /// What few vouchers say.
    pub on_voucher: Rare<SeldomOnVoucher>,
    /// What few entries have.
    pub seldom: Rare<Seldom>,
}

/// What few entries have: a ledger has many, and each of these would make every one larger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seldom {
    /// 费用所属期, first and last day.
    pub service: Option<(NaiveDate, NaiveDate)>,
    /// The year for which the money was first budgeted.
    pub origin_budget_year: Option<i32>,
    /// When it was or is due.
    pub due_on: Option<NaiveDate>,
    /// 合作单位: the partner to which the lead unit passed the money on.
    pub partner: Option<UnitId>,
    /// The posting that this entry corrects.
    pub corrects: Option<Uuid>,
}

impl Seldom {
    const NONE: Self = Self {
        service: None,
        origin_budget_year: None,
        due_on: None,
        partner: None,
        corrects: None,
    };
}

impl Facts for Seldom {
    const NONE: &'static Self = &Self::NONE;
}

/// What few vouchers of expenditures say, for the rules that look into vouchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeldomOnVoucher {
    /// 旧科目.
    pub old_category: Option<CategoryId>,
    /// Labels such as 购置 or 罚款.
    pub tags: Vec<String>,
    /// Person-days, for expert fees.
    pub person_days: Option<Decimal>,
    /// SHA-256 of the document it rests on.
    pub document_sha256: Option<Box<str>>,
}

impl Facts for SeldomOnVoucher {
    const NONE: &'static Self = &Self {
        old_category: None,
        tags: Vec::new(),
        person_days: None,
        document_sha256: None,
    };
}

impl SeldomOnVoucher {
    fn of(recorded: &RecordedEvent, data: &ExpenditureRecorded) -> Self {
        let document = recorded.metadata.document.as_ref();
        Self {
            old_category: data.old_category.clone(),
            tags: data.tags.clone(),
            person_days: data.person_days,
            document_sha256: document.and_then(|document| document.sha256.as_deref().map(Into::into)),
        }
    }
}

fn name_of(payee: &Payee) -> Option<&str> {
    let pseudonym = payee.person.as_ref().map(PersonId::as_str);
    let stated = [&payee.id_number, &payee.account, &payee.name];
    pseudonym.or_else(|| stated.into_iter().flatten().find_map(in_the_clear))
}

fn in_the_clear(personal: &Personal) -> Option<&str> {
    match personal {
        Personal::Open(text) => Some(text),
        Personal::Sealed { .. } => None,
    }
}

impl Entry {
    /// The day by which a cost is judged: the last day of its service period, else its business date
    /// (domain.md §4.3); never the posting date.
    #[must_use]
    pub fn cost_on(&self) -> NaiveDate {
        self.cost_period().1
    }

    /// Whether it counts in a currency at a date.
    pub(crate) fn counts(&self, currency: Currency, as_of: NaiveDate) -> bool {
        self.currency == currency && self.on <= as_of
    }

    /// What it says in words.
    #[must_use]
    pub fn wording(&self) -> Wording<'_> {
        self.packed.unpacked()
    }

    /// What it says it is for: category, old category, purpose and labels.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let Wording {
            category, purpose, ..
        } = self.wording();
        let old_category = self.on_voucher.old_category.as_ref().map(CategoryId::as_str);
        let labels = self.on_voucher.tags.iter().map(String::as_str);
        category
            .into_iter()
            .chain(old_category)
            .chain(purpose)
            .chain(labels)
    }

    /// What its voucher rests on, by which it is known again elsewhere: invoice number and hash of the document.
    pub fn papers(&self) -> impl Iterator<Item = &str> {
        let invoice_no = self.wording().invoice_no;
        invoice_no
            .into_iter()
            .chain(self.on_voucher.document_sha256.as_deref())
    }

    /// First and last day of the service paid for; its business date where no period is stated. A correction
    /// has the period of the posting that it corrects.
    #[must_use]
    pub fn cost_period(&self) -> (NaiveDate, NaiveDate) {
        self.seldom.service.unwrap_or((self.on, self.on))
    }
}

/// The entry that an event of the money group makes.
pub(super) fn entry_of(recorded: &RecordedEvent) -> Option<Entry> {
    funding_entry(recorded).or_else(|| spending_entry(recorded))
}

fn base(recorded: &RecordedEvent, kind: EntryKind, amount: Decimal, currency: Currency) -> Entry {
    Entry {
        event_id: recorded.event_id,
        position: recorded.position,
        on: recorded.occurred_on,
        recorded_at: recorded.recorded_at,
        kind,
        amount,
        currency,
        source: FundSource::default(),
        line_no: None,
        undated: recorded.metadata.undated,
        prior_year: false,
        is_reversed: false,
        is_into_closed_period: false,
        packed: Wording::default().into(),
        on_voucher: Rare::default(),
        seldom: Rare::default(),
    }
}

fn referring(reference: Option<&str>, purpose: Option<&str>) -> PackedWording {
    PackedWording::from(Wording {
        reference,
        purpose,
        ..Wording::default()
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`Project::apply` lists every event and sends only some here"
)]
fn funding_entry(recorded: &RecordedEvent) -> Option<Entry> {
    let base = |kind, amount, currency| base(recorded, kind, amount, currency);
    Some(match &recorded.event {
        Event::FundsDisbursed(data) => {
            let kind = if data.passed_on_to.is_some() {
                EntryKind::PassedOn
            } else {
                EntryKind::Disbursed
            };
            Entry {
                source: data.source,
                packed: referring(data.tranche_no.as_deref(), data.purpose.as_deref()),
                seldom: Rare::from(Seldom {
                    origin_budget_year: data.origin_budget_year,
                    due_on: data.due_on,
                    partner: data.passed_on_to.clone(),
                    ..Seldom::NONE
                }),
                ..base(kind, data.amount, data.currency)
            }
        }
        Event::FundsArrived(data) => Entry {
            source: data.source,
            packed: referring(data.tranche_no.as_deref(), data.purpose.as_deref()),
            seldom: Rare::from(Seldom {
                origin_budget_year: data.origin_budget_year,
                ..Seldom::NONE
            }),
            ..base(EntryKind::Arrived, data.amount, data.currency)
        },
        Event::MatchingFundsArrived(data) => Entry {
            source: data.source,
            packed: referring(data.bank_slip.as_deref(), None),
            ..base(EntryKind::MatchingArrived(data.kind), data.amount, data.currency)
        },
        Event::FundsReturned(data) => Entry {
            source: data.source,
            packed: referring(data.tranche_no.as_deref(), None),
            ..base(EntryKind::Returned, data.amount, data.currency)
        },
        Event::FundsRecovered(data) => Entry {
            source: data.source,
            packed: referring(data.tranche_no.as_deref(), None),
            ..base(EntryKind::Recovered, data.amount, data.currency)
        },
        Event::OtherFlowRecorded(data) => Entry {
            packed: referring(data.reference.as_deref(), data.purpose.as_deref()),
            ..base(EntryKind::Other(data.flow), data.amount, data.currency)
        },
        _ => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`Project::apply` lists every event and sends only some here"
)]
fn spending_entry(recorded: &RecordedEvent) -> Option<Entry> {
    let base = |kind, amount, currency| base(recorded, kind, amount, currency);
    Some(match &recorded.event {
        Event::CommitmentSigned(data) => Entry {
            source: data.source,
            packed: PackedWording::from(Wording {
                category: data.category.as_ref().map(CategoryId::as_str),
                reference: data.commitment_no.as_deref(),
                purpose: data.purpose.as_deref(),
                ..Wording::default()
            }),
            seldom: Rare::from(Seldom {
                due_on: data.due_on,
                ..Seldom::NONE
            }),
            ..base(EntryKind::Committed, data.amount, data.currency)
        },
        Event::CommitmentReleased(data) => Entry {
            packed: referring(Some(&data.commitment_no), None),
            ..base(EntryKind::Released, -data.amount, data.currency)
        },
        Event::ExpenditureRecorded(data) => Entry {
            source: data.source,
            line_no: data.line_no,
            packed: PackedWording::from(Wording {
                category: data.category.as_ref().map(CategoryId::as_str),
                reference: data.voucher_no.as_deref(),
                purpose: data.purpose.as_deref(),
                invoice_no: data.invoice_no.as_deref(),
                payee: data.payee.as_ref().and_then(name_of),
            }),
            on_voucher: Rare::from(SeldomOnVoucher::of(recorded, data)),
            seldom: Rare::from(Seldom {
                service: data
                    .service_from_on
                    .zip(data.service_to_on.or(data.service_from_on)),
                ..Seldom::NONE
            }),
            ..base(EntryKind::Spent, data.amount, data.currency)
        },
        Event::ExpenditureRefunded(data) => Entry {
            source: data.source,
            packed: PackedWording::from(Wording {
                category: data.category.as_ref().map(CategoryId::as_str),
                reference: data.voucher_no.as_deref(),
                ..Wording::default()
            }),
            prior_year: data.prior_year,
            seldom: Rare::from(Seldom {
                corrects: data.refunds,
                ..Seldom::NONE
            }),
            ..base(EntryKind::Refunded, -data.amount, data.currency)
        },
        _ => return None,
    })
}

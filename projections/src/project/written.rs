//! An entry as a snapshot has it: its facts in a row, without their names, days and instants as numbers. There are many, and
//! names and texts would be most of what is written and read.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate};
use karez_events::event::fund::FundSource;
use karez_events::{CategoryId, Currency, Position};
use rust_decimal::Decimal;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::entry::{Entry, EntryKind, Seldom, SeldomOnVoucher};
use super::rare::Rare;
use super::wording::{PackedWording, Wording};

/// A text that is taken from where it is read.
#[derive(Deserialize)]
struct Text<'row>(#[serde(borrow)] Cow<'row, str>);

/// In the order of [`Entry`]: the event's id as a number, its day counted from the year 1, its instant in microseconds from
/// 1970, and together what an entry is or is not.
type Row<'row> = (
    u128,
    Position,
    i32,
    i64,
    EntryKind,
    Decimal,
    Currency,
    FundSource,
    Option<u32>,
    [bool; 4],
    Option<CategoryId>,
    [Option<Text<'row>>; 4],
    Rare<SeldomOnVoucher>,
    Rare<Seldom>,
);

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [category, reference, purpose, invoice_no, payee] = self.wording().texts();
        let row = (
            self.event_id.as_u128(),
            self.position,
            self.on.num_days_from_ce(),
            self.recorded_at.timestamp_micros(),
            self.kind,
            self.amount,
            self.currency,
            self.source,
            self.line_no,
            [
                self.undated,
                self.prior_year,
                self.is_reversed,
                self.is_into_closed_period,
            ],
            category,
            [reference, purpose, invoice_no, payee],
            &self.on_voucher,
            &self.seldom,
        );
        row.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Row::deserialize(deserializer)?;
        let (
            id,
            position,
            day,
            micros,
            kind,
            amount,
            currency,
            source,
            line_no,
            is,
            category,
            texts,
            on_voucher,
            seldom,
        ) = row;
        let [reference, purpose, invoice_no, payee] =
            texts.each_ref().map(|text| text.as_ref().map(|text| &*text.0));
        let wording = Wording {
            category: category.as_ref().map(CategoryId::as_str),
            reference,
            purpose,
            invoice_no,
            payee,
        };
        let [undated, prior_year, is_reversed, is_into_closed_period] = is;
        let wrong = |found: i64, wanted| D::Error::invalid_value(Unexpected::Signed(found), &wanted);
        Ok(Self {
            event_id: Uuid::from_u128(id),
            position,
            on: NaiveDate::from_num_days_from_ce_opt(day).ok_or_else(|| wrong(day.into(), "a day"))?,
            recorded_at: DateTime::from_timestamp_micros(micros)
                .ok_or_else(|| wrong(micros, "an instant"))?,
            kind,
            amount,
            currency,
            source,
            line_no,
            undated,
            prior_year,
            is_reversed,
            is_into_closed_period,
            packed: PackedWording::from(wording),
            on_voucher,
            seldom,
        })
    }
}

//! An entry as a snapshot has it: what every entry has in so many bytes, its texts in one piece, and what few have behind
//! them. There are many entries, and each value that is read by itself costs more than its bytes.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate};
use karez_events::event::fund::FundSource;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteArray, Bytes};
use uuid::Uuid;

use super::entry::{Entry, EntryKind, Seldom, SeldomOnVoucher};
use super::rare::Rare;
use super::wording::PackedWording;
use crate::fixed::Fixed;

/// Bytes of what every entry has, the last of a number first: the event's id, its position, its day counted from the year 1,
/// its instant in microseconds from 1970, amount, currency, source by its place in [`FundSource::ALL`], what the entry is or
/// is not and whether it has a line, that line, and the lengths of its texts.
const FIXED: usize = 16 + 8 + 4 + 8 + 16 + 3 + 1 + 5 + 4 + 20;

type Row<Head, Texts, OnVoucher, Other> = (Head, EntryKind, Texts, OnVoucher, Other);

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let source = (0_u8..)
            .zip(FundSource::ALL)
            .find(|(_, known)| *known == self.source);
        let Some((source, _)) = source else {
            return Err(S::Error::custom(
                "a source of money that has no place in FundSource::ALL",
            ));
        };
        let is = [
            self.undated,
            self.prior_year,
            self.is_reversed,
            self.is_into_closed_period,
            self.line_no.is_some(),
        ];
        let (texts, lengths) = self.packed.parts();
        let lengths = lengths.map(u32::to_le_bytes);
        let fixed = [
            &self.event_id.as_bytes()[..],
            &self.position.to_le_bytes(),
            &self.on.num_days_from_ce().to_le_bytes(),
            &self.recorded_at.timestamp_micros().to_le_bytes(),
            &self.amount.serialize(),
            self.currency.as_str().as_bytes(),
            &[source],
            &is.map(u8::from),
            &self.line_no.unwrap_or_default().to_le_bytes(),
            lengths.as_flattened(),
        ]
        .concat();
        let row = (
            Bytes::new(&fixed),
            self.kind,
            texts,
            &self.on_voucher,
            &self.seldom,
        );
        row.serialize(serializer)
    }
}

/// A text that is taken from where it is read.
#[derive(Deserialize)]
struct Text<'row>(#[serde(borrow)] Cow<'row, str>);

type ReadRow<'row> = Row<ByteArray<FIXED>, Text<'row>, Rare<SeldomOnVoucher>, Rare<Seldom>>;

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = ReadRow::deserialize(deserializer)?;
        read(row).ok_or_else(|| D::Error::custom("the bytes of an entry are not those of one"))
    }
}

fn read((fixed, kind, texts, on_voucher, seldom): ReadRow<'_>) -> Option<Entry> {
    let mut fixed = Fixed(&*fixed);
    let event_id = Uuid::from_bytes(fixed.next()?);
    let position = u64::from_le_bytes(fixed.next()?);
    let day = i32::from_le_bytes(fixed.next()?);
    let micros = i64::from_le_bytes(fixed.next()?);
    let amount = Decimal::deserialize(fixed.next()?);
    let currency: [u8; 3] = fixed.next()?;
    let [source] = fixed.next()?;
    let is: [u8; 5] = fixed.next()?;
    let [
        undated,
        prior_year,
        is_reversed,
        is_into_closed_period,
        has_line_no,
    ] = is.map(|is| is != 0);
    let line_no = u32::from_le_bytes(fixed.next()?);
    let mut lengths = [0; 5];
    for length in &mut lengths {
        *length = u32::from_le_bytes(fixed.next()?);
    }
    Some(Entry {
        event_id,
        position,
        on: NaiveDate::from_num_days_from_ce_opt(day)?,
        recorded_at: DateTime::from_timestamp_micros(micros)?,
        kind,
        amount,
        currency: std::str::from_utf8(&currency).ok()?.parse().ok()?,
        source: *FundSource::ALL.get(usize::from(source))?,
        line_no: has_line_no.then_some(line_no),
        undated,
        prior_year,
        is_reversed,
        is_into_closed_period,
        packed: PackedWording::of_parts(&texts.0, lengths)?,
        on_voucher,
        seldom,
    })
}

#[cfg(test)]
mod tests {
    use karez_events::Currency;
    use rstest::rstest;
    use serde_bytes::ByteBuf;

    use super::super::wording::Wording;
    use super::*;

    /// A row as it is written, whatever its bytes say.
    type AnyRow = Row<ByteBuf, String, Option<()>, Option<()>>;

    fn entry() -> Entry {
        Entry {
            event_id: Uuid::from_u128(7),
            position: 1 << 40,
            on: "2024-02-29".parse().unwrap(),
            recorded_at: DateTime::from_timestamp_micros(1_709_164_800_000_001).unwrap(),
            kind: EntryKind::Spent,
            amount: Decimal::new(-1_230, 2),
            currency: Currency::CNY,
            source: FundSource::FiscalCurrent,
            line_no: None,
            undated: false,
            prior_year: false,
            is_reversed: false,
            is_into_closed_period: false,
            packed: PackedWording::from(Wording {
                purpose: Some("材料费"),
                payee: Some(""),
                ..Wording::default()
            }),
            on_voucher: Rare::default(),
            seldom: Rare::default(),
        }
    }

    fn read_again(entry: &Entry) -> Entry {
        rmp_serde::from_slice(&rmp_serde::to_vec_named(entry).unwrap()).unwrap()
    }

    #[rstest]
    #[case::plain(|_: &mut Entry| {})]
    #[case::undated(|entry: &mut Entry| entry.undated = true)]
    #[case::of_a_prior_year(|entry: &mut Entry| entry.prior_year = true)]
    #[case::reversed(|entry: &mut Entry| entry.is_reversed = true)]
    #[case::into_a_closed_period(|entry: &mut Entry| entry.is_into_closed_period = true)]
    #[case::line_zero(|entry: &mut Entry| entry.line_no = Some(0))]
    #[case::last_line(|entry: &mut Entry| entry.line_no = Some(u32::MAX))]
    #[case::other_currency(|entry: &mut Entry| entry.currency = Currency::UNSTATED)]
    #[case::long_ago(|entry: &mut Entry| entry.on = NaiveDate::MIN)]
    #[case::with_a_document(|entry: &mut Entry| entry.on_voucher = Rare::from(SeldomOnVoucher {
        old_category: None,
        tags: vec!["购置".to_owned()],
        person_days: Some(Decimal::ONE),
        document_sha256: Some("ab".into()),
    }))]
    #[case::of_a_service(|entry: &mut Entry| entry.seldom = Rare::from(Seldom {
        service: Some((entry.on, entry.on)),
        origin_budget_year: Some(2023),
        due_on: Some(entry.on),
        partner: None,
        corrects: Some(Uuid::from_u128(8)),
    }))]
    fn an_entry_is_read_as_it_was_written(#[case] with: fn(&mut Entry)) {
        let mut entry = entry();
        with(&mut entry);
        assert_eq!(read_again(&entry), entry);
        for source in FundSource::ALL {
            entry.source = source;
            assert_eq!(read_again(&entry), entry);
        }
    }

    #[rstest]
    #[case(Decimal::MAX)]
    #[case(Decimal::MIN)]
    #[case(Decimal::from_parts(1, 0, 0, true, Decimal::MAX_SCALE))]
    #[case(Decimal::new(1_000, 3))]
    fn an_amount_keeps_every_digit(#[case] amount: Decimal) {
        let read = read_again(&Entry { amount, ..entry() }).amount;
        assert_eq!((read, read.scale()), (amount, amount.scale()));
    }

    #[rstest]
    #[case::day(24, &i32::MAX.to_le_bytes())]
    #[case::instant(28, &i64::MAX.to_le_bytes())]
    #[case::currency(52, b"\xff\xff\xff")]
    #[case::source(55, &[5])]
    #[case::length(65, &200_u32.to_le_bytes())]
    fn bytes_that_say_nothing_are_refused(#[case] at: usize, #[case] bytes: &[u8]) {
        let written = rmp_serde::to_vec_named(&entry()).unwrap();
        let mut row: AnyRow = rmp_serde::from_slice(&written).unwrap();
        assert_eq!(row.0.len(), FIXED);
        row.0[at..at + bytes.len()].copy_from_slice(bytes);
        let written = rmp_serde::to_vec_named(&row).unwrap();
        assert!(rmp_serde::from_slice::<Entry>(&written).is_err());
    }

    #[test]
    fn a_byte_too_few_or_too_many_is_refused() {
        let reads = |cut: usize, behind: &[u8]| {
            let mut row: AnyRow = rmp_serde::from_slice(&rmp_serde::to_vec_named(&entry()).unwrap()).unwrap();
            row.0.truncate(FIXED - cut);
            row.0.extend_from_slice(behind);
            rmp_serde::from_slice::<Entry>(&rmp_serde::to_vec_named(&row).unwrap())
        };
        assert_eq!(reads(0, &[]).unwrap(), entry());
        assert!(reads(1, &[]).is_err());
        assert!(reads(0, &[0]).is_err());
    }
}

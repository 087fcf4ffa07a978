//! Events in the binary form of COPY: what the server stores, with nothing to parse.

use karez_events::RawEvent;
use sqlx::{Postgres, Transaction};

use crate::store::StoreError;
use crate::store::rows::column;

const STATEMENT: &str = "COPY event_log (position, stream_no, version, event_id, type_id, schema, occurred_on, \
                         recorded_at, payload, metadata, hash) FROM STDIN WITH (FORMAT binary)";
const COLUMNS: i16 = 11;
/// Signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;

/// `PostgreSQL` counts from 2000-01-01: days after 1 January of year 1, microseconds after 1970.
const EPOCH_DAYS_FROM_CE: i32 = 730_120;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Writes the events of a batch with the numbers of their streams.
pub(super) async fn copy(
    transaction: &mut Transaction<'_, Postgres>,
    numbers: &[i64],
    events: &[RawEvent],
) -> Result<(), StoreError> {
    let rows = encoded(numbers, events);
    let mut copy = transaction.copy_in_raw(STATEMENT).await?;
    copy.send(rows).await?;
    copy.finish().await?;
    Ok(())
}

fn encoded(numbers: &[i64], events: &[RawEvent]) -> Vec<u8> {
    let bytes = events
        .iter()
        .map(|event| event.payload.len() + event.metadata.len() + 160)
        .sum();
    let mut rows = Vec::with_capacity(bytes);
    rows.extend_from_slice(HEADER);
    for (event, number) in events.iter().zip(numbers) {
        row(&mut rows, *number, event);
    }
    rows.extend(TRAILER.to_be_bytes());
    rows
}

fn row(rows: &mut Vec<u8>, number: i64, event: &RawEvent) {
    use chrono::Datelike;
    rows.extend(COLUMNS.to_be_bytes());
    let mut field = |bytes: &[u8]| {
        // A payload comes nowhere near the 2 GB that the length could say; one that did would be refused as malformed.
        rows.extend(i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        rows.extend_from_slice(bytes);
    };
    field(&column(event.position).to_be_bytes());
    field(&number.to_be_bytes());
    field(&i32::try_from(event.version).unwrap_or(i32::MAX).to_be_bytes());
    field(event.event_id.as_bytes());
    field(&event.event_type.number().to_be_bytes());
    field(&event.schema.to_be_bytes());
    field(&(event.occurred_on.num_days_from_ce() - EPOCH_DAYS_FROM_CE).to_be_bytes());
    field(&(event.recorded_at.timestamp_micros() - EPOCH_MICROS).to_be_bytes());
    field(&event.payload);
    field(&event.metadata);
    field(&event.hash.0);
}

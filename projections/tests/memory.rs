//! What the fold holds of a posting, by what it asks of the allocator: `cargo test --test memory -- --nocapture` tells it.

#![allow(clippy::unwrap_used, reason = "a test, with helpers of its own")]

use chrono::DateTime;
use dhat::{HeapStats, Profiler};
use karez_events::{Hash, RecordedEvent, Submission};
use karez_projections::Portfolio;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const PROJECTS: u64 = 500;
const POSTINGS: u64 = 25_000;
/// What a posting says (68 bytes in words), its id, place, days and amount, and the mark by which its invoice is known again
/// are 150 bytes; the rest is how they are laid out, and room for those that follow. Allocators round up what they are asked for.
const MOST_BYTES: usize = 290;

/// A fact of one project, as units post them.
fn fact(position: u64, kind: &str, data: &str) -> RecordedEvent {
    let (project, id) = (position % PROJECTS, Uuid::from_u128(u128::from(position)));
    let text = format!(
        r#"{{"event_id":"{id}","stream":"project/BENCH-{project:06}","type":"{kind}","occurred_on":"2024-03-01","data":{data}}}"#
    );
    let said = Submission::from_json(text.as_bytes()).unwrap();
    RecordedEvent {
        position,
        stream: said.stream,
        version: 1,
        event_id: said.event_id,
        occurred_on: said.occurred_on,
        recorded_at: DateTime::UNIX_EPOCH,
        event: said.event,
        metadata: said.metadata,
        hash: Hash::START,
    }
}

fn posting(position: u64) -> RecordedEvent {
    let data = format!(
        r#"{{"amount":"1234.50","source":"fiscal_current","category":"equipment","voucher_no":"{position:010}","line_no":1,
            "invoice_no":"INV-{position:012}","purpose":"材料费：实验室耗材采购"}}"#
    );
    fact(position, "expenditure_recorded", &data)
}

#[test]
fn a_posting_takes_little_memory() {
    let _counting = Profiler::builder().testing().build();
    let mut portfolio = Portfolio::default();
    for position in 1..=PROJECTS {
        let data = r#"{"title":"Project","unit":"UNIT-00001"}"#;
        portfolio.apply(&fact(position, "project_approved", data));
    }
    let before = HeapStats::get().curr_bytes;
    for position in PROJECTS + 1..=PROJECTS + POSTINGS {
        portfolio.apply(&posting(position));
    }
    let held = HeapStats::get().curr_bytes - before;
    let of_one = held / usize::try_from(POSTINGS).unwrap();
    println!("{of_one} bytes a posting");
    assert!(of_one <= MOST_BYTES, "{of_one} bytes a posting");
    assert_eq!(portfolio.position(), PROJECTS + POSTINGS);
}

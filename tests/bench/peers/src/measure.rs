//! The same work for every store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::rows::{Parts, Row, Totals};

/// Rows in one batch.
const BATCH: usize = 1_000;
/// Callers that each wait for their own answer before they append again.
const CALLERS: usize = 256;

const LONGEST_APPEND: Duration = Duration::from_secs(2);

/// Where each stream ends, as the store itself counts: a version, a position.
pub type Ends = HashMap<String, i64>;

/// A store under measurement.
pub trait Store: Send + Sync + 'static {
    /// Appends one row to its stream, if that ends where it is said to; tells where it ends now.
    fn append(&self, row: &Row, end: Option<i64>) -> impl Future<Output = Result<i64>> + Send;

    /// Appends rows of many streams in one transaction.
    fn append_batch(&self, rows: &[Row], ends: &mut Ends) -> impl Future<Output = Result<()>> + Send;

    /// Reads everything back.
    fn totals(&self) -> impl Future<Output = Result<Totals>> + Send;

    /// Tries that failed because somebody else appended at the same time, and were made again.
    fn tries_again(&self) -> u64 {
        0
    }
}

pub async fn measured(store: impl Store, parts: Parts<'_>) -> Result<Value> {
    let store = Arc::new(store);
    let (one, ends) = by_callers(&store, parts.one, Ends::new(), 1).await?;
    let (many, mut ends) = by_callers(&store, parts.many, ends, CALLERS).await?;
    let started = Instant::now();
    for rows in parts.batches.chunks(BATCH) {
        store.append_batch(rows, &mut ends).await?;
    }
    let batches = line(parts.batches.len(), started.elapsed());

    let started = Instant::now();
    let totals = store.totals().await?;
    let fold = line(totals.rows, started.elapsed());
    let appended = parts.one.len() + parts.many.len() + parts.batches.len();
    ensure!(
        totals.rows == appended,
        "{appended} rows were appended and {} read",
        totals.rows
    );

    let tries_again = store.tries_again();
    let [as_it_was, decided_anew] = sent_again(&*store, parts.batches, &ends).await?;
    Ok(json!({
        "one": one, "many": many, "batch": batches, "fold": fold,
        "sum": totals.sum().to_string(), "tries_again": tries_again,
        "sent_again": {"as_it_was": as_it_was, "decided_anew": decided_anew},
    }))
}

fn line(count: usize, took: Duration) -> Value {
    json!({"count": count, "seconds": took.as_secs_f64()})
}

/// Each caller has streams of its own, as many as there are callers.
async fn by_callers<S: Store>(
    store: &Arc<S>,
    rows: &[Row],
    ends: Ends,
    callers: usize,
) -> Result<(Value, Ends)> {
    let mut shares: Vec<(Vec<Row>, Ends)> = vec![Default::default(); callers];
    let mut caller_of: HashMap<&str, usize> = HashMap::new();
    for row in rows {
        let next = caller_of.len() % callers;
        let (share, known) = &mut shares[*caller_of.entry(row.project()).or_insert(next)];
        share.push(row.clone());
        if let Some(end) = ends.get(row.project()) {
            known.insert(row.project().to_owned(), *end);
        }
    }
    let started = Instant::now();
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|(share, mut ends)| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(share.len());
                for row in share {
                    let asked = Instant::now();
                    let end = store.append(&row, ends.get(row.project()).copied()).await?;
                    took.push(asked.elapsed());
                    ends.insert(row.project().to_owned(), end);
                }
                anyhow::Ok((took, ends))
            })
        })
        .collect();
    let (mut each, mut all_ends) = (Vec::with_capacity(rows.len()), ends);
    for task in tasks {
        let (took, ends) = task.await??;
        each.extend(took);
        all_ends.extend(ends);
    }
    let mut line = line(rows.len(), started.elapsed());
    each.sort_unstable();
    line["p99_seconds"] = json!(each.get(each.len() * 99 / 100).map(Duration::as_secs_f64));
    Ok((line, all_ends))
}

/// What becomes of a row that its sender, who did not hear the answer, sends once more: as it was, and after looking
/// where the stream ends now.
async fn sent_again<S: Store>(store: &S, rows: &[Row], ends: &Ends) -> Result<[&'static str; 2]> {
    let mut row = rows.first().cloned().context("no row")?;
    row.id = Uuid::from_u128(row.id.as_u128() ^ 1);
    let end = ends.get(row.project()).copied();
    let new_end = store.append(&row, end).await?;
    let as_it_was = outcome(store, &row, end).await?;
    Ok([as_it_was, outcome(store, &row, Some(new_end)).await?])
}

async fn outcome<S: Store>(store: &S, row: &Row, end: Option<i64>) -> Result<&'static str> {
    let before = store.totals().await?.rows;
    // What fails again and again while nobody else appends is refused for good.
    let answer = timeout(LONGEST_APPEND, store.append(row, end)).await;
    let after = store.totals().await?.rows;
    Ok(match answer {
        _ if after > before => "twice",
        Ok(Ok(_)) => "once",
        Ok(Err(_)) | Err(_) => "once, with an error",
    })
}

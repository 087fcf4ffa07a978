//! What earlier tables of a source stated, for tables that are the whole of it each time.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use karez_events::{Event, Metadata, RecordedEvent, StreamId, Submission};
use uuid::Uuid;

use super::iati::changes::{taking_back, withdrawal_id, withdrawn_by};
use super::mapping::Mapping;
use crate::store::EventLog;

/// Events that are read at once.
const PAGE: usize = 10_000;

/// The name under which a row's facts are recorded: its source and its own key.
pub(super) fn row_name(mapping: &Mapping, key: &str) -> String {
    serde_json::json!([mapping.source, key]).to_string()
}

fn key_in(mapping: &Mapping, name: &str) -> Option<String> {
    let (source, key): (String, String) = serde_json::from_str(name).ok()?;
    (source == mapping.source).then_some(key)
}

/// A fact that an earlier table stated.
struct EarlierFact {
    event_id: Uuid,
    stream: StreamId,
    occurred_on: NaiveDate,
    undated: bool,
    is_expenditure: bool,
}

/// The facts of a source, by the keys of their rows.
#[derive(Default)]
pub(super) struct Earlier {
    by_key: HashMap<String, Vec<EarlierFact>>,
    ids: HashSet<Uuid>,
    /// What has been taken back, and whether by an import of this source.
    taken_back: HashMap<Uuid, bool>,
    /// The imports that recorded something of this source; the latest is the last.
    runs: Vec<Uuid>,
}

impl Earlier {
    /// Reads the whole log once.
    pub(super) async fn load(log: &EventLog, mapping: &Mapping) -> anyhow::Result<Self> {
        let mut earlier = Self::default();
        let mut after = 0;
        loop {
            let page = log.read(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(earlier);
            };
            after = last.position;
            for raw in &page {
                earlier.add(raw.decode()?, mapping);
            }
        }
    }

    fn add(&mut self, recorded: RecordedEvent, mapping: &Mapping) {
        let Metadata {
            idempotency_key,
            correlation,
            undated,
            ..
        } = recorded.metadata;
        let key = idempotency_key.and_then(|name| key_in(mapping, &name));
        if key.is_some()
            && let Some(run) = correlation
            && self.runs.last() != Some(&run)
        {
            self.runs.push(run);
        }
        if let Some(withdrawn) = withdrawn_by(&recorded.event) {
            self.taken_back.insert(withdrawn, key.is_some());
        } else if let Some(key) = key {
            self.ids.insert(recorded.event_id);
            self.by_key.entry(key).or_default().push(EarlierFact {
                event_id: recorded.event_id,
                stream: recorded.stream,
                occurred_on: recorded.occurred_on,
                undated,
                is_expenditure: matches!(recorded.event, Event::ExpenditureRecorded(_)),
            });
        }
    }

    /// Whether this run's file has been imported and another one since: it must not undo that one.
    pub(super) fn is_outdated(&self, run: Uuid) -> bool {
        self.runs.contains(&run) && self.runs.last() != Some(&run)
    }

    /// Whether a fact is recorded. One that somebody else took back stays so, whatever the table repeats.
    pub(super) fn has(&self, event_id: Uuid) -> bool {
        self.ids.contains(&event_id)
    }

    /// Whether a table of this source took the fact back; if it is stated again it is another fact.
    pub(super) fn was_replaced(&self, event_id: Uuid) -> bool {
        self.taken_back.get(&event_id) == Some(&true)
    }

    /// Takes back the facts that stand under a key, beside those that are stated now.
    pub(super) fn take_back(&mut self, key: &str, stated: &[Uuid], metadata: &Metadata) -> Vec<Submission> {
        let mut withdrawals = Vec::new();
        for fact in self.by_key.get(key).into_iter().flatten() {
            if stated.contains(&fact.event_id) || self.taken_back.contains_key(&fact.event_id) {
                continue;
            }
            self.taken_back.insert(fact.event_id, true);
            withdrawals.push(Submission {
                event_id: withdrawal_id(fact.event_id),
                stream: fact.stream.clone(),
                // On the day of what it takes back, so that no day's figures keep it.
                occurred_on: fact.occurred_on,
                event: taking_back(fact.event_id, fact.is_expenditure),
                metadata: Metadata {
                    undated: fact.undated,
                    ..metadata.clone()
                },
            });
        }
        withdrawals
    }

    /// The keys under which anything was ever recorded, sorted.
    pub(super) fn keys(&self) -> Vec<&String> {
        let mut keys: Vec<&String> = self.by_key.keys().collect();
        keys.sort_unstable();
        keys
    }
}

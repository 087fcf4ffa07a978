//! The event log and what is kept beside it, on `SQLite` or `PostgreSQL`. No other module names the database library.
//!
//! Begin with [`EventLog`]: reading, and [`EventLog::try_lease`], the only way to write to the log. What holds on both:
//! - one writer: [`WriterLease`] appends batches of consecutive positions in one transaction each, so a reader that
//!   asks for "after n" misses nothing;
//! - the fence (table `recorder`) moves in the append's own transaction: a writer that was replaced changes nothing;
//! - an event id and a version of a stream occur once: the writer asks before it records, in its own mind for what is recent
//!   and in the index (tables `event_place`, `stream_place`, in parts of a million positions) for what is older, which is
//!   entered a little behind the log;
//! - what is recorded is never changed; triggers of the database refuse it, and [`crate::audit`] would show it;
//! - snapshots and sealed segments are derived and may be lost; keys of persons may be destroyed; nothing else is.

/// Runs the same statements on whichever database the log lies on. They are written with `$1`, which both
/// understand, and bind only types that both store; where the databases differ, their modules say it twice.
macro_rules! on_either {
    ($log:expr, reading $pool:ident => $body:expr) => {
        match $log {
            $crate::store::EventLog::Postgres(log) => {
                let $pool = log.pool();
                $body
            }
            $crate::store::EventLog::Sqlite(log) => {
                let $pool = log.reading();
                $body
            }
        }
    };
    ($log:expr, writing $pool:ident => $body:expr) => {
        match $log {
            $crate::store::EventLog::Postgres(log) => {
                let $pool = log.pool();
                $body
            }
            $crate::store::EventLog::Sqlite(log) => {
                let $pool = log.writing();
                $body
            }
        }
    };
}

mod accounts;
mod administration;
mod api_keys;
mod audited_reads;
mod checkpoints;
mod error;
mod event_log;
mod floor;
mod heads;
mod known_ids;
mod lease;
mod migrations;
mod outbox;
mod person_key;
mod postgres;
mod rejection;
mod rows;
pub mod sealing;
mod segment;
mod setting;
mod side_tables;
mod snapshot;
mod sqlite;
mod tail;

use std::path::PathBuf;

use karez_events::{Hash, HashAlgorithm, Position, RawEvent, StreamId};

pub use accounts::{Account, Attempt, NewAccount, RoleChange, SignedIn};
pub use administration::{AdministrationRow, By, CONSOLE, Change};
pub use api_keys::ApiKey;
pub use audited_reads::AuditedRead;
pub use checkpoints::KeptCheckpoint;
pub use error::StoreError;
pub use event_log::EventLog;
pub use floor::Floor;
pub(crate) use known_ids::KnownIds;
pub use lease::WriterLease;
pub use outbox::{DeliveryRow, Fate, OutboxMessage, wait_after};
pub use person_key::PersonKey;
pub use postgres::PostgresLog;
pub(crate) use rejection::REJECTION_NAMESPACE;
pub use rejection::Rejection;
pub use sealing::Sealer;
pub use segment::{SEGMENT_EVENTS, Segment};
pub use snapshot::Snapshot;
pub use sqlite::SqliteLog;

/// What the database library may log: it tells of every slow statement, and what matters comes back as an error.
pub const LOG_FILTER: &str = "sqlx=error";

/// Where a store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// A folder; the database is the file `karez.db` in it.
    Sqlite(PathBuf),
    /// A `PostgreSQL` URL: `postgres://user@host/database`, or `postgres:///database?host=/run/postgresql` for a Unix socket.
    Postgres(String),
}

/// What is fixed when a store is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// The hash algorithm asked for. `None` makes a new store with the default and keeps what an existing one has;
    /// asking an existing store for the other one is refused.
    pub hash: Option<HashAlgorithm>,
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 in an empty log.
    pub position: Position,
    /// The hash at that position.
    pub hash: Hash,
    /// The last message of the intake stream that has been dealt with.
    pub intake_seq: u64,
    /// The hash algorithm of this store.
    pub algorithm: HashAlgorithm,
}

/// A stream as the store names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamName {
    /// The number that stands for the stream: the position of its first event.
    pub number: Position,
    /// The stream; `None` when its row cannot be read as one.
    pub stream: Option<StreamId>,
}

/// What is recorded in one transaction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batch<'a> {
    /// Events with positions, versions and hashes assigned, continuing the log.
    pub events: &'a [RawEvent],
    /// Refused submissions; one with an id that is kept already is passed over.
    pub rejections: &'a [Rejection],
    /// The last message of the intake stream that this batch deals with; `None` leaves the mark where it is.
    pub intake_seq: Option<u64>,
    /// Keys of persons who are sealed for the first time in this batch.
    pub person_keys: &'a [PersonKey],
}

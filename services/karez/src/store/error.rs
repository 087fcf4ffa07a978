//! What can go wrong in the store, in words of the store; whether to try again is a method, never a look at the text.

use std::path::PathBuf;

use karez_events::{HashAlgorithm, Position};
use uuid::Uuid;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing has been made at this place yet.
    #[error("there is no karez store at {place}: {hint}")]
    NoStore {
        /// The place that was looked at.
        place: String,
        /// What to do about it.
        hint: String,
    },
    /// A newer karez has brought the store up to its own version.
    #[error(
        "the store at {place} was written by a newer version (schema {found}, this version knows {known}): upgrade karez"
    )]
    NewerStore {
        /// The store.
        place: String,
        /// Its schema number.
        found: i64,
        /// The newest schema number known here.
        known: i64,
    },
    /// The store has not been brought up to this version yet.
    #[error(
        "the store at {place} was written by an older version (schema {found}, this version needs {known}): \
         start `karez serve` once, it brings the store up to date"
    )]
    OlderStore {
        /// The store.
        place: String,
        /// Its schema number.
        found: i64,
        /// The schema number needed here.
        known: i64,
    },
    /// A hash algorithm was asked for by name, and the store was made with the other one.
    #[error("the store at {place} is chained with {stored}, not {asked}: the algorithm is fixed when a store is made",
            stored = stored.as_str(), asked = asked.as_str())]
    OtherHash {
        /// The store.
        place: String,
        /// What was asked for.
        asked: HashAlgorithm,
        /// What the store was made with.
        stored: HashAlgorithm,
    },
    /// Another recorder has taken over; this one must stop. Nothing of the batch was recorded.
    #[error("another recorder has taken over: nothing was recorded, this one stops")]
    LostLease,
    /// An event of the batch has an id that is recorded already. Nothing of the batch was recorded.
    #[error("the event id {event_id} is recorded already: nothing of the batch was recorded")]
    DuplicateEvent {
        /// The id.
        event_id: Uuid,
    },
    /// The batch does not continue the log: a fault of the program.
    #[error("the batch does not continue the log at position {position}: {what}")]
    OutOfOrder {
        /// Where.
        position: Position,
        /// What was expected.
        what: String,
    },
    /// A person got a key meanwhile; seal the batch again. Nothing of it was recorded.
    #[error("a person of the batch has got a key meanwhile: nothing was recorded, seal the batch again")]
    PersonKeyTaken,
    /// The disk is full.
    #[error("the disk is full: free space on {place}; nothing was acknowledged")]
    DiskFull {
        /// Where space is needed.
        place: String,
    },
    /// The database cannot be reached now, or asks for another try.
    #[error("the store cannot be reached: {source}")]
    Unavailable {
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The database refuses for another reason.
    #[error("the store refuses: {source}")]
    Database {
        /// What the driver says.
        source: sqlx::Error,
    },
    /// A recorded row cannot be read as an event.
    #[error("position {position} of the log is unreadable: {what}")]
    Unreadable {
        /// Where.
        position: Position,
        /// What is wrong.
        what: String,
    },
    /// A file or folder of the store.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The tables could not be brought up to date.
    #[error("the tables at {place} could not be brought up to date: {source}")]
    Migration {
        /// The store.
        place: String,
        /// What went wrong.
        source: Box<sqlx::migrate::MigrateError>,
    },
}

impl StoreError {
    /// Whether the same request may succeed a little later. A recorder whose append fails so takes its lease
    /// again and looks at the head first: the batch may have been committed before the connection broke.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::DiskFull { .. } | Self::PersonKeyTaken => true,
            Self::NoStore { .. }
            | Self::NewerStore { .. }
            | Self::OlderStore { .. }
            | Self::OtherHash { .. }
            | Self::LostLease
            | Self::DuplicateEvent { .. }
            | Self::OutOfOrder { .. }
            | Self::Database { .. }
            | Self::Unreadable { .. }
            | Self::File { .. }
            | Self::Migration { .. } => false,
        }
    }

    /// Whether an event id of the batch was recorded already.
    #[must_use]
    pub fn is_duplicate_event(&self) -> bool {
        matches!(self, Self::DuplicateEvent { .. })
    }

    /// Names the place in an error that came from deeper down.
    #[must_use]
    pub(super) fn at(mut self, name: &str) -> Self {
        if let Self::DiskFull { place } = &mut self {
            name.clone_into(place);
        }
        self
    }

    /// A stored value that no version of karez wrote.
    pub(super) fn unreadable(position: Position, what: &impl ToString) -> Self {
        Self::Unreadable {
            position,
            what: what.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        match weigh(&source) {
            Weight::DiskFull => Self::DiskFull {
                place: "the store's disk".to_owned(),
            },
            Weight::Passing => Self::Unavailable { source },
            Weight::Lasting => Self::Database { source },
        }
    }
}

enum Weight {
    DiskFull,
    Passing,
    Lasting,
}

fn weigh(error: &sqlx::Error) -> Weight {
    if let Some(database) = error.as_database_error() {
        return weigh_answer(database);
    }
    if let sqlx::Error::Io(io) = error
        && io.kind() == std::io::ErrorKind::StorageFull
    {
        return Weight::DiskFull;
    }
    let passing = matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Protocol(_)
    );
    if passing { Weight::Passing } else { Weight::Lasting }
}

/// `PostgreSQL`'s codes have five characters, `SQLite`'s (extended, as decimals) at most four: they cannot be confused.
fn weigh_answer(database: &dyn sqlx::error::DatabaseError) -> Weight {
    let code = database.code().unwrap_or_default();
    if let Ok(sqlite) = code.parse::<u32>()
        && code.len() < 5
    {
        // The low byte is the primary code: 5 busy, 6 locked, 10 the disk fails, 13 full, 14 a file cannot be opened.
        return match sqlite & 0xff {
            5 | 6 | 10 | 14 => Weight::Passing,
            13 => Weight::DiskFull,
            _ => Weight::Lasting,
        };
    }
    match code.as_ref() {
        "53100" => Weight::DiskFull,
        // Serialization, deadlock, lock not available, too many connections, and a server that stops or starts.
        "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P02" | "57P03" => Weight::Passing,
        code if code.starts_with("08") => Weight::Passing,
        _ => Weight::Lasting,
    }
}

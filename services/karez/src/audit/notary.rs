//! The notary: signs checkpoints of the log, once a day and when asked, and proves what stands under them.
//!
//! It holds the upper part of the log's Merkle tree in memory (a quarter of a byte an event) and reads the rest of a proof from the
//! stored hashes. Whether these are the hashes of what is stored is for [`super::verify`] to say, which recomputes them
//! and holds every checkpoint that was ever made against the result.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use karez_events::merkle::{Tree, consistency_path, inclusion_path};
use karez_events::{Hash, Position, Signer, Verifier};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::sealing::SealError;
use crate::store::{EventLog, KeptCheckpoint, StoreError};

/// Hashes read at once.
const READ_HASHES: Position = 50_000;
/// How often it is looked whether a day has ended.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Signs checkpoints and proves what stands under them. Copies are the same one.
#[derive(Debug, Clone)]
pub struct Notary {
    log: EventLog,
    signer: Arc<Signer>,
    tree: Arc<Mutex<Tree>>,
}

impl Notary {
    /// The notary of a log; its secret is made where there is none.
    ///
    /// # Errors
    /// What the database says, or that the system gives no random bytes.
    pub async fn try_new(log: &EventLog) -> Result<Self, SealError> {
        let signer = log.ensure_signer().await?;
        let tree = Tree::new(log.head().await?.algorithm);
        Ok(Self {
            log: log.clone(),
            signer: Arc::new(signer),
            tree: Arc::new(Mutex::new(tree)),
        })
    }

    /// Who checks this log's signatures.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }

    /// The root of the first `size` events.
    ///
    /// # Errors
    /// As [`Notary::inclusion`].
    pub async fn root_at(&self, size: Position) -> Result<Hash, StoreError> {
        self.root(&(0..size)).await
    }

    /// Makes a checkpoint of the whole log and keeps it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take(&self, now: DateTime<Utc>) -> Result<KeptCheckpoint, StoreError> {
        let size = self.log.head().await?.position;
        let root = self.root_at(size).await?;
        let checkpoint = KeptCheckpoint {
            size,
            note: self.signer.sign(size, &root),
            made_at: now,
        };
        self.log.keep_checkpoint(&checkpoint).await?;
        Ok(checkpoint)
    }

    /// The newest checkpoint where it stands for so many events; a new one otherwise.
    ///
    /// # Errors
    /// What the database says.
    pub async fn covering(&self, size: Position, now: DateTime<Utc>) -> Result<KeptCheckpoint, StoreError> {
        match self.log.newest_checkpoint().await? {
            Some(newest) if newest.size >= size => Ok(newest),
            Some(_) | None => self.take(now).await,
        }
    }

    /// The hashes that show that the event at a position is among the first `size`.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Unreadable`] where the log has no such position.
    pub async fn inclusion(&self, position: Position, size: Position) -> Result<Vec<Hash>, StoreError> {
        let index = position.checked_sub(1);
        let path = index.and_then(|index| inclusion_path(index, size));
        self.roots(path.ok_or_else(|| beyond(position, size))?).await
    }

    /// The chain's hash before an event.
    ///
    /// # Errors
    /// What the database says.
    pub async fn hash_before(&self, position: Position) -> Result<Hash, StoreError> {
        let before = position.saturating_sub(1);
        let found = self.log.hashes(before.saturating_sub(1), before).await?;
        Ok(found.last().copied().unwrap_or(Hash::START))
    }

    /// The hashes that show that the first `size` events begin with the first `old`.
    ///
    /// # Errors
    /// As [`Notary::inclusion`].
    pub async fn consistency(&self, old: Position, size: Position) -> Result<Vec<Hash>, StoreError> {
        let path = consistency_path(old, size);
        self.roots(path.ok_or_else(|| beyond(old, size))?).await
    }

    async fn roots(&self, path: Vec<Range<Position>>) -> Result<Vec<Hash>, StoreError> {
        let mut roots = Vec::with_capacity(path.len());
        for leaves in &path {
            roots.push(self.root(leaves).await?);
        }
        Ok(roots)
    }

    /// The root of a subtree, or of the first `n` leaves.
    async fn root(&self, leaves: &Range<Position>) -> Result<Hash, StoreError> {
        self.grow_to(leaves.end).await?;
        let unkept = Tree::unkept(leaves);
        let hashes = self.log.hashes(unkept.start, unkept.end).await?;
        let root = self.tree.lock().await.root_of(leaves, &hashes);
        root.ok_or_else(|| beyond(leaves.end, leaves.end))
    }

    async fn grow_to(&self, size: Position) -> Result<(), StoreError> {
        let mut tree = self.tree.lock().await;
        while tree.size() < size {
            let upto = size.min(tree.size().saturating_add(READ_HASHES));
            let hashes = self.log.hashes(tree.size(), upto).await?;
            for hash in &hashes {
                tree.push(hash);
            }
        }
        Ok(())
    }

    /// Makes a checkpoint where none has been made on this business day.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_daily(&self, clock: &Clock, time_zone: Tz) -> Result<(), StoreError> {
        let day_of = |at: DateTime<Utc>| at.with_timezone(&time_zone).date_naive();
        let newest = self.log.newest_checkpoint().await?;
        if newest.is_none_or(|newest| day_of(newest.made_at) < clock.today(time_zone)) {
            self.take(clock.now()).await?;
        }
        Ok(())
    }

    /// Makes one a day until told to stop.
    ///
    /// # Errors
    /// A log that cannot be read, other than for a while.
    pub async fn run(self, clock: Clock, time_zone: Tz, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            match self.take_daily(&clock, time_zone).await {
                Ok(()) => {}
                Err(error) if error.is_retryable() => {
                    tracing::warn!("the day's checkpoint cannot be made yet: {error}");
                }
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

fn beyond(position: Position, size: Position) -> StoreError {
    StoreError::Unreadable {
        position,
        what: format!("a tree of {size} events has no such place"),
    }
}

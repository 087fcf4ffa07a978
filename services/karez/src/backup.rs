//! Copies of a store: a backup while the store is being written to, and the way back.
//!
//! A backup is a store itself, on `SQLite` whatever the original lies on: every command reads it, `karez audit verify`
//! proves it, and it goes back to either database. Copying again into the same place adds what is new; a copy that was
//! killed half-way is finished by copying again.
//!
//! Nothing is stopped and nothing is locked in the original. What must not be ahead of the copied log is read before its
//! end is looked up, what must not be behind is read after it.

use karez_events::{Hash, Position};

use crate::audit::{Verdict, verify};
use crate::store::{Batch, EventLog, Head, StoreError, WriterLease};

/// Events in one transaction of the copy.
const COPY_EVENTS: usize = 5_000;
/// Rejections in one transaction; each holds what was sent, which may be long.
const COPY_REJECTIONS: usize = 200;

/// Why a store could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Someone records into the copy.
    #[error(
        "another karez records into {place}: stop it first (另一个 karez 进程正向 {place} 记账：请先停止它)"
    )]
    Recording {
        /// The copy.
        place: String,
    },
    /// What is there is no earlier copy of this log.
    #[error(
        "{place} holds another log: at position {position} it differs; name an empty place \
         ({place} 已有另一本账，第 {position} 条不同：请另选一个空的位置)"
    )]
    OtherLog {
        /// The copy.
        place: String,
        /// The last position that both have.
        position: Position,
    },
    /// What either database says.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies a store into another, which is empty or an earlier copy of it, and verifies the copy. `progress` is told positions
/// (done, of).
///
/// # Errors
/// [`CopyError`]; what is wrong with the copied log is in the [`Verdict`].
pub async fn copy(
    from: &EventLog,
    to: &EventLog,
    mut progress: impl FnMut(Position, Position),
) -> Result<Verdict, CopyError> {
    let place = || to.place().to_owned();
    let lease = to.lease_soon("copy").await?;
    let mut lease = lease.ok_or_else(|| CopyError::Recording { place: place() })?;
    let copied = to.head().await?;
    if hash_at(from, copied.position).await? != Some(copied.hash) {
        let position = copied.position;
        return Err(CopyError::OtherLog {
            place: place(),
            position,
        });
    }
    let published = from.published().await?;
    // With the settings among the notices comes the key that signed them.
    from.carry_checkpoints(to).await?;
    from.carry_notices(to).await?;
    let head = from.head().await?;
    copy_events(from, &mut lease, &head, &mut progress).await?;
    copy_rejections(from, &mut lease).await?;
    from.carry_people(to).await?;
    // Last, so that a half-made copy asks NATS for too much rather than too little: what comes twice lands once.
    lease
        .append(&Batch {
            intake_seq: Some(head.intake_seq),
            ..Batch::default()
        })
        .await?;
    lease.index_all().await?;
    to.set_published(lease.epoch(), published).await?;
    Ok(verify(to, progress, |_| {}).await?)
}

/// The hash at a position of a log; `None` beyond its end.
async fn hash_at(log: &EventLog, position: Position) -> Result<Option<Hash>, StoreError> {
    let Some(before) = position.checked_sub(1) else {
        return Ok(Some(Hash::START));
    };
    Ok(log.read(before, 1).await?.first().map(|event| event.hash))
}

async fn copy_events(
    from: &EventLog,
    lease: &mut WriterLease,
    head: &Head,
    progress: &mut impl FnMut(Position, Position),
) -> Result<(), StoreError> {
    while lease.position() < head.position {
        let left = head.position.saturating_sub(lease.position());
        let limit = usize::try_from(left).unwrap_or(COPY_EVENTS).min(COPY_EVENTS);
        let events = from.read(lease.position(), limit).await?;
        if events.is_empty() {
            return Err(StoreError::OutOfOrder {
                position: lease.position().saturating_add(1),
                what: "the log ends before its head; `karez audit verify` says more".to_owned(),
            });
        }
        lease
            .append(&Batch {
                events: &events,
                ..Batch::default()
            })
            .await?;
        progress(lease.position(), head.position);
    }
    Ok(())
}

async fn copy_rejections(from: &EventLog, lease: &mut WriterLease) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        let rejections = from.rejections_since(last, COPY_REJECTIONS).await?;
        let Some(newest) = rejections.last() else {
            return Ok(());
        };
        last = Some(newest.rejection_id);
        lease
            .append(&Batch {
                rejections: &rejections,
                ..Batch::default()
            })
            .await?;
    }
}

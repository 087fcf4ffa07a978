//! Folded state at a position, so that a start need not fold the whole log. Derived: losing one costs time, nothing else.

use karez_events::Position;
use sha2::{Digest, Sha256};

use super::rows::{column, position};
use super::{EventLog, StoreError};

/// So many of the newest snapshots are kept, should some of them be damaged.
const NEWEST_KEPT: usize = 3;
/// Of the others as few as leave each with at least this part of the log of the next one: whoever asks what was known since the
/// first of them folds about half of it at most, and all together take no more than a few times the place of the newest.
const LEAST_PART: Position = 2;
/// One part; a whole snapshot may be larger than the largest field of the databases.
const PART_BYTES: usize = 4 << 20;

/// Folded state at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last event that is folded in.
    pub position: Position,
    /// Which shape and which version of the code wrote it; another format is never read.
    pub format: String,
    /// The state.
    pub bytes: Vec<u8>,
}

impl EventLog {
    /// Keeps a snapshot, and of those before it the last few and ever fewer of the older ones.
    ///
    /// # Errors
    /// What the database says.
    pub async fn save_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (position, format) = (column(snapshot.position), snapshot.format.as_str());
        let digest = Sha256::digest(&snapshot.bytes).to_vec();
        let parts = i32::try_from(snapshot.bytes.chunks(PART_BYTES).len()).unwrap_or(i32::MAX);
        on_either!(self, writing pool => {
            // The parts one by one, so that whoever records waits for one of them at most; there is no snapshot until the
            // last of them is there.
            for sql in [
                "DELETE FROM snapshot_part WHERE position = $1 AND format = $2",
                "DELETE FROM snapshot WHERE position = $1 AND format = $2",
            ] {
                sqlx::query(sql).bind(position).bind(format).execute(pool).await?;
            }
            for (part, bytes) in (0_i32..).zip(snapshot.bytes.chunks(PART_BYTES)) {
                sqlx::query("INSERT INTO snapshot_part (position, format, part, bytes) VALUES ($1, $2, $3, $4)")
                    .bind(position).bind(format).bind(part).bind(bytes)
                    .execute(pool).await?;
            }
            sqlx::query("INSERT INTO snapshot (position, format, parts, digest) VALUES ($1, $2, $3, $4)")
                .bind(position).bind(format).bind(parts).bind(digest)
                .execute(pool).await?;
        });
        self.drop_old_snapshots(format).await
    }

    /// The newest position of which a snapshot is kept, in a format or in whatever one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn newest_snapshot_position(
        &self,
        format: Option<&str>,
    ) -> Result<Option<Position>, StoreError> {
        let sql = "SELECT max(position) FROM snapshot WHERE format = coalesce($1, format)";
        let newest: Option<i64> =
            on_either!(self, reading pool => sqlx::query_scalar(sql).bind(format).fetch_one(pool).await)?;
        newest.map(position).transpose()
    }

    /// Of other formats the newest stays, for whoever goes back to it, until there are two newer ones of this format.
    async fn drop_old_snapshots(&self, format: &str) -> Result<(), StoreError> {
        let sql = "SELECT position FROM snapshot WHERE format = $1 ORDER BY position DESC";
        let found: Vec<i64> =
            on_either!(self, reading pool => sqlx::query_scalar(sql).bind(format).fetch_all(pool).await)?;
        let found: Vec<Position> = found.into_iter().map(position).collect::<Result<_, _>>()?;
        let sql = "SELECT max(position) FROM snapshot WHERE format <> $1";
        let foreign: Option<i64> =
            on_either!(self, reading pool => sqlx::query_scalar(sql).bind(format).fetch_one(pool).await)?;
        let before_newest = column(found.get(1).copied().unwrap_or(0));
        // Parts without a snapshot that are newer than this may be of one that is being written.
        let stale = before_newest.max(foreign.unwrap_or(0));
        on_either!(self, writing pool => {
            for position in superfluous(&found) {
                sqlx::query("DELETE FROM snapshot WHERE position = $1 AND format = $2")
                    .bind(column(position)).bind(format)
                    .execute(pool).await?;
            }
            sqlx::query("DELETE FROM snapshot WHERE position < $1 AND format <> $2")
                .bind(stale).bind(format)
                .execute(pool).await?;
            let sql = "DELETE FROM snapshot_part WHERE (position, format, part) IN (SELECT position, format, part \
                       FROM snapshot_part AS old WHERE position < $1 AND NOT EXISTS (SELECT 1 FROM snapshot \
                       WHERE snapshot.position = old.position AND snapshot.format = old.format) LIMIT 1)";
            // One by one, as they were written.
            while sqlx::query(sql).bind(stale).execute(pool).await?.rows_affected() > 0 {}
        });
        Ok(())
    }

    /// The newest sound snapshot of a format at or before a position. A damaged one is passed over for an older one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn latest_snapshot(
        &self,
        format: &str,
        at_most: Position,
    ) -> Result<Option<Snapshot>, StoreError> {
        let sql = "SELECT position, parts, digest FROM snapshot WHERE format = $1 AND position <= $2 ORDER BY position DESC";
        let limit = column(at_most);
        let candidates: Vec<(i64, i32, Vec<u8>)> = on_either!(self, reading pool => sqlx::query_as(sql).bind(format).bind(limit).fetch_all(pool).await)?;
        for (at, parts, digest) in candidates {
            let bytes = self.snapshot_bytes(at, format, parts).await?;
            if Sha256::digest(&bytes).as_slice() == digest.as_slice() {
                return Ok(Some(Snapshot {
                    position: position(at)?,
                    format: format.to_owned(),
                    bytes,
                }));
            }
            if self.has_snapshot(at, format).await? {
                tracing::warn!(position = at, format, "a snapshot is damaged and passed over");
            }
        }
        Ok(None)
    }

    /// Whether a snapshot is still kept: a newer one may have pushed it out while it was read.
    async fn has_snapshot(&self, at: i64, format: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM snapshot WHERE position = $1 AND format = $2)";
        Ok(on_either!(self, reading pool => {
            sqlx::query_scalar(sql).bind(at).bind(format).fetch_one(pool).await
        })?)
    }

    async fn snapshot_bytes(&self, at: i64, format: &str, parts: i32) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT bytes FROM snapshot_part WHERE position = $1 AND format = $2 AND part = $3";
        let mut bytes = Vec::new();
        for part in 0..parts {
            let more: Option<Vec<u8>> = on_either!(self, reading pool => {
                sqlx::query_scalar(sql).bind(at).bind(format).bind(part).fetch_optional(pool).await
            })?;
            bytes.extend(more.unwrap_or_default());
        }
        Ok(bytes)
    }
}

/// Which snapshots go, of all that are kept from the newest on.
fn superfluous(newest_first: &[Position]) -> Vec<Position> {
    let mut superfluous = Vec::new();
    let Some((newest, older)) = newest_first.split_at_checked(NEWEST_KEPT) else {
        return superfluous;
    };
    let mut next = newest.last().copied().unwrap_or(0);
    for (position, before) in older.iter().zip(older.iter().skip(1)) {
        if before.saturating_mul(LEAST_PART) >= next {
            superfluous.push(*position);
        } else {
            next = *position;
        }
    }
    superfluous
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one more snapshot.
    fn take(kept: &mut Vec<Position>, position: Position) {
        kept.insert(0, position);
        let superfluous = superfluous(kept);
        kept.retain(|position| !superfluous.contains(position));
    }

    fn kept(taken: impl IntoIterator<Item = Position>) -> Vec<Position> {
        let mut kept = Vec::new();
        taken.into_iter().for_each(|position| take(&mut kept, position));
        kept
    }

    #[test]
    fn the_older_snapshots_are_the_fewer_are_kept() {
        assert_eq!(kept([10, 20]), [20, 10]);
        assert_eq!(kept([10, 15, 22, 33, 49, 73]), [73, 49, 33, 22, 15, 10]);
        let of_a_thousand = kept(1..=1_000);
        assert_eq!(of_a_thousand.get(..3), Some(&[1_000, 999, 998][..]));
        assert!(of_a_thousand.len() < 25, "{of_a_thousand:?}");
    }

    /// Positions each of which leaves some more than the one before, in numbers and in parts of it.
    fn taken(every: Position, share: Position) -> impl Iterator<Item = Position> {
        let next = move |last: &Position| Some(last + every.max(last / share));
        std::iter::successors(Some(every), next).take_while(|position| *position <= 2_000)
    }

    #[test]
    fn whatever_is_taken_and_asked_for_half_of_it_at_most_must_be_folded() {
        for (every, share) in [(1, 2_001), (7, 2_001), (100, 2_001), (10, 2), (1, 10)] {
            let mut kept = Vec::new();
            for newest in taken(every, share) {
                take(&mut kept, newest);
                for asked in every..=newest {
                    let nearest = kept.iter().find(|position| **position <= asked).copied();
                    assert!(nearest.unwrap_or(0) >= asked / 2, "{asked} of {kept:?}");
                }
            }
        }
    }
}

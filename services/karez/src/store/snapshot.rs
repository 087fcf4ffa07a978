//! Folded state at a position, so that a start need not fold the whole log. Derived: losing one costs time, nothing else.

use karez_events::Position;
use sha2::{Digest, Sha256};

use super::rows::{column, position};
use super::{EventLog, StoreError};

/// Newer snapshots push out older ones beyond this number.
const SNAPSHOTS_KEPT: i64 = 3;
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
    /// Keeps a snapshot, and the last few only.
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
        self.drop_old_snapshots().await
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

    async fn drop_old_snapshots(&self) -> Result<(), StoreError> {
        on_either!(self, writing pool => {
            for sql in [
                "DELETE FROM snapshot WHERE position < \
                 (SELECT min(position) FROM (SELECT DISTINCT position FROM snapshot ORDER BY position DESC LIMIT $1) AS kept)",
                // Newer parts without a snapshot may be of one that is being written.
                "DELETE FROM snapshot_part WHERE $1 > 0 AND position < (SELECT min(position) FROM snapshot)",
            ] {
                sqlx::query(sql).bind(SNAPSHOTS_KEPT).execute(pool).await?;
            }
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
            tracing::warn!(position = at, format, "a snapshot is damaged and passed over");
        }
        Ok(None)
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

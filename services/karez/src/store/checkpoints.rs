//! Signed checkpoints, kept for ever, and the secret that signs them.

use chrono::{DateTime, Utc};
use karez_events::{Position, Signer};

use super::accounts::instant;
use super::rows::{column, position};
use super::sealing::{SealError, random};
use super::{EventLog, StoreError};

const SECRET_SETTING: &str = "checkpoint_secret";

/// A checkpoint as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// How many events it stands for, which is their last position.
    pub size: Position,
    /// The signed text.
    pub note: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

type Row = (i64, String, i64);

impl EventLog {
    /// Who signs this log's checkpoints; the secret is made where there is none.
    ///
    /// # Errors
    /// What the database says, or that the system gives no random bytes.
    pub async fn ensure_signer(&self) -> Result<Signer, SealError> {
        self.ensure_setting(SECRET_SETTING, &random::<32>()?).await?;
        let signer = self.signer().await?;
        signer.ok_or_else(|| SealError::Cipher("the secret of the checkpoints is not 32 bytes".to_owned()))
    }

    /// The same, where there is a secret.
    ///
    /// # Errors
    /// What the database says.
    pub async fn signer(&self) -> Result<Option<Signer>, StoreError> {
        let Some(secret) = self.setting(SECRET_SETTING).await? else {
            return Ok(None);
        };
        let algorithm = self.head().await?.algorithm;
        let secret: Option<[u8; 32]> = secret.try_into().ok();
        Ok(secret.map(|secret| Signer::new(algorithm, &secret)))
    }

    /// Keeps a checkpoint; of one size the first stays.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keep_checkpoint(&self, checkpoint: &KeptCheckpoint) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO checkpoint (tree_size, note, made_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        on_either!(self, writing pool => {
            sqlx::query(sql)
                .bind(column(checkpoint.size))
                .bind(checkpoint.note.as_str())
                .bind(checkpoint.made_at.timestamp_micros())
                .execute(pool)
                .await
                .map(|_| ())
        })?;
        Ok(())
    }

    /// The checkpoint of the largest size that is kept.
    ///
    /// # Errors
    /// What the database says.
    pub async fn newest_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        let sql = "SELECT tree_size, note, made_us FROM checkpoint ORDER BY tree_size DESC LIMIT 1";
        let row: Option<Row> =
            on_either!(self, reading pool => sqlx::query_as(sql).fetch_optional(pool).await)?;
        row.map(kept).transpose()
    }

    /// The checkpoints of sizes above `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn checkpoints(
        &self,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<KeptCheckpoint>, StoreError> {
        let sql = "SELECT tree_size, note, made_us FROM checkpoint WHERE tree_size > $1 ORDER BY tree_size LIMIT $2";
        let (after, limit) = (after.map_or(-1, column), i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<Row> = on_either!(self, reading pool => {
            sqlx::query_as(sql).bind(after).bind(limit).fetch_all(pool).await
        })?;
        rows.into_iter().map(kept).collect()
    }

    /// Carries the checkpoints into a copy. Called before the events and the settings are carried: none may stand for more
    /// than the copy has, or be without its key.
    ///
    /// # Errors
    /// What either database says.
    pub async fn carry_checkpoints(&self, to: &Self) -> Result<(), StoreError> {
        for checkpoint in self.checkpoints(None, usize::MAX).await? {
            to.keep_checkpoint(&checkpoint).await?;
        }
        Ok(())
    }
}

fn kept((size, note, made_us): Row) -> Result<KeptCheckpoint, StoreError> {
    Ok(KeptCheckpoint {
        size: position(size)?,
        note,
        made_at: instant(made_us),
    })
}

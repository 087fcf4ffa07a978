//! Refused submissions, kept for ever with their reason.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EventLog, StoreError};

/// Under which ids of rejections are made.
pub(crate) const REJECTION_NAMESPACE: Uuid = Uuid::from_u128(0x6b61_7265_7a2d_5265_6a65_6374_696f_6e73);

/// A refused submission: what was sent, by whom, and why it cannot be a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its id; the same sent again and refused for the same reason keeps one row.
    pub rejection_id: Uuid,
    /// The id the event would have had, where it could be read.
    pub event_id: Option<Uuid>,
    /// The stream it was meant for, where it could be read.
    pub stream: Option<String>,
    /// When it was first refused.
    pub received_at: DateTime<Utc>,
    /// The way it came: `http`, `nats`, `import:iati` …
    pub source: String,
    /// The stable code of the reason.
    pub code: String,
    /// JSON pointer to the field at fault; empty for the whole.
    pub pointer: String,
    /// The reason in Chinese.
    pub message_zh: String,
    /// The reason in English.
    pub message_en: String,
    /// What was sent, complete.
    pub content: Vec<u8>,
    /// Who sent it.
    pub actor: Option<String>,
    /// `file:row`, for imports.
    pub row: Option<String>,
}

/// Inserts a rejection on whichever database the executor belongs to.
macro_rules! insert_rejection {
    ($one:expr, $executor:expr) => {
        sqlx::query(
            "INSERT INTO rejection (rejection_id, event_id, stream, received_at, source, code, pointer, message_zh, \
             message_en, content, actor, source_row) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (rejection_id) DO NOTHING",
        )
        .bind($one.rejection_id)
        .bind($one.event_id)
        .bind($one.stream.as_deref())
        .bind($one.received_at)
        .bind($one.source.as_str())
        .bind($one.code.as_str())
        .bind($one.pointer.as_str())
        .bind($one.message_zh.as_str())
        .bind($one.message_en.as_str())
        .bind($one.content.as_slice())
        .bind($one.actor.as_deref())
        .bind($one.row.as_deref())
        .execute($executor)
        .await
    };
}
pub(super) use insert_rejection;

macro_rules! select_rejections {
    ($which:literal) => {
        concat!(
            "SELECT rejection_id, event_id, stream, received_at, source, code, pointer, message_zh, message_en, ",
            "content, actor, source_row FROM rejection ",
            $which
        )
    };
}

type Row = (
    Uuid,
    Option<Uuid>,
    Option<String>,
    DateTime<Utc>,
    String,
    String,
    String,
    String,
    String,
    Vec<u8>,
    Option<String>,
    Option<String>,
);

fn from_row(row: Row) -> Rejection {
    let (
        rejection_id,
        event_id,
        stream,
        received_at,
        source,
        code,
        pointer,
        message_zh,
        message_en,
        content,
        actor,
        row,
    ) = row;
    Rejection {
        rejection_id,
        event_id,
        stream,
        received_at,
        source,
        code,
        pointer,
        message_zh,
        message_en,
        content,
        actor,
        row,
    }
}

impl EventLog {
    /// Rejections, the newest first, at most `limit`; `after` is the id of the last one seen, for the next page.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rejections(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<Rejection>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = match after {
            None => {
                let sql = select_rejections!("ORDER BY rejection_no DESC LIMIT $1");
                on_either!(self, reading pool => sqlx::query_as(sql).bind(limit).fetch_all(pool).await)?
            }
            Some(after) => {
                let sql = select_rejections!(
                    "WHERE rejection_no < (SELECT rejection_no FROM rejection WHERE rejection_id = $1) \
                     ORDER BY rejection_no DESC LIMIT $2"
                );
                on_either!(self, reading pool => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(pool).await)?
            }
        };
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// Rejections in the order in which they were kept, at most `limit`; `after` is the id of the last one seen.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rejections_since(
        &self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Rejection>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = select_rejections!(
            "WHERE rejection_no > COALESCE((SELECT rejection_no FROM rejection WHERE rejection_id = $1), 0) \
             ORDER BY rejection_no LIMIT $2"
        );
        let rows: Vec<Row> = on_either!(self, reading pool => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// For what a submission was refused, by the id its event would have had: codes, and where in it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn refused_for(&self, event_id: Uuid) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT DISTINCT code, pointer FROM rejection WHERE event_id = $1";
        Ok(on_either!(self, reading pool => sqlx::query_as(sql).bind(event_id).fetch_all(pool).await)?)
    }

    /// Whether a rejection is kept under one of some ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_rejection(&self, ids: &[Uuid]) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM rejection WHERE rejection_id = $1";
        for id in ids {
            let found: Option<i32> = on_either!(self, reading pool => sqlx::query_scalar(sql).bind(id).fetch_optional(pool).await)?;
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many submissions have been refused.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rejection_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM rejection";
        let count: i64 = on_either!(self, reading pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        super::rows::position(count)
    }
}

//! What auditors looked at, kept for ever.

use chrono::{DateTime, Utc};

use super::accounts::instant;
use super::{EventLog, StoreError};

/// One read of an auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedRead {
    /// When.
    pub read_at: DateTime<Utc>,
    /// The account, or `key:` and the label of a program.
    pub reader: String,
    /// The address with its query.
    pub address: String,
    /// The status of the answer.
    pub status: u16,
}

impl EventLog {
    /// Keeps a read.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keep_read(&self, read: &AuditedRead) -> Result<(), StoreError> {
        let sql = "INSERT INTO audited_read (read_us, reader, address, status) VALUES ($1, $2, $3, $4)";
        on_either!(self, writing pool => {
            sqlx::query(sql)
                .bind(read.read_at.timestamp_micros())
                .bind(read.reader.as_str())
                .bind(read.address.as_str())
                .bind(i32::from(read.status))
                .execute(pool)
                .await
                .map(|_| ())
        })?;
        Ok(())
    }

    /// Reads, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audited_reads(&self, limit: u32) -> Result<Vec<AuditedRead>, StoreError> {
        let sql = "SELECT read_us, reader, address, status FROM audited_read ORDER BY read_no DESC LIMIT $1";
        let rows: Vec<(i64, String, String, i32)> = on_either!(self, reading pool => {
            sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(pool).await
        })?;
        let read = |(at, reader, address, status): (i64, String, String, i32)| AuditedRead {
            read_at: instant(at),
            reader,
            address,
            status: u16::try_from(status).unwrap_or(0),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

//! Keys of programs, as the hash of their secret.

use chrono::{DateTime, TimeDelta, Utc};
use karez_events::UnitId;
use serde_json::{Value, json};

use super::accounts::{instant, read_role, read_unit};
use super::administration::insert_change;
use super::postgres::answered;
use super::{By, Change, EventLog, StoreError};
use crate::authorization::Role;

/// How exactly the last use of a key is known: a busy program must not write a row for each request.
const USE_IS_KNOWN_TO: TimeDelta = TimeDelta::minutes(1);

/// A key as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The public part, by which it is found.
    pub key_id: String,
    /// SHA-256 of the secret part.
    pub secret_hash: [u8; 32],
    /// The program's name.
    pub label: String,
    /// What the program may do.
    pub role: Role,
    /// The unit that a unit's key belongs to.
    pub unit: Option<UnitId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// From when it is revoked; still to come while the successor of a rotated key overlaps it.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The hash is of no use to whoever reads messages, and is not shown.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ApiKey")
            .field("key_id", &self.key_id)
            .field("label", &self.label)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl ApiKey {
    /// Whether somebody ended it, and the end has come.
    #[must_use]
    pub fn is_revoked(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_some_and(|end| end <= now)
    }

    /// Whether it opens anything at an instant.
    #[must_use]
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        !self.is_revoked(now) && self.expires_at.is_none_or(|end| now < end)
    }
}

type Row = (
    String,
    Vec<u8>,
    String,
    String,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

macro_rules! select_keys {
    ($which:literal) => {
        concat!(
            "SELECT key_id, secret_hash, label, role, unit, created_us, expires_us, revoked_us, last_used_us ",
            "FROM api_key ",
            $which
        )
    };
}

macro_rules! insert_key {
    ($key:expr, $executor:expr) => {
        sqlx::query(
            "INSERT INTO api_key (key_id, secret_hash, label, role, unit, created_us, expires_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind($key.key_id.as_str())
        .bind($key.secret_hash.as_slice())
        .bind($key.label.as_str())
        .bind($key.role.as_str())
        .bind($key.unit.as_ref().map(UnitId::as_str))
        .bind($key.created_at.timestamp_micros())
        .bind($key.expires_at.map(|end| end.timestamp_micros()))
        .execute($executor)
        .await
        .map(|done| done.rows_affected())
    };
}

/// How a key is named among actors.
fn subject_of(label: &str) -> String {
    format!("key:{label}")
}

fn detail_of(key: &ApiKey) -> Value {
    json!({"key_id": key.key_id, "role": key.role, "unit": key.unit, "expires_at": key.expires_at})
}

fn from_row(row: Row) -> Result<ApiKey, StoreError> {
    let (key_id, hash, label, role, unit, created, expires, revoked, last_used) = row;
    let secret_hash = hash
        .try_into()
        .map_err(|_| StoreError::unreadable(0, &format!("the hash of the key {key_id} has not 32 bytes")))?;
    Ok(ApiKey {
        key_id,
        secret_hash,
        label,
        role: read_role(&role)?,
        unit: read_unit(unit)?,
        created_at: instant(created),
        expires_at: expires.map(instant),
        revoked_at: revoked.map(instant),
        last_used_at: last_used.map(instant),
    })
}

impl EventLog {
    /// Keeps a key; `false` when its label belongs to another one that was neither revoked nor rotated.
    ///
    /// # Errors
    /// What the database says.
    pub async fn create_key(&self, key: &ApiKey, by: By<'_>) -> Result<bool, StoreError> {
        let subject = subject_of(&key.label);
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let rows = insert_key!(key, &mut *transaction)?;
            if rows > 0 {
                insert_change!(by, (Change::KeyCreated, &subject, detail_of(key)), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(rows > 0)
        })
    }

    /// Keeps the successor of a key, which itself goes on until an instant; both or neither. `false` when the first has
    /// been revoked or has a successor already.
    ///
    /// # Errors
    /// What the database says.
    pub async fn replace_key(
        &self,
        key_id: &str,
        until: DateTime<Utc>,
        successor: &ApiKey,
        by: By<'_>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE api_key SET revoked_us = $2 WHERE key_id = $1 AND revoked_us IS NULL";
        let subject = subject_of(&successor.label);
        let mut detail = detail_of(successor);
        if let Some(fields) = detail.as_object_mut() {
            let before = json!({"key_id": key_id, "until": until});
            fields.insert("before".to_owned(), before);
        }
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(sql)
                .bind(key_id)
                .bind(until.timestamp_micros())
                .execute(&mut *transaction)
                .await?;
            let is_replaced = done.rows_affected() > 0 && insert_key!(successor, &mut *transaction)? > 0;
            if is_replaced {
                insert_change!(by, (Change::KeyRotated, &subject, detail), &mut *transaction)?;
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            Ok(is_replaced)
        })
    }

    /// Revokes a key from now on; `false` when it is revoked already.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revoke_key(&self, key: &ApiKey, by: By<'_>) -> Result<bool, StoreError> {
        let sql = "UPDATE api_key SET revoked_us = $2 WHERE key_id = $1 AND (revoked_us IS NULL OR revoked_us > $2)";
        let (subject, detail) = (subject_of(&key.label), json!({"key_id": key.key_id}));
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(sql)
                .bind(key.key_id.as_str())
                .bind(by.at.timestamp_micros())
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() > 0 {
                insert_change!(by, (Change::KeyRevoked, &subject, detail), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Every key, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = select_keys!("ORDER BY created_us DESC, key_id");
        let rows: Vec<Row> = on_either!(self, reading pool => sqlx::query_as(sql).fetch_all(pool).await)?;
        rows.into_iter().map(from_row).collect()
    }

    /// The key with a public part, in force or not.
    ///
    /// # Errors
    /// What the database says.
    pub async fn key(&self, key_id: &str) -> Result<Option<ApiKey>, StoreError> {
        let sql = select_keys!("WHERE key_id = $1");
        // Many wait for one look at a key.
        let row: Option<Row> = answered(async {
            let row =
                on_either!(self, reading pool => sqlx::query_as(sql).bind(key_id).fetch_optional(pool).await);
            Ok(row?)
        })
        .await?;
        row.map(from_row).transpose()
    }

    /// Notes that a key is in use.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_use(&self, key: &ApiKey, now: DateTime<Utc>) -> Result<(), StoreError> {
        if key.last_used_at.is_some_and(|last| now - last < USE_IS_KNOWN_TO) {
            return Ok(());
        }
        let sql = "UPDATE api_key SET last_used_us = $2 WHERE key_id = $1";
        on_either!(self, writing pool => {
            sqlx::query(sql)
                .bind(key.key_id.as_str())
                .bind(now.timestamp_micros())
                .execute(pool)
                .await
                .map(|_| ())
        })?;
        Ok(())
    }
}

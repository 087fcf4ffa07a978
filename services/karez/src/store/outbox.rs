//! What is to be delivered, and every try: each message once, whichever process claims it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{EventLog, StoreError};

/// A claim that is not answered so long, its process having died, is free again.
const CLAIM_HOLDS: TimeDelta = TimeDelta::minutes(2);
/// The wait after the first try, doubled with each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(10);
/// The longest wait between two tries.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);

/// How long a message waits for its next try after so many tries.
#[must_use]
pub fn wait_after(attempts: u32) -> TimeDelta {
    let doubled = 1_i32.checked_shl(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
    FIRST_WAIT
        .checked_mul(doubled)
        .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

/// A message on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Made from what it is about and its receiver, so that it is kept once.
    pub message_id: Uuid,
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// The message, as JSON.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// What became of a message for good, or when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The receiver has it.
    Delivered,
    /// Nobody needs it any more.
    NotNeeded,
    /// It will not be tried again.
    GivenUp,
    /// It is tried again then.
    Again(DateTime<Utc>),
}

impl Fate {
    fn state(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::NotNeeded => "not_needed",
            Self::GivenUp => "given_up",
            Self::Again(_) => "waiting",
        }
    }
}

/// One message with its latest try, as the delivery log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The message.
    pub message_id: Uuid,
    /// Its receiver.
    pub receiver: String,
    /// The message, as JSON.
    pub message: String,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// waiting, delivered, `given_up` or `not_needed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// What the last try brought.
    pub detail: Option<String>,
}

type Row = (
    Uuid,
    String,
    String,
    i64,
    String,
    i32,
    Option<i64>,
    Option<String>,
);

impl EventLog {
    /// Queues messages; those that are queued already stay as they are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn enqueue(&self, messages: &[OutboxMessage], now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "INSERT INTO outbox (message_id, receiver, message, created_us, next_try_us) VALUES ($1, $2, $3, $4, $4) \
                   ON CONFLICT (message_id) DO NOTHING";
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            for one in messages {
                sqlx::query(sql)
                    .bind(one.message_id)
                    .bind(one.receiver.as_str())
                    .bind(one.message.as_str())
                    .bind(now.timestamp_micros())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        });
        Ok(())
    }

    /// Claims the next message that is due, for this process alone.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim(&self, now: DateTime<Utc>) -> Result<Option<OutboxMessage>, StoreError> {
        let sql = match self {
            Self::Postgres(_) => concat!(
                "UPDATE outbox SET claimed_us = $1, attempts = attempts + 1 WHERE outbox_no = (SELECT outbox_no FROM outbox ",
                "WHERE state = 'waiting' AND next_try_us NOT BETWEEN $1 + 1 AND $1 + LEAST($4, $5 << attempts) ",
                "AND (claimed_us IS NULL OR claimed_us NOT BETWEEN $2 AND $3) ",
                "ORDER BY next_try_us, outbox_no LIMIT 1 FOR UPDATE SKIP LOCKED) ",
                "RETURNING message_id, receiver, message, attempts"
            ),
            Self::Sqlite(_) => concat!(
                "UPDATE outbox SET claimed_us = $1, attempts = attempts + 1 WHERE outbox_no = (SELECT outbox_no FROM outbox ",
                "WHERE state = 'waiting' AND next_try_us NOT BETWEEN $1 + 1 AND $1 + min($4, $5 << attempts) ",
                "AND (claimed_us IS NULL OR claimed_us NOT BETWEEN $2 AND $3) ",
                "ORDER BY next_try_us, outbox_no LIMIT 1) ",
                "RETURNING message_id, receiver, message, attempts"
            ),
        };
        // A claim of a time to come, or a try later than its wait, was written under a clock that was ahead of this one.
        let [now, stale, to_come] =
            [now, now - CLAIM_HOLDS, now + CLAIM_HOLDS].map(|at| at.timestamp_micros());
        let [longest, half] =
            [LONGEST_WAIT, FIRST_WAIT / 2].map(|wait| wait.num_microseconds().unwrap_or(i64::MAX));
        let row: Option<(Uuid, String, String, i32)> = on_either!(self, writing pool => {
            sqlx::query_as(sql).bind(now).bind(stale).bind(to_come).bind(longest).bind(half).fetch_optional(pool).await
        })?;
        Ok(
            row.map(|(message_id, receiver, message, attempts)| OutboxMessage {
                message_id,
                receiver,
                message,
                attempts: u32::try_from(attempts).unwrap_or(0),
            }),
        )
    }

    /// Keeps what a try brought.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tried(
        &self,
        id: Uuid,
        fate: Fate,
        detail: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let next_try = match fate {
            Fate::Again(at) => at,
            Fate::Delivered | Fate::NotNeeded | Fate::GivenUp => now,
        };
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            sqlx::query("UPDATE outbox SET state = $2, next_try_us = $3, claimed_us = NULL WHERE message_id = $1")
                .bind(id)
                .bind(fate.state())
                .bind(next_try.timestamp_micros())
                .execute(&mut *transaction)
                .await?;
            sqlx::query("INSERT INTO delivery (message_id, tried_us, outcome, detail) VALUES ($1, $2, $3, $4)")
                .bind(id)
                .bind(now.timestamp_micros())
                .bind(fate.state())
                .bind(detail)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        });
        Ok(())
    }

    /// The delivery log, the newest message first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn deliveries(&self, limit: usize) -> Result<Vec<DeliveryRow>, StoreError> {
        let sql = "SELECT o.message_id, o.receiver, o.message, o.created_us, o.state, o.attempts, d.tried_us, d.detail \
                   FROM outbox AS o LEFT JOIN delivery AS d ON d.delivery_no = \
                   (SELECT max(delivery_no) FROM delivery WHERE message_id = o.message_id) \
                   ORDER BY o.outbox_no DESC LIMIT $1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> =
            on_either!(self, reading pool => sqlx::query_as(sql).bind(limit).fetch_all(pool).await)?;
        let instant = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        let shown = rows.into_iter().map(
            |(message_id, receiver, message, created, state, attempts, tried, detail)| DeliveryRow {
                message_id,
                receiver,
                message,
                created_at: instant(created),
                state,
                attempts: u32::try_from(attempts).unwrap_or(0),
                tried_at: tried.map(instant),
                detail,
            },
        );
        Ok(shown.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_wait_ever_longer_and_never_more_than_four_hours() {
        assert_eq!(wait_after(1), TimeDelta::seconds(10));
        assert_eq!(wait_after(4), TimeDelta::seconds(80));
        assert_eq!(wait_after(40), LONGEST_WAIT);
        assert_eq!(wait_after(400), LONGEST_WAIT);
    }
}

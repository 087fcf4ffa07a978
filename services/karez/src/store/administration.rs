//! Who changed what about accounts, keys and persons, kept for ever. A row is written in the change's own transaction.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::accounts::instant;
use super::{EventLog, StoreError};

/// Who changes something, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The account, `key:` and the label of a program, or [`CONSOLE`].
    pub actor: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// The actor of what a command did: whoever could reach the store itself.
pub const CONSOLE: &str = "console";

/// What can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An account was made.
    AccountAdded,
    /// An account was disabled.
    AccountDisabled,
    /// An account was let in again.
    AccountUnlocked,
    /// An account got another role or unit.
    AccountRoleChanged,
    /// Somebody else gave an account a first password.
    PasswordReset,
    /// An account's owner chose another password.
    PasswordChanged,
    /// A key was made.
    KeyCreated,
    /// A key got a successor.
    KeyRotated,
    /// A key was revoked.
    KeyRevoked,
    /// A person's key was destroyed.
    PersonErased,
}

impl Change {
    /// The word for it in the store and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountAdded => "account_added",
            Self::AccountDisabled => "account_disabled",
            Self::AccountUnlocked => "account_unlocked",
            Self::AccountRoleChanged => "account_role_changed",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::KeyCreated => "key_created",
            Self::KeyRotated => "key_rotated",
            Self::KeyRevoked => "key_revoked",
            Self::PersonErased => "person_erased",
        }
    }
}

/// One change as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministrationRow {
    /// Its number, from 1.
    pub change_no: i64,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Who changed it.
    pub actor: String,
    /// What was done, as [`Change::as_str`] says it.
    pub what: String,
    /// The account, key or person that was changed.
    pub subject: String,
    /// What else is worth knowing, such as a role.
    pub detail: Value,
}

/// Inserts a change on whichever database the executor belongs to.
macro_rules! insert_change {
    ($by:expr, ($what:expr, $subject:expr, $detail:expr), $executor:expr) => {
        sqlx::query(
            "INSERT INTO administration (changed_us, actor, what, subject, detail) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind($by.at.timestamp_micros())
        .bind($by.actor)
        .bind($what.as_str())
        .bind($subject)
        .bind($detail.to_string())
        .execute($executor)
        .await
        .map(|_| ())
    };
}
pub(super) use insert_change;

impl EventLog {
    /// Changes before a number, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn administration(
        &self,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AdministrationRow>, StoreError> {
        let sql = "SELECT change_no, changed_us, actor, what, subject, detail FROM administration \
                   WHERE change_no < $1 ORDER BY change_no DESC LIMIT $2";
        let rows: Vec<(i64, i64, String, String, String, String)> = on_either!(self, reading pool => {
            sqlx::query_as(sql)
                .bind(before.unwrap_or(i64::MAX))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(pool)
                .await
        })?;
        let row =
            |(change_no, at, actor, what, subject, detail): (i64, i64, String, String, String, String)| {
                AdministrationRow {
                    change_no,
                    changed_at: instant(at),
                    actor,
                    what,
                    subject,
                    detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
                }
            };
        Ok(rows.into_iter().map(row).collect())
    }
}

//! People who sign in, and who is signed in. Passwords and session ids are kept as hashes only.

use chrono::{DateTime, Utc};
use karez_events::UnitId;
use serde_json::json;

use super::administration::insert_change;
use super::{By, Change, EventLog, StoreError};
use crate::accounts::NO_PASSWORD;
use crate::authorization::Role;

/// Attempts that may get in between one's reading and counting; whoever meets more is let in as little as the locked.
const ATTEMPTS_MET_AT_ONCE: usize = 8;
const FORGET_ATTEMPTS: &str =
    "UPDATE account SET failed_attempts = 0, locked_until_us = NULL WHERE name = $1";

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// The unit that a unit's account belongs to.
    pub unit: Option<UnitId>,
    /// Whether the password was given by somebody else.
    pub must_change_password: bool,
    /// Wrong passwords in a row.
    pub failed_attempts: u32,
    /// Until when it lets nobody in.
    pub locked_until: Option<DateTime<Utc>>,
    /// Whether it can be used at all.
    pub is_active: bool,
    /// Whether it signs in through the office's directory.
    pub is_of_directory: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An account that is to be made.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its owner may do.
    pub role: Role,
    /// The unit that a unit's account belongs to.
    pub unit: Option<&'a UnitId>,
    /// The first password's hash.
    pub password_hash: &'a str,
    /// Whether the password was given by somebody else.
    pub must_change_password: bool,
}

/// An attempt to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The hash of the right password.
    pub password_hash: String,
    /// Until when the account is locked, unless the password is right.
    pub locked_until: Option<DateTime<Utc>>,
}

/// What became of a change of an account's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// It has the role.
    Done,
    /// There is no such account.
    UnknownAccount,
    /// It is the last administrator that can sign in.
    LastAdministrator,
}

/// Whom a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The account's name.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// The unit that a unit's account belongs to.
    pub unit: Option<UnitId>,
    /// Whether the password was given by somebody else.
    pub must_change_password: bool,
}

type Row = (
    String,
    String,
    Option<String>,
    bool,
    i32,
    Option<i64>,
    bool,
    bool,
    i64,
);

fn account(row: Row) -> Result<Account, StoreError> {
    let (name, role, unit, must_change_password, failed, locked, is_active, is_of_directory, created) = row;
    Ok(Account {
        name,
        role: read_role(&role)?,
        unit: read_unit(unit)?,
        must_change_password,
        failed_attempts: u32::try_from(failed).unwrap_or(0),
        locked_until: locked.map(instant),
        is_active,
        is_of_directory,
        created_at: instant(created),
    })
}

/// Columns that the database checks as well: what is read otherwise was written by something else.
pub(super) fn read_role(text: &str) -> Result<Role, StoreError> {
    text.parse()
        .map_err(|_| StoreError::unreadable(0, &format!("the role {text:?} of an account is unknown")))
}

pub(super) fn read_unit(text: Option<String>) -> Result<Option<UnitId>, StoreError> {
    let unreadable = |error| StoreError::unreadable(0, &format!("the unit of an account: {error}"));
    text.map(|text| UnitId::try_new(&text))
        .transpose()
        .map_err(unreadable)
}

pub(super) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

impl EventLog {
    /// Makes an account; `false` when the name is taken.
    ///
    /// # Errors
    /// What the database says.
    pub async fn create_account(&self, new: NewAccount<'_>, by: By<'_>) -> Result<bool, StoreError> {
        let sql = "INSERT INTO account (name, role, unit, password_hash, must_change_password, created_us) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
        let detail = json!({"role": new.role, "unit": new.unit});
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(sql)
                .bind(new.name)
                .bind(new.role.as_str())
                .bind(new.unit.map(UnitId::as_str))
                .bind(new.password_hash)
                .bind(new.must_change_password)
                .bind(by.at.timestamp_micros())
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() > 0 {
                insert_change!(by, (Change::AccountAdded, new.name, detail), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT name, role, unit, must_change_password, failed_attempts, locked_until_us, is_active, \
                   password_hash = $1, created_us FROM account ORDER BY name";
        let rows: Vec<Row> =
            on_either!(self, reading pool => sqlx::query_as(sql).bind(NO_PASSWORD).fetch_all(pool).await)?;
        rows.into_iter().map(account).collect()
    }

    /// Whether anybody can sign in: an account or a key has been made.
    ///
    /// # Errors
    /// What the database says.
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM api_key)";
        let count: i64 = on_either!(self, reading pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        Ok(count > 0)
    }

    /// Begins an attempt to sign in. It counts as failed, and locks as a failed one would, before the password is looked
    /// at, so that many at once try no more passwords than one after the other. `lock` says until when so many failures
    /// in a row lock. `None` for an account that is unknown, disabled or locked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn begin_attempt(
        &self,
        name: &str,
        now: DateTime<Utc>,
        lock: impl Fn(u32) -> Option<DateTime<Utc>>,
    ) -> Result<Option<Attempt>, StoreError> {
        let select = "SELECT failed_attempts, password_hash FROM account WHERE name = $1 AND is_active = $2 \
                      AND (locked_until_us IS NULL OR locked_until_us <= $3)";
        let count = "UPDATE account SET failed_attempts = $3, locked_until_us = $4 \
                     WHERE name = $1 AND failed_attempts = $2";
        for _ in 0..ATTEMPTS_MET_AT_ONCE {
            let row: Option<(i32, String)> = on_either!(self, reading pool => {
                sqlx::query_as(select)
                    .bind(name)
                    .bind(true)
                    .bind(now.timestamp_micros())
                    .fetch_optional(pool)
                    .await
            })?;
            let Some((before, password_hash)) = row else {
                return Ok(None);
            };
            let failed = before.saturating_add(1);
            let locked_until = lock(u32::try_from(failed).unwrap_or(u32::MAX));
            let rows = on_either!(self, writing pool => {
                sqlx::query(count)
                    .bind(name)
                    .bind(before)
                    .bind(failed)
                    .bind(locked_until.map(|until| until.timestamp_micros()))
                    .execute(pool)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            if rows > 0 {
                return Ok(Some(Attempt {
                    password_hash,
                    locked_until,
                }));
            }
        }
        Ok(None)
    }

    /// Whether a name is of an account that can be used and signs in through the directory. One with a password is not
    /// entered so: its name may be somebody else's there.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_of_directory(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM account WHERE name = $1 AND is_active = $2 AND password_hash = $3";
        let count: i64 = on_either!(self, reading pool => {
            sqlx::query_scalar(sql).bind(name).bind(true).bind(NO_PASSWORD).fetch_one(pool).await
        })?;
        Ok(count > 0)
    }

    /// Forgets wrong passwords, after the right one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_attempts(&self, name: &str) -> Result<(), StoreError> {
        on_either!(self, writing pool => sqlx::query(FORGET_ATTEMPTS).bind(name).execute(pool).await.map(|_| ()))?;
        Ok(())
    }

    /// Forgets wrong passwords and lets in again; `false` when there is no such account.
    ///
    /// # Errors
    /// What the database says.
    pub async fn unlock_account(&self, name: &str, by: By<'_>) -> Result<bool, StoreError> {
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(FORGET_ATTEMPTS).bind(name).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                insert_change!(by, (Change::AccountUnlocked, name, json!({})), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Disables an account and ends its sessions; `false` when there is no such account.
    ///
    /// # Errors
    /// What the database says.
    pub async fn disable_account(&self, name: &str, by: By<'_>) -> Result<bool, StoreError> {
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let sql = "UPDATE account SET is_active = $2 WHERE name = $1";
            let done = sqlx::query(sql).bind(name).bind(false).execute(&mut *transaction).await?;
            let sql = "DELETE FROM session WHERE account = $1";
            sqlx::query(sql).bind(name).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                insert_change!(by, (Change::AccountDisabled, name, json!({})), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Gives an account another role and unit and ends its sessions. The last administrator that can sign in keeps theirs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn change_role(
        &self,
        name: &str,
        (role, unit): (Role, Option<&UnitId>),
        by: By<'_>,
    ) -> Result<RoleChange, StoreError> {
        let detail = json!({"role": role, "unit": unit});
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            // Two administrators who take each other's role wait for one another here.
            let sql = "UPDATE account SET role = role WHERE role = $1";
            sqlx::query(sql).bind(Role::Admin.as_str()).execute(&mut *transaction).await?;
            let sql = "SELECT count(*) FROM account WHERE name = $1";
            let known: i64 = sqlx::query_scalar(sql).bind(name).fetch_one(&mut *transaction).await?;
            let sql = "UPDATE account SET role = $2, unit = $3 WHERE name = $1 AND ($2 = $4 OR role <> $4 OR EXISTS \
                       (SELECT 1 FROM account AS other WHERE other.role = $4 AND other.is_active = $5 AND other.name <> $1))";
            let done = sqlx::query(sql)
                .bind(name)
                .bind(role.as_str())
                .bind(unit.map(UnitId::as_str))
                .bind(Role::Admin.as_str())
                .bind(true)
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() > 0 {
                let sql = "DELETE FROM session WHERE account = $1";
                sqlx::query(sql).bind(name).execute(&mut *transaction).await?;
                insert_change!(by, (Change::AccountRoleChanged, name, detail), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(match (known, done.rows_affected()) {
                (0, _) => RoleChange::UnknownAccount,
                (_, 0) => RoleChange::LastAdministrator,
                _ => RoleChange::Done,
            })
        })
    }

    /// Gives an account another password and ends its sessions; `what` says whether its owner chose it
    /// ([`Change::PasswordChanged`]) or somebody else gave it ([`Change::PasswordReset`]), and it must be changed then.
    /// An account that was locked or disabled lets in again only where somebody else reset it. `false` when there is no
    /// such account.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_password(
        &self,
        name: &str,
        hash: &str,
        what: Change,
        by: By<'_>,
    ) -> Result<bool, StoreError> {
        let must_change = what == Change::PasswordReset;
        let sql = "UPDATE account SET password_hash = $2, must_change_password = $3, failed_attempts = 0, \
                   locked_until_us = NULL, is_active = $4 WHERE name = $1 AND (is_active = $4 OR $3 = $4)";
        on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(sql)
                .bind(name)
                .bind(hash)
                .bind(must_change)
                .bind(true)
                .execute(&mut *transaction)
                .await?;
            let sql = "DELETE FROM session WHERE account = $1";
            sqlx::query(sql).bind(name).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                insert_change!(by, (what, name, json!({})), &mut *transaction)?;
            }
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        })
    }

    /// Keeps a session by the hash of its id, and forgets those that have expired.
    ///
    /// # Errors
    /// What the database says.
    pub async fn create_session(
        &self,
        hash: &[u8; 32],
        name: &str,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        on_either!(self, writing pool => {
            let sql = "DELETE FROM session WHERE expires_us <= $1";
            sqlx::query(sql).bind(now.timestamp_micros()).execute(pool).await?;
            let sql = "INSERT INTO session (session_hash, account, expires_us) VALUES ($1, $2, $3)";
            sqlx::query(sql)
                .bind(hash.as_slice())
                .bind(name)
                .bind(expires_at.timestamp_micros())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Whom a session belongs to, where it has not expired and the account can be used.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<SignedIn>, StoreError> {
        let sql = "SELECT a.name, a.role, a.unit, a.must_change_password FROM session AS s \
                   JOIN account AS a ON a.name = s.account \
                   WHERE s.session_hash = $1 AND s.expires_us > $2 AND a.is_active = $3";
        let row: Option<(String, String, Option<String>, bool)> = on_either!(self, reading pool => {
            sqlx::query_as(sql)
                .bind(hash.as_slice())
                .bind(now.timestamp_micros())
                .bind(true)
                .fetch_optional(pool)
                .await
        })?;
        row.map(|(name, role, unit, must_change_password)| {
            Ok(SignedIn {
                name,
                role: read_role(&role)?,
                unit: read_unit(unit)?,
                must_change_password,
            })
        })
        .transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// What the database says.
    pub async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE session_hash = $1";
        on_either!(self, writing pool => {
            sqlx::query(sql).bind(hash.as_slice()).execute(pool).await.map(|_| ())
        })?;
        Ok(())
    }
}

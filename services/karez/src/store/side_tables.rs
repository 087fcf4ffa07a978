//! What lies beside the log, carried from one store into another: into a backup, or back from one.
//!
//! Rows that change are written over, rows that only come are added where they are missing, so carrying again brings a
//! copy up to date. Snapshots, and the sessions of those who are signed in, stay behind.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EventLog, StoreError};

macro_rules! read_rows {
    ($log:expr, $select:expr) => {
        on_either!($log, reading pool => sqlx::query_as($select).fetch_all(pool).await)?
    };
}

macro_rules! write_rows {
    ($log:expr, $insert:expr, $rows:expr, ($($column:ident),+)) => {
        on_either!($log, writing pool => {
            let mut transaction = pool.begin().await?;
            for ($($column,)+) in &$rows {
                sqlx::query($insert)$(.bind($column))+.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        })
    };
}

type Setting = (String, Vec<u8>);
type Message = (Uuid, String, String, i64, String, i32, i64);
type Try = (Uuid, i64, String, String);
type Person = (String, Option<Vec<u8>>, Option<DateTime<Utc>>);
type Account = (
    String,
    String,
    Option<String>,
    String,
    bool,
    i32,
    Option<i64>,
    bool,
    i64,
);
type Key = (
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
type Read = (i64, String, String, i32);
type Change = (i64, String, String, String, String);

impl EventLog {
    /// Carries what the notifier has said and how far it has come. Called before the events are carried: its mark must
    /// not stand beyond the copied log's end, or what follows there would never be told.
    ///
    /// # Errors
    /// What either database says.
    pub async fn carry_notices(&self, to: &Self) -> Result<(), StoreError> {
        // The mark before the messages it stands for, the tries before the messages they belong to: what is read later
        // has all that was named before.
        let settings: Vec<Setting> = read_rows!(self, "SELECT name, value FROM setting");
        let select_tries = "SELECT message_id, tried_us, outcome, detail FROM delivery ORDER BY delivery_no";
        let tries: Vec<Try> = read_rows!(self, select_tries);
        let messages: Vec<Message> = read_rows!(
            self,
            "SELECT message_id, receiver, message, created_us, state, attempts, next_try_us FROM outbox \
             ORDER BY outbox_no"
        );
        write_rows!(
            to,
            "INSERT INTO outbox (message_id, receiver, message, created_us, state, attempts, next_try_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, \
             attempts = excluded.attempts, next_try_us = excluded.next_try_us",
            messages,
            (id, receiver, message, created, state, attempts, next_try)
        );
        let tries = missing(tries, read_rows!(to, select_tries));
        write_rows!(
            to,
            "INSERT INTO delivery (message_id, tried_us, outcome, detail) VALUES ($1, $2, $3, $4)",
            tries,
            (id, tried, outcome, detail)
        );
        for (name, value) in settings {
            to.set_setting(&name, &value).await?;
        }
        Ok(())
    }

    /// Carries accounts, keys of programs and persons, what was changed about them, and what auditors looked at. Called after the events are carried:
    /// every person who is named in them then has their key.
    ///
    /// # Errors
    /// What either database says.
    pub async fn carry_people(&self, to: &Self) -> Result<(), StoreError> {
        let persons: Vec<Person> = read_rows!(self, "SELECT person, key, destroyed_at FROM person_key");
        write_rows!(
            to,
            "INSERT INTO person_key (person, key, destroyed_at) VALUES ($1, $2, $3) \
             ON CONFLICT (person) DO UPDATE SET key = excluded.key, destroyed_at = excluded.destroyed_at",
            persons,
            (person, key, destroyed_at)
        );
        self.carry_accounts(to).await?;
        let select_reads = "SELECT read_us, reader, address, status FROM audited_read ORDER BY read_no";
        let reads: Vec<Read> = read_rows!(self, select_reads);
        let reads = missing(reads, read_rows!(to, select_reads));
        write_rows!(
            to,
            "INSERT INTO audited_read (read_us, reader, address, status) VALUES ($1, $2, $3, $4)",
            reads,
            (at, reader, address, status)
        );
        let select_changes =
            "SELECT changed_us, actor, what, subject, detail FROM administration ORDER BY change_no";
        let changes: Vec<Change> = read_rows!(self, select_changes);
        let changes = missing(changes, read_rows!(to, select_changes));
        write_rows!(
            to,
            "INSERT INTO administration (changed_us, actor, what, subject, detail) VALUES ($1, $2, $3, $4, $5)",
            changes,
            (at, actor, what, subject, detail)
        );
        Ok(())
    }

    async fn carry_accounts(&self, to: &Self) -> Result<(), StoreError> {
        let accounts: Vec<Account> = read_rows!(
            self,
            "SELECT name, role, unit, password_hash, must_change_password, failed_attempts, locked_until_us, is_active, \
             created_us FROM account"
        );
        write_rows!(
            to,
            "INSERT INTO account (name, role, unit, password_hash, must_change_password, failed_attempts, \
             locked_until_us, is_active, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (name) DO UPDATE SET role = excluded.role, unit = excluded.unit, \
             password_hash = excluded.password_hash, must_change_password = excluded.must_change_password, \
             failed_attempts = excluded.failed_attempts, locked_until_us = excluded.locked_until_us, \
             is_active = excluded.is_active",
            accounts,
            (
                name,
                role,
                unit,
                hash,
                must_change,
                failed,
                locked,
                is_active,
                created
            )
        );
        // Those out of force first: a label stands for one key in force.
        let keys: Vec<Key> = read_rows!(
            self,
            "SELECT key_id, secret_hash, label, role, unit, created_us, expires_us, revoked_us, last_used_us \
             FROM api_key ORDER BY revoked_us IS NULL"
        );
        write_rows!(
            to,
            "INSERT INTO api_key (key_id, secret_hash, label, role, unit, created_us, expires_us, revoked_us, \
             last_used_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key_id) DO UPDATE SET \
             revoked_us = excluded.revoked_us, last_used_us = excluded.last_used_us",
            keys,
            (
                id, secret, label, role, unit, created, expires, revoked, last_used
            )
        );
        Ok(())
    }
}

/// The rows that are not there yet. They have no key that both databases share, and are told apart by their content: one
/// that occurs twice is there twice.
fn missing<Row: Hash + Eq>(mut rows: Vec<Row>, there: Vec<Row>) -> Vec<Row> {
    let mut counts: HashMap<Row, usize> = HashMap::new();
    for row in there {
        *counts.entry(row).or_default() += 1;
    }
    rows.retain(|row| match counts.get_mut(row) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        Some(_) | None => true,
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_occurs_twice_is_carried_twice_and_not_again() {
        assert_eq!(missing(vec![1, 2, 2, 3], vec![2]), [1, 2, 3]);
        assert_eq!(missing(vec![1, 2, 2, 3], vec![1, 2, 2, 3]), [0; 0]);
    }
}

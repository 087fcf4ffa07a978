//! One key a person. While it exists the person's fields can be opened; destroying it erases the person.

use std::collections::HashMap;
use std::fmt;

use karez_events::PersonId;
use serde_json::json;

use super::administration::insert_change;
use super::{By, Change, EventLog, StoreError};

/// The key under which one person's fields are sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonKey {
    /// The person's pseudonym.
    pub person: PersonId,
    /// The key.
    pub key: [u8; 32],
}

/// The key itself is never shown.
impl fmt::Debug for PersonKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PersonKey")
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// Inserts a key on whichever database the executor belongs to. A person whose key was destroyed gets a new one;
/// a person who has one keeps it, and no row is changed.
macro_rules! insert_person_key {
    ($key:expr, $executor:expr) => {
        sqlx::query(
            "INSERT INTO person_key (person, key) VALUES ($1, $2) ON CONFLICT (person) \
             DO UPDATE SET key = excluded.key, destroyed_at = NULL WHERE person_key.key IS NULL",
        )
        .bind($key.person.as_str())
        .bind($key.key.as_slice())
        .execute($executor)
        .await
    };
}
pub(super) use insert_person_key;

impl EventLog {
    /// The key of a person; `None` for somebody unknown or erased.
    ///
    /// # Errors
    /// What the database says.
    pub async fn person_key(&self, person: &PersonId) -> Result<Option<PersonKey>, StoreError> {
        let key = self
            .person_keys(std::slice::from_ref(person))
            .await?
            .remove(person);
        Ok(key.map(|key| PersonKey {
            person: person.clone(),
            key,
        }))
    }

    /// The keys of those persons who have one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn person_keys(&self, persons: &[PersonId]) -> Result<HashMap<PersonId, [u8; 32]>, StoreError> {
        if persons.is_empty() {
            return Ok(HashMap::new());
        }
        let asked: Vec<&str> = persons.iter().map(PersonId::as_str).collect();
        let found: Vec<(String, Vec<u8>)> = match self {
            Self::Postgres(log) => {
                let sql = "SELECT person, key FROM person_key WHERE key IS NOT NULL AND person = ANY($1)";
                sqlx::query_as(sql).bind(asked).fetch_all(log.pool()).await?
            }
            Self::Sqlite(log) => {
                let sql = "SELECT person, key FROM person_key WHERE key IS NOT NULL \
                           AND person IN (SELECT value FROM json_each($1))";
                sqlx::query_as(sql)
                    .bind(super::sqlite::json(&asked)?)
                    .fetch_all(log.reading())
                    .await?
            }
        };
        let key =
            |(person, key): (String, Vec<u8>)| Some((PersonId::try_new(&person).ok()?, key.try_into().ok()?));
        Ok(found.into_iter().filter_map(key).collect())
    }

    /// Keeps the key of a person outside a batch. `false` when the person has one already, which stays.
    ///
    /// # Errors
    /// What the database says.
    pub async fn create_person_key(&self, key: &PersonKey) -> Result<bool, StoreError> {
        let rows =
            on_either!(self, writing pool => insert_person_key!(key, pool).map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Destroys the key of a person, for a cause that is kept: the sealed fields are unreadable for ever, everything else stays. `false` when
    /// there was none. Backups hold the key until they expire; whoever keeps backups must say for how long.
    ///
    /// # Errors
    /// What the database says.
    pub async fn destroy_person_key(
        &self,
        person: &PersonId,
        cause: &str,
        by: By<'_>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE person_key SET key = NULL, destroyed_at = $2 WHERE person = $1 AND key IS NOT NULL";
        let person = person.as_str();
        let rows = on_either!(self, writing pool => {
            let mut transaction = pool.begin().await?;
            let done = sqlx::query(sql).bind(person).bind(by.at).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                let detail = json!({ "cause": cause });
                insert_change!(by, (Change::PersonErased, person, detail), &mut *transaction)?;
            }
            transaction.commit().await?;
            done.rows_affected()
        });
        // The old row must not survive as a dead one in the file.
        match self {
            Self::Postgres(log) => sqlx::query("VACUUM person_key")
                .execute(log.pool())
                .await
                .map(|_| ())?,
            Self::Sqlite(log) => {
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                    .execute(log.writing())
                    .await
                    .map(|_| ())?;
            }
        }
        Ok(rows > 0)
    }
}

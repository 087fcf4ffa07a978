//! Small values that belong to the store itself and to no configuration file.

use super::{EventLog, StoreError};

impl EventLog {
    /// The value under a name, where there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT value FROM setting WHERE name = $1";
        Ok(on_either!(self, reading pool => sqlx::query_scalar(sql).bind(name).fetch_optional(pool).await)?)
    }

    /// The value under a name; `value` becomes it where there is none yet. All who ask get the same value.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ensure_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let insert = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        let select = "SELECT value FROM setting WHERE name = $1";
        on_either!(self, writing pool => {
            sqlx::query(insert).bind(name).bind(value).execute(pool).await?;
            Ok(sqlx::query_scalar(select).bind(name).fetch_one(pool).await?)
        })
    }

    /// Sets the value under a name, whatever it was before.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        on_either!(self, writing pool => sqlx::query(sql).bind(name).bind(value).execute(pool).await.map(|_| ()))?;
        Ok(())
    }
}

//! Looks at the keys of programs in the store, shared by requests that come together: a program that posts by hundreds costs
//! a look for many of them, and a key that is revoked still lets in nobody who comes after that.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use super::turns::Turns;
use crate::accounts::is_secret_of;
use crate::store::{ApiKey, EventLog, StoreError};

/// Looks under way, and the last one at each key while somebody waits for it.
#[derive(Debug, Default)]
pub(super) struct KeyLooks {
    /// How many were begun.
    begun: AtomicU64,
    turns: Turns<Option<Look>>,
}

/// What a look found.
#[derive(Debug)]
struct Look {
    /// The place of its beginning among all.
    number: u64,
    key: Option<ApiKey>,
}

impl KeyLooks {
    /// The key in force that a public part and a secret are those of, as the store has it after this was asked. Notes that it
    /// is in use.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn shown(
        &self,
        log: &EventLog,
        (key_id, secret): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, StoreError> {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let turn = self.turns.of(key_id);
        let mut last = turn.lock().await;
        // A look that had begun when this was asked may have missed what was changed in between.
        if last.as_ref().is_none_or(|look| look.number <= begun_before) {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let key = log.key(key_id).await?;
            *last = Some(Look { number, key });
        }
        let found = last.as_mut().and_then(|look| look.key.as_mut());
        let Some(key) = found.filter(|key| is_secret_of(secret, key) && key.is_in_force(now)) else {
            return Ok(None);
        };
        log.note_use(key, now).await?;
        Ok(Some(key.clone()))
    }
}

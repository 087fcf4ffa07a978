//! Looks at the keys of programs in the store, shared by requests that come together: a program that posts by hundreds costs
//! a look for many of them, and a key that is revoked still lets in nobody who comes after that.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use super::problem::Problem;
use super::turns::Turns;
use crate::accounts::is_secret_of;
use crate::store::{ApiKey, EventLog};

/// Looks under way, and the last one at each key while somebody waits for it.
#[derive(Debug, Default)]
pub(super) struct KeyLooks {
    /// How many were begun.
    begun: AtomicU64,
    turns: Turns<Option<Look>>,
}

/// What a look found. Who waited for it while the database did not answer need not wait for another one.
#[derive(Debug)]
struct Look {
    /// The place of its beginning among all.
    number: u64,
    found: Result<Option<ApiKey>, Problem>,
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
    ) -> Result<Option<ApiKey>, Problem> {
        let Some(key) = self.in_force(log, (key_id, secret), now).await? else {
            return Ok(None);
        };
        log.note_use(&key, now).await?;
        Ok(Some(key))
    }

    async fn in_force(
        &self,
        log: &EventLog,
        (key_id, secret): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, Problem> {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let turn = self.turns.of(key_id);
        let mut last = turn.lock().await;
        // A look that had begun when this was asked may have missed what was changed in between.
        let look = match last.take().filter(|look| look.number > begun_before) {
            Some(look) => look,
            None => Look {
                number: self.begun.fetch_add(1, Ordering::SeqCst) + 1,
                found: log.key(key_id).await.map_err(Problem::from),
            },
        };
        let look = last.insert(look);
        let Some(key) = look.found.as_mut().map_err(|problem| problem.clone())? else {
            return Ok(None);
        };
        if !is_secret_of(secret, key) || !key.is_in_force(now) {
            return Ok(None);
        }
        let shown = key.clone();
        // Only the first of those who share a look notes the use.
        key.last_used_at = Some(now);
        Ok(Some(shown))
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::accounts::{fresh_key, key_parts};
    use crate::authorization::Role;
    use crate::store::{By, CONSOLE, LogSettings, StoreLocation};

    #[tokio::test]
    async fn a_look_is_shared_by_those_who_asked_before_it_began_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let location = StoreLocation::Sqlite(folder.path().to_owned());
        let log = EventLog::create_or_open(&location, LogSettings::default())
            .await
            .unwrap();
        let now = "2024-03-01T00:00:00Z".parse().unwrap();
        let by = By {
            actor: CONSOLE,
            at: now,
        };
        let (text, kept) = fresh_key("erp", Role::Finance, None, now, None).unwrap();
        assert!(log.create_key(&kept, by).await.unwrap());
        let looks = KeyLooks::default();
        let shown = || looks.shown(&log, key_parts(&text).unwrap(), now);
        assert_eq!(shown().await.unwrap().unwrap().key_id, kept.key_id);

        // Somebody is looking; the key is revoked before the look ends.
        let turn = looks.turns.of(&kept.key_id);
        let mut last = turn.lock().await;
        let mut before = pin!(shown());
        assert!(poll!(&mut before).is_pending());
        let number = looks.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let found = Ok(log.key(&kept.key_id).await.unwrap());
        assert!(log.revoke_key(&kept, by).await.unwrap());
        let mut after = pin!(shown());
        assert!(poll!(&mut after).is_pending());
        *last = Some(Look { number, found });
        drop(last);

        let Poll::Ready(told) = poll!(&mut before) else {
            panic!("whoever asked before the look began needs no other");
        };
        assert_eq!(told.unwrap().unwrap().key_id, kept.key_id);
        assert_eq!(looks.begun.load(Ordering::SeqCst), number);
        assert!(after.await.unwrap().is_none(), "it asked after that look began");
    }
}

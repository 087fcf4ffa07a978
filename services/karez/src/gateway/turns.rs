//! Turns: whoever works under a name does it after whoever came before under the same one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Turns by name, each with what the last one left for the next. A name that nobody waits for is forgotten.
#[derive(Debug, Default)]
pub(super) struct Turns<T>(Mutex<HashMap<String, Weak<tokio::sync::Mutex<T>>>>);

impl<T: Default> Turns<T> {
    /// The turn of a name, to wait for.
    pub(super) fn of(&self, name: &str) -> Arc<tokio::sync::Mutex<T>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(name).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(name.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

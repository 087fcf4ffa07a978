//! What is computed from something and kept beside it.

use std::ops::{Deref, DerefMut};

/// What was computed from what it lies beside, and still holds. Whoever has it equals whoever has not, and a copy begins
/// without it, since the copy may change.
#[derive(Debug, Default)]
pub struct Derived<T>(T);

impl<T> Deref for Derived<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Derived<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Default> Clone for Derived<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Derived<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Derived<T> {}

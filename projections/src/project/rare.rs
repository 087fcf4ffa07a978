//! Facts that few entries have.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Facts that few have: a pointer where there are any, and [`Facts::NONE`] where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rare<T>(Option<Box<T>>);

/// Facts that may be absent altogether.
pub trait Facts: PartialEq + 'static {
    /// What is said where there are none.
    const NONE: &'static Self;
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Facts> From<T> for Rare<T> {
    fn from(facts: T) -> Self {
        Self((facts != *T::NONE).then(|| Box::new(facts)))
    }
}

impl<T: Facts> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::NONE)
    }
}

//! The vocabulary of karez: every fact it can know, and nothing that acts.
//!
//! Begin with [`Event`], the closed list of facts in the past tense, then [`RecordedEvent`], a fact
//! with its place in the log. [`Money`], [`Currency`] and [`Ratio`] keep figures exact.
//!
//! Invariants of the log that the other crates rely on:
//! - positions are gapless and start at 1; versions are gapless within a stream and start at 1;
//! - an event id occurs once, for ever;
//! - recorded bytes never change: an old shape is read through [`upcast`], never rewritten;
//! - `hash` of an event covers the hash before it and every stored byte of its own ([`chain`]); a [`checkpoint`] signs the root of the [`merkle`] tree over them.
//!
//! This crate does no input or output and reads no clock.

pub mod chain;
pub mod checkpoint;
mod described;
pub mod event;
pub mod ids;
mod json;
pub mod merkle;
pub mod money;
pub mod ratio;
pub mod recorded;
pub mod submission;
mod text;
pub mod upcast;

pub use chain::{Hash, HashAlgorithm};
pub use checkpoint::{Checkpoint, CheckpointError, Signer, Verifier};
pub use event::{DecodeError, Event, EventType};
pub use ids::{
    CategoryId, FundId, IdError, PersonId, Position, ProjectId, StreamId, StreamKind, UnitId, WarningId,
};
pub use json::from_json;
pub use money::{Currency, CurrencyError, Money, MoneyError};
pub use ratio::Ratio;
pub use recorded::{Actor, Document, Metadata, RawEvent, RecordedEvent};
pub use submission::Submission;

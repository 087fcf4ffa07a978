//! The event log, held to the same behaviour on both databases.

#[path = "event_log/appending.rs"]
mod appending;
#[path = "event_log/auditing.rs"]
mod auditing;
#[path = "event_log/indexing.rs"]
mod indexing;
#[path = "event_log/opening.rs"]
mod opening;
#[path = "event_log/sealing.rs"]
mod sealing;
#[path = "event_log/segments.rs"]
mod segments;
#[path = "event_log/side_tables.rs"]
mod side_tables;
#[path = "event_log/signing.rs"]
mod signing;
#[path = "event_log/store.rs"]
mod store;

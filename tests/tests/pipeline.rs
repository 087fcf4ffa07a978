//! The life of a submission, from any sender to the log and the feed, on every bus and every store.

#[path = "pipeline/accounts.rs"]
mod accounts;
#[path = "pipeline/facts.rs"]
mod facts;
#[path = "pipeline/faults.rs"]
mod faults;
#[path = "pipeline/nats.rs"]
mod nats;
#[path = "pipeline/outcomes.rs"]
mod outcomes;
#[path = "pipeline/world.rs"]
mod world;

//! The program from outside: its HTTP interface and its commands, over a real store, as real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "api/accounts.rs"]
mod accounts;
#[path = "api/administration.rs"]
mod administration;
#[path = "api/batch.rs"]
mod batch;
#[path = "api/commands.rs"]
mod commands;
#[path = "api/corrections.rs"]
mod corrections;
#[path = "api/crowd.rs"]
mod crowd;
#[path = "api/directory.rs"]
mod directory;
#[path = "api/evidence.rs"]
mod evidence;
#[path = "api/fuzz.rs"]
mod fuzz;
#[path = "api/hostile.rs"]
mod hostile;
#[path = "api/ids.rs"]
mod ids;
#[path = "api/imports.rs"]
mod imports;
#[path = "api/live.rs"]
mod live;
#[path = "api/notices.rs"]
mod notices;
#[path = "api/office.rs"]
mod office;
#[path = "api/openapi.rs"]
mod openapi;
#[path = "api/overload.rs"]
mod overload;
#[path = "api/patience.rs"]
mod patience;
#[path = "api/persons.rs"]
mod persons;
#[path = "api/posting.rs"]
mod posting;
#[path = "api/preview.rs"]
mod preview;
#[path = "api/problems.rs"]
mod problems;
#[path = "api/reading.rs"]
mod reading;
#[path = "api/readme.rs"]
mod readme;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/roles.rs"]
mod roles;
#[path = "api/rule_changes.rs"]
mod rule_changes;
#[path = "api/serving.rs"]
mod serving;
#[path = "api/warnings.rs"]
mod warnings;
#[path = "api/world.rs"]
mod world;
#[path = "api/year.rs"]
mod year;

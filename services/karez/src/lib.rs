//! karez supervises public project funds and warns early: one binary, one library, roles.

pub mod audit;
pub mod bench;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod follower;
pub mod gateway;
pub mod import;
pub mod intake_sweep;
pub mod language;
pub use karez_alert_rules::nearest;
pub mod notifier;
pub mod print;
pub mod receipt;
pub mod recorder;
pub mod replay;
pub mod sentinel;
pub mod serve;
pub mod session;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod trouble;
pub mod views;

//! The whole system under faults, as real processes: whatever is killed, cut or full, what was acknowledged is in
//! the log once.

#[path = "faults/backups.rs"]
mod backups;
#[path = "faults/hostile.rs"]
mod hostile;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/outages.rs"]
mod outages;
#[path = "faults/place.rs"]
mod place;
#[path = "faults/refusing.rs"]
mod refusing;
#[path = "faults/schedule.rs"]
mod schedule;
#[path = "faults/standby.rs"]
mod standby;
#[path = "faults/traffic.rs"]
mod traffic;

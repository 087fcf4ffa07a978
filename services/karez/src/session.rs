//! A recorder for the length of one command: `karez import`, `post` and `demo` write through the same recorder as
//! the server, only without a server.

use std::sync::Arc;

use crate::bus::{Bus, Intake};
use crate::clock::Clock;
use crate::recorder::Recorder;
use crate::store::EventLog;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// Another process records into this store.
#[derive(Debug, thiserror::Error)]
#[error(
    "another karez records into this store: send the file through it (HTTP, or NATS), or stop it first \
     (该数据目录正由另一个 karez 进程记账：请通过该服务提交，或先停止它)"
)]
pub struct AlreadyRecording;

/// Runs `work` beside a recorder of its own, and lets the recorder finish what it accepted.
///
/// # Errors
/// [`AlreadyRecording`], what the recorder says, or what `work` says.
pub async fn recording<T>(
    log: &EventLog,
    clock: Clock,
    metrics: Arc<Metrics>,
    work: impl AsyncFnOnce(Intake) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    recording_from(log, Bus::in_process(), clock, metrics, work).await
}

/// [`recording`] of what comes over a bus.
///
/// # Errors
/// As there.
pub(crate) async fn recording_from<T>(
    log: &EventLog,
    bus: Bus,
    clock: Clock,
    metrics: Arc<Metrics>,
    work: impl AsyncFnOnce(Intake) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // Taken here, so that a command says soon that it cannot record.
    let lease = log.lease_soon("command").await?.ok_or(AlreadyRecording)?;
    let intake = bus.intake();
    let mut tasks = Tasks::new();
    let stop = tasks.stop_signal();
    tasks.spawn(
        "recorder",
        Recorder::new(log.clone(), bus, clock, metrics)
            .with_lease(lease)
            .run(stop),
    );
    let mut done = None;
    tasks.run_until(async { done = Some(work(intake).await) }).await?;
    done.unwrap_or_else(|| Err(anyhow::anyhow!("the recorder ended before the work was done")))
}

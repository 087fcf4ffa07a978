//! The only place that starts tasks. Every task has a name and ends under somebody's eyes: a role that
//! fails or panics stops the process with an error, and a child is stopped with its owner.

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long roles may take to finish what they accepted.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// How long callers may take to hear the answers to what was accepted: who sends half a request holds nobody up.
const DOOR_LIMIT: Duration = Duration::from_secs(5);

/// The roles of one process.
#[derive(Debug, Default)]
pub struct Tasks {
    close: CancellationToken,
    stop: CancellationToken,
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    names: Vec<(tokio::task::Id, &'static str)>,
    doors: Vec<&'static str>,
}

impl Tasks {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The signal on which every role finishes what it accepted, and ends.
    #[must_use]
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The signal on which a door takes nothing new and answers what it took, while those behind it still work.
    #[must_use]
    pub fn close_signal(&self) -> CancellationToken {
        self.close.clone()
    }

    /// Starts a role that takes requests from outside: it stops before the others.
    pub fn spawn_door<F>(&mut self, name: &'static str, role: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.doors.push(name);
        self.spawn(name, role);
    }

    /// Starts a role.
    #[allow(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    pub fn spawn<F>(&mut self, name: &'static str, role: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let handle = self.running.spawn(async move { (name, role.await) });
        self.names.push((handle.id(), name));
    }

    /// Waits until `stop` comes or a role ends, then lets every role finish.
    ///
    /// # Errors
    /// The first role that failed, panicked, or ended before it was told to.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let first = tokio::select! {
            () = stop => Ok(()),
            ended = self.running.join_next() => match ended {
                None => Ok(()),
                Some(ended) => self.judge(ended, false),
            },
        };
        self.close.cancel();
        let closed = tokio::time::timeout(DOOR_LIMIT, self.close_doors()).await;
        let closed = closed.unwrap_or_else(|_| {
            tracing::warn!("callers did not take their answers within {DOOR_LIMIT:?}");
            Ok(())
        });
        let first = first.and(closed);
        self.stop.cancel();
        let drained = tokio::time::timeout(DRAIN_LIMIT, self.drain()).await;
        let rest = drained.unwrap_or_else(|_| {
            let late: Vec<&str> = self.names.iter().map(|(_, name)| *name).collect();
            Err(anyhow::anyhow!(
                "not stopped within {DRAIN_LIMIT:?}: {}",
                late.join(", ")
            ))
        });
        first.and(rest)
    }

    async fn close_doors(&mut self) -> anyhow::Result<()> {
        while !self.doors.is_empty() {
            let Some(ended) = self.running.join_next().await else {
                break;
            };
            let name = ended.as_ref().ok().map(|(name, _)| *name);
            let is_door = name.is_some_and(|name| self.doors.contains(&name));
            self.doors.retain(|door| Some(*door) != name);
            self.judge(ended, is_door)?;
        }
        Ok(())
    }

    async fn drain(&mut self) -> anyhow::Result<()> {
        let mut result = Ok(());
        while let Some(ended) = self.running.join_next().await {
            result = result.and(self.judge(ended, true));
        }
        result
    }

    fn judge(
        &mut self,
        ended: Result<(&'static str, anyhow::Result<()>), JoinError>,
        stopping: bool,
    ) -> anyhow::Result<()> {
        let is_it = |(id, name): &mut (tokio::task::Id, &'static str)| match &ended {
            Ok((ended, _)) => name == ended,
            Err(error) => *id == error.id(),
        };
        let name = self
            .names
            .extract_if(.., is_it)
            .next()
            .map_or("task", |(_, name)| name);
        let failure = match ended {
            Ok((_, Ok(()))) if stopping => return Ok(()),
            Ok((_, Ok(()))) => anyhow::anyhow!("the {name} ended before it was told to stop"),
            Ok((_, Err(error))) => error.context(format!("the {name} failed")),
            Err(error) => anyhow::anyhow!("the {name} panicked: {error}"),
        };
        tracing::error!("{failure:#}");
        Err(failure)
    }
}

/// A task that belongs to its owner: it is stopped when this is dropped.
#[derive(Debug)]
pub struct Child(JoinHandle<()>);

impl Child {
    /// Whether it has ended, by itself or by a panic.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) {
        if let Err(error) = (&mut self.0).await {
            tracing::error!("a task ended badly: {error}");
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tasks that come and go, such as connections: they are stopped when this is dropped.
#[derive(Debug, Default)]
pub struct Group(JoinSet<()>);

impl Group {
    /// Starts one more.
    #[allow(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    pub fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(work);
    }

    /// Waits until one has ended; for ever while there is none.
    pub async fn one_ended(&mut self) {
        match self.0.join_next().await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::error!("a task ended badly: {error}"),
            None => std::future::pending().await,
        }
    }
}

/// Starts a task that lives no longer than the value returned.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one place that starts tasks")]
pub fn spawn_child(name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> Child {
    Child(tokio::spawn(async move {
        tracing::trace!(task = name, "started");
        work.await;
        tracing::trace!(task = name, "ended");
    }))
}

/// Runs work that computes for long (packing a snapshot) beside the tasks that answer.
///
/// # Errors
/// The work panicked.
#[allow(clippy::disallowed_methods, reason = "the one place that starts tasks")]
pub async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| anyhow::anyhow!("a computation panicked: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_role_that_fails_stops_the_others_and_is_named() {
        let mut tasks = Tasks::new();
        let stop = tasks.stop_signal();
        tasks.spawn("gateway", async move {
            stop.cancelled().await;
            Ok(())
        });
        tasks.spawn("recorder", async { Err(anyhow::anyhow!("no disk")) });
        let failure = tasks.run_until(std::future::pending()).await.unwrap_err();
        assert_eq!(format!("{failure:#}"), "the recorder failed: no disk");
    }

    #[tokio::test]
    async fn a_role_that_panics_is_named() {
        let mut tasks = Tasks::new();
        tasks.spawn("sentinel", async { panic!("impossible") });
        let failure = tasks.run_until(std::future::pending()).await.unwrap_err();
        assert!(
            failure.to_string().starts_with("the sentinel panicked"),
            "{failure}"
        );
    }

    #[tokio::test]
    async fn roles_that_end_on_the_signal_have_done_well() {
        let mut tasks = Tasks::new();
        let stop = tasks.stop_signal();
        tasks.spawn("gateway", async move {
            stop.cancelled().await;
            Ok(())
        });
        tasks.run_until(std::future::ready(())).await.unwrap();
    }
}

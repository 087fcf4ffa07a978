//! Today's figures of everything, ready before somebody asks for them: dashboards open with them.

use std::time::Duration;

use chrono::NaiveDate;
use karez_events::{Position, ProjectId};
use karez_projections::measures::{Brief, catch_up, catch_up_orders, census};
use tokio_util::sync::CancellationToken;

use super::Gateway;
use crate::clock::Stopwatch;
use crate::follower::Follower;
use crate::tasks::compute;

/// What has changed is added up so often.
const EVERY: Duration = Duration::from_millis(25);
/// Projects looked at in one reading, so that the next event waits for no more of them.
const PROJECTS: usize = 500;
/// Readings in a row before figures are looked at again: lists come second.
const SLICES: usize = 20;

impl Gateway {
    /// Keeps the figures of the business day ready, and those of the next when it begins, until told to stop. What is not
    /// ready is computed for whoever asks.
    ///
    /// # Errors
    /// Never.
    pub async fn keep_today_ready(self, stop: CancellationToken) -> anyhow::Result<()> {
        if self.0.settings.only_health {
            stop.cancelled().await;
        }
        let follower = &self.parts().follower;
        let mut ready: Option<(NaiveDate, Position)> = None;
        let (mut told, mut lists_are_behind) = (false, false);
        while !stop.is_cancelled() {
            let started = Stopwatch::start();
            let (today, position) = (self.today(), follower.position());
            let is_behind = ready != Some((today, position));
            if is_behind {
                let is_new_day = ready.is_none_or(|(day, _)| day != today);
                match make_ready(follower, today, is_new_day, &stop).await {
                    Ok(()) => ready = Some((today, position)),
                    Err(error) if told => tracing::debug!("today's figures are not ready: {error:#}"),
                    Err(error) => {
                        tracing::error!("today's figures are not ready before somebody asks: {error:#}");
                    }
                }
            }
            told = ready != Some((today, position));
            if let Some((_, position)) = ready {
                let behind = follower.position().saturating_sub(position);
                self.parts().metrics.lag("figures", behind);
            }
            if is_behind || lists_are_behind {
                let kept = keep_lists(follower, today, &stop).await;
                lists_are_behind = kept.unwrap_or_else(|error| {
                    tracing::debug!("lists are not ready before somebody asks: {error:#}");
                    false
                });
            }
            // Where it takes long, it takes a fifth of the time at most.
            let pause = EVERY.max(started.elapsed() * 4);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok(())
    }
}

async fn make_ready(
    follower: &Follower,
    today: NaiveDate,
    is_new_day: bool,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut seen = None;
    let mut is_more = is_new_day;
    while is_more && !stop.is_cancelled() {
        let follower = follower.clone();
        let last = compute(move || look_at_some(&follower, seen.as_ref(), today)).await?;
        is_more = last.is_some();
        seen = last;
    }
    let mut is_more = true;
    while is_more && !stop.is_cancelled() {
        let follower = follower.clone();
        is_more = compute(move || catch_up(&follower.read(), today, PROJECTS)).await?;
    }
    let follower = follower.clone();
    compute(move || drop(census(&follower.read(), today))).await
}

/// Moves what has changed to its place in the lists that are looked at, some of it where that is much; whether there is more.
async fn keep_lists(follower: &Follower, today: NaiveDate, stop: &CancellationToken) -> anyhow::Result<bool> {
    for _ in 0..SLICES {
        let follower = follower.clone();
        let is_more = !stop.is_cancelled()
            && compute(move || catch_up_orders(&follower.read(), today, PROJECTS)).await?;
        if !is_more {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Computes the briefs of the projects after one, and gives the last of them.
fn look_at_some(follower: &Follower, after: Option<&ProjectId>, today: NaiveDate) -> Option<ProjectId> {
    let portfolio = follower.read();
    let mut last = None;
    for project in portfolio.projects_after(after).take(PROJECTS) {
        drop(Brief::of(project, today));
        last = Some(&project.id);
    }
    last.cloned()
}

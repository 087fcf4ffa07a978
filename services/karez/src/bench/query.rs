//! How fast the pages are computed, against reading and decoding the rows of the log that they come from.

use chrono::NaiveDate;
use karez_events::ProjectId;
use karez_projections::Portfolio;

use super::{BenchReport, Line, Size, Times, fold};
use crate::clock::{Clock, Stopwatch};
use crate::replay::load_portfolio;
use crate::store::EventLog;
use crate::views::page::Paging;
use crate::views::projects::Filter;
use crate::views::{Moment, overview, project, projects};

/// Pages of each kind in one round.
const PAGES: usize = 20;
/// Rows of a list page.
const PAGE_ROWS: usize = 100;

/// Measures on what the store holds.
///
/// # Errors
/// The store is empty or cannot be read.
pub async fn query(log: &EventLog, size: Size) -> anyhow::Result<BenchReport> {
    let head = log.head().await?.position;
    let portfolio = load_portfolio(log, None).await?;
    let ids: Vec<ProjectId> = portfolio.projects().map(|project| project.id.clone()).collect();
    anyhow::ensure!(
        !ids.is_empty(),
        "there is no project to show: fill the store first"
    );
    let as_of = NaiveDate::from_ymd_opt(2024, 9, 30).unwrap_or_default();
    let moment = Moment {
        as_of,
        known_at: Clock::system().now(),
    };
    let [mut decoding, mut past, mut overviews, mut lists, mut details] = [const { Times::empty() }; 5];
    for _ in 0..size.rounds {
        let started = Stopwatch::start();
        fold::read(log, head, true).await?;
        decoding.add(started.elapsed());

        let started = Stopwatch::start();
        load_portfolio(log, Some(head / 2)).await?;
        past.add(started.elapsed());

        overviews.add(timed(|| drop(overview::show(&portfolio, moment)), PAGES));
        lists.add(timed(|| list(&portfolio, moment), PAGES));
        let mut next = ids.iter().cycle();
        details.add(timed(
            || drop(next.next().map(|id| project::show(&portfolio, id, moment))),
            PAGES,
        ));
    }
    let decoded = decoding.line("read and decode every event", 1);
    let against = |line: Line| line.against(&decoded);
    let lines = vec![
        against(past.line("the whole portfolio as it was known half the log ago", 1)),
        against(overviews.line("overview", PAGES)),
        against(lists.line("first page of projects by amount spent, 100 rows", PAGES)),
        against(details.line("project page", PAGES)),
    ];
    Ok(BenchReport::new(
        "query",
        log.backend(),
        [vec![decoded], lines].concat(),
    ))
}

fn timed(mut page: impl FnMut(), pages: usize) -> std::time::Duration {
    let started = Stopwatch::start();
    for _ in 0..pages {
        page();
    }
    started.elapsed()
}

fn list(portfolio: &Portfolio, moment: Moment) {
    let paging = Paging {
        sort: "-spent".to_owned(),
        limit: Some(PAGE_ROWS),
        ..Paging::default()
    };
    drop(projects::list(portfolio, moment, &Filter::default(), &paging));
}

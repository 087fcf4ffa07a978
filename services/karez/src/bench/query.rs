//! How fast the pages are computed, against reading and decoding the rows of the log that they come from.

use std::time::Duration;

use chrono::NaiveDate;
use karez_events::{ProjectId, RawEvent, RecordedEvent};
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
    // The last events are applied one by one, so that each page is of figures that have just changed.
    let pages = size.rounds * PAGES;
    let looked_at_from = head.saturating_sub(u64::try_from(pages).unwrap_or(u64::MAX));
    let mut portfolio = load_portfolio(log, Some(looked_at_from)).await?;
    let last = log.read(looked_at_from, pages).await?;
    let last: Vec<RecordedEvent> = last.iter().map(RawEvent::decode).collect::<Result<_, _>>()?;
    let mut last = last.iter();
    let ids: Vec<ProjectId> = portfolio.projects().map(|project| project.id.clone()).collect();
    anyhow::ensure!(
        !ids.is_empty(),
        "there is no project to show: fill the store first"
    );
    let mut next = ids.iter().cycle();
    let as_of = NaiveDate::from_ymd_opt(2024, 12, 31).unwrap_or_default();
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

        let [mut of_overviews, mut of_lists, mut of_details] = [Duration::ZERO; 3];
        for _ in 0..PAGES {
            last.next().into_iter().for_each(|event| portfolio.apply(event));
            of_overviews += timed(|| drop(overview::show(&portfolio, moment)));
            of_lists += timed(|| list(&portfolio, moment));
            of_details += timed(|| drop(next.next().map(|id| project::show(&portfolio, id, moment))));
        }
        overviews.add(of_overviews);
        lists.add(of_lists);
        details.add(of_details);
    }
    let decoded = decoding.line("read and decode every event", 1);
    let against = |line: Line| line.against(&decoded);
    let lines = vec![
        against(past.line("the whole portfolio as it was known half the log ago", 1)),
        against(overviews.line("overview, each after a posting", PAGES)),
        against(lists.line(
            "first page of projects by amount spent, 100 rows, each after a posting",
            PAGES,
        )),
        against(details.line("project page", PAGES)),
    ];
    Ok(BenchReport::new(
        "query",
        log.backend(),
        [vec![decoded], lines].concat(),
    ))
}

fn timed(page: impl FnOnce()) -> Duration {
    let started = Stopwatch::start();
    page();
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

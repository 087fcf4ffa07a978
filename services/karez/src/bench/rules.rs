//! How fast the rules are asked, against computing the measures that they read; and how long a recorded fact takes to
//! become a recorded warning.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use karez_alert_rules::evaluate::Ask;
use karez_alert_rules::{RuleSet, Watch};
use karez_projections::measures::measures;
use karez_projections::{Portfolio, Warnings};

use super::{BenchReport, Size, Times, workload};
use crate::clock::{BUSINESS_TIME_ZONE, Clock, Stopwatch};
use crate::replay::load_portfolio;
use crate::session::recording;
use crate::store::EventLog;
use crate::telemetry::Metrics;

/// Facts whose way to a warning is timed in a round.
const ALARMS: usize = 20;
const READ_EVENTS: usize = 100;

/// Measures on what the store holds.
///
/// # Errors
/// The store cannot be read or written.
pub async fn rules(log: &EventLog, size: Size) -> anyhow::Result<BenchReport> {
    let portfolio = load_portfolio(log, None).await?;
    let (projects, funds) = (portfolio.project_count(), portfolio.funds().len());
    let rules = RuleSet::default().general().rules().len();
    let day = NaiveDate::from_ymd_opt(2024, 9, 30).unwrap_or_default();
    let at: DateTime<Utc> = day.and_time(chrono::NaiveTime::MIN).and_utc();
    let [mut figures, mut asked, mut first_run, mut next_run] = [const { Times::empty() }; 4];
    for _ in 0..size.rounds {
        let started = Stopwatch::start();
        for project in portfolio.projects() {
            for currency in project.currencies() {
                drop(measures(project, *currency, day));
            }
        }
        figures.add(started.elapsed());

        let eve = day.pred_opt().unwrap_or(day);
        let mut watch = Watch::resumed(portfolio.clone(), Warnings::default(), RuleSet::default(), eve);
        let started = Stopwatch::start();
        drop(watch.stand(day).each(Ask::Day, drop));
        asked.add(started.elapsed());

        let started = Stopwatch::start();
        drop(watch.end_day(day, at));
        first_run.add(started.elapsed());
        let started = Stopwatch::start();
        drop(watch.end_day(day.succ_opt().unwrap_or(day), at));
        next_run.add(started.elapsed());
    }
    let evaluations = (projects + funds) * rules;
    let figures = figures.line("measures of every project", projects);
    let asked = asked.line(
        "one rule about one project, every rule about everything",
        evaluations,
    );
    let first_run = first_run.line("a daily run that raises what it finds", 1);
    let next_run = next_run.line("the daily run after it", 1);
    let alarms = alarms(log, portfolio, size)
        .await?
        .line("from a recorded fact to its recorded warning", ALARMS);
    let lines = vec![
        asked.against(&figures),
        next_run.against(&first_run),
        figures,
        first_run,
        alarms,
    ];
    Ok(BenchReport::new("rules", log.backend(), lines))
}

/// Facts that each bring a warning, one after the other: the time from a fact's receipt until its warnings are recorded,
/// on the sentinel's way: read from the log, decode, judge, submit.
async fn alarms(log: &EventLog, portfolio: Portfolio, size: Size) -> anyhow::Result<Times> {
    let needed = size.rounds * ALARMS;
    anyhow::ensure!(
        size.projects >= needed,
        "each of {needed} facts needs a project of its own: give --projects {needed} or more"
    );
    let clock = Clock::system();
    let today = clock.today(BUSINESS_TIME_ZONE);
    let mut watch = Watch::resumed(portfolio, Warnings::default(), RuleSet::default(), today);
    let mut times = Times::empty();
    let metrics = Arc::new(Metrics::try_new()?);
    recording(log, clock, metrics, async |intake| {
        for round in 0..size.rounds {
            let mut took = Duration::ZERO;
            for fact in workload::overspendings(round * ALARMS, ALARMS, size.projects)? {
                let before = log.head().await?.position;
                intake.submit(fact).await?;
                let started = Stopwatch::start();
                let mut said = Vec::new();
                for event in log.read(before, READ_EVENTS).await? {
                    said.extend(watch.take(&event.decode()?, today));
                }
                anyhow::ensure!(
                    !said.is_empty(),
                    "a posting beyond the money there is brings no warning"
                );
                for outcome in intake.submit_all(said).await {
                    outcome?;
                }
                took += started.elapsed();
            }
            times.add(took);
        }
        Ok(())
    })
    .await?;
    Ok(times)
}

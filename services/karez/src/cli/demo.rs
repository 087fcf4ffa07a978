//! `karez demo`: one year of a made-up city's fund, recorded as it would have become known.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use karez_events::Submission;

use super::context::Context;
use super::output;
use super::post::explain;
use crate::accounts::hash_password;
use crate::bus::Intake;
use crate::clock::Clock;
use crate::demo::accounts::{PASSWORD, accounts};
use crate::demo::{STORY, submissions};
use crate::receipt::Outcome;
use crate::sentinel::Sentinel;
use crate::session::recording;
use crate::store::{By, CONSOLE, EventLog, NewAccount};
use crate::telemetry::Metrics;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Make an account for each role too; their password is printed, and known to everybody
    #[arg(long)]
    accounts: bool,
}

pub(super) async fn run(context: &Context, args: &DemoArgs) -> Result<Exit, Trouble> {
    let log = context.create_or_open().await?;
    if log.head().await?.position > 0 {
        let what = format!(
            "{} holds facts already: a demonstration is not mixed with them",
            log.place()
        );
        return Err(Trouble::wrong_use(what).advise("name a new folder with --data DIR"));
    }
    let metrics = Arc::new(Metrics::try_new().map_err(anyhow::Error::from)?);
    // Facts become known on the days on which their story says so.
    let clock = Clock::fixed(DateTime::<Utc>::UNIX_EPOCH);
    let told = clock.clone();
    let daily = context.config.daily()?;
    let watches = context.config.watches();
    let telling = async |intake: Intake| {
        if !watches {
            return tell_alone(&intake, &told).await;
        }
        let sentinel = Sentinel::load(log.clone(), intake.clone(), told.clone(), daily).await?;
        tell(&intake, &told, sentinel).await
    };
    let recorded = Box::pin(recording(&log, clock, metrics, telling))
        .await
        .map_err(explain)?;
    let warnings = log.head().await?.position.saturating_sub(recorded);
    let zh = format!(
        "演示账本 {}：入账 {recorded} 条事实，并有 {warnings} 条预警与日度求值记录",
        log.place()
    );
    let en = format!(
        "demonstration in {}: {recorded} facts recorded, and {warnings} events of warnings and daily runs",
        log.place()
    );
    output::line(context.say(&zh, &en))?;
    output::line(STORY)?;
    if args.accounts {
        let names = make_accounts(&log, context.clock.now()).await?.join("  ");
        let zh = format!("演示账户（密码均为 {PASSWORD}）：{names}");
        let en = format!("accounts of the demonstration, all with the password {PASSWORD}: {names}");
        output::line(context.say(&zh, &en))?;
    }
    Ok(Exit::Done)
}

/// Makes the accounts of the demonstration, and gives their names.
async fn make_accounts(log: &EventLog, at: DateTime<Utc>) -> Result<Vec<String>, Trouble> {
    let password_hash = hash_password(PASSWORD).map_err(anyhow::Error::from)?;
    let mut names = Vec::new();
    for (name, role, unit) in accounts().map_err(anyhow::Error::from)? {
        let account = NewAccount {
            name: &name,
            role,
            unit: unit.as_ref(),
            password_hash: &password_hash,
            must_change_password: false,
        };
        log.create_account(account, By { actor: CONSOLE, at }).await?;
        names.push(name);
    }
    Ok(names)
}

/// Tells the facts at their moments, and lets the sentinel run on each day between them.
async fn tell(intake: &Intake, clock: &Clock, mut sentinel: Sentinel) -> anyhow::Result<u64> {
    let mut recorded = 0;
    let mut together: Vec<Submission> = Vec::new();
    let mut at = DateTime::<Utc>::UNIX_EPOCH;
    for dated in submissions()? {
        if dated.recorded_at != at {
            recorded += send(intake, std::mem::take(&mut together)).await?;
            sentinel.catch_up_now().await?;
            at = dated.recorded_at;
            while let Some(due) = sentinel.next_due().filter(|due| *due <= at) {
                clock.set(due);
                sentinel.catch_up_now().await?;
            }
            clock.set(at);
        }
        together.push(dated.submission);
    }
    recorded += send(intake, together).await?;
    sentinel.catch_up_now().await?;
    Ok(recorded)
}

/// Tells the facts at their moments, and leaves their judgement to a sentinel that comes later.
async fn tell_alone(intake: &Intake, clock: &Clock) -> anyhow::Result<u64> {
    let mut recorded = 0;
    for together in submissions()?.chunk_by(|one, next| one.recorded_at == next.recorded_at) {
        clock.set(
            together
                .first()
                .map_or(DateTime::UNIX_EPOCH, |first| first.recorded_at),
        );
        let submissions = together.iter().map(|dated| dated.submission.clone()).collect();
        recorded += send(intake, submissions).await?;
    }
    Ok(recorded)
}

async fn send(intake: &Intake, together: Vec<Submission>) -> anyhow::Result<u64> {
    let mut recorded = 0;
    for outcome in intake.submit_all(together).await {
        match outcome? {
            Outcome::Recorded(_) => recorded += 1,
            Outcome::Refused(refusal) => {
                anyhow::bail!("the demonstration is refused: {}", refusal.message_en)
            }
        }
    }
    Ok(recorded)
}

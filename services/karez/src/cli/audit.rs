//! `karez audit`: whether the log is what was recorded, whether all that was sent is in it, and evidence to take away.

mod evidence;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use karez_projections::Portfolio;
use uuid::Uuid;

use super::context::Context;
use super::output;
use crate::audit::verify;
use crate::bus::Bus;
use crate::intake_sweep::sweep_intake;
use crate::print;
use crate::serve::open_bus;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recompute the hash chain from the first event to the last, and hold it against every checkpoint
    Verify {
        /// A checkpoint that was kept elsewhere; may be given several times
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Make a checkpoint, size and root of the log with a signature, and print it with the public key: keep it elsewhere
    Checkpoint,
    /// What shows that an event is in the log that was signed, as JSON
    Proof {
        /// The event's id
        event_id: Uuid,
    },
    /// Write an evidence pack that checks without karez: events, checkpoint, proofs, rules, and the program that checks them
    Export(evidence::ExportArgs),
    /// What auditors looked at over HTTP, the newest first
    Reads {
        /// Most rows
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Who changed accounts, keys and persons, the newest first
    Administration {
        /// Most rows
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Compare what NATS took in with the log and the rejections
    Intake,
}

pub(super) async fn run(context: &Context, args: &AuditArgs) -> Result<Exit, Trouble> {
    match &args.what {
        What::Verify { checkpoint } => verify_log(context, checkpoint).await,
        What::Checkpoint => evidence::checkpoint(context).await,
        What::Proof { event_id } => evidence::proof(context, *event_id).await,
        What::Export(args) => Box::pin(evidence::export(context, args)).await,
        What::Reads { limit } => reads(context, *limit).await,
        What::Administration { limit } => administration(context, *limit).await,
        What::Intake => sweep(context).await,
    }
}

async fn reads(context: &Context, limit: u32) -> Result<Exit, Trouble> {
    let time_zone = context.config.office.time_zone;
    for read in context.open().await?.audited_reads(limit).await? {
        let at = print::instant(read.read_at, time_zone);
        let line = format!("{at} {} {} {}", read.reader, read.status, read.address);
        output::line(&print::plain(&line))?;
    }
    Ok(Exit::Done)
}

async fn administration(context: &Context, limit: usize) -> Result<Exit, Trouble> {
    let time_zone = context.config.office.time_zone;
    for change in context.open().await?.administration(None, limit).await? {
        let at = print::instant(change.changed_at, time_zone);
        let line = format!(
            "{at} {} {} {} {}",
            change.actor, change.what, change.subject, change.detail
        );
        output::line(&print::plain(&line))?;
    }
    Ok(Exit::Done)
}

async fn verify_log(context: &Context, checkpoints: &[PathBuf]) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    let bar = progress_bar();
    let told = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let mut anew = Portfolio::default();
    let verdict = verify(&log, told, |recorded| anew.apply(recorded)).await?;
    bar.finish_and_clear();
    let (position, hash, algorithm) = (verdict.position, verdict.hash, verdict.algorithm.as_str());
    if let Some(fault) = verdict.fault {
        let zh = format!("账本与所记不符：{fault}\n此前 {position} 条完好（{algorithm} {hash}）");
        let en = format!(
            "the log is not what was recorded: {fault}\nthe {position} events before are sound ({algorithm} {hash})"
        );
        output::line(context.say(&zh, &en))?;
        return Ok(Exit::Found);
    }
    // What readers are shown comes from a snapshot and the tail: it must equal the fold from the first event on.
    let position = anew.position();
    if context.portfolio(&log, Some(position)).await? != anew {
        let zh = format!("账本完好，但快照与第 1 至 {position} 条的重放不一致：请删除快照后重启");
        let en = format!(
            "the log is sound, but its snapshot differs from the replay of 1 to {position}: remove the snapshot and start again"
        );
        output::line(context.say(&zh, &en))?;
        return Ok(Exit::Found);
    }
    for file in checkpoints {
        if let Some(said) = evidence::misfit(context, &log, file).await? {
            output::line(&said)?;
            return Ok(Exit::Found);
        }
    }
    let zh = format!(
        "账本完好：{position} 条，{} 个流，{algorithm} {hash}",
        verdict.streams
    );
    let en = format!(
        "the log is sound: {position} events, {} streams, {algorithm} {hash}",
        verdict.streams
    );
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

async fn sweep(context: &Context) -> Result<Exit, Trouble> {
    let Bus::JetStream(bus) = open_bus(&context.config.bus).await? else {
        return Err(Trouble::wrong_use(
            "there is no intake stream within one process: name the servers with --nats URL",
        ));
    };
    let log = context.open().await?;
    let report = sweep_intake(&bus, &log).await.map_err(anyhow::Error::from)?;
    for message in &report.missing {
        output::line(&format!(
            "{} {} {}",
            message.seq,
            message.subject,
            String::from_utf8_lossy(&message.bytes)
        ))?;
    }
    let (messages, missing) = (report.messages, report.missing.len());
    let zh = format!(
        "NATS 收件 {messages}：入账 {}，未予入账 {}，缺失 {missing}",
        report.recorded, report.refused
    );
    let en = format!(
        "{messages} messages of NATS: {} recorded, {} refused, {missing} missing",
        report.recorded, report.refused
    );
    output::line(context.say(&zh, &en))?;
    Ok(if missing == 0 { Exit::Done } else { Exit::Found })
}

/// A bar on a terminal, nothing elsewhere.
pub(super) fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

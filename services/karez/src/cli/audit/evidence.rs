//! `karez audit checkpoint`, `proof` and `export`, and checkpoints that come back: evidence that checks without karez.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use karez_events::{FundId, ProjectId};
use uuid::Uuid;

use super::super::context::Context;
use super::super::{input, output};
use crate::audit::{Notary, Pack, Scope};
use crate::store::EventLog;
use crate::trouble::{Exit, Trouble};
use crate::views::audit::{CheckpointView, ProofView};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Only this fund, with its projects, their units and warnings
    #[arg(long, conflicts_with = "project")]
    fund: Option<FundId>,
    /// Only this project, with its unit and warnings
    #[arg(long)]
    project: Option<ProjectId>,
    /// The zip file to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn checkpoint(context: &Context) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    let notary = notary(&log).await?;
    let kept = notary.take(context.clock.now()).await?;
    let (zh, en) = ("公钥", "public key");
    output::write(kept.note.as_bytes())?;
    output::line(&format!(
        "\n{}: {}",
        context.say(zh, en),
        notary.verifier().to_text()
    ))?;
    Ok(Exit::Done)
}

pub(super) async fn proof(context: &Context, event_id: Uuid) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    let notary = notary(&log).await?;
    let Some(event) = log.event(event_id).await? else {
        return Err(
            Trouble::wrong_use(format!("nothing is recorded under the id {event_id}"))
                .advise("`karez show project PROJECT` lists the events of a project with their ids"),
        );
    };
    let kept = notary.covering(event.position, context.clock.now()).await?;
    let opened = notary.verifier().open(&kept.note).map_err(anyhow::Error::from)?;
    let proof = notary.inclusion(event.position, kept.size).await?;
    let previous = notary.hash_before(event.position).await?;
    let checkpoint = CheckpointView::of(kept, &opened, notary.verifier().to_text());
    let view = ProofView::of(&event, &previous, &proof, checkpoint);
    output::line(&serde_json::to_string_pretty(&view).map_err(anyhow::Error::from)?)?;
    Ok(Exit::Done)
}

pub(super) async fn export(context: &Context, args: &ExportArgs) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    let notary = notary(&log).await?;
    let scope = match (&args.fund, &args.project) {
        (Some(fund), _) => Scope::Fund(fund.clone()),
        (None, Some(project)) => Scope::Project(project.clone()),
        (None, None) => Scope::Whole,
    };
    let kept = notary.take(context.clock.now()).await?;
    let (size, key) = (kept.size, notary.verifier().to_text());
    let portfolio = context.portfolio(&log, None).await?;
    let pack = Pack::new((log, notary), kept, scope, &portfolio);
    let Some(mut pack) = pack else {
        return Err(Trouble::wrong_use("nothing is known under this number")
            .advise("`karez show funds` and `karez show projects` list what there is"));
    };
    let place = args.out.display();
    let unwritable = |error| Trouble::could_not_run(format!("{place} cannot be written: {error}"));
    let mut file = std::fs::File::create(&args.out).map_err(unwritable)?;
    while let Some(piece) = pack.next().await? {
        file.write_all(&piece).map_err(unwritable)?;
    }
    file.sync_all().map_err(unwritable)?;
    let zh = format!("证据包已写入 {place}，检查点为 {size} 条；公钥请另行交付：{key}");
    let en = format!(
        "{place} is written, under the checkpoint of {size} events; hand the public key over apart from it: {key}"
    );
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

/// Why a checkpoint that was kept elsewhere does not fit a log that is sound in itself; `None` where it does.
pub(super) async fn misfit(
    context: &Context,
    log: &EventLog,
    file: &Path,
) -> Result<Option<String>, Trouble> {
    let note = std::io::read_to_string(input::open(context, file, "txt")?)
        .map_err(|error| Trouble::could_not_run(format!("{} cannot be read: {error}", file.display())))?;
    let notary = notary(log).await?;
    let place = file.display();
    let (zh, en) = match notary.verifier().open(&note) {
        Err(error) => (format!("{place}：{error}"), format!("{place}: {error}")),
        Ok(checkpoint) => {
            let size = checkpoint.size;
            if size > log.head().await?.position {
                (
                    format!("{place} 为 {size} 条的检查点，账本不足此数：已被截断"),
                    format!("{place} stands for {size} events, the log has fewer: it was cut off"),
                )
            } else if notary.root_at(size).await? == checkpoint.root {
                return Ok(None);
            } else {
                (
                    format!("{place} 与账本前 {size} 条不符：账本已被改写"),
                    format!("{place} does not fit the first {size} events: the log was rewritten"),
                )
            }
        }
    };
    Ok(Some(context.say(&zh, &en).to_owned()))
}

async fn notary(log: &EventLog) -> Result<Notary, Trouble> {
    Ok(Notary::try_new(log).await.map_err(anyhow::Error::from)?)
}

//! `karez backup` and `karez restore`: copies of a store, verified before they are called done.

use std::path::{Path, PathBuf};

use clap::Args;

use super::audit::progress_bar;
use super::context::Context;
use super::output;
use crate::backup::{CopyError, copy};
use crate::store::{EventLog, LogSettings, StoreError, StoreLocation};
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Folder of the copy: a new one, or that of an earlier backup, which is brought up to date. It holds keys and
    /// password hashes as the store does: guard it as well
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Folder of the backup
    folder: PathBuf,
}

pub(super) async fn back_up(context: &Context, args: &BackupArgs) -> Result<Exit, Trouble> {
    refuse_the_same(context, &args.folder)?;
    let from = context.open().await?;
    let settings = LogSettings {
        hash: Some(from.head().await?.algorithm),
    };
    let to = EventLog::create_or_open(&StoreLocation::Sqlite(args.folder.clone()), settings).await?;
    copied(context, from, to).await
}

pub(super) async fn restore(context: &Context, args: &RestoreArgs) -> Result<Exit, Trouble> {
    refuse_the_same(context, &args.folder)?;
    let from = open_backup(&args.folder).await?;
    let settings = LogSettings {
        hash: Some(from.head().await?.algorithm),
    };
    let to = EventLog::create_or_open(&context.location, settings).await?;
    copied(context, from, to).await
}

/// A backup of an older version is brought up to date where it lies, as a store of that version would be.
async fn open_backup(folder: &Path) -> Result<EventLog, Trouble> {
    let location = StoreLocation::Sqlite(folder.to_owned());
    match EventLog::open(&location).await {
        Err(StoreError::OlderStore { .. }) => {
            Ok(EventLog::create_or_open(&location, LogSettings::default()).await?)
        }
        Err(error @ StoreError::NoStore { .. }) => {
            Err(Trouble::from(error).advise("name a folder that `karez backup DIR` has filled"))
        }
        opened => Ok(opened?),
    }
}

fn refuse_the_same(context: &Context, folder: &Path) -> Result<(), Trouble> {
    let StoreLocation::Sqlite(data) = &context.location else {
        return Ok(());
    };
    let same = match (data.canonicalize(), folder.canonicalize()) {
        (Ok(data), Ok(folder)) => data == folder,
        _ => false,
    };
    if same {
        let what = format!("{} is the store itself, and no copy of it", folder.display());
        return Err(Trouble::wrong_use(what).advise("name another folder, best on another disk"));
    }
    Ok(())
}

async fn copied(context: &Context, from: EventLog, to: EventLog) -> Result<Exit, Trouble> {
    let bar = progress_bar();
    let told = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let verdict = copy(&from, &to, told).await.map_err(explain)?;
    bar.finish_and_clear();
    let place = to.place().to_owned();
    to.close().await;
    let (position, hash, algorithm) = (verdict.position, verdict.hash, verdict.algorithm.as_str());
    if let Some(fault) = verdict.fault {
        let zh = format!("已复制到 {place}，但账本与所记不符：{fault}\n此前 {position} 条完好");
        let en = format!(
            "copied into {place}, but the log is not what was recorded: {fault}\nthe {position} events before are sound"
        );
        output::line(context.say(&zh, &en))?;
        return Ok(Exit::Found);
    }
    let zh = format!("已复制到 {place} 并核对：{position} 条，{algorithm} {hash}");
    let en = format!("copied into {place} and verified: {position} events, {algorithm} {hash}");
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

fn explain(error: CopyError) -> Trouble {
    match error {
        CopyError::Store(error) => error.into(),
        CopyError::Recording { .. } | CopyError::OtherLog { .. } => Trouble::could_not_run(error.to_string()),
    }
}

//! `karez post`: facts from NDJSON, one submission a line, recorded in their order.

use std::collections::VecDeque;
use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use karez_events::Submission;
use karez_events::submission::KEY_NAMESPACE;
use uuid::Uuid;

use super::context::Context;
use super::{input, output};
use crate::bus::intake::RefusedContent;
use crate::bus::{Intake, IntakeError, Origin};
use crate::print;
use crate::receipt::{Outcome, Refusal};
use crate::serve::open_bus;
use crate::session::{AlreadyRecording, recording};
use crate::telemetry::Metrics;
use crate::trouble::{Exit, Trouble};

/// Lines that are submitted together.
const BATCH_LINES: usize = 2_000;
/// The longest line that is read, in bytes.
const LONGEST_LINE_BYTES: usize = 1024 * 1024;
/// What is kept of a longer one.
const KEPT_OF_A_LONG_LINE_BYTES: usize = 4096;
/// Where refused lines come from.
const SOURCE: &str = "post";

#[derive(Debug, Args)]
pub(super) struct PostArgs {
    /// The file, or - for standard input
    file: PathBuf,
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Counts {
    read: u64,
    recorded: u64,
    already_known: u64,
    refused: u64,
}

pub(super) async fn run(context: &Context, args: &PostArgs) -> Result<Exit, Trouble> {
    let lines = open(context, &args.file)?;
    let source = if args.file.as_os_str() == "-" {
        "stdin".to_owned()
    } else {
        args.file.display().to_string()
    };
    let counts = if context.config.bus.nats_url.is_empty() {
        let log = context.create_or_open().await?;
        let metrics = Arc::new(Metrics::try_new().map_err(anyhow::Error::from)?);
        let clock = context.clock.clone();
        recording(&log, clock, metrics, async |intake| {
            post(context, &intake, lines, &source).await
        })
        .await
        .map_err(explain)?
    } else {
        let bus = open_bus(&context.config.bus).await?;
        post(context, &bus.intake(), lines, &source).await?
    };
    let Counts {
        read,
        recorded,
        already_known,
        refused,
    } = counts;
    let zh = format!("读取 {read} 行：入账 {recorded}，此前已有 {already_known}，未予入账 {refused}");
    let en =
        format!("{read} lines read: {recorded} recorded, {already_known} known already, {refused} refused");
    output::line(context.say(&zh, &en))?;
    Ok(if refused > 0 { Exit::Found } else { Exit::Done })
}

/// What to do when a command cannot record by itself.
pub(super) fn explain(error: anyhow::Error) -> Trouble {
    let is_taken = error.is::<AlreadyRecording>();
    let trouble = Trouble::from(error);
    if is_taken {
        trouble.advise("over HTTP: POST /v1/projects/ID/events; over NATS: give this command --nats URL")
    } else {
        trouble
    }
}

fn open(context: &Context, file: &std::path::Path) -> Result<Box<dyn BufRead + Send>, Trouble> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::BufReader::new(std::io::stdin())));
    }
    let file = input::open(context, file, "ndjson")?;
    Ok(Box::new(std::io::BufReader::new(file)))
}

/// A line of the file.
enum Line {
    Read(Vec<u8>),
    /// Its beginning; the rest was passed over.
    TooLong(Vec<u8>),
}

/// Reads the next line and never more than the longest that is taken; `None` at the end.
fn next_line(lines: &mut dyn BufRead) -> std::io::Result<Option<Line>> {
    let mut line = Vec::new();
    let longest = u64::try_from(LONGEST_LINE_BYTES).unwrap_or(u64::MAX);
    if lines.take(longest + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() <= LONGEST_LINE_BYTES || line.ends_with(b"\n") {
        return Ok(Some(Line::Read(line)));
    }
    lines.skip_until(b'\n')?;
    line.truncate(KEPT_OF_A_LONG_LINE_BYTES);
    Ok(Some(Line::TooLong(line)))
}

async fn post(
    context: &Context,
    intake: &Intake,
    mut lines: Box<dyn BufRead + Send>,
    source: &str,
) -> anyhow::Result<Counts> {
    let mut counts = Counts::default();
    let mut row = 0_u64;
    loop {
        let mut batch = VecDeque::new();
        while batch.len() < BATCH_LINES
            && let Some(line) = next_line(lines.as_mut())?
        {
            row += 1;
            if !matches!(&line, Line::Read(read) if read.trim_ascii().is_empty()) {
                batch.push_back((row, line));
            }
        }
        if batch.is_empty() {
            return Ok(counts);
        }
        send(context, intake, batch, source, &mut counts).await?;
    }
}

/// Sends lines in their order: what can be read together, what cannot alone, so that it is kept as it came.
async fn send(
    context: &Context,
    intake: &Intake,
    lines: VecDeque<(u64, Line)>,
    source: &str,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let mut readable: Vec<(u64, Submission)> = Vec::new();
    let mut outcomes: Vec<(u64, Result<Outcome, IntakeError>)> = Vec::new();
    for (row, line) in lines {
        if let Line::Read(read) = &line
            && let Ok(submission) = Submission::from_json(read)
        {
            readable.push((row, submission));
            continue;
        }
        outcomes.extend(send_together(intake, std::mem::take(&mut readable)).await);
        outcomes.push((row, keep(intake, line, source, row).await));
    }
    outcomes.extend(send_together(intake, readable).await);
    for (row, outcome) in outcomes {
        counts.read += 1;
        match outcome? {
            Outcome::Recorded(receipt) if receipt.replayed => counts.already_known += 1,
            Outcome::Recorded(_) => counts.recorded += 1,
            Outcome::Refused(refusal) => {
                counts.refused += 1;
                eprintln!("{}", refused_line(context, source, row, &refusal));
            }
        }
    }
    Ok(())
}

/// Sends what is no submission, to be kept with its reason.
async fn keep(intake: &Intake, line: Line, source: &str, row: u64) -> Result<Outcome, IntakeError> {
    match line {
        Line::Read(line) => {
            let origin = Origin {
                source: SOURCE.to_owned(),
                row: Some(format!("{source}:{row}")),
            };
            intake.submit_bytes(Bytes::from(line), origin).await
        }
        Line::TooLong(beginning) => intake.keep_refused(too_long(beginning, source, row)).await,
    }
}

fn too_long(beginning: Vec<u8>, source: &str, row: u64) -> RefusedContent {
    let kept = KEPT_OF_A_LONG_LINE_BYTES;
    let place = format!("{source}:{row}");
    RefusedContent {
        // The same line is kept once, however often the file is posted.
        rejection_id: Uuid::new_v5(&KEY_NAMESPACE, &[place.as_bytes(), &beginning].concat()),
        source: SOURCE.to_owned(),
        actor: None,
        row: place,
        code: "too_long".to_owned(),
        pointer: String::new(),
        message_zh: format!("该行超过 1 MiB：每行只写一笔事实；仅保留开头 {kept} 字节"),
        message_en: format!(
            "the line is longer than 1 MiB: write one fact a line; its first {kept} bytes are kept"
        ),
        content: beginning.into(),
    }
}

async fn send_together(
    intake: &Intake,
    readable: Vec<(u64, Submission)>,
) -> impl Iterator<Item = (u64, Result<Outcome, IntakeError>)> {
    let (rows, submissions): (Vec<u64>, Vec<Submission>) = readable.into_iter().unzip();
    rows.into_iter().zip(intake.submit_all(submissions).await)
}

fn refused_line(context: &Context, source: &str, row: u64, refusal: &Refusal) -> String {
    let message = context.say(&refusal.message_zh, &refusal.message_en);
    print::plain(&format!(
        "{source}:{row}: {} {} {message}",
        refusal.code, refusal.pointer
    ))
}

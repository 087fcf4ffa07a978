//! The evidence pack: events with their exact bytes, the signed checkpoint over them, proofs, and the program that checks
//! all this without karez, as one zip file.
//!
//! It is made piece by piece, as it is taken: at no time is more of it in memory than a page of events.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use bytes::Bytes;
use karez_events::{Event, FundId, Position, ProjectId, RawEvent, StreamId, chain};
use karez_projections::Portfolio;
use serde::Serialize;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::Notary;
use crate::store::{EventLog, KeptCheckpoint};

/// Events read at once.
const PAGE_EVENTS: usize = 500;
const README: &str = include_str!("pack/README.md");
const VERIFIER: &str = include_str!("pack/verify.py");

/// What a pack is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole log.
    Whole,
    /// A fund, its projects, their units, and the warnings about them.
    Fund(FundId),
    /// A project, its unit, and the warnings about it.
    Project(ProjectId),
}

impl Scope {
    /// The streams that belong to it; `None` for all, and nothing where it is unknown.
    fn streams(&self, portfolio: &Portfolio) -> Option<BTreeSet<StreamId>> {
        let projects: Vec<_> = match self {
            Self::Whole => return None,
            Self::Fund(id) => portfolio
                .projects()
                .filter(|project| project.fund() == Some(id))
                .collect(),
            Self::Project(id) => portfolio.project(id).into_iter().collect(),
        };
        let mut streams = BTreeSet::new();
        if let Self::Fund(id) = self
            && portfolio.fund(id).is_some()
        {
            streams.insert(StreamId::Fund(id.clone()));
        }
        for project in projects {
            streams.insert(StreamId::Project(project.id.clone()));
            streams.extend(project.unit().cloned().map(StreamId::Unit));
        }
        let is_meant = |stream: StreamId| streams.contains(&stream);
        let warnings = portfolio.warnings().iter().filter(|warning| {
            let raised = &warning.raised;
            let of_project = raised.project.clone().map(StreamId::Project);
            let of_fund = raised.fund.clone().map(StreamId::Fund);
            of_project.or(of_fund).is_some_and(is_meant)
        });
        let warnings: Vec<StreamId> = warnings
            .map(|warning| StreamId::Warning(warning.id.clone()))
            .collect();
        streams.extend(warnings);
        Some(streams)
    }

    fn words(&self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Fund(id) => format!("fund/{id}"),
            Self::Project(id) => format!("project/{id}"),
        }
    }
}

/// What was asked for.
#[derive(Serialize)]
struct Manifest {
    scope: String,
    streams: BTreeSet<StreamId>,
    /// How many events there are, where it is known before they are read.
    events: Option<Position>,
    karez: &'static str,
}

/// One event, as it was stored and hashed.
#[derive(Serialize)]
struct Line<'a> {
    header: String,
    payload: &'a str,
    metadata: &'a str,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<String>>,
}

/// A pack that is being made.
pub struct Pack {
    log: EventLog,
    notary: Notary,
    checkpoint: KeptCheckpoint,
    scope: Scope,
    zip: ZipWriter<StreamWriter<Piece>>,
    piece: Piece,
    todo: VecDeque<Todo>,
}

/// What is to be done next.
enum Todo {
    /// The small files.
    Papers(BTreeSet<StreamId>),
    /// The rule sets that were published, each as a file; they are looked for after a version of the calendar.
    Rules(u32, Vec<RawEvent>),
    /// The first lines of the events.
    Events(Vec<RawEvent>),
    /// The log after a position.
    Log(Position),
    /// A stream after a version.
    Stream(StreamId, u32),
    /// The end of the zip file.
    End,
}

impl Pack {
    /// A pack about something, under a checkpoint. `None` where nothing is known of it.
    #[must_use]
    pub fn new(
        (log, notary): (EventLog, Notary),
        checkpoint: KeptCheckpoint,
        scope: Scope,
        portfolio: &Portfolio,
    ) -> Option<Self> {
        let streams = scope.streams(portfolio);
        if streams.as_ref().is_some_and(BTreeSet::is_empty) {
            return None;
        }
        let piece = Piece::default();
        let papers = Todo::Papers(streams.unwrap_or_default());
        Some(Self {
            log,
            notary,
            checkpoint,
            scope,
            zip: ZipWriter::new_stream(piece.clone()),
            piece,
            todo: VecDeque::from([papers, Todo::Rules(0, Vec::new())]),
        })
    }

    /// The next piece of the file; `None` at its end.
    ///
    /// # Errors
    /// The log cannot be read, or an event is no text.
    pub async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        while let Some(todo) = self.todo.pop_front() {
            self.write(todo).await?;
            let written = self.piece.take();
            if !written.is_empty() {
                return Ok(Some(written.into()));
            }
        }
        Ok(None)
    }

    async fn write(&mut self, todo: Todo) -> anyhow::Result<()> {
        match todo {
            Todo::Papers(streams) => self.write_papers(streams),
            Todo::Rules(after, found) => self.write_rules(after, found).await,
            Todo::Events(first) => {
                self.begin("events.ndjson")?;
                self.write_events(&first).await
            }
            Todo::Log(after) => {
                let rest = usize::try_from(self.checkpoint.size.saturating_sub(after)).unwrap_or(usize::MAX);
                let page = self.log.read(after, PAGE_EVENTS.min(rest)).await?;
                if let Some(last) = page.last() {
                    self.todo.push_front(Todo::Log(last.position));
                }
                self.write_events(&page).await
            }
            Todo::Stream(stream, after) => {
                let page = self.log.read_stream(&stream, after, PAGE_EVENTS).await?;
                let signed = self.signed(page);
                if let Some(last) = signed.last() {
                    self.todo.push_front(Todo::Stream(stream, last.version));
                }
                self.write_events(&signed).await
            }
            Todo::End => {
                let ended = std::mem::replace(&mut self.zip, ZipWriter::new_stream(Piece::default()));
                ended.finish()?;
                Ok(())
            }
        }
    }

    fn write_papers(&mut self, streams: BTreeSet<StreamId>) -> anyhow::Result<()> {
        let is_whole = self.scope == Scope::Whole;
        let manifest = Manifest {
            scope: self.scope.words(),
            streams: streams.clone(),
            events: is_whole.then_some(self.checkpoint.size),
            karez: env!("CARGO_PKG_VERSION"),
        };
        let manifest = serde_json::to_string_pretty(&manifest)?;
        let key = format!("{}\n", self.notary.verifier().to_text());
        let note = self.checkpoint.note.clone();
        for (name, text) in [
            ("README.md", README),
            ("verify.py", VERIFIER),
            ("manifest.json", &manifest),
            ("checkpoint.txt", &note),
            ("key.txt", &key),
        ] {
            self.begin(name)?;
            self.zip.write_all(text.as_bytes())?;
        }
        self.todo
            .extend(streams.into_iter().map(|stream| Todo::Stream(stream, 0)));
        if is_whole {
            self.todo.push_back(Todo::Log(0));
        }
        self.todo.push_back(Todo::End);
        Ok(())
    }

    /// Rule sets come before the events, since a file of the zip is written at one go; they are few.
    async fn write_rules(&mut self, after: u32, mut found: Vec<RawEvent>) -> anyhow::Result<()> {
        let page = self
            .log
            .read_stream(&StreamId::Calendar, after, PAGE_EVENTS)
            .await?;
        let signed = self.signed(page);
        let Some(last) = signed.last().map(|last| last.version) else {
            // The whole log has them in their place.
            let first = if self.scope == Scope::Whole {
                Vec::new()
            } else {
                found
            };
            self.todo.push_front(Todo::Events(first));
            return Ok(());
        };
        for event in signed {
            if let Event::RulesPublished(data) = event.decode()?.event {
                self.begin(&format!("rules/{}.toml", event.position))?;
                self.zip.write_all(data.rules.as_bytes())?;
                found.push(event);
            }
        }
        self.todo.push_front(Todo::Rules(last, found));
        Ok(())
    }

    async fn write_events(&mut self, events: &[RawEvent]) -> anyhow::Result<()> {
        for event in events {
            let (mut previous_hash, mut proof) = (None, None);
            if self.scope != Scope::Whole {
                let (position, size) = (event.position, self.checkpoint.size);
                let before = self.notary.hash_before(position).await?;
                let hashes = self.notary.inclusion(position, size).await?;
                previous_hash = Some(before.to_string());
                proof = Some(hashes.iter().map(ToString::to_string).collect());
            }
            let text = |bytes| {
                std::str::from_utf8(bytes).with_context(|| format!("position {} is no text", event.position))
            };
            let line = Line {
                header: chain::header(event),
                payload: text(&event.payload)?,
                metadata: text(&event.metadata)?,
                hash: event.hash.to_string(),
                previous_hash,
                proof,
            };
            serde_json::to_writer(&mut self.zip, &line)?;
            self.zip.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Those that the checkpoint stands for.
    fn signed(&self, mut events: Vec<RawEvent>) -> Vec<RawEvent> {
        events.retain(|event| event.position <= self.checkpoint.size);
        events
    }

    fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        // A pack of the same log under the same checkpoint has the same bytes: no times in it.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        self.zip.start_file(name, options)?;
        Ok(())
    }
}

/// What has been written and not taken yet.
#[derive(Debug, Clone, Default)]
struct Piece(Arc<Mutex<Vec<u8>>>);

impl Piece {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Piece {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

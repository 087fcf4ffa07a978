//! One import on its way: facts are sent in batches, refused rows are kept, and every one is counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::NaiveDate;
use karez_events::event::system::ImportCompleted;
use karez_events::{Event, Metadata, ProjectId, StreamId, Submission};
use karez_projections::Portfolio;
use uuid::Uuid;

use super::report::{ImportReport, RefusedRow};
use crate::bus::Intake;
use crate::bus::intake::RefusedContent;
use crate::receipt::Outcome;
use crate::store::EventLog;

/// Submissions that are sent together.
pub(super) const BATCH: usize = 2_000;

/// Where an import goes.
pub struct Target<'a> {
    /// The log, to compare with.
    pub log: &'a EventLog,
    /// The front door.
    pub intake: &'a Intake,
    /// What was known when the import began.
    pub portfolio: &'a Portfolio,
    /// The day of the import, for facts without any date.
    pub today: NaiveDate,
    /// Look only.
    pub is_dry_run: bool,
    /// Bytes of the file read so far.
    pub bytes_read: Arc<AtomicU64>,
}

/// One import on its way.
pub(super) struct Run<'a> {
    pub(super) target: &'a Target<'a>,
    /// `import:iati` and the like.
    pub(super) source: &'static str,
    pub(super) correlation: Uuid,
    pub(super) report: ImportReport,
    /// The projects of the file, in its order.
    pub(super) projects: Vec<ProjectId>,
    pub(super) pending: Vec<Submission>,
    /// Where in the file the facts that wait stand, and what was read there, by event id.
    pub(super) places: HashMap<Uuid, (String, String)>,
    refused: Vec<RefusedRow>,
    on_refused: &'a mut dyn FnMut(&RefusedRow),
}

impl<'a> Run<'a> {
    /// Nothing has been read yet. The file's hash names the run.
    pub(super) fn new(
        target: &'a Target<'a>,
        source: &'static str,
        report: ImportReport,
        on_refused: &'a mut dyn FnMut(&RefusedRow),
    ) -> Self {
        let correlation = Submission::id_of_key("import", &report.sha256);
        let report = ImportReport {
            is_dry_run: target.is_dry_run,
            ..report
        };
        Self {
            target,
            source,
            correlation,
            report,
            projects: Vec::new(),
            pending: Vec::new(),
            places: HashMap::new(),
            refused: Vec::new(),
            on_refused,
        }
    }

    /// What surrounds a fact without a date of its own.
    pub(super) fn metadata(&self) -> Metadata {
        Metadata {
            source_system: Some(self.source.to_owned()),
            correlation: Some(self.correlation),
            undated: true,
            ..Metadata::default()
        }
    }

    /// Keeps a row that cannot be a fact.
    pub(super) fn refuse(&mut self, row: RefusedRow) {
        self.report.read += 1;
        self.report.refused += 1;
        (self.on_refused)(&row);
        self.refused.push(row);
    }

    /// Takes the rows that were refused since the last time, for whoever keeps them elsewhere.
    pub(super) fn take_refused(&mut self) -> Vec<RefusedRow> {
        std::mem::take(&mut self.refused)
    }

    /// Sends what waits.
    pub(super) async fn send(&mut self) -> anyhow::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let mut places = std::mem::take(&mut self.places);
        let refused = std::mem::take(&mut self.refused);
        let sent = u64::try_from(pending.len()).unwrap_or(u64::MAX);
        if self.target.is_dry_run {
            self.report.recorded += sent;
            return Ok(());
        }
        for outcome in self.target.intake.submit_all(pending).await {
            match outcome? {
                Outcome::Recorded(receipt) if receipt.replayed => self.report.already_known += 1,
                Outcome::Recorded(_) => self.report.recorded += 1,
                Outcome::Refused(refusal) => {
                    self.report.refused += 1;
                    let place = refusal.event_id.map(|id| {
                        places
                            .remove(&id)
                            .unwrap_or_else(|| (id.to_string(), String::new()))
                    });
                    let (row, content) = place.unwrap_or_default();
                    (self.on_refused)(&RefusedRow {
                        row,
                        pointer: refusal.pointer,
                        code: refusal.code,
                        message_zh: refusal.message_zh,
                        message_en: refusal.message_en,
                        content,
                    });
                }
            }
        }
        for row in refused {
            self.target.intake.keep_refused(self.kept(row)).await?;
        }
        Ok(())
    }

    fn kept(&self, row: RefusedRow) -> RefusedContent {
        RefusedContent {
            // The same row of the same file is kept once, however often the file is imported.
            rejection_id: Uuid::new_v5(&self.correlation, format!("{} {}", row.row, row.code).as_bytes()),
            source: self.source.to_owned(),
            actor: None,
            row: format!("{}: {}", self.report.file, row.row),
            code: row.code,
            pointer: row.pointer,
            message_zh: row.message_zh,
            message_en: row.message_en,
            content: row.content.into_bytes().into(),
        }
    }

    /// Sends the rest and says in the log that the file has been imported.
    pub(super) async fn finish(mut self) -> anyhow::Result<ImportReport> {
        self.send().await?;
        self.report.recorded = self.report.recorded.saturating_sub(self.report.withdrawn);
        self.complete().await?;
        Ok(self.report)
    }

    /// Says in the log that the file has been imported; an import that changed nothing says nothing.
    async fn complete(&mut self) -> anyhow::Result<()> {
        let report = &self.report;
        let was_imported = self
            .target
            .portfolio
            .imports()
            .iter()
            .any(|run| run.sha256 == report.sha256);
        if self.target.is_dry_run
            || was_imported && report.recorded + report.withdrawn == 0
            || self.projects.is_empty()
        {
            return Ok(());
        }
        let key = format!("{}/{}", report.sha256, self.target.portfolio.position());
        let completed = ImportCompleted {
            file: report.file.clone(),
            format: report.format.to_owned(),
            sha256: report.sha256.clone(),
            published_on: report.published_on,
            read: report.read,
            recorded: report.recorded,
            already_known: report.already_known,
            withdrawn: report.withdrawn,
            refused: report.refused,
            projects: std::mem::take(&mut self.projects),
        };
        let submission = Submission {
            event_id: Submission::id_of_key("import_completed", &key),
            stream: StreamId::Calendar,
            occurred_on: self.target.today,
            event: Event::ImportCompleted(completed),
            metadata: self.metadata(),
        };
        self.target.intake.submit(submission).await?;
        Ok(())
    }
}

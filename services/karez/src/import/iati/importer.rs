//! From a file to the log: each activity is compared with its project's stream, and only what differs is submitted.
//!
//! At most one activity and one batch of submissions are in memory. A run that is broken off is taken up by running
//! it again: the ids of facts come from their content.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use karez_events::event::fund::FundEstablished;
use karez_events::{Event, FundId, ProjectId, RecordedEvent, StreamId, Submission};

use super::activity::Activity;
use super::changes::{SOURCE, changes};
use super::error::ReadError;
use super::facts::{self, StatedActivity};
use super::limits::Limits;
use super::problem::{Effect, Problem};
use super::reader::ActivityReader;
use crate::import::report::{Counted, ImportReport, RefusedRow};
use crate::import::run::{BATCH, Run, Target};

/// Events of a stream that are read at once.
const PAGE: usize = 5_000;

/// Imports one file. `on_refused` is told about every refused row as it comes.
///
/// # Errors
/// The file cannot be opened, the log cannot be read, or nobody records. What was recorded before stays, and the
/// same import can be run again. A file that cannot be read to its end is no error: [`ImportReport::stopped`] says so.
pub async fn import(
    path: &Path,
    target: &Target<'_>,
    on_refused: &mut dyn FnMut(&RefusedRow),
) -> anyhow::Result<ImportReport> {
    let report = ImportReport::of_file(path, "iati")?;
    let reading = Reading {
        run: Run::new(target, SOURCE, report, on_refused),
        occurrences: HashMap::new(),
        funds: Vec::new(),
    };
    reading.file(path).await
}

struct Reading<'a> {
    run: Run<'a>,
    /// How often each identifier has come in this file.
    occurrences: HashMap<String, u32>,
    /// Funds that this file establishes.
    funds: Vec<FundId>,
}

impl Reading<'_> {
    async fn file(mut self, path: &Path) -> anyhow::Result<ImportReport> {
        let input = Counted::new(File::open(path)?, Arc::clone(&self.run.target.bytes_read));
        match ActivityReader::open(input, Limits::default()) {
            Err(error) => self.stopped(&error),
            Ok(mut reader) => {
                while let Some(read) = reader.next() {
                    self.run.report.published_on = reader.header().generated_on;
                    match read {
                        Ok(activity) => self.activity(&activity).await?,
                        Err(error) => self.stopped(&error),
                    }
                    if self.run.pending.len() >= BATCH {
                        self.run.send().await?;
                    }
                }
                self.run.report.published_on = reader.header().generated_on;
                reader.problems().iter().for_each(|problem| self.problem(problem));
            }
        }
        self.run.finish().await
    }

    async fn activity(&mut self, activity: &Activity) -> anyhow::Result<()> {
        activity.problems.iter().for_each(|problem| self.problem(problem));
        self.run.report.reservations += activity.problems_omitted;
        let occurrence = self
            .occurrences
            .entry(activity.identifier.clone().unwrap_or_default())
            .or_insert(0);
        *occurrence += 1;
        let occurrence = *occurrence;
        let published_on = activity
            .last_updated_on
            .or(self.run.report.published_on)
            .unwrap_or(self.run.target.today);
        let stated = facts::project_id(activity, occurrence)
            .and_then(|project| facts::state(activity, project, published_on));
        match stated {
            Ok(stated) => self.stated(&stated).await,
            Err(error) => {
                let found = activity.identifier.clone().unwrap_or_default();
                self.run.refuse(RefusedRow {
                    row: format!("iati-activity[{}] ({})", activity.index + 1, activity.place),
                    pointer: "iati-identifier".to_owned(),
                    code: "bad_identifier".to_owned(),
                    message_zh: format!("该活动的编号或机构代码不能用作标识，整个活动未导入：{error}"),
                    message_en: format!(
                        "the activity was left out, an identifier of it cannot be used: {error}"
                    ),
                    content: found,
                });
                Ok(())
            }
        }
    }

    async fn stated(&mut self, stated: &StatedActivity) -> anyhow::Result<()> {
        for odd in &stated.odd_currencies {
            self.run.refuse(RefusedRow {
                row: format!("{}/{}", stated.project, odd.path),
                pointer: odd.path.clone(),
                code: "odd_currency".to_owned(),
                message_zh: format!("货币代码 {:?} 不是三个字母，该笔金额未计入", odd.found),
                message_en: format!(
                    "the currency {:?} is not three letters: the amount was left out",
                    odd.found
                ),
                content: odd.found.clone(),
            });
        }
        let count = u64::try_from(stated.facts.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        self.run.report.read += count;
        self.run.projects.push(stated.project.clone());
        if self.is_outdated(&stated.project) {
            self.run.report.outdated += count;
            return Ok(());
        }
        self.establish_fund(stated);
        let recorded = self.stream(&stated.project).await?;
        let changes = changes(stated, &recorded, self.run.correlation)?;
        self.run.report.already_known += changes.already_known;
        self.run.report.withdrawn += changes.withdrawn;
        self.run.pending.extend(changes.submissions);
        Ok(())
    }

    /// Whether a file that the publisher made later has told about the project: an older file must not undo it.
    fn is_outdated(&self, project: &ProjectId) -> bool {
        let newest = self
            .run
            .target
            .portfolio
            .project(project)
            .and_then(|project| project.published_on);
        newest
            .zip(self.run.report.published_on)
            .is_some_and(|(newest, this)| this < newest)
    }

    fn establish_fund(&mut self, stated: &StatedActivity) {
        if self.run.target.portfolio.fund(&stated.fund).is_some() || self.funds.contains(&stated.fund) {
            return;
        }
        self.funds.push(stated.fund.clone());
        let stream = StreamId::Fund(stated.fund.clone());
        self.run.report.read += 1;
        self.run.pending.push(Submission {
            event_id: Submission::id_of_key(SOURCE, &stream.to_string()),
            stream,
            occurred_on: stated.approval.occurred_on,
            event: Event::FundEstablished(FundEstablished {
                name: stated.fund_name.clone(),
                department: None,
                currency: stated.currency,
                parent: None,
                note: None,
            }),
            metadata: self.run.metadata(),
        });
    }

    async fn stream(&self, project: &ProjectId) -> anyhow::Result<Vec<RecordedEvent>> {
        let mut events = Vec::new();
        if self.run.target.portfolio.project(project).is_none() {
            return Ok(events);
        }
        let stream = StreamId::Project(project.clone());
        loop {
            let after = events.last().map_or(0, |event: &RecordedEvent| event.version);
            let page = self.run.target.log.read_stream(&stream, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            for raw in &page {
                events.push(raw.decode()?);
            }
            if is_last {
                return Ok(events);
            }
        }
    }

    fn problem(&mut self, problem: &Problem) {
        match problem.code.effect() {
            Effect::Kept => self.run.report.reservations += 1,
            Effect::LeftOut => self.run.refuse(RefusedRow {
                row: format!("{} ({})", problem.path, problem.place),
                pointer: problem.path.clone(),
                code: problem.code.as_str().to_owned(),
                message_zh: problem.message_zh(),
                message_en: problem.message_en(),
                content: problem.found.clone(),
            }),
        }
    }

    fn stopped(&mut self, error: &ReadError) {
        self.run.report.stopped = Some((error.message_zh(), error.to_string()));
    }
}

//! From a table to the log: CSV and workbooks, by a mapping.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use karez_events::event::fund::FundEstablished;
use karez_events::event::project::ProjectApproved;
use karez_events::{Event, FundId, Metadata, ProjectId, StreamId, Submission};
use uuid::Uuid;

use super::mapping::Mapping;
use super::report::{ImportReport, RefusedRow};
use super::rows::{CellFault, StatedRow, state};
use super::run::{BATCH, Run, Target};
use super::table::{Table, TableError, TableRow};

/// The kinds of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A workbook.
    Xlsx,
}

/// Imports one table. `on_refused` is told about every refused row as it comes.
///
/// # Errors
/// The file cannot be opened, the log cannot be read, or nobody records. What was recorded before stays, and the
/// same import can be run again. A table that cannot be read to its end is no error: [`ImportReport::stopped`] says so.
pub async fn import(
    path: &Path,
    format: Format,
    mapping: &Mapping,
    target: &Target<'_>,
    on_refused: &mut dyn FnMut(&RefusedRow),
) -> anyhow::Result<ImportReport> {
    let (name, source) = match format {
        Format::Csv => ("csv", if mapping.published { "import:csv" } else { "csv" }),
        Format::Xlsx => ("xlsx", if mapping.published { "import:xlsx" } else { "xlsx" }),
    };
    let report = ImportReport::of_file(path, name)?;
    let run = Run::new(target, source, report, on_refused);
    let reading = Reading {
        run,
        mapping,
        approvals: HashMap::new(),
        funds: HashSet::new(),
        repeats: HashMap::new(),
    };
    let table = match format {
        Format::Csv => Table::csv(path, mapping, Arc::clone(&target.bytes_read)),
        Format::Xlsx => Table::xlsx(path, mapping, &target.bytes_read),
    };
    reading.table(table).await
}

struct Reading<'a> {
    run: Run<'a>,
    mapping: &'a Mapping,
    /// Particulars that this table has stated.
    approvals: HashMap<ProjectId, ProjectApproved>,
    funds: HashSet<FundId>,
    /// How often each fact has been stated in this table.
    repeats: HashMap<String, u32>,
}

impl Reading<'_> {
    async fn table(mut self, table: Result<Table, TableError>) -> anyhow::Result<ImportReport> {
        match table {
            Err(error) => self.stopped(&error),
            Ok(mut table) => {
                self.run.report.encoding = table.encoding;
                if !self.has_columns(&table) {
                    return self.run.finish().await;
                }
                while let Some(row) = table.next() {
                    match row {
                        Ok(row) => self.row(&table, &row)?,
                        Err(error) => {
                            self.stopped(&error);
                            break;
                        }
                    }
                    if self.run.pending.len() >= BATCH {
                        self.send().await?;
                    }
                }
            }
        }
        self.send().await?;
        self.run.finish().await
    }

    /// Sends what waits. A fact without a date is dated by the day of its first import: where its id is recorded, that
    /// day stands. A dry run tells what is recorded already.
    async fn send(&mut self) -> anyhow::Result<()> {
        let is_dry_run = self.run.target.is_dry_run;
        let is_asked = |fact: &Submission| is_dry_run || fact.metadata.undated;
        let asked: Vec<Uuid> = self
            .run
            .pending
            .iter()
            .filter(|fact| is_asked(fact))
            .map(|fact| fact.event_id)
            .collect();
        let mut known: HashSet<Uuid> = self.run.target.log.find(&asked).await?.into_keys().collect();
        let report = &mut self.run.report;
        self.run.pending.retain(|fact| {
            // What is sent twice in one batch is recorded once, on the day of the first.
            let is_known = is_asked(fact) && !known.insert(fact.event_id);
            report.already_known += u64::from(is_known);
            !is_known
        });
        self.run.send().await
    }

    fn stopped(&mut self, error: &TableError) {
        self.run.report.stopped = Some((format!("读到此处为止：{}", error.message_zh()), error.to_string()));
    }

    fn has_columns(&mut self, table: &Table) -> bool {
        let missing: Vec<&str> = self
            .mapping
            .named()
            .filter(|column| !table.header.has(column))
            .collect();
        if missing.is_empty() {
            return true;
        }
        let found = table.header.names().join(", ");
        self.run.report.stopped = Some((
            format!("表中没有映射所需的列 {missing:?}；现有列：{found}"),
            format!("the table lacks the columns {missing:?} of the mapping; it has {found}"),
        ));
        false
    }

    fn row(&mut self, table: &Table, row: &TableRow) -> anyhow::Result<()> {
        if self.mapping.skip.iter().any(|mark| row.holds(mark)) {
            return Ok(());
        }
        match state(self.mapping, &table.header, row) {
            Ok(stated) => self.stated(stated, row),
            Err(faults) => {
                for fault in faults {
                    self.run.refuse(refused(row, &fault));
                }
                Ok(())
            }
        }
    }

    fn stated(&mut self, stated: StatedRow, row: &TableRow) -> anyhow::Result<()> {
        let first = self.run.pending.len();
        if let Some(fund) = &stated.fund {
            self.establish(fund);
        }
        if let Some(approval) = stated.approval {
            self.approve(&stated.project, approval)?;
        }
        let is_once = self.mapping.repeats_are_one || stated.key.is_some();
        let own_key = stated.key.map(|key| format!("{key}|")).unwrap_or_default();
        for (on, event) in stated.facts {
            // The day of the import is no part of what an undated row says.
            let day = on.map(|on| on.to_string()).unwrap_or_default();
            let content = format!(
                "{own_key}{}|{}|{day}|{}",
                stated.project,
                event.event_type(),
                text_of(&event)?
            );
            let repeats = self.repeats.entry(content.clone()).or_insert(0);
            *repeats += 1;
            if *repeats > 1 && is_once {
                self.run.report.read += 1;
                self.run.report.already_known += 1;
                continue;
            }
            let key = format!("{content}#{repeats}");
            let date = (on.unwrap_or(self.run.target.today), on.is_some());
            self.submit(&stated.project, &key, date, event);
        }
        for fact in self.run.pending.iter().skip(first) {
            let place = (place_of(row), row.as_json());
            self.run.places.insert(fact.event_id, place);
        }
        Ok(())
    }

    fn establish(&mut self, fund: &FundId) {
        if self.run.target.portfolio.fund(fund).is_some() || !self.funds.insert(fund.clone()) {
            return;
        }
        let stream = StreamId::Fund(fund.clone());
        let currency = self
            .mapping
            .currency
            .as_deref()
            .and_then(|code| code.parse().ok())
            .unwrap_or_default();
        self.run.report.read += 1;
        self.run.pending.push(Submission {
            event_id: Submission::id_of_key(&self.mapping.source, &stream.to_string()),
            stream,
            occurred_on: self.run.target.today,
            event: Event::FundEstablished(FundEstablished {
                name: fund.to_string(),
                department: None,
                currency,
                parent: None,
                note: None,
            }),
            metadata: self.run.metadata(),
        });
    }

    /// Approves a project once, and again only when its particulars have changed.
    fn approve(&mut self, project: &ProjectId, approval: ProjectApproved) -> anyhow::Result<()> {
        if !self.approvals.contains_key(project) {
            self.run.projects.push(project.clone());
            let recorded = self.run.target.portfolio.project(project);
            if let Some(recorded) = recorded.and_then(|recorded| recorded.approvals.last()) {
                self.approvals.insert(project.clone(), recorded.fact.clone());
            }
        }
        if self.approvals.get(project) == Some(&approval) {
            return Ok(());
        }
        self.approvals.insert(project.clone(), approval.clone());
        let event = Event::ProjectApproved(approval);
        let key = format!("{project}|{}", text_of(&event)?);
        let first = self
            .mapping
            .facts
            .iter()
            .filter_map(|fact| fact.on.or(fact.period.map(|(first, _)| first)))
            .min();
        self.submit(
            project,
            &key,
            (first.unwrap_or(self.run.target.today), false),
            event,
        );
        Ok(())
    }

    fn submit(&mut self, project: &ProjectId, key: &str, date: (NaiveDate, bool), event: Event) {
        let (on, is_dated) = date;
        self.run.report.read += 1;
        let metadata = self.run.metadata();
        self.run.pending.push(Submission {
            event_id: Submission::id_of_key(&self.mapping.source, key),
            stream: StreamId::Project(project.clone()),
            occurred_on: on,
            event,
            metadata: Metadata {
                undated: !is_dated,
                ..metadata
            },
        });
    }
}

fn text_of(event: &Event) -> anyhow::Result<String> {
    Ok(String::from_utf8(event.payload()?)?)
}

fn place_of(row: &TableRow) -> String {
    format!("row {}", row.number)
}

fn refused(row: &TableRow, fault: &CellFault) -> RefusedRow {
    let CellFault {
        column,
        code,
        found,
        advice_zh,
        advice_en,
    } = fault;
    let number = row.number;
    let (what_zh, what_en) = if found.is_empty() {
        ("为空".to_owned(), " is empty".to_owned())
    } else {
        (
            format!("的 {found:?} 无法读取"),
            format!(": {found:?} cannot be read"),
        )
    };
    RefusedRow {
        row: place_of(row),
        pointer: column.clone(),
        code: (*code).to_owned(),
        message_zh: format!("第 {number} 行“{column}”列{what_zh}：{advice_zh}"),
        message_en: format!("row {number}, column {column:?}{what_en}: {advice_en}"),
        content: row.as_json(),
    }
}

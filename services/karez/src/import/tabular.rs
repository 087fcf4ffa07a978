//! From a table to the log: CSV and workbooks, by a mapping.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::NaiveDate;
use karez_events::event::fund::FundEstablished;
use karez_events::event::project::ProjectApproved;
use karez_events::{Event, FundId, Metadata, ProjectId, StreamId, Submission};
use uuid::Uuid;

use super::ambiguous::{self, ambiguous_keys, content};
use super::earlier::{Earlier, row_name};
use super::mapping::Mapping;
use super::report::{ImportReport, RefusedRow, sha256_of_bytes};
use super::rows::{CellFault, StatedRow, key_of, state};
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
    let open = |taken: Arc<AtomicU64>| match format {
        Format::Csv => Table::csv(path, mapping, taken),
        Format::Xlsx => Table::xlsx(path, mapping, &taken),
    };
    let ambiguous = match open(Arc::default()) {
        Ok(mut table) if !mapping.key.is_empty() => ambiguous_keys(mapping, &mut table)?,
        Ok(_) | Err(_) => HashSet::new(),
    };
    let earlier = if mapping.complete {
        Earlier::load(target.log, mapping).await?
    } else {
        Earlier::default()
    };
    let reading = Reading::new(run, mapping, ambiguous, earlier);
    reading.table(open(Arc::clone(&target.bytes_read))).await
}

/// One row of a sheet: its number, and what it states or why it cannot be read.
pub type ReadRow = (u64, Result<Submission, RefusedRow>);

/// Reads a sheet of a workbook that is in memory, and sends nothing: the facts have the ids that [`import`] gives them.
///
/// # Errors
/// [`TableError`] says why the sheet cannot be read to its end; nothing of it is told then.
pub fn read(
    workbook: &[u8],
    mapping: &Mapping,
    target: &Target<'_>,
) -> anyhow::Result<Result<Vec<ReadRow>, TableError>> {
    let mut table = match Table::xlsx_in_memory(workbook, mapping) {
        Ok(table) => table,
        Err(error) => return Ok(Err(error)),
    };
    let report = ImportReport {
        sha256: sha256_of_bytes(workbook),
        ..ImportReport::default()
    };
    let mut nobody = |_: &RefusedRow| {};
    let run = Run::new(target, "xlsx", report, &mut nobody);
    let mut reading = Reading::new(run, mapping, HashSet::new(), Earlier::default());
    let mut rows = Vec::new();
    if !reading.has_columns(&table) {
        let missing = mapping.named().filter(|column| !table.header.has(column));
        let missing = missing.collect::<Vec<_>>().join(", ");
        return Ok(Err(TableError::Columns(missing)));
    }
    while let Some(row) = table.next() {
        let row = match row {
            Ok(row) => row,
            Err(error) => return Ok(Err(error)),
        };
        reading.row(&table, &row)?;
        rows.extend(
            reading
                .run
                .take_refused()
                .into_iter()
                .map(|refused| (row.number, Err(refused))),
        );
        rows.extend(reading.run.pending.drain(..).map(|fact| (row.number, Ok(fact))));
    }
    Ok(Ok(rows))
}

struct Reading<'a> {
    run: Run<'a>,
    mapping: &'a Mapping,
    /// Keys that name rows of different content in this table.
    ambiguous: HashSet<String>,
    /// What earlier tables of the source stated, where each is the whole of it.
    earlier: Earlier,
    /// The same file has been imported before, and another one since.
    is_outdated: bool,
    /// The keys of this table, where it is the whole of its source.
    keys: HashSet<String>,
    /// There are rows of which not even the key can be read.
    has_unnamed_rows: bool,
    /// Particulars that this table has stated.
    approvals: HashMap<ProjectId, ProjectApproved>,
    funds: HashSet<FundId>,
    /// How often each fact has been stated in this table.
    repeats: HashMap<String, u32>,
}

impl<'a> Reading<'a> {
    fn new(run: Run<'a>, mapping: &'a Mapping, ambiguous: HashSet<String>, earlier: Earlier) -> Self {
        Self {
            is_outdated: earlier.is_outdated(run.correlation),
            run,
            mapping,
            ambiguous,
            earlier,
            keys: HashSet::new(),
            has_unnamed_rows: false,
            approvals: HashMap::new(),
            funds: HashSet::new(),
            repeats: HashMap::new(),
        }
    }
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
                self.withdraw_the_rest();
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
        if self.mapping.complete {
            match key_of(self.mapping, &table.header, row) {
                Some(key) => _ = self.keys.insert(key),
                None => self.has_unnamed_rows = true,
            }
        }
        match state(self.mapping, &table.header, row) {
            Ok(stated) => match stated.key.clone().filter(|key| self.ambiguous.contains(key)) {
                Some(key) => {
                    self.run.refuse(ambiguous::refused(self.mapping, row, &key));
                    Ok(())
                }
                None => self.stated(stated, row),
            },
            Err(faults) => {
                for fault in faults {
                    self.run.refuse(refused(row, &fault));
                }
                Ok(())
            }
        }
    }

    fn stated(&mut self, stated: StatedRow, row: &TableRow) -> anyhow::Result<()> {
        if self.is_outdated {
            let facts = u64::try_from(stated.facts.len()).unwrap_or(u64::MAX);
            self.run.report.read += facts;
            self.run.report.outdated += facts;
            return Ok(());
        }
        let first = self.run.pending.len();
        if let Some(fund) = &stated.fund {
            self.establish(fund);
        }
        if let Some(approval) = stated.approval {
            self.approve(&stated.project, approval)?;
        }
        let is_once = self.mapping.repeats_are_one || stated.key.is_some();
        let own_key = stated
            .key
            .as_ref()
            .map(|key| format!("{key}|"))
            .unwrap_or_default();
        let (mut ids, mut facts) = (Vec::new(), Vec::new());
        for (on, event) in stated.facts {
            let content = format!("{own_key}{}", content(&stated.project, on, &event)?);
            let repeats = self.repeats.entry(content.clone()).or_insert(0);
            *repeats += 1;
            let (number, is_repeated) = if is_once {
                (1, *repeats > 1)
            } else {
                (*repeats, false)
            };
            let event_id = self.id_of(&content, number);
            ids.push(event_id);
            if is_repeated || self.earlier.has(event_id) {
                self.run.report.read += 1;
                self.run.report.already_known += 1;
            } else {
                facts.push((event_id, on, event));
            }
        }
        if let Some(key) = &stated.key {
            self.withdraw(key, &ids);
        }
        for (event_id, on, event) in facts {
            let date = (on.unwrap_or(self.run.target.today), on.is_some());
            let metadata = self.metadata_of(stated.key.as_deref());
            self.submit((event_id, &stated.project), date, metadata, event);
        }
        for fact in self.run.pending.iter().skip(first) {
            let place = (place_of(row), row.as_json());
            self.run.places.insert(fact.event_id, place);
        }
        Ok(())
    }

    /// The id of the n-th fact of a content; where that has been replaced since, of the next that has not.
    fn id_of(&self, content: &str, number: u32) -> Uuid {
        let id = |number: u32| Submission::id_of_key(&self.mapping.source, &format!("{content}#{number}"));
        let mut ids = (number..).map(id);
        ids.find(|id| !self.earlier.was_replaced(*id))
            .unwrap_or_else(|| id(number))
    }

    fn metadata_of(&self, key: Option<&str>) -> Metadata {
        Metadata {
            idempotency_key: key.map(|key| row_name(self.mapping, key)),
            ..self.run.metadata()
        }
    }

    /// Withdraws what earlier tables stated under a key, beside what this one states.
    fn withdraw(&mut self, key: &str, stated: &[Uuid]) {
        let metadata = self.metadata_of(Some(key));
        let withdrawals = self.earlier.take_back(key, stated, &metadata);
        self.run.report.withdrawn += u64::try_from(withdrawals.len()).unwrap_or(u64::MAX);
        self.run.pending.extend(withdrawals);
    }

    /// Withdraws the facts whose keys this table no longer lists. Where it could not be read to its end, or the key
    /// of a row could not, or there is no row, they stay, with a reservation.
    fn withdraw_the_rest(&mut self) {
        if self.is_outdated {
            return;
        }
        let is_whole = self.run.report.stopped.is_none() && !self.has_unnamed_rows && !self.keys.is_empty();
        let keys = self.earlier.keys().into_iter();
        let gone: Vec<String> = keys.filter(|key| !self.keys.contains(*key)).cloned().collect();
        for key in gone {
            if is_whole {
                self.withdraw(&key, &[]);
            } else {
                let standing = self.earlier.take_back(&key, &[], &Metadata::default()).len();
                self.run.report.reservations += u64::try_from(standing).unwrap_or(u64::MAX);
            }
        }
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
        let event_id = Submission::id_of_key(&self.mapping.source, &key);
        let date = (first.unwrap_or(self.run.target.today), false);
        self.submit((event_id, project), date, self.run.metadata(), event);
        Ok(())
    }

    fn submit(
        &mut self,
        what: (Uuid, &ProjectId),
        date: (NaiveDate, bool),
        metadata: Metadata,
        event: Event,
    ) {
        let (event_id, project) = what;
        let (on, is_dated) = date;
        self.run.report.read += 1;
        self.run.pending.push(Submission {
            event_id,
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

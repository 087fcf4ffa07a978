//! Keys that name rows of different content in one table: which of them holds, or whether they are parts of a whole,
//! the table does not say.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use karez_events::{Event, ProjectId, Submission};
use uuid::Uuid;

use super::iati::changes::normalised;
use super::mapping::Mapping;
use super::report::RefusedRow;
use super::rows::{StatedRow, state};
use super::table::{Table, TableRow};

/// The content by which facts are told apart. The day of the import is no part of what an undated row says, and
/// amounts that differ only in trailing zeros are the same.
pub(super) fn content(project: &ProjectId, on: Option<NaiveDate>, event: &Event) -> anyhow::Result<String> {
    let day = on.map(|on| on.to_string()).unwrap_or_default();
    let text = String::from_utf8(normalised(event).payload()?)?;
    Ok(format!("{project}|{}|{day}|{text}", event.event_type()))
}

/// Reads a table for its ambiguous keys alone; what cannot be read is told when its rows are taken.
pub(super) fn ambiguous_keys(mapping: &Mapping, table: &mut Table) -> anyhow::Result<HashSet<String>> {
    let mut contents: HashMap<String, Uuid> = HashMap::new();
    let mut ambiguous = HashSet::new();
    while let Some(Ok(row)) = table.next() {
        if mapping.skip.iter().any(|mark| row.holds(mark)) {
            continue;
        }
        let Ok(stated) = state(mapping, &table.header, &row) else {
            continue;
        };
        let Some(key) = stated.key.clone() else { continue };
        let found = row_content(&stated)?;
        if *contents.entry(key.clone()).or_insert(found) != found {
            ambiguous.insert(key);
        }
    }
    Ok(ambiguous)
}

fn row_content(stated: &StatedRow) -> anyhow::Result<Uuid> {
    let facts = stated.facts.iter();
    let contents = facts.map(|(on, event)| content(&stated.project, *on, event));
    let contents = contents.collect::<anyhow::Result<Vec<String>>>()?;
    Ok(Submission::id_of_key(
        stated.project.as_str(),
        &contents.join("\n"),
    ))
}

/// Why a row with such a key is not taken.
pub(super) fn refused(mapping: &Mapping, row: &TableRow, key: &str) -> RefusedRow {
    let number = row.number;
    let columns = mapping.key.join(" / ");
    RefusedRow {
        row: format!("row {number}"),
        pointer: columns.clone(),
        code: "ambiguous_key".to_owned(),
        message_zh: format!(
            "第 {number} 行：“{columns}”为 {key:?} 的各行内容不同，表中未说明以哪一行为准，或各行是否为同一整体的组成部分：请在映射文件的 key 中补充能区分各行的列，或更正该表"
        ),
        message_en: format!(
            "row {number}: the rows with {columns:?} {key:?} differ, and the table does not say which one holds or whether they are parts of a whole: add the columns that tell them apart to key in the mapping, or correct the table"
        ),
        content: row.as_json(),
    }
}

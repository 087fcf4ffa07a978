//! POST /v1/imports: the official template, filled in, for units without an ERP; and GET /v1/imports/template. The rows go
//! the way of a batch, with the ids that `karez import xlsx` gives them: the same workbook lands once, however it comes.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Datelike;
use karez_events::{Event, StreamId, Submission};
use karez_projections::{Entry, EntryKind, Portfolio};
use utoipa::ToSchema;

use super::Gateway;
use super::batch::{SWITCHES, none_recorded, only_some_recorded};
use super::envelope::{actor, not_for_units};
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use super::rows::Row;
use crate::authorization::Caller;
use crate::import::mapping::Mapping;
use crate::import::report::RefusedRow;
use crate::import::run::Target;
use crate::import::table::TableError;
use crate::import::tabular::{ReadRow, read};
use crate::import::template::{SHEETS, workbook};
use crate::import::unpacked::{UnpackError, check};
use crate::tasks::compute;
use crate::views::batch::{RowCounts, RowView};
use crate::views::imports::{ImportRowView, ImportView};

/// The largest workbook that is taken, in bytes.
pub(crate) const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// What it may unpack to, in bytes.
const MOST_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;
/// The most facts of one workbook.
const MOST_FACTS: usize = 2_000;
/// The media type of workbooks.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Where refused rows are kept from, and submitted ones come from.
const ADDRESS: &str = "imports";

/// An .xlsx workbook.
#[derive(ToSchema)]
#[schema(as = Workbook, value_type = String, format = Binary)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct WorkbookBody(Vec<u8>);

/// The official template, to fill in.
#[utoipa::path(
    get,
    path = "/v1/imports/template",
    tag = "facts",
    responses((status = 200, description = "The workbook.", body = WorkbookBody, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
pub(crate) async fn template(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    let made = compute(workbook).await.map_err(broken)?;
    let made = made.map_err(|error| broken(error.into()))?;
    let headers = [
        (header::CONTENT_TYPE, WORKBOOK),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"karez-template.xlsx\"",
        ),
    ];
    Ok((headers, made).into_response())
}

/// The official template, filled in: each row with its own end.
#[utoipa::path(
    post,
    path = "/v1/imports",
    tag = "facts",
    params(openapi::Switches),
    request_body(description = "The workbook, at most 4 MiB and 2,000 facts.", content = WorkbookBody, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    responses((status = 200, description = "Every row with its own end.", body = ImportView), (status = 422, description = "It is no such workbook; or of an atomic import a row was rejected, and none recorded: `results` says which.", body = openapi::ProblemBody, content_type = "application/problem+json"), (status = 409, description = "Of an atomic import something came between the check and the recording; `results` says what.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn post(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let question = asked.read(&SWITCHES, &gateway)?;
    if !is_workbook(&headers) {
        return Err(no_workbook_sent());
    }
    let sheets = gateway.read_workbook(body).await?;
    let (places, rows) = gateway.rows_of(&caller, sheets).await?;
    let view = |results: Vec<RowView>| ImportView {
        atomic: question.atomic,
        dry_run: question.dry_run,
        counts: RowCounts::of(&results),
        results: places
            .iter()
            .zip(results)
            .map(|(place, row)| place.of(row))
            .collect(),
        raised: Vec::new(),
        changed: Vec::new(),
        lifted: Vec::new(),
    };
    if question.dry_run {
        let would = gateway.previewed(&caller, &rows).await?;
        let view = ImportView {
            raised: would.raised,
            changed: would.changed,
            lifted: would.lifted,
            ..view(would.results)
        };
        return Ok(Json(view).into_response());
    }
    if question.atomic {
        let rehearsed = view(gateway.rehearsed(&rows).await?);
        if rehearsed.counts.rejected > 0 {
            return Err(none_recorded(rehearsed.counts.rejected, rehearsed.results.len())
                .with_rows(rehearsed.counts, &rehearsed.results));
        }
    }
    let done = view(gateway.submit_rows(&caller, rows, ADDRESS).await?);
    if question.atomic && done.counts.rejected + done.counts.unavailable > 0 {
        return Err(only_some_recorded(done.counts).with_rows(done.counts, &done.results));
    }
    Ok(Json(done).into_response())
}

/// Where in the workbook a fact stands.
struct Place {
    sheet: &'static str,
    mapping: Mapping,
    row: u64,
    /// The column of a cell that cannot be read.
    column: Option<String>,
}

impl Place {
    fn of(&self, result: RowView) -> ImportRowView {
        let pointed_at = result
            .pointer
            .as_deref()
            .and_then(|pointer| self.column_at(pointer));
        ImportRowView {
            sheet: self.sheet.to_owned(),
            row: self.row,
            column: self.column.clone().or(pointed_at),
            result,
        }
    }

    /// The column from which a field of the submission was read.
    fn column_at(&self, pointer: &str) -> Option<String> {
        let columns = self.mapping.facts.first()?;
        match pointer {
            "/project" => self.mapping.project.id.first().cloned(),
            "/occurred_on" => columns.date.clone(),
            "/data/amount" | "/data/lines/0/amount" => Some(columns.amount.clone()),
            "/data/source" => columns.source.clone(),
            "/data/category" => columns.category.clone(),
            "/data/voucher_no" => columns.reference.clone(),
            "/data/unit" => self.mapping.project.unit.clone(),
            "/data/fund" => self.mapping.project.fund_column.clone(),
            _ => None,
        }
    }
}

/// A sheet of the template with what was read from it.
type ReadSheet = (&'static str, Mapping, Vec<ReadRow>);

impl Gateway {
    /// Reads the sheets of the template that a workbook has.
    async fn read_workbook(&self, body: Bytes) -> Result<Vec<ReadSheet>, Problem> {
        let _room = self
            .0
            .rehearsals
            .acquire()
            .await
            .map_err(|_| Problem::internal())?;
        let parts = self.parts().clone();
        let today = self.today();
        let reading = move |portfolio: &Portfolio| {
            check(&body, MOST_UNPACKED_BYTES).map_err(|error| not_unpacked(&error))?;
            let target = Target {
                log: &parts.log,
                intake: &parts.intake,
                portfolio,
                today,
                is_dry_run: true,
                bytes_read: Arc::default(),
            };
            read_sheets(&body, &target)
        };
        self.compute(None, reading).await?
    }

    /// What was read as rows of a batch, as far as the caller may say it.
    async fn rows_of(
        &self,
        caller: &Caller,
        sheets: Vec<ReadSheet>,
    ) -> Result<(Vec<Place>, Vec<Row>), Problem> {
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        let mut vouchers = HashSet::new();
        for (sheet, mapping, read) in sheets {
            for (row, read) in read {
                let mut place = Place {
                    sheet,
                    mapping: mapping.clone(),
                    row,
                    column: None,
                };
                rows.push(match read {
                    Ok(submission) => {
                        let row = self.stated_by(caller, submission).await?;
                        self.once_by_voucher(row, &mut vouchers)
                    }
                    Err(refused) => {
                        place.column = Some(refused.pointer.clone());
                        unreadable(refused)
                    }
                });
                places.push(place);
            }
        }
        match rows.len() {
            0 => Err(nothing_filled_in()),
            1..=MOST_FACTS => Ok((places, rows)),
            found => Err(too_many_facts(found)),
        }
    }

    async fn stated_by(&self, caller: &Caller, mut submission: Submission) -> Result<Row, Problem> {
        let bytes = Bytes::from(serde_json::to_vec(&submission)?);
        if submission.metadata.undated
            && let Some(recorded) = self.parts().log.event(submission.event_id).await?
        {
            // It was dated by the day of its first import, and that day stands.
            submission.occurred_on = recorded.occurred_on;
        }
        submission.metadata.actor = actor(caller);
        let shown = self
            .show_to(caller, &submission.stream)
            .map_err(|problem| problem.at("/project"));
        let event_type = submission.event.event_type();
        let read = shown.and_then(|()| {
            if caller.may_record(event_type) {
                Ok(submission)
            } else {
                Err(not_for_units(event_type))
            }
        });
        Ok(Row { bytes, read })
    }
}

/// A line of a voucher: its project, number and line, and the month in which offices begin to count anew.
type VoucherLine = (StreamId, String, u32, (i32, u32));

impl Gateway {
    /// Refuses a line of a voucher that stands in the books already, or in the workbook above: who puts a cell right and
    /// sends the workbook again would pay twice (domain.md §4.5.5).
    fn once_by_voucher(&self, row: Row, seen: &mut HashSet<VoucherLine>) -> Row {
        let Ok(submission) = &row.read else { return row };
        let Some(line) = voucher_line(submission) else {
            return row;
        };
        let is_other = |entry: &&Entry| entry.event_id != submission.event_id && is_of(entry, &line);
        let portfolio = self.parts().follower.read();
        let project = match &submission.stream {
            StreamId::Project(id) => portfolio.project(id),
            StreamId::Fund(_) | StreamId::Unit(_) | StreamId::Warning(_) | StreamId::Calendar => None,
        };
        let known = project.and_then(|project| project.entries.iter().find(is_other));
        let problem = match known {
            Some(entry) => Some(voucher_known(&line, entry)),
            None if !seen.insert(line.clone()) => Some(voucher_twice(&line)),
            None => None,
        };
        match problem {
            Some(problem) => Row {
                read: Err(problem),
                ..row
            },
            None => row,
        }
    }
}

fn voucher_line(submission: &Submission) -> Option<VoucherLine> {
    let Event::ExpenditureRecorded(data) = &submission.event else {
        return None;
    };
    let number = data.voucher_no.clone().filter(|number| !number.is_empty())?;
    let on = submission.occurred_on;
    Some((
        submission.stream.clone(),
        number,
        data.line_no?,
        (on.year(), on.month()),
    ))
}

fn is_of(entry: &Entry, (_, number, line, month): &VoucherLine) -> bool {
    entry.kind == EntryKind::Spent
        && !entry.is_reversed
        && entry.wording().reference == Some(number)
        && entry.line_no == Some(*line)
        && (entry.on.year(), entry.on.month()) == *month
}

fn voucher_known((_, number, line, _): &VoucherLine, entry: &Entry) -> Problem {
    let (on, amount, id) = (entry.on, entry.amount, entry.event_id);
    Problem::new(
        StatusCode::CONFLICT,
        "voucher_known",
        format!("凭证 {number} 第 {line} 行已按 {on}、{amount} 元入账（{id}）：如需更正，请先冲销原记录，再重新填报"),
        format!("line {line} of voucher {number} is recorded already, {amount} on {on} ({id}): to put it right, reverse that and post it anew"),
    )
    .at("/data/voucher_no")
}

fn voucher_twice((_, number, line, _): &VoucherLine) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "voucher_twice",
        format!("凭证 {number} 第 {line} 行在本文件中已出现：每行凭证只填一次，不同的行请填不同的行号"),
        format!("line {line} of voucher {number} stands in this workbook already: give each line once, and different lines different numbers"),
    )
    .at("/data/voucher_no")
}

fn read_sheets(body: &[u8], target: &Target<'_>) -> Result<Vec<ReadSheet>, Problem> {
    let mut sheets = Vec::new();
    let mut none = String::new();
    for sheet in SHEETS {
        let mapping = sheet
            .mapping()
            .map_err(|error| broken(anyhow::anyhow!("a mapping of the template: {error}")))?;
        match read(body, &mapping, target).map_err(broken)? {
            Ok(rows) => sheets.push((sheet.name, mapping, rows)),
            // Whoever reports spending alone may leave the other sheets out.
            Err(TableError::Sheet { found, .. }) => none = found,
            Err(error) => return Err(unreadable_sheet(sheet.name, &error)),
        }
    }
    if sheets.is_empty() {
        return Err(not_the_template(&none));
    }
    Ok(sheets)
}

fn is_workbook(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(WORKBOOK)
}

fn unreadable(refused: RefusedRow) -> Row {
    Row {
        bytes: Bytes::from(refused.content),
        read: Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            &refused.code,
            refused.message_zh,
            refused.message_en,
        )),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn broken(error: anyhow::Error) -> Problem {
    tracing::error!("a workbook cannot be worked on: {error:#}");
    Problem::internal()
}

fn no_workbook_sent() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("请以 {WORKBOOK} 提交 .xlsx 工作簿"),
        format!("send an .xlsx workbook as {WORKBOOK}"),
    )
}

fn not_unpacked(error: &UnpackError) -> Problem {
    let (status, code) = match error {
        UnpackError::NoWorkbook(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_workbook"),
        UnpackError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "workbook_too_large"),
    };
    Problem::new(status, code, error.message_zh(), error.to_string())
}

fn unreadable_sheet(sheet: &str, error: &TableError) -> Problem {
    let zh = format!("“{sheet}”表无法读取，整个文件未予入账：{}", error.message_zh());
    let en = format!("the sheet {sheet} cannot be read, and nothing of the workbook was recorded: {error}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_sheet", zh, en).with("sheet", sheet)
}

fn not_the_template(found: &str) -> Problem {
    let names = SHEETS.map(|sheet| sheet.name).join("、");
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "not_the_template",
        format!("不是官方模板：其中没有 {names} 任何一表，现有 {found}；模板见 GET /v1/imports/template"),
        format!(
            "this is not the official template: it has none of the sheets {names} but {found}; GET /v1/imports/template gives it"
        ),
    )
}

fn nothing_filled_in() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no_rows",
        "没有填写任何行：含“示例”的行不会导入".to_owned(),
        "nothing is filled in: rows marked 示例 are not imported".to_owned(),
    )
}

fn too_many_facts(found: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_many_rows",
        format!("共 {found} 项，一次最多 {MOST_FACTS} 项：请分成几个文件提交"),
        format!("there are {found} facts, at most {MOST_FACTS} are taken at once: send several workbooks"),
    )
}

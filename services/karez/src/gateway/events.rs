//! GET /v1/projects/{id}/events and GET /v1/events: history with hashes.

use axum::Json;
use axum::extract::{Path, State};
use karez_events::{Position, ProjectId, RawEvent, StreamId};

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, Question};
use crate::views::Stand;
use crate::views::events::{EventList, EventView, Span};

/// What a project's history can be asked.
const HISTORY: [&str; 4] = ["as_of", "known_at", "cursor", "limit"];
/// What the whole log can be asked.
const LOG: [&str; 5] = ["as_of", "known_at", "cursor", "limit", "after"];

/// One project's history, by version. With `as_of` only facts dated up to that day.
#[utoipa::path(
    get,
    path = "/v1/projects/{id}/events",
    tag = "history",
    params(("id" = String, Path, description = "项目编号."), openapi::Clocks, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::events::EventList))
)]
pub(crate) async fn of_project(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Json<EventList>, Problem> {
    let question = asked.read(&HISTORY, &gateway)?;
    let unknown = || Problem::not_found("项目", "project", &id);
    let stream = StreamId::Project(ProjectId::try_new(&id).map_err(|_| unknown())?);
    let (stand, span) = gateway.span(&question).await?;
    let mut after = question.mark()?.unwrap_or(0);
    let (rows, log) = (question.rows(), &gateway.parts().log);
    let mut found = Vec::new();
    loop {
        let events = log.read_stream(&stream, after, rows + 1).await?;
        let is_last = events.len() <= rows;
        let Some(last) = events.last() else { break };
        after = last.version;
        found.extend(events.into_iter().filter(|event| span.has(event)));
        if is_last || found.len() > rows {
            break;
        }
    }
    if found.is_empty() && question.cursor.is_none() && log.read_stream(&stream, 0, 1).await?.is_empty() {
        return Err(unknown());
    }
    list(stand, found, rows, |event| question.cursor_at(event.version))
}

/// The whole log, by position: `after` or `cursor` is the last position that was seen.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "history",
    params(openapi::Clocks, openapi::After, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::events::EventList))
)]
pub(crate) async fn of_log(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<EventList>, Problem> {
    let question = asked.read(&LOG, &gateway)?;
    let (stand, span) = gateway.span(&question).await?;
    let marked: Option<Position> = question.mark()?;
    let mut after = marked.or(question.after).unwrap_or(0);
    let (rows, log) = (question.rows(), &gateway.parts().log);
    let mut found = Vec::new();
    while found.len() <= rows && after < span.known {
        let events = log.read(after, rows + 1).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        found.extend(events.into_iter().filter(|event| span.has(event)));
    }
    list(stand, found, rows, |event| question.cursor_at(event.position))
}

fn list(
    stand: Stand,
    mut found: Vec<RawEvent>,
    rows: usize,
    mark: impl Fn(&RawEvent) -> String,
) -> Result<Json<EventList>, Problem> {
    let more = found.len() > rows;
    found.truncate(rows);
    let next_cursor = found.last().filter(|_| more).map(mark);
    let items = found.iter().map(EventView::of).collect::<Result<_, _>>()?;
    Ok(Json(EventList {
        stand,
        items,
        next_cursor,
    }))
}

impl Gateway {
    /// Where a question about history stands, and which events belong to it.
    async fn span(&self, question: &Question) -> Result<(Stand, Span), Problem> {
        let moment = self.moment(question);
        let known = self
            .pinned(question)
            .await?
            .unwrap_or_else(|| self.parts().follower.position());
        let recorded_at = match known.checked_sub(1) {
            Some(before) => self
                .parts()
                .log
                .read(before, 1)
                .await?
                .pop()
                .map(|event| event.recorded_at),
            None => None,
        };
        let stand = Stand {
            position: known,
            as_of: moment.as_of,
            known_at: moment.known_at,
            data_as_at: recorded_at,
        };
        Ok((
            stand,
            Span {
                known,
                occurred_by: question.as_of,
            },
        ))
    }
}

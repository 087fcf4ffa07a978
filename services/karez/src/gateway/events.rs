//! GET /v1/projects/{id}/events and GET /v1/events: history with hashes.

use axum::Json;
use axum::extract::{Path, State};
use karez_events::{Position, ProjectId, RawEvent, StreamId};

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, Question};
use crate::authorization::Caller;
use crate::views::Stand;
use crate::views::events::{EventList, EventView, Span};

/// What a project's history can be asked.
const HISTORY: [&str; 4] = ["as_of", "known_at", "cursor", "limit"];
/// What the whole log can be asked.
const LOG: [&str; 5] = ["as_of", "known_at", "cursor", "limit", "after"];

/// Events that are looked at together for a unit's own.
const SEARCHED_EVENTS: usize = 1_000;
/// Reads after which a page ends, however few rows it has.
const MOST_READS: usize = 50;

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
    caller: Caller,
    asked: Asked,
) -> Result<Json<EventList>, Problem> {
    let question = asked.read(&HISTORY, &gateway)?;
    let unknown = || Problem::not_found("项目", "project", &id);
    let stream = StreamId::Project(ProjectId::try_new(&id).map_err(|_| unknown())?);
    gateway.show_to(&caller, &stream)?;
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
    let next_cursor = last_of_full_page(&mut found, rows).map(|last| question.cursor_at(last.version));
    list(stand, &found, next_cursor)
}

/// The whole log, by position: `after` or `cursor` is the last position that was seen. A unit sees what is its own; its
/// pages may be short, and the list goes on as long as there is a `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "history",
    params(openapi::Clocks, openapi::After, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::events::EventList))
)]
pub(crate) async fn of_log(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<EventList>, Problem> {
    let question = asked.read(&LOG, &gateway)?;
    let (stand, span) = gateway.span(&question).await?;
    let marked: Option<Position> = question.mark()?;
    let mut after = marked.or(question.after).unwrap_or(0);
    let (rows, log) = (question.rows(), &gateway.parts().log);
    let mut found = Vec::new();
    let at_once = match caller.only_unit() {
        Some(_) => SEARCHED_EVENTS.max(rows + 1),
        None => rows + 1,
    };
    let mut reads = 0;
    while found.len() <= rows && after < span.known && reads < MOST_READS {
        let events = log.read(after, at_once).await?;
        let Some(last) = events.last() else { break };
        (after, reads) = (last.position, reads + 1);
        let portfolio = gateway.parts().follower.read();
        let is_shown = |event: &RawEvent| span.has(event) && caller.sees(&portfolio, &event.stream);
        found.extend(events.into_iter().filter(is_shown));
    }
    let searched_to = (reads == MOST_READS).then_some(after);
    let last = last_of_full_page(&mut found, rows).map(|last| last.position);
    let next_cursor = last.or(searched_to).map(|place| question.cursor_at(place));
    list(stand, &found, next_cursor)
}

/// Cuts a page to its rows; gives the last of them where more follow.
fn last_of_full_page(found: &mut Vec<RawEvent>, rows: usize) -> Option<&RawEvent> {
    let more = found.len() > rows;
    found.truncate(rows);
    found.last().filter(|_| more)
}

fn list(stand: Stand, found: &[RawEvent], next_cursor: Option<String>) -> Result<Json<EventList>, Problem> {
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

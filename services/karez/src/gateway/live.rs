//! GET /v1/live: recorded events as server-sent events, from wherever the reader stopped.
//!
//! A reader waits for the one position that the follower moves, and then takes what is new from the newest events,
//! which the first that wakes reads from the log for all. Who is further behind reads the log itself, page by page.
//! So an idle reader costs a place in a waiting list, and none misses or repeats anything.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use karez_events::{EventType, Position, RawEvent, StreamId};
use karez_projections::{Portfolio, Project, Target, Warning};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::nearest::nearest;
use crate::store::StoreError;
use crate::views::events::EventView;

/// What the live stream can be asked.
pub(crate) const LIVE: [&str; 4] = ["project", "unit", "type", "after"];
/// The last event that a reader has seen, as browsers send it when they connect again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies are asked not to hold events back.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);
/// A comment is sent after so long without an event, so that neither end takes the other for gone.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// A stream ends after so long, and its reader comes back with `Last-Event-ID`.
const HOLDS: Duration = Duration::from_mins(10);
/// So often it is asked anew whether the reader may still look: a key that is revoked, a session that ended.
const ASKED_AGAIN_EVERY: Duration = Duration::from_secs(5);
/// The newest events are kept for all readers.
const KEPT_EVENTS: usize = 4_096;
/// Events that are read from the log at once.
const READ_EVENTS: usize = 500;

/// One event, ready to be sent.
#[derive(Debug)]
struct Line {
    position: Position,
    event_type: EventType,
    data: String,
    project: Option<String>,
    unit: Option<String>,
}

/// The newest events, for all readers, and the signal that ends them.
#[derive(Debug, Default)]
pub(crate) struct Live {
    newest: RwLock<VecDeque<Arc<Line>>>,
    reading: Mutex<()>,
    closing: CancellationToken,
}

impl Live {
    /// Ends every stream: a stop does not wait for readers that stay.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    /// What follows a position among the newest; `None` where that reaches further back.
    fn after(&self, position: Position) -> Option<Vec<Arc<Line>>> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let first = newest.front()?.position;
        let last = newest.back()?.position;
        if position + 1 < first || position >= last {
            return None;
        }
        let skipped = usize::try_from(position + 1 - first).ok()?;
        Some(newest.iter().skip(skipped).take(READ_EVENTS).cloned().collect())
    }

    fn keep(&self, lines: &[Arc<Line>]) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            match newest.back().map(|last| last.position) {
                Some(last) if line.position <= last => {}
                Some(last) if line.position > last + 1 => {
                    newest.clear();
                    newest.push_back(Arc::clone(line));
                }
                Some(_) | None => newest.push_back(Arc::clone(line)),
            }
        }
        let spare = newest.len().saturating_sub(KEPT_EVENTS);
        newest.drain(..spare);
    }
}

/// Which events a reader wants.
#[derive(Debug, Default)]
struct Wanted {
    project: Option<String>,
    unit: Option<String>,
    types: Vec<EventType>,
}

impl Wanted {
    fn admits(&self, line: &Line) -> bool {
        let is_same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        is_same(&self.project, &line.project)
            && is_same(&self.unit, &line.unit)
            && (self.types.is_empty() || self.types.contains(&line.event_type))
    }
}

/// Recorded events from now on, or from after `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/v1/live",
    tag = "history",
    params(openapi::Streamed, ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was seen.")),
    responses((status = 200, description = "Events as they are recorded: id is the position, event the type, data the event as /v1/events shows it.", body = String, content_type = "text/event-stream"))
)]
pub(crate) async fn follow(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = asked.read(&LIVE, &gateway)?;
    let types = question.types.as_deref().map_or(Ok(Vec::new()), read_types)?;
    let wanted = Wanted {
        project: question.project.clone(),
        unit: question.filter.unit.clone(),
        types,
    };
    let moves = gateway.parts().follower.moves();
    let seen = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(read_position(value)?),
        None => question.after,
    };
    let folded = gateway.parts().follower.position();
    let seen = seen.unwrap_or(folded);
    // Another gateway may be ahead of this one; the log itself is not.
    if seen > folded {
        let size = gateway.parts().log.head().await?.position;
        if seen > size {
            return Err(beyond(seen, size));
        }
    }
    let reader = Reader {
        gateway,
        moves,
        wanted,
        seen,
        waiting: VecDeque::new(),
    };
    let asked_by = headers;
    let heartbeat = KeepAlive::new().interval(HEARTBEAT_EVERY);
    let headers = [
        NO_BUFFERING,
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Sse::new(reader.messages(asked_by)).keep_alive(heartbeat)).into_response())
}

/// One reader and how far it is.
struct Reader {
    gateway: Gateway,
    moves: watch::Receiver<Position>,
    wanted: Wanted,
    seen: Position,
    waiting: VecDeque<Arc<Line>>,
}

impl Reader {
    fn messages(self, asked_by: HeaderMap) -> impl Stream<Item = Result<Message, Infallible>> {
        let over = Instant::now() + HOLDS;
        let mut again = interval_at(Instant::now() + ASKED_AGAIN_EVERY, ASKED_AGAIN_EVERY);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let state = (self, again, asked_by);
        stream::unfold(state, move |(mut reader, mut again, asked_by)| async move {
            let closing = reader.gateway.0.live.closing.clone();
            let next = loop {
                tokio::select! {
                    () = closing.cancelled() => return None,
                    () = sleep_until(over) => return None,
                    _ = again.tick() => if !reader.gateway.still_lets_in(&asked_by).await {
                        return None;
                    },
                    next = reader.next() => break next?,
                }
            };
            let message = Message::default()
                .id(next.position.to_string())
                .event(next.event_type.as_str())
                .data(&next.data);
            Some((Ok(message), (reader, again, asked_by)))
        })
    }

    /// The next event that is wanted; nothing when it cannot be read, and the reader may come back.
    async fn next(&mut self) -> Option<Arc<Line>> {
        loop {
            while let Some(line) = self.waiting.pop_front() {
                self.seen = line.position;
                if self.wanted.admits(&line) {
                    return Some(line);
                }
            }
            let seen = self.seen;
            let known = *self.moves.wait_for(|known| *known > seen).await.ok()?;
            match self.gateway.lines_after(seen, known).await {
                Ok(lines) => self.waiting.extend(lines),
                Err(error) => {
                    tracing::warn!("a live stream ends, its reader may come back: {error}");
                    return None;
                }
            }
        }
    }
}

/// Why events cannot be shown.
#[derive(Debug, thiserror::Error)]
enum LiveError {
    #[error("the log cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("what the log holds cannot be shown: {0}")]
    Json(#[from] serde_json::Error),
}

impl Gateway {
    /// Some of the events after a position, of which `known` is folded here already.
    async fn lines_after(&self, seen: Position, known: Position) -> Result<Vec<Arc<Line>>, LiveError> {
        let live = &self.0.live;
        if let Some(lines) = live.after(seen) {
            return Ok(lines);
        }
        // One reads for all; those far behind wait for no one.
        let is_near = known.saturating_sub(seen) <= READ_EVENTS as Position;
        let turn = if is_near {
            Some(live.reading.lock().await)
        } else {
            None
        };
        if let Some(lines) = live.after(seen) {
            return Ok(lines);
        }
        let events = self.parts().log.read(seen, READ_EVENTS).await?;
        let folded = events.iter().take_while(|event| event.position <= known);
        let lines = self.lines_of(folded)?;
        if turn.is_some() {
            live.keep(&lines);
        }
        Ok(lines)
    }

    fn lines_of<'a>(&self, events: impl Iterator<Item = &'a RawEvent>) -> Result<Vec<Arc<Line>>, LiveError> {
        let portfolio = self.parts().follower.read();
        events
            .map(|event| line(&portfolio, event).map(Arc::new))
            .collect()
    }
}

fn line(portfolio: &Portfolio, event: &RawEvent) -> Result<Line, LiveError> {
    let target = match &event.stream {
        StreamId::Project(id) => Some(Target::Project(id.clone())),
        StreamId::Unit(id) => Some(Target::Unit(id.clone())),
        StreamId::Warning(id) => portfolio.warning(id).map(Warning::target),
        StreamId::Fund(_) | StreamId::Calendar => None,
    };
    let (project, unit) = match target {
        Some(Target::Project(id)) => {
            let unit = portfolio
                .project(&id)
                .and_then(Project::unit)
                .map(ToString::to_string);
            (Some(id.to_string()), unit)
        }
        Some(Target::Unit(id)) => (None, Some(id.to_string())),
        Some(Target::Fund(_) | Target::Office) | None => (None, None),
    };
    Ok(Line {
        position: event.position,
        event_type: event.event_type,
        data: serde_json::to_string(&EventView::of(event)?)?,
        project,
        unit,
    })
}

fn read_position(value: &HeaderValue) -> Result<Position, Problem> {
    let read = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    read.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_last_event_id",
            "Last-Event-ID 应为最后收到的事件的 id（账本序号）；去掉它则从现在开始".to_owned(),
            "Last-Event-ID is the id of the last event that was seen, a position of the log; without it the stream begins now"
                .to_owned(),
        )
    })
}

/// Waiting for what comes after a position that is not reached yet would withhold everything up to it.
fn beyond(seen: Position, size: Position) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_last_event_id",
        format!(
            "账本只有 {size} 条，没有第 {seen} 条：服务可能已换库或从备份恢复；请重新读取，并去掉 Last-Event-ID 从现在开始"
        ),
        format!(
            "the log has {size} events, none at position {seen}: it may be another log or a restored one; read anew, and begin without Last-Event-ID"
        ),
    )
}

fn read_types(text: &str) -> Result<Vec<EventType>, Problem> {
    text.split(',').map(|name| read_type(name.trim())).collect()
}

fn read_type(name: &str) -> Result<EventType, Problem> {
    EventType::from_str(name).map_err(|_| {
        let near = nearest(name, EventType::ALL.iter().map(|known| known.as_str()));
        let (hint_zh, hint_en) = match near {
            Some(near) => (format!("是否指 {near}？"), format!("did you mean {near}?")),
            None => (
                "事件类型见 /openapi.json".to_owned(),
                "the types are in /openapi.json".to_owned(),
            ),
        };
        Problem::bad_query(
            "type",
            format!("没有事件类型 {name:?}：{hint_zh}"),
            format!("there is no event type {name:?}: {hint_en}"),
        )
    })
}

//! GET /v1/rejections: what was refused and why, the newest first.

use axum::Json;
use axum::extract::State;
use karez_events::StreamId;
use karez_projections::Portfolio;
use uuid::Uuid;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::authorization::Caller;
use crate::store::Rejection;
use crate::views::Stand;
use crate::views::rejections::{Persons, RejectionList, RejectionView};

/// What the list of rejections can be asked.
const LIST: [&str; 4] = ["as_of", "known_at", "cursor", "limit"];

/// Rows that are read together: each may be as large as a body.
const READ_ROWS: usize = 32;
/// Reads after which a page ends, however few rows it has.
const MOST_READS: usize = 500;
/// What the rows of a page may hold together, in bytes; one row may be larger.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A page of rejections, those known at the moment asked for. A unit sees what it sent about its own; its pages may be
/// short, and the list goes on as long as there is a `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/rejections",
    tag = "history",
    params(openapi::Clocks, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::rejections::RejectionList))
)]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<RejectionList>, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let mut after: Option<Uuid> = question.mark()?;
    let (moment, rows) = (gateway.moment(&question), question.rows());
    let at_once = READ_ROWS.min(rows + 1);
    // A unit reads what it sent itself.
    let persons = Persons::shown_to(caller.only_unit().is_some());
    let mut found: Vec<Rejection> = Vec::new();
    let mut reads = 0;
    let bytes = |found: &[Rejection]| found.iter().map(|kept| kept.content.len()).sum::<usize>();
    while found.len() <= rows && bytes(&found) <= MOST_BYTES && reads < MOST_READS {
        let page = gateway.parts().log.rejections(after, at_once).await?;
        let Some(last) = page.last() else {
            after = None;
            break;
        };
        (after, reads) = (Some(last.rejection_id), reads + 1);
        let is_last = page.len() < at_once;
        let portfolio = gateway.parts().follower.read();
        found.extend(
            page.into_iter()
                .filter(|kept| kept.received_at <= moment.known_at && is_shown(&caller, &portfolio, kept)),
        );
        if is_last {
            after = None;
            break;
        }
    }
    let mut held = 0;
    let fits = |kept: &&Rejection| {
        held += kept.content.len();
        held <= MOST_BYTES
    };
    let fitting = found.iter().take_while(fits).count().max(1).min(rows);
    let more = found.len() > fitting;
    found.truncate(fitting);
    let last = found.last().filter(|_| more).map(|kept| kept.rejection_id);
    let next_cursor = last.or(after).map(|place| question.cursor_at(place));
    let pinned = gateway.pinned(&question).await?;
    let stand = gateway
        .compute(pinned, move |portfolio| Stand::of(portfolio, moment))
        .await?;
    Ok(Json(RejectionList {
        stand,
        items: found
            .into_iter()
            .map(|kept| RejectionView::of(kept, persons))
            .collect(),
        next_cursor,
    }))
}

/// Whether a refusal is within a caller's view: by its stream, or by the address to which it was posted.
fn is_shown(caller: &Caller, portfolio: &Portfolio, kept: &Rejection) -> bool {
    if caller.only_unit().is_none() {
        return true;
    }
    let posted_to = kept.row.as_deref().and_then(|row| row.strip_prefix("POST "));
    let place = kept
        .stream
        .as_deref()
        .or(posted_to.filter(|_| kept.source == "http"));
    let stream = place.and_then(|place| place.parse::<StreamId>().ok());
    stream.is_some_and(|stream| caller.sees(portfolio, &stream))
}

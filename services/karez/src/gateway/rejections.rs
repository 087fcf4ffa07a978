//! GET /v1/rejections: what was refused and why, the newest first.

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::views::Stand;
use crate::views::rejections::{RejectionList, RejectionView};

/// What the list of rejections can be asked.
const LIST: [&str; 4] = ["as_of", "known_at", "cursor", "limit"];

/// A page of rejections, those known at the moment asked for.
#[utoipa::path(
    get,
    path = "/v1/rejections",
    tag = "history",
    params(openapi::Clocks, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::rejections::RejectionList))
)]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    asked: Asked,
) -> Result<Json<RejectionList>, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let mut after: Option<Uuid> = question.mark()?;
    let (moment, rows) = (gateway.moment(&question), question.rows());
    let mut found = Vec::new();
    while found.len() <= rows {
        let page = gateway.parts().log.rejections(after, rows + 1).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.rejection_id);
        let is_last = page.len() <= rows;
        found.extend(
            page.into_iter()
                .filter(|kept| kept.received_at <= moment.known_at),
        );
        if is_last {
            break;
        }
    }
    let more = found.len() > rows;
    found.truncate(rows);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|kept| question.cursor_at(kept.rejection_id));
    let pinned = gateway.pinned(&question).await?;
    let stand = gateway
        .compute(pinned, move |portfolio| Stand::of(portfolio, moment))
        .await?;
    Ok(Json(RejectionList {
        stand,
        items: found.into_iter().map(RejectionView::from).collect(),
        next_cursor,
    }))
}

//! POST /v1/preview: which warnings one fact, or a list of them, would raise, change or lift. Nothing is recorded.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use karez_alert_rules::watch::preview::preview;

use super::Gateway;
use super::batch::{as_it_is, rehearsed};
use super::bodies;
use super::problem::Problem;
use super::question::{Asked, Question};
use super::rows::Row;
use crate::authorization::Caller;
use crate::recorder::rehearsal::Verdict;
use crate::views::Stand;
use crate::views::batch::RowView;
use crate::views::preview::PreviewView;
use crate::views::warnings::rules_in_force;

/// What facts would bring about, by the rules in force and today's date.
#[utoipa::path(
    post,
    path = "/v1/preview",
    tag = "facts",
    request_body(description = "An array, one row, or one row a line (NDJSON); at most 1,000.", content((Vec<bodies::RowBody> = "application/json"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "What would be.", body = crate::views::preview::PreviewView))
)]
pub(crate) async fn post(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PreviewView>, Problem> {
    let caller = asked.caller(&gateway)?;
    let rows = gateway.rows(&caller, &headers, &body)?;
    gateway.previewed(&caller, &rows).await.map(Json)
}

impl Gateway {
    /// What would become of rows, and of warnings.
    pub(super) async fn previewed(&self, caller: &Caller, rows: &[Row]) -> Result<PreviewView, Problem> {
        let moment = self.moment(&Question::default());
        let (mut results, mut readable) = (Vec::new(), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            match &row.read {
                Ok(submission) => readable.push((index, submission.clone())),
                Err(problem) => results.push(RowView::rejected(index, None, problem.reason(), as_it_is)),
            }
        }
        let submissions = readable
            .iter()
            .map(|(_, submission)| submission.clone())
            .collect();
        let caller = caller.clone();
        self.rehearse(submissions, move |before, after, verdicts| {
            let mut facts = Vec::new();
            for ((index, submission), verdict) in readable.into_iter().zip(verdicts) {
                if let Verdict::Fact(fact) = &verdict {
                    facts.push(fact.as_ref().clone());
                }
                results.push(rehearsed(index, &submission, verdict));
            }
            results.sort_by_key(|row| row.index);
            let rules = rules_in_force(before);
            let mut changes = preview(before, after, rules.clone(), &facts, moment.as_of);
            changes.retain(|change| caller.sees_target(before, &change.warning.target()));
            PreviewView::of(Stand::of(before, moment), results, &changes, &rules)
        })
        .await
    }
}

//! POST /v1/events:batch: up to 1,000 facts at once, each with its own end. `atomic=true` records all or none,
//! `dry_run=true` only says what would be done.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use karez_events::{StreamId, Submission};
use karez_projections::Portfolio;
use serde::Serialize;

use super::Gateway;
use super::envelope::place_in_row;
use super::problem::Problem;
use super::question::Asked;
use super::rows::Row;
use super::submit::SEEN_WITHIN;
use super::{bodies, openapi};
use crate::authorization::Caller;
use crate::bus::intake::Origin;
use crate::receipt::Outcome;
use crate::recorder::rehearsal::{Rehearsal, Verdict};
use crate::views::batch::{BatchView, RowCounts, RowView};

/// What a batch can be asked.
pub(crate) const SWITCHES: [&str; 2] = ["atomic", "dry_run"];

/// Many facts.
#[utoipa::path(
    post,
    path = "/v1/events:batch",
    tag = "facts",
    params(openapi::Switches),
    request_body(description = "An array, one row, or one row a line (NDJSON); at most 1,000.", content((Vec<bodies::RowBody> = "application/json"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "Every row with its own end.", body = crate::views::batch::BatchView), (status = 422, description = "Of an atomic batch a row was rejected, and none recorded; `results` says which.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn post(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let question = asked.read(&SWITCHES, &gateway)?;
    let rows = gateway.rows(&caller, &headers, &body)?;
    let view = |results: Vec<RowView>| BatchView {
        atomic: question.atomic,
        dry_run: question.dry_run,
        counts: RowCounts::of(&results),
        results,
    };
    if question.dry_run || question.atomic {
        let rehearsed = view(gateway.rehearsed(&rows).await?);
        if question.dry_run {
            return Ok(Json(rehearsed).into_response());
        }
        if rehearsed.counts.rejected > 0 {
            return Err(none_recorded(rehearsed.counts.rejected, rehearsed.results.len())
                .with_rows(rehearsed.counts, &rehearsed.results));
        }
    }
    let done = view(gateway.submit_rows(&caller, rows, "events:batch").await?);
    if question.atomic && done.counts.rejected + done.counts.unavailable > 0 {
        return Err(only_some_recorded(done.counts).with_rows(done.counts, &done.results));
    }
    if done.counts.unavailable == done.results.len() {
        return Err(Problem::of_status(StatusCode::SERVICE_UNAVAILABLE));
    }
    Ok(Json(done).into_response())
}

impl Gateway {
    /// What the recorder would say to rows.
    pub(super) async fn rehearsed(&self, rows: &[Row]) -> Result<Vec<RowView>, Problem> {
        let readable: Vec<Submission> = rows
            .iter()
            .filter_map(|row| row.read.as_ref().ok().cloned())
            .collect();
        let verdicts = self.rehearse(readable, |_, _, verdicts| verdicts).await?;
        let mut verdicts = verdicts.into_iter();
        let mut results = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            results.push(match &row.read {
                Err(problem) => RowView::rejected(index, None, problem.reason(), as_it_is),
                Ok(submission) => {
                    rehearsed(index, submission, verdicts.next().ok_or_else(Problem::internal)?)
                }
            });
        }
        Ok(results)
    }

    /// Answers from what the recorder would say to submissions: from the portfolio before them, the portfolio after
    /// them, and the verdicts.
    pub(super) async fn rehearse<T: Send + 'static>(
        &self,
        submissions: Vec<Submission>,
        answer: impl FnOnce(&Portfolio, Portfolio, Vec<Verdict>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _room = self
            .0
            .rehearsals
            .acquire()
            .await
            .map_err(|_| Problem::internal())?;
        let parts = self.parts();
        let rehearsal = Rehearsal::prepare(&parts.log, submissions, parts.clock.now()).await?;
        self.compute(None, move |portfolio| {
            let mut after = portfolio.clone();
            let verdicts = rehearsal.judge(&mut after);
            answer(portfolio, after, verdicts)
        })
        .await
    }

    /// Submits what can be read, in order, and keeps what cannot.
    pub(super) async fn submit_rows(
        &self,
        caller: &Caller,
        rows: Vec<Row>,
        address: &str,
    ) -> Result<Vec<RowView>, Problem> {
        // A unit finds again what it sent, also where nothing in it says whose it is.
        let place = match caller.only_unit() {
            Some(unit) => format!("POST {}", StreamId::Unit(unit.clone())),
            None => format!("POST {address}"),
        };
        let mut unread = Vec::new();
        let mut sent = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            match row.read {
                Ok(submission) => sent.push((index, submission)),
                Err(problem) => unread.push((index, row.bytes, problem)),
            }
        }
        let unread = unread
            .into_iter()
            .map(|(index, bytes, problem)| self.keep_row((caller, &place), index, bytes, problem));
        let mut results = join_all(unread).await;
        results.extend(self.submit_readable(sent, address).await);
        results.sort_by_key(|row| row.index);
        let last = results.iter().filter_map(|row| row.position).max();
        if let Some(position) = last
            && !self.parts().follower.wait_for(position, SEEN_WITHIN).await
        {
            tracing::warn!(position, "recorded, but not shown here yet");
        }
        Ok(results)
    }

    async fn submit_readable(&self, sent: Vec<(usize, Submission)>, address: &str) -> Vec<RowView> {
        let named: Vec<_> = sent
            .iter()
            .map(|(index, submission)| (*index, submission.event_id))
            .collect();
        let with_origin = |(index, submission)| {
            let origin = Origin {
                source: "http".to_owned(),
                row: Some(format!("{address} {index}")),
            };
            (submission, origin)
        };
        let outcomes = self
            .parts()
            .intake
            .submit_all_from(sent.into_iter().map(with_origin).collect())
            .await;
        let of_row = |((index, event_id), outcome)| match outcome {
            Ok(outcome) => RowView::decided(index, outcome, place_in_row),
            Err(why) => RowView::unavailable(index, event_id, Problem::from(why).reason()),
        };
        named.into_iter().zip(outcomes).map(of_row).collect()
    }

    /// Keeps a row that cannot be read, with the reason.
    async fn keep_row(
        &self,
        (caller, place): (&Caller, &str),
        index: usize,
        bytes: Bytes,
        problem: Problem,
    ) -> RowView {
        let kept = problem.kept(caller, &bytes, place);
        let row = RowView::rejected(index, None, problem.reason(), as_it_is);
        match self.parts().intake.keep_refused(kept).await {
            Ok(Outcome::Refused(refusal)) => row.kept_as(refusal.rejection_id),
            Ok(Outcome::Recorded(_)) => row,
            Err(error) => {
                tracing::warn!("a refused submission could not be kept: {error}");
                row
            }
        }
    }
}

/// What would become of a row.
pub(super) fn rehearsed(index: usize, submission: &Submission, verdict: Verdict) -> RowView {
    let event_id = submission.event_id;
    match verdict {
        Verdict::Fact(_) => RowView::accepted(index, event_id),
        Verdict::Known(receipt) => RowView::duplicate(index, event_id, receipt.as_ref()),
        Verdict::Refused(reason) => RowView::rejected(index, Some(event_id), reason, place_in_row),
    }
}

/// The reader's own pointers are places in the row.
pub(super) fn as_it_is(pointer: &str) -> Option<String> {
    (!pointer.is_empty()).then(|| pointer.to_owned())
}

/// Of rows of which all or none were to be recorded, some cannot be.
pub(super) fn none_recorded(rejected: usize, rows: usize) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "batch_rejected",
        format!(
            "{rows} 行中有 {rejected} 行不能入账，按整批要求一行也未入账：请改正 results 中所列各行后整批重发"
        ),
        format!(
            "{rejected} of {rows} rows cannot be recorded, so none was: put right the rows listed in results, and send all again"
        ),
    )
}

/// Between the check and the recording something else was recorded, or the recorder went away.
pub(super) fn only_some_recorded(counts: RowCounts) -> Problem {
    let (status, retry) = if counts.unavailable > 0 {
        (StatusCode::SERVICE_UNAVAILABLE, true)
    } else {
        (StatusCode::CONFLICT, false)
    };
    let problem = Problem::new(
        status,
        "batch_interrupted",
        "整批检查通过后情况有变，只有部分行入账：请按 results 核对后以同样编号整批重发，已入账的不会重复".to_owned(),
        "after the batch was checked something came between, and only some rows are recorded: see results, and send all again under the same keys, nothing lands twice"
            .to_owned(),
    );
    if retry { problem.retry() } else { problem }
}

impl Problem {
    /// The same with what became, or would become, of each row.
    pub(super) fn with_rows<T: Serialize>(self, counts: RowCounts, results: &[T]) -> Self {
        match (serde_json::to_value(counts), serde_json::to_value(results)) {
            (Ok(counts), Ok(results)) => self.with("counts", counts).with("results", results),
            (Err(error), _) | (_, Err(error)) => error.into(),
        }
    }
}

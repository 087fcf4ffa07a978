//! How a read is answered: from the portfolio of the moment that was asked for.

use std::convert::identity;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use karez_events::Position;
use karez_projections::Portfolio;

use super::Gateway;
use super::problem::Problem;
use super::question::{Question, wrong_cursor};
use crate::replay::ReplayError;
use crate::tasks::compute;
use crate::views::Moment;
use crate::views::page::Paging;
use crate::views::projects::ListError;

impl Gateway {
    /// The two clocks of a question; today and now where it names none.
    pub(crate) fn moment(&self, question: &Question) -> Moment {
        let clock = &self.parts().clock;
        Moment {
            as_of: question.as_of.unwrap_or_else(|| self.today()),
            known_at: question.known_at.unwrap_or_else(|| clock.now()),
        }
    }

    /// The position that a question is pinned to by what was known when; `None` for whatever is newest.
    pub(crate) async fn pinned(&self, question: &Question) -> Result<Option<Position>, Problem> {
        match question.known_at {
            Some(known_at) => Ok(Some(self.parts().log.position_at(known_at).await?)),
            None => Ok(None),
        }
    }

    /// Computes an answer from the portfolio beside the tasks that answer: as it is known at a position, or the
    /// newest.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        pinned: Option<Position>,
        answer: impl FnOnce(&Portfolio) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.compute_and(pinned, answer, identity).await
    }

    /// The same, and there too what `finish` makes of it, when the portfolio has been let go: whoever takes in the next event
    /// waits for its readers.
    async fn compute_and<T, Finished: Send + 'static>(
        &self,
        pinned: Option<Position>,
        answer: impl FnOnce(&Portfolio) -> T + Send + 'static,
        finish: impl FnOnce(T) -> Finished + Send + 'static,
    ) -> Result<Finished, Problem> {
        let follower = self.parts().follower.clone();
        let from_newest = move || {
            let portfolio = follower.read();
            if pinned.is_none_or(|position| position == portfolio.position()) {
                let answer = answer(&portfolio);
                drop(portfolio);
                Ok(finish(answer))
            } else {
                Err((answer, finish))
            }
        };
        let (answer, finish) = match compute(from_newest).await.map_err(broken)? {
            Ok(computed) => return Ok(computed),
            Err(unanswered) => unanswered,
        };
        let position = pinned.unwrap_or_else(|| self.parts().follower.position());
        let past = self.0.past.at(&self.parts().log, position).await?;
        compute(move || finish(answer(&past))).await.map_err(broken)
    }

    /// Answers a question from the portfolio as it was known then.
    pub(crate) async fn answer<T: serde::Serialize + 'static>(
        &self,
        question: &Question,
        answer: impl FnOnce(&Portfolio, Moment) -> T + Send + 'static,
    ) -> Result<Response, Problem> {
        let moment = self.moment(question);
        let pinned = self.pinned(question).await?;
        let answer = move |portfolio: &Portfolio| answer(portfolio, moment);
        let written = self.compute_and(pinned, answer, written).await?;
        Ok(json(written?))
    }

    /// The same about one thing, which may not have been known then.
    pub(crate) async fn answer_if_known<T: serde::Serialize>(
        &self,
        question: &Question,
        answer: impl FnOnce(&Portfolio, Moment) -> Option<T> + Send + 'static,
    ) -> Result<Option<Response>, Problem> {
        let moment = self.moment(question);
        let pinned = self.pinned(question).await?;
        let answer = move |portfolio: &Portfolio| answer(portfolio, moment);
        let written = self
            .compute_and(pinned, answer, |answer| answer.map(written))
            .await?;
        Ok(written.transpose()?.map(json))
    }

    /// A page of a list. A cursor pins the position and the business date of the first page.
    pub(crate) async fn answer_page<T: serde::Serialize>(
        &self,
        question: &Question,
        answer: impl FnOnce(&Portfolio, Moment, &Paging) -> Result<T, ListError> + Send + 'static,
    ) -> Result<Response, Problem> {
        let paging = question.paging()?;
        let mut moment = self.moment(question);
        let mut pinned = self.pinned(question).await?;
        if let Some(cursor) = &paging.after {
            if cursor.position > pinned.unwrap_or_else(|| self.parts().follower.position()) {
                return Err(wrong_cursor(
                    "the cursor is of a later state of the log than is asked for",
                ));
            }
            (moment.as_of, pinned) = (cursor.as_of, Some(cursor.position));
        }
        let answer = move |portfolio: &Portfolio| answer(portfolio, moment, &paging);
        let written = self
            .compute_and(pinned, answer, |answer| answer.map(written))
            .await?;
        let written = written
            .map_err(|error| Problem::bad_query(error.parameter(), error.in_chinese(), error.to_string()))?;
        Ok(json(written?))
    }
}

fn written<T: serde::Serialize>(answer: T) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&answer)
}

fn json(written: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], written).into_response()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(super) fn broken(error: anyhow::Error) -> Problem {
    tracing::error!("an answer could not be computed: {error:#}");
    Problem::internal()
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Store(error) => error.into(),
            error @ (ReplayError::Undecodable(_)
            | ReplayError::Panicked(_)
            | ReplayError::Gap { .. }
            | ReplayError::Sealing(_)
            | ReplayError::Snapshot(_)
            | ReplayError::Segment(_)) => {
                tracing::error!("the log cannot be folded: {error}");
                Self::internal()
            }
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        tracing::error!("what the log holds cannot be shown: {error}");
        Self::internal()
    }
}

//! POST and GET /v1/audit/verify: a check of the whole log, one at a time, beside everything else. It reads for as long as
//! the log is long, so it is begun and asked about, not waited for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Gateway;
use super::problem::Problem;
use super::question::Asked;
use crate::audit::{Verdict, verify};
use crate::store::StoreError;
use crate::tasks::{Child, spawn_child};
use crate::views::audit::{VerificationState, VerificationView};

/// The check that was begun last.
#[derive(Debug)]
pub(super) struct Verification {
    view: Mutex<VerificationView>,
    running: Mutex<Option<Child>>,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            view: Mutex::new(VerificationView {
                state: VerificationState::None,
                position: 0,
                of: 0,
                is_sound: None,
                fault: None,
                hash: None,
                streams: None,
                began_at: None,
                ended_at: None,
            }),
            running: Mutex::new(None),
        }
    }
}

impl Verification {
    fn view(&self) -> MutexGuard<'_, VerificationView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to check the whole log: chain, ids, streams, heads, every checkpoint. Where a check is under way, it is that one.
#[utoipa::path(
    post,
    path = "/v1/audit/verify",
    tag = "audit",
    responses((status = 202, description = "It is under way; ask the same address for its result.", body = VerificationView))
)]
pub(crate) async fn begin(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    gateway.begin_verification();
    let view = gateway.0.verification.view().clone();
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// How far the check that was begun last on this node is, and what it found.
#[utoipa::path(
    get,
    path = "/v1/audit/verify",
    tag = "audit",
    responses((status = 200, description = "The answer.", body = VerificationView))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    asked: Asked,
) -> Result<Json<VerificationView>, Problem> {
    asked.none(&gateway)?;
    let view = gateway.0.verification.view().clone();
    Ok(Json(view))
}

impl Gateway {
    fn begin_verification(&self) {
        let verification = &self.0.verification;
        let mut running = verification
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(|child| !child.has_ended()) {
            return;
        }
        *verification.view() = VerificationView {
            state: VerificationState::Running,
            began_at: Some(self.parts().clock.now()),
            ..Verification::default().view().clone()
        };
        let gateway = self.clone();
        *running = Some(spawn_child("verification", async move {
            let told = |done, of| {
                let mut view = gateway.0.verification.view();
                (view.position, view.of) = (done, of);
            };
            let found = verify(&gateway.parts().log, told, |_| ()).await;
            gateway.end_verification(found);
        }));
    }

    fn end_verification(&self, found: Result<Verdict, StoreError>) {
        let mut view = self.0.verification.view();
        view.ended_at = Some(self.parts().clock.now());
        match found {
            Ok(verdict) => {
                view.state = VerificationState::Done;
                view.is_sound = Some(verdict.is_sound());
                (view.position, view.of) = (verdict.position, view.of.max(verdict.position));
                view.hash = Some(verdict.hash.to_string());
                view.streams = Some(verdict.streams);
                view.fault = verdict.fault.map(|fault| fault.to_string());
            }
            Err(error) => {
                view.state = VerificationState::Failed;
                view.fault = Some(error.to_string());
            }
        }
    }
}

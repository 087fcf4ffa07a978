//! Changes of the rules: POST /v1/rules/proposals by one person, and publish or withdraw by another. Each step is a fact
//! like any other. That author and publisher are two people rests on their accounts, so programs and servers without
//! accounts are refused here.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use karez_alert_rules::rule_set::change::amended;
use karez_events::{EventType, StreamId};
use karez_projections::RuleProposal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Gateway;
use super::administration::read;
use super::envelope::{Envelope, place_in_flat_body};
use super::problem::Problem;
use super::question::Asked;
use super::reader_words::in_chinese;
use super::submit::Sent;
use super::{bodies, openapi};
use crate::authorization::Caller;
use crate::rule_text::usable;
use crate::tasks::compute;
use crate::views::proposals;

/// Every proposal, the newest first.
#[utoipa::path(
    get,
    path = "/v1/rules/proposals",
    tag = "rules",
    params(openapi::KnownAt),
    responses((status = 200, description = "The answer.", body = proposals::ProposalList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&["known_at"], &gateway)?;
    gateway
        .answer(&question, |portfolio, _| proposals::list(portfolio))
        .await
}

/// One proposal, and where it differs from the rules in force.
#[utoipa::path(
    get,
    path = "/v1/rules/proposals/{id}",
    tag = "rules",
    params(("id" = String, Path, description = "提议编号."), openapi::KnownAt),
    responses((status = 200, description = "The answer.", body = proposals::ProposalDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&["known_at"], &gateway)?;
    let proposal: Uuid = id.parse().map_err(|_| unknown(&id))?;
    let answered = gateway
        .answer_if_known(&question, move |portfolio, _| {
            proposals::show(portfolio, proposal)
        })
        .await?;
    answered.ok_or_else(|| unknown(&id))
}

/// A change of the rules in force.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// TOML: what is to be otherwise, key by key, or a rule of the office's own.
    change: String,
}

/// What a change makes of the rules.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CheckedChange {
    /// The whole rule set with it, as it can be proposed.
    rules: String,
}

/// Reads a change of the rules in force and tells the scenarios of their own rules; what comes of it can be proposed.
/// Nothing is recorded.
#[utoipa::path(
    post,
    path = "/v1/rules/check",
    tag = "rules",
    request_body = ChangeBody,
    responses((status = 200, description = "The rules with the change.", body = CheckedChange))
)]
pub(crate) async fn check(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<CheckedChange>, Problem> {
    asked.none(&gateway)?;
    let ChangeBody { change } = read(&headers, &body)?;
    let text = proposals::text_in_force(&gateway.parts().follower.read()).to_owned();
    let checked = compute(move || {
        let rules = amended(&text, &change).map_err(|error| error.to_string())?;
        usable(&rules).map(|_| rules)
    });
    let rules = checked.await.map_err(super::answer::broken)?;
    let rules = rules.map_err(|error| unusable(&error).at("/change"))?;
    Ok(Json(CheckedChange { rules }))
}

/// Proposes a whole rule set, `{rules, reason}`: read first, and the scenarios of its own rules told.
#[utoipa::path(
    post,
    path = "/v1/rules/proposals",
    tag = "rules",
    params(openapi::Key),
    request_body = bodies::ProposalBody,
    responses(openapi::Posted)
)]
pub(crate) async fn propose(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let author = person(&caller)?.to_owned();
    let sent = Sent::read(caller, StreamId::Calendar, &headers, &body)?;
    let hash = match rules_of(&body) {
        Some(rules) => {
            let read = compute(move || usable(&rules))
                .await
                .map_err(super::answer::broken)?;
            read.map_err(|error| unusable(&error).at("/rules"))?
                .hash()
                .to_owned()
        }
        // The envelope says what the body lacks.
        None => String::new(),
    };
    let known = [("author", json!(author)), ("content_hash", json!(hash))];
    let envelope = Envelope::of_known(EventType::RulesProposed, &known, &body, gateway.today());
    gateway.submit(envelope, &sent, place_in_flat_body).await
}

/// Puts a proposal in force, `{reason?}`: from the position of this event on, on every node. Not its author.
#[utoipa::path(
    post,
    path = "/v1/rules/proposals/{id}/publish",
    tag = "rules",
    params(("id" = String, Path, description = "提议编号."), openapi::Key),
    request_body = bodies::PublicationBody,
    responses(openapi::Posted)
)]
pub(crate) async fn publish(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let proposal = gateway.proposal(&id)?;
    let known = [
        ("proposal", json!(proposal.event_id)),
        ("author", json!(proposal.proposed.author)),
        ("publisher", json!(person(&caller)?)),
        ("content_hash", json!(proposal.proposed.content_hash)),
        ("rules", json!(proposal.proposed.rules)),
    ];
    gateway
        .about_proposal(EventType::RulesPublished, &known, caller, (&headers, &body))
        .await
}

/// Takes a proposal back, `{cause}`.
#[utoipa::path(
    post,
    path = "/v1/rules/proposals/{id}/withdraw",
    tag = "rules",
    params(("id" = String, Path, description = "提议编号."), openapi::Key),
    request_body = bodies::WithdrawalBody,
    responses(openapi::Posted)
)]
pub(crate) async fn withdraw(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let known = [("proposal", json!(gateway.proposal(&id)?.event_id))];
    person(&caller)?;
    gateway
        .about_proposal(
            EventType::RulesProposalWithdrawn,
            &known,
            caller,
            (&headers, &body),
        )
        .await
}

impl Gateway {
    fn proposal(&self, id: &str) -> Result<RuleProposal, Problem> {
        let portfolio = self.parts().follower.read();
        let mut proposals = portfolio.proposals().iter();
        let found = proposals.find(|proposal| id.parse() == Ok(proposal.event_id));
        found.cloned().ok_or_else(|| unknown(id))
    }

    async fn about_proposal(
        &self,
        event_type: EventType,
        known: &[(&str, Value)],
        caller: Caller,
        (headers, body): (&HeaderMap, &Bytes),
    ) -> Result<Response, Problem> {
        let sent = Sent::read(caller, StreamId::Calendar, headers, body)?;
        let envelope = Envelope::of_known(event_type, known, body, self.today());
        self.submit(envelope, &sent, place_in_flat_body).await
    }
}

/// The text of a proposal, where the body has one.
fn rules_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Proposal {
        rules: String,
    }

    serde_json::from_slice::<Proposal>(body)
        .ok()
        .map(|proposal| proposal.rules)
}

/// The person who asks.
fn person(caller: &Caller) -> Result<&str, Problem> {
    caller.person().ok_or_else(|| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "person_needed",
            "规则由一人起草、另一人发布：请以个人账户登录办理，程序密钥和无账户的服务不行".to_owned(),
            "one person writes a change of the rules and another publishes it: sign in with an account, a program's key or a server without accounts will not do"
                .to_owned(),
        )
    })
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("规则提议", "proposal", id)
}

/// Rules that cannot be put in force.
pub(crate) fn unusable(error: &str) -> Problem {
    // What is wrong with a rule of the office's own is said in both languages, the Chinese last.
    let in_both = error
        .rsplit_once('\n')
        .filter(|(_, chinese)| chinese.starts_with("规则"));
    let (english, chinese) = in_both.unwrap_or((error, error));
    let chinese = match chinese.strip_prefix("the rule set cannot be read: ") {
        Some(said) => format!("规则集无法读取：{}", in_chinese(said)),
        None => chinese.to_owned(),
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "unusable_rules",
        format!("规则不可用：{chinese}"),
        format!("the rules cannot be used: {english}"),
    )
}

//! Who may change the rules, and how: one person writes the change, another publishes it.

use karez_events::event::system::{RulesProposalWithdrawn, RulesProposed, RulesPublished};
use karez_events::{Event, Submission};
use uuid::Uuid;

use super::{Refusal, RefusalCode, words};
use crate::portfolio::Portfolio;
use crate::rule_proposal::RuleProposal;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other events of the calendar are not about the rules"
)]
pub(super) fn check(portfolio: &Portfolio, submission: &Submission) -> Result<(), Refusal> {
    match &submission.event {
        Event::RulesProposed(data) => check_proposal(submission, data),
        Event::RulesProposalWithdrawn(data) => check_withdrawal(portfolio, data),
        Event::RulesPublished(data) => check_publication(portfolio, submission, data),
        _ => Ok(()),
    }
}

fn check_proposal(submission: &Submission, data: &RulesProposed) -> Result<(), Refusal> {
    check_speaker(submission, "/data/author", &data.author)?;
    let reason = submission.metadata.reason.as_deref().unwrap_or_default();
    words::needed("/metadata/reason", reason)
}

fn check_withdrawal(portfolio: &Portfolio, data: &RulesProposalWithdrawn) -> Result<(), Refusal> {
    words::needed("/data/cause", &data.cause)?;
    open_proposal(portfolio, data.proposal).map(|_| ())
}

fn check_publication(
    portfolio: &Portfolio,
    submission: &Submission,
    data: &RulesPublished,
) -> Result<(), Refusal> {
    check_speaker(submission, "/data/publisher", &data.publisher)?;
    let (author, publisher) = (data.author.trim(), data.publisher.trim());
    if author.is_empty() || author == publisher {
        return Err(Refusal::new(
            RefusalCode::SamePerson,
            "/data/publisher",
            format!("规则由 {author} 起草，须由另一人发布"),
            format!("the rules were written by {author:?}: another person publishes them"),
        ));
    }
    let Some(id) = data.proposal else {
        return Ok(());
    };
    let proposed = &open_proposal(portfolio, id)?.proposed;
    if (&proposed.author, &proposed.rules) == (&data.author, &data.rules) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Malformed,
        "/data/rules",
        "发布的规则与提议不同".to_owned(),
        "the rules are not those that were proposed".to_owned(),
    ))
}

/// Whoever is named as the one who acts is the one who speaks, where it is known who that is.
fn check_speaker(submission: &Submission, pointer: &str, named: &str) -> Result<(), Refusal> {
    let actor = submission.metadata.actor.as_ref();
    let speaker = actor.and_then(|actor| actor.user.as_deref());
    if !named.trim().is_empty() && speaker.is_none_or(|speaker| speaker == named) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Malformed,
        pointer,
        format!("{named:?} 不是提交人"),
        format!("{named:?} is not the one who says so"),
    ))
}

fn open_proposal(portfolio: &Portfolio, id: Uuid) -> Result<&RuleProposal, Refusal> {
    let mut proposals = portfolio.proposals().iter();
    proposals
        .find(|proposal| proposal.event_id == id && proposal.ending.is_none())
        .ok_or_else(|| {
            Refusal::new(
                RefusalCode::NothingToCorrect,
                "/data/proposal",
                "没有这一规则提议，或已发布、已撤回".to_owned(),
                "no such proposal is open: it was published or withdrawn".to_owned(),
            )
        })
}

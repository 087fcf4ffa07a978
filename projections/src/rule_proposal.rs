//! Rule sets that somebody proposed: what became of each. The one who publishes it is another person.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::system::RulesProposed;
use karez_events::{Event, Position, RecordedEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleProposal {
    /// The event that made it.
    pub event_id: Uuid,
    /// Its day.
    pub proposed_on: NaiveDate,
    /// When it became known.
    pub proposed_at: DateTime<Utc>,
    /// What is proposed, and by whom.
    pub proposed: RulesProposed,
    /// Why.
    pub reason: Option<String>,
    /// What became of it; `None` while it is open.
    pub ending: Option<ProposalEnding>,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalEnding {
    /// Position of the event that ended it.
    pub position: Position,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Option<String>,
    /// It took effect; otherwise it was withdrawn.
    pub is_published: bool,
    /// Why.
    pub cause: Option<String>,
}

/// Takes an event of the calendar, where it is about proposals.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most events of the calendar are about other things"
)]
pub(crate) fn apply(proposals: &mut Vec<RuleProposal>, recorded: &RecordedEvent) {
    let actor = recorded.metadata.actor.as_ref();
    let mut ending = ProposalEnding {
        position: recorded.position,
        at: recorded.recorded_at,
        by: actor.and_then(|actor| actor.user.clone()),
        is_published: false,
        cause: recorded.metadata.reason.clone(),
    };
    let id = match &recorded.event {
        Event::RulesProposed(data) => {
            proposals.push(RuleProposal {
                event_id: recorded.event_id,
                proposed_on: recorded.occurred_on,
                proposed_at: recorded.recorded_at,
                proposed: data.clone(),
                reason: recorded.metadata.reason.clone(),
                ending: None,
            });
            return;
        }
        Event::RulesProposalWithdrawn(data) => {
            ending.cause = Some(data.cause.clone());
            data.proposal
        }
        Event::RulesPublished(data) => {
            let Some(proposal) = data.proposal else { return };
            ending.is_published = true;
            ending.by = Some(data.publisher.clone());
            proposal
        }
        _ => return,
    };
    if let Some(proposal) = proposals.iter_mut().find(|proposal| proposal.event_id == id) {
        proposal.ending.get_or_insert(ending);
    }
}

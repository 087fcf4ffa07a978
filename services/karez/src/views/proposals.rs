//! Rule sets that somebody proposed: by whom, what they would change, and what became of them.

use chrono::{DateTime, NaiveDate, Utc};
use karez_alert_rules::RuleSetError;
use karez_alert_rules::rule_set::change::difference;
use karez_projections::{Portfolio, RuleProposal};
use serde::Serialize;
use uuid::Uuid;

use super::{instant, optional_instant};

/// One proposal.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProposalView {
    /// Its number: the event that made it.
    pub id: Uuid,
    /// `open`, `published` or `withdrawn`.
    pub state: &'static str,
    /// Who wrote the change; another person publishes it.
    pub author: String,
    /// Why.
    pub reason: Option<String>,
    /// Its day.
    pub proposed_on: NaiveDate,
    /// When it became known.
    #[serde(serialize_with = "instant")]
    pub proposed_at: DateTime<Utc>,
    /// Hash of the rule set that is proposed.
    pub thresholds_hash: String,
    /// Who published or withdrew it.
    pub ended_by: Option<String>,
    /// When.
    #[serde(serialize_with = "optional_instant")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why.
    pub ended_cause: Option<String>,
}

/// The proposals.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProposalList {
    /// The newest first.
    pub items: Vec<ProposalView>,
}

/// One place at which a proposal differs from what is in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DifferenceView {
    /// The place, such as `rules.idle_funds.suspended_days`.
    pub place: String,
    /// The value in force; absent where there is none.
    pub in_force: Option<String>,
    /// The value proposed; absent where it would be gone.
    pub proposed: Option<String>,
}

/// One proposal in full.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProposalDetail {
    /// The proposal.
    #[serde(flatten)]
    pub proposal: ProposalView,
    /// Where it differs from the rule set in force, defaults included.
    pub differences: Vec<DifferenceView>,
    /// The rule set as TOML.
    pub rules: String,
}

/// Every proposal, the newest first.
#[must_use]
pub fn list(portfolio: &Portfolio) -> ProposalList {
    ProposalList {
        items: portfolio.proposals().iter().rev().map(view).collect(),
    }
}

/// One proposal, and what it would change.
#[must_use]
pub fn show(portfolio: &Portfolio, id: Uuid) -> Option<ProposalDetail> {
    let proposal = portfolio
        .proposals()
        .iter()
        .find(|proposal| proposal.event_id == id)?;
    let rules = proposal.proposed.rules.clone();
    Some(ProposalDetail {
        proposal: view(proposal),
        // One that this version cannot read is shown as its text alone.
        differences: differences(portfolio, &rules).unwrap_or_default(),
        rules,
    })
}

fn differences(portfolio: &Portfolio, proposed: &str) -> Result<Vec<DifferenceView>, RuleSetError> {
    let found = difference(text_in_force(portfolio), proposed)?;
    let view = |found: karez_alert_rules::rule_set::change::Difference| DifferenceView {
        place: found.place,
        in_force: found.before,
        proposed: found.after,
    };
    Ok(found.into_iter().map(view).collect())
}

/// The text of the rule set in force; empty while that is the defaults.
#[must_use]
pub fn text_in_force(portfolio: &Portfolio) -> &str {
    portfolio
        .rules()
        .map_or("", |published| published.rules.rules.as_str())
}

fn view(proposal: &RuleProposal) -> ProposalView {
    let ending = proposal.ending.as_ref();
    ProposalView {
        id: proposal.event_id,
        state: match ending {
            None => "open",
            Some(ending) if ending.is_published => "published",
            Some(_) => "withdrawn",
        },
        author: proposal.proposed.author.clone(),
        reason: proposal.reason.clone(),
        proposed_on: proposal.proposed_on,
        proposed_at: proposal.proposed_at,
        thresholds_hash: proposal.proposed.content_hash.clone(),
        ended_by: ending.and_then(|ending| ending.by.clone()),
        ended_at: ending.map(|ending| ending.at),
        ended_cause: ending.and_then(|ending| ending.cause.clone()),
    }
}

//! Who may do what: one table of roles and actions ([`reach`]), and one of addresses and the action that each is
//! ([`ENDPOINTS`]). Pure; the gateway asks it before every endpoint. What is not listed is refused.
//!
//! A new endpoint is added so:
//! 1. a line in [`ENDPOINTS`] with its method, its path as the router has it, and its action; without the line it
//!    answers nobody but a server without accounts, and a test says so;
//! 2. where the action reaches a unit's own ([`Reach::OwnUnit`]), the handler narrows what it answers:
//!    - one thing: `gateway.show_to(&caller, &stream)?` first, which answers 404 for what is another's;
//!    - a list: [`Caller::only_unit`] as a filter ([`Caller::sees`] for rows that name a stream). A question that was
//!      read through `Asked` has its `unit` filter set already;
//! 3. a POST of facts goes through `gateway.submit`, which does the same and writes the caller into the event as its
//!    actor, whatever the body claims;
//! 4. `tests/tests/api/roles.rs` tries every line of the table for every role; a new kind of `{id}` needs one of the
//!    caller's own and one of another's there (`About`).

use std::fmt;
use std::str::FromStr;

use karez_events::{EventType, StreamId, UnitId};
use karez_projections::{Portfolio, Project, Target};
use serde::{Deserialize, Serialize};

/// What somebody is to karez.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 财务: records the office's facts and acts on warnings.
    Finance,
    /// 承担单位: its own projects only.
    Unit,
    /// 审计: reads everything and writes nothing; what it reads is kept.
    Auditor,
    /// 监管: acts on warnings.
    Supervisor,
    /// 管理员: runs the service.
    Admin,
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role: give finance, unit, auditor, supervisor or admin")]
pub struct RoleError(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Finance,
        Self::Unit,
        Self::Auditor,
        Self::Supervisor,
        Self::Admin,
    ];

    /// The word for it on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finance => "finance",
            Self::Unit => "unit",
            Self::Auditor => "auditor",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| RoleError(text.to_owned()))
    }
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See figures: overview, projects, units.
    ReadFigures,
    /// See funds, whose figures are those of all units together.
    ReadFunds,
    /// See history: events, receipts, rejections.
    ReadHistory,
    /// See the personal fields of a payee, with a reason: each look is recorded as an event.
    ReadPersons,
    /// See warnings.
    ReadWarnings,
    /// See who was told of which warnings, and what is silenced.
    ReadNotices,
    /// See rules and thresholds.
    ReadRules,
    /// Ask what other thresholds would have said.
    TestRules,
    /// Propose a change of the rules, and take it back.
    ProposeRules,
    /// Put in force what another person proposed.
    PublishRules,
    /// Record facts.
    RecordFacts,
    /// Explain a warning, and report on a rectification.
    AnswerWarnings,
    /// Acknowledge, assign, order a rectification and accept it, lift, dismiss, silence.
    HandleWarnings,
    /// Check the log, take checkpoints of it, and take evidence away.
    Audit,
    /// See what auditors looked at.
    ReadAccessLog,
    /// See the figures of the process.
    ReadMetrics,
    /// Make, change and end accounts of people and keys of programs.
    ManageAccounts,
    /// See who changed accounts and keys.
    ReadAdministration,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 18] = [
        Self::ReadFigures,
        Self::ReadFunds,
        Self::ReadHistory,
        Self::ReadPersons,
        Self::ReadWarnings,
        Self::ReadNotices,
        Self::ReadRules,
        Self::TestRules,
        Self::ProposeRules,
        Self::PublishRules,
        Self::RecordFacts,
        Self::AnswerWarnings,
        Self::HandleWarnings,
        Self::Audit,
        Self::ReadAccessLog,
        Self::ReadMetrics,
        Self::ManageAccounts,
        Self::ReadAdministration,
    ];
}

/// How far an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    Everything,
    /// The caller's own unit and its projects.
    OwnUnit,
}

/// The table: how far a role's action reaches; `None` is a refusal.
#[must_use]
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "a table has a row for each action")]
pub fn reach(role: Role, action: Action) -> Option<Reach> {
    const EVERYTHING: Option<Reach> = Some(Reach::Everything);
    const OWN_UNIT: Option<Reach> = Some(Reach::OwnUnit);
    let [finance, unit, auditor, supervisor, admin] = match action {
        //                          finance     unit        auditor     supervisor  admin
        Action::ReadFigures    => [EVERYTHING, OWN_UNIT,   EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadFunds      => [EVERYTHING, None,       EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadHistory    => [EVERYTHING, OWN_UNIT,   EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadPersons    => [EVERYTHING, OWN_UNIT,   EVERYTHING, None,       None],
        Action::ReadWarnings   => [EVERYTHING, OWN_UNIT,   EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadNotices    => [EVERYTHING, None,       EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadRules      => [EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING],
        Action::TestRules      => [EVERYTHING, None,       EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ProposeRules   => [EVERYTHING, None,       None,       EVERYTHING, None],
        Action::PublishRules   => [EVERYTHING, None,       None,       None,       EVERYTHING],
        Action::RecordFacts    => [EVERYTHING, OWN_UNIT,   None,       None,       None],
        Action::AnswerWarnings => [EVERYTHING, OWN_UNIT,   None,       EVERYTHING, None],
        Action::HandleWarnings => [EVERYTHING, None,       None,       EVERYTHING, None],
        Action::Audit          => [EVERYTHING, None,       EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadAccessLog  => [None,       None,       EVERYTHING, EVERYTHING, EVERYTHING],
        Action::ReadMetrics    => [None,       None,       None,       EVERYTHING, EVERYTHING],
        Action::ManageAccounts => [None,       None,       None,       None,       EVERYTHING],
        Action::ReadAdministration => [None,   None,       EVERYTHING, None,       EVERYTHING],
    };
    match role {
        Role::Finance => finance,
        Role::Unit => unit,
        Role::Auditor => auditor,
        Role::Supervisor => supervisor,
        Role::Admin => admin,
    }
}

impl Action {
    /// The word for it on the wire and in the documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadFigures => "read_figures",
            Self::ReadFunds => "read_funds",
            Self::ReadHistory => "read_history",
            Self::ReadPersons => "read_persons",
            Self::ReadWarnings => "read_warnings",
            Self::ReadNotices => "read_notices",
            Self::ReadRules => "read_rules",
            Self::TestRules => "test_rules",
            Self::ProposeRules => "propose_rules",
            Self::PublishRules => "publish_rules",
            Self::RecordFacts => "record_facts",
            Self::AnswerWarnings => "answer_warnings",
            Self::HandleWarnings => "handle_warnings",
            Self::Audit => "audit",
            Self::ReadAccessLog => "read_access_log",
            Self::ReadMetrics => "read_metrics",
            Self::ManageAccounts => "manage_accounts",
            Self::ReadAdministration => "read_administration",
        }
    }

    /// The addresses that it opens.
    pub fn addresses(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let opened = ENDPOINTS
            .iter()
            .filter(move |(_, _, access)| *access == Access::May(self));
        opened.map(|(method, path, _)| (*method, *path))
    }
}

/// How far an action of a role reaches, in a word of the documentation.
#[must_use]
pub fn reach_in_words(role: Role, action: Action) -> &'static str {
    match reach(role, action) {
        Some(Reach::Everything) => "all",
        Some(Reach::OwnUnit) => "own unit",
        None => "—",
    }
}

/// Whom an address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Anyone,
    /// Whoever is signed in, also with a first password that must be changed.
    SignedIn,
    /// Whoever may do this.
    May(Action),
}

/// Every address: method, path as the router has it, whom it answers. HEAD is a GET.
#[rustfmt::skip]
pub const ENDPOINTS: &[(&str, &str, Access)] = &[
    ("GET", "/healthz", Access::Anyone),
    ("GET", "/readyz", Access::Anyone),
    ("GET", "/openapi.json", Access::Anyone),
    ("GET", "/docs", Access::Anyone),
    ("GET", "/metrics", Access::May(Action::ReadMetrics)),
    ("POST", "/v1/session", Access::Anyone),
    ("GET", "/v1/session", Access::SignedIn),
    ("DELETE", "/v1/session", Access::SignedIn),
    ("GET", "/v1/session/ways", Access::Anyone),
    ("GET", "/v1/session/oidc", Access::Anyone),
    ("GET", "/v1/session/oidc/callback", Access::Anyone),
    ("POST", "/v1/session/password", Access::SignedIn),
    ("GET", "/v1/overview", Access::May(Action::ReadFigures)),
    ("GET", "/v1/overview/months", Access::May(Action::ReadFigures)),
    ("GET", "/v1/overview/flows", Access::May(Action::ReadFigures)),
    ("GET", "/v1/funds", Access::May(Action::ReadFunds)),
    ("GET", "/v1/funds/{id}", Access::May(Action::ReadFunds)),
    ("GET", "/v1/projects", Access::May(Action::ReadFigures)),
    ("GET", "/v1/projects/subtotals", Access::May(Action::ReadFigures)),
    ("GET", "/v1/projects/{id}", Access::May(Action::ReadFigures)),
    ("GET", "/v1/projects/{id}/months", Access::May(Action::ReadFigures)),
    ("GET", "/v1/projects/{id}/events", Access::May(Action::ReadHistory)),
    ("POST", "/v1/projects/{id}/events", Access::May(Action::RecordFacts)),
    ("POST", "/v1/projects/{id}/expenditures", Access::May(Action::RecordFacts)),
    ("POST", "/v1/projects/{id}/expenditures/{event_id}/reversal", Access::May(Action::RecordFacts)),
    ("POST", "/v1/projects/{id}/expenditures/{event_id}/reclassification", Access::May(Action::RecordFacts)),
    ("POST", "/v1/projects/{id}/expenditures/{event_id}/refund", Access::May(Action::RecordFacts)),
    ("POST", "/v1/projects/{id}/disbursements", Access::May(Action::RecordFacts)),
    ("POST", "/v1/events:batch", Access::May(Action::RecordFacts)),
    ("POST", "/v1/preview", Access::May(Action::RecordFacts)),
    ("GET", "/v1/imports/template", Access::May(Action::RecordFacts)),
    ("POST", "/v1/imports", Access::May(Action::RecordFacts)),
    ("GET", "/v1/live", Access::May(Action::ReadHistory)),
    ("GET", "/v1/units", Access::May(Action::ReadFigures)),
    ("GET", "/v1/units/{id}", Access::May(Action::ReadFigures)),
    ("GET", "/v1/events", Access::May(Action::ReadHistory)),
    ("POST", "/v1/events/{event_id}/unmask", Access::May(Action::ReadPersons)),
    ("GET", "/v1/receipts/{event_id}", Access::May(Action::ReadHistory)),
    ("GET", "/v1/rejections", Access::May(Action::ReadHistory)),
    ("GET", "/v1/warnings", Access::May(Action::ReadWarnings)),
    ("GET", "/v1/warnings/{id}", Access::May(Action::ReadWarnings)),
    ("POST", "/v1/warnings/{id}/acknowledge", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/warnings/{id}/assign", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/warnings/{id}/answer", Access::May(Action::AnswerWarnings)),
    ("POST", "/v1/warnings/{id}/rectification", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/warnings/{id}/rectification/report", Access::May(Action::AnswerWarnings)),
    ("POST", "/v1/warnings/{id}/rectification/acceptance", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/warnings/{id}/lift", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/warnings/{id}/dismiss", Access::May(Action::HandleWarnings)),
    ("GET", "/v1/deliveries", Access::May(Action::ReadNotices)),
    ("GET", "/v1/silences", Access::May(Action::ReadNotices)),
    ("POST", "/v1/silences", Access::May(Action::HandleWarnings)),
    ("POST", "/v1/silences/{id}/end", Access::May(Action::HandleWarnings)),
    ("GET", "/v1/users", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/users", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/users/{name}/disable", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/users/{name}/change-role", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/users/{name}/unlock", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/users/{name}/reset-password", Access::May(Action::ManageAccounts)),
    ("GET", "/v1/keys", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/keys", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/keys/{id}/rotate", Access::May(Action::ManageAccounts)),
    ("POST", "/v1/keys/{id}/revoke", Access::May(Action::ManageAccounts)),
    ("GET", "/v1/administration", Access::May(Action::ReadAdministration)),
    ("GET", "/v1/system", Access::May(Action::ReadMetrics)),
    ("GET", "/v1/rules", Access::May(Action::ReadRules)),
    ("GET", "/v1/rules/{id}", Access::May(Action::ReadRules)),
    ("POST", "/v1/rules/check", Access::May(Action::TestRules)),
    ("POST", "/v1/rules/{id}/backtest", Access::May(Action::TestRules)),
    ("GET", "/v1/rules/proposals", Access::May(Action::ReadRules)),
    ("GET", "/v1/rules/proposals/{id}", Access::May(Action::ReadRules)),
    ("POST", "/v1/rules/proposals", Access::May(Action::ProposeRules)),
    ("POST", "/v1/rules/proposals/{id}/withdraw", Access::May(Action::ProposeRules)),
    ("POST", "/v1/rules/proposals/{id}/publish", Access::May(Action::PublishRules)),
    ("GET", "/v1/audit/checkpoint", Access::May(Action::Audit)),
    ("POST", "/v1/audit/checkpoint", Access::May(Action::Audit)),
    ("GET", "/v1/audit/proof/{event_id}", Access::May(Action::ReadHistory)),
    ("GET", "/v1/audit/export", Access::May(Action::Audit)),
    ("GET", "/v1/audit/verify", Access::May(Action::Audit)),
    ("POST", "/v1/audit/verify", Access::May(Action::Audit)),
    ("GET", "/v1/audit/reads", Access::May(Action::ReadAccessLog)),
];

/// Whom a method at a path answers; `None` where the pair is not listed.
#[must_use]
pub fn access(method: &str, path: &str) -> Option<Access> {
    let method = if method == "HEAD" { "GET" } else { method };
    let found = ENDPOINTS.iter().find(|(of, at, _)| *of == method && *at == path);
    found.map(|(_, _, access)| *access)
}

/// The methods that a path takes.
pub fn methods(path: &str) -> impl Iterator<Item = &'static str> {
    ENDPOINTS
        .iter()
        .filter(move |(_, at, _)| *at == path)
        .map(|(method, _, _)| *method)
}

/// Who asks, and how far what is asked may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Anybody on this machine: a server without accounts.
    Anybody,
    /// Somebody who signed in, or a program with a key.
    Known(Known),
}

/// Somebody who signed in, or a program with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    name: String,
    role: Role,
    unit: Option<UnitId>,
    reach: Reach,
}

impl Caller {
    /// Somebody of a role, who may do this; `None` is a refusal. A unit's account without a unit may do nothing.
    #[must_use]
    pub fn try_known(name: String, role: Role, unit: Option<UnitId>, access: Access) -> Option<Self> {
        if (role == Role::Unit) != unit.is_some() {
            return None;
        }
        let reach = match access {
            Access::May(action) => reach(role, action)?,
            Access::Anyone | Access::SignedIn if role == Role::Unit => Reach::OwnUnit,
            Access::Anyone | Access::SignedIn => Reach::Everything,
        };
        Some(Self::Known(Known {
            name,
            role,
            unit,
            reach,
        }))
    }

    /// Name, role and unit, where they are known.
    #[must_use]
    pub fn known(&self) -> Option<(&str, Role, Option<&UnitId>)> {
        match self {
            Self::Anybody => None,
            Self::Known(known) => Some((&known.name, known.role, known.unit.as_ref())),
        }
    }

    /// The person who signed in; nobody for programs, whose names have a colon, and on a server without accounts.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        let (name, _, _) = self.known()?;
        (!name.contains(':')).then_some(name)
    }

    /// The unit to which this caller's view is confined.
    #[must_use]
    pub fn only_unit(&self) -> Option<&UnitId> {
        match self {
            Self::Known(known) if known.reach == Reach::OwnUnit => known.unit.as_ref(),
            Self::Anybody | Self::Known(_) => None,
        }
    }

    /// Whether this caller may do something else besides.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        match self {
            Self::Anybody => true,
            Self::Known(known) => reach(known.role, action).is_some(),
        }
    }

    /// Whether a stream is within this caller's view.
    #[must_use]
    pub fn sees(&self, portfolio: &Portfolio, stream: &StreamId) -> bool {
        self.only_unit()
            .is_none_or(|own| owner(portfolio, stream) == Some(own))
    }

    /// Whether warnings about a target are within this caller's view.
    #[must_use]
    pub fn sees_target(&self, portfolio: &Portfolio, target: &Target) -> bool {
        self.only_unit()
            .is_none_or(|own| owner_of_target(portfolio, target) == Some(own))
    }

    /// Whether this caller may record facts of a type: a unit says what it does itself, not what the office decides.
    #[must_use]
    pub fn may_record(&self, event_type: EventType) -> bool {
        self.only_unit().is_none() || is_said_by_units(event_type)
    }
}

/// The unit that a stream belongs to; funds, days and rule sets belong to the office.
fn owner<'a>(portfolio: &'a Portfolio, stream: &'a StreamId) -> Option<&'a UnitId> {
    match stream {
        StreamId::Project(id) => portfolio.project(id).and_then(Project::unit),
        StreamId::Unit(id) => Some(id),
        StreamId::Warning(id) => {
            let raised = &portfolio.warning(id)?.raised;
            match Target::of(raised) {
                Target::Project(_) => portfolio
                    .project(raised.project.as_ref()?)
                    .and_then(Project::unit),
                Target::Unit(_) => raised.unit.as_ref(),
                Target::Fund(_) | Target::Office => None,
            }
        }
        StreamId::Fund(_) | StreamId::Calendar => None,
    }
}

fn owner_of_target<'a>(portfolio: &'a Portfolio, target: &'a Target) -> Option<&'a UnitId> {
    match target {
        Target::Project(id) => portfolio.project(id).and_then(Project::unit),
        Target::Unit(id) => Some(id),
        Target::Fund(_) | Target::Office => None,
    }
}

/// What a unit does itself. Approvals, budgets, payments to units, evaluations and measures are the office's.
fn is_said_by_units(event_type: EventType) -> bool {
    match event_type {
        EventType::ProjectApplied
        | EventType::ProjectStarted
        | EventType::AcceptanceApplied
        | EventType::ProgressReported
        | EventType::FundsArrived
        | EventType::MatchingFundsArrived
        | EventType::FundsReturned
        | EventType::CommitmentSigned
        | EventType::CommitmentReleased
        | EventType::ExpenditureRecorded
        | EventType::ExpenditureRefunded
        | EventType::ExpenditureReversed
        | EventType::ExpenditureReclassified
        | EventType::OtherFlowRecorded
        | EventType::IndicatorReported
        | EventType::PeriodClosed
        | EventType::AccountReconciled
        | EventType::WarningAnswered
        | EventType::RectificationReported
        | EventType::PersonDisclosed => true,
        EventType::FundEstablished
        | EventType::AppropriationApproved
        | EventType::AppropriationAdjusted
        | EventType::QuotaIssued
        | EventType::QuotaWithdrawn
        | EventType::ProjectApproved
        | EventType::ContractSigned
        | EventType::PreStartApproved
        | EventType::ProjectSuspended
        | EventType::ProjectResumed
        | EventType::ProjectExtended
        | EventType::ProjectTerminated
        | EventType::ProjectAccepted
        | EventType::ProjectClosed
        | EventType::BudgetApproved
        | EventType::BudgetAdjusted
        | EventType::BudgetReallocated
        | EventType::CashPlanApproved
        | EventType::CarryoverConfirmed
        | EventType::FundsDisbursed
        | EventType::FundsRecovered
        | EventType::FactWithdrawn
        | EventType::IndicatorTargetSet
        | EventType::EvaluationScored
        | EventType::PeriodReopened
        | EventType::WarningRaised
        | EventType::WarningLevelChanged
        | EventType::WarningAcknowledged
        | EventType::WarningAssigned
        | EventType::WarningLifted
        | EventType::WarningDismissed
        | EventType::WarningRetracted
        | EventType::WarningEscalated
        | EventType::RectificationOrdered
        | EventType::RectificationAccepted
        | EventType::DisbursementSuspended
        | EventType::UnitCommended
        | EventType::UnitCriticised
        | EventType::DayEvaluated
        | EventType::RulesPublished
        | EventType::ImportCompleted
        | EventType::WarningsSilenced
        | EventType::SilenceEnded
        | EventType::RulesProposed
        | EventType::RulesProposalWithdrawn
        | EventType::ClockRead => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_reaches_no_further_than_itself_except_for_the_rules() {
        for action in Action::ALL {
            let is_wide = reach(Role::Unit, action) == Some(Reach::Everything);
            assert_eq!(is_wide, action == Action::ReadRules, "{action:?}");
        }
    }

    #[test]
    fn an_auditor_writes_nothing() {
        for action in [
            Action::RecordFacts,
            Action::AnswerWarnings,
            Action::HandleWarnings,
            Action::ProposeRules,
            Action::PublishRules,
        ] {
            assert_eq!(reach(Role::Auditor, action), None, "{action:?}");
        }
    }

    #[test]
    fn an_action_has_one_word() {
        for action in Action::ALL {
            let sent = serde_json::to_value(action).unwrap();
            assert_eq!(sent, action.as_str());
        }
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        assert_eq!(access("PUT", "/v1/projects/{id}"), None);
        assert_eq!(access("GET", "/v1/secrets"), None);
        assert_eq!(access("HEAD", "/healthz"), Some(Access::Anyone));
    }

    #[test]
    fn a_unit_s_account_without_a_unit_may_do_nothing() {
        let access = Access::May(Action::ReadFigures);
        assert_eq!(Caller::try_known("a".to_owned(), Role::Unit, None, access), None);
    }

    #[test]
    fn an_address_stands_in_the_table_once() {
        for (method, path, _) in ENDPOINTS {
            let same = ENDPOINTS.iter().filter(|(of, at, _)| of == method && at == path);
            assert_eq!(same.count(), 1, "{method} {path}");
        }
    }
}

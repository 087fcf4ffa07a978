//! One project as its events tell it: particulars, life, budget, and every entry of its ledger.

mod budget;
mod corrections;
mod entry;
mod fold;
mod life;
mod rare;
mod wording;
mod written;

pub use budget::{BudgetFact, BudgetForm, Carryover, LineAmount, Quota, is_published};
pub use entry::{Entry, EntryKind, Seldom, SeldomOnVoucher};
pub use life::{Dated, LifeFact, LifeStep, ProjectState};
pub use rare::{Facts, Rare};
pub use wording::Wording;
pub(crate) use wording::category_id;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::budget::CashPlanApproved;
use karez_events::event::performance::{EvaluationScored, IndicatorReported, IndicatorTargetSet};
use karez_events::event::period::AccountReconciled;
use karez_events::event::project::{ContractSigned, ProgressReported, ProjectApplied, ProjectApproved};
use karez_events::{Currency, FundId, Position, ProjectId, UnitId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::derived::Derived;
use crate::measures::brief::Kept;
use crate::projects::ProjectNumber;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// 项目编号.
    pub id: ProjectId,
    /// What stands for it where it is named very often; given when it becomes known.
    pub(crate) number: ProjectNumber,
    /// 申报, the latest.
    pub application: Option<Dated<ProjectApplied>>,
    /// 立项批复 and what later replaced it, in the order of becoming known.
    pub approvals: Vec<Dated<ProjectApproved>>,
    /// 任务书 and what later replaced it.
    pub contracts: Vec<Dated<ContractSigned>>,
    /// Steps of its life, in the order of becoming known.
    pub life: Vec<LifeFact>,
    /// Facts about its budget, in the order of becoming known.
    pub budget: Vec<BudgetFact>,
    /// 指标, in the order of becoming known.
    pub quotas: Vec<Quota>,
    /// 用款计划 and what later replaced it.
    pub cash_plans: Vec<Dated<CashPlanApproved>>,
    /// 结转确认.
    pub carryovers: Vec<Dated<Carryover>>,
    /// The ledger, in the order of becoming known.
    pub entries: Vec<Entry>,
    /// Invoices and documents booked here more than once; what was withdrawn since stays on the list.
    pub repeated_papers: BTreeSet<Box<str>>,
    /// Invoices and documents that another project has booked too; what was withdrawn since stays on the list.
    pub shared_papers: BTreeSet<Box<str>>,
    /// 进度报告.
    pub progress: Vec<Dated<ProgressReported>>,
    /// 绩效指标.
    pub targets: Vec<Dated<IndicatorTargetSet>>,
    /// 绩效完成值.
    pub results: Vec<Dated<IndicatorReported>>,
    /// 绩效评价.
    pub evaluations: Vec<Dated<EvaluationScored>>,
    /// 对账.
    pub reconciliations: Vec<Dated<AccountReconciled>>,
    /// 暂停拨款 in force since.
    pub disbursement_suspended_on: Option<NaiveDate>,
    /// Others published it: its approval came with an import of published data, not from the office itself.
    pub is_published: bool,
    /// Place in the import that last listed it: number of the import, then index in its file.
    pub listed: Option<(u32, u32)>,
    /// The day of the newest published file that listed it.
    pub published_on: Option<NaiveDate>,
    /// Position of its last event.
    pub last_position: Position,
    /// When that became known.
    pub last_recorded_at: DateTime<Utc>,
    /// How many events it has.
    pub event_count: u64,
    #[serde(skip)]
    pub(crate) kept: Derived<Kept>,
}

impl Project {
    pub(crate) fn new(id: ProjectId) -> Self {
        Self {
            id,
            number: 0,
            application: None,
            approvals: Vec::new(),
            contracts: Vec::new(),
            life: Vec::new(),
            budget: Vec::new(),
            quotas: Vec::new(),
            cash_plans: Vec::new(),
            carryovers: Vec::new(),
            entries: Vec::new(),
            repeated_papers: BTreeSet::new(),
            shared_papers: BTreeSet::new(),
            progress: Vec::new(),
            targets: Vec::new(),
            results: Vec::new(),
            evaluations: Vec::new(),
            reconciliations: Vec::new(),
            disbursement_suspended_on: None,
            is_published: false,
            listed: None,
            published_on: None,
            last_position: 0,
            last_recorded_at: DateTime::UNIX_EPOCH,
            event_count: 0,
            kept: Derived::default(),
        }
    }

    /// The approval in force on a day: the last dated on or before it, else the first of all.
    #[must_use]
    pub fn approval(&self, as_of: NaiveDate) -> Option<&ProjectApproved> {
        in_force(&self.approvals, as_of)
    }

    /// The contract in force on a day: the last dated on or before it, else the first of all.
    #[must_use]
    pub fn contract(&self, as_of: NaiveDate) -> Option<&ContractSigned> {
        in_force(&self.contracts, as_of)
    }

    /// 项目名称.
    #[must_use]
    pub fn title(&self) -> &str {
        match (self.approvals.last(), &self.application) {
            (Some(approval), _) => &approval.fact.title,
            (None, Some(application)) => &application.fact.title,
            (None, None) => "",
        }
    }

    /// 承担单位.
    #[must_use]
    pub fn unit(&self) -> Option<&UnitId> {
        let approved = self.approvals.last().map(|approval| &approval.fact.unit);
        approved.or_else(|| {
            self.application
                .as_ref()
                .map(|application| &application.fact.unit)
        })
    }

    /// The fund that pays.
    #[must_use]
    pub fn fund(&self) -> Option<&FundId> {
        match self.approvals.last() {
            Some(approval) => approval.fact.fund.as_ref(),
            None => self
                .application
                .as_ref()
                .and_then(|application| application.fact.fund.as_ref()),
        }
    }

    /// The project it is a part of.
    #[must_use]
    pub fn parent(&self) -> Option<&ProjectId> {
        self.approvals
            .last()
            .and_then(|approval| approval.fact.parent.as_ref())
    }

    /// Currency of the project's accounts.
    #[must_use]
    pub fn currency(&self) -> Currency {
        match (self.approvals.last(), &self.application) {
            (Some(approval), _) => approval.fact.currency,
            (None, Some(application)) => application.fact.currency,
            (None, None) => Currency::CNY,
        }
    }

    /// Whether the project has been approved (立项).
    #[must_use]
    pub fn is_approved(&self) -> bool {
        !self.approvals.is_empty()
    }

    /// Whether anything about the project is dated on or before a day: a step, a budget or an entry.
    #[must_use]
    pub fn is_known_by(&self, as_of: NaiveDate) -> bool {
        self.life.iter().any(|fact| fact.on <= as_of)
            || self.budget.iter().any(|fact| fact.effective_on <= as_of)
            || self.entries.iter().any(|entry| entry.on <= as_of)
    }

    /// Whether the project has been approved by a day.
    #[must_use]
    pub fn is_approved_by(&self, as_of: NaiveDate) -> bool {
        self.is_approved() && self.state(as_of) != ProjectState::Applied
    }

    /// First day on which a step of this kind was taken, looking at steps dated on or before `as_of`.
    #[must_use]
    pub fn first_on(&self, as_of: NaiveDate, is_step: impl Fn(LifeStep) -> bool) -> Option<NaiveDate> {
        self.life
            .iter()
            .filter(|fact| fact.on <= as_of && is_step(fact.fact))
            .map(|fact| fact.on)
            .min()
    }

    /// Actual start, whenever it lies.
    #[must_use]
    pub fn started_on(&self) -> Option<NaiveDate> {
        self.first_on(NaiveDate::MAX, |step| step == LifeStep::Started)
    }

    /// Actual end, whenever it lies.
    #[must_use]
    pub fn closed_on(&self) -> Option<NaiveDate> {
        self.life
            .iter()
            .filter(|fact| fact.fact == LifeStep::Closed)
            .map(|fact| fact.on)
            .max()
    }

    /// The last day of the task as known on a day: the contract's, or of the latest extension approved by then,
    /// else the planned one.
    #[must_use]
    pub fn end_on(&self, as_of: NaiveDate) -> Option<NaiveDate> {
        let extended = self
            .life
            .iter()
            .filter(|fact| fact.on <= as_of)
            .filter_map(|fact| match fact.fact {
                LifeStep::Extended { end_on } => Some(end_on),
                LifeStep::Applied
                | LifeStep::Approved
                | LifeStep::Signed
                | LifeStep::Started
                | LifeStep::PreStartApproved { .. }
                | LifeStep::Suspended
                | LifeStep::Resumed
                | LifeStep::Terminated
                | LifeStep::AcceptanceApplied
                | LifeStep::Accepted
                | LifeStep::Closed => None,
            });
        let planned = || self.approval(as_of).and_then(|approval| approval.planned_end_on);
        extended
            .max()
            .or_else(|| self.contract(as_of).map(|contract| contract.end_on))
            .or_else(planned)
    }

    /// Where the project stands on a day. Steps of one day count in the order in which they became known.
    #[must_use]
    pub fn state(&self, as_of: NaiveDate) -> ProjectState {
        let mut steps: Vec<&LifeFact> = self.life.iter().filter(|fact| fact.on <= as_of).collect();
        steps.sort_by_key(|fact| fact.on);
        let mut state = ProjectState::Applied;
        for step in steps {
            state = match (step.fact, state) {
                (LifeStep::Terminated, _) => ProjectState::Terminated,
                (LifeStep::Closed | LifeStep::Accepted, _) => ProjectState::Closed,
                (_, ProjectState::Terminated | ProjectState::Closed) => state,
                (LifeStep::Suspended, _) => ProjectState::Suspended,
                (LifeStep::Started | LifeStep::Resumed, _) => ProjectState::Running,
                (LifeStep::Approved, ProjectState::Applied) => ProjectState::Approved,
                (LifeStep::Signed, ProjectState::Applied | ProjectState::Approved) => ProjectState::Signed,
                (
                    LifeStep::Applied
                    | LifeStep::Approved
                    | LifeStep::Signed
                    | LifeStep::PreStartApproved { .. }
                    | LifeStep::Extended { .. }
                    | LifeStep::AcceptanceApplied,
                    _,
                ) => state,
            };
        }
        let is_over = self.end_on(as_of).is_some_and(|end| end < as_of);
        if state == ProjectState::Running && is_over {
            ProjectState::Ended
        } else {
            state
        }
    }

    /// Every currency in which the project has a budget, a plan or an entry; its own currency where it has none.
    #[must_use]
    pub fn currencies(&self) -> &[Currency] {
        self.kept.currencies(|| {
            let budgets = self.budget.iter().map(|fact| fact.currency);
            let plans = self.cash_plans.iter().map(|plan| plan.fact.currency);
            let entries = self.entries.iter().map(|entry| entry.currency);
            let mut found = each_once(budgets.chain(plans).chain(entries));
            if found.is_empty() {
                found.push(self.currency());
            }
            found
        })
    }

    /// Every currency that any of its facts names, its own included.
    pub(crate) fn every_currency(&self) -> Vec<Currency> {
        let applied = self.application.iter().map(|applied| applied.fact.currency);
        let contracts = self.contracts.iter().map(|contract| contract.fact.currency);
        let quotas = self.quotas.iter().map(|quota| quota.currency);
        let leftovers = self.carryovers.iter().map(|carried| carried.fact.currency);
        let used = self.currencies().iter().copied();
        each_once(
            used.chain([self.currency()])
                .chain(applied)
                .chain(contracts)
                .chain(quotas)
                .chain(leftovers),
        )
    }

    /// Adds entries to the ledger, with room for a quarter more where it is full: of twice as much, half would lie empty.
    fn book(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            if self.entries.len() == self.entries.capacity() {
                self.entries.reserve_exact(self.entries.len() / 4 + 4);
            }
            self.entries.push(entry);
        }
    }

    pub(crate) fn add_quota(&mut self, quota: Quota) {
        self.quotas.push(quota);
        self.kept.forget_from(NaiveDate::MIN);
    }

    /// The entry that an event made.
    #[must_use]
    pub fn entry(&self, event_id: Uuid) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.event_id == event_id)
    }

    /// Whether a fact that a publisher may withdraw still stands: recorded and not withdrawn. An approval is not withdrawn,
    /// only replaced by a later one.
    #[must_use]
    pub fn has_fact(&self, event_id: Uuid) -> bool {
        self.entry(event_id).is_some()
            || self.budget.iter().any(|fact| fact.event_id == event_id)
            || self
                .life
                .iter()
                .any(|fact| fact.event_id == event_id && fact.fact != LifeStep::Approved)
            || self.cash_plans.iter().any(|fact| fact.event_id == event_id)
            || self.contracts.iter().any(|fact| fact.event_id == event_id)
            || self.carryovers.iter().any(|fact| fact.event_id == event_id)
    }
}

fn each_once(currencies: impl Iterator<Item = Currency>) -> Vec<Currency> {
    let mut found: Vec<Currency> = Vec::new();
    for currency in currencies {
        if !found.contains(&currency) {
            found.push(currency);
        }
    }
    found
}

fn in_force<T>(history: &[Dated<T>], as_of: NaiveDate) -> Option<&T> {
    let current = history.iter().rfind(|dated| dated.on <= as_of);
    current.or_else(|| history.first()).map(|dated| &dated.fact)
}

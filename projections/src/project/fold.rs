//! What each event does to a project.

use super::Project;
use super::budget::{BudgetFact, BudgetForm, Carryover, LineAmount, approved_budget, is_published};
use super::entry::entry_of;
use super::life::{Dated, LifeStep};
use chrono::NaiveDate;
use karez_events::event::budget::BudgetStanding;
use karez_events::{CategoryId, Event, RecordedEvent};

impl Project {
    fn touch(&mut self, recorded: &RecordedEvent, changed_from: NaiveDate) {
        self.kept.forget_by(&recorded.event, changed_from);
        self.last_position = recorded.position;
        self.last_recorded_at = recorded.recorded_at;
        self.event_count += 1;
    }

    /// Takes an event that changes figures from a day on, as [`Kept::first_day_changed`](crate::measures::brief::Kept) says.
    pub(crate) fn apply(&mut self, recorded: &RecordedEvent, changed_from: NaiveDate) {
        self.touch(recorded, changed_from);
        match &recorded.event {
            Event::ProjectApplied(_)
            | Event::ProjectApproved(_)
            | Event::ContractSigned(_)
            | Event::ProjectStarted(_)
            | Event::PreStartApproved(_)
            | Event::ProjectSuspended(_)
            | Event::ProjectResumed(_)
            | Event::ProjectExtended(_)
            | Event::ProjectTerminated(_)
            | Event::AcceptanceApplied(_)
            | Event::ProjectAccepted(_)
            | Event::ProjectClosed(_) => self.apply_life(recorded),
            Event::BudgetApproved(_)
            | Event::BudgetAdjusted(_)
            | Event::BudgetReallocated(_)
            | Event::CashPlanApproved(_)
            | Event::CarryoverConfirmed(_) => self.apply_budget(recorded),
            Event::FundsDisbursed(_)
            | Event::FundsArrived(_)
            | Event::MatchingFundsArrived(_)
            | Event::FundsReturned(_)
            | Event::FundsRecovered(_)
            | Event::CommitmentSigned(_)
            | Event::CommitmentReleased(_)
            | Event::ExpenditureRecorded(_)
            | Event::OtherFlowRecorded(_) => self.book(entry_of(recorded)),
            Event::ExpenditureRefunded(data) => self.refund(recorded, data.refunds),
            Event::ExpenditureReversed(data) => self.reverse(recorded, data.reverses),
            Event::ExpenditureReclassified(data) => self.reclassify(recorded, data),
            Event::FactWithdrawn(data) => self.withdraw(data.withdraws),
            Event::ProgressReported(data) => self.progress.push(dated(recorded, data.clone())),
            Event::IndicatorTargetSet(data) => self.targets.push(dated(recorded, data.clone())),
            Event::IndicatorReported(data) => self.results.push(dated(recorded, data.clone())),
            Event::EvaluationScored(data) => self.evaluations.push(dated(recorded, data.clone())),
            Event::AccountReconciled(data) => self.reconciliations.push(dated(recorded, data.clone())),
            Event::DisbursementSuspended(_) => self.disbursement_suspended_on = Some(recorded.occurred_on),
            Event::FundEstablished(_)
            | Event::AppropriationApproved(_)
            | Event::AppropriationAdjusted(_)
            | Event::QuotaIssued(_)
            | Event::QuotaWithdrawn(_)
            | Event::PeriodClosed(_)
            | Event::PeriodReopened(_)
            | Event::WarningRaised(_)
            | Event::WarningLevelChanged(_)
            | Event::WarningAcknowledged(_)
            | Event::WarningAssigned(_)
            | Event::WarningAnswered(_)
            | Event::WarningLifted(_)
            | Event::WarningDismissed(_)
            | Event::WarningRetracted(_)
            | Event::WarningEscalated(_)
            | Event::RectificationOrdered(_)
            | Event::RectificationReported(_)
            | Event::RectificationAccepted(_)
            | Event::UnitCommended(_)
            | Event::UnitCriticised(_)
            | Event::DayEvaluated(_)
            | Event::RulesPublished(_)
            | Event::ImportCompleted(_)
            | Event::WarningsSilenced(_)
            | Event::SilenceEnded(_)
            | Event::RulesProposed(_)
            | Event::RulesProposalWithdrawn(_)
            | Event::PersonDisclosed(_)
            | Event::ClockRead(_) => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`apply` lists every event and sends only some here"
    )]
    fn apply_life(&mut self, recorded: &RecordedEvent) {
        let step = match &recorded.event {
            Event::ProjectApplied(data) => {
                self.application = Some(dated(recorded, data.clone()));
                LifeStep::Applied
            }
            Event::ProjectApproved(data) => {
                self.approvals.push(dated(recorded, data.clone()));
                self.is_published = is_published(&recorded.metadata);
                LifeStep::Approved
            }
            Event::ContractSigned(data) => {
                self.contracts.push(dated(recorded, data.clone()));
                LifeStep::Signed
            }
            Event::ProjectStarted(_) => LifeStep::Started,
            Event::PreStartApproved(data) => LifeStep::PreStartApproved {
                days: data.days,
                cap: data.cap,
            },
            Event::ProjectSuspended(_) => LifeStep::Suspended,
            Event::ProjectResumed(_) => LifeStep::Resumed,
            Event::ProjectExtended(data) => LifeStep::Extended { end_on: data.end_on },
            Event::ProjectTerminated(_) => LifeStep::Terminated,
            Event::AcceptanceApplied(_) => LifeStep::AcceptanceApplied,
            Event::ProjectAccepted(_) => LifeStep::Accepted,
            Event::ProjectClosed(_) => LifeStep::Closed,
            _ => return,
        };
        self.life.push(dated(recorded, step));
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`apply` lists every event and sends only some here"
    )]
    fn apply_budget(&mut self, recorded: &RecordedEvent) {
        let fact = match &recorded.event {
            Event::BudgetApproved(data) => approved_budget(recorded, data),
            Event::BudgetAdjusted(data) => BudgetFact {
                event_id: recorded.event_id,
                position: recorded.position,
                dated_on: recorded.occurred_on,
                effective_on: data.effective_on.unwrap_or(recorded.occurred_on),
                fiscal_year: data.fiscal_year,
                form: BudgetForm::Adjusted,
                standing: BudgetStanding::Revised,
                currency: data.currency,
                lines: vec![LineAmount {
                    source: data.source,
                    category: data.category.clone(),
                    amount: data.amount,
                }],
            },
            Event::BudgetReallocated(data) => {
                let line = |category: &CategoryId, amount| LineAmount {
                    source: data.source,
                    category: Some(category.clone()),
                    amount,
                };
                BudgetFact {
                    event_id: recorded.event_id,
                    position: recorded.position,
                    dated_on: recorded.occurred_on,
                    effective_on: recorded.metadata.effective_on.unwrap_or(recorded.occurred_on),
                    fiscal_year: data.fiscal_year,
                    form: BudgetForm::Reallocated,
                    standing: BudgetStanding::Revised,
                    currency: data.currency,
                    lines: vec![
                        line(&data.from_category, -data.amount),
                        line(&data.to_category, data.amount),
                    ],
                }
            }
            Event::CashPlanApproved(data) => {
                return self.cash_plans.push(dated(recorded, data.clone()));
            }
            Event::CarryoverConfirmed(data) => {
                let carryover = Carryover {
                    amount: data.amount,
                    currency: data.currency,
                    origin_budget_year: data.origin_budget_year,
                    into_year: data.into_year,
                    kind: data.kind,
                };
                return self.carryovers.push(dated(recorded, carryover));
            }
            _ => return,
        };
        self.budget.push(fact);
    }
}

fn dated<T>(recorded: &RecordedEvent, fact: T) -> Dated<T> {
    Dated {
        on: recorded.occurred_on,
        event_id: recorded.event_id,
        position: recorded.position,
        fact,
    }
}

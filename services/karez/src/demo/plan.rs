//! A project on paper: approval, task contract, budget, start.

use chrono::NaiveDate;
use karez_events::event::budget::{BudgetApproved, BudgetLine, BudgetStanding};
use karez_events::event::fund::FundSource;
use karez_events::event::project::{
    CarryoverRegime, ContractSigned, Milestone, ProjectApproved, ProjectKind, ProjectStarted,
};
use karez_events::{CategoryId, Currency, Event, FundId, IdError, ProjectId, StreamId, UnitId};
use rust_decimal::Decimal;

use super::FUND;
use super::moments::{days_after, on, working_day};
use super::names::{APPROVED, unit_id};
use super::writer::{Account, Telling, Writer, yuan};

/// The categories of a budget (科目): 设备费, 业务费, 劳务费, 间接费用.
pub(super) const CATEGORIES: [&str; 4] = ["设备费", "业务费", "劳务费", "间接费用"];

/// The milestones of every contract, with their weight in percent.
pub(super) const MILESTONES: [(&str, i64); 3] = [("方案论证", 20), ("中期检查", 40), ("总结验收", 40)];

/// What a project is, before it does anything.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) unit_name: String,
    pub(super) programme: &'static str,
    pub(super) kind: ProjectKind,
    /// Approved for the whole life, in yuan.
    pub(super) fiscal: i64,
    /// 自筹 promised, in yuan.
    pub(super) self_raised: i64,
    /// Shares of [`CATEGORIES`] in the fiscal budget, in percent.
    pub(super) shares: [i64; 4],
    pub(super) approved_on: NaiveDate,
    pub(super) document: &'static str,
    pub(super) signed_on: NaiveDate,
    pub(super) start_on: NaiveDate,
    pub(super) end_on: NaiveDate,
}

impl Plan {
    /// One of the 20 projects approved in 2024.
    pub(super) fn of_2024(number: u32) -> Self {
        let index = usize::try_from(number).unwrap_or(0).saturating_sub(1);
        let (title, unit_name) = APPROVED.get(index).copied().unwrap_or_default();
        Self {
            id: format!("TLF-2024-{number:03}"),
            title: format!("{title}（演示）"),
            unit: unit_id(2024, number),
            unit_name: unit_name.to_owned(),
            signed_on: working_day(on(2024, 1, 15 + number % 4)),
            ..Self::unnamed()
        }
    }

    /// The usual terms of 2024: eleven months, 300,000 yuan, no money of its own.
    pub(super) fn unnamed() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            unit: String::new(),
            unit_name: String::new(),
            programme: "2024年度市本级科技计划",
            kind: ProjectKind::Research,
            fiscal: 300_000,
            self_raised: 0,
            shares: [20, 45, 25, 10],
            approved_on: on(2024, 1, 12),
            document: "演科字〔2024〕1号",
            signed_on: on(2024, 1, 15),
            start_on: on(2024, 2, 1),
            end_on: on(2024, 12, 31),
        }
    }
}

impl Plan {
    /// Fiscal and own money together, in yuan.
    pub(super) fn whole(&self) -> i64 {
        self.fiscal + self.self_raised
    }
}

impl Writer {
    /// Approves a project.
    pub(super) fn approve(&mut self, plan: &Plan) -> Result<Account, IdError> {
        let account = Account {
            id: plan.id.clone(),
            stream: StreamId::Project(ProjectId::try_new(&plan.id)?),
            unit: UnitId::try_new(&plan.unit)?,
            signed_on: plan.signed_on,
            vouchers: 0,
        };
        let approved = ProjectApproved {
            title: plan.title.clone(),
            unit: account.unit.clone(),
            unit_name: Some(plan.unit_name.clone()),
            fund: Some(FundId::try_new(FUND)?),
            programme: Some(plan.programme.to_owned()),
            parent: None,
            principal: Some(format!("演示负责人{}", account.number())),
            kind: plan.kind,
            amount: Some(yuan(plan.fiscal)),
            currency: Currency::CNY,
            planned_start_on: Some(plan.start_on),
            planned_end_on: Some(plan.end_on),
            lump_sum: plan.kind == ProjectKind::Award,
            carryover_regime: match plan.kind {
                ProjectKind::Research | ProjectKind::Reimbursement => CarryoverRegime::ResearchProject,
                ProjectKind::Award | ProjectKind::Activity => CarryoverRegime::Department,
            },
            published_status: None,
            published_id: None,
        };
        let telling = Telling::office(plan.approved_on).under(plan.document);
        self.tell(
            &account.stream,
            telling,
            "approved",
            Event::ProjectApproved(approved),
        );
        Ok(account)
    }

    /// Signs the task contract.
    pub(super) fn sign(&mut self, account: &Account, plan: &Plan) {
        let days = (plan.end_on - plan.start_on).num_days();
        let milestone = |(name, weight): (&str, i64), due_on| Milestone {
            name: name.to_owned(),
            due_on,
            weight_percent: Decimal::from(weight),
        };
        let due = [
            days_after(plan.start_on, days / 5),
            days_after(plan.start_on, days * 3 / 5),
            plan.end_on,
        ];
        let contract = ContractSigned {
            contract_no: Some(format!("{}-HT", plan.id)),
            start_on: plan.start_on,
            end_on: plan.end_on,
            eligible_from_on: Some(plan.start_on),
            planned_self_raised: (plan.self_raised > 0).then(|| yuan(plan.self_raised)),
            currency: Currency::CNY,
            partners: Vec::new(),
            milestones: MILESTONES
                .into_iter()
                .zip(due)
                .map(|(of, due_on)| milestone(of, due_on))
                .collect(),
            surplus_policy: Some("unit_keeps_two_years".to_owned()),
        };
        let telling = Telling::office(plan.signed_on).under(format!("{}-HT", plan.id));
        self.tell(
            &account.stream,
            telling,
            "contract",
            Event::ContractSigned(contract),
        );
    }

    /// Approves the budget of a year: fiscal money by the shares of the plan, own money half on
    /// operations and half on labour.
    pub(super) fn budget(
        &mut self,
        account: &Account,
        plan: &Plan,
        (approved_on, amount): (NaiveDate, i64),
        fiscal_year: i32,
    ) -> Result<(), IdError> {
        let mut lines = Vec::new();
        for (category, percent) in CATEGORIES
            .into_iter()
            .zip(plan.shares)
            .filter(|(_, percent)| *percent > 0)
        {
            lines.push(BudgetLine {
                source: FundSource::FiscalCurrent,
                category: Some(CategoryId::try_new(category)?),
                amount: yuan(amount * percent / 100),
            });
        }
        let own = if plan.self_raised > 0 {
            ["业务费", "劳务费"].as_slice()
        } else {
            &[]
        };
        for category in own {
            lines.push(BudgetLine {
                source: FundSource::SelfRaised,
                category: Some(CategoryId::try_new(category)?),
                amount: yuan(plan.self_raised / 2),
            });
        }
        let budget = of_year(fiscal_year, lines);
        let telling = Telling::office(approved_on);
        self.tell(
            &account.stream,
            telling,
            &format!("budget-{fiscal_year}"),
            Event::BudgetApproved(budget),
        );
        Ok(())
    }

    /// The budget of an award: one sum for 2024.
    pub(super) fn lump_budget(&mut self, account: &Account, plan: &Plan) {
        let line = BudgetLine {
            source: FundSource::FiscalCurrent,
            category: None,
            amount: yuan(plan.fiscal),
        };
        let budget = Event::BudgetApproved(of_year(2024, vec![line]));
        self.tell(
            &account.stream,
            Telling::office(plan.approved_on),
            "budget-2024",
            budget,
        );
    }

    /// Work begins.
    pub(super) fn start(&mut self, account: &Account, started_on: NaiveDate) {
        let telling = Telling::unit(started_on, &account.unit);
        self.tell(
            &account.stream,
            telling,
            "started",
            Event::ProjectStarted(ProjectStarted {}),
        );
    }

    /// Approval, contract and the budget of 2024 of a project of 2024.
    pub(super) fn signed_project(&mut self, plan: &Plan, budget_on: NaiveDate) -> Result<Account, IdError> {
        let account = self.approve(plan)?;
        self.sign(&account, plan);
        self.budget(&account, plan, (budget_on, plan.fiscal), 2024)?;
        Ok(account)
    }

    /// The same, and its start.
    pub(super) fn project(&mut self, plan: &Plan, budget_on: NaiveDate) -> Result<Account, IdError> {
        let account = self.signed_project(plan, budget_on)?;
        self.start(&account, plan.start_on);
        Ok(account)
    }
}

fn of_year(fiscal_year: i32, lines: Vec<BudgetLine>) -> BudgetApproved {
    BudgetApproved {
        fiscal_year: Some(fiscal_year),
        period_start_on: None,
        period_end_on: None,
        standing: BudgetStanding::Original,
        currency: Currency::CNY,
        lines,
    }
}

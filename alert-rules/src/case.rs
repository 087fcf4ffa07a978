//! What a rule is given: one project, or one fund, in one currency at a date.

use chrono::{Datelike, NaiveDate};
use karez_events::event::project::{ContractSigned, ProjectApproved, ProjectKind};
use karez_events::{Currency, Ratio};
use karez_projections::fiscal_calendar::WorkingDays;
use karez_projections::measures::{Basis, BenchmarkMode, Measures, RollUp, benchmark};
use karez_projections::{Entry, EntryKind, Fund, Portfolio, Project, ProjectState, Rate, Unit, Warnings};

use crate::catalogue::Catalogue;
use crate::postings::{Posting, standing};
use crate::rule::{Finding, Outcome, Rule, Stale};
use crate::rule_set::RuleSet;

/// One project in one currency at a date.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Everything that is known, for what lies beyond the project.
    pub portfolio: &'a Portfolio,
    /// The warnings that stand, for the rules about how they are handled.
    pub warnings: &'a Warnings,
    /// The project.
    pub project: &'a Project,
    /// Its figures in the currency at the date.
    pub measures: &'a Measures,
    /// The business date.
    pub as_of: NaiveDate,
    /// Which days are worked.
    pub calendar: &'a WorkingDays,
    /// The rule set in force, for a rule that builds on what others find.
    pub rules: &'a RuleSet,
}

impl<'a> Case<'a> {
    /// What another rule, unless it is switched off, finds under the thresholds in force.
    #[must_use]
    pub fn found_by<R: Rule + 'a>(&self, rule: impl FnOnce(&'a Catalogue) -> &'a R) -> Vec<Finding> {
        let scope = self.rules.of(self.project, self.as_of);
        let rule = rule(scope.catalogue());
        if scope.is_off(&rule.about()) {
            return Vec::new();
        }
        match rule.judge(self) {
            Outcome::Judged(mut findings) => {
                findings.retain(|finding| !finding.judged.is_clear());
                findings
            }
            Outcome::Stale(_) | Outcome::Error(_) => Vec::new(),
        }
    }

    /// Where the project stands.
    #[must_use]
    pub fn state(&self) -> ProjectState {
        self.measures.state
    }

    /// The currency judged.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.measures.currency
    }

    /// Whether this is the currency of the project's accounts, or the first where nothing is booked in that: what has
    /// no currency is judged only there.
    #[must_use]
    pub fn is_main_currency(&self) -> bool {
        let of_accounts = self.project.currency();
        self.currency() == of_accounts || {
            let booked = self.project.currencies();
            !booked.contains(&of_accounts) && booked.first() == Some(&self.currency())
        }
    }

    /// Whether others published the project and karez imported it.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.project.is_published
    }

    /// 奖励、后补助: paid is done.
    #[must_use]
    pub fn is_exempt(&self) -> bool {
        self.measures.is_exempt
    }

    /// 工作经费: the department's own activity.
    #[must_use]
    pub fn is_activity(&self) -> bool {
        self.approval()
            .is_some_and(|approval| approval.kind == ProjectKind::Activity)
    }

    /// A project with budgets by year that has none for this year yet: at the turn of the year nothing can be said.
    #[must_use]
    pub fn awaits_budget(&self) -> bool {
        let is_annual = self.project.budget.iter().any(|fact| fact.fiscal_year.is_some());
        self.measures.basis == Basis::Life && is_annual && !self.is_published()
    }

    /// Whether there has been money of this year, or of any where there is no budget by year, for so many days; spending counts
    /// where no arrival is known. What came yesterday says nothing about a year.
    #[must_use]
    pub fn has_had_money_for(&self, days: i64) -> bool {
        let is_meant =
            |entry: &&Entry| self.measures.basis == Basis::Life || entry.on.year() == self.as_of.year();
        let arrivals = self
            .entries()
            .filter(is_meant)
            .filter(|entry| entry.kind == EntryKind::Arrived);
        let spending = || self.spending().filter(is_meant).map(|entry| entry.on).min();
        let first_on = arrivals.map(|entry| entry.on).min().or_else(spending);
        first_on.is_some_and(|first_on| (self.as_of - first_on).num_days() >= days)
    }

    /// Whether an approved cash plan lays down the pace, and the project is at most ten points behind it.
    #[must_use]
    pub fn keeps_cash_plan(&self) -> bool {
        let plan = benchmark(
            self.project,
            self.currency(),
            self.as_of,
            &BenchmarkMode::CashPlan,
        );
        let executed = self.measures.execution().and_then(Rate::ratio);
        let behind = plan
            .zip(executed)
            .map(|(plan, executed)| plan.share.minus(&executed));
        behind.is_some_and(|behind| behind.times(&Ratio::whole(100)) < Ratio::whole(10))
    }

    /// The approval in force.
    #[must_use]
    pub fn approval(&self) -> Option<&'a ProjectApproved> {
        self.project.approval(self.as_of)
    }

    /// The contract in force.
    #[must_use]
    pub fn contract(&self) -> Option<&'a ContractSigned> {
        self.project.contract(self.as_of)
    }

    /// The unit that carries the project.
    #[must_use]
    pub fn unit(&self) -> Option<&'a Unit> {
        self.project.unit().and_then(|unit| self.portfolio.unit(unit))
    }

    /// The entries of the ledger that count, in the order of becoming known.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &'a Entry> + use<'a> {
        let (currency, as_of) = (self.currency(), self.as_of);
        let entries = self.project.entries.iter();
        entries.filter(move |entry| entry.currency == currency && entry.on <= as_of)
    }

    /// The entries that count in net expenditure.
    #[must_use]
    pub fn spending(&self) -> impl DoubleEndedIterator<Item = &'a Entry> + use<'a> {
        self.entries().filter(|entry| entry.kind.is_spending())
    }

    /// The postings of which something is left after refunds and reversals.
    pub fn postings(&self) -> impl Iterator<Item = Posting<'a>> + use<'a> {
        let currency = self.currency();
        let standing = standing(self.project, self.as_of);
        standing.filter(move |posting| posting.entry.currency == currency)
    }

    /// Whether the unit's books are behind: it has reported or closed its books before, and the last day so covered
    /// lies more than so many days back. A unit that never reported is taken by its postings.
    #[must_use]
    pub fn stale(&self, after_days: i64) -> Option<Stale> {
        let reports = self
            .project
            .progress
            .iter()
            .filter(|report| report.on <= self.as_of);
        let reported = reports.map(|report| report.fact.period_end_on);
        let closed = self.unit().into_iter().flat_map(|unit| &unit.closed_periods);
        let closed = closed.map(|(_, last)| *last).filter(|last| *last <= self.as_of);
        let posted = self.spending().map(|entry| entry.on).max();
        let reported_until = reported.chain(closed).max()?.max(posted?);
        let days = (self.as_of - reported_until).num_days();
        (days > after_days).then_some(Stale { reported_until, days })
    }
}

/// One fund in one currency at a date.
#[derive(Debug, Clone, Copy)]
pub struct FundCase<'a> {
    /// Everything that is known.
    pub portfolio: &'a Portfolio,
    /// The fund.
    pub fund: &'a Fund,
    /// The figures of its projects and its own.
    pub figures: &'a RollUp,
    /// The business date.
    pub as_of: NaiveDate,
}

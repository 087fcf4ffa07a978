//! The budget in force at a date: A0, A(y), A, its lines, its changes (F19), and when its parts came (for F6w).
//!
//! Posted facts count from their effective date, in the order of these dates: an approval replaces what stood
//! for its year, adjustments of that day or later add to it, reallocations move between lines. Published budgets
//! count whole whatever their period, with revised ones in the place of the originals that they overlap.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::{BudgetStanding, LeftoverKind};
use karez_events::event::fund::FundSource;
use karez_events::{CategoryId, Currency};
use rust_decimal::Decimal;

use super::increments::Increments;
use crate::fiscal_calendar::year_start;
use crate::project::{BudgetFact, BudgetForm, Carryover, Project};

/// Whether execution is judged by the budget year or by the project's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// A budget of the year is in force: F2.
    Year,
    /// There is none of the year, but one of the whole life, or of other years: F1.
    Life,
}

/// A change of the year's total (追加、调减).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetChange {
    /// The day from which it counts.
    pub effective_on: NaiveDate,
    /// The change, negative for a cut.
    pub amount: Decimal,
}

/// A budget that was approved and then changed: of one year, or of the life.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    pub(super) opening: Decimal,
    pub(super) total: Decimal,
    /// The part of the total that is 上年结转 by its lines.
    carried_in: Decimal,
    is_approved: bool,
    pub(super) changes: Vec<BudgetChange>,
    pub(super) increments: Increments,
}

impl Standing {
    /// An approval: replaces the total; a revision leaves the opening budget and is a change.
    pub(super) fn approve(&mut self, on: NaiveDate, total: Decimal, standing: BudgetStanding) {
        let change = total.saturating_sub(self.total);
        match (standing, self.is_approved) {
            (BudgetStanding::Revised, true) => self.changes.push(BudgetChange {
                effective_on: on,
                amount: change,
            }),
            (BudgetStanding::Original | BudgetStanding::Revised, _) => self.opening = total,
        }
        self.is_approved = true;
        self.total = total;
        self.increments.change(on, change);
    }

    /// An adjustment.
    pub(super) fn adjust(&mut self, on: NaiveDate, change: Decimal) {
        self.total = self.total.saturating_add(change);
        self.changes.push(BudgetChange {
            effective_on: on,
            amount: change,
        });
        self.increments.change(on, change);
    }

    fn take(&mut self, fact: &BudgetFact) {
        let carried = sum(fact
            .lines
            .iter()
            .filter(|line| line.source == FundSource::FiscalCarryover)
            .map(|line| line.amount));
        match fact.form {
            BudgetForm::Approved => {
                self.approve(fact.effective_on, fact.total(), fact.standing);
                self.carried_in = carried;
            }
            BudgetForm::Adjusted => {
                self.adjust(fact.effective_on, fact.total());
                self.carried_in = self.carried_in.saturating_add(carried);
            }
            BudgetForm::Reallocated | BudgetForm::Published { .. } => {}
        }
    }
}

/// The facts about a project's budget in one currency that count at a date.
pub(super) struct Facts<'a> {
    project: &'a Project,
    currency: Currency,
    as_of: NaiveDate,
    /// Posted, in the order in which they count.
    posted: Vec<&'a BudgetFact>,
    /// Published, revised ones in the place of originals.
    published: Vec<&'a BudgetFact>,
    /// Whether a budget of the whole life was approved; it is then the one budget of the life.
    is_for_life: bool,
    /// 立项批复 with an amount stands for a budget of the life where no budget was approved.
    approved_amount: Option<(NaiveDate, Decimal)>,
    /// Years with an approval of their own.
    years: BTreeSet<i32>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(project: &'a Project, currency: Currency, as_of: NaiveDate) -> Self {
        let in_currency = || project.budget.iter().filter(|fact| fact.currency == currency);
        let is_published = |fact: &&BudgetFact| matches!(fact.form, BudgetForm::Published { .. });
        let mut posted: Vec<&BudgetFact> = in_currency()
            .filter(|fact| !is_published(fact) && fact.effective_on <= as_of)
            .collect();
        // Changes effective on the day of an approval add to it, whichever became known first.
        posted.sort_by_key(|fact| (fact.effective_on, fact.form != BudgetForm::Approved));
        let published = in_force_of_published(in_currency().filter(is_published));
        let approvals = || posted.iter().filter(|fact| fact.form == BudgetForm::Approved);
        let has_approval = approvals().next().is_some() || !published.is_empty();
        let approved_amount = if has_approval {
            None
        } else {
            approved_amount(project, currency, as_of)
        };
        Self {
            is_for_life: approved_amount.is_some() || approvals().any(|fact| fact.fiscal_year.is_none()),
            years: approvals().filter_map(|fact| fact.fiscal_year).collect(),
            project,
            currency,
            as_of,
            posted,
            published,
            approved_amount,
        }
    }

    /// The budget that a posted fact acts on: of a year, or (`None`) of the life. A change that names none
    /// falls on the one there is.
    fn acts_on(&self, fact: &BudgetFact) -> Option<i32> {
        match (fact.form, fact.fiscal_year) {
            (BudgetForm::Approved, year) => year,
            (_, Some(year)) => (self.years.contains(&year) || !self.is_for_life).then_some(year),
            (_, None) => (!self.is_for_life).then(|| fact.effective_on.year()),
        }
    }

    fn standing(&self, year: Option<i32>) -> Standing {
        let mut standing = Standing::default();
        if let (None, Some((on, amount))) = (year, self.approved_amount) {
            standing.approve(on, amount, BudgetStanding::Original);
        }
        for fact in self.posted.iter().filter(|fact| self.acts_on(fact) == year) {
            standing.take(fact);
        }
        standing
    }

    /// Every year on which a posted fact acts.
    fn posted_years(&self) -> BTreeSet<i32> {
        self.posted.iter().filter_map(|fact| self.acts_on(fact)).collect()
    }

    /// Published budgets whose period begins in the year; the originals among all of them make the opening.
    fn add_published(&self, standing: &mut Standing, year: i32) {
        let begins = |fact: &BudgetFact| {
            period_of(fact)
                .filter(|(first, _)| first.year() == year)
                .map(|(first, _)| first)
        };
        let mut total = Decimal::ZERO;
        for (fact, first) in self
            .published
            .iter()
            .filter_map(|fact| Some((fact, begins(fact)?)))
        {
            total = total.saturating_add(fact.total());
            standing.increments.change(first, fact.total());
        }
        let all = self
            .project
            .budget
            .iter()
            .filter(|fact| fact.currency == self.currency);
        let original = sum(all
            .filter(|fact| {
                !is_revised(fact)
                    && begins(fact).is_some()
                    && matches!(fact.form, BudgetForm::Published { .. })
            })
            .map(BudgetFact::total));
        let revised_on = self
            .published
            .iter()
            .filter(|fact| is_revised(fact))
            .filter_map(|fact| begins(fact))
            .max();
        if let Some(effective_on) = revised_on.filter(|_| !original.is_zero() && original != total) {
            standing.changes.push(BudgetChange {
                effective_on,
                amount: total.saturating_sub(original),
            });
        }
        standing.opening = standing.opening.saturating_add(original);
        standing.total = standing.total.saturating_add(total);
    }

    /// A0, A(y) with its changes and increments: posted, published, and 上年结转 confirmed into the year
    /// where the year's budget has no lines for it.
    pub(super) fn of_year(&self, year: i32) -> Standing {
        let mut standing = self.standing(Some(year));
        self.add_published(&mut standing, year);
        for (on, amount) in self.carried_beside(year, &standing) {
            standing.total = standing.total.saturating_add(amount);
            standing.increments.change(on.max(year_start(year)), amount);
        }
        standing
    }

    /// 上年结转 confirmed into a year whose budget has no lines for it. A project with one budget for its life
    /// needs none: its budget goes on by itself.
    fn carried_beside(&self, year: i32, budget: &Standing) -> Vec<(NaiveDate, Decimal)> {
        let is_annual = !self.is_for_life && self.posted_years().iter().any(|known| *known <= year);
        if !is_annual || !budget.carried_in.is_zero() {
            return Vec::new();
        }
        let is_meant = |carried: &Carryover| {
            carried.currency == self.currency
                && carried.into_year == year
                && carried.kind == LeftoverKind::Carryover
        };
        let known = self
            .project
            .carryovers
            .iter()
            .filter(|carried| carried.on <= self.as_of);
        known
            .filter(|carried| is_meant(&carried.fact))
            .map(|carried| (carried.on, carried.fact.amount))
            .collect()
    }

    /// A: the explicit budget of the life, else the sum of the annual ones; never both. Carry-over lines of a
    /// later year are money of an earlier one and are not counted again.
    pub(super) fn of_life(&self) -> Decimal {
        if self.is_for_life {
            return self.standing(None).total;
        }
        let annual = self.posted_years().into_iter().enumerate().map(|(index, year)| {
            let standing = self.standing(Some(year));
            let counted_before = if index == 0 {
                Decimal::ZERO
            } else {
                standing.carried_in
            };
            standing.total.saturating_sub(counted_before)
        });
        sum(annual).saturating_add(sum(self.published.iter().map(|fact| fact.total())))
    }

    /// Whether every budget known begins after the date: what is spent before has no budget.
    pub(super) fn covers_only_the_future(&self) -> bool {
        let begins_later = |fact: &&BudgetFact| period_of(fact).is_some_and(|(first, _)| first > self.as_of);
        !self.published.is_empty() && self.posted.is_empty() && self.published.iter().all(begins_later)
    }

    /// `A_c`: the lines of a year (`Some`) or of the life, fiscal carry-over under the fiscal line in the latter.
    pub(super) fn lines(&self, year: Option<i32>) -> Lines<'a> {
        let years = if year.is_none() && !self.is_for_life {
            self.posted_years()
        } else {
            BTreeSet::new()
        };
        let mut lines = Lines::default();
        match year {
            Some(this_year) => {
                self.add_lines(&mut lines, year, |_| false);
                for (_, amount) in self.carried_beside(this_year, &self.standing(year)) {
                    lines.add(FundSource::FiscalCarryover, None, amount);
                }
            }
            None if self.is_for_life => self.add_lines(&mut lines, None, |_| false),
            None => {
                for (index, year) in years.into_iter().enumerate() {
                    let is_counted_before = |source| index > 0 && source == FundSource::FiscalCarryover;
                    self.add_lines(&mut lines, Some(year), is_counted_before);
                }
            }
        }
        if year.is_none() && self.is_for_life {
            return lines;
        }
        let is_meant =
            |fact: &BudgetFact| year.is_none() || period_of(fact).map(|(first, _)| first.year()) == year;
        for fact in self.published.iter().filter(|fact| is_meant(fact)) {
            for line in &fact.lines {
                lines.add(line.source, line.category.as_ref(), line.amount);
            }
        }
        lines
    }

    fn add_lines(&self, to: &mut Lines<'a>, acted_on: Option<i32>, is_left_out: impl Fn(FundSource) -> bool) {
        let mut standing = Lines::default();
        for fact in self.posted.iter().filter(|fact| self.acts_on(fact) == acted_on) {
            if fact.form == BudgetForm::Approved {
                standing = Lines::default();
            }
            for line in &fact.lines {
                standing.add(line.source, line.category.as_ref(), line.amount);
            }
        }
        for ((source, category), amount) in standing.0 {
            if !is_left_out(source) {
                to.add(source, category, amount);
            }
        }
    }
}

/// Budget lines by source and category.
#[derive(Debug, Default)]
pub(super) struct Lines<'a>(pub(super) BTreeMap<(FundSource, Option<&'a CategoryId>), Decimal>);

impl<'a> Lines<'a> {
    pub(super) fn add(&mut self, source: FundSource, category: Option<&'a CategoryId>, amount: Decimal) {
        let line = self.0.entry((source, category)).or_default();
        *line = line.saturating_add(amount);
    }

    /// 自筹 and 配套: what the units bring themselves.
    pub(super) fn of_units_themselves(&self) -> Decimal {
        let own = self
            .0
            .iter()
            .filter(|((source, _), _)| matches!(source, FundSource::SelfRaised | FundSource::Matching));
        sum(own.map(|(_, amount)| *amount))
    }
}

/// The sum; beyond 28 digits it stays at the largest number rather than failing.
#[must_use]
pub fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, Decimal::saturating_add)
}

fn approved_amount(project: &Project, currency: Currency, as_of: NaiveDate) -> Option<(NaiveDate, Decimal)> {
    let approval = project.approvals.iter().rfind(|approval| approval.on <= as_of)?;
    let first_on = project.approvals.iter().map(|approval| approval.on).min()?;
    let amount = approval
        .fact
        .amount
        .filter(|_| approval.fact.currency == currency)?;
    Some((first_on.min(approval.on), amount))
}

fn period_of(fact: &BudgetFact) -> Option<(NaiveDate, NaiveDate)> {
    match fact.form {
        BudgetForm::Published { period, .. } => period,
        BudgetForm::Approved | BudgetForm::Adjusted | BudgetForm::Reallocated => None,
    }
}

/// Whether a published budget takes the place of others.
fn is_revised(fact: &BudgetFact) -> bool {
    match fact.form {
        BudgetForm::Published { standing, .. } => standing == BudgetStanding::Revised,
        BudgetForm::Approved | BudgetForm::Adjusted | BudgetForm::Reallocated => false,
    }
}

/// Revised budgets, and the originals that none of them overlaps. A budget without a period overlaps none.
pub(crate) fn in_force_of_published<'a>(
    published: impl Iterator<Item = &'a BudgetFact>,
) -> Vec<&'a BudgetFact> {
    let mut all: Vec<&BudgetFact> = published.collect();
    let revised: Vec<(NaiveDate, NaiveDate)> = all
        .iter()
        .filter(|fact| is_revised(fact))
        .filter_map(|fact| period_of(fact))
        .collect();
    let is_replaced = |fact: &BudgetFact| {
        !is_revised(fact)
            && period_of(fact)
                .is_some_and(|(first, last)| revised.iter().any(|(from, to)| *from <= last && first <= *to))
    };
    all.retain(|fact| !is_replaced(fact));
    all
}

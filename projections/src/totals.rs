//! Totals per project and currency, as an accountant without karez would add them up from the published files.
//!
//! Deliberately plain, so that another implementation can be checked against them: everything counts whatever
//! its date, no currency is converted, and corrections made in karez (refunds, reclassifications) stay out.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use karez_events::event::budget::BudgetStanding;
use karez_events::{Currency, ProjectId};
use rust_decimal::Decimal;

use crate::measures::budget::{in_force_of_published, sum};
use crate::portfolio::Portfolio;
use crate::project::{BudgetFact, BudgetForm, Entry, EntryKind, Project};

/// One project in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsRow {
    /// The project.
    pub project: ProjectId,
    /// The import that last listed it, from 0.
    pub import: Option<u32>,
    /// Its place in that file, from 0.
    pub listed: Option<u32>,
    /// The identifier that the publisher gave; the project's own where that is the same; empty where none was given.
    pub published_id: String,
    /// The currency; `XXX` where none was stated.
    pub currency: Currency,
    /// Σ of the original budgets.
    pub budget_original: Decimal,
    /// Σ of the revised budgets.
    pub budget_revised: Decimal,
    /// Revised budgets, and originals that none of them overlaps.
    pub budget_effective: Decimal,
    /// Σ 到位.
    pub incoming: Decimal,
    /// Σ 合同占用.
    pub commitment: Decimal,
    /// Σ 拨付.
    pub disbursement: Decimal,
    /// Σ 支出 that was not reversed.
    pub expenditure: Decimal,
    /// The first day of a 拨付 or 支出 other than zero.
    pub first_spend: Option<NaiveDate>,
    /// The last one.
    pub last_spend: Option<NaiveDate>,
    /// How many of them are dated before the actual start (the planned one where there is none).
    pub n_prestart: u64,
    /// How many after the actual end.
    pub n_postend: u64,
    /// How many 拨付 and 支出 are negative.
    pub n_negative_spend: u64,
}

/// A row for each project and currency, in the order in which the files list them, then the others by id.
/// A project's currencies come in the order in which its budgets, plans and entries first name them.
#[must_use]
pub fn totals(portfolio: &Portfolio) -> Vec<TotalsRow> {
    let mut projects: Vec<&Project> = portfolio.projects().collect();
    projects.sort_by_key(|project| (project.listed.is_none(), project.listed));
    projects
        .into_iter()
        .flat_map(|project| {
            project
                .currencies()
                .iter()
                .map(move |currency| row(project, *currency))
        })
        .collect()
}

fn row(project: &Project, currency: Currency) -> TotalsRow {
    let published_id = project
        .approvals
        .last()
        .and_then(|approval| approval.fact.published_id.clone());
    let mut row = TotalsRow {
        project: project.id.clone(),
        import: project.listed.map(|(import, _)| import),
        listed: project.listed.map(|(_, index)| index),
        published_id: published_id.unwrap_or_else(|| project.id.as_str().to_owned()),
        currency,
        budget_original: Decimal::ZERO,
        budget_revised: Decimal::ZERO,
        budget_effective: Decimal::ZERO,
        incoming: Decimal::ZERO,
        commitment: Decimal::ZERO,
        disbursement: Decimal::ZERO,
        expenditure: Decimal::ZERO,
        first_spend: None,
        last_spend: None,
        n_prestart: 0,
        n_postend: 0,
        n_negative_spend: 0,
    };
    row.add_budgets(project);
    let planned_start_on = project
        .approvals
        .last()
        .and_then(|approval| approval.fact.planned_start_on);
    let period = (project.started_on().or(planned_start_on), project.closed_on());
    for entry in project.entries.iter().filter(|entry| entry.currency == currency) {
        row.add_entry(entry, period);
    }
    row
}

impl TotalsRow {
    /// A budget posted for a year is effective until a later one for that year; adjustments are no budgets.
    fn add_budgets(&mut self, project: &Project) {
        let mut posted: BTreeMap<Option<i32>, &BudgetFact> = BTreeMap::new();
        let mut published: Vec<&BudgetFact> = Vec::new();
        for fact in project
            .budget
            .iter()
            .filter(|fact| fact.currency == self.currency)
        {
            match fact.form {
                BudgetForm::Published { .. } => published.push(fact),
                BudgetForm::Approved => {
                    let latest = posted.entry(fact.fiscal_year).or_insert(fact);
                    if latest.effective_on <= fact.effective_on {
                        *latest = fact;
                    }
                }
                BudgetForm::Adjusted | BudgetForm::Reallocated => continue,
            }
            let sum = match fact.standing {
                BudgetStanding::Original => &mut self.budget_original,
                BudgetStanding::Revised => &mut self.budget_revised,
            };
            *sum = sum.saturating_add(fact.total());
        }
        let effective = in_force_of_published(published.into_iter())
            .into_iter()
            .chain(posted.into_values());
        self.budget_effective = sum(effective.map(BudgetFact::total));
    }

    fn add_entry(&mut self, entry: &Entry, period: (Option<NaiveDate>, Option<NaiveDate>)) {
        let sum = match entry.kind {
            EntryKind::Arrived => &mut self.incoming,
            EntryKind::Committed => &mut self.commitment,
            EntryKind::Disbursed | EntryKind::PassedOn => &mut self.disbursement,
            EntryKind::Spent if !entry.is_reversed => &mut self.expenditure,
            EntryKind::Spent
            | EntryKind::MatchingArrived(_)
            | EntryKind::Returned
            | EntryKind::Recovered
            | EntryKind::Released
            | EntryKind::Refunded
            | EntryKind::Reversed
            | EntryKind::Reclassified
            | EntryKind::Other(_) => return,
        };
        *sum = sum.saturating_add(entry.amount);
        if matches!(
            entry.kind,
            EntryKind::Disbursed | EntryKind::PassedOn | EntryKind::Spent
        ) {
            self.add_spend(entry, period);
        }
    }

    fn add_spend(&mut self, entry: &Entry, (start, end): (Option<NaiveDate>, Option<NaiveDate>)) {
        self.n_negative_spend += u64::from(entry.amount < Decimal::ZERO);
        if entry.amount.is_zero() || entry.undated {
            return;
        }
        let on = entry.on;
        self.first_spend = Some(self.first_spend.map_or(on, |first| first.min(on)));
        self.last_spend = Some(self.last_spend.map_or(on, |last| last.max(on)));
        self.n_prestart += u64::from(start.is_some_and(|start| on < start));
        self.n_postend += u64::from(end.is_some_and(|end| on > end));
    }
}

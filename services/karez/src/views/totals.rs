//! Totals per project and currency, to be compared with what others add up from the published files.

use chrono::NaiveDate;
use karez_events::{Currency, ProjectId};
use karez_projections::{Portfolio, TotalsRow, totals};
use serde::Serialize;

use super::{Amount, Moment, Stand};

/// Every total.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TotalsList {
    /// Where the answer stands. Totals know no business date: they add up everything known.
    #[serde(flatten)]
    pub stand: Stand,
    /// A row for each project and currency, in the order in which the files list them, then the others by id.
    pub items: Vec<TotalsView>,
}

/// One project in one currency.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TotalsView {
    /// Its place in its file, from 0, where it was imported.
    pub activity_index: Option<u32>,
    /// The import that listed it, from 0.
    pub import: Option<u32>,
    /// The project.
    pub project: ProjectId,
    /// The identifier that the publisher gave; empty where none was given.
    pub iati_identifier: String,
    /// The currency; `null` where none was stated.
    pub currency: Option<Currency>,
    /// Σ of the original budgets.
    pub budget_original: Amount,
    /// Σ of the revised budgets.
    pub budget_revised: Amount,
    /// Revised budgets, and originals that none of them overlaps.
    pub budget_effective: Amount,
    /// Σ 到位.
    pub incoming: Amount,
    /// Σ 合同占用.
    pub commitment: Amount,
    /// Σ 拨付.
    pub disbursement: Amount,
    /// Σ 支出.
    pub expenditure: Amount,
    /// First day of spending.
    pub first_spend: Option<NaiveDate>,
    /// Last day of spending.
    pub last_spend: Option<NaiveDate>,
    /// Spending before the start.
    pub n_prestart: u64,
    /// Spending after the end.
    pub n_postend: u64,
    /// Negative spending.
    pub n_negative_spend: u64,
}

/// The totals of everything known.
#[must_use]
pub fn show(portfolio: &Portfolio, moment: Moment) -> TotalsList {
    TotalsList {
        stand: Stand::of(portfolio, moment),
        items: totals(portfolio).into_iter().map(TotalsView::from).collect(),
    }
}

impl From<TotalsRow> for TotalsView {
    fn from(row: TotalsRow) -> Self {
        Self {
            activity_index: row.listed,
            import: row.import,
            project: row.project,
            iati_identifier: row.published_id,
            currency: (row.currency != Currency::UNSTATED).then_some(row.currency),
            budget_original: Amount(row.budget_original),
            budget_revised: Amount(row.budget_revised),
            budget_effective: Amount(row.budget_effective),
            incoming: Amount(row.incoming),
            commitment: Amount(row.commitment),
            disbursement: Amount(row.disbursement),
            expenditure: Amount(row.expenditure),
            first_spend: row.first_spend,
            last_spend: row.last_spend,
            n_prestart: row.n_prestart,
            n_postend: row.n_postend,
            n_negative_spend: row.n_negative_spend,
        }
    }
}

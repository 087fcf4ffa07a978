//! Funds (专项资金): each with the figures of its projects, its parts included.

use chrono::NaiveDate;
use karez_events::{Currency, FundId};
use karez_projections::measures::{fund_measures, projects_of_fund};
use karez_projections::{Fund, Portfolio};
use serde::Serialize;

use super::figures::SumView;
use super::{Moment, Stand};

/// One fund.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FundView {
    /// Its identifier.
    pub id: FundId,
    /// Its name.
    pub name: String,
    /// 主管部门.
    pub department: Option<String>,
    /// The fund it is a part of.
    pub parent: Option<FundId>,
    /// A remark for readers.
    pub note: Option<String>,
    /// Since when.
    pub established_on: NaiveDate,
    /// The figures of each currency.
    pub currencies: Vec<SumView>,
}

/// Every fund.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FundList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The funds, by id.
    pub items: Vec<FundView>,
}

/// One fund with its parts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FundDetail {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The fund.
    pub fund: FundView,
    /// Its parts.
    pub parts: Vec<FundView>,
}

/// Every fund that was known by the business date.
#[must_use]
pub fn list(portfolio: &Portfolio, moment: Moment) -> FundList {
    let items = portfolio
        .funds()
        .filter(|fund| fund.is_known_by(moment.as_of))
        .map(|fund| view(portfolio, fund, moment.as_of))
        .collect();
    FundList {
        stand: Stand::of(portfolio, moment),
        items,
    }
}

/// One fund at a moment, where it is known.
#[must_use]
pub fn show(portfolio: &Portfolio, id: &FundId, moment: Moment) -> Option<FundDetail> {
    let fund = portfolio.fund(id)?;
    let parts = portfolio
        .funds()
        .filter(|part| part.particulars.parent.as_ref() == Some(id));
    Some(FundDetail {
        stand: Stand::of(portfolio, moment),
        fund: view(portfolio, fund, moment.as_of),
        parts: parts.map(|part| view(portfolio, part, moment.as_of)).collect(),
    })
}

fn view(portfolio: &Portfolio, fund: &Fund, as_of: NaiveDate) -> FundView {
    let particulars = &fund.particulars;
    FundView {
        id: fund.id.clone(),
        name: particulars.name.clone(),
        department: particulars.department.clone(),
        parent: particulars.parent.clone(),
        note: particulars.note.clone(),
        established_on: fund.established_on,
        currencies: currencies(portfolio, fund)
            .into_iter()
            .map(|currency| SumView::from(&fund_measures(portfolio, &fund.id, currency, as_of)))
            .collect(),
    }
}

fn currencies(portfolio: &Portfolio, fund: &Fund) -> Vec<Currency> {
    let projects = projects_of_fund(portfolio, &fund.id).into_iter();
    let of_projects = projects.flat_map(karez_projections::Project::currencies).copied();
    super::in_order(std::iter::once(fund.particulars.currency).chain(of_projects))
}

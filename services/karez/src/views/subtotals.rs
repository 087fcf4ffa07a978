//! What the rows of a list of projects add up to, unit by unit: plain sums of the rows, as a reader of the table would
//! add them up.

use std::collections::BTreeMap;

use karez_events::{Currency, UnitId};
use karez_projections::Portfolio;
use karez_projections::measures::Amounts;
use serde::Serialize;

use super::figures::AmountsView;
use super::projects::{Filter, ListError, Wanted, currencies};
use super::{Moment, Stand};

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SubtotalList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// How many projects the list has.
    pub total: u64,
    /// What all of them add up to.
    pub sums: Vec<RowSum>,
    /// What those of each unit add up to, by its identifier; projects without a unit first.
    pub units: Vec<UnitSubtotal>,
}

/// The rows of one unit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitSubtotal {
    /// The unit.
    pub unit: Option<UnitId>,
    /// Its name.
    pub unit_name: Option<String>,
    /// How many rows it has.
    pub projects: u64,
    /// What they add up to.
    pub sums: Vec<RowSum>,
}

/// A sum of rows in one currency.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RowSum {
    /// The currency.
    pub currency: Currency,
    /// The sums.
    pub amounts: AmountsView,
}

#[derive(Default)]
struct Rows {
    projects: u64,
    sums: BTreeMap<Currency, Amounts>,
}

impl Rows {
    fn view(&self) -> Vec<RowSum> {
        let sum = |(currency, amounts): (&Currency, &Amounts)| RowSum {
            currency: *currency,
            amounts: AmountsView(*amounts),
        };
        self.sums.iter().map(sum).collect()
    }

    fn add(&mut self, currency: Currency, amounts: &Amounts) {
        let sum = self.sums.entry(currency).or_default();
        *sum = sum.plus(amounts);
    }
}

/// What the rows that a filter leaves add up to.
///
/// # Errors
/// [`ListError`] for a state that does not exist.
pub fn show(portfolio: &Portfolio, moment: Moment, filter: &Filter) -> Result<SubtotalList, ListError> {
    let mut all = Rows::default();
    let mut units: BTreeMap<Option<&UnitId>, Rows> = BTreeMap::new();
    for (project, brief) in Wanted::read(portfolio, filter)?.among(portfolio, moment.as_of) {
        let of_unit = units.entry(project.unit()).or_default();
        of_unit.projects += 1;
        all.projects += 1;
        for currency in currencies(project) {
            let amounts = brief.amounts(currency);
            of_unit.add(currency, amounts);
            all.add(currency, amounts);
        }
    }
    Ok(SubtotalList {
        stand: Stand::of(portfolio, moment),
        total: all.projects,
        sums: all.view(),
        units: units
            .into_iter()
            .map(|(unit, rows)| UnitSubtotal {
                unit: unit.cloned(),
                unit_name: unit
                    .and_then(|id| portfolio.unit(id))
                    .and_then(|unit| unit.name.clone()),
                projects: rows.projects,
                sums: rows.view(),
            })
            .collect(),
    })
}

//! The folds and the figures, as an outsider sees them: worked examples of domain.md §2, edge cases of §4, laws.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod eligibility;
#[cfg(test)]
mod given;
#[cfg(test)]
mod idle_money;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod roll_ups;
#[cfg(test)]
mod rounding;
#[cfg(test)]
mod totals;
#[cfg(test)]
mod warnings;
#[cfg(test)]
mod worked_examples;

//! The rules, one file each; the text at the head of a file is the rule's manual.

// ST: stalled funds
pub mod arrived_not_started;
pub mod balance_after_end;
pub mod idle_funds;
pub mod issued_not_paid_over;
pub mod partner_share_held;
pub mod two_level_gap;
pub mod two_year_clock;
// BX: budget and execution apart
pub mod budget_reworked;
pub mod composition_drift;
pub mod execution_lag;
pub mod execution_too_fast;
pub mod money_against_work;
pub mod over_budget;

// PS: pre-start costs
pub mod counted_as_match;
pub mod finished_before_approval;
pub mod fiscal_before_start;
pub mod self_funded_before_start;
pub mod swapped_into_fiscal;

// YE: year-end and late spending
pub mod late_life_purchases;
pub mod out_of_period_cost;
pub mod year_end_rush;

// DS: duplicates
pub mod duplicate_across_projects;
pub mod duplicate_in_project;
pub mod split_purchases;

// CC: category caps
pub mod expert_fee_over_scale;
pub mod indirect_cost_cap;
pub mod ineligible_use;

// MF: matching funds
pub mod match_behind;
pub mod match_without_ledger;

// TL: timeliness
pub mod acceptance_overdue;
pub mod rectification_overdue;
pub mod report_missing;

// DQ: data quality
pub mod late_entry;
pub mod missing_fields;
pub mod negative_balance;
pub mod reconciliation_gap;

// PI: performance
pub mod self_report_differs;
pub mod target_unlikely;

// FC: forecast
pub mod catch_up_too_steep;
pub mod forecast_shortfall;

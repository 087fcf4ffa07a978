//! Every rule with its thresholds. A rule is one line here and one file in `rules/`.

use serde::{Deserialize, Serialize};

use crate::rule::Rule;
use crate::rules;

macro_rules! catalogue {
    ($($name:ident: $rule:ty,)+) => {
        /// The thresholds of every rule; what is not given has the default of domain.md §4.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Catalogue {
            $(#[doc = concat!("Thresholds of `", stringify!($name), "`.")] pub $name: $rule,)+
        }

        impl Catalogue {
            /// Every rule, in the order of the catalogue.
            #[must_use]
            pub fn rules(&self) -> Vec<&dyn Rule> {
                vec![$(&self.$name as &dyn Rule,)+]
            }

            /// A rule by its name or its code.
            #[must_use]
            pub fn rule(&self, name: &str) -> Option<&dyn Rule> {
                let is_meant = |rule: &&dyn Rule| {
                    let about = rule.about();
                    about.name == name || about.code.eq_ignore_ascii_case(name)
                };
                self.rules().into_iter().find(is_meant)
            }
        }
    };
}

catalogue! {
    // ST: stalled funds
    two_level_gap: rules::two_level_gap::TwoLevelGap,
    partner_share_held: rules::partner_share_held::PartnerShareHeld,
    balance_after_end: rules::balance_after_end::BalanceAfterEnd,
    two_year_clock: rules::two_year_clock::TwoYearClock,
    issued_not_paid_over: rules::issued_not_paid_over::IssuedNotPaidOver,
    arrived_not_started: rules::arrived_not_started::ArrivedNotStarted,
    idle_funds: rules::idle_funds::IdleFunds,
    // BX: budget and execution apart
    budget_reworked: rules::budget_reworked::BudgetReworked,
    money_against_work: rules::money_against_work::MoneyAgainstWork,
    composition_drift: rules::composition_drift::CompositionDrift,
    over_budget: rules::over_budget::OverBudget,
    execution_too_fast: rules::execution_too_fast::ExecutionTooFast,
    execution_lag: rules::execution_lag::ExecutionLag,

    // PS: pre-start costs
    self_funded_before_start: rules::self_funded_before_start::SelfFundedBeforeStart,
    fiscal_before_start: rules::fiscal_before_start::FiscalBeforeStart,
    swapped_into_fiscal: rules::swapped_into_fiscal::SwappedIntoFiscal,
    counted_as_match: rules::counted_as_match::CountedAsMatch,
    finished_before_approval: rules::finished_before_approval::FinishedBeforeApproval,

    // YE: year-end and late spending
    late_life_purchases: rules::late_life_purchases::LateLifePurchases,
    year_end_rush: rules::year_end_rush::YearEndRush,
    out_of_period_cost: rules::out_of_period_cost::OutOfPeriodCost,

    // DS: duplicates
    duplicate_in_project: rules::duplicate_in_project::DuplicateInProject,
    duplicate_across_projects: rules::duplicate_across_projects::DuplicateAcrossProjects,
    split_purchases: rules::split_purchases::SplitPurchases,

    // CC: category caps
    indirect_cost_cap: rules::indirect_cost_cap::IndirectCostCap,
    expert_fee_over_scale: rules::expert_fee_over_scale::ExpertFeeOverScale,
    ineligible_use: rules::ineligible_use::IneligibleUse,

    // MF: matching funds
    match_without_ledger: rules::match_without_ledger::MatchWithoutLedger,
    match_behind: rules::match_behind::MatchBehind,

    // TL: timeliness
    acceptance_overdue: rules::acceptance_overdue::AcceptanceOverdue,
    report_missing: rules::report_missing::ReportMissing,
    rectification_overdue: rules::rectification_overdue::RectificationOverdue,

    // DQ: data quality
    negative_balance: rules::negative_balance::NegativeBalance,
    reconciliation_gap: rules::reconciliation_gap::ReconciliationGap,
    missing_fields: rules::missing_fields::MissingFields,
    late_entry: rules::late_entry::LateEntry,

    // PI: performance
    self_report_differs: rules::self_report_differs::SelfReportDiffers,
    target_unlikely: rules::target_unlikely::TargetUnlikely,

    // FC: forecast
    catch_up_too_steep: rules::catch_up_too_steep::CatchUpTooSteep,
    forecast_shortfall: rules::forecast_shortfall::ForecastShortfall,

}

//! # ST-06 牵头单位滞拨 Lead unit holds partner share
//!
//! ## What it finds
//! A partner's share of the contract that the lead unit had to pass on and has not, 15, 30, 60 or 90 days after its day, or
//! after the money came where that is later. One warning for each partner.
//!
//! ## Why it is a risk
//! The partner works without money, and the lead unit's balance looks like its own.
//!
//! ## Worked example
//! 60,000 are due to a partner on 2024-04-01; 20,000 are passed on: blue on 04-16, yellow on 05-01, orange on 05-31, red on
//! 06-30. Scenario: `fires_by_days_after_due`.
//!
//! ## Thresholds
//! `levels` in days after the due day.
//!
//! ## What it leaves out
//! Shares without a due day, shares while no money has arrived at the lead unit, more than it has got and not passed on, and
//! terminated projects, whose money is to be returned. Suspended days do not count.
//!
//! ## Source
//! The division of money among partners in the project's contract; the days are defaults of this system.

use chrono::NaiveDate;
use karez_events::event::project::PartnerShare;
use karez_projections::measures::sum;
use karez_projections::{Entry, EntryKind, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-06.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerShareHeld {
    /// Days after the due day, by colour.
    pub levels: Bands,
}

impl Default for PartnerShareHeld {
    fn default() -> Self {
        Self {
            levels: Bands::whole([15, 30, 60, 90]),
        }
    }
}

impl Rule for PartnerShareHeld {
    fn about(&self) -> About<'_> {
        About {
            name: "partner_share_held",
            code: "ST-06",
            zh: "牵头单位滞拨",
            en: "Lead unit holds partner share",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("partner_share_held.rs"),
            manual_zh: include_str!("zh/partner_share_held.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let contract = case
            .contract()
            .filter(|contract| contract.currency == case.currency() && !contract.partners.is_empty());
        let Some(contract) = contract else {
            return Outcome::QUIET;
        };
        let arrived_on = case.measures.curve.first_arrival_on();
        let (Some(arrived_on), false) = (arrived_on, case.state() == ProjectState::Terminated) else {
            return Outcome::QUIET;
        };
        let mut shares: Vec<&PartnerShare> = contract
            .partners
            .iter()
            .filter(|share| share.due_on.is_some_and(|due_on| due_on < case.as_of))
            .collect();
        shares.sort_by_key(|share| (&share.unit, share.due_on));
        let of_units = shares.chunk_by(|one, next| one.unit == next.unit);
        Outcome::of_all(of_units.filter_map(|shares| self.finding(case, shares, arrived_on)))
    }
}

impl PartnerShareHeld {
    /// What of one partner's shares, in the order of their days, has not been passed on.
    fn finding(&self, case: &Case<'_>, shares: &[&PartnerShare], arrived_on: NaiveDate) -> Option<Finding> {
        let partner = &shares.first()?.unit;
        let to_partner = |entry: &&Entry| entry.seldom.partner.as_ref() == Some(partner);
        let passed_on = passed_on(case.entries().filter(to_partner));
        let mut due = Decimal::ZERO;
        let mut late_since = None;
        for share in shares {
            due = due.saturating_add(share.amount);
            if due > passed_on {
                late_since = late_since.or(share.due_on);
            }
        }
        let due_on = late_since?;
        // The lead unit holds no more than it has got.
        let in_hand = case
            .measures
            .amounts
            .arrived_fiscal
            .saturating_sub(case.measures.amounts.taken_back_fiscal)
            .saturating_sub(self::passed_on(case.entries()));
        let held = due.saturating_sub(passed_on).min(in_hand);
        if held <= Decimal::ZERO {
            return None;
        }
        let since = due_on.max(arrived_on);
        let days = case.measures.clock.active_days(since, case.as_of);
        let currency = case.currency();
        let evidence = banded(
            format!("{due} − {passed_on} = {held}; {days} d since {since}"),
            self.levels,
            "d",
        )
        .figure("due_on", due_on)
        .figure("money_arrived_on", arrived_on);
        let zh = format!(
            "应转拨合作单位{partner}的{}自{}起{days}天未转拨",
            money_zh(held, currency),
            day_zh(since)
        );
        let en = format!(
            "{} due to partner {partner} has not been passed on for {days} days since {since}",
            money_en(held, currency)
        );
        let transfers = case.entries().filter(to_partner);
        let finding = Finding::new(self.levels.from_days(days), zh, en, evidence.facts(transfers));
        Some(finding.about(partner.to_string()))
    }
}

/// What the lead unit has passed on to partners.
fn passed_on<'a>(entries: impl Iterator<Item = &'a Entry>) -> Decimal {
    let passed_on = entries.filter(|entry| entry.kind == EntryKind::PassedOn);
    sum(passed_on.map(|entry| entry.amount))
}

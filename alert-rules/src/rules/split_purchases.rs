//! # DS-03 拆分采购 Split purchases
//!
//! ## What it finds
//! Three or more payments to one payee within 30 days, each at least 80 % of the programme's procurement or approval limit but
//! below it, which together pass the limit: from once the limit yellow, from one and a half orange, from twice red. The
//! evidence counts invoices whose numbers follow one another, and round sums.
//!
//! ## Why it is a risk
//! A purchase that is cut into pieces just below the limit avoids the tender or the approval that its size calls for.
//!
//! ## Worked example
//! Limit 100,000: 95,000, 96,000 and 97,000 yuan go to one supplier on 05-06, 05-14 and 05-28. Together 288,000 = 2.88
//! times the limit: red. With `least_share_percent = 40` and a `least_count` of two, 60,000 and 60,000 (1.2 times) are
//! yellow. Scenario: `fires_red_and_stays_until_explained`.
//!
//! ## Thresholds
//! `limit` in whole units of the currency, as the programme's procurement rules set it, with `limit_basis`; `least_count`;
//! `least_share_percent` of the limit; `within_days`; `levels` in multiples of the limit; `serial_gap`: invoice numbers no
//! further apart than this follow one another. Three payments of 80 % come to 2.4 times the limit, so by the defaults every
//! finding is red; the lower colours are for an office that looks at smaller pieces.
//!
//! ## What it leaves out
//! Payments whose payee is not stated, and what was refunded or reversed in full. A warning never goes by itself: somebody
//! explains, and a person lifts it.
//!
//! ## Source
//! Government Procurement Law (政府采购法), article 28: no purchase is cut into pieces to get round open tender; its
//! regulation (政府采购法实施条例), article 28: several purchases of one kind, under one budget item, in one year.

use std::collections::BTreeMap;

use karez_events::Ratio;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::postings::Posting;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh, multiple};

/// Sums that are whole multiples of this are round.
const ROUND: Decimal = Decimal::ONE_THOUSAND;

/// Thresholds of DS-03.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitPurchases {
    /// The procurement or approval limit, in whole units of the currency.
    pub limit: Decimal,
    /// Where the limit is laid down.
    pub limit_basis: String,
    /// So many payments at least.
    pub least_count: usize,
    /// Each at least this share of the limit, in percent.
    pub least_share_percent: Decimal,
    /// Within so many days.
    pub within_days: i64,
    /// The sum as a multiple of the limit.
    pub levels: Bands,
    /// Invoice numbers no further apart than this follow one another.
    pub serial_gap: u64,
}

impl Default for SplitPurchases {
    fn default() -> Self {
        Self {
            limit: Decimal::from(100_000),
            limit_basis: "默认值，请按本地采购限额标准设定".to_owned(),
            least_count: 3,
            least_share_percent: Decimal::from(80),
            within_days: 30,
            levels: Bands {
                blue: None,
                yellow: Some(Decimal::ONE),
                orange: Some(Decimal::new(15, 1)),
                red: Some(Decimal::TWO),
            },
            serial_gap: 5,
        }
    }
}

impl Rule for SplitPurchases {
    fn about(&self) -> About<'_> {
        About {
            name: "split_purchases",
            code: "DS-03",
            zh: "拆分采购",
            en: "Split purchases",
            runs: Runs::OnEvent,
            clearing: Clearing::ByPerson,
            awaits_books: false,
            version: 1,
            source_text: include_str!("split_purchases.rs"),
            manual_zh: include_str!("zh/split_purchases.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let least = self.limit * self.least_share_percent / Decimal::ONE_HUNDRED;
        let mut by_payee: BTreeMap<&str, Vec<Posting<'_>>> = BTreeMap::new();
        for posting in case.postings() {
            if posting.left >= least
                && posting.left < self.limit
                && let Some(payee) = posting.payee()
            {
                by_payee.entry(payee).or_default().push(posting);
            }
        }
        let of_payee = |(payee, mut postings): (&str, Vec<Posting<'_>>)| {
            postings.sort_by_key(|posting| posting.entry.on);
            self.finding(case, payee, self.largest(&postings)?)
        };
        Outcome::of_all(by_payee.into_iter().filter_map(of_payee))
    }
}

impl SplitPurchases {
    /// The window of days with the largest sum, among payments in the order of their days.
    fn largest<'p, 'a>(&self, in_order: &'p [Posting<'a>]) -> Option<&'p [Posting<'a>]> {
        let windows = in_order.iter().enumerate().filter_map(|(index, first)| {
            let from_it = in_order.get(index..)?;
            let is_within =
                |posting: &Posting<'_>| (posting.entry.on - first.entry.on).num_days() <= self.within_days;
            from_it.get(..from_it.partition_point(is_within))
        });
        let enough = windows.filter(|window| window.len() >= self.least_count);
        // The first of equals, so that a warning does not move from one window to another.
        enough.rev().max_by_key(|window| sum(window))
    }

    fn finding(&self, case: &Case<'_>, payee: &str, window: &[Posting<'_>]) -> Option<Finding> {
        let total = sum(window);
        let times = Ratio::of(total, self.limit)?;
        if total <= self.limit {
            return None;
        }
        let judged = self.levels.from(&times, Margin::None);
        let (count, currency) = (window.len(), case.currency());
        let (first, last) = (window.first()?.entry.on, window.last()?.entry.on);
        let days = (last - first).num_days();
        let formula = format!(
            "Σ {count} payments, {first} to {last} = {total} = {} × {}",
            multiple(&times),
            self.limit.normalize()
        );
        let evidence = banded(formula, self.levels, "× limit")
            .resting_on(&self.limit_basis)
            .figure("payee", payee)
            .figure("serial_invoices", self.serial_invoices(window))
            .figure(
                "round_sums",
                window
                    .iter()
                    .filter(|posting| (posting.entry.amount % ROUND).is_zero())
                    .count(),
            );
        let finding = Finding::new(
            judged,
            format!(
                "{days}天内向同一收款人支付{count}笔，每笔均接近但低于限额{}，合计{}，为限额的{}倍，请说明是否拆分",
                money_zh(self.limit, currency),
                money_zh(total, currency),
                multiple(&times)
            ),
            format!(
                "{count} payments to one payee within {days} days, each just below the limit of {}: {} in all, {} times \
                 the limit; say whether it was one purchase",
                money_en(self.limit, currency),
                money_en(total, currency),
                multiple(&times)
            ),
            evidence.facts(window.iter().map(|posting| posting.entry)),
        );
        Some(finding.about(payee))
    }

    /// Invoices whose numbers follow another's.
    fn serial_invoices(&self, window: &[Posting<'_>]) -> usize {
        let number = |posting: &Posting<'_>| -> Option<u64> {
            let digits = posting
                .invoice_no()?
                .rsplit(|character: char| !character.is_ascii_digit());
            digits
                .take(1)
                .next()
                .filter(|digits| digits.len() <= 18)?
                .parse()
                .ok()
        };
        let mut numbers: Vec<u64> = window.iter().filter_map(number).collect();
        numbers.sort_unstable();
        let pairs = numbers.iter().zip(numbers.iter().skip(1));
        pairs
            .filter(|(one, next)| (1..=self.serial_gap).contains(&next.saturating_sub(**one)))
            .count()
    }
}

fn sum(postings: &[Posting<'_>]) -> Decimal {
    let amounts = postings.iter().map(|posting| posting.left);
    amounts.fold(Decimal::ZERO, Decimal::saturating_add)
}

//! # CC-03 科目负面清单 Ineligible use
//!
//! ## What it finds
//! Costs that a project's money must not bear (罚款、捐赠、招待、基建 …), by the labels of their vouchers or by their stated
//! purpose: from own money yellow, from fiscal money orange, from 10,000 of fiscal money on red.
//!
//! ## Why it is a risk
//! The list is the first thing that every audit goes through. A wrong voucher is a matter of minutes to reverse in the month
//! in which it is posted, and a finding at acceptance.
//!
//! ## Worked example
//! A late-payment charge (滞纳金) of 800 yuan from fiscal money is orange; 12,000 yuan for a banquet labelled 招待 is red; the
//! same from own money yellow. Each goes when its voucher is reversed or moved out of the project. Scenario:
//! `fires_by_whose_money_and_how_much`.
//!
//! ## Thresholds
//! `large_amount` of fiscal money, in whole units of the currency; `lists`, each with `effective_on` (for costs from that day
//! on), `basis` and items: a `name`, the `words` it is known by, and the `clause`.
//!
//! ## What it leaves out
//! Awards, whose use is free, and what was refunded or reversed in full; what was moved to own money counts as own money.
//!
//! ## Source
//! Budget Law, article 57 (预算法); the list is a default, to be checked against the local rules on project funds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_projections::derived::Derived;
use karez_projections::measures::sum;
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bands::Judged;
use crate::case::Case;
use crate::postings::Posting;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::versions::{day, in_force};
use crate::word_list::WordList;
use crate::words::{money_en, money_zh};

/// Thresholds of CC-03.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IneligibleUse {
    /// From so much fiscal money on it is red, in whole units of the currency.
    pub large_amount: Decimal,
    /// The lists by notice.
    pub lists: Vec<NegativeList>,
}

/// What a notice keeps out of a project's costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegativeList {
    /// For costs from this day on.
    pub effective_on: NaiveDate,
    /// 依据.
    pub basis: String,
    /// What is on it.
    pub items: Vec<Ineligible>,
    /// The words of all of them: most postings have none.
    #[serde(skip)]
    words: Derived<OnceLock<WordList>>,
}

/// One kind of cost on a negative list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ineligible {
    /// 名称.
    pub name: String,
    /// A label or purpose that contains one of these words is meant.
    pub words: WordList,
    /// 条款.
    pub clause: String,
}

impl Default for IneligibleUse {
    fn default() -> Self {
        let item = |name: &str, of: &[&str], clause: &str| Ineligible {
            name: name.to_owned(),
            words: WordList::new(of),
            clause: clause.to_owned(),
        };
        Self {
            large_amount: Decimal::from(10_000),
            lists: vec![NegativeList {
                effective_on: day(2015, 1, 1),
                basis: "项目经费管理办法负面清单（默认值，请按本地办法核对）".to_owned(),
                items: vec![
                    item(
                        "罚款",
                        &["罚款", "罚金", "滞纳金", "违约金", "penalty"],
                        "不得支付各种罚款、滞纳金、违约金",
                    ),
                    item(
                        "捐赠赞助",
                        &["捐款", "捐赠", "赞助", "donation"],
                        "不得用于捐款、赞助",
                    ),
                    item(
                        "投资",
                        &["对外投资", "股权投资", "equity investment"],
                        "不得用于对外投资",
                    ),
                    item(
                        "招待",
                        &["招待", "宴请", "礼品", "entertainment"],
                        "不得用于招待和礼品",
                    ),
                    item(
                        "基建",
                        &["基建", "基本建设", "construction of buildings"],
                        "不得用于基本建设",
                    ),
                    item("偿债", &["偿还贷款", "归还贷款", "偿债"], "不得用于偿还债务"),
                    item(
                        "个人消费",
                        &["个人消费", "公款旅游", "福利费", "购物卡"],
                        "不得用于个人消费和福利",
                    ),
                ],
                words: Derived::default(),
            }],
        }
    }
}

impl Rule for IneligibleUse {
    fn about(&self) -> About<'_> {
        About {
            name: "ineligible_use",
            code: "CC-03",
            zh: "科目负面清单",
            en: "Ineligible use",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("ineligible_use.rs"),
            manual_zh: include_str!("zh/ineligible_use.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
        for posting in case.postings().filter(|posting| posting.left > Decimal::ZERO) {
            let Some((list, item)) = self.item(&posting) else {
                continue;
            };
            let entry = found.entry(&item.name).or_insert_with(|| Found {
                list,
                item,
                fiscal: Decimal::ZERO,
                own: Decimal::ZERO,
                entries: Vec::new(),
            });
            let fiscal = fiscal_part(case, &posting);
            entry.fiscal = entry.fiscal.saturating_add(fiscal);
            entry.own = entry.own.saturating_add(posting.left.saturating_sub(fiscal));
            entry.entries.push(posting.entry);
        }
        Outcome::of_all(found.into_values().map(|found| self.finding(case, &found)))
    }
}

/// What was spent on one item of the list.
struct Found<'a> {
    list: &'a NegativeList,
    item: &'a Ineligible,
    fiscal: Decimal,
    own: Decimal,
    entries: Vec<&'a Entry>,
}

/// What fiscal money bears of a posting, after refunds and moves.
fn fiscal_part(case: &Case<'_>, posting: &Posting<'_>) -> Decimal {
    let id: Uuid = posting.entry.event_id;
    let is_part = |entry: &&Entry| {
        entry.source.is_fiscal()
            && (entry.seldom.corrects == Some(id) || (entry.event_id == id && entry.kind == EntryKind::Spent))
    };
    let parts = case.spending().filter(is_part);
    sum(parts.map(|entry| entry.amount))
}

impl IneligibleUse {
    fn item(&self, posting: &Posting<'_>) -> Option<(&NegativeList, &Ineligible)> {
        let (entry, purpose) = (posting.entry, posting.entry.wording().purpose);
        if purpose.is_none() && posting.tags().is_empty() {
            return None;
        }
        let effective_on = |list: &NegativeList| list.effective_on;
        let list = in_force(&self.lists, effective_on, entry.cost_on())?;
        let is_about = |words: &WordList| {
            let is_in = |text: &str| words.is_in(text);
            posting.is_labelled(words) || purpose.is_some_and(is_in)
        };
        let words = || WordList::of_all(list.items.iter().map(|item| &item.words));
        if !is_about(list.words.get_or_init(words)) {
            return None;
        }
        Some((list, list.items.iter().find(|item| is_about(&item.words))?))
    }

    fn finding(&self, case: &Case<'_>, found: &Found<'_>) -> Finding {
        let level = if found.fiscal >= self.large_amount {
            Level::Red
        } else if found.fiscal > Decimal::ZERO {
            Level::Orange
        } else {
            Level::Yellow
        };
        let currency = case.currency();
        let (name, count) = (&found.item.name, found.entries.len());
        let (amount, of_zh, of_en) = if found.fiscal > Decimal::ZERO {
            (found.fiscal, "财政资金", "fiscal money")
        } else {
            (found.own, "自筹资金", "own money")
        };
        let formula = format!("{name}: fiscal {}, own {}", found.fiscal, found.own);
        let threshold = format!("–/own/fiscal/fiscal ≥ {}", self.large_amount.normalize());
        let evidence = evidence(formula, threshold)
            .resting_on(&found.list.basis)
            .figure("clause", &found.item.clause)
            .figure("fiscal", found.fiscal)
            .figure("own", found.own);
        let finding = Finding::new(
            Judged::at(level),
            format!(
                "{of_zh}列支疑似“{name}”类支出{}（{count}笔），{}，请核对",
                money_zh(amount, currency),
                found.item.clause
            ),
            format!(
                "{} of {of_en} may have gone to what projects must not bear ({name}, {count} postings): check the vouchers",
                money_en(amount, currency)
            ),
            evidence.facts(found.entries.iter().copied()),
        );
        finding.about(name.as_str())
    }
}

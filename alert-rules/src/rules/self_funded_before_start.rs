//! # PS-01 自筹启动前支出 Self-funded before start
//!
//! ## What it finds
//! Costs that a unit paid from its own money for a service before the eligibility start S less the approved pre-study days, or
//! at any time while the project has not begun and nothing was approved. Any such cost is blue; from 5 % of the planned
//! self-raised money or 50,000 yellow; from 20 %, more than 90 days before S, or with wages of three months in a row while
//! fiscal money lay at the unit, orange; where PS-03, PS-04 or PS-05 find such costs swapped into fiscal money, counted as
//! match, or the work done beforehand, red. What was swapped still counts: it was paid from own money.
//!
//! ## Why it is a risk
//! Paying it is no offence. The evaluation report on the city's innovation fund says that units pay "for the time being" (暂由): later the costs may be put in the
//! place of fiscal expenditure, or counted as match, while the fiscal money lies idle.
//!
//! ## Worked example
//! S = 2024-06-01, no pre-study days, 200,000 planned; 300,000 of fiscal money arrive on 04-15. On 02-29 wages of 12,000
//! for February become known: 6 % is yellow, and more than 90 days before S makes it orange. 04-30 brings the third month
//! of wages beside idle money, orange on a second ground. On 07-10 the wages of February to May, 48,000, are swapped into
//! fiscal money: red. 60 days approved on 07-15 cover the travel of 04-20 and 23,600 of the wages; 24,400 stay, and with
//! them red. Scenario: `fires_as_wages_run_on`.
//!
//! ## Thresholds
//! `shares_percent` of the planned self-raised money (yellow, orange; without a plan only the amount counts); `amount` for
//! yellow, in whole units of the account's currency; `early_days` before S and `wage_months` for orange; `wage_words` say by
//! which words in category, purpose or labels a cost is known as wages.
//!
//! ## What it leaves out
//! Costs inside a suspension (YE-03), what finance has moved into the category 不计入项目成本, awards and reimbursements,
//! applications, and projects published by others, whose sources are not known. Refunds reduce the sum. Passing time neither
//! raises nor lifts it once S has passed: it stands as a note for acceptance until an approval, a reversal or a reclassification
//! decides. Costs of an earlier phase are that phase's; only a gap between phases makes a new S.
//!
//! ## Source
//! The evaluation report on the city's innovation fund; compare 2 CFR 200.308 and 200.458 (at most 90 days of pre-award
//! costs) and the demand of Innovate UK not to start before the offer is signed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, Months, NaiveDate};
use karez_events::Ratio;
use karez_events::event::supervision::{Evidence, Level};
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::pre_start_costs::{
    Part, before_start_or_unstarted, in_state, is_by_postponement, is_judged_at_all, is_own, rounded_sum,
    start_on, with_approvals,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::word_list::WordList;
use crate::words::{day_zh, money_en, money_zh, percent};

static TRAVEL: LazyLock<WordList> = LazyLock::new(|| WordList::new(&["差旅", "travel"]));
static LODGING: LazyLock<WordList> = LazyLock::new(|| WordList::new(&["住宿", "lodging", "hotel"]));

/// Thresholds of PS-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfFundedBeforeStart {
    /// Shares of the planned self-raised money, in percent.
    pub shares_percent: Bands,
    /// Yellow from this amount, whatever was planned.
    pub amount: Decimal,
    /// Orange when the earliest cost is more than so many days before S.
    pub early_days: i64,
    /// Orange when wages of so many months in a row were paid while fiscal money was there.
    pub wage_months: usize,
    /// Words in category, purpose or labels by which wages are known.
    pub wage_words: WordList,
}

impl Default for SelfFundedBeforeStart {
    fn default() -> Self {
        Self {
            shares_percent: Bands {
                yellow: Some(Decimal::from(5)),
                orange: Some(Decimal::from(20)),
                ..Bands::default()
            },
            amount: Decimal::from(50_000),
            early_days: 90,
            wage_months: 3,
            wage_words: WordList::new(&["工资", "薪酬", "劳务", "salary", "wage"]),
        }
    }
}

impl Rule for SelfFundedBeforeStart {
    fn about(&self) -> About<'_> {
        About {
            name: "self_funded_before_start",
            code: "PS-01",
            zh: "自筹启动前支出",
            en: "Self-funded before start",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 2,
            source_text: include_str!("self_funded_before_start.rs"),
            manual_zh: include_str!("zh/self_funded_before_start.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !is_judged_at_all(case) {
            return Outcome::QUIET;
        }
        let own = before_start_or_unstarted(case, is_own);
        if own.is_empty() {
            return Outcome::QUIET;
        }
        Outcome::of(in_state(case, self.finding(case, own)))
    }
}

/// On what a colour rests.
struct Grounds {
    share: Option<Ratio>,
    first_on: NaiveDate,
    wages_run: bool,
    worse: Vec<&'static str>,
}

impl SelfFundedBeforeStart {
    fn finding(&self, case: &Case<'_>, own: Vec<Part<'_>>) -> Option<Finding> {
        let rules = case.rules.of(case.project, case.as_of);
        let swaps = rules.catalogue().swapped_into_fiscal.swaps(case);
        let mut costs = own;
        costs.extend(swaps.iter().map(|swap| (swap.into, swap.taken_out)));
        let total = rounded_sum(case, &costs);
        if total <= Decimal::ZERO {
            return None;
        }
        let planned = case.measures.amounts.planned_self_raised;
        let grounds = Grounds {
            share: Ratio::of(total, planned),
            first_on: first_on(&costs),
            wages_run: self.wages_run(case, &costs),
            worse: worse(case),
        };
        let level = self.level(total, &grounds, start_on(case));
        let evidence = self.evidence(case, &grounds, total).facts(facts(&costs));
        let share = grounds.share.as_ref().map_or_else(|| "—".to_owned(), percent);
        let (start, currency) = (start_on(case), case.currency());
        let finding = Finding::new(
            Judged::at(level),
            format!(
                "启动前自筹支出{}，占计划自筹的{share}，最早{}（可列支起始日{}）",
                money_zh(total, currency),
                day_zh(grounds.first_on),
                day_zh(start)
            ),
            format!(
                "{} of own money spent before the start, {share} of what was planned; earliest {}, eligible from {start}",
                money_en(total, currency),
                grounds.first_on
            ),
            self.by_kind(case, &costs, evidence),
        );
        Some(if is_by_postponement(case, &costs) {
            finding.because("起始日变更")
        } else {
            finding
        })
    }

    fn level(&self, total: Decimal, grounds: &Grounds, start: NaiveDate) -> Level {
        let of_share = grounds.share.as_ref().and_then(|share| {
            let percent = share.times(&Ratio::whole(100));
            self.shares_percent.from(&percent, Margin::None).level
        });
        let is_early = (start - grounds.first_on).num_days() > self.early_days;
        let of_amount = (total >= self.amount).then_some(Level::Yellow);
        let of_time = (is_early || grounds.wages_run).then_some(Level::Orange);
        let of_others = (!grounds.worse.is_empty()).then_some(Level::Red);
        let highest = [of_share, of_amount, of_time, of_others]
            .into_iter()
            .max()
            .flatten();
        highest.unwrap_or(Level::Blue)
    }

    fn evidence(&self, case: &Case<'_>, grounds: &Grounds, total: Decimal) -> Evidence {
        let pre_start = &case.measures.pre_start;
        let share = grounds.share.as_ref().map_or_else(|| "—".to_owned(), percent);
        let mut formula = format!(
            "Σ own money before S − {} d = {total}; planned {}: {share}; S − earliest = {} − {} = {} d",
            pre_start.grace_days,
            case.measures.amounts.planned_self_raised,
            start_on(case),
            grounds.first_on,
            (start_on(case) - grounds.first_on).num_days()
        );
        if grounds.wages_run {
            formula += "; wages ran on while U > 0";
        }
        if !grounds.worse.is_empty() {
            formula = format!("{formula}; {}", grounds.worse.join(", "));
        }
        let threshold = format!(
            "{} %; {} yellow; > {} d, {} months of wages orange; PS-03..05 red",
            self.shares_percent, self.amount, self.early_days, self.wage_months
        );
        let evidence =
            evidence(formula, threshold).figure("fiscal_balance", case.measures.curve.balance_on(case.as_of));
        with_approvals(case, evidence)
    }

    /// The table by 工资/差旅/住宿/其他.
    fn by_kind(&self, case: &Case<'_>, costs: &[Part<'_>], mut evidence: Evidence) -> Evidence {
        let mut by_kind: BTreeMap<&str, Vec<Part<'_>>> = BTreeMap::new();
        for (entry, part) in costs {
            let kind = if self.wage_words.is_about(entry) {
                "wages"
            } else if TRAVEL.is_about(entry) {
                "travel"
            } else if LODGING.is_about(entry) {
                "lodging"
            } else {
                "other"
            };
            by_kind.entry(kind).or_default().push((entry, *part));
        }
        for (kind, parts) in by_kind {
            evidence = evidence.figure(kind, rounded_sum(case, &parts));
        }
        evidence
    }

    /// Whether wages of so many months in a row were own costs while fiscal money lay at the unit before S: on the last day of
    /// the run, or until the end of the month after it. What is found once stays found.
    fn wages_run(&self, case: &Case<'_>, costs: &[Part<'_>]) -> bool {
        let mut months: BTreeMap<i32, (Decimal, NaiveDate)> = BTreeMap::new();
        for (entry, part) in costs.iter().filter(|(entry, _)| self.wage_words.is_about(entry)) {
            let on = entry.cost_on();
            let month = months.entry(number_of(on)).or_insert((Decimal::ZERO, on));
            *month = (month.0.saturating_add(*part), month.1.max(on));
        }
        months.retain(|_, (paid, _)| *paid > Decimal::ZERO);
        let mut run = 0;
        let mut before = None;
        for (month, (_, last_on)) in months {
            run = if before == Some(month - 1) { run + 1 } else { 1 };
            before = Some(month);
            if run >= self.wage_months && had_money(case, last_on) {
                return true;
            }
        }
        false
    }
}

/// Whether fiscal money lay at the unit on a day, or came until the end of the next month, before S.
fn had_money(case: &Case<'_>, from_on: NaiveDate) -> bool {
    let next_month = from_on
        .with_day(1)
        .and_then(|first| first.checked_add_months(Months::new(2)));
    let until = next_month.and_then(|first| first.pred_opt()).unwrap_or(from_on);
    let until = until.min(start_on(case)).min(case.as_of);
    let curve = &case.measures.curve;
    curve.balance_on(from_on) > Decimal::ZERO
        || case.entries().any(|entry| {
            entry.kind == EntryKind::Arrived
                && (from_on..=until).contains(&entry.on)
                && curve.balance_on(entry.on) > Decimal::ZERO
        })
}

fn number_of(day: NaiveDate) -> i32 {
    day.year() * 12 + i32::try_from(day.month0()).unwrap_or_default()
}

/// The first day of service of what was paid and not taken out again.
fn first_on(costs: &[Part<'_>]) -> NaiveDate {
    let mut days: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
    for (entry, part) in costs {
        let of_day = days.entry(entry.cost_period().0).or_default();
        *of_day = of_day.saturating_add(*part);
    }
    let mut paid = days.into_iter().filter(|(_, part)| *part > Decimal::ZERO);
    paid.next().map_or(NaiveDate::MAX, |(day, _)| day)
}

/// The rules that find the same costs in a worse place.
fn worse(case: &Case<'_>) -> Vec<&'static str> {
    let found = [
        ("PS-03", case.found_by(|rules| &rules.swapped_into_fiscal)),
        ("PS-04", case.found_by(|rules| &rules.counted_as_match)),
        ("PS-05", case.found_by(|rules| &rules.finished_before_approval)),
    ];
    let found = found.into_iter().filter(|(_, findings)| !findings.is_empty());
    found.map(|(code, _)| code).collect()
}

fn facts<'a>(costs: &[Part<'a>]) -> impl Iterator<Item = &'a Entry> {
    costs.iter().map(|(entry, _)| *entry)
}

//! # ST-01 资金沉淀 Idle funds
//!
//! ## What it finds
//! Fiscal money that lies still at a unit: over a window of 90, 180, 270 or 365 days (suspended days left out) the balance
//! at the window's start was at least M, at least M of that money is still there, and less than θ of it was spent, net.
//! The longest window met gives the colour. M is 10,000 in the currency of the account or 5 % of what had arrived by the
//! window's start, whichever is more; θ is 2 %. Spending counts against the oldest money (first in, first out), so that
//! next year's tranche neither hides last year's nor is blamed for it.
//!
//! ## Why it is a risk
//! The fund's own rate counts money as executed when it is paid over; a unit may hold it for years. The report that began
//! karez shows 99.99 % executed while units hold money that cannot be used for a long time.
//!
//! ## Worked example
//! 300,000 yuan arrive on 2024-03-01, M = 15,000. 3,000 are spent on 04-10, 2,000 on 05-20, then nothing. On 05-30 (90
//! days: 300,000 at the start, 5,000 spent = 1.67 % < 2 %) blue; on 08-28 (180 days) yellow; on 11-26 (270) orange; on
//! 2025-03-01 (365) red. A refund of 3,000 in October changes nothing. A voucher of 10,000 dated 05-25 and recorded in
//! September takes the warning of 05-30 back. Scenario: `fires_day_by_day`.
//!
//! ## Thresholds
//! `levels` in days; `least_amount`; `least_share_percent` of what has arrived; `token_share_percent` (θ);
//! `commitment_within_days`: signed commitments due so soon lower the colour one step; `suspended_days`: after so many
//! suspended days a suspended project is blue; `moving_share_percent`: a warning is kept until so much of the balance was
//! spent in 30 days, or less than M/2 is left, or money was recovered and less than M is left (已收回);
//! `next_tranche_percent`: with more of the last tranche unspent, the evidence says to hold the next.
//!
//! ## What it leaves out
//! Projects not yet started (ST-02 speaks; the window runs from arrival all the same), ended, terminated or closed (ST-05),
//! awards and reimbursements. Money under a cash plan that was approved while it was there (已批复暂缓): until the
//! plan's last payment, as long as what the plan wanted by then has been spent.
//! A suspension freezes the windows: what is open stays as it is, and nothing is raised but the blue of a long suspension.
//! A tranche that is past its two years is reported by ST-04, whose red silences this warning (`inhibit`); the tranche table
//! says so.
//!
//! ## Projects that others published
//! Their sources are not known, and the publisher is at once payer and spender: judged is money that came in and was neither
//! disbursed nor spent. Nothing is said where that cannot be known: no incoming money, undated money, money in more than
//! one currency, parts of the project through which money may have gone out, a status other than implementation. Days
//! after the last published file prove nothing: then the answer is that the books are behind.
//!
//! ## What was decided
//! It is asked at the end of each day, not on each fact: a window is a matter of whole days, a fact of the same day may still
//! change what an earlier one seemed to show, and a late fact takes a warning back as soon as it is known whatever rule
//! raised it. A commitment lowers the colour only until the day for which it was first due, a renewal not again, and only
//! where commitments due come to θ of the money: a contract over one yuan is a token like a posting of one. They take blue
//! away only where it is not yet open, for a promise ends no warning. M is that of the window's start, for 5 % of a large new
//! tranche would hide an old rest.
//!
//! ## Source
//! 财预〔2015〕15号 on idle fiscal money; the days follow the reports of the US Government Accountability Office on expired
//! accounts and the rules of the US National Institutes of Health on unobligated balances.

use chrono::{Days, NaiveDate};
use karez_events::Ratio;
use karez_events::event::supervision::{Evidence, Level};
use karez_projections::measures::BalanceCurve;
use karez_projections::{Entry, EntryKind, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::idle_money::{
    Window, commitments_due, has_published_parts, is_deferred, is_plain_published, is_recovered,
    left_of_money_at,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, Stale, banded};
use crate::words::{day_zh, money_en, money_zh, percent};

/// Days within which spending shows that the money moves again.
const MOVING_WITHIN_DAYS: u64 = 30;

/// Why an approved plan ends a warning.
const DEFERRED: &str = "已批复暂缓 deferred by an approved plan";

/// Thresholds of ST-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdleFunds {
    /// Windows in days, by colour.
    pub levels: Bands,
    /// The least balance that is judged, in whole units of the currency.
    pub least_amount: Decimal,
    /// The same as a share of what has arrived, in percent.
    pub least_share_percent: Decimal,
    /// θ: less than this share of the balance spent is a token, in percent.
    pub token_share_percent: Decimal,
    /// A commitment due within so many days lowers the colour one step.
    pub commitment_within_days: u64,
    /// A project suspended for so many days is blue.
    pub suspended_days: i64,
    /// Spending of this share of the balance within 30 days lifts, in percent.
    pub moving_share_percent: Decimal,
    /// With more than this share of the last tranche unspent the next is better held, in percent.
    pub next_tranche_percent: Decimal,
}

impl Default for IdleFunds {
    fn default() -> Self {
        Self {
            levels: Bands::whole([90, 180, 270, 365]),
            least_amount: Decimal::from(10_000),
            least_share_percent: Decimal::from(5),
            token_share_percent: Decimal::from(2),
            commitment_within_days: 60,
            suspended_days: 180,
            moving_share_percent: Decimal::from(5),
            next_tranche_percent: Decimal::from(25),
        }
    }
}

impl Rule for IdleFunds {
    fn about(&self) -> About<'_> {
        About {
            name: "idle_funds",
            code: "ST-01",
            zh: "资金沉淀",
            en: "Idle funds",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: true,
            version: 2,
            source_text: include_str!("idle_funds.rs"),
            manual_zh: include_str!("zh/idle_funds.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() {
            return Outcome::QUIET;
        }
        match case.state() {
            ProjectState::Running if case.is_published() => self.published(case),
            ProjectState::Running => self.running(case, &case.measures.curve),
            ProjectState::Suspended => self.suspended(case),
            ProjectState::Applied
            | ProjectState::Approved
            | ProjectState::Signed
            | ProjectState::Ended
            | ProjectState::Terminated
            | ProjectState::Closed => Outcome::QUIET,
        }
    }
}

impl IdleFunds {
    fn running(&self, case: &Case<'_>, curve: &BalanceCurve) -> Outcome {
        let Some((judged, window)) = self.lying_still(case, curve) else {
            return self.left_alone(case, curve);
        };
        if is_deferred(case, curve) {
            return Outcome::gone(DEFERRED);
        }
        Outcome::of(Some(self.finding(case, curve, (judged, &window))))
    }

    /// The windows of active days by colour, red first.
    fn windows<'a>(
        &self,
        case: &'a Case<'_>,
        curve: &'a BalanceCurve,
    ) -> impl DoubleEndedIterator<Item = (Level, Window)> + use<'a> {
        let levels = [
            (Level::Red, self.levels.red),
            (Level::Orange, self.levels.orange),
            (Level::Yellow, self.levels.yellow),
            (Level::Blue, self.levels.blue),
        ];
        let (least_amount, least_share_percent) = (self.least_amount, self.least_share_percent);
        levels.into_iter().filter_map(move |(level, days)| {
            let days = u32::try_from(days?).ok()?;
            let since = case.measures.clock.window_start(case.as_of, days);
            let arrived = curve.arrived_on(since);
            let window = Window {
                days,
                since,
                at_start: curve.balance_on(since),
                spent: curve.net_spent_between(since, case.as_of),
                left: left_of_money_at(case, curve, since),
                least: least_amount.max(arrived * least_share_percent / Decimal::ONE_HUNDRED),
            };
            Some((level, window))
        })
    }

    /// The longest window in which the money lay still; else the shortest, while what is open is kept.
    fn lying_still(&self, case: &Case<'_>, curve: &BalanceCurve) -> Option<(Judged, Window)> {
        curve.first_arrival_on()?;
        let mut windows = self.windows(case, curve);
        if let Some((level, window)) = windows.find(|(_, window)| window.is_still(self.token_share_percent)) {
            let level_now = if self.has_commitments_due(case, window.left) {
                lowered(level)
            } else {
                Some(level)
            };
            let judged = Judged {
                level: level_now,
                held: level_now.or(Some(level)),
            };
            return Some((judged, window));
        }
        let (lowest, window) = self.windows(case, curve).next_back()?;
        let kept_from = if is_recovered(case, &window) {
            window.least
        } else {
            window.least / Decimal::TWO
        };
        let is_kept = window.left >= kept_from && !self.moves(case, curve);
        let judged = Judged {
            level: None,
            held: Some(lowest),
        };
        is_kept.then_some((judged, window))
    }

    /// Nothing lies still: where money was recovered, that is why.
    fn left_alone(&self, case: &Case<'_>, curve: &BalanceCurve) -> Outcome {
        let shortest = self.windows(case, curve).next_back();
        let is_recovered = shortest.is_some_and(|(_, window)| is_recovered(case, &window));
        if is_recovered {
            Outcome::gone("已收回 recovered")
        } else {
            Outcome::QUIET
        }
    }

    fn moves(&self, case: &Case<'_>, curve: &BalanceCurve) -> bool {
        let since = case
            .as_of
            .checked_sub_days(Days::new(MOVING_WITHIN_DAYS))
            .unwrap_or(NaiveDate::MIN);
        let spent = curve.net_spent_between(since, case.as_of);
        spent >= curve.balance_on(case.as_of) * self.moving_share_percent / Decimal::ONE_HUNDRED
    }

    /// Whether commitments due soon come to more than a token of the money.
    fn has_commitments_due(&self, case: &Case<'_>, money: Decimal) -> bool {
        let due = commitments_due(case, self.commitment_within_days);
        due > Decimal::ZERO && due >= money * self.token_share_percent / Decimal::ONE_HUNDRED
    }

    fn suspended(&self, case: &Case<'_>) -> Outcome {
        let curve = &case.measures.curve;
        let frozen = self.lying_still(case, curve);
        let kept = frozen.as_ref().and_then(|(judged, _)| judged.held);
        let frozen = frozen.map(|(Judged { held, .. }, window)| {
            self.finding(case, curve, (Judged { level: None, held }, &window))
        });
        match self.long_suspension(case, kept).or(frozen) {
            None => self.left_alone(case, curve),
            Some(_) if is_deferred(case, curve) => Outcome::gone(DEFERRED),
            finding => Outcome::of(finding),
        }
    }

    fn long_suspension(&self, case: &Case<'_>, kept: Option<Level>) -> Option<Finding> {
        let since = case.measures.clock.suspended_since(case.as_of)?;
        let days = (case.as_of - since).num_days();
        let balance = case.measures.curve.balance_on(case.as_of);
        let arrived = case.measures.curve.arrived_on(case.as_of);
        let least = self
            .least_amount
            .max(arrived * self.least_share_percent / Decimal::ONE_HUNDRED);
        if days < self.suspended_days || balance < least {
            return None;
        }
        let currency = case.currency();
        let evidence = banded(
            format!(
                "U = {balance} ≥ M = {}; {days} d since {since}",
                least.normalize()
            ),
            Bands {
                blue: Some(Decimal::from(self.suspended_days)),
                ..Bands::default()
            },
            "d",
        );
        let judged = Judged {
            level: Some(Level::Blue),
            held: kept.max(Some(Level::Blue)),
        };
        let zh = format!(
            "项目自{}暂停{days}天，在户财政资金{}",
            day_zh(since),
            money_zh(balance, currency)
        );
        let en = format!(
            "suspended for {days} days since {since} with {} of fiscal money",
            money_en(balance, currency)
        );
        Some(Finding::new(judged, zh, en, evidence).because("暂停项目资金在户"))
    }

    /// Money that came in and was neither disbursed nor spent, as far as what was published can show it.
    fn published(&self, case: &Case<'_>) -> Outcome {
        if !is_plain_published(case) {
            return Outcome::QUIET;
        }
        let curve = BalanceCurve::of_published(case.project, case.currency(), case.as_of);
        let outcome = self.running(case, &curve);
        let is_raised =
            matches!(&outcome, Outcome::Judged(found) if found.iter().any(|of| of.level().is_some()));
        if is_raised && has_published_parts(case) {
            return Outcome::QUIET;
        }
        let days_since = |reported_until: NaiveDate| (case.as_of - reported_until).num_days();
        match case.project.published_on {
            Some(reported_until)
                if is_raised && days_since(reported_until) > case.rules.settings.stale_after_days =>
            {
                Outcome::Stale(Stale {
                    reported_until,
                    days: days_since(reported_until),
                })
            }
            Some(_) | None => outcome,
        }
    }

    fn finding(&self, case: &Case<'_>, curve: &BalanceCurve, (judged, window): (Judged, &Window)) -> Finding {
        let currency = case.currency();
        let now = curve.balance_on(case.as_of);
        let share = percent(&Ratio::of(window.spent, window.at_start).unwrap_or_else(|| Ratio::whole(0)));
        let Window {
            days,
            since,
            at_start,
            spent,
            left,
            least,
        } = window;
        let formula = format!(
            "U({since}) = {at_start}; E({since}, {}] = {spent} = {share} < {}%; U = {now}, of which {left} ≥ M = {}",
            case.as_of,
            self.token_share_percent,
            least.normalize()
        );
        let evidence = banded(formula, self.levels, "d");
        let (money_word, spent_word) = if case.is_published() {
            ("已收到且未拨付、未支出的资金", "净拨付和支出")
        } else {
            ("在户财政资金", "净支出")
        };
        let zh = format!(
            "{money_word}{}，{days}天内{spent_word}{}，仅为期初余额的{share}",
            money_zh(now, currency),
            money_zh(*spent, currency)
        );
        let (money_word, spent_word) = if case.is_published() {
            ("that came in", "disbursed and spent")
        } else {
            ("of fiscal money", "spent")
        };
        let en = format!(
            "{} {money_word} lies idle: {} {spent_word} in {days} days, {share} of the balance at their start",
            money_en(now, currency),
            money_en(*spent, currency)
        );
        Finding::new(judged, zh, en, self.shown(case, evidence))
    }

    /// 万元·天, the tranches, commitments due, the last five movements.
    fn shown(&self, case: &Case<'_>, mut evidence: Evidence) -> Evidence {
        if let Some(idle) = &case.measures.idle {
            evidence = evidence
                .figure("idle_since", idle.since)
                .figure("idle_days", idle.days)
                .figure("idle_yuan_days", idle.yuan_days.normalize());
        }
        let due = commitments_due(case, self.commitment_within_days);
        if due > Decimal::ZERO {
            evidence = evidence.figure("commitments_due", due);
        }
        evidence = self.tranche_table(case, evidence);
        let is_movement = |entry: &&Entry| {
            let is_paid_on = case.is_published() && entry.kind == EntryKind::Disbursed;
            is_paid_on || entry.kind.is_spending() && (entry.source.is_fiscal() || case.is_published())
        };
        let mut last: Vec<&Entry> = case.entries().filter(is_movement).collect();
        last.sort_by_key(|entry| (entry.on, entry.position));
        let last = last.split_off(last.len().saturating_sub(5));
        for (number, entry) in (1..).zip(&last) {
            let text = format!("{} {} {}", entry.on, word_of(entry.kind), entry.amount);
            evidence = evidence.figure(&format!("movement_{number}"), text);
        }
        let arrivals = case.entries().filter(|entry| entry.kind == EntryKind::Arrived);
        let arrivals = arrivals.filter(|entry| entry.source.is_fiscal() || case.is_published());
        evidence.facts(arrivals).facts(last)
    }

    fn tranche_table(&self, case: &Case<'_>, mut evidence: Evidence) -> Evidence {
        for (number, tranche) in (1..).zip(&case.measures.tranches) {
            let name = tranche.tranche_no.as_deref().unwrap_or("—");
            let deadline = match tranche.two_year_deadline {
                Some(day) if day <= case.as_of && tranche.balance > Decimal::ZERO => {
                    format!(", two years on {day}: see ST-04")
                }
                Some(day) => format!(", two years on {day}"),
                None => String::new(),
            };
            let text = format!(
                "{name}: {} arrived {}, spent {}, left {}, {} d{deadline}",
                tranche.amount, tranche.arrived_on, tranche.spent, tranche.balance, tranche.days
            );
            evidence = evidence.figure(&format!("tranche_{number}"), text);
        }
        let last = case.measures.tranches.last();
        let unspent = last.and_then(|tranche| Ratio::of(tranche.balance, tranche.amount));
        match unspent {
            Some(share) if share.times(&Ratio::whole(100)) > Ratio::exact(self.next_tranche_percent) => {
                let text = format!(
                    "hold: {} of the last tranche unspent > {}%",
                    percent(&share),
                    self.next_tranche_percent
                );
                evidence.figure("next_tranche", text)
            }
            Some(_) | None => evidence,
        }
    }
}

fn lowered(level: Level) -> Option<Level> {
    match level {
        Level::Red => Some(Level::Orange),
        Level::Orange => Some(Level::Yellow),
        Level::Yellow => Some(Level::Blue),
        Level::Blue => None,
    }
}

fn word_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Disbursed => "disbursed",
        EntryKind::Refunded => "refunded",
        EntryKind::Reversed => "reversed",
        EntryKind::Reclassified => "reclassified",
        EntryKind::Spent
        | EntryKind::PassedOn
        | EntryKind::Arrived
        | EntryKind::MatchingArrived(_)
        | EntryKind::Returned
        | EntryKind::Recovered
        | EntryKind::Committed
        | EntryKind::Released
        | EntryKind::Other(_) => "spent",
    }
}

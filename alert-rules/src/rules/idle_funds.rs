//! # ST-01 资金沉淀 Idle funds
//!
//! ## What it finds
//! Fiscal money that lies still at a unit: over a window of 90, 180, 270 or 365 days (suspended days left out) the balance
//! was and is at least M, and less than θ of the balance at the window's start was spent, net. The longest window met gives
//! the colour. M is 10,000 in the currency of the account or 5 % of what has arrived, whichever is more; θ is 2 %.
//!
//! ## Why it is a risk
//! The fund's own rate counts money as executed when it is paid over; a unit may hold it for years. The report that began
//! karez shows 99.99 % executed while units hold money that cannot be used for a long time.
//!
//! ## Worked example
//! 300,000 yuan arrive on 2024-03-01, M = 15,000. 3,000 are spent on 04-10, 2,000 on 05-20, then nothing. On 05-30 (90 days:
//! 300,000 at the start, 5,000 spent = 1.67 % < 2 %) blue; on 08-28 (180 days) yellow; on 11-26 (270) orange; on 2025-03-01
//! (365) red. A refund of 3,000 in October changes nothing. A voucher of 10,000 dated 05-25 and recorded in September takes
//! the warning of 05-30 back.
//!
//! ## Thresholds
//! `levels` in days; `least_amount`; `least_share_percent` of what has arrived; `token_share_percent` (θ);
//! `commitment_within_days`: a signed commitment due so soon lowers the colour one step; `suspended_days`: after so many
//! suspended days a suspended project is blue; `moving_share_percent`: a warning is kept until so much of the balance was
//! spent in 30 days, or the balance is below M/2.
//!
//! ## What it leaves out
//! Projects not yet started (ST-02 speaks), ended, terminated or closed (ST-05), awards and reimbursements, and money whose
//! approved cash plan has a payment still to come.
//!
//! ## Source
//! domain.md §4.1; 国发 〔2014〕 and 财预〔2015〕15号 on idle fiscal money by way of domain.md S5, X5, X6.

use chrono::{Days, NaiveDate};
use karez_events::Ratio;
use karez_events::event::supervision::Level;
use karez_projections::{Entry, EntryKind, LifeStep, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh, percent};

/// Days within which spending shows that the money moves again.
const MOVING_WITHIN_DAYS: u64 = 30;

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
            version: 1,
            source_text: include_str!("idle_funds.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() {
            return Outcome::QUIET;
        }
        match case.state() {
            ProjectState::Running => Outcome::of(self.standing_still(case)),
            ProjectState::Suspended => Outcome::of(self.suspended(case)),
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
    /// M: what is worth a warning.
    fn least(&self, case: &Case<'_>) -> Decimal {
        let arrived = case.measures.curve.arrived_on(case.as_of);
        self.least_amount
            .max(arrived * self.least_share_percent / Decimal::ONE_HUNDRED)
    }

    fn standing_still(&self, case: &Case<'_>) -> Option<Finding> {
        let least = self.least(case);
        let balance = case.measures.curve.balance_on(case.as_of);
        if balance < least || has_planned_payment(case) {
            return (balance >= least / Decimal::TWO && !has_planned_payment(case)).then(|| {
                self.finding(
                    case,
                    Judged {
                        level: None,
                        held: Some(Level::Blue),
                    },
                    90,
                )
            });
        }
        let met = [
            (Level::Red, self.levels.red),
            (Level::Orange, self.levels.orange),
            (Level::Yellow, self.levels.yellow),
            (Level::Blue, self.levels.blue),
        ];
        let longest = met.into_iter().find_map(|(level, days)| {
            let days = u32::try_from(days?).ok()?;
            self.is_still(case, days, least).then_some((level, days))
        });
        match longest {
            Some((level, days)) => {
                let level = if self.has_commitment_due(case) {
                    lowered(level)
                } else {
                    Some(level)
                };
                Some(self.finding(case, Judged { level, held: level }, days))
            }
            None if !self.moves(case, balance) => Some(self.finding(
                case,
                Judged {
                    level: None,
                    held: Some(Level::Blue),
                },
                90,
            )),
            None => None,
        }
    }

    /// U(t−W) ≥ M, and less than θ of it was spent since, net.
    fn is_still(&self, case: &Case<'_>, days: u32, least: Decimal) -> bool {
        let (start, _, spent, balance) = window(case, days);
        start.is_some()
            && balance >= least
            && spent < balance * self.token_share_percent / Decimal::ONE_HUNDRED
    }

    fn moves(&self, case: &Case<'_>, balance: Decimal) -> bool {
        let since = case
            .as_of
            .checked_sub_days(Days::new(MOVING_WITHIN_DAYS))
            .unwrap_or(NaiveDate::MIN);
        let spent = case.measures.curve.net_spent_between(since, case.as_of);
        spent >= balance * self.moving_share_percent / Decimal::ONE_HUNDRED
    }

    fn has_commitment_due(&self, case: &Case<'_>) -> bool {
        let until = case
            .as_of
            .checked_add_days(Days::new(self.commitment_within_days))
            .unwrap_or(NaiveDate::MAX);
        let due = |entry: &&Entry| {
            entry.kind == EntryKind::Committed
                && entry
                    .due_on
                    .is_some_and(|due| (case.as_of..=until).contains(&due))
        };
        case.measures.amounts.committed_open > Decimal::ZERO && case.entries().any(|entry| due(&entry))
    }

    fn suspended(&self, case: &Case<'_>) -> Option<Finding> {
        let since = case
            .project
            .life
            .iter()
            .rfind(|step| step.fact == LifeStep::Suspended && step.on <= case.as_of)?
            .on;
        let days = (case.as_of - since).num_days();
        let balance = case.measures.curve.balance_on(case.as_of);
        if days < self.suspended_days || balance < self.least(case) {
            return None;
        }
        let currency = case.currency();
        let evidence = banded(
            format!("U = {balance}; {days} d since {since}"),
            Bands {
                blue: Some(Decimal::from(self.suspended_days)),
                ..Bands::default()
            },
            "d",
            "domain.md §4.1",
        );
        let finding = Finding::new(
            Judged::at(Level::Blue),
            format!(
                "项目自{}暂停{days}天，在户财政资金{}",
                day_zh(since),
                money_zh(balance, currency)
            ),
            format!(
                "suspended for {days} days since {since} with {} of fiscal money",
                money_en(balance, currency)
            ),
            evidence,
        );
        Some(finding.because("暂停项目资金在户"))
    }

    fn finding(&self, case: &Case<'_>, judged: Judged, days: u32) -> Finding {
        let (_, since, spent, balance) = window(case, days);
        let currency = case.currency();
        let now = case.measures.curve.balance_on(case.as_of);
        let share = Ratio::of(spent, balance).unwrap_or_else(|| Ratio::whole(0));
        let formula = format!(
            "U({since}) = {balance}; E({since}, {}] = {spent} = {} < {}%; U = {now} ≥ M = {}",
            case.as_of,
            percent(&share),
            self.token_share_percent,
            self.least(case).normalize()
        );
        let mut evidence = banded(formula, self.levels, "d", "domain.md §4.1; 财预〔2015〕15号");
        if let Some(idle) = &case.measures.idle {
            evidence = evidence
                .figure("idle_since", idle.since)
                .figure("idle_days", idle.days);
            evidence = evidence.figure("idle_yuan_days", idle.yuan_days.normalize());
        }
        for (number, tranche) in (1..).zip(&case.measures.tranches) {
            let name = tranche.tranche_no.as_deref().unwrap_or("—");
            let deadline = tranche
                .two_year_deadline
                .map(|day| format!(", P1 {day}"))
                .unwrap_or_default();
            evidence = evidence.figure(
                &format!("tranche_{number}"),
                format!(
                    "{name}: {} arrived {}, spent {}, left {}, {} d{deadline}",
                    tranche.amount, tranche.arrived_on, tranche.spent, tranche.balance, tranche.days
                ),
            );
        }
        let mut last: Vec<&Entry> = case
            .spending()
            .filter(|entry| entry.source.is_fiscal())
            .rev()
            .take(5)
            .collect();
        last.reverse();
        Finding::new(
            judged,
            format!(
                "在户财政资金{}，{days}天内净支出{}，仅为期初余额的{}",
                money_zh(now, currency),
                money_zh(spent, currency),
                percent(&share)
            ),
            format!(
                "{} of fiscal money lies idle: {} spent in {days} days, {} of the balance at their start",
                money_en(now, currency),
                money_en(spent, currency),
                percent(&share)
            ),
            evidence.facts(last),
        )
    }
}

/// The window of so many active days: whether money was there when it began, its first day, what was spent in it, net,
/// and the balance at its start.
fn window(case: &Case<'_>, days: u32) -> (Option<NaiveDate>, NaiveDate, Decimal, Decimal) {
    let curve = &case.measures.curve;
    let start = case.measures.clock.window_start(case.as_of, days);
    let arrived = curve.first_arrival_on().filter(|first| *first <= start);
    (
        arrived,
        start,
        curve.net_spent_between(start, case.as_of),
        curve.balance_on(start),
    )
}

fn lowered(level: Level) -> Option<Level> {
    match level {
        Level::Red => Some(Level::Orange),
        Level::Orange => Some(Level::Yellow),
        Level::Yellow => Some(Level::Blue),
        Level::Blue => None,
    }
}

/// 已批复暂缓: the latest approved cash plan has a payment still to come.
fn has_planned_payment(case: &Case<'_>) -> bool {
    let plans = case.project.cash_plans.iter();
    let known = plans.filter(|plan| plan.on <= case.as_of && plan.fact.currency == case.currency());
    // A plan made before the money came says nothing about money that then lay still.
    let since = case.measures.idle.as_ref().map(|idle| idle.since);
    known.max_by_key(|plan| plan.on).is_some_and(|plan| {
        let mut payments = plan.fact.payments.iter();
        since.is_some_and(|since| plan.on > since)
            && payments.any(|payment| payment.due_on.is_some_and(|due_on| due_on > case.as_of))
    })
}

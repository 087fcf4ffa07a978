//! F10 闲置天数、资金沉淀量: how long and how much fiscal money lies still at the unit.

use chrono::NaiveDate;
use karez_events::Currency;
use karez_events::event::money_flow::OtherFlow;
use rust_decimal::Decimal;

use super::benchmark::is_exempt;
use super::clock::Clock;
use crate::project::{Entry, EntryKind, Project};

/// Spending below this share of the balance does not restart the clock, so that a token posting cannot.
///
/// # Source
/// θ of ST-01, domain.md §4.1: 2 %, here as its inverse.
const TOKEN_SHARE_INVERSE: i64 = 50;

/// Money at the unit on the days on which it changed, cumulated: fiscal money, or of a project that others published
/// whatever came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalanceCurve {
    days: Vec<BalanceDay>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BalanceDay {
    on: NaiveDate,
    arrived: Decimal,
    spent: Decimal,
    taken_back: Decimal,
}

impl BalanceDay {
    fn balance(&self) -> Decimal {
        self.arrived
            .saturating_sub(self.spent)
            .saturating_sub(self.taken_back)
    }

    fn of(entry: &Entry) -> Option<Self> {
        let day = |arrived, spent, taken_back| {
            Some(Self {
                on: entry.on,
                arrived,
                spent,
                taken_back,
            })
        };
        let (amount, none) = (entry.amount, Decimal::ZERO);
        match entry.kind {
            EntryKind::Arrived => day(amount, none, none),
            EntryKind::Spent | EntryKind::Refunded | EntryKind::Reversed | EntryKind::Reclassified => {
                day(none, amount, none)
            }
            EntryKind::Returned | EntryKind::Recovered => day(none, none, amount),
            EntryKind::Disbursed
            | EntryKind::PassedOn
            | EntryKind::MatchingArrived(_)
            | EntryKind::Committed
            | EntryKind::Released
            | EntryKind::Other(_) => None,
        }
    }

    /// A publisher is at once payer and spender: what it disbursed is as gone as what it spent. In doubt other flows have
    /// gone out too, so that no money is taken for still that has moved.
    fn of_published(entry: &Entry) -> Option<Self> {
        let none = Decimal::ZERO;
        let (arrived, spent) = match entry.kind {
            EntryKind::Arrived => (entry.amount, none),
            EntryKind::Disbursed
            | EntryKind::PassedOn
            | EntryKind::Returned
            | EntryKind::Recovered
            | EntryKind::Spent
            | EntryKind::Refunded
            | EntryKind::Reversed
            | EntryKind::Reclassified
            | EntryKind::Other(
                OtherFlow::InterestPayment
                | OtherFlow::LoanRepayment
                | OtherFlow::Reimbursement
                | OtherFlow::EquityPurchase
                | OtherFlow::Unknown,
            ) => (none, entry.amount),
            EntryKind::MatchingArrived(_)
            | EntryKind::Committed
            | EntryKind::Released
            | EntryKind::Other(
                OtherFlow::EquitySale
                | OtherFlow::CreditGuarantee
                | OtherFlow::IncomingCommitment
                | OtherFlow::OutgoingPledge
                | OtherFlow::IncomingPledge
                | OtherFlow::InterestEarned,
            ) => return None,
        };
        Some(Self {
            on: entry.on,
            arrived,
            spent,
            taken_back: none,
        })
    }
}

impl BalanceCurve {
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let fiscal = entries.filter(|entry| entry.source.is_fiscal());
        Self::added_up(fiscal.filter_map(BalanceDay::of).collect())
    }

    /// Of a project that others published: money of any source that came in, less what was disbursed or spent.
    #[must_use]
    pub fn of_published(project: &Project, currency: Currency, as_of: NaiveDate) -> Self {
        let known = project
            .entries
            .iter()
            .filter(|entry| entry.currency == currency && entry.on <= as_of);
        Self::added_up(known.filter_map(BalanceDay::of_published).collect())
    }

    fn added_up(mut changes: Vec<BalanceDay>) -> Self {
        changes.sort_by_key(|change| change.on);
        let mut days: Vec<BalanceDay> = Vec::with_capacity(changes.len());
        for mut change in changes {
            if let Some(before) = days.last() {
                change.arrived = change.arrived.saturating_add(before.arrived);
                change.spent = change.spent.saturating_add(before.spent);
                change.taken_back = change.taken_back.saturating_add(before.taken_back);
            }
            days.pop_if(|before| before.on == change.on);
            days.push(change);
        }
        Self { days }
    }

    /// U at the end of a day.
    #[must_use]
    pub fn balance_on(&self, day: NaiveDate) -> Decimal {
        self.at(day).map_or(Decimal::ZERO, BalanceDay::balance)
    }

    /// D at the end of a day.
    #[must_use]
    pub fn arrived_on(&self, day: NaiveDate) -> Decimal {
        self.at(day).map_or(Decimal::ZERO, |at| at.arrived)
    }

    /// Net spending in (`after`, `until`].
    #[must_use]
    pub fn net_spent_between(&self, after: NaiveDate, until: NaiveDate) -> Decimal {
        let spent = |day| self.at(day).map_or(Decimal::ZERO, |at| at.spent);
        spent(until).saturating_sub(spent(after))
    }

    /// The day on which money first arrived.
    #[must_use]
    pub fn first_arrival_on(&self) -> Option<NaiveDate> {
        self.days
            .iter()
            .find(|day| !day.arrived.is_zero())
            .map(|day| day.on)
    }

    fn at(&self, day: NaiveDate) -> Option<&BalanceDay> {
        let after = self.days.partition_point(|at| at.on <= day);
        after.checked_sub(1).and_then(|index| self.days.get(index))
    }

    /// Money of a project that lies still on a day: back to the last day after which less than 2 % of that day's balance
    /// was spent, net. `None` when nothing is there, and where paid is done.
    pub(super) fn idle(&self, project: &Project, as_of: NaiveDate, clock: &Clock) -> Option<Idle> {
        if is_exempt(project, as_of) {
            return None;
        }
        let today = self.at(as_of).filter(|today| today.balance() > Decimal::ZERO)?;
        let mut since = as_of;
        let mut until = as_of;
        let mut yuan_days = Decimal::ZERO;
        for day in self.days.iter().rev().filter(|day| day.on <= as_of) {
            let balance = day.balance();
            let spent_since = today.spent.saturating_sub(day.spent);
            let is_still = balance > Decimal::ZERO
                && spent_since.saturating_mul(Decimal::from(TOKEN_SHARE_INVERSE)) < balance;
            if !is_still {
                break;
            }
            let days = Decimal::from(clock.active_days(day.on, until));
            yuan_days = yuan_days.saturating_add(balance.saturating_mul(days));
            (since, until) = (day.on, day.on);
        }
        Some(Idle {
            since,
            days: clock.active_days(since, as_of),
            yuan_days,
        })
    }
}

/// Fiscal money that has been lying still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// Since when: less than 2 % of the balance of that day was spent since.
    pub since: NaiveDate,
    /// Days since, suspended days left out.
    pub days: i64,
    /// ∫U dt over these days, in yuan·days.
    pub yuan_days: Decimal,
}

//! The additive amounts of a project, a fund, a unit or the whole, in one currency at a date.

use rust_decimal::Decimal;

/// The sum, at once where nothing is added: most amounts of most projects are zero.
pub(super) fn added(sum: Decimal, amount: Decimal) -> Decimal {
    if amount.is_zero() && amount.scale() <= sum.scale() {
        sum
    } else {
        sum.saturating_add(amount)
    }
}

/// The sum with another summand in place of one; `None` where it cannot be said to the last digit.
pub(super) fn replaced(sum: Decimal, before: Decimal, after: Decimal) -> Option<Decimal> {
    if before == after {
        return Some(sum);
    }
    let exact = sum.checked_sub(before)?.checked_add(after)?;
    // At the largest number it may have stayed for more than one summand.
    let is_exact = exact.scale() >= sum.scale().max(after.scale()) && sum.abs() != Decimal::MAX;
    is_exact.then_some(exact)
}

macro_rules! amounts {
    ($($(#[doc = $of:literal])+ { $($(#[doc = $doc:literal])+ $field:ident,)+ })+) => {
        /// Amounts of one currency at a date, in whole currency units. Every one may be added to its like;
        /// derived amounts are methods. "Of the year" is the budget (calendar) year of the date, up to the date.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Amounts {
            $($($(#[doc = $doc])+ pub $field: Decimal,)+)+
        }

        impl Amounts {
            /// Of what has nothing.
            pub const NOTHING: Self = Self { $($($field: Decimal::ZERO,)+)+ };

            /// Each amount with its like. Beyond 28 digits it stays at the largest number rather than failing.
            #[must_use]
            pub fn plus(&self, other: &Self) -> Self {
                Self { $($($field: added(self.$field, other.$field),)+)+ }
            }

            /// With another summand in place of one; `None` where that cannot be said to the last digit.
            pub(super) fn replaced(&self, before: &Self, after: &Self) -> Option<Self> {
                Some(Self { $($($field: replaced(self.$field, before.$field, after.$field)?,)+)+ })
            }

            /// A whole and its parts are never added: for each group of amounts that belong together, the
            /// whole's own where it has any, else the sum of its parts.
            #[must_use]
            pub fn or_of_parts(&self, parts: &Self) -> Self {
                let mut chosen = *self;
                $(if [$(self.$field),+].iter().all(Decimal::is_zero) {
                    $(chosen.$field = parts.$field;)+
                })+
                chosen
            }
        }
    };
}

amounts! {
    /// The fund's budget.
    {
        /// 年初预算 of the fund for the year; zero below fund level.
        appropriation_opening,
        /// 全年预算: the fund's opening budget with the adjustments effective by the date.
        appropriation,
    }
    /// The projects' budgets.
    {
        /// A0: 年初预算数 of the year.
        opening_budget,
        /// A(y): 全年预算数, with adjustments effective by the date and the carry-over into the year.
        adjusted_budget,
        /// A: the approved budget of the whole life.
        life_budget,
        /// Of A(y): 自筹 and 配套, which no fund pays over.
        own_budget,
        /// Of A: the same.
        own_life_budget,
        /// Σ|Δ|: how much the year's budget was adjusted, up and down.
        budget_changes,
    }
    /// 指标.
    {
        /// I: 下达 less 收回.
        issued,
        /// Of the year.
        issued_year,
    }
    /// 拨付.
    {
        /// Paid over to the unit.
        disbursed,
        /// Of the year.
        disbursed_year,
    }
    /// 到位.
    {
        /// D: arrived at the unit, from every source but its own.
        arrived,
        /// D of fiscal money.
        arrived_fiscal,
        /// What should have arrived by the date: by the cash plan, else what was paid over.
        arrival_due,
        /// Of the tranches paid over with a due date that has passed: their amounts.
        due_dated,
        /// Of these: arrived on or before that date.
        arrived_on_time,
    }
    /// 自筹、配套.
    {
        /// 自筹 promised in the contract, or applied for.
        planned_self_raised,
        /// 自筹 arrived.
        self_raised_arrived,
        /// 自筹 and 配套 arrived, in money and in kind.
        matching_arrived,
    }
    /// 支出, net of refunds and reversals.
    {
        /// E over the whole life, from every source.
        spent,
        /// E(y); refunds and reversals of an earlier year's spending stay out.
        spent_year,
        /// E of fiscal money.
        spent_fiscal,
        /// E of self-raised money.
        spent_self_raised,
        /// E of the last 90 days.
        spent_last_90_days,
        /// E of the last 7 days, within the year.
        spent_last_7_days,
        /// E of December of the year.
        spent_december,
        /// E for a service before the eligibility start.
        spent_pre_start,
    }
    /// 退回、收回.
    {
        /// Returned by the unit.
        returned,
        /// Recovered by finance.
        recovered,
        /// Both, of fiscal money.
        taken_back_fiscal,
    }
    /// 合同占用.
    {
        /// O: promised and not yet released.
        committed_open,
    }
    /// 结转、结余.
    {
        /// 上年结转 confirmed into the year.
        carried_in,
        /// 结转 confirmed out of the year into the next.
        carried_over,
        /// 结余 confirmed out of the year.
        surplus,
    }
}

impl Amounts {
    /// U = D − E − R: the fiscal balance at the unit. Negative where more was spent than arrived.
    #[must_use]
    pub fn idle(&self) -> Decimal {
        self.arrived_fiscal
            .saturating_sub(self.spent_fiscal)
            .saturating_sub(self.taken_back_fiscal)
    }

    /// What is left of the year's budget, A(y) − E(y).
    #[must_use]
    pub fn unspent_year(&self) -> Decimal {
        self.adjusted_budget.saturating_sub(self.spent_year)
    }
}

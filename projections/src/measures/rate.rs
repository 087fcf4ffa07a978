//! A rate that says what it is: its level, its numerator, its denominator. No bare "execution rate" exists.

use karez_events::Ratio;
use rust_decimal::Decimal;

/// At which level a rate is measured (domain.md, the central finding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RateLevel {
    /// 财政口径: issued or paid over by the fund's office.
    Fund,
    /// 单位口径: arrived at and really spent by the unit.
    Unit,
    /// One budget line of the unit.
    Line,
}

impl RateLevel {
    /// The stable key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fund => "fund",
            Self::Unit => "unit",
            Self::Line => "line",
        }
    }
}

/// A rate with its level, numerator and denominator, in whole units of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The figure of domain.md §2: `"F1"`, `"F2"` …; `"F4t"` and the like for the second of a pair.
    pub figure: &'static str,
    /// At which level it is measured.
    pub level: RateLevel,
    /// What is above the line, a stable `snake_case` key.
    pub numerator_name: &'static str,
    /// What is below the line, a stable `snake_case` key.
    pub denominator_name: &'static str,
    /// Its amount.
    pub numerator: Decimal,
    /// Its amount.
    pub denominator: Decimal,
    /// Money moved for which no budget (or no arrival) is known, so that the rate overstates.
    pub is_denominator_incomplete: bool,
}

impl Rate {
    /// The exact value; `None` for a zero denominator, which is shown as "—" and stays out of every average.
    #[must_use]
    pub fn ratio(&self) -> Option<Ratio> {
        Ratio::of(self.numerator, self.denominator)
    }

    /// In percent, rounded once, half-up, to two decimals; above 100 and below 0 are real.
    #[must_use]
    pub fn percent(&self) -> Option<Decimal> {
        Ratio::percent_of(self.numerator, self.denominator)
    }

    /// What is left of the denominator where the rate prints 100.00 % though it is not (余 x 元); else zero.
    #[must_use]
    pub fn residue(&self) -> Decimal {
        if self.percent() == Some(Decimal::ONE_HUNDRED) {
            self.denominator.saturating_sub(self.numerator)
        } else {
            Decimal::ZERO
        }
    }
}

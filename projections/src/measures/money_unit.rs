//! 元, 万元, 亿元: the units of official tables.

use rust_decimal::{Decimal, RoundingStrategy};

/// In what amounts are shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MoneyUnit {
    /// 元.
    Yuan,
    /// 万元, the custom of official tables.
    #[default]
    Wan,
    /// 亿元.
    Yi,
}

impl MoneyUnit {
    /// By how many decimal places the unit is larger than the yuan.
    fn places(self) -> u32 {
        match self {
            Self::Yuan => 0,
            Self::Wan => 4,
            Self::Yi => 8,
        }
    }
}

/// An amount of yuan in another unit, exact: 118 034.5 yuan are 11.80345 万元. Figures are never computed from it.
#[must_use]
pub fn in_unit(amount: Decimal, unit: MoneyUnit) -> Decimal {
    let scale = amount.scale().saturating_add(unit.places());
    Decimal::try_from_i128_with_scale(amount.mantissa(), scale)
        .unwrap_or_else(|_| amount.normalize() / Decimal::from(10_i64.pow(unit.places())))
}

/// The same for a printed table: two decimals, rounded once, half-up (四舍五入).
#[must_use]
pub fn printed_in_unit(amount: Decimal, unit: MoneyUnit) -> Decimal {
    let mut printed = in_unit(amount, unit).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    printed.rescale(2);
    printed
}

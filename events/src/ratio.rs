//! Exact ratios: rates, shares and benchmarks. Nothing here rounds, except [`Ratio::rounded`], [`Ratio::percent`] and
//! [`Ratio::percent_of`], which round once, half-up, for print (domain.md §2, rounding rules).

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::{BigRational, Ratio as Rational};
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

/// An exact rational figure: a rate, a share, a benchmark. Compare on this, never on the printed value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(Exact);

/// In machine numbers where it fits, which it nearly always does, else in as many digits as it takes. Reduced, and never
/// the second where the first would do, so that equal figures are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Exact {
    Small(Rational<i128>),
    Big(BigRational),
}

impl Exact {
    fn small(value: Rational<i128>) -> Self {
        // The one number that has no magnitude.
        if *value.numer() == i128::MIN {
            Self::Big(big(value))
        } else {
            Self::Small(value)
        }
    }

    fn of_big(value: BigRational) -> Self {
        match (value.numer().to_i128(), value.denom().to_i128()) {
            (Some(numerator), Some(denominator)) if numerator != i128::MIN => {
                Self::Small(Rational::new_raw(numerator, denominator))
            }
            (_, _) => Self::Big(value),
        }
    }

    fn to_big(&self) -> BigRational {
        match self {
            Self::Small(value) => big(*value),
            Self::Big(value) => value.clone(),
        }
    }

    fn combined(
        &self,
        other: &Self,
        word: impl Fn(&Rational<i64>, &Rational<i64>) -> Option<Rational<i64>>,
        small: impl Fn(&Rational<i128>, &Rational<i128>) -> Option<Rational<i128>>,
        big: impl Fn(BigRational, BigRational) -> BigRational,
    ) -> Self {
        match (self, other) {
            (Self::Small(left), Self::Small(right)) => {
                let in_words = || Some(widened(&word(&narrowed(left)?, &narrowed(right)?)?));
                in_words().or_else(|| small(left, right)).map(Self::small)
            }
            (_, _) => None,
        }
        .unwrap_or_else(|| Self::of_big(big(self.to_big(), other.to_big())))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small(left), Self::Small(right)) => {
                let crosswise = |of: &Rational<i128>, by: &Rational<i128>| of.numer().checked_mul(by.denom());
                match (crosswise(left, right), crosswise(right, left)) {
                    (Some(left), Some(right)) => left.cmp(&right),
                    (_, _) => left.cmp(right),
                }
            }
            (_, _) => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In words of the processor, where it fits: reducing numbers of twice the size takes several times as long.
fn narrowed(value: &Rational<i128>) -> Option<Rational<i64>> {
    // The one word that has no magnitude stays out.
    let word = |part: i128| i64::try_from(part).ok().filter(|part| *part != i64::MIN);
    Some(Rational::new_raw(word(*value.numer())?, word(*value.denom())?))
}

fn widened(value: &Rational<i64>) -> Rational<i128> {
    Rational::new_raw((*value.numer()).into(), (*value.denom()).into())
}

/// `numerator / denominator`, reduced; the denominator is not zero.
fn reduced(numerator: i128, denominator: i128) -> Rational<i128> {
    let raw = Rational::new_raw(numerator, denominator);
    narrowed(&raw).map_or_else(|| raw.reduced(), |raw| widened(&raw.reduced()))
}

/// Two amounts of which both count the same unit, not reduced; `None` where they do not, and for a zero denominator.
fn counted(numerator: Decimal, denominator: Decimal) -> Option<Rational<i128>> {
    let is_counted = numerator.scale() == denominator.scale() && !denominator.is_zero();
    is_counted.then(|| Rational::new_raw(numerator.mantissa(), denominator.mantissa()))
}

fn big(value: Rational<i128>) -> BigRational {
    BigRational::new_raw((*value.numer()).into(), (*value.denom()).into())
}

/// The value in units of the last digit kept, rounded half away from zero; `None` where machine numbers do not hold it.
fn small_units(value: Rational<i128>, digits: u32) -> Option<i128> {
    let (numerator, denominator) = (value.numer().unsigned_abs(), value.denom().unsigned_abs());
    let scaled = numerator.checked_mul(10_u128.checked_pow(digits)?)?;
    let doubled = scaled.checked_mul(2)?.checked_add(denominator)?;
    let units = i128::try_from(doubled / denominator.checked_mul(2)?).ok()?;
    Some(if value.is_negative() { -units } else { units })
}

/// The same, however many digits it takes.
fn big_units(value: &BigRational, digits: u32) -> Option<i128> {
    let scaled = value.numer().abs() * BigInt::from(10_u8).pow(digits);
    let units = ((scaled * 2_u8 + value.denom()) / (value.denom() * 2_u8)).to_i128()?;
    Some(if value.is_negative() { -units } else { units })
}

/// Digits of a share that a percentage with two decimals shows.
const PERCENT_DIGITS: u32 = 4;

fn as_percent(units: i128) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(units, PERCENT_DIGITS - 2).ok()
}

impl Ratio {
    /// `numerator / denominator`, or `None` when the denominator is zero: such a rate is shown as "—"
    /// and stays out of every average (domain.md §2, rule 6).
    #[must_use]
    pub fn of(numerator: Decimal, denominator: Decimal) -> Option<Self> {
        if let Some(raw) = counted(numerator, denominator) {
            return Some(Self(Exact::small(reduced(*raw.numer(), *raw.denom()))));
        }
        Self::exact(numerator).over(&Self::exact(denominator))
    }

    /// The whole number `value`.
    #[must_use]
    pub fn whole(value: i64) -> Self {
        Self(Exact::Small(Rational::from_integer(value.into())))
    }

    /// `numerator / denominator` of two counts (days of a year), `None` for a zero denominator.
    #[must_use]
    pub fn of_counts(numerator: i64, denominator: i64) -> Option<Self> {
        let counted = || reduced(i128::from(numerator), i128::from(denominator));
        (denominator != 0).then(|| Self(Exact::Small(counted())))
    }

    /// The exact value of a decimal.
    #[must_use]
    pub fn exact(value: Decimal) -> Self {
        // A decimal has at most 28 digits behind the point.
        let unit = 10_i128.pow(value.scale());
        Self(Exact::Small(reduced(value.mantissa(), unit)))
    }

    /// The difference, exact.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(self.0.combined(
            &other.0,
            Rational::checked_sub,
            Rational::checked_sub,
            |left, right| left - right,
        ))
    }

    /// The sum, exact.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(self.0.combined(
            &other.0,
            Rational::checked_add,
            Rational::checked_add,
            |left, right| left + right,
        ))
    }

    /// The product, exact.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self(self.0.combined(
            &other.0,
            Rational::checked_mul,
            Rational::checked_mul,
            |left, right| left * right,
        ))
    }

    /// The quotient, `None` when `other` is zero.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        let is_zero = match &other.0 {
            Exact::Small(value) => value.is_zero(),
            Exact::Big(value) => value.is_zero(),
        };
        (!is_zero).then(|| {
            Self(self.0.combined(
                &other.0,
                Rational::checked_div,
                Rational::checked_div,
                |left, right| left / right,
            ))
        })
    }

    /// The magnitude without its sign.
    #[must_use]
    pub fn magnitude(&self) -> Self {
        Self(match &self.0 {
            Exact::Small(value) => Exact::Small(value.abs()),
            Exact::Big(value) => Exact::of_big(value.abs()),
        })
    }

    /// The value rounded once, half away from zero (四舍五入), to `digits` decimals.
    /// `None` when the rounded value has more than 28 digits.
    #[must_use]
    pub fn rounded(&self, digits: u32) -> Option<Decimal> {
        Decimal::try_from_i128_with_scale(self.units(digits)?, digits).ok()
    }

    /// The value in percent, rounded once, half-up, to two decimals: 118.03/200 gives 59.02.
    #[must_use]
    pub fn percent(&self) -> Option<Decimal> {
        as_percent(self.units(PERCENT_DIGITS)?)
    }

    /// The percentage of [`Ratio::of`] these two, without the ratio: what is only printed need not be reduced.
    #[must_use]
    pub fn percent_of(numerator: Decimal, denominator: Decimal) -> Option<Decimal> {
        match counted(numerator, denominator).and_then(|raw| small_units(raw, PERCENT_DIGITS)) {
            Some(units) => as_percent(units),
            None => Self::of(numerator, denominator)?.percent(),
        }
    }

    /// The value in units of the last digit kept, rounded half away from zero.
    fn units(&self, digits: u32) -> Option<i128> {
        let units = match &self.0 {
            Exact::Small(value) => small_units(*value, digits),
            Exact::Big(_) => None,
        };
        units.or_else(|| big_units(&self.0.to_big(), digits))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::decimal_text;

    fn decimal(text: &str) -> Decimal {
        decimal_text::parse(text).unwrap()
    }

    fn percent(numerator: &str, denominator: &str) -> String {
        Ratio::of(decimal(numerator), decimal(denominator))
            .unwrap()
            .percent()
            .unwrap()
            .to_string()
    }

    #[test]
    fn half_is_rounded_up_where_binary_floats_round_down() {
        assert_eq!(percent("118.03", "200"), "59.02");
        assert_eq!(
            Ratio::exact(decimal("59.995")).rounded(2).unwrap().to_string(),
            "60.00"
        );
        assert_eq!(
            Ratio::exact(decimal("-59.995")).rounded(2).unwrap().to_string(),
            "-60.00"
        );
    }

    #[test]
    fn a_rate_is_rounded_once_from_the_exact_amounts() {
        assert_eq!(percent("9999499.99", "10000000"), "99.99");
        assert_eq!(percent("9999500.00", "10000000"), "100.00");
    }

    #[test]
    fn what_prints_99_99_of_ten_million() {
        assert_eq!(percent("9998500", "10000000"), "99.99");
        assert_eq!(percent("9998499.99", "10000000"), "99.98");
        assert_eq!(percent("9999499.99", "10000000"), "99.99");
    }

    #[test]
    fn a_zero_denominator_has_no_rate() {
        assert_eq!(Ratio::of(decimal("5"), Decimal::ZERO), None);
    }

    /// Numbers on both sides of what a machine's holds.
    fn any_size() -> impl Strategy<Value = i128> {
        prop_oneof![
            -1_000_i128..1_000,
            any::<i64>().prop_map(i128::from),
            (-2_i128..=2).prop_map(|beside| i128::from(i64::MIN) + beside),
            (-2_i128..=2).prop_map(|beside| i128::from(i64::MAX) + beside),
            any::<i128>()
        ]
    }

    /// As many digits as a decimal has.
    fn a_mantissa() -> impl Strategy<Value = i128> {
        let most = Decimal::MAX.mantissa();
        prop_oneof![
            -1_000_i128..1_000,
            any::<i64>().prop_map(i128::from),
            -most..=most
        ]
    }

    fn exactly(numerator: i128, denominator: i128) -> (Ratio, BigRational) {
        let value = BigRational::new(numerator.into(), denominator.into());
        (Ratio(Exact::of_big(value.clone())), value)
    }

    proptest! {
        #[test]
        fn figures_are_exact_however_many_digits_they_take(
            a in any_size(), b in any_size(), c in any_size(), d in any_size(),
        ) {
            prop_assume!(b != 0 && d != 0);
            let ((left, exact_left), (right, exact_right)) = (exactly(a, b), exactly(c, d));
            let of = |value: BigRational| Ratio(Exact::of_big(value));
            prop_assert_eq!(left.plus(&right), of(&exact_left + &exact_right));
            prop_assert_eq!(left.minus(&right), of(&exact_left - &exact_right));
            prop_assert_eq!(left.times(&right), of(&exact_left * &exact_right));
            prop_assert_eq!(left.over(&right), (c != 0).then(|| of(&exact_left / &exact_right)));
            prop_assert_eq!(left.magnitude(), of(exact_left.abs()));
            prop_assert_eq!(left.cmp(&right), exact_left.cmp(&exact_right));
        }

        #[test]
        fn decimals_keep_their_exact_value(
            a in any::<i64>(), b in any::<i64>(), of_a in 0_u32..28, of_b in 0_u32..28,
        ) {
            prop_assume!(b != 0);
            let scaled = |number: i64, scale| BigRational::new(number.into(), BigInt::from(10).pow(scale));
            let exact = Exact::of_big(scaled(a, of_a) / scaled(b, of_b));
            prop_assert_eq!(Ratio::of(Decimal::new(a, of_a), Decimal::new(b, of_b)), Some(Ratio(exact)));
        }

        #[test]
        fn what_is_rounded_in_machine_numbers_is_what_is_rounded_without_them(
            a in any_size(), b in any_size(), digits in 0_u32..28,
        ) {
            prop_assume!(a != i128::MIN && b != 0);
            let (ratio, exact) = exactly(a, b);
            if let Exact::Small(value) = ratio.0
                && let Some(units) = small_units(value, digits)
            {
                prop_assert_eq!(Some(units), big_units(&exact, digits));
            }
        }

        #[test]
        fn a_percentage_is_a_hundred_times_the_share_however_it_is_come_by(
            a in a_mantissa(), b in a_mantissa(), of_a in 0_u32..28, of_b in 0_u32..28, is_same in any::<bool>(),
        ) {
            let of_b = if is_same { of_a } else { of_b };
            let (numerator, denominator) = (Decimal::from_i128_with_scale(a, of_a), Decimal::from_i128_with_scale(b, of_b));
            let share = Ratio::of(numerator, denominator);
            let hundredfold = share.as_ref().map(|share| share.times(&Ratio::whole(100)));
            let printed = hundredfold.and_then(|percent| percent.rounded(2));
            prop_assert_eq!(share.and_then(|share| share.percent()), printed);
            prop_assert_eq!(Ratio::percent_of(numerator, denominator), printed);
        }

        #[test]
        fn printed_percent_is_within_half_a_unit(numerator in -10_000_000_i64..10_000_000, denominator in 1_i64..10_000_000) {
            let exact = Ratio::of_counts(numerator, denominator).unwrap();
            let printed = Ratio::exact(exact.percent().unwrap()).times(&Ratio::of_counts(1, 100).unwrap());
            prop_assert!(printed.minus(&exact).magnitude() <= Ratio::of_counts(5, 100_000).unwrap());
        }
    }
}

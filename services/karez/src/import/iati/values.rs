//! Amounts as IATI publishers write them, read exactly or not at all.

use rust_decimal::Decimal;

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountFault {
    /// Not a number in the accepted form.
    Unreadable,
    /// A number with more digits than [`Decimal`] keeps.
    OutOfRange,
}

/// Digits and point position of a number: `digits × 10^exponent`.
struct Written {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Reads an amount: an optional sign, digits with an optional point and exponent, or well-formed thousands groups
/// (`40,544`, `1,234,567.89`). A decimal comma is refused: dropping it would multiply the amount by 100. Full-width
/// digits count as digits.
pub(super) fn amount(text: &str) -> Result<Decimal, AmountFault> {
    let text: String = text.trim().chars().map(half_width).collect();
    let (negative, unsigned) = sign(&text);
    let plain = if unsigned.contains(',') {
        without_groups(unsigned)
    } else {
        Some(unsigned.to_owned())
    };
    let plain = plain.ok_or(AmountFault::Unreadable)?;
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (plain.as_str(), None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountFault::Unreadable);
    }
    let exponent = exponent.map_or(Ok(Some(0)), power)?;
    let digits = format!("{whole}{fraction}").trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Ok(Decimal::ZERO);
    }
    let places = i64::try_from(fraction.len()).map_err(|_| AmountFault::OutOfRange)?;
    let exponent = exponent
        .and_then(|power| power.checked_sub(places))
        .ok_or(AmountFault::OutOfRange)?;
    exact(Written {
        negative,
        digits,
        exponent,
    })
    .ok_or(AmountFault::OutOfRange)
}

/// Full-width digits, which Chinese input methods produce, as ASCII digits.
pub(super) fn half_width(character: char) -> char {
    match character {
        '０'..='９' => {
            char::from_digit(u32::from(character).saturating_sub(u32::from('０')), 10).unwrap_or(character)
        }
        other => other,
    }
}

pub(super) fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The number without its thousands commas, when they are where they belong.
fn without_groups(unsigned: &str) -> Option<String> {
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let well_formed = (1..=3).contains(&first.len())
        && all_digits(first)
        && groups.all(|group| group.len() == 3 && all_digits(group))
        && fraction.is_none_or(|digits| !digits.is_empty() && all_digits(digits));
    well_formed.then(|| unsigned.replace(',', ""))
}

/// The exponent; `None` inside `Ok` when it is well formed but beyond any use.
fn power(text: &str) -> Result<Option<i64>, AmountFault> {
    let (_, digits) = sign(text);
    if digits.is_empty() || !all_digits(digits) {
        return Err(AmountFault::Unreadable);
    }
    Ok(text.parse().ok())
}

/// The number as a [`Decimal`], without rounding; trailing zeros after the point are dropped only when they must be.
fn exact(mut written: Written) -> Option<Decimal> {
    if let Ok(zeros) = usize::try_from(written.exponent) {
        let room = 29_usize.checked_sub(written.digits.len())?;
        if zeros > room {
            return None;
        }
        written.digits.push_str(&"0".repeat(zeros));
        written.exponent = 0;
    }
    loop {
        let scale = u32::try_from(written.exponent.checked_neg()?).ok();
        if let (Some(scale), true) = (scale, written.digits.len() <= 29) {
            let mantissa: i128 = written.digits.parse().ok()?;
            let signed = if written.negative {
                mantissa.checked_neg()?
            } else {
                mantissa
            };
            if let Ok(amount) = Decimal::try_from_i128_with_scale(signed, scale) {
                return Some(amount);
            }
        }
        if written.exponent >= 0 || written.digits.pop() != Some('0') {
            return None;
        }
        written.exponent = written.exponent.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, AmountFault> {
        amount(text).map(|amount| amount.to_string())
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, want) in [
            ("1234.56", "1234.56"),
            (" \n-0.02\t", "-0.02"),
            ("+7", "7"),
            ("5.", "5"),
            (".5", "0.5"),
            ("14155.0825000000", "14155.0825000000"),
            ("40,544", "40544"),
            ("-1,234,567.89", "-1234567.89"),
            ("1.5E6", "1500000"),
            ("25e-2", "0.25"),
            ("0e999", "0"),
            ("-0", "0"),
            ("００１２.5", "12.5"),
            (
                "1.00000000000000000000000000000000000",
                "1.0000000000000000000000000000",
            ),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ] {
            assert_eq!(read(text), Ok(want.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_decimal_comma_and_other_writing_are_refused() {
        for text in [
            "46678,00", "1,23", "1234,567", "1,234e3", "1,234.", ",123", "", " ", ".", "NaN", "inf", "1 000",
            "12€", "--1", "0x10", "1e", "1e+", "&x;1",
        ] {
            assert_eq!(read(text), Err(AmountFault::Unreadable), "{text:?}");
        }
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        for text in [
            "1e999",
            "1e-999",
            "1e99999999999999999999",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "1.23456789012345678901234567890",
        ] {
            let want = if text.starts_with("1.2") {
                Ok("1.2345678901234567890123456789".to_owned())
            } else {
                Err(AmountFault::OutOfRange)
            };
            assert_eq!(read(text), want, "{text:?}");
        }
    }
}

//! How figures look: the only place that turns amounts, rates and dates into text for people.
//!
//! Everything is rounded once, half-up, from the exact value (domain.md §2); what goes to machines (JSON, CSV)
//! is never rounded and comes from [`exact`].

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use karez_events::Currency;
use karez_projections::measures::{MoneyUnit, printed_in_unit};
use rust_decimal::Decimal;

use crate::language::Language;

/// Shown where a figure is undefined: a rate over nothing.
pub const UNDEFINED: &str = "—";

/// 金额单位, as stated above every table.
#[must_use]
pub fn unit_caption(unit: MoneyUnit, language: Language, currency: Currency) -> String {
    let is_yuan = currency == Currency::CNY;
    match (language, unit) {
        (Language::Zh, MoneyUnit::Yuan) if is_yuan => "元".to_owned(),
        (Language::Zh, MoneyUnit::Wan) if is_yuan => "万元".to_owned(),
        (Language::Zh, MoneyUnit::Yi) if is_yuan => "亿元".to_owned(),
        (_, MoneyUnit::Yuan) => currency.to_string(),
        (Language::Zh, MoneyUnit::Wan) => format!("万 {currency}"),
        (Language::Zh, MoneyUnit::Yi) => format!("亿 {currency}"),
        (Language::En, MoneyUnit::Wan) => format!("10,000 {currency} (万)"),
        (Language::En, MoneyUnit::Yi) => format!("100,000,000 {currency} (亿)"),
    }
}

/// An amount of whole currency units in a unit: two decimals, thousands separators, "-" in front.
#[must_use]
pub fn amount(amount: Decimal, unit: MoneyUnit) -> String {
    with_separators(&unsigned_zero(printed_in_unit(amount, unit)).to_string())
}

/// The exact amount in plain notation, without trailing zeros and never "-0".
#[must_use]
pub fn exact(amount: Decimal) -> String {
    unsigned_zero(amount.normalize()).to_string()
}

/// A rate in percent that has been rounded once already, or "—".
#[must_use]
pub fn percent(rate_percent: Option<Decimal>) -> String {
    rate_percent.map_or_else(
        || UNDEFINED.to_owned(),
        |rate| format!("{}%", with_separators(&unsigned_zero(rate).to_string())),
    )
}

/// A difference in percentage points, rounded already, always with its sign.
#[must_use]
pub fn points(points: Decimal) -> String {
    let plain = with_separators(&unsigned_zero(points).to_string());
    if points > Decimal::ZERO {
        format!("+{plain}")
    } else {
        plain
    }
}

/// A count with thousands separators.
#[must_use]
pub fn count(number: u64) -> String {
    with_separators(&number.to_string())
}

/// 2024-12-31, as in tables.
#[must_use]
pub fn date(on: NaiveDate) -> String {
    on.format("%Y-%m-%d").to_string()
}

/// 2024年12月31日 in Chinese text, 31 December 2024 in English.
#[must_use]
pub fn long_date(on: NaiveDate, language: Language) -> String {
    match language {
        Language::Zh => on.format("%Y年%-m月%-d日").to_string(),
        Language::En => on.format("%-d %B %Y").to_string(),
    }
}

/// An instant for people, in the office's time zone, to the second.
#[must_use]
pub fn instant(at: DateTime<Utc>, time_zone: Tz) -> String {
    at.with_timezone(&time_zone)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// An instant for machines: UTC, to the microsecond, as it is recorded.
#[must_use]
pub fn exact_instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn unsigned_zero(value: Decimal) -> Decimal {
    if value.is_zero() { value.abs() } else { value }
}

/// Groups the whole part of a plain decimal number by thousands.
#[must_use]
pub fn with_separators(plain: &str) -> String {
    let (sign, magnitude) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = magnitude
        .split_once('.')
        .map_or((magnitude, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::with_capacity(plain.len() + whole.len() / 3 + 1);
    text.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A text of others on one line of a terminal or in a cell: without control characters, which would steer the
/// terminal, and without the marks that turn the direction of writing, which would make it read as another text.
#[must_use]
pub fn plain(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars()
        .map(|letter| if steers(letter) { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn decimal(text: &str) -> Decimal {
        karez_events::money::decimal_text::parse(text).unwrap()
    }

    #[rstest]
    #[case("9999499.99", "999.95")]
    #[case("1234567890.12", "123,456.79")]
    #[case("50", "0.01")]
    #[case("49.99", "0.00")]
    #[case("-50", "-0.01")]
    #[case("-49", "0.00")]
    #[case("0", "0.00")]
    fn ten_thousands_are_rounded_once(#[case] amount: &str, #[case] shown: &str) {
        assert_eq!(super::amount(decimal(amount), MoneyUnit::Wan), shown);
    }

    #[test]
    fn whole_units_keep_their_cents() {
        assert_eq!(amount(decimal("-1234567.5"), MoneyUnit::Yuan), "-1,234,567.50");
        assert_eq!(amount(decimal("123456789012"), MoneyUnit::Yi), "1,234.57");
    }

    #[rstest]
    #[case("1234.50", "1234.5")]
    #[case("100", "100")]
    #[case("-0.00", "0")]
    #[case("0.000", "0")]
    #[case("-1.10", "-1.1")]
    fn exact_amounts_have_no_trailing_zeros(#[case] amount: &str, #[case] shown: &str) {
        assert_eq!(exact(decimal(amount)), shown);
    }

    #[rstest]
    #[case("0", "0")]
    #[case("999", "999")]
    #[case("1000", "1,000")]
    #[case("-100000", "-100,000")]
    #[case("1234567.125", "1,234,567.125")]
    fn thousands_are_separated(#[case] plain: &str, #[case] shown: &str) {
        assert_eq!(with_separators(plain), shown);
    }

    #[test]
    fn an_undefined_rate_is_a_dash() {
        assert_eq!(percent(None), "—");
        assert_eq!(percent(Some(decimal("59.02"))), "59.02%");
        assert_eq!(percent(Some(decimal("1234.00"))), "1,234.00%");
    }

    #[test]
    fn dates_read_as_officials_write_them() {
        let on: NaiveDate = "2024-12-05".parse().unwrap();
        assert_eq!(long_date(on, Language::Zh), "2024年12月5日");
        assert_eq!(long_date(on, Language::En), "5 December 2024");
        assert_eq!(date(on), "2024-12-05");
    }

    #[test]
    fn a_text_of_others_steers_no_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\r\nc\u{9b}d\u{7f}"), "a [31mb  c d ");
        assert_eq!(plain("支\u{202E}出\u{2066}甲\u{2069}\u{2028}乙"), "支 出 甲  乙");
        assert_eq!(plain("葡萄 “—” 🍇"), "葡萄 “—” 🍇");
    }
}

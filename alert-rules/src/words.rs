//! How figures are written in the sentences of a finding: rounded once, half-up, in the order a reader expects.

use chrono::{Datelike, NaiveDate};
use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_events::{Currency, Ratio};
use rust_decimal::{Decimal, RoundingStrategy};

/// A day in a Chinese sentence: 2024年12月31日.
#[must_use]
pub fn day_zh(day: NaiveDate) -> String {
    format!("{:04}年{}月{}日", day.year(), day.month(), day.day())
}

/// An amount in a Chinese sentence: `15,000.00元`, other currencies with their code.
#[must_use]
pub fn money_zh(amount: Decimal, currency: Currency) -> String {
    match (currency == Currency::CNY, currency == Currency::UNSTATED) {
        (true, _) => format!("{}元", grouped(amount, 2)),
        (_, true) => grouped(amount, 2),
        _ => format!(
            "{} {currency}",
            grouped(amount, currency.minor_unit_digits().unwrap_or(2))
        ),
    }
}

/// An amount in an English sentence: `CNY 15,000.00`.
#[must_use]
pub fn money_en(amount: Decimal, currency: Currency) -> String {
    if currency == Currency::UNSTATED {
        return grouped(amount, 2);
    }
    format!(
        "{currency} {}",
        grouped(amount, currency.minor_unit_digits().unwrap_or(2))
    )
}

/// A share as a percentage with two decimals: `59.02%`.
#[must_use]
pub fn percent(share: &Ratio) -> String {
    share
        .percent()
        .map_or_else(|| "—".to_owned(), |percent| format!("{percent}%"))
}

/// A difference of shares in percentage points, without its sign: `40.82`.
#[must_use]
pub fn points(difference: &Ratio) -> String {
    let points = difference.magnitude().percent();
    points.map_or_else(|| "—".to_owned(), |points| points.to_string())
}

/// A multiple with two decimals: `3.62`.
#[must_use]
pub fn multiple(value: &Ratio) -> String {
    value
        .rounded(2)
        .map_or_else(|| "—".to_owned(), |value| value.to_string())
}

/// Whose money, in a Chinese sentence.
#[must_use]
pub fn source_zh(source: FundSource) -> &'static str {
    match source {
        FundSource::FiscalCurrent => "财政当年",
        FundSource::FiscalCarryover => "上年结转",
        FundSource::SelfRaised => "自筹",
        FundSource::Matching => "配套",
        FundSource::Other => "其他",
    }
}

/// Whose money, in an English sentence.
#[must_use]
pub fn source_en(source: FundSource) -> &'static str {
    match source {
        FundSource::FiscalCurrent => "fiscal",
        FundSource::FiscalCarryover => "carry-over",
        FundSource::SelfRaised => "self-raised",
        FundSource::Matching => "matching",
        FundSource::Other => "other",
    }
}

/// 蓝, 黄, 橙, 红.
#[must_use]
pub fn level_zh(level: Level) -> &'static str {
    match level {
        Level::Blue => "蓝",
        Level::Yellow => "黄",
        Level::Orange => "橙",
        Level::Red => "红",
    }
}

/// The colour on the wire and in English.
#[must_use]
pub fn level_en(level: Level) -> &'static str {
    match level {
        Level::Blue => "blue",
        Level::Yellow => "yellow",
        Level::Orange => "orange",
        Level::Red => "red",
    }
}

fn grouped(amount: Decimal, decimals: u32) -> String {
    let mut rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(decimals);
    // As a whole number: a decimal takes long to write. Beside very many digits not all decimals fit.
    let missing = usize::try_from(decimals - rounded.scale()).unwrap_or_default();
    let decimals = usize::try_from(decimals).unwrap_or_default();
    let mut digits = format!("{:01$}", rounded.mantissa().unsigned_abs(), decimals + 1);
    digits.extend(std::iter::repeat_n('0', missing));
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 2);
    if rounded < Decimal::ZERO {
        grouped.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_rounded_half_up() {
        assert_eq!(
            money_zh("1234567.005".parse().unwrap(), Currency::CNY),
            "1,234,567.01元"
        );
        assert_eq!(money_en("-950".parse().unwrap(), Currency::CNY), "CNY -950.00");
        assert_eq!(
            money_zh("1000".parse().unwrap(), "JPY".parse().unwrap()),
            "1,000 JPY"
        );
        assert_eq!(money_zh("7".parse().unwrap(), Currency::UNSTATED), "7.00");
        assert_eq!(money_zh("-0.004".parse().unwrap(), Currency::CNY), "0.00元");
        assert_eq!(money_zh("0.05".parse().unwrap(), Currency::CNY), "0.05元");
        assert_eq!(
            money_zh(Decimal::MAX, Currency::CNY),
            "79,228,162,514,264,337,593,543,950,335.00元"
        );
    }
}

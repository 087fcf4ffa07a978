//! Amounts and dates in cells: read exactly, or not at all.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::mapping::{Mapping, Unit};

/// How offices write days, besides ISO; none of them can be read in two ways.
const FORMATS: [&str; 4] = ["%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"];

/// Reads an amount exactly. A comma is taken only between well-formed groups of three digits, unless the mapping
/// declares a decimal comma: it is never guessed.
pub(super) fn amount_of(text: &str, mapping: &Mapping) -> Option<Decimal> {
    let (thousands, point) = if mapping.decimal_comma {
        ('.', ',')
    } else {
        (',', '.')
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once(point).unwrap_or((digits, ""));
    let groups: Vec<&str> = whole.split(thousands).collect();
    let is_grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let plain = format!("{sign}{}.{fraction}", groups.concat());
    let is_number = is_grouped
        && whole.chars().any(|letter| letter.is_ascii_digit())
        && groups
            .concat()
            .chars()
            .chain(fraction.chars())
            .all(|letter| letter.is_ascii_digit());
    let amount = is_number
        .then(|| Decimal::from_str_exact(plain.trim_end_matches('.')).ok())
        .flatten()?;
    let factor = match mapping.unit {
        Unit::元 => Decimal::ONE,
        Unit::万元 => Decimal::from(10_000),
        Unit::亿元 => Decimal::from(100_000_000),
    };
    exact_product(amount, factor)
}

/// A product that would have to be rounded is none: the amount has more digits than can be held.
fn exact_product(amount: Decimal, factor: Decimal) -> Option<Decimal> {
    let product = amount.checked_mul(factor)?;
    (product.checked_div(factor)? == amount).then_some(product)
}

/// Reads a day: as the mapping says, where it says how; otherwise ISO, alone or before a time, or as offices write it.
pub(super) fn date_of(text: &str, mapping: &Mapping) -> Option<NaiveDate> {
    let as_written = |format: &str| NaiveDate::parse_from_str(text, format).ok();
    if !mapping.date_formats.is_empty() {
        return mapping.date_formats.iter().find_map(|format| as_written(format));
    }
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let iso = (rest.is_empty() || rest.starts_with(['T', ' ']))
        .then(|| day.parse().ok())
        .flatten();
    iso.or_else(|| FORMATS.into_iter().find_map(as_written))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(more: &str) -> Mapping {
        Mapping::parse(&format!(
            "source = \"t\"\n{more}\n[project]\nid = [\"A\"]\n[[fact]]\ntype = \"arrival\"\namount = \"B\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn a_comma_is_never_guessed() {
        let read = |text: &str| amount_of(text, &mapping("")).map(|amount| amount.to_string());
        assert_eq!(read("40,800,000").as_deref(), Some("40800000"));
        assert_eq!(read("-1,234.50").as_deref(), Some("-1234.50"));
        assert_eq!(read("46678,00"), None);
        assert_eq!(read("1,23"), None);
        for text in ["NaN", "1e999", "", ".", "12a", "１２", "--1", "1.2.3"] {
            assert_eq!(read(text), None, "{text}");
        }
        let european = mapping("decimal_comma = true");
        assert_eq!(amount_of("1.234,50", &european).unwrap().to_string(), "1234.50");
    }

    #[test]
    fn ten_thousands_are_exact() {
        let amount = amount_of("861.46", &mapping("unit = \"万元\"")).unwrap();
        assert_eq!(amount, Decimal::from(8_614_600));
        let most = "79228162514264337593543950335";
        assert_eq!(amount_of(most, &mapping("unit = \"万元\"")), None);
    }

    #[test]
    fn dates_of_offices_are_read() {
        let day = NaiveDate::from_ymd_opt(2024, 12, 31);
        for text in [
            "2024-12-31",
            "2024-12-31T00:00:00",
            "2024/12/31",
            "2024年12月31日",
            "20241231",
        ] {
            assert_eq!(date_of(text, &mapping("")), day, "{text}");
        }
        for text in ["31.12.2024", "2024-12-31?", "2024-12-310"] {
            assert_eq!(date_of(text, &mapping("")), None, "{text}");
        }
        let european = mapping("date_formats = [\"%d.%m.%Y\"]");
        assert_eq!(date_of("31.12.2024", &european), day);
        assert_eq!(date_of("2024-12-31", &european), None);
    }
}

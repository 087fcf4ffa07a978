//! Explanations with placeholders: `资金到位{到位天数}天，支出率仅{到位资金支出率}`. What stands in braces is an expression.

use karez_events::{Currency, Ratio};
use rust_decimal::Decimal;

use crate::expression::{Expression, ExpressionError, Kind, Slots, Value};
use crate::words::{day_zh, money_en, money_zh, multiple, percent};

/// In which language values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    Zh,
    En,
}

/// A checked explanation.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value(Expression),
}

impl Template {
    /// Reads an explanation; `{{` and `}}` are braces.
    pub(super) fn try_new(text: &str, slots: &mut Slots) -> Result<Self, ExpressionError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut offset = 0;
        while let Some(next) = text.get(offset..).and_then(|rest| rest.chars().next()) {
            let rest = text.get(offset..).unwrap_or_default();
            if let Some(brace) = ["{{", "}}"].iter().find(|brace| rest.starts_with(**brace)) {
                plain.push(next);
                offset += brace.len();
                continue;
            }
            if next == '}' {
                let zh = "多余的“}”：文字中的括号请写两个".to_owned();
                let en = "a \"}\" without its \"{\": write a brace of the text twice".to_owned();
                return Err(ExpressionError::at(text, offset, (zh, en)));
            }
            if next != '{' {
                plain.push(next);
                offset += next.len_utf8();
                continue;
            }
            let Some((inner, _)) = rest.get(1..).and_then(|rest| rest.split_once('}')) else {
                let zh = "“{”没有对应的“}”".to_owned();
                let en = "a \"{\" without its \"}\"".to_owned();
                return Err(ExpressionError::at(text, offset, (zh, en)));
            };
            let value = Expression::try_new(inner, slots).map_err(|wrong| {
                ExpressionError::at(text, offset + 1 + wrong.offset, (wrong.zh, wrong.en))
            })?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Value(value));
            offset += inner.len() + 2;
        }
        pieces.push(Piece::Text(plain));
        Ok(Self { pieces })
    }

    /// The explanation with its values.
    pub(super) fn filled(&self, values: &[Option<Value>], wording: (Wording, Currency)) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(expression) => {
                    let value = expression.value(values);
                    filled.push_str(&printed(value.as_ref(), expression.kind(), wording));
                }
            }
        }
        filled
    }
}

/// A value as a sentence has it, rounded once; "—" where it is missing.
pub(super) fn printed(value: Option<&Value>, kind: Kind, (wording, currency): (Wording, Currency)) -> String {
    let missing = || "—".to_owned();
    match (value, wording) {
        (None, _) => missing(),
        (Some(Value::Number(ratio)), _) => number(ratio, kind, (wording, currency)).unwrap_or_else(missing),
        (Some(Value::Date(day)), Wording::Zh) => day_zh(*day),
        (Some(Value::Date(day)), Wording::En) => day.to_string(),
        (Some(Value::Truth(true)), Wording::Zh) => "是".to_owned(),
        (Some(Value::Truth(false)), Wording::Zh) => "否".to_owned(),
        (Some(Value::Truth(true)), Wording::En) => "yes".to_owned(),
        (Some(Value::Truth(false)), Wording::En) => "no".to_owned(),
        (Some(Value::Text(text)), _) => text.to_string(),
    }
}

fn number(ratio: &Ratio, kind: Kind, (wording, currency): (Wording, Currency)) -> Option<String> {
    let is_whole = |number: &Decimal| Ratio::exact(*number) == *ratio;
    Some(match (kind, wording) {
        (Kind::Share, _) => percent(ratio),
        // Exact here; the sentence rounds it to the smallest unit of the currency.
        (Kind::Money, Wording::Zh) => money_zh(ratio.rounded(6)?, currency),
        (Kind::Money, Wording::En) => money_en(ratio.rounded(6)?, currency),
        (Kind::Days | Kind::Number | Kind::Date | Kind::Truth | Kind::Text, _) => {
            match ratio.rounded(0).filter(is_whole) {
                Some(whole) => whole.to_string(),
                None => multiple(ratio),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_reader_expects() {
        let mut slots = Slots::default();
        let text = "{{{执行率}}} {在户余额 / 3} {闲置天数} {追赶倍数} {截止日期} {包干制} {计划类别} {序时进度} {1 / 3}";
        let template = Template::try_new(text, &mut slots).unwrap();
        let number = |text: &str| Some(Value::Number(Ratio::exact(text.parse().unwrap())));
        let values: Vec<Option<Value>> = slots
            .measures()
            .map(|measure| match measure.name {
                "execution_rate" => number("0.59015"),
                "balance" => number("100000"),
                "idle_days" => number("120"),
                "catch_up" => number("3.615"),
                "as_of" => Some(Value::Date("2024-02-28".parse().unwrap())),
                "programme" => Some(Value::Text("重大".into())),
                "is_lump_sum" => Some(Value::Truth(false)),
                _ => None,
            })
            .collect();
        assert_eq!(
            template.filled(&values, (Wording::Zh, Currency::CNY)),
            "{59.02%} 33,333.33元 120 3.62 2024年2月28日 否 重大 — 0.33"
        );
        assert_eq!(
            template.filled(&values, (Wording::En, Currency::CNY)),
            "{59.02%} CNY 33,333.33 120 3.62 2024-02-28 no 重大 — 0.33"
        );
    }

    #[test]
    fn a_wrong_placeholder_is_named_with_its_place() {
        let wrong = |text: &str| Template::try_new(text, &mut Slots::default()).unwrap_err();
        let error = wrong("支出率仅{执行律}");
        assert_eq!((error.line, error.column), (1, 6));
        assert!(error.zh.contains("是否指“执行率”"), "{error}");
        assert_eq!(wrong("仅{执行率").column, 2);
        assert_eq!(wrong("仅}").column, 2);
    }
}

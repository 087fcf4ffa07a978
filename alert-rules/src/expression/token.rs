//! Words, numbers and signs of a text.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::check::FUNCTIONS;
use super::error::ExpressionError;
use super::value::Kind;
use crate::measure_names;
use crate::nearest::nearest;

/// One word, number or sign, and the byte at which it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) offset: usize,
    pub(super) form: Form,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// A number with the kind that its unit gives it; without a unit it is plain.
    Number(Decimal, Option<Kind>),
    Date(NaiveDate),
    Text(String),
    /// A measure or a function.
    Name(&'static str),
    Truth(bool),
    And,
    Or,
    Not,
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
    Plus,
    Minus,
    Times,
    Over,
    Open,
    Close,
    Comma,
    End,
}

/// Signs, longest first.
const SIGNS: [(&str, Form); 34] = [
    ("<=", Form::AtMost),
    (">=", Form::AtLeast),
    ("==", Form::Equal),
    ("!=", Form::Unequal),
    ("<>", Form::Unequal),
    ("&&", Form::And),
    ("||", Form::Or),
    ("＜＝", Form::AtMost),
    ("＞＝", Form::AtLeast),
    ("≤", Form::AtMost),
    ("≥", Form::AtLeast),
    ("≠", Form::Unequal),
    ("<", Form::Less),
    ("＜", Form::Less),
    (">", Form::More),
    ("＞", Form::More),
    ("=", Form::Equal),
    ("＝", Form::Equal),
    ("!", Form::Not),
    ("！", Form::Not),
    ("+", Form::Plus),
    ("＋", Form::Plus),
    ("-", Form::Minus),
    ("－", Form::Minus),
    ("*", Form::Times),
    ("×", Form::Times),
    ("/", Form::Over),
    ("÷", Form::Over),
    ("(", Form::Open),
    ("（", Form::Open),
    (")", Form::Close),
    ("）", Form::Close),
    (",", Form::Comma),
    ("，", Form::Comma),
];

/// Words of the language itself.
const WORDS: [(&str, Form); 14] = [
    ("并且", Form::And),
    ("而且", Form::And),
    ("且", Form::And),
    ("and", Form::And),
    ("或者", Form::Or),
    ("或", Form::Or),
    ("or", Form::Or),
    ("非", Form::Not),
    ("不是", Form::Not),
    ("not", Form::Not),
    ("是", Form::Truth(true)),
    ("true", Form::Truth(true)),
    ("否", Form::Truth(false)),
    ("false", Form::Truth(false)),
];

/// Words that join, at which an unknown name ends.
const JOINING: [&str; 2] = ["且", "或"];

/// Units of numbers, longest first: the power of ten, and the kind that the unit gives.
const UNITS: [(&str, i64, Option<Kind>); 14] = [
    ("个百分点", -2, Some(Kind::Share)),
    ("百分点", -2, Some(Kind::Share)),
    ("亿元", 8, Some(Kind::Money)),
    ("万元", 4, Some(Kind::Money)),
    ("days", 0, Some(Kind::Days)),
    ("day", 0, Some(Kind::Days)),
    ("元", 0, Some(Kind::Money)),
    ("天", 0, Some(Kind::Days)),
    ("日", 0, Some(Kind::Days)),
    ("%", -2, Some(Kind::Share)),
    ("％", -2, Some(Kind::Share)),
    ("亿", 8, None),
    ("万", 4, None),
    ("倍", 0, None),
];

/// No Chinese name has more characters.
const LONGEST_NAME: usize = 24;

const QUOTES: [(char, char); 4] = [('"', '"'), ('\'', '\''), ('“', '”'), ('「', '」')];

/// Cuts a text into tokens; the last is its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut lexer = Lexer { text, offset: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let offset = lexer.offset;
        let Some(first) = lexer.rest().chars().next() else {
            tokens.push(Token {
                offset,
                form: Form::End,
            });
            return Ok(tokens);
        };
        let form = lexer.form(first)?;
        tokens.push(Token { offset, form });
    }
}

struct Lexer<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, part: &str) -> bool {
        let is_there = self.rest().starts_with(part);
        if is_there {
            self.offset += part.len();
        }
        is_there
    }

    fn wrong(&self, offset: usize, zh: String, en: String) -> ExpressionError {
        ExpressionError::at(self.text, offset, (zh, en))
    }

    fn form(&mut self, first: char) -> Result<Form, ExpressionError> {
        if first.is_ascii_digit() {
            return match self.date()? {
                Some(date) => Ok(Form::Date(date)),
                None => self.number(),
            };
        }
        if let Some((_, close)) = QUOTES.iter().find(|(open, _)| *open == first) {
            return self.text(first, *close);
        }
        if first.is_alphabetic() || first == '_' {
            return self.word();
        }
        if let Some((_, form)) = SIGNS.iter().find(|(sign, _)| self.take(sign)) {
            return Ok(form.clone());
        }
        Err(self.wrong(
            self.offset,
            format!("不认识的符号“{first}”"),
            format!("unknown sign {first:?}"),
        ))
    }

    /// `2024-12-31` or `2024年12月31日`.
    fn date(&mut self) -> Result<Option<NaiveDate>, ExpressionError> {
        let Some((length, [year, month, day])) = date_parts(self.rest()) else {
            return Ok(None);
        };
        let year_in = i32::try_from(year).ok();
        let Some(date) = year_in.and_then(|year| NaiveDate::from_ymd_opt(year, month, day)) else {
            return Err(self.wrong(
                self.offset,
                format!("没有 {year}-{month:02}-{day:02} 这一天"),
                format!("there is no day {year}-{month:02}-{day:02}"),
            ));
        };
        self.offset += length;
        Ok(Some(date))
    }

    fn number(&mut self) -> Result<Form, ExpressionError> {
        let start = self.offset;
        let written = self.digits();
        let wrong = |lexer: &Self| {
            lexer.wrong(
                start,
                format!("“{written}”不是数，或位数过多"),
                format!("{written:?} is no number, or has too many digits"),
            )
        };
        let number = Decimal::from_str_exact(&written.replace('_', "")).map_err(|_| wrong(self))?;
        self.offset += written.len();
        let end = self.offset;
        self.skip_space();
        let Some((_, power, kind)) = UNITS.iter().find(|(unit, ..)| self.unit(unit)) else {
            self.offset = end;
            return Ok(Form::Number(number, None));
        };
        // A percentage needs two decimals more; a number that has no room for them would not be exact.
        let value = match power {
            -2 if number.scale() + 2 > Decimal::MAX_SCALE => None,
            -2 => number.checked_div(Decimal::ONE_HUNDRED),
            4 => number.checked_mul(Decimal::from(10_000)),
            8 => number.checked_mul(Decimal::from(100_000_000)),
            _ => Some(number),
        };
        Ok(Form::Number(value.ok_or_else(|| wrong(self))?, *kind))
    }

    /// Digits with a fraction: `1_000.50`.
    fn digits(&self) -> &'t str {
        let rest = self.rest();
        let is_part = |character: char| character.is_ascii_digit() || character == '_';
        let length = |text: &str| text.find(|character| !is_part(character)).unwrap_or(text.len());
        let mut end = length(rest);
        if let Some(fraction) = rest.get(end..).and_then(|rest| rest.strip_prefix('.')) {
            end += 1 + length(fraction);
        }
        rest.get(..end).unwrap_or(rest)
    }

    /// A unit; one of letters must not be the beginning of a word.
    fn unit(&mut self, unit: &str) -> bool {
        let is_word = unit.starts_with(|first: char| first.is_ascii_alphabetic());
        let next = self
            .rest()
            .strip_prefix(unit)
            .and_then(|rest| rest.chars().next());
        let goes_on = next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
        !(is_word && goes_on) && self.take(unit)
    }

    fn text(&mut self, open: char, close: char) -> Result<Form, ExpressionError> {
        let inner = self.rest().get(open.len_utf8()..).unwrap_or_default();
        let Some((text, _)) = inner.split_once(close) else {
            return Err(self.wrong(
                self.offset,
                format!("文字没有结束：缺少 {close}"),
                format!("the text does not end: {close} is missing"),
            ));
        };
        self.offset += open.len_utf8() + text.len() + close.len_utf8();
        Ok(Form::Text(text.to_owned()))
    }

    /// A name or a word of the language. Chinese needs no spaces: of a run of characters the longest beginning that is
    /// known is taken.
    fn word(&mut self) -> Result<Form, ExpressionError> {
        let run = self.run();
        if let Some(form) = known(run).or_else(|| known(&run.to_ascii_lowercase())) {
            self.offset += run.len();
            return Ok(form);
        }
        if !run.is_ascii() {
            let ends = run.char_indices().map(|(index, _)| index).skip(1);
            let ends: Vec<usize> = ends.take(LONGEST_NAME).collect();
            for end in ends.into_iter().rev() {
                if let Some(form) = run.get(..end).and_then(known) {
                    self.offset += end;
                    return Ok(form);
                }
            }
        }
        let until = JOINING.iter().filter_map(|join| run.find(join)).min();
        Err(self.unknown(until.and_then(|until| run.get(..until)).unwrap_or(run)))
    }

    /// Letters, digits and underscores.
    fn run(&self) -> &'t str {
        let rest = self.rest();
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        let end = rest.find(|character| !is_part(character));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
    }

    fn unknown(&self, found: &str) -> ExpressionError {
        let near = (found.chars().count() <= LONGEST_NAME * 2)
            .then(|| nearest(found, names().chain(WORDS.iter().map(|(word, _)| *word))))
            .flatten();
        let (zh, en) = match near {
            Some(near) => (format!("，是否指“{near}”？"), format!("; did you mean {near:?}?")),
            None => (
                "；可用的名称见 `karez rules measures`".to_owned(),
                "; `karez rules measures` lists the names".to_owned(),
            ),
        };
        let found: String = found.chars().take(LONGEST_NAME * 2).collect();
        self.wrong(
            self.offset,
            format!("不认识的名称“{found}”{zh}"),
            format!("unknown name {found:?}{en}"),
        )
    }
}

/// Every measure and function, in both languages.
fn names() -> impl Iterator<Item = &'static str> {
    let functions = FUNCTIONS.iter().flat_map(|(_, names)| *names);
    measure_names::names().chain(functions.copied())
}

fn known(word: &str) -> Option<Form> {
    let of_language = WORDS.iter().find(|(of, _)| *of == word);
    of_language
        .map(|(_, form)| form.clone())
        .or_else(|| names().find(|name| *name == word).map(Form::Name))
}

/// Year, month and day at the beginning of a text, and how many bytes they take.
fn date_parts(text: &str) -> Option<(usize, [u32; 3])> {
    let (year, rest) = digits(text, 4..=4)?;
    let ([after_year, after_month, after_day], widths) = match rest.chars().next()? {
        '-' => (["-", "-", ""], 2..=2),
        '年' => (["年", "月", "日"], 1..=2),
        _ => return None,
    };
    let (month, rest) = digits(rest.strip_prefix(after_year)?, widths.clone())?;
    let (day, rest) = digits(rest.strip_prefix(after_month)?, widths)?;
    let rest = rest.strip_prefix(after_day)?;
    Some((text.len() - rest.len(), [year, month, day]))
}

/// A number of so many digits, and what follows it.
fn digits(text: &str, widths: RangeInclusive<usize>) -> Option<(u32, &str)> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text.get(..end).filter(|_| widths.contains(&end))?;
    Some((number.parse().ok()?, text.get(end..)?))
}

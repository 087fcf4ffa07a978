//! From tokens to a tree, by binding power (Pratt).

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::{ExpressionError, place};
use super::token::{Form, Token, tokens};
use super::value::{Comparison, Kind, Operation};
use super::{DEEPEST, LONGEST, MOST_NODES};

/// A part of a text, and the byte at which it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) offset: usize,
    pub(super) part: Part,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Number(Decimal, Option<Kind>),
    Date(NaiveDate),
    Text(String),
    Truth(bool),
    Name(&'static str),
    Call(&'static str, Vec<Tree>),
    Not(Box<Tree>),
    Negative(Box<Tree>),
    Pair(Pair, Box<Tree>, Box<Tree>),
}

/// What joins two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Or,
    And,
    Compare(Comparison),
    Compute(Operation),
}

/// 非 binds tighter than 且 and looser than a comparison; a sign binds tightest.
const OF_NOT: u8 = 3;
const OF_SIGN: u8 = 7;

impl Pair {
    /// How strongly it binds.
    fn power(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(_) => 4,
            Self::Compute(Operation::Plus | Operation::Minus) => 5,
            Self::Compute(Operation::Times | Operation::Over) => 6,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some tokens join")]
    fn of(form: &Form) -> Option<Self> {
        Some(match form {
            Form::Or => Self::Or,
            Form::And => Self::And,
            Form::Less => Self::Compare(Comparison::Less),
            Form::AtMost => Self::Compare(Comparison::AtMost),
            Form::More => Self::Compare(Comparison::More),
            Form::AtLeast => Self::Compare(Comparison::AtLeast),
            Form::Equal => Self::Compare(Comparison::Equal),
            Form::Unequal => Self::Compare(Comparison::Unequal),
            Form::Plus => Self::Compute(Operation::Plus),
            Form::Minus => Self::Compute(Operation::Minus),
            Form::Times => Self::Compute(Operation::Times),
            Form::Over => Self::Compute(Operation::Over),
            _ => return None,
        })
    }
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    nodes: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn of(text: &'t str) -> Result<Self, ExpressionError> {
        if text.len() > LONGEST {
            let zh = format!("条件有 {} 字节，最多 {LONGEST}：请拆成几条规则", text.len());
            let en = format!(
                "the condition has {} bytes, {LONGEST} at most: make several rules of it",
                text.len()
            );
            return Err(ExpressionError::at(text, 0, (zh, en)));
        }
        Ok(Self {
            text,
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
            nodes: 0,
        })
    }

    /// The whole text as one tree.
    pub(super) fn tree(mut self) -> Result<Tree, ExpressionError> {
        let tree = self.joined(0)?;
        if self.form() == &Form::End {
            return Ok(tree);
        }
        Err(self.expected(
            "运算符、比较、且、或，或者结束",
            "an operator, a comparison, and, or, or the end",
        ))
    }

    fn form(&self) -> &Form {
        self.tokens.get(self.next).map_or(&Form::End, |token| &token.form)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.text.len(), |token| token.offset)
    }

    fn expected(&self, zh: &str, en: &str) -> ExpressionError {
        let rest = self.text.get(self.offset()..).unwrap_or_default();
        let found: String = rest.chars().take(12).collect();
        let (found_zh, found_en) = if found.is_empty() {
            ("结束".to_owned(), "the end".to_owned())
        } else {
            (format!("“{found}”"), format!("{found:?}"))
        };
        let texts = (
            format!("应为{zh}，而不是{found_zh}"),
            format!("expected {en}, found {found_en}"),
        );
        ExpressionError::at(self.text, self.offset(), texts)
    }

    /// One more part, counted.
    fn part(&mut self, offset: usize, part: Part) -> Result<Tree, ExpressionError> {
        self.nodes += 1;
        if self.nodes <= MOST_NODES {
            return Ok(Tree { offset, part });
        }
        let texts = (
            format!("条件多于 {MOST_NODES} 个部分：请拆成几条规则"),
            format!("the condition has more than {MOST_NODES} parts: make several rules of it"),
        );
        Err(ExpressionError::at(self.text, offset, texts))
    }

    /// What lies within one more parenthesis, sign or call, and binds more strongly than `least`.
    fn deeper(&mut self, offset: usize, least: u8) -> Result<Tree, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let texts = (
                format!("嵌套超过 {DEEPEST} 层：请拆成几条规则"),
                format!("nested more than {DEEPEST} levels deep: make several rules of it"),
            );
            return Err(ExpressionError::at(self.text, offset, texts));
        }
        let found = self.joined(least)?;
        self.depth -= 1;
        Ok(found)
    }

    /// A part with everything that is joined to it more strongly than `least`.
    fn joined(&mut self, least: u8) -> Result<Tree, ExpressionError> {
        let mut left = self.single()?;
        while let Some(pair) = Pair::of(self.form()).filter(|pair| pair.power() > least) {
            let offset = self.offset();
            self.next += 1;
            let right = self.joined(pair.power())?;
            left = self.part(offset, Part::Pair(pair, Box::new(left), Box::new(right)))?;
            let is_chain =
                matches!(pair, Pair::Compare(_)) && matches!(Pair::of(self.form()), Some(Pair::Compare(_)));
            if is_chain {
                let texts = (
                    "比较不能连写：请写 a < b 且 b < c".to_owned(),
                    "comparisons do not chain: write a < b and b < c".to_owned(),
                );
                return Err(ExpressionError::at(self.text, self.offset(), texts));
            }
        }
        Ok(left)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some tokens begin a part")]
    fn single(&mut self) -> Result<Tree, ExpressionError> {
        let offset = self.offset();
        let form = self.form().clone();
        self.next += 1;
        let part = match form {
            Form::Number(number, kind) => Part::Number(number, kind),
            Form::Date(date) => Part::Date(date),
            Form::Text(text) => Part::Text(text),
            Form::Truth(truth) => Part::Truth(truth),
            Form::Name(name) => return self.named(offset, name),
            Form::Not => Part::Not(Box::new(self.deeper(offset, OF_NOT)?)),
            Form::Minus => Part::Negative(Box::new(self.deeper(offset, OF_SIGN)?)),
            Form::Open => {
                let inner = self.deeper(offset, 0)?;
                self.close(offset)?;
                return Ok(inner);
            }
            _ => {
                self.next -= 1;
                return Err(self.expected(
                    "名称、数、日期、文字或括号",
                    "a name, a number, a date, a text or a parenthesis",
                ));
            }
        };
        self.part(offset, part)
    }

    /// A measure, or a function with what it is asked of.
    fn named(&mut self, offset: usize, name: &'static str) -> Result<Tree, ExpressionError> {
        if self.form() != &Form::Open {
            return self.part(offset, Part::Name(name));
        }
        self.next += 1;
        let mut arguments = Vec::new();
        if self.form() != &Form::Close {
            arguments.push(self.deeper(offset, 0)?);
            while self.form() == &Form::Comma {
                self.next += 1;
                arguments.push(self.deeper(offset, 0)?);
            }
        }
        self.close(offset)?;
        self.part(offset, Part::Call(name, arguments))
    }

    fn close(&mut self, opened: usize) -> Result<(), ExpressionError> {
        if self.form() == &Form::Close {
            self.next += 1;
            return Ok(());
        }
        let (line, column) = place(self.text, opened);
        Err(self.expected(
            &format!("“)”（与第{line}行第{column}列对应）"),
            &format!("\")\" for what begins at line {line}, column {column}"),
        ))
    }
}

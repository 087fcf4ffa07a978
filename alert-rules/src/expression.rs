//! The language in which an office writes conditions: `执行率 < 60% 且 闲置天数 > 90`.
//!
//! Small and total: exact decimals, dates, texts, the named measures of [`measure_names`](crate::measure_names) in Chinese
//! or English, `且/或/非` (and/or/not), comparisons, `+ - * /`, parentheses, and a handful of functions. No loops, no clock,
//! no randomness; a text has at most [`LONGEST`] bytes, [`DEEPEST`] levels and [`MOST_NODES`] parts, so that none can hang
//! or overflow whoever reads it.
//!
//! Everything that can be wrong is found when a text is read, with line, column, what was expected and the nearest name:
//! after that, evaluation cannot fail. A missing value makes what depends on it undecided (Kleene's three-valued logic:
//! `false 且 unknown` is false, `true 或 unknown` is true), and division by zero is a missing value.
//!
//! Kinds keep money from being compared with days: an amount, a share (`60%`), days, a plain number, a date, a truth, a text.
//! A plain number takes the kind of what stands beside it, except that of a share: `执行率 < 60` is refused, for it is
//! always true.

mod check;
mod error;
mod evaluate;
mod parse;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub use error::ExpressionError;
pub(crate) use error::place;
pub use value::{Kind, Slots, Value};

use check::Checker;
use parse::Parser;
use value::Node;

/// The most bytes of a text.
pub const LONGEST: usize = 4096;
/// The most parentheses, signs and calls within one another.
pub const DEEPEST: usize = 64;
/// The most parts: names, numbers and operators.
pub const MOST_NODES: usize = 512;

/// A text that was read and checked; its measures are numbered slots.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: Box<str>,
    kind: Kind,
    root: Node,
}

impl Expression {
    /// Reads and checks a text; the measures it names are added to the slots.
    ///
    /// # Errors
    /// [`ExpressionError`] with the place, what was expected, and the nearest name.
    pub fn try_new(text: &str, slots: &mut Slots) -> Result<Self, ExpressionError> {
        let tree = Parser::of(text)?.tree()?;
        let (root, typed) = Checker { text, slots }.check(&tree)?;
        Ok(Self {
            text: text.into(),
            kind: typed.kind,
            root,
        })
    }

    /// Reads a text that must be true or false.
    ///
    /// # Errors
    /// [`ExpressionError`], also where the text is a number, a date or a text.
    pub fn condition(text: &str, slots: &mut Slots) -> Result<Self, ExpressionError> {
        let expression = Self::try_new(text, slots)?;
        if expression.kind == Kind::Truth {
            return Ok(expression);
        }
        let (zh, en) = expression.kind.names();
        Err(ExpressionError::at(
            text,
            0,
            (
                format!("条件应能判断真假，这里是{zh}：请写比较，例如 执行率 < 60%"),
                format!(
                    "a condition must be true or false, this is {en}: compare it, as in execution_rate < 60%"
                ),
            ),
        ))
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it yields.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its value where the values of the slots are these; `None` where something that decides is missing.
    #[must_use]
    pub fn value(&self, values: &[Option<Value>]) -> Option<Value> {
        self.root.value(values).map(std::borrow::Cow::into_owned)
    }

    /// Whether a condition holds; `None` where it is undecided.
    #[must_use]
    pub fn holds(&self, values: &[Option<Value>]) -> Option<bool> {
        self.root.truth(values)
    }
}

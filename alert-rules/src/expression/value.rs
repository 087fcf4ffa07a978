//! Kinds and values, and the tree that is evaluated.

use chrono::NaiveDate;
use karez_events::Ratio;

use crate::case::Case;
use crate::measure_names::{Measure, Read};

/// What a value is. Values of different kinds are never compared or added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 金额, in whole units of the project's currency.
    Money,
    /// 比率: `60%`.
    Share,
    /// 天数.
    Days,
    /// 数, such as a multiple or a count.
    Number,
    /// 日期.
    Date,
    /// 真假.
    Truth,
    /// 文字.
    Text,
}

impl Kind {
    /// Its name in Chinese and in English.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Money => ("金额", "an amount"),
            Self::Share => ("比率", "a share"),
            Self::Days => ("天数", "days"),
            Self::Number => ("数", "a number"),
            Self::Date => ("日期", "a date"),
            Self::Truth => ("真假", "a truth"),
            Self::Text => ("文字", "a text"),
        }
    }

    /// Its unit, as a list of measures shows it.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Money => "元",
            Self::Share => "%",
            Self::Days => "天",
            Self::Number | Self::Truth | Self::Text | Self::Date => "",
        }
    }

    /// Whether it is measured on a number line.
    pub(super) fn is_numeric(self) -> bool {
        match self {
            Self::Money | Self::Share | Self::Days | Self::Number => true,
            Self::Date | Self::Truth | Self::Text => false,
        }
    }
}

/// A value. Amounts, shares, days and numbers are all exact ratios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An amount, a share, days or a number.
    Number(Ratio),
    /// A day.
    Date(NaiveDate),
    /// True or false.
    Truth(bool),
    /// A text.
    Text(Box<str>),
}

/// The measures that the expressions of one rule name, numbered. They are read once for all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slots {
    used: Vec<Slot>,
}

#[derive(Debug, Clone, PartialEq)]
struct Slot {
    measure: &'static Measure,
    argument: Option<Box<str>>,
}

impl Slots {
    /// The number of a measure, new where it was not named before.
    pub(super) fn number(&mut self, measure: &'static Measure, argument: Option<&str>) -> usize {
        let is_it = |slot: &Slot| slot.measure == measure && slot.argument.as_deref() == argument;
        self.used.iter().position(is_it).unwrap_or_else(|| {
            self.used.push(Slot {
                measure,
                argument: argument.map(Into::into),
            });
            self.used.len() - 1
        })
    }

    /// The measures, in the order of their numbers.
    #[must_use]
    pub fn measures(&self) -> impl ExactSizeIterator<Item = &'static Measure> {
        self.used.iter().map(|slot| slot.measure)
    }

    /// What each is called, with its argument, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.used.iter().map(|slot| match &slot.argument {
            Some(argument) => format!("{}(“{argument}”)", slot.measure.zh),
            None => slot.measure.zh.to_owned(),
        })
    }

    /// The value of every slot in a case.
    #[must_use]
    pub fn read(&self, case: &Case<'_>) -> Vec<Option<Value>> {
        let read = |slot: &Slot| match slot.measure.read {
            Read::Money(read) => Some(Value::Number(Ratio::exact(read(case)))),
            Read::MoneyOf(read) => {
                let argument = slot.argument.as_deref().unwrap_or_default();
                Some(Value::Number(Ratio::exact(read(case, argument))))
            }
            Read::Share(read) | Read::Number(read) => read(case).map(Value::Number),
            Read::Days(read) => read(case).map(|days| Value::Number(Ratio::whole(days))),
            Read::Date(read) => read(case).map(Value::Date),
            Read::Truth(read) => Some(Value::Truth(read(case))),
            Read::Text(read) => read(case).map(|text| Value::Text(text.into())),
        };
        self.used.iter().map(read).collect()
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

/// What is done with two numbers or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Over,
}

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Constant(Value),
    Slot(usize),
    Not(Box<Node>),
    Negative(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Compute(Operation, Box<Node>, Box<Node>),
    Known(Box<Node>),
    Magnitude(Box<Node>),
    Least(Vec<Node>),
    Most(Vec<Node>),
}

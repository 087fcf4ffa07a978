//! Evaluation in three values: true, false, undecided. It cannot fail; what is missing or cannot be computed is missing.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{Days, NaiveDate};
use karez_events::Ratio;
use rust_decimal::prelude::ToPrimitive;

use super::value::{Comparison, Node, Operation, Value};

impl Node {
    pub(super) fn value<'v>(&'v self, slots: &'v [Option<Value>]) -> Option<Cow<'v, Value>> {
        let number = |ratio: Ratio| Some(Cow::Owned(Value::Number(ratio)));
        match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Slot(slot) => slots.get(*slot)?.as_ref().map(Cow::Borrowed),
            Self::Not(_) | Self::Both(..) | Self::Either(..) | Self::Compare(..) | Self::Known(_) => {
                self.truth(slots).map(|truth| Cow::Owned(Value::Truth(truth)))
            }
            Self::Negative(inner) => number(Ratio::whole(0).minus(inner.value(slots)?.number()?)),
            Self::Magnitude(inner) => number(inner.value(slots)?.number()?.magnitude()),
            Self::Compute(operation, left, right) => {
                let (left, right) = (left.value(slots)?, right.value(slots)?);
                computed(*operation, &left, &right).map(Cow::Owned)
            }
            Self::Least(nodes) => extreme(nodes, slots, Ordering::Less),
            Self::Most(nodes) => extreme(nodes, slots, Ordering::Greater),
        }
    }

    pub(super) fn truth(&self, slots: &[Option<Value>]) -> Option<bool> {
        match self {
            Self::Not(inner) => inner.truth(slots).map(|truth| !truth),
            Self::Both(left, right) => joined(left.truth(slots), || right.truth(slots), false),
            Self::Either(left, right) => joined(left.truth(slots), || right.truth(slots), true),
            Self::Compare(comparison, left, right) => {
                let (left, right) = (left.value(slots)?, right.value(slots)?);
                comparison.holds(&left, &right)
            }
            Self::Known(inner) => Some(inner.value(slots).is_some()),
            Self::Constant(_)
            | Self::Slot(_)
            | Self::Negative(_)
            | Self::Magnitude(_)
            | Self::Compute(..)
            | Self::Least(_)
            | Self::Most(_) => match self.value(slots)?.as_ref() {
                Value::Truth(truth) => Some(*truth),
                Value::Number(_) | Value::Date(_) | Value::Text(_) => None,
            },
        }
    }
}

/// Two truths of which one decides alone: false for 且, true for 或. Where neither does, both must be known.
fn joined(left: Option<bool>, right: impl FnOnce() -> Option<bool>, decides: bool) -> Option<bool> {
    if left == Some(decides) {
        return left;
    }
    let right = right();
    if right == Some(decides) {
        return right;
    }
    left.and(right)
}

impl Value {
    fn number(&self) -> Option<&Ratio> {
        match self {
            Self::Number(ratio) => Some(ratio),
            Self::Date(_) | Self::Truth(_) | Self::Text(_) => None,
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> Option<bool> {
        let order = order(left, right)?;
        Some(match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
        })
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Truth(left), Value::Truth(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Number(_) | Value::Date(_) | Value::Truth(_) | Value::Text(_), _) => None,
    }
}

fn computed(operation: Operation, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(Value::Number(match operation {
            Operation::Plus => left.plus(right),
            Operation::Minus => left.minus(right),
            Operation::Times => left.times(right),
            Operation::Over => left.over(right)?,
        })),
        (Value::Date(date), Value::Number(days)) => {
            let days = days.rounded(0)?.to_i64()?;
            let is_later = operation == Operation::Plus;
            moved(*date, if is_later { days } else { days.checked_neg()? }).map(Value::Date)
        }
        (Value::Date(left), Value::Date(right)) => {
            Some(Value::Number(Ratio::whole((*left - *right).num_days())))
        }
        (Value::Number(_) | Value::Date(_) | Value::Truth(_) | Value::Text(_), _) => None,
    }
}

/// A day so many days later; `None` beyond the calendar.
fn moved(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 {
        date.checked_sub_days(distance)
    } else {
        date.checked_add_days(distance)
    }
}

/// The least or the most; undecided where one of them is missing.
fn extreme<'v>(nodes: &'v [Node], slots: &'v [Option<Value>], wanted: Ordering) -> Option<Cow<'v, Value>> {
    let mut found: Option<Cow<'v, Value>> = None;
    for node in nodes {
        let value = node.value(slots)?;
        let is_better = match &found {
            None => true,
            Some(found) => order(&value, found)? == wanted,
        };
        if is_better {
            found = Some(value);
        }
    }
    found
}

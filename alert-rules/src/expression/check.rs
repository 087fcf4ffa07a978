//! Kinds: what may be compared, added and divided. What passes cannot fail later.

use karez_events::Ratio;

use super::error::ExpressionError;
use super::parse::{Pair, Part, Tree};
use super::value::{Comparison, Kind, Node, Operation, Slots, Value};
use crate::measure_names::{self, Measure, Read};

/// What can be asked of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Whether a value is there.
    Known,
    /// The number without its sign.
    Magnitude,
    /// The least of several.
    Least,
    /// The most of several.
    Most,
}

/// The functions and their names.
pub(super) const FUNCTIONS: [(Function, &[&str]); 4] = [
    (Function::Known, &["known", "已知"]),
    (Function::Magnitude, &["abs", "绝对值"]),
    (Function::Least, &["min", "最小值"]),
    (Function::Most, &["max", "最大值"]),
];

/// What a part is, and whether it is a plain number, which takes the kind of what stands beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed {
    pub(super) kind: Kind,
    is_plain: bool,
}

fn of(kind: Kind) -> Typed {
    Typed {
        kind,
        is_plain: false,
    }
}

pub(super) struct Checker<'t, 's> {
    pub(super) text: &'t str,
    pub(super) slots: &'s mut Slots,
}

type Checked = Result<(Node, Typed), ExpressionError>;

impl Checker<'_, '_> {
    pub(super) fn check(&mut self, tree: &Tree) -> Checked {
        let constant = |value, kind| Ok((Node::Constant(value), of(kind)));
        match &tree.part {
            Part::Number(number, kind) => {
                let typed = Typed {
                    kind: kind.unwrap_or(Kind::Number),
                    is_plain: kind.is_none(),
                };
                Ok((Node::Constant(Value::Number(Ratio::exact(*number))), typed))
            }
            Part::Date(date) => constant(Value::Date(*date), Kind::Date),
            Part::Text(text) => constant(Value::Text(text.as_str().into()), Kind::Text),
            Part::Truth(truth) => constant(Value::Truth(*truth), Kind::Truth),
            Part::Name(name) => self.name(tree, name),
            Part::Call(name, arguments) => match measure_names::find(name) {
                Some(measure) => self.measure_of(tree, measure, arguments),
                None => self.function(tree, name, arguments),
            },
            Part::Not(inner) => {
                let node = self.truth(inner)?;
                Ok((Node::Not(Box::new(node)), of(Kind::Truth)))
            }
            Part::Negative(inner) => {
                let (node, typed) = self.numeric(inner)?;
                Ok((Node::Negative(Box::new(node)), typed))
            }
            Part::Pair(pair, left, right) => self.pair(tree, *pair, (left, right)),
        }
    }

    fn wrong(&self, tree: &Tree, zh: String, en: String) -> ExpressionError {
        ExpressionError::at(self.text, tree.offset, (zh, en))
    }

    fn truth(&mut self, tree: &Tree) -> Result<Node, ExpressionError> {
        let (node, typed) = self.check(tree)?;
        if typed.kind == Kind::Truth {
            return Ok(node);
        }
        let (zh, en) = typed.kind.names();
        Err(self.wrong(
            tree,
            format!("“且、或、非”连接的应是判断，这里是{zh}：请写比较"),
            format!("and, or, not want something true or false, this is {en}: compare it"),
        ))
    }

    fn numeric(&mut self, tree: &Tree) -> Checked {
        let (node, typed) = self.check(tree)?;
        if typed.kind.is_numeric() {
            return Ok((node, typed));
        }
        let (zh, en) = typed.kind.names();
        Err(self.wrong(
            tree,
            format!("应为数、金额、比率或天数，这里是{zh}"),
            format!("expected a number, an amount, a share or days, found {en}"),
        ))
    }

    fn name(&mut self, tree: &Tree, name: &'static str) -> Checked {
        let Some(measure) = measure_names::find(name) else {
            return Err(self.wrong(
                tree,
                format!("“{name}”是函数，后面应有括号：{name}(…)"),
                format!("{name} is a function and wants parentheses: {name}(…)"),
            ));
        };
        if matches!(measure.read, Read::MoneyOf(_)) {
            return Err(self.wrong(
                tree,
                format!("“{name}”要指明科目，例如 {name}('差旅费')"),
                format!("{name} wants a category, as in {name}('差旅费')"),
            ));
        }
        let slot = self.slots.number(measure, None);
        Ok((Node::Slot(slot), of(measure.read.kind())))
    }

    /// A measure of a category.
    fn measure_of(&mut self, tree: &Tree, measure: &'static Measure, arguments: &[Tree]) -> Checked {
        if !matches!(measure.read, Read::MoneyOf(_)) {
            return Err(self.wrong(
                tree,
                format!("“{}”不是函数，后面不能有括号", measure.zh),
                format!("{} is not a function and takes no parentheses", measure.name),
            ));
        }
        let [argument] = arguments else {
            return Err(self.count(tree, measure.zh, "一个", "one"));
        };
        let Part::Text(category) = &argument.part else {
            return Err(self.wrong(
                argument,
                "应为引号中的科目名称".to_owned(),
                "expected the name of a category in quotes".to_owned(),
            ));
        };
        let slot = self.slots.number(measure, Some(category));
        Ok((Node::Slot(slot), of(Kind::Money)))
    }

    fn function(&mut self, tree: &Tree, name: &str, arguments: &[Tree]) -> Checked {
        let function = FUNCTIONS.iter().find(|(_, names)| names.contains(&name));
        let function = function.map(|(function, _)| *function);
        match (function, arguments) {
            (Some(Function::Known), [argument]) => {
                let (node, _) = self.check(argument)?;
                Ok((Node::Known(Box::new(node)), of(Kind::Truth)))
            }
            (Some(Function::Magnitude), [argument]) => {
                let (node, typed) = self.numeric(argument)?;
                Ok((Node::Magnitude(Box::new(node)), typed))
            }
            (Some(Function::Least), [first, rest @ ..]) => {
                let (nodes, typed) = self.ordered(first, rest)?;
                Ok((Node::Least(nodes), typed))
            }
            (Some(Function::Most), [first, rest @ ..]) => {
                let (nodes, typed) = self.ordered(first, rest)?;
                Ok((Node::Most(nodes), typed))
            }
            (Some(Function::Known | Function::Magnitude), _) => Err(self.count(tree, name, "一个", "one")),
            (Some(Function::Least | Function::Most) | None, _) => {
                Err(self.count(tree, name, "至少一个", "at least one"))
            }
        }
    }

    /// Values of one kind that has an order.
    fn ordered(&mut self, first: &Tree, rest: &[Tree]) -> Result<(Vec<Node>, Typed), ExpressionError> {
        let (node, mut typed) = self.check(first)?;
        let mut nodes = vec![node];
        for argument in rest {
            let (node, other) = self.check(argument)?;
            typed = self.alike(argument, typed, other)?;
            nodes.push(node);
        }
        if typed.kind.is_numeric() || typed.kind == Kind::Date {
            return Ok((nodes, typed));
        }
        let (zh, en) = typed.kind.names();
        Err(self.wrong(
            first,
            format!("{zh}没有大小"),
            format!("{en} is neither less nor more than another"),
        ))
    }

    fn count(&self, tree: &Tree, name: &str, zh: &str, en: &str) -> ExpressionError {
        self.wrong(
            tree,
            format!("“{name}”的括号中应有{zh}值"),
            format!("{name} wants {en} value in its parentheses"),
        )
    }

    fn pair(&mut self, tree: &Tree, pair: Pair, (left, right): (&Tree, &Tree)) -> Checked {
        match pair {
            Pair::And => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok((Node::Both(Box::new(left), Box::new(right)), of(Kind::Truth)))
            }
            Pair::Or => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok((Node::Either(Box::new(left), Box::new(right)), of(Kind::Truth)))
            }
            Pair::Compare(comparison) => self.compared(tree, comparison, (left, right)),
            Pair::Compute(operation) => {
                let ((one, of_one), (two, of_two)) = (self.check(left)?, self.check(right)?);
                let typed = match operation {
                    Operation::Plus | Operation::Minus => self.sum(tree, operation, (of_one, of_two))?,
                    Operation::Times => self.product(tree, of_one, of_two)?,
                    Operation::Over => self.quotient(tree, of_one, of_two)?,
                };
                Ok((Node::Compute(operation, Box::new(one), Box::new(two)), typed))
            }
        }
    }

    fn compared(&mut self, tree: &Tree, comparison: Comparison, (left, right): (&Tree, &Tree)) -> Checked {
        let ((one, of_one), (two, of_two)) = (self.check(left)?, self.check(right)?);
        let typed = self.alike(tree, of_one, of_two)?;
        let has_order = typed.kind.is_numeric() || typed.kind == Kind::Date;
        if !has_order && !matches!(comparison, Comparison::Equal | Comparison::Unequal) {
            let (zh, en) = typed.kind.names();
            return Err(self.wrong(
                tree,
                format!("{zh}只能用 = 或 != 比较"),
                format!("{en} can only be compared with = or !="),
            ));
        }
        let node = Node::Compare(comparison, Box::new(one), Box::new(two));
        Ok((node, of(Kind::Truth)))
    }

    /// The kind of two that stand beside one another.
    fn alike(&self, tree: &Tree, one: Typed, two: Typed) -> Result<Typed, ExpressionError> {
        if one.kind == two.kind {
            return Ok(Typed {
                kind: one.kind,
                is_plain: one.is_plain && two.is_plain,
            });
        }
        let takes_plain = |kind: Kind| matches!(kind, Kind::Money | Kind::Days | Kind::Number);
        if one.is_plain && takes_plain(two.kind) {
            return Ok(two);
        }
        if two.is_plain && takes_plain(one.kind) {
            return Ok(one);
        }
        let ((zh_one, en_one), (zh_two, en_two)) = (one.kind.names(), two.kind.names());
        let is_share = (one.kind == Kind::Share && two.is_plain) || (two.kind == Kind::Share && one.is_plain);
        let (advice_zh, advice_en) = if is_share {
            ("：比率请写百分数，例如 60%", ": write shares with %, as in 60%")
        } else {
            ("", "")
        };
        Err(self.wrong(
            tree,
            format!("{zh_one}不能与{zh_two}比较或相加减{advice_zh}"),
            format!("{en_one} cannot be compared with or added to {en_two}{advice_en}"),
        ))
    }

    /// Also a day plus days, and the days between two.
    fn sum(
        &self,
        tree: &Tree,
        operation: Operation,
        (one, two): (Typed, Typed),
    ) -> Result<Typed, ExpressionError> {
        if one.kind == Kind::Date && (two.kind == Kind::Days || two.is_plain) {
            return Ok(of(Kind::Date));
        }
        if one.kind == Kind::Date && two.kind == Kind::Date && operation == Operation::Minus {
            return Ok(of(Kind::Days));
        }
        let typed = self.alike(tree, one, two)?;
        if typed.kind.is_numeric() {
            return Ok(typed);
        }
        Err(self.no_arithmetic(tree, ("相加减", "added or subtracted"), one, two))
    }

    /// So many times, or a share of, anything on a number line.
    fn product(&self, tree: &Tree, one: Typed, two: Typed) -> Result<Typed, ExpressionError> {
        let kind = match (one.kind, two.kind) {
            (Kind::Share, Kind::Number) => Some(Kind::Share),
            (Kind::Number | Kind::Share, kind) | (kind, Kind::Number | Kind::Share) => {
                Some(kind).filter(|kind| kind.is_numeric())
            }
            (Kind::Money | Kind::Days | Kind::Date | Kind::Truth | Kind::Text, _) => None,
        };
        let is_plain = one.is_plain && two.is_plain;
        match kind {
            Some(kind) => Ok(Typed { kind, is_plain }),
            None => Err(self.no_arithmetic(tree, ("相乘", "multiplied"), one, two)),
        }
    }

    /// Two of a kind make a share; by a number or a share the kind stays, and money by days is money a day.
    fn quotient(&self, tree: &Tree, one: Typed, two: Typed) -> Result<Typed, ExpressionError> {
        let kind = if !one.kind.is_numeric() || !two.kind.is_numeric() {
            None
        } else if one.kind == Kind::Number && two.kind == Kind::Number {
            Some(Kind::Number)
        } else if one.kind == two.kind {
            Some(Kind::Share)
        } else if matches!(two.kind, Kind::Number | Kind::Share)
            || (one.kind == Kind::Money && two.kind == Kind::Days)
        {
            Some(one.kind)
        } else {
            None
        };
        let is_plain = one.is_plain && two.is_plain;
        match kind {
            Some(kind) => Ok(Typed { kind, is_plain }),
            None => Err(self.no_arithmetic(tree, ("相除", "divided"), one, two)),
        }
    }

    fn no_arithmetic(&self, tree: &Tree, (zh, en): (&str, &str), one: Typed, two: Typed) -> ExpressionError {
        let ((zh_one, en_one), (zh_two, en_two)) = (one.kind.names(), two.kind.names());
        self.wrong(
            tree,
            format!("{zh_one}与{zh_two}不能{zh}"),
            format!("{en_one} and {en_two} cannot be {en}"),
        )
    }
}

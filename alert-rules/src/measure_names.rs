//! The figures that an office's own rules may name, in Chinese and in English.
//!
//! Each name reads one figure of a case, at the business date and in the currency that is judged. A rate whose budget is not
//! known has no value; an amount of which nothing was booked is zero.

use chrono::NaiveDate;
use karez_events::Ratio;
use karez_events::event::project::ProjectKind;
use karez_projections::measures::{Rate, sum};
use karez_projections::{EntryKind, LifeStep};
use rust_decimal::Decimal;

use crate::case::Case;
use crate::expression::Kind;

/// A figure with its names.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its name in English, `snake_case`.
    pub name: &'static str,
    /// 名称.
    pub zh: &'static str,
    /// The figure of domain.md §2, such as `F2`; empty where it has none.
    pub figure: &'static str,
    /// How it is read, and so its kind.
    pub read: Read,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// How a figure is read from a case.
#[derive(Debug, Clone, Copy)]
pub enum Read {
    /// An amount in whole units of the currency.
    Money(fn(&Case<'_>) -> Decimal),
    /// An amount of the categories whose name contains a text.
    MoneyOf(fn(&Case<'_>, &str) -> Decimal),
    /// A share of 1.
    Share(fn(&Case<'_>) -> Option<Ratio>),
    /// A multiple or a count.
    Number(fn(&Case<'_>) -> Option<Ratio>),
    /// Days.
    Days(fn(&Case<'_>) -> Option<i64>),
    /// A day.
    Date(fn(&Case<'_>) -> Option<NaiveDate>),
    /// True or false.
    Truth(fn(&Case<'_>) -> bool),
    /// A text.
    Text(fn(&Case<'_>) -> Option<String>),
}

impl Read {
    /// The kind of what is read.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Money(_) | Self::MoneyOf(_) => Kind::Money,
            Self::Share(_) => Kind::Share,
            Self::Number(_) => Kind::Number,
            Self::Days(_) => Kind::Days,
            Self::Date(_) => Kind::Date,
            Self::Truth(_) => Kind::Truth,
            Self::Text(_) => Kind::Text,
        }
    }
}

/// The figure of a name, in either language.
#[must_use]
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES
        .iter()
        .find(|measure| measure.name == name || measure.zh == name)
}

/// Every name, in both languages.
pub fn names() -> impl Iterator<Item = &'static str> {
    MEASURES.iter().flat_map(|measure| [measure.name, measure.zh])
}

const fn named(name: &'static str, zh: &'static str, figure: &'static str, read: Read) -> Measure {
    Measure {
        name,
        zh,
        figure,
        read,
    }
}

macro_rules! amount {
    ($zh:literal, $field:ident) => {
        named(
            stringify!($field),
            $zh,
            "",
            Read::Money(|case| case.measures.amounts.$field),
        )
    };
}

macro_rules! rate {
    ($name:literal, $zh:literal, $figure:literal) => {
        named(
            $name,
            $zh,
            $figure,
            Read::Share(|case| value(case.measures.rate($figure))),
        )
    };
}

/// Every figure, in the order of a list for reading.
pub static MEASURES: &[Measure] = &[
    // rates and benchmarks
    named(
        "execution_rate",
        "执行率",
        "F1/F2",
        Read::Share(|case| value(case.measures.execution())),
    ),
    rate!("life_execution_rate", "批复预算执行率", "F1"),
    rate!("year_execution_rate", "年度执行率", "F2"),
    rate!("use_rate", "到位资金支出率", "F3"),
    rate!("arrival_rate", "资金到位率", "F4"),
    rate!("on_time_arrival_rate", "到位及时率", "F4t"),
    rate!("disbursement_rate", "拨付率", "F5"),
    rate!("issue_rate", "下达率", "F5i"),
    rate!("self_raised_rate", "自筹到位率", "F17"),
    rate!("self_raised_share", "自筹支出占比", "F17s"),
    rate!("december_share", "年末集中度", "F18"),
    rate!("adjustment_rate", "预算调整率", "F19"),
    rate!("pre_start_share", "立项前支出占比", "F20"),
    named(
        "benchmark",
        "序时进度",
        "F6",
        Read::Share(|case| {
            case.measures
                .benchmark
                .as_ref()
                .map(|benchmark| benchmark.share.clone())
        }),
    ),
    named(
        "weighted_benchmark",
        "加权序时进度",
        "F6w",
        Read::Share(|case| case.measures.weighted_benchmark.clone()),
    ),
    named(
        "deviation",
        "进度偏差",
        "F7",
        Read::Share(|case| {
            value(case.measures.execution())?;
            case.measures.deviation()
        }),
    ),
    named(
        "weighted_deviation",
        "加权进度偏差",
        "F7",
        Read::Share(|case| {
            value(case.measures.execution())?;
            case.measures.weighted_deviation()
        }),
    ),
    named(
        "composition_variance",
        "科目偏离度",
        "F8",
        Read::Share(|case| case.measures.composition_variance()),
    ),
    named(
        "forecast_low",
        "年末预测下限",
        "F11",
        Read::Share(|case| Some(case.measures.forecast.as_ref()?.range()?.0)),
    ),
    named(
        "forecast_high",
        "年末预测上限",
        "F11",
        Read::Share(|case| Some(case.measures.forecast.as_ref()?.range()?.1)),
    ),
    named(
        "catch_up",
        "追赶倍数",
        "F12",
        Read::Number(|case| case.measures.catch_up()),
    ),
    named(
        "last_week_multiple",
        "末周支出倍数",
        "F18",
        Read::Number(|case| case.measures.last_week_multiple()),
    ),
    // amounts
    amount!("年初预算", opening_budget),
    amount!("全年预算", adjusted_budget),
    amount!("批复预算", life_budget),
    amount!("预算调整额", budget_changes),
    amount!("下达指标", issued),
    amount!("累计拨付", disbursed),
    amount!("本年拨付", disbursed_year),
    amount!("累计到位", arrived),
    amount!("财政到位", arrived_fiscal),
    amount!("应到位", arrival_due),
    amount!("计划自筹", planned_self_raised),
    amount!("自筹到位", self_raised_arrived),
    amount!("自筹配套到位", matching_arrived),
    amount!("累计支出", spent),
    amount!("本年支出", spent_year),
    amount!("财政支出", spent_fiscal),
    amount!("自筹支出", spent_self_raised),
    amount!("近90天支出", spent_last_90_days),
    amount!("近7天支出", spent_last_7_days),
    amount!("十二月支出", spent_december),
    amount!("启动前支出", spent_pre_start),
    amount!("主动退回", returned),
    amount!("收回资金", recovered),
    amount!("合同占用", committed_open),
    amount!("上年结转", carried_in),
    named(
        "balance",
        "在户余额",
        "U",
        Read::Money(|case| case.measures.amounts.idle()),
    ),
    named(
        "unspent_year",
        "全年未支出",
        "F9",
        Read::Money(|case| case.measures.amounts.unspent_year()),
    ),
    named(
        "category_spent",
        "科目支出",
        "",
        Read::MoneyOf(|case, category| of_category(case, category, |line| line.spent)),
    ),
    named(
        "category_budget",
        "科目预算",
        "",
        Read::MoneyOf(|case, category| of_category(case, category, |line| line.budget)),
    ),
    // days and dates
    named(
        "idle_days",
        "闲置天数",
        "F10",
        Read::Days(|case| Some(case.measures.idle_days().unwrap_or_default())),
    ),
    named(
        "days_since_approval",
        "立项天数",
        "",
        Read::Days(|case| since(case, approved_on(case))),
    ),
    named(
        "days_since_start",
        "启动天数",
        "",
        Read::Days(|case| since(case, started_on(case))),
    ),
    named(
        "days_since_arrival",
        "到位天数",
        "",
        Read::Days(|case| since(case, first_arrival_on(case))),
    ),
    named(
        "days_since_last_spending",
        "距上次支出天数",
        "",
        Read::Days(|case| since(case, last_spending_on(case))),
    ),
    named(
        "days_to_end",
        "距到期天数",
        "",
        Read::Days(|case| Some((case.project.end_on(case.as_of)? - case.as_of).num_days())),
    ),
    named("as_of", "截止日期", "", Read::Date(|case| Some(case.as_of))),
    named("approved_on", "立项日期", "", Read::Date(approved_on)),
    named("started_on", "启动日期", "", Read::Date(started_on)),
    named(
        "end_on",
        "到期日期",
        "",
        Read::Date(|case| case.project.end_on(case.as_of)),
    ),
    named(
        "first_arrival_on",
        "首次到位日期",
        "",
        Read::Date(first_arrival_on),
    ),
    named(
        "last_spending_on",
        "末次支出日期",
        "",
        Read::Date(last_spending_on),
    ),
    // counts
    named(
        "adjustment_count",
        "预算调整次数",
        "F19",
        Read::Number(|case| count(case.measures.changes.len())),
    ),
    named(
        "tranche_count",
        "到位批次数",
        "",
        Read::Number(|case| count(case.measures.tranches.len())),
    ),
    named(
        "report_count",
        "进度报告数",
        "",
        Read::Number(|case| {
            let reports = case.project.progress.iter();
            count(reports.filter(|report| report.on <= case.as_of).count())
        }),
    ),
    // what the project is
    named(
        "title",
        "项目名称",
        "",
        Read::Text(|case| Some(case.project.title().to_owned())),
    ),
    named(
        "unit",
        "承担单位",
        "",
        Read::Text(|case| case.project.unit().map(ToString::to_string)),
    ),
    named(
        "programme",
        "计划类别",
        "",
        Read::Text(|case| case.approval()?.programme.clone()),
    ),
    named(
        "project_kind",
        "项目类型",
        "",
        Read::Text(|case| Some(kind_zh(case.approval()?.kind).to_owned())),
    ),
    named(
        "is_lump_sum",
        "包干制",
        "",
        Read::Truth(|case| case.approval().is_some_and(|approval| approval.lump_sum)),
    ),
];

/// The exact value of a rate whose denominator is known.
fn value(rate: Option<&Rate>) -> Option<Ratio> {
    let complete = rate.filter(|rate| !rate.is_denominator_incomplete);
    complete.and_then(Rate::ratio)
}

fn of_category(
    case: &Case<'_>,
    category: &str,
    amount: impl Fn(&karez_projections::measures::LineMeasures) -> Decimal,
) -> Decimal {
    let lines = case.measures.lines.iter();
    let meant = lines.filter(|line| {
        let of = line.category.as_ref();
        of.is_some_and(|of| of.as_str().contains(category))
    });
    sum(meant.map(amount))
}

fn since(case: &Case<'_>, day: Option<NaiveDate>) -> Option<i64> {
    day.map(|day| (case.as_of - day).num_days())
}

fn approved_on(case: &Case<'_>) -> Option<NaiveDate> {
    case.project
        .first_on(case.as_of, |step| step == LifeStep::Approved)
}

fn started_on(case: &Case<'_>) -> Option<NaiveDate> {
    case.project
        .first_on(case.as_of, |step| step == LifeStep::Started)
}

fn first_arrival_on(case: &Case<'_>) -> Option<NaiveDate> {
    let arrived = case.entries().filter(|entry| entry.kind == EntryKind::Arrived);
    arrived.map(|entry| entry.on).min()
}

fn last_spending_on(case: &Case<'_>) -> Option<NaiveDate> {
    let spent = case.entries().filter(|entry| entry.kind == EntryKind::Spent);
    spent.map(|entry| entry.on).max()
}

fn count(number: usize) -> Option<Ratio> {
    i64::try_from(number).ok().map(Ratio::whole)
}

fn kind_zh(kind: ProjectKind) -> &'static str {
    match kind {
        ProjectKind::Research => "前资助",
        ProjectKind::Reimbursement => "后补助",
        ProjectKind::Award => "奖励",
        ProjectKind::Activity => "工作经费",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::expression::{Expression, Slots};

    #[test]
    fn every_name_is_one_figure_and_can_be_written_in_a_condition() {
        let all: BTreeSet<&str> = names().collect();
        assert_eq!(all.len(), MEASURES.len() * 2);
        for measure in MEASURES {
            for name in [measure.name, measure.zh] {
                let text = if matches!(measure.read, Read::MoneyOf(_)) {
                    format!("已知({name}('差旅费'))且非known({name}（“x”）)")
                } else {
                    format!("已知({name})且known({name})")
                };
                let slots = &mut Slots::default();
                assert!(Expression::condition(&text, slots).is_ok(), "{text}");
                assert_eq!(slots.measures().next(), Some(measure));
            }
        }
    }
}

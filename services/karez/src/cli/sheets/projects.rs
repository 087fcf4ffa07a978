//! 支出进度表 and one project in full.

use karez_events::Currency;
use rust_decimal::Decimal;

use super::stand_line;
use crate::cli::sheet::{Cell, Look, Sheet, column};
use crate::cli::words;
use crate::language::Language;
use crate::print;
use crate::views::figures::{ProjectFigures, RateView};
use crate::views::project::{CurrencyDetail, ProjectDetail};
use crate::views::projects::{ProjectList, RowFigures};

pub(in crate::cli) fn projects(view: &ProjectList, look: Look) -> Vec<Sheet> {
    let mut sheet = Sheet::new(
        look.language.pick("支出进度表", "Progress of spending"),
        &[
            column("id", "项目编号", "Project"),
            column("title", "项目名称", "Title"),
            column("unit", "承担单位", "Unit"),
            column("state", "状态", "State"),
            column("currency", "币种", "Currency"),
            column("budget", "预算", "Budget"),
            column("disbursed", "累计拨付", "Paid over (to date)"),
            column("arrived", "累计到位", "Arrived (to date)"),
            column("spent", "累计支出", "Spent (to date)"),
            column(
                "execution_percent",
                "执行率（单位口径）",
                "Execution % (unit level)",
            ),
            column(
                "spent_rate_percent",
                "到位支出率（单位口径）",
                "Spent of arrived % (unit level)",
            ),
            column("benchmark_percent", "序时进度", "Benchmark %"),
            column("deviation_pp", "偏差（百分点）", "Deviation (pp)"),
            column("balance", "余额（累计）", "Balance (to date)"),
            column("idle_days", "闲置天数", "Idle days"),
        ],
    );
    let mut currencies = view
        .items
        .iter()
        .flat_map(|row| &row.currencies)
        .map(|row| row.figures.currency);
    sheet.currency = currencies
        .next()
        .filter(|first| currencies.all(|currency| currency == *first));
    for row in &view.items {
        let unit = row
            .unit_name
            .as_deref()
            .or(row.unit.as_ref().map(karez_events::UnitId::as_str));
        for RowFigures { figures, .. } in &row.currencies {
            let names = [
                Cell::text(row.id.as_str()),
                Cell::text(&row.title),
                Cell::optional(unit),
                Cell::text(words::state(row.state, look.language)),
            ];
            sheet.rows.push([names.to_vec(), progress(figures)].concat());
        }
    }
    let of = print::count(view.total);
    sheet.notes.push(match look.language {
        Language::Zh => format!("共 {of} 个项目"),
        Language::En => format!("{of} projects"),
    });
    let rows = view.items.iter().flat_map(|row| &row.currencies);
    let figures = rows.map(|row| &row.figures);
    sheet.notes.extend(fractions(
        figures.clone().filter_map(ProjectFigures::execution),
        look,
    ));
    sheet
        .notes
        .extend(fractions(figures.filter_map(|figures| figures.rate("F3")), look));
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

fn progress(figures: &ProjectFigures) -> Vec<Cell> {
    let of = &figures.amounts.0;
    let percent = |rate: Option<&RateView>| Cell::Percent(rate.and_then(|rate| rate.rate_percent.0));
    let idle = figures
        .idle
        .as_ref()
        .and_then(|idle| u64::try_from(idle.days).ok());
    vec![
        Cell::text(figures.currency.as_str()),
        Cell::Amount(figures.budget()),
        Cell::Amount(of.disbursed),
        Cell::Amount(of.arrived),
        Cell::Amount(of.spent),
        percent(figures.execution()),
        percent(figures.rate("F3")),
        Cell::Percent(
            figures
                .benchmark
                .as_ref()
                .and_then(|benchmark| benchmark.percent.0),
        ),
        figures.deviation_pp.0.map_or(Cell::Blank, Cell::Points),
        Cell::Amount(of.idle()),
        idle.map_or(Cell::Blank, Cell::Count),
    ]
}

pub(in crate::cli) fn project(view: &ProjectDetail, look: Look) -> Vec<Sheet> {
    let pick = |zh, en| look.language.pick(zh, en);
    let mut facts = Sheet::new(
        &format!("{}  {}", view.id, view.title),
        &[column("field", "要素", "Field"), column("value", "内容", "Value")],
    );
    let approval = view.approval.as_ref();
    let unit = view
        .unit_name
        .as_deref()
        .or(approval.map(|approval| approval.unit.as_str()));
    let fields = [
        (
            pick("状态", "State"),
            Cell::text(words::state(view.state, look.language)),
        ),
        (pick("承担单位", "Unit"), Cell::optional(unit)),
        (
            pick("负责人", "Principal"),
            Cell::optional(approval.and_then(|approval| approval.principal.as_deref())),
        ),
        (
            pick("专项资金", "Fund"),
            Cell::optional(
                approval
                    .and_then(|approval| approval.fund.as_ref())
                    .map(karez_events::FundId::as_str),
            ),
        ),
        (
            pick("计划类别", "Programme"),
            Cell::optional(approval.and_then(|approval| approval.programme.as_deref())),
        ),
        (
            pick("可列支起始日", "Costs count from"),
            Cell::Date(view.eligible_from_on),
        ),
        (pick("启动日", "Started"), Cell::Date(view.started_on)),
        (pick("到期日", "Ends"), Cell::Date(view.end_on)),
        (pick("结题日", "Closed"), Cell::Date(view.closed_on)),
        (pick("记录条数", "Events"), Cell::Count(view.events)),
    ];
    facts.rows = fields
        .into_iter()
        .map(|(field, value)| vec![Cell::text(field), value])
        .collect();
    facts.notes.push(stand_line(&view.stand, look));
    let mut sheets = vec![facts];
    for detail in &view.currencies {
        sheets.push(rate_table(&detail.figures.rates, detail.figures.currency, look));
        sheets.push(line_table(detail, look));
        sheets.push(tranche_table(detail, look));
    }
    if !view.warnings.is_empty() {
        sheets.push(warning_table(view, look));
    }
    sheets
}

/// The lines below a table that say of which amounts its rates are, and why some are not shown.
pub(super) fn fractions<'a>(rates: impl Iterator<Item = &'a RateView>, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for rate in rates {
        let name = words::figure(rate.figure, look.language);
        let level = words::rate_level(rate.level, look.language);
        let fraction = words::fraction(rate, look.language);
        let line = match look.language {
            Language::Zh => format!("{name}（{level}）＝ {fraction}"),
            Language::En => format!("{name} ({level}) = {fraction}"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
        if let Some(reason) = undefined(rate, look.language) {
            let line = match look.language {
                Language::Zh => format!("{name}为“{}”：{reason}", print::UNDEFINED),
                Language::En => format!("{name} is \"{}\" where {reason}", print::UNDEFINED),
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// Why a rate is not shown.
fn undefined(rate: &RateView, language: Language) -> Option<String> {
    if rate.rate_percent.0.is_some() {
        return None;
    }
    let denominator = words::quantity(rate.denominator_name, language);
    Some(match language {
        Language::Zh => format!("{denominator}为零"),
        Language::En => format!("{denominator} is zero"),
    })
}

/// Every rate with its level, numerator and denominator.
pub(super) fn rate_table(rates: &[RateView], currency: Currency, look: Look) -> Sheet {
    let mut sheet = Sheet::new(
        look.language.pick("比率", "Rates"),
        &[
            column("figure", "指标", "Figure"),
            column("name", "名称", "Name"),
            column("level", "口径", "Level"),
            column("fraction", "分子 ÷ 分母", "Numerator ÷ denominator"),
            column("numerator", "分子", "Numerator"),
            column("denominator", "分母", "Denominator"),
            column("rate_percent", "比率", "Rate"),
            column("remark", "备注", "Remark"),
        ],
    );
    sheet.currency = Some(currency);
    sheet.rows = rates
        .iter()
        .map(|rate| {
            vec![
                Cell::text(rate.figure),
                Cell::text(words::figure(rate.figure, look.language)),
                Cell::text(words::rate_level(rate.level, look.language)),
                Cell::text(words::fraction(rate, look.language)),
                Cell::Amount(rate.numerator.0),
                Cell::Amount(rate.denominator.0),
                Cell::Percent(rate.rate_percent.0),
                Cell::text(remark(rate, look)),
            ]
        })
        .collect();
    sheet
}

fn remark(rate: &RateView, look: Look) -> String {
    if rate.rate_percent.0.is_none() {
        return look
            .language
            .pick("分母为零", "the denominator is zero")
            .to_owned();
    }
    if rate.is_denominator_incomplete {
        return look
            .language
            .pick("分母不完整", "denominator incomplete")
            .to_owned();
    }
    if rate.residue.0 == Decimal::ZERO {
        return String::new();
    }
    let residue = print::with_separators(&print::exact(rate.residue.0));
    match look.language {
        Language::Zh => format!("余 {residue} 元"),
        Language::En => format!("{residue} left"),
    }
}

fn line_table(detail: &CurrencyDetail, look: Look) -> Sheet {
    let mut sheet = Sheet::new(
        match detail.figures.basis {
            "life" => look.language.pick("科目（全周期）", "Budget lines (whole life)"),
            _ => look.language.pick("科目（当年）", "Budget lines (this year)"),
        },
        &[
            column("source", "资金来源", "Source"),
            column("category", "科目", "Category"),
            column("budget", "预算", "Budget"),
            column("spent", "支出", "Spent"),
            column("committed", "占用", "Committed"),
            column("rate_percent", "科目执行率", "Execution % of the line"),
        ],
    );
    sheet.currency = Some(detail.figures.currency);
    sheet.rows = detail
        .lines
        .iter()
        .map(|line| {
            vec![
                Cell::text(words::source(line.source, look.language)),
                Cell::optional(line.category.as_ref().map(karez_events::CategoryId::as_str)),
                Cell::Amount(line.budget.0),
                Cell::Amount(line.spent.0),
                Cell::Amount(line.committed.0),
                Cell::Percent(line.rate.rate_percent.0),
            ]
        })
        .collect();
    sheet
        .notes
        .extend(fractions(detail.lines.iter().map(|line| &line.rate), look));
    sheet
}

fn tranche_table(detail: &CurrencyDetail, look: Look) -> Sheet {
    let mut sheet = Sheet::new(
        look.language.pick("批次", "Tranches"),
        &[
            column("tranche_no", "批次", "Tranche"),
            column("arrived_on", "到位日", "Arrived"),
            column("amount", "到位", "Amount"),
            column("spent", "支出", "Spent"),
            column("balance", "余额", "Balance"),
            column("days", "天数", "Days"),
            column("two_year_deadline", "两年期限", "Two-year deadline"),
        ],
    );
    sheet.currency = Some(detail.figures.currency);
    sheet.rows = detail
        .tranches
        .iter()
        .map(|tranche| {
            vec![
                Cell::optional(tranche.tranche_no.as_deref()),
                Cell::Date(Some(tranche.arrived_on)),
                Cell::Amount(tranche.amount.0),
                Cell::Amount(tranche.spent.0),
                Cell::Amount(tranche.balance.0),
                u64::try_from(tranche.days).map_or(Cell::Blank, Cell::Count),
                Cell::Date(tranche.two_year_deadline),
            ]
        })
        .collect();
    sheet
}

fn warning_table(view: &ProjectDetail, look: Look) -> Sheet {
    let mut sheet = Sheet::new(
        look.language.pick("预警", "Warnings"),
        &[
            column("id", "编号", "Id"),
            column("level", "级别", "Level"),
            column("raised_on", "触发日", "Raised"),
            column("is_open", "状态", "State"),
            column("sentence", "内容", "What"),
        ],
    );
    sheet.rows = view
        .warnings
        .iter()
        .map(|warning| {
            let state = if warning.is_open {
                ("未解除", "open")
            } else {
                ("已解除", "closed")
            };
            vec![
                Cell::text(warning.id.as_str()),
                Cell::text(words::level(warning.level, look.language)),
                Cell::Date(Some(warning.raised_on)),
                Cell::text(look.language.pick(state.0, state.1)),
                Cell::text(look.language.pick(&warning.sentence_zh, &warning.sentence_en)),
            ]
        })
        .collect();
    sheet
}

//! Overview, funds and units: sums per currency, with both levels of execution side by side.

use chrono::Datelike;
use karez_events::Currency;
use rust_decimal::Decimal;

use super::stand_line;
use crate::cli::sheet::{Cell, Column, Look, Sheet, column};
use crate::cli::words;
use crate::language::Language;
use crate::views::Stand;
use crate::views::figures::{RateView, SumView};
use crate::views::funds::{FundDetail, FundList, FundView};
use crate::views::overview::OverviewView;
use crate::views::units::{UnitDetail, UnitList, UnitView};

/// The figures of every sum, in the order of the columns.
const FIGURES: [Column; 13] = [
    column("currency", "币种", "Currency"),
    column("projects", "项目数", "Projects"),
    column("appropriation", "资金全年预算", "Fund's budget of the year"),
    column("budget", "项目全年预算", "Projects' budget of the year"),
    column("issued_of_year", "当年下达", "Issued this year"),
    column("disbursed_of_year", "当年拨付", "Paid over this year"),
    column(
        "disbursed_rate_percent",
        "预算拨付率（财政口径）",
        "Paid over of the budget % (fund level)",
    ),
    column("arrived", "累计到位", "Arrived (to date)"),
    column("spent", "累计支出", "Spent (to date)"),
    column(
        "spent_rate_percent",
        "到位资金支出率（单位口径）",
        "Spent of arrived % (unit level)",
    ),
    column(
        "execution_percent",
        "汇总执行率（单位口径）",
        "Execution of all together % (unit level)",
    ),
    column("benchmark_percent", "序时进度", "Benchmark %"),
    column("balance", "余额（累计）", "Balance (to date)"),
];

pub(in crate::cli) fn overview(view: &OverviewView, look: Look) -> Vec<Sheet> {
    let pick = |zh, en| look.language.pick(zh, en);
    let mut sums = Sheet::new(pick("总览", "Overview"), &FIGURES);
    sums.currency = one_currency(view.currencies.iter());
    sums.rows = view.currencies.iter().map(figures).collect();
    sums.notes = notes(view.currencies.iter(), &view.stand, look);
    let counts = [
        (pick("专项资金", "Funds"), view.funds),
        (pick("承担单位", "Units"), view.units),
        (pick("立项项目", "Approved projects"), view.projects),
        (pick("仅申报", "Applications only"), view.applications),
        (pick("未解除预警", "Open warnings"), view.open_warnings),
    ];
    let mut numbers = Sheet::new(
        "",
        &[column("what", "类别", "What"), column("count", "数量", "Count")],
    );
    let states = view
        .states
        .iter()
        .map(|count| (words::state(count.state, look.language), count.projects));
    numbers.rows = counts
        .into_iter()
        .chain(states)
        .map(|(what, count)| vec![Cell::text(what), counted(count)])
        .collect();
    let mut sheets = vec![sums, numbers];
    sheets.extend(view.currencies.iter().map(|sum| rates(sum, look)));
    sheets
}

pub(in crate::cli) fn funds(view: &FundList, look: Look) -> Vec<Sheet> {
    let mut sheet = fund_table(view.items.iter(), look);
    let sums = view.items.iter().flat_map(|fund| &fund.currencies);
    sheet.notes = notes(sums, &view.stand, look);
    vec![sheet]
}

pub(in crate::cli) fn fund(view: &FundDetail, look: Look) -> Vec<Sheet> {
    let funds = std::iter::once(&view.fund).chain(&view.parts);
    let mut sheet = fund_table(funds.clone(), look);
    sheet.notes.extend(view.fund.note.clone());
    let sums = funds.flat_map(|fund| &fund.currencies);
    sheet.notes.extend(notes(sums, &view.stand, look));
    let mut sheets = vec![sheet];
    sheets.extend(view.fund.currencies.iter().map(|sum| rates(sum, look)));
    sheets
}

fn fund_table<'a>(funds: impl Iterator<Item = &'a FundView> + Clone, look: Look) -> Sheet {
    let names = [
        column("id", "编号", "Id"),
        column("name", "专项资金", "Fund"),
        column("department", "主管部门", "Department"),
    ];
    let mut sheet = Sheet::new(
        look.language.pick("专项资金", "Funds"),
        &[&names[..], &FIGURES[..]].concat(),
    );
    sheet.currency = one_currency(funds.clone().flat_map(|fund| &fund.currencies));
    for fund in funds {
        let names = [
            Cell::text(fund.id.as_str()),
            Cell::text(&fund.name),
            Cell::optional(fund.department.as_deref()),
        ];
        sheet.rows.extend(
            fund.currencies
                .iter()
                .map(|sum| [names.to_vec(), figures(sum)].concat()),
        );
    }
    sheet
}

pub(in crate::cli) fn units(view: &UnitList, look: Look) -> Vec<Sheet> {
    let mut sheet = unit_table(view.items.iter(), look);
    let sums = view.items.iter().flat_map(|unit| &unit.currencies);
    sheet.notes = notes(sums, &view.stand, look);
    vec![sheet]
}

pub(in crate::cli) fn unit(view: &UnitDetail, look: Look) -> Vec<Sheet> {
    let mut sheet = unit_table(std::iter::once(&view.unit), look);
    sheet.notes = notes(view.unit.currencies.iter(), &view.stand, look);
    let mut list = Sheet::new("", &[column("project", "项目编号", "Project")]);
    list.rows = view
        .project_ids
        .iter()
        .map(|id| vec![Cell::text(id.as_str())])
        .collect();
    vec![sheet, list]
}

fn unit_table<'a>(units: impl Iterator<Item = &'a UnitView> + Clone, look: Look) -> Sheet {
    let names = [
        column("id", "统一社会信用代码", "Code"),
        column("name", "承担单位", "Unit"),
    ];
    let mut sheet = Sheet::new(
        look.language.pick("承担单位", "Units"),
        &[&names[..], &FIGURES[..]].concat(),
    );
    sheet.currency = one_currency(units.clone().flat_map(|unit| &unit.currencies));
    for unit in units {
        let names = [Cell::text(unit.id.as_str()), Cell::optional(unit.name.as_deref())];
        sheet.rows.extend(
            unit.currencies
                .iter()
                .map(|sum| [names.to_vec(), figures(sum)].concat()),
        );
    }
    sheet
}

/// The lines below a table of sums: of which amounts its rates are, of which year, and where it stands.
fn notes<'a>(sums: impl Iterator<Item = &'a SumView> + Clone, stand: &Stand, look: Look) -> Vec<String> {
    let shown = ["F5", "F3", "F21"];
    let rates = shown.iter().flat_map(move |figure| {
        let of_figure = sums.clone().filter_map(|sum| sum.rate(figure));
        of_figure.collect::<Vec<_>>()
    });
    let mut notes = super::projects::fractions(rates, look);
    let year = stand.as_of.year();
    notes.push(match look.language {
        Language::Zh => format!("“当年”“全年”指 {year} 年；“累计”指截至该日的全部"),
        Language::En => format!("the year is {year}; \"to date\" is from the first fact to the date"),
    });
    notes.push(stand_line(stand, look));
    notes
}

/// Every rate of a sum with its level, numerator and denominator.
fn rates(sum: &SumView, look: Look) -> Sheet {
    super::projects::rate_table(&sum.rates, sum.currency, look)
}

fn figures(sum: &SumView) -> Vec<Cell> {
    let of = &sum.amounts.0;
    let percent =
        |figure: &str| Cell::Percent(sum.rate(figure).and_then(|rate: &RateView| rate.rate_percent.0));
    let benchmark: Option<Decimal> = sum.benchmark.as_ref().and_then(|benchmark| benchmark.percent.0);
    vec![
        Cell::text(sum.currency.as_str()),
        counted(sum.projects),
        Cell::Amount(of.appropriation),
        Cell::Amount(of.adjusted_budget),
        Cell::Amount(of.issued_year),
        Cell::Amount(of.disbursed_year),
        percent("F5"),
        Cell::Amount(of.arrived),
        Cell::Amount(of.spent),
        percent("F3"),
        percent("F21"),
        Cell::Percent(benchmark),
        Cell::Amount(of.idle()),
    ]
}

/// The one currency of a table, where it has only one.
fn one_currency<'a>(mut sums: impl Iterator<Item = &'a SumView>) -> Option<Currency> {
    let first = sums.next()?.currency;
    sums.all(|sum| sum.currency == first).then_some(first)
}

fn counted(number: usize) -> Cell {
    Cell::Count(u64::try_from(number).unwrap_or(u64::MAX))
}

//! Totals, in the columns in which others add them up from the published files.

use karez_events::Currency;

use super::stand_line;
use crate::cli::sheet::{Cell, Look, Sheet, column};
use crate::views::totals::{TotalsList, TotalsView};

pub(in crate::cli) fn totals(view: &TotalsList, look: Look) -> Vec<Sheet> {
    let mut sheet = Sheet::new(
        look.language.pick("合计核对表", "Totals"),
        &[
            column("activity_index", "序号", "Index"),
            column("iati_identifier", "发布方编号", "Identifier"),
            column("currency", "币种", "Currency"),
            column("budget_original", "原预算", "Original budget"),
            column("budget_revised", "修订预算", "Revised budget"),
            column("budget_effective", "有效预算", "Effective budget"),
            column("incoming", "到位", "Incoming"),
            column("commitment", "承诺", "Commitment"),
            column("disbursement", "拨付", "Disbursement"),
            column("expenditure", "支出", "Expenditure"),
            column("first_spend", "首次支出", "First spend"),
            column("last_spend", "末次支出", "Last spend"),
            column("n_prestart", "启动前", "Before start"),
            column("n_postend", "结束后", "After end"),
            column("n_negative_spend", "负数", "Negative"),
        ],
    );
    let mut currencies = view.items.iter().filter_map(|row| row.currency);
    sheet.currency = currencies
        .next()
        .filter(|first| currencies.all(|currency| currency == *first));
    sheet.rows = view.items.iter().map(row).collect();
    sheet.notes.push(
        look.language
            .pick(
                "各列为全部已入账事实的累计数，与发布文件核对用，不受截止日影响",
                "every column counts all recorded facts whatever their date, for comparison with the published files",
            )
            .to_owned(),
    );
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

fn row(row: &TotalsView) -> Vec<Cell> {
    vec![
        row.activity_index
            .map_or(Cell::Blank, |index| Cell::Count(index.into())),
        Cell::text(&row.iati_identifier),
        Cell::optional(row.currency.as_ref().map(Currency::as_str)),
        Cell::Amount(row.budget_original.0),
        Cell::Amount(row.budget_revised.0),
        Cell::Amount(row.budget_effective.0),
        Cell::Amount(row.incoming.0),
        Cell::Amount(row.commitment.0),
        Cell::Amount(row.disbursement.0),
        Cell::Amount(row.expenditure.0),
        Cell::Date(row.first_spend),
        Cell::Date(row.last_spend),
        Cell::Count(row.n_prestart),
        Cell::Count(row.n_postend),
        Cell::Count(row.n_negative_spend),
    ]
}

//! A table of figures before it is printed: for people with units and separators, for machines as exact CSV.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use comfy_table::{CellAlignment, Table, presets};
use karez_events::Currency;
use karez_projections::measures::MoneyUnit;
use rust_decimal::Decimal;

use crate::language::Language;
use crate::print;

/// How a sheet is shown to people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) language: Language,
    pub(crate) unit: MoneyUnit,
    pub(crate) time_zone: Tz,
}

/// One column: its name in CSV, and its heading in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    key: &'static str,
    zh: &'static str,
    en: &'static str,
}

/// A column by its CSV name and headings.
pub(crate) const fn column(key: &'static str, zh: &'static str, en: &'static str) -> Column {
    Column { key, zh, en }
}

/// One value. What it is decides how it looks.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// Words, or an identifier, which is a text even when it has only digits.
    Text(String),
    /// An amount in whole currency units.
    Amount(Decimal),
    /// A rate in percent, rounded; undefined where its denominator is zero.
    Percent(Option<Decimal>),
    /// A difference of two rates in percentage points, rounded.
    Points(Decimal),
    /// A number of things.
    Count(u64),
    /// A day.
    Date(Option<NaiveDate>),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A long text of which people see only the beginning.
    Shortened(String, usize),
    /// Nothing to show.
    Blank,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn optional(text: Option<&str>) -> Self {
        text.map_or(Self::Blank, Self::text)
    }

    fn shown(&self, look: Look) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Amount(amount) => print::amount(*amount, look.unit),
            Self::Percent(rate) => print::percent(*rate),
            Self::Points(points) => print::points(*points),
            Self::Count(number) => print::count(*number),
            Self::Date(on) => on.map(print::date).unwrap_or_default(),
            Self::Instant(at) => print::instant(*at, look.time_zone),
            Self::Shortened(text, letters) => text.chars().take(*letters).collect(),
            Self::Blank => String::new(),
        }
    }

    fn exact(&self) -> String {
        match self {
            Self::Text(text) | Self::Shortened(text, _) => harmless(text),
            Self::Amount(amount) => print::exact(*amount),
            Self::Percent(rate) => rate.map(|rate| rate.to_string()).unwrap_or_default(),
            Self::Points(points) => points.to_string(),
            Self::Count(number) => number.to_string(),
            Self::Date(on) => on.map(print::date).unwrap_or_default(),
            Self::Instant(at) => print::exact_instant(*at),
            Self::Blank => String::new(),
        }
    }

    fn is_figure(&self) -> bool {
        match self {
            Self::Amount(_) | Self::Percent(_) | Self::Points(_) | Self::Count(_) => true,
            Self::Text(_) | Self::Date(_) | Self::Instant(_) | Self::Shortened(..) | Self::Blank => false,
        }
    }
}

/// Letters that begin a formula, also in the wide form that spreadsheets in Chinese take for the same.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A text as a cell of CSV: plain, and with an apostrophe in front where a spreadsheet would take it for a formula.
pub(super) fn harmless(text: &str) -> String {
    let plain = print::plain(text);
    if plain.trim_start().starts_with(FORMULA) {
        format!("'{plain}")
    } else {
        plain
    }
}

/// A table of figures.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The one currency of its amounts, where they have one; otherwise a column names it.
    pub(crate) currency: Option<Currency>,
    /// Lines below the table.
    pub(crate) notes: Vec<String>,
}

impl Sheet {
    pub(crate) fn new(title: &str, columns: &[Column]) -> Self {
        let (title, columns) = (title.to_owned(), columns.to_vec());
        Self {
            title,
            columns,
            rows: Vec::new(),
            currency: None,
            notes: Vec::new(),
        }
    }

    /// The sheet for people: title, unit, table, notes.
    pub(crate) fn shown(&self, look: Look) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(
            self.columns
                .iter()
                .map(|column| look.language.pick(column.zh, column.en)),
        );
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| {
                let alignment = if cell.is_figure() {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                };
                comfy_table::Cell::new(print::plain(&cell.shown(look))).set_alignment(alignment)
            }));
        }
        let mut text = String::new();
        if !self.title.is_empty() {
            text.push_str(&print::plain(&self.title));
            text.push('\n');
        }
        if let Some(unit) = self.unit_line(look) {
            text.push_str(&unit);
            text.push('\n');
        }
        text.push_str(&table.trim_fmt());
        text.push('\n');
        for note in &self.notes {
            text.push_str(&print::plain(note));
            text.push('\n');
        }
        text
    }

    fn unit_line(&self, look: Look) -> Option<String> {
        let has_amounts = self
            .rows
            .iter()
            .flatten()
            .any(|cell| matches!(cell, Cell::Amount(_)));
        let unit = match (self.currency, look.unit) {
            (Some(currency), unit) => print::unit_caption(unit, look.language, currency),
            (None, MoneyUnit::Yuan) => look
                .language
                .pick("各币种原币", "units of each currency")
                .to_owned(),
            (None, MoneyUnit::Wan) => look
                .language
                .pick("各币种万", "10,000 of each currency")
                .to_owned(),
            (None, MoneyUnit::Yi) => look
                .language
                .pick("各币种亿", "100,000,000 of each currency")
                .to_owned(),
        };
        has_amounts.then(|| match look.language {
            Language::Zh => format!("金额单位：{unit}"),
            Language::En => format!("Amounts in {unit}"),
        })
    }

    /// The sheet for machines: exact amounts in whole currency units, ISO dates, headings that never change.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(self.columns.iter().map(|column| column.key))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::exact))?;
        }
        writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new(
            "支出进度表",
            &[
                column("id", "编号", "Id"),
                column("spent", "支出", "Spent"),
                column("rate", "支出率", "Rate"),
            ],
        );
        sheet.currency = Some(Currency::CNY);
        let amount = |text| Cell::Amount(karez_events::money::decimal_text::parse(text).unwrap());
        sheet.rows.push(vec![
            Cell::text("=1+1"),
            amount("-12345678.90"),
            Cell::Percent(None),
        ]);
        sheet.rows.push(vec![
            Cell::text("葡萄"),
            amount("0"),
            Cell::Percent(Some(Decimal::new(5902, 2))),
        ]);
        sheet
    }

    fn look(language: Language) -> Look {
        Look {
            language,
            unit: MoneyUnit::Wan,
            time_zone: chrono_tz::Asia::Shanghai,
        }
    }

    #[test]
    fn people_see_units_separators_and_dashes() {
        let shown = sheet().shown(look(Language::Zh));
        assert!(shown.contains("金额单位：万元"), "{shown}");
        assert!(shown.contains("-1,234.57"), "{shown}");
        assert!(shown.contains("— │"), "{shown}");
        let widths: Vec<usize> = shown
            .lines()
            .skip(2)
            .map(|line| {
                line.chars()
                    .map(|c| {
                        if c.is_ascii() || "│┌─┬┐└┘├┤┼╞═╪╡┆┴—".contains(c) {
                            1
                        } else {
                            2
                        }
                    })
                    .sum()
            })
            .collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{shown}");
    }

    #[test]
    fn a_title_a_note_or_a_cell_of_others_steers_no_terminal() {
        let hostile = "\u{1b}]0;owned\u{7}\u{202E}txt\u{2066}";
        let mut sheet = Sheet::new(hostile, &[column("id", "编号", "Id")]);
        sheet.rows.push(vec![Cell::text(hostile)]);
        sheet.rows.push(vec![Cell::Shortened(hostile.to_owned(), 12)]);
        sheet.notes.push(hostile.to_owned());
        let csv = String::from_utf8(sheet.csv().unwrap()).unwrap();
        for text in [sheet.shown(look(Language::Zh)), csv] {
            let steers = |letter: char| {
                (letter.is_control() && letter != '\n') || matches!(letter, '\u{202E}' | '\u{2066}')
            };
            assert!(!text.contains(steers), "{text:?}");
        }
    }

    #[test]
    fn a_text_is_no_formula_and_a_number_stays_a_number() {
        let names = ["text", "amount", "points"].map(|name| column(name, "", ""));
        let mut sheet = Sheet::new("", &names);
        for text in [
            "=cmd|'/C calc'!A0",
            "+1",
            "-1",
            "@SUM(1)",
            "\t=1",
            " =1",
            "＝1",
            "1-1",
        ] {
            sheet.rows.push(vec![
                Cell::text(text),
                Cell::Amount(Decimal::new(-125, 1)),
                Cell::Points(Decimal::new(-5, 0)),
            ]);
        }
        let csv = String::from_utf8(sheet.csv().unwrap()).unwrap();
        let firsts: Vec<&str> = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        assert_eq!(
            firsts,
            [
                "'=cmd|'/C calc'!A0",
                "'+1",
                "'-1",
                "'@SUM(1)",
                "' =1",
                "' =1",
                "'＝1",
                "1-1"
            ]
        );
        assert!(
            csv.lines().skip(1).all(|line| line.ends_with(",-12.5,-5")),
            "{csv}"
        );
    }

    #[test]
    fn machines_get_exact_values_and_no_formulas() {
        let csv = String::from_utf8(sheet().csv().unwrap()).unwrap();
        assert_eq!(csv, "id,spent,rate\n'=1+1,-12345678.9,\n葡萄,0,59.02\n");
    }
}

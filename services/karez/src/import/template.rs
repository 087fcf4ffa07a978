//! The official template for units without an ERP: a workbook to fill in, and the mappings that read it back.

use std::path::Path;
use std::sync::Arc;

use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};

use super::mapping::Mapping;
use super::table::Table;

/// Rows that are passed over when the workbook is read.
const SAMPLE: &str = "示例";

/// One sheet of the template.
#[derive(Debug, Clone, Copy)]
pub struct TemplateSheet {
    /// Its name.
    pub name: &'static str,
    /// Header and sample cell of each column.
    columns: &'static [(&'static str, &'static str)],
    mapping: &'static str,
}

/// The sheets of the template, in the order in which they are read: what the money is for comes first.
pub const SHEETS: [TemplateSheet; 3] = [
    TemplateSheet {
        name: "项目",
        columns: &[
            ("说明", SAMPLE),
            ("项目编号", "TLF-2024-001"),
            ("项目名称", "葡萄新品种选育"),
            ("统一社会信用代码", "091650400000000001"),
            ("承担单位", "某某公司"),
            ("专项资金", "TLF-KJ"),
            ("批复日期", "2024-01-15"),
            ("批复预算（元）", "300000.00"),
        ],
        mapping: include_str!("../../mappings/template-projects.toml"),
    },
    TemplateSheet {
        name: "到位",
        columns: &[
            ("说明", SAMPLE),
            ("项目编号", "TLF-2024-001"),
            ("到位日期", "2024-03-01"),
            ("到位金额（元）", "300000.00"),
            ("资金来源", "财政当年"),
            ("批次", "01"),
        ],
        mapping: include_str!("../../mappings/template-arrivals.toml"),
    },
    TemplateSheet {
        name: "支出",
        columns: &[
            ("说明", SAMPLE),
            ("项目编号", "TLF-2024-001"),
            ("业务日期", "2024-04-10"),
            ("金额（元）", "3000.00"),
            ("资金来源", "财政当年"),
            ("科目", "业务费"),
            ("凭证号", "0001"),
            ("行号", "1"),
            ("用途", "差旅费"),
            ("收款人", "张三"),
            ("所属期起", "2024-04-01"),
            ("所属期止", "2024-04-30"),
        ],
        mapping: include_str!("../../mappings/template-expenditures.toml"),
    },
];

const EXPLANATION: [&str; 6] = [
    "填报说明",
    "1. 各表第一行为表头，请勿修改；列的先后可以调整。",
    "2. 含“示例”的行不会导入。",
    "3. 编号、凭证号等均为文本，前导零会保留；金额单位为元，最多两位小数。",
    "4. 先填“项目”，再填“到位”和“支出”；已立项的项目不必再填“项目”表。",
    "5. 同一份文件重复导入不会重复入账。",
];

impl TemplateSheet {
    /// The mapping that reads this sheet.
    ///
    /// # Errors
    /// Never: the mappings are part of the program, and a test reads them.
    pub fn mapping(&self) -> Result<Mapping, String> {
        Mapping::parse(self.mapping)
    }

    /// The sheet as a CSV file, with the mark by which Excel knows UTF-8.
    ///
    /// # Errors
    /// Never: it is written into memory.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut rows = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        rows.write_record(self.columns.iter().map(|(title, _)| title))?;
        rows.write_record(self.columns.iter().map(|(_, sample)| sample))?;
        rows.into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// The mapping of the sheet that a CSV file was filled in from; `None` where it has the columns of no sheet.
#[must_use]
pub fn mapping_of_csv(path: &Path) -> Option<Mapping> {
    SHEETS
        .iter()
        .filter_map(|sheet| sheet.mapping().ok())
        .find(|mapping| {
            let table = Table::csv(path, mapping, Arc::default());
            table.is_ok_and(|table| mapping.needed().all(|column| table.header.has(column)))
        })
}

/// Writes the template.
///
/// # Errors
/// The workbook cannot be made.
pub fn workbook() -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let heading = Format::new()
        .set_bold()
        .set_align(FormatAlign::Center)
        .set_num_format("@");
    let text = Format::new().set_num_format("@");
    for sheet in SHEETS {
        let page = workbook.add_worksheet().set_name(sheet.name)?;
        page.set_freeze_panes(1, 0)?;
        for (column, (title, sample)) in (0_u16..).zip(sheet.columns) {
            page.set_column_width(column, 20)?;
            page.set_column_format(column, &text)?;
            page.write_string_with_format(0, column, *title, &heading)?;
            page.write_string_with_format(1, column, *sample, &text)?;
        }
    }
    let page = workbook.add_worksheet().set_name("说明")?;
    page.set_column_width(0, 90)?;
    for (row, line) in (0_u32..).zip(EXPLANATION) {
        page.write_string(row, 0, line)?;
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use karez_events::EventType;

    use super::*;
    use crate::import::rows::{StatedRow, state};

    /// What a sheet states, sample rows left out.
    fn stated(mut table: Table, mapping: &Mapping) -> Vec<StatedRow> {
        let rows: Vec<_> = table.by_ref().map(Result::unwrap).collect();
        rows.iter()
            .filter(|row| !mapping.skip.iter().any(|mark| row.holds(mark)))
            .map(|row| state(mapping, &table.header, row).unwrap())
            .collect()
    }

    #[test]
    fn what_is_filled_in_is_read_back_from_workbook_and_csv() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.xlsx");
        std::fs::write(&path, workbook().unwrap()).unwrap();
        for (sheet, kind) in SHEETS.iter().zip([
            EventType::BudgetApproved,
            EventType::FundsArrived,
            EventType::ExpenditureRecorded,
        ]) {
            let mapping = sheet.mapping().unwrap();
            assert_eq!(
                stated(
                    Table::xlsx(&path, &mapping, &AtomicU64::new(0)).unwrap(),
                    &mapping
                ),
                []
            );

            // The sample without its mark is a row filled in, with leading zeros and all.
            let file = folder.path().join("filled.csv");
            let blank = String::from_utf8(sheet.csv().unwrap()).unwrap();
            std::fs::write(&file, blank.replace(SAMPLE, "")).unwrap();
            assert_eq!(mapping_of_csv(&file).as_ref(), Some(&mapping));
            let rows = stated(Table::csv(&file, &mapping, Arc::default()).unwrap(), &mapping);
            let [row] = rows.as_slice() else {
                panic!("{rows:?}")
            };
            assert_eq!(row.project.to_string(), "TLF-2024-001");
            let kinds: Vec<EventType> = row.facts.iter().map(|(_, event)| event.event_type()).collect();
            assert_eq!(kinds, [kind]);
            assert!(row.facts.iter().all(|(on, _)| on.is_some()));
            // No cell of the sheet is lost on the way.
            let (approval, facts) = (format!("{:?}", row.approval), format!("{:?}", row.facts));
            for (title, sample) in sheet
                .columns
                .iter()
                .skip(2)
                .filter(|(title, _)| !title.contains("元"))
            {
                let is_kept = approval.contains(sample) || facts.contains(sample);
                let is_worded = ["资金来源", "行号"].contains(title);
                assert!(is_kept || is_worded, "{title}: {sample} in {approval} {facts}");
            }
        }
    }

    #[test]
    fn another_table_is_no_template() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.csv");
        std::fs::write(&path, "项目编号,别的\nP1,1\n").unwrap();
        assert_eq!(mapping_of_csv(&path), None);
    }
}

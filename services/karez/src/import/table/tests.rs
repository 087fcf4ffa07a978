use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;

fn mapping(more: &str) -> Mapping {
    Mapping::parse(&format!(
        "source = \"t\"\n{more}\n[project]\nid = [\"项目\"]\n[[fact]]\ntype = \"arrival\"\namount = \"金额\"\n"
    ))
    .unwrap()
}

fn csv(bytes: &[u8], mapping: &Mapping) -> Result<Table, TableError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    // An open file is read to its end even after its name is gone.
    Table::csv(file.path(), mapping, Arc::default())
}

fn cells(table: &mut Table) -> Vec<(u64, String, String)> {
    let rows: Vec<TableRow> = table.by_ref().map(Result::unwrap).collect();
    let read = |row: &TableRow, column: &str| table.header.cell(row, column).to_owned();
    rows.iter()
        .map(|row| (row.number, read(row, "项目"), read(row, "金额")))
        .collect()
}

fn stopped(bytes: &[u8], mapping: &Mapping) -> TableError {
    match csv(bytes, mapping) {
        Err(error) => error,
        Ok(mut table) => table.find_map(Result::err).unwrap(),
    }
}

fn row(number: u64, project: &str, amount: &str) -> (u64, String, String) {
    (number, project.to_owned(), amount.to_owned())
}

#[test]
fn the_encoding_is_found_even_where_the_first_telling_letter_comes_late() {
    let plain = mapping("[also_called]\n\"项目\" = [\"P\"]\n\"金额\" = [\"A\"]\n");
    let filler = "ascii,1\n".repeat(20_000);
    for (name, late) in [
        ("UTF-8", "葡萄".as_bytes().to_vec()),
        ("gb18030", encoding_rs::GB18030.encode("葡萄").0.into_owned()),
        ("windows-1252", b"Bogot\xe1".to_vec()),
    ] {
        let file = [b"P,A\n", filler.as_bytes(), &late, b",2\n"].concat();
        let mut table = csv(&file, &plain).unwrap();
        assert_eq!(table.encoding, Some(name));
        let last = cells(&mut table).pop().unwrap();
        assert!(["葡萄", "Bogotá"].contains(&last.1.as_str()), "{last:?}");
    }
    let named = mapping("encoding = \"utf-8\"");
    let broken = ["项目,金额\n".as_bytes(), b"\xff,1\n"].concat();
    assert!(matches!(
        stopped(&broken, &named),
        TableError::Bytes { row: 2, .. }
    ));
    assert!(matches!(stopped(b"\xff\xfeP\0,\0", &plain), TableError::Utf16));
}

#[test]
fn marks_gzip_quoted_lines_and_delimiters_are_read() {
    let mapping = mapping("");
    for delimiter in [",", ";", "\t"] {
        let text = "\u{feff} 金额 ,项目\n\"1\",\"甲\n乙\"\n\n2,丙\n".replace(',', delimiter);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        for file in [text.into_bytes(), packed.finish().unwrap()] {
            let mut table = csv(&file, &mapping).unwrap();
            assert_eq!(cells(&mut table), [row(2, "甲\n乙", "1"), row(5, "丙", "2")]);
        }
    }
}

#[test]
fn rows_are_numbered_as_an_editor_numbers_lines() {
    for end in ["\n", "\r\n"] {
        for last in ["", end] {
            let text = format!(
                "金额,项目\n\n1,P1\n\n\n2,\"P\n2\"\n3,\"P3\"{}",
                if last.is_empty() { "" } else { "\n" }
            );
            let mut table = csv(text.replace('\n', end).as_bytes(), &mapping("")).unwrap();
            let numbers: Vec<(u64, String, String)> = cells(&mut table);
            let second = format!("P{end}2");
            assert_eq!(
                numbers,
                [row(3, "P1", "1"), row(6, &second, "2"), row(8, "P3", "3")],
                "{text:?}"
            );
        }
    }
    let mut table = csv("金额,项目\r1,P1\r2,P2".as_bytes(), &mapping("")).unwrap();
    assert_eq!(cells(&mut table), [row(2, "P1", "1"), row(3, "P2", "2")]);
}

#[test]
fn a_header_is_found_below_titles_or_where_the_mapping_says() {
    let text = "支出表,,\n\n单位：元,,\n项目,金额,\nP1,1\n";
    for more in ["", "header_row = 4"] {
        let mut table = csv(text.as_bytes(), &mapping(more)).unwrap();
        assert_eq!(cells(&mut table), [row(5, "P1", "1")], "{more}");
    }
    assert!(matches!(
        stopped(text.as_bytes(), &mapping("header_row = 2")),
        TableError::NoHeader(2)
    ));
    assert!(matches!(stopped(b"", &mapping("")), TableError::NoHeader(1)));
    let twice = "项目,金额,金额\nP1,1,2\n".as_bytes();
    assert!(matches!(stopped(twice, &mapping("")), TableError::TwoColumns(name) if name == "金额"));
}

#[test]
fn a_missing_quotation_mark_does_not_swallow_a_large_file() {
    let text = format!("项目,金额\nP1,1\n\"P2,1\n{}", "P3,1\n".repeat(600_000));
    assert!(matches!(
        stopped(text.as_bytes(), &mapping("")),
        TableError::LongRow(3)
    ));
    let many = format!("项目,金额\n{}", "P3,1\n".repeat(600_000));
    assert_eq!(csv(many.as_bytes(), &mapping("")).unwrap().count(), 600_000);
}

fn workbook(write: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> tempfile::NamedTempFile {
    let mut book = rust_xlsxwriter::Workbook::new();
    write(book.add_worksheet());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), book.save_to_buffer().unwrap()).unwrap();
    file
}

#[test]
fn cells_of_a_workbook_keep_their_values() {
    let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2024, 12, 31).unwrap();
    let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    let file = workbook(|sheet| {
        for (column, name) in (0..).zip(["项目", "金额", "日期"]) {
            sheet.write_string(3, column, name).unwrap();
        }
        for (line, amount) in (4..).zip([99.995, 0.1, 40_800_000.0, -3.0, 123_456_789_012.34]) {
            sheet.write_string(line, 0, "007").unwrap();
            sheet.write_number(line, 1, amount).unwrap();
            sheet.write_datetime_with_format(line, 2, &day, &date).unwrap();
        }
    });
    let mut table = Table::xlsx(file.path(), &mapping(""), &AtomicU64::new(0)).unwrap();
    let rows: Vec<TableRow> = table.by_ref().map(Result::unwrap).collect();
    let of = |column: &str| -> Vec<&str> { rows.iter().map(|row| table.header.cell(row, column)).collect() };
    assert_eq!(of("金额"), ["99.995", "0.1", "40800000", "-3", "123456789012.34"]);
    assert!(
        of("项目").iter().all(|text| *text == "007") && of("日期").iter().all(|text| *text == "2024-12-31")
    );
    assert_eq!(rows[0].number, 5);
}

#[test]
fn merged_cells_of_a_header_count_for_each_column_they_cover() {
    let plain = rust_xlsxwriter::Format::new();
    let file = workbook(|sheet| {
        sheet.merge_range(0, 0, 1, 0, "项目", &plain).unwrap();
        sheet.merge_range(0, 1, 0, 2, "资金", &plain).unwrap();
        sheet.write_string(1, 1, "预算").unwrap();
        sheet.write_string(1, 2, "支出").unwrap();
        sheet.write_string(2, 0, "P1").unwrap();
        sheet.write_number(2, 1, 5).unwrap();
        sheet.write_number(2, 2, 3).unwrap();
    });
    let renamed = mapping("header_rows = 2\n[also_called]\n\"金额\" = [\"资金 / 支出\"]\n");
    let mut table = Table::xlsx(file.path(), &renamed, &AtomicU64::new(0)).unwrap();
    assert_eq!(
        table.header.names(),
        ["资金 / 预算", "金额", "项目"].map(String::from)
    );
    assert_eq!(cells(&mut table), [row(3, "P1", "3")]);
    // With one row only what is merged downwards is filled in.
    let mut table = Table::xlsx(
        file.path(),
        &mapping("header_row = 2\n[also_called]\n\"金额\" = [\"支出\"]\n"),
        &AtomicU64::new(0),
    )
    .unwrap();
    assert_eq!(cells(&mut table), [row(3, "P1", "3")]);
}

#[test]
fn what_is_no_workbook_or_no_csv_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for bytes in [
        &b"a,b\n1,2\n"[..],
        b"PK\x03\x04 no archive",
        b"PK\x05\x06\0\0",
        b"",
    ] {
        std::fs::write(file.path(), bytes).unwrap();
        assert!(matches!(
            Table::xlsx(file.path(), &mapping(""), &AtomicU64::new(0)),
            Err(TableError::Workbook(_))
        ));
    }
    let book = workbook(|_| {});
    let wrong = Table::csv(book.path(), &mapping(""), Arc::default());
    assert!(matches!(wrong, Err(TableError::IsZip)));
    let sheet = Table::xlsx(book.path(), &mapping("sheet = \"到位\""), &AtomicU64::new(0))
        .err()
        .unwrap();
    assert!(sheet.to_string().contains("Sheet1") && sheet.message_zh().contains("到位"));
    assert!(matches!(
        Table::xlsx(Path::new("/nowhere.xlsx"), &mapping(""), &AtomicU64::new(0)),
        Err(TableError::Workbook(_))
    ));
}

#[test]
fn a_cell_far_out_does_not_make_a_large_table() {
    let file = workbook(|page| {
        for (column, text) in (0..).zip(["项目", "金额"]) {
            page.write_string(2, column, text).unwrap();
        }
        page.write_string(3, 0, "P1").unwrap();
        page.write_number(3, 1, 99.995).unwrap();
        page.write_string(1_048_575, 16_383, "x").unwrap();
    });
    for mapping in [mapping(""), mapping("header_row = 3")] {
        let taken = AtomicU64::new(0);
        let mut table = Table::xlsx(file.path(), &mapping, &taken).unwrap();
        let row = table.next().unwrap().unwrap();
        assert_eq!((row.number, table.header.cell(&row, "金额")), (4, "99.995"));
        assert_eq!(taken.into_inner(), std::fs::metadata(file.path()).unwrap().len());
    }
    assert!(matches!(
        Table::xlsx(file.path(), &mapping("header_row = 2"), &AtomicU64::new(0)),
        Err(TableError::NoHeader(2))
    ));
}

#[test]
fn a_formula_that_failed_keeps_its_mark() {
    let mark = |error| sheet_rows::cell_text(&calamine::Data::Error(error));
    assert_eq!(mark(calamine::CellErrorType::Ref), "#REF!");
    assert_eq!(mark(calamine::CellErrorType::Div0), "#DIV/0!");
}

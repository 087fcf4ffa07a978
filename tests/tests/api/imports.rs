//! The official template, filled in and uploaded.

use std::io::Write;

use karez::authorization::Role;
use reqwest::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use reqwest::{RequestBuilder, StatusCode};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::office::{Office, bearer};
use crate::world::{On, read};

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
#[rustfmt::skip]
const HEADER: [&str; 12] = [
    "说明", "项目编号", "业务日期", "金额（元）", "资金来源", "科目", "凭证号", "行号", "用途", "收款人", "所属期起", "所属期止",
];

/// A workbook with the sheet 支出 and these vouchers: project, day, amount, voucher.
fn spending(vouchers: &[[&'static str; 4]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet().set_name("支出").unwrap();
    let row = |note, [project, day, amount, voucher]: [&'static str; 4], payee| {
        [
            note,
            project,
            day,
            amount,
            "财政当年",
            "labour",
            voucher,
            "1",
            "差旅费",
            payee,
            "",
            "",
        ]
    };
    let mut rows = vec![HEADER, row("示例", ["P1", "2024-04-10", "1.00", "0"], "张三")];
    rows.extend(vouchers.iter().map(|voucher| row("", *voucher, "阿依古丽")));
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            page.write_string(row, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

impl Office {
    fn upload(&self, key: &str, query: &str, workbook: Vec<u8>) -> RequestBuilder {
        self.request("POST", &format!("/v1/imports{query}"))
            .header(AUTHORIZATION, bearer(key))
            .header(CONTENT_TYPE, WORKBOOK)
            .body(workbook)
    }
}

/// Row, status, column and code of each result.
fn ends(answer: &Value) -> Vec<(u64, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = answer["results"].as_array();
    let results = results.unwrap_or_else(|| panic!("{answer}")).iter();
    results
        .map(|row| {
            assert_eq!(row["sheet"], "支出");
            let number = row["row"].as_u64().unwrap();
            (
                number,
                text(&row["status"]),
                text(&row["column"]),
                text(&row["code"]),
            )
        })
        .collect()
}

fn end(row: u64, status: &str, column: &str, code: &str) -> (u64, String, String, String) {
    (row, status.to_owned(), column.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_filled_in_template_lands_once_row_by_row_for_the_unit_that_sent_it() {
    for on in [On::Sqlite, On::Postgres, On::SqliteAndNats] {
        let mut office = Office::on(on).await;
        let key = office.key(Role::Unit);
        let workbook = spending(&[
            ["P1", "2024-05-06", "1234.50", "0117"],
            ["P1", "2024-05-06", "abc", "0118"],
            ["P2", "2024-05-06", "10.00", "0119"],
        ]);
        let refused = [
            end(4, "rejected", "金额（元）", "bad_amount"),
            end(5, "rejected", "项目编号", "not_found"),
        ];
        let (status, tried) = read(office.upload(&key, "?dry_run=true", workbook.clone())).await;
        assert_eq!(status, 200, "{tried}");
        assert_eq!(ends(&tried)[0], end(3, "accepted", "", ""));
        assert_eq!(ends(&tried)[1..], refused);
        let (_, history) = office.get_as(&key, "/v1/projects/P1/events").await;
        assert_eq!(
            history["items"].as_array().unwrap().len(),
            5,
            "a dry run records nothing"
        );

        let (_, done) = read(office.upload(&key, "", workbook.clone())).await;
        assert_eq!(ends(&done)[0], end(3, "recorded", "", ""));
        assert_eq!(ends(&done)[1..], refused);
        assert!(
            done["results"][1]["message_zh"]
                .as_str()
                .unwrap()
                .contains("金额"),
            "{done}"
        );
        assert!(done["results"][1]["rejection_id"].is_string(), "{done}");
        let (_, history) = office.get_as(&key, "/v1/projects/P1/events").await;
        let event = &history["items"][5];
        assert_eq!(event["metadata"]["actor"]["user"], "key:unit");
        assert_eq!(event["data"]["voucher_no"], "0117");

        let (_, again) = read(office.upload(&key, "", workbook.clone())).await;
        assert_eq!(ends(&again)[0], end(3, "duplicate", "", ""));
        assert_eq!(again["results"][0]["event_id"], event["event_id"]);

        // The command gives the rows the same ids; it is the office's, and takes the other unit's row too.
        office.world.server.stop().await.unwrap();
        let file = office.world.folder.path().join("支出.xlsx");
        std::fs::write(&file, &workbook).unwrap();
        let file = file.to_str().unwrap();
        let imported = office
            .world
            .command(&["import", "xlsx", file, "--format", "json"]);
        let reports: Value = serde_json::from_str(&imported.output).unwrap();
        let report = reports.as_array().unwrap().last().unwrap();
        assert_eq!(
            (&report["already_known"], &report["recorded"], &report["refused"]),
            (&json!(1), &json!(1), &json!(1)),
            "{reports}"
        );
    }
}

#[tokio::test]
async fn all_or_nothing_is_a_choice() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let (good, bad) = (
        ["P1", "2024-05-06", "10.00", "1"],
        ["P1", "yesterday", "10.00", "2"],
    );
    let (status, refused) = read(office.upload(&key, "?atomic=true", spending(&[good, bad]))).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &json!("batch_rejected"))
    );
    assert_eq!(
        ends(&refused),
        [
            end(3, "accepted", "", ""),
            end(4, "rejected", "业务日期", "bad_date")
        ]
    );
    let (_, history) = office.get_as(&key, "/v1/projects/P1/events").await;
    assert_eq!(history["items"].as_array().unwrap().len(), 5);
    let (status, done) = read(office.upload(&key, "?atomic=true", spending(&[good]))).await;
    assert_eq!((status.as_u16(), &done["counts"]["recorded"]), (200, &json!(1)));
}

#[tokio::test]
async fn a_dry_run_says_which_warnings_the_rows_would_raise() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let workbook = spending(&[["P1", "2024-05-06", "900000.00", "1"]]);
    let (_, tried) = read(office.upload(&key, "?dry_run=true", workbook)).await;
    let raised = tried["raised"].as_array();
    let raised = raised.unwrap_or_else(|| panic!("{tried}"));
    assert!(raised.iter().all(|warning| warning["project"] == "P1"), "{tried}");
}

#[tokio::test]
async fn the_template_is_handed_out_and_says_nothing_until_it_is_filled_in() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let request = office.request("GET", "/v1/imports/template");
    let template = request.header(AUTHORIZATION, bearer(&key)).send().await.unwrap();
    assert_eq!(template.status(), 200);
    assert_eq!(template.headers()[CONTENT_TYPE], WORKBOOK);
    assert!(
        template.headers()[CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .contains("karez-template.xlsx")
    );
    let blank = template.bytes().await.unwrap().to_vec();
    let (status, refused) = read(office.upload(&key, "", blank)).await;
    assert_eq!((status.as_u16(), &refused["code"]), (422, &json!("no_rows")));
}

#[tokio::test]
async fn what_is_no_template_is_refused_before_it_costs_anything() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let mut bomb = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    bomb.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())
        .unwrap();
    for _ in 0..65 {
        bomb.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let bomb = bomb.finish().unwrap().into_inner();
    assert!(bomb.len() < 1024 * 1024);
    let mut other = Workbook::new();
    other.add_worksheet().set_name("别的").unwrap();
    for (sent, status, code) in [
        (bomb, 413, "workbook_too_large"),
        (b"PK not really".to_vec(), 422, "no_workbook"),
        (other.save_to_buffer().unwrap(), 422, "not_the_template"),
        (vec![0; 4 * 1024 * 1024 + 1], 413, "body_too_large"),
    ] {
        let (found, refused) = read(office.upload(&key, "", sent)).await;
        assert_eq!(
            (found.as_u16(), &refused["code"]),
            (status, &json!(code)),
            "{refused}"
        );
    }
    let request = office
        .request("POST", "/v1/imports")
        .header(AUTHORIZATION, bearer(&key));
    let (status, _) = read(request.header(CONTENT_TYPE, "text/csv").body("a,b")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_unit_finds_the_refused_rows_of_its_own_workbook_and_no_other_unit_does() {
    let office = Office::new().await;
    let unit = office.key(Role::Unit);
    let other = office.handed_over(&["key", "create", "other", "--role", "unit", "--unit", "U1"]);
    read(office.upload(&unit, "", spending(&[["P1", "2024-05-06", "abc", "1"]]))).await;
    for (key, kept) in [(&unit, 1), (&other, 0)] {
        let (_, list) = office.get_as(key, "/v1/rejections").await;
        assert_eq!(list["items"].as_array().unwrap().len(), kept, "{list}");
    }
}

#[tokio::test]
async fn a_line_of_a_voucher_that_was_put_right_is_not_paid_twice() {
    let office = Office::new().await;
    let unit = office.key(Role::Unit);
    let first = ["P1", "2024-05-06", "1000.00", "0117"];
    read(office.upload(&unit, "", spending(&[first]))).await;
    let corrected = spending(&[["P1", "2024-05-06", "100.00", "0117"]]);
    for query in ["?dry_run=true", ""] {
        let (_, told) = read(office.upload(&unit, query, corrected.clone())).await;
        assert_eq!(
            ends(&told),
            [end(3, "rejected", "凭证号", "voucher_known")],
            "{query}"
        );
    }
    // Vouchers are counted anew in the next month.
    let (_, told) = read(office.upload(&unit, "", spending(&[["P1", "2024-06-06", "100.00", "0117"]]))).await;
    assert_eq!(ends(&told), [end(3, "recorded", "", "")]);
    let twice = ["P1", "2024-07-01", "5.00", "0200"];
    let (_, told) = read(office.upload(&unit, "", spending(&[twice, twice]))).await;
    assert_eq!(
        ends(&told),
        [
            end(3, "recorded", "", ""),
            end(4, "rejected", "凭证号", "voucher_twice")
        ]
    );
    // Reversed, it can be posted anew.
    let (_, history) = office.get_as(&unit, "/v1/projects/P1/events").await;
    let posted = history["items"][5]["event_id"].as_str().unwrap();
    let reversal = office
        .request("POST", &format!("/v1/projects/P1/expenditures/{posted}/reversal"))
        .header(AUTHORIZATION, bearer(&unit))
        .header("Idempotency-Key", "reversal")
        .json(&json!({"occurred_on": "2024-05-07", "reason": "金额有误"}));
    assert_eq!(read(reversal).await.0, StatusCode::CREATED);
    let (_, told) = read(office.upload(&unit, "", corrected)).await;
    assert_eq!(ends(&told), [end(3, "recorded", "", "")]);
}

//! Tables as offices fill them in, with what goes wrong in them: nothing is left out unseen, and nothing counts twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;

use karez::import::mapping::Mapping;
use karez::import::report::{ImportReport, RefusedRow};
use karez::import::run::Target;
use karez::import::tabular::{Format, import};
use karez::import::template::SHEETS;
use karez::replay::load_portfolio;
use karez_projections::Portfolio;
use karez_projections::totals::{TotalsRow, totals};
use karez_tests::published::Store;
use rust_decimal::Decimal;

async fn imported(
    store: &Store,
    file: &Path,
    format: Format,
    mapping: &Mapping,
) -> (ImportReport, Vec<RefusedRow>) {
    let mut refused = Vec::new();
    let mut keep = |row: &RefusedRow| refused.push(row.clone());
    let report = store
        .import(async |target| import(file, format, mapping, target, &mut keep).await)
        .await
        .unwrap();
    (report, refused)
}

async fn imported_text(store: &Store, text: &str, mapping: &Mapping) -> (ImportReport, Vec<RefusedRow>) {
    let file = store.folder.path().join("table.csv");
    std::fs::write(&file, text).unwrap();
    imported(store, &file, Format::Csv, mapping).await
}

fn by_project(portfolio: &Portfolio) -> BTreeMap<String, TotalsRow> {
    totals(portfolio)
        .into_iter()
        .map(|row| (row.project.to_string(), row))
        .collect()
}

const PLAIN: &str = "source = \"t\"\n[project]\nid = [\"项目\"]\n[[fact]]\ntype = \"expenditure\"\namount = \"金额\"\ndate = \"日期\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_named_and_the_others_land() {
    let store = Store::new().await.unwrap();
    let text = "日期,金额,项目\n2024-03-01,100.00,P1\n2024-02-30,1.00,P1\n2024-03-02,\"46678,00\",P1\n0000-01-01,1.00,P1\n\
                9999-01-01,1.00,P1\n2024-03-03,NaN,P1\n2024-03-04,1e999,P1\n2024-03-05,0.005,P1\n2024-03-06,7.00,\n";
    let (report, refused) = imported_text(&store, text, &Mapping::parse(PLAIN).unwrap()).await;
    let codes: Vec<&str> = refused.iter().map(|row| row.code.as_str()).collect();
    let expected = [
        "bad_date",
        "bad_amount",
        "bad_date",
        "bad_date",
        "bad_amount",
        "bad_amount",
        "bad_project",
        "wrong_precision",
    ];
    assert_eq!(codes, expected);
    assert!(refused[1].message_zh.contains("第 4 行") && refused[1].message_en.contains("46678,00"));
    assert_eq!(report.read, report.recorded + report.refused);
    let spent: Decimal = totals(&store.portfolio().await.unwrap())
        .iter()
        .map(|row| row.expenditure)
        .sum();
    assert_eq!(spent, Decimal::from(100));
    assert_eq!(store.log.rejections(None, 100).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn exact_repeats_are_separate_facts_and_columns_may_stand_anywhere() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(PLAIN).unwrap();
    let (first, _) = imported_text(
        &store,
        "日期;项目;金额\n2024-03-01;P1;5.00\n2024-03-01;P1;5.00\n",
        &mapping,
    )
    .await;
    assert_eq!(first.recorded, 3);
    let (again, _) = imported_text(
        &store,
        "金额\t日期\t项目\n5.00\t2024-03-01\tP1\n5.00\t2024-03-01\tP1\n",
        &mapping,
    )
    .await;
    assert_eq!((again.recorded, again.already_known), (0, 2));
    let (third, _) = imported_text(&store, "日期,项目\n2024-03-01,P1\n", &mapping).await;
    assert!(
        third.stopped.unwrap().1.contains("金额"),
        "a missing column is named"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_without_a_date_are_the_same_tomorrow() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(&PLAIN.replace("date = \"日期\"\n", "")).unwrap();
    let file = store.folder.path().join("table.csv");
    std::fs::write(&file, "项目,金额\nP1,5.00\nP1,6.00\n").unwrap();
    let on = async |days: u64| {
        let work = async |target: &Target<'_>| {
            let today = target.today - chrono::Days::new(days);
            let target = Target {
                today,
                bytes_read: target.bytes_read.clone(),
                ..*target
            };
            import(&file, Format::Csv, &mapping, &target, &mut |_| {}).await
        };
        store.import(work).await.unwrap()
    };
    assert_eq!(on(2).await.recorded, 3);
    let again = on(0).await;
    assert_eq!((again.recorded, again.refused, again.already_known), (0, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_the_mapping_names_must_be_there_even_if_it_may_be_blank() {
    let store = Store::new().await.unwrap();
    let (report, _) = imported_text(&store, "项目,金额\nP1,5.00\n", &Mapping::parse(PLAIN).unwrap()).await;
    assert!(
        report.stopped.unwrap().1.contains("日期"),
        "an absent date would become today's"
    );
    assert_eq!(report.recorded, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quotation_mark_that_never_ends_does_not_fill_the_memory() {
    let store = Store::new().await.unwrap();
    let text = format!(
        "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,\"P1,6.00\n{}",
        "x,y,z\n".repeat(400_000)
    );
    let (report, _) = imported_text(&store, &text, &Mapping::parse(PLAIN).unwrap()).await;
    let stopped = report.stopped.expect("the row has no end");
    assert!(
        stopped.1.contains("row 3") && stopped.1.contains("quotation"),
        "{}",
        stopped.1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_the_recorder_refuses_is_told_by_its_row() {
    let store = Store::new().await.unwrap();
    let text = "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,P1,0.005\n";
    let (_, refused) = imported_text(&store, text, &Mapping::parse(PLAIN).unwrap()).await;
    let found: Vec<(&str, &str)> = refused
        .iter()
        .map(|row| (row.row.as_str(), row.code.as_str()))
        .collect();
    assert_eq!(found, [("row 3", "wrong_precision")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_is_known_already() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(PLAIN).unwrap();
    imported_text(&store, "日期,项目,金额\n2024-03-01,P1,5.00\n", &mapping).await;
    let file = store.folder.path().join("more.csv");
    std::fs::write(&file, "日期,项目,金额\n2024-03-01,P1,5.00\n2024-03-02,P1,7.00\n").unwrap();
    let work = async |target: &Target<'_>| {
        let target = Target {
            is_dry_run: true,
            bytes_read: target.bytes_read.clone(),
            ..*target
        };
        import(&file, Format::Csv, &mapping, &target, &mut |_| {}).await
    };
    let report = store.import(work).await.unwrap();
    assert_eq!((report.recorded, report.already_known), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_tells_facts_apart_and_together() {
    let store = Store::new().await.unwrap();
    let keyed = Mapping::parse(&format!("key = [\"流水号\"]\n{PLAIN}")).unwrap();
    let head = "流水号,日期,项目,金额\n";
    let (first, _) = imported_text(
        &store,
        &format!("{head}1,2024-03-01,P1,5.00\n1,2024-03-01,P1,5.00\n"),
        &keyed,
    )
    .await;
    assert_eq!(
        (first.recorded, first.already_known),
        (2, 1),
        "the project and one payment"
    );
    // The next delivery holds only what is new, and says the same words.
    let (next, _) = imported_text(&store, &format!("{head}2,2024-03-01,P1,5.00\n"), &keyed).await;
    assert_eq!((next.recorded, next.already_known), (1, 0));
    let (blank, refused) = imported_text(&store, &format!("{head},2024-03-01,P1,5.00\n"), &keyed).await;
    assert_eq!((blank.recorded, refused[0].code.as_str()), (0, "bad_key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_and_not_left_out() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(&format!("{PLAIN}category = \"科目\"\nline = \"行号\"\n")).unwrap();
    let text = format!(
        "日期,项目,金额,科目,行号\n2024-03-01,P1,5.00,业务费,一\n2024-03-01,P1,5.00,{},1\n",
        "长".repeat(100)
    );
    let (_, refused) = imported_text(&store, &text, &mapping).await;
    let codes: Vec<&str> = refused.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["bad_line", "bad_identifier"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_above_a_header_do_not_hide_its_delimiter() {
    let store = Store::new().await.unwrap();
    let text = "项目支出表\n单位：元\n日期;项目;金额\n2024-03-01;\"P1, a\";5.00\n";
    let (report, refused) = imported_text(&store, text, &Mapping::parse(PLAIN).unwrap()).await;
    assert_eq!((report.stopped, refused.len(), report.recorded), (None, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_recorder_refuses_is_named_too() {
    let store = Store::new().await.unwrap();
    let mapping = Mapping::parse(&PLAIN.replace("[[fact]]", "known = true\n[[fact]]")).unwrap();
    let text = "日期,金额,项目\r\n\r\n2024-03-01,100.00,没有立项\r\n";
    let (report, refused) = imported_text(&store, text, &mapping).await;
    assert_eq!((report.recorded, report.refused), (0, 1));
    let [row] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    assert_eq!(row.row, "row 3");
    assert!(row.content.contains("没有立项"), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_one_key_that_differ_are_refused_whichever_comes_first() {
    let store = Store::new().await.unwrap();
    let keyed = Mapping::parse(&format!("key = [\"流水号\"]\n{PLAIN}")).unwrap();
    let text = "流水号,日期,项目,金额\n1,2024-03-01,P1,5.00\n2,2024-03-01,P1,7.00\n1,2024-03-01,P1,6.00\n2,2024-03-01,P1,7.0\n";
    let (_, refused) = imported_text(&store, text, &keyed).await;
    let found: Vec<(&str, &str)> = refused
        .iter()
        .map(|row| (row.row.as_str(), row.code.as_str()))
        .collect();
    assert_eq!(found, [("row 2", "ambiguous_key"), ("row 4", "ambiguous_key")]);
    assert_eq!(spent(&store.portfolio().await.unwrap()), "7");
}

/// What has been spent in all.
fn spent(portfolio: &Portfolio) -> String {
    let rows = totals(portfolio);
    let sum: Decimal = rows.iter().map(|row| row.expenditure).sum();
    sum.normalize().to_string()
}

const WHOLE: &str = "key = [\"流水号\"]\ncomplete = true\n";
const HEAD: &str = "流水号,日期,项目,金额\n";
const FIRST: &str = "1,2024-03-01,P1,5.00\n2,2024-03-02,P1,7.00\n3,2024-03-03,P2,11.00\n";

/// Imports a table that is the whole of its source; what was recorded, known, withdrawn and refused, and the sum.
async fn delivered(store: &Store, rows: &str) -> ([u64; 4], String) {
    let mapping = Mapping::parse(&format!("{WHOLE}{PLAIN}")).unwrap();
    let (report, _) = imported_text(store, &format!("{HEAD}{rows}"), &mapping).await;
    let counts = [
        report.recorded,
        report.already_known,
        report.withdrawn,
        report.refused,
    ];
    (counts, spent(&store.portfolio().await.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_table_takes_the_place_of_the_one_before() {
    let store = Store::new().await.unwrap();
    let second = "1,2024-03-01,P1,5.0\n2,2024-03-02,P1,8.00\n";
    // Two projects and three payments.
    assert_eq!(delivered(&store, FIRST).await, ([5, 0, 0, 0], "23".to_owned()));
    assert_eq!(delivered(&store, FIRST).await, ([0, 3, 0, 0], "23".to_owned()));
    let known_at = store.portfolio().await.unwrap().last_recorded_at().unwrap();

    assert_eq!(delivered(&store, second).await, ([1, 1, 2, 0], "13".to_owned()));
    assert_eq!(delivered(&store, second).await, ([0, 2, 0, 0], "13".to_owned()));
    let then = store.log.position_at(known_at).await.unwrap();
    let before = load_portfolio(&store.log, Some(then)).await.unwrap();
    assert_eq!(spent(&before), "23", "as known before the second");

    // The first again, by mistake, undoes nothing.
    assert_eq!(delivered(&store, FIRST).await, ([0, 0, 0, 0], "13".to_owned()));
    // A third that says what the first said, and more, does.
    let third = format!("{FIRST}4,2024-03-04,P2,1.00\n");
    assert_eq!(delivered(&store, &third).await, ([3, 1, 1, 0], "24".to_owned()));
    assert_eq!(delivered(&store, &third).await, ([0, 4, 0, 0], "24".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_say_it_is_complete_withdraws_nothing() {
    let store = Store::new().await.unwrap();
    let partial = Mapping::parse(&format!("key = [\"流水号\"]\n{PLAIN}")).unwrap();
    imported_text(&store, &format!("{HEAD}{FIRST}"), &partial).await;
    let (next, _) = imported_text(&store, &format!("{HEAD}4,2024-03-04,P1,1.00\n"), &partial).await;
    assert_eq!((next.recorded, next.withdrawn), (1, 0));
    assert_eq!(spent(&store.portfolio().await.unwrap()), "24");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_a_complete_table_leaves_earlier_facts_alone() {
    let store = Store::new().await.unwrap();
    delivered(&store, FIRST).await;
    let unreadable = "1,2024-03-01,P1,五\n2,2024-03-02,P1,7.00\n3,2024-03-03,P2,11.00\n";
    assert_eq!(
        delivered(&store, unreadable).await,
        ([0, 2, 0, 1], "23".to_owned())
    );
    let ambiguous =
        "2,2024-03-02,P1,7.00\n2,2024-03-02,P1,8.00\n1,2024-03-01,P1,5.00\n3,2024-03-03,P2,11.00\n";
    assert_eq!(
        delivered(&store, ambiguous).await,
        ([0, 2, 0, 2], "23".to_owned())
    );
    let without_its_key = "1,2024-03-01,P1,5.00\n,2024-03-02,P1,7.00\n";
    assert_eq!(
        delivered(&store, without_its_key).await,
        ([0, 1, 0, 1], "23".to_owned())
    );
    let cut_off = "1,2024-03-01,P1,5.00\n\"2,";
    let filler = "x,y,z\n".repeat(400_000);
    assert_eq!(
        delivered(&store, &format!("{cut_off}{filler}")).await.1,
        "23".to_owned()
    );
    assert_eq!(delivered(&store, "").await, ([0, 0, 0, 0], "23".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_source_are_not_withdrawn() {
    let store = Store::new().await.unwrap();
    let other = PLAIN.replace("source = \"t\"", "source = \"u\"");
    let other = Mapping::parse(&format!("{WHOLE}{other}")).unwrap();
    imported_text(&store, &format!("{HEAD}1,2024-03-01,P9,100.00\n"), &other).await;
    delivered(&store, FIRST).await;
    let (counts, sum) = delivered(&store, "1,2024-03-01,P1,5.00\n").await;
    assert_eq!((counts, sum.as_str()), ([0, 1, 2, 0], "105"));
}

/// The official template as a unit fills it in, below the sample row.
const FILLED: [(&str, &[&[&str]]); 3] = [
    (
        "项目",
        &[
            &[
                "说明",
                "项目编号",
                "项目名称",
                "统一社会信用代码",
                "承担单位",
                "专项资金",
                "批复日期",
                "批复预算（元）",
            ],
            &[
                "示例",
                "TLF-2024-001",
                "某项目",
                "091650400000000001",
                "某某公司",
                "TLF-KJ",
                "2024-01-15",
                "300000.00",
            ],
            &[
                "",
                "0007",
                "选育",
                "091650400000000002",
                "甲公司",
                "TLF-KJ",
                "2024年1月15日",
                "300,000.00",
            ],
        ],
    ),
    (
        "到位",
        &[
            &[
                "说明",
                "项目编号",
                "到位日期",
                "到位金额（元）",
                "资金来源",
                "批次",
            ],
            &["示例", "TLF-2024-001", "2024-03-01", "1.00", "财政当年", "01"],
            &["", "0007", "2024/3/1", "200000", "财政当年", "01"],
        ],
    ),
    (
        "支出",
        &[
            &[
                "说明",
                "项目编号",
                "业务日期",
                "金额（元）",
                "资金来源",
                "科目",
                "凭证号",
                "行号",
                "用途",
                "收款人",
                "所属期起",
                "所属期止",
            ],
            &[
                "",
                "0007",
                "2024-04-10",
                "3000.50",
                "财政当年",
                "业务费",
                "0001",
                "1",
                "差旅费",
                "张三",
                "",
                "",
            ],
            &[
                "",
                "0007",
                "2024-04-10",
                "3000.50",
                "财政当年",
                "业务费",
                "0001",
                "2",
                "差旅费",
                "张三",
                "",
                "",
            ],
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_template_comes_back_as_it_was_filled_in() {
    let store = Store::new().await.unwrap();
    let file = store.folder.path().join("filled.xlsx");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for (name, rows) in FILLED {
        let page = workbook.add_worksheet().set_name(name).unwrap();
        for (row, cells) in (0..).zip(rows) {
            for (column, text) in (0..).zip(*cells) {
                page.write_string(row, column, *text).unwrap();
            }
        }
    }
    workbook.save(&file).unwrap();
    let mut recorded = Vec::new();
    for _ in 0..2 {
        for sheet in SHEETS {
            let (report, refused) = imported(&store, &file, Format::Xlsx, &sheet.mapping().unwrap()).await;
            assert_eq!((report.stopped, refused), (None, Vec::new()), "{}", sheet.name);
            recorded.push(report.recorded);
        }
    }
    // The fund, the project and its budget; the arrival; two payments. Then nothing.
    assert_eq!(recorded, [3, 1, 2, 0, 0, 0]);
    let found = by_project(&store.portfolio().await.unwrap());
    assert_eq!(found.len(), 1);
    let row = &found["0007"];
    let figures =
        [row.budget_original, row.incoming, row.expenditure].map(|figure| figure.normalize().to_string());
    assert_eq!(figures, ["300000", "200000", "6001"]);
}

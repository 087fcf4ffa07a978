//! What nobody should send: every line of it ends in a clear message or a kept rejection, never in a panic, and what
//! was good beside it is recorded.

use std::io::{BufWriter, Write};
use std::process::Stdio;

use karez_tests::program::{Ended, command};
use karez_tests::server::Server;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::place::{FIRST_FACTS, Place, fact};

const HUGE_LINE_BYTES: usize = 100 * 1024 * 1024;

/// It ended by itself, and says something.
#[track_caller]
fn ends_clearly(ended: &Ended) {
    assert!(matches!(ended.code, 0..=3), "{ended:?}");
    assert!(!ended.errors.contains("panicked"), "{ended:?}");
    assert!(
        ended.code == 0 || !ended.errors.is_empty() || !ended.output.is_empty(),
        "{ended:?}"
    );
}

/// How many events the log has.
async fn recorded(place: &Place) -> usize {
    place.verify().await;
    let verified = place.karez(&["audit", "verify"]).await.output;
    let count = verified.split_whitespace().find_map(|word| word.parse().ok());
    count.unwrap_or_else(|| panic!("no count of events: {verified}"))
}

async fn kept_rejections(place: &Place) -> usize {
    let shown = place.karez(&["show", "rejections", "--format", "json"]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    let shown: Value = serde_json::from_str(&shown.output).unwrap();
    let rows = shown.as_array().or_else(|| shown["items"].as_array());
    rows.unwrap_or_else(|| panic!("no rejections: {shown}")).len()
}

fn good(key: &str) -> Vec<u8> {
    let data = json!({"amount": "1.00", "voucher_no": key});
    fact(key, "project/P1", "expenditure_recorded", &data)
        .to_string()
        .into_bytes()
}

fn bad(key: &str, occurred_on: &str, data: &str) -> Vec<u8> {
    format!(
        r#"{{"stream":"project/P1","type":"expenditure_recorded","occurred_on":"{occurred_on}","data":{data},
"metadata":{{"idempotency_key":"{key}"}}}}"#
    )
    .replace('\n', "")
    .into_bytes()
}

/// Lines that are no facts.
fn bad_lines() -> Vec<Vec<u8>> {
    vec![
        b"\xff\xfe\x00not text".to_vec(),
        b"{\"stream\":\"project/P1\",\"type\":\"expend\xc3\x28\"}".to_vec(),
        b"{\"stream\":".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        [vec![b'['; 100_000], vec![b']'; 100_000]].concat(),
        bad("nan", "2024-03-01", r#"{"amount":"NaN"}"#),
        bad("bare-nan", "2024-03-01", r#"{"amount":NaN}"#),
        bad("huge", "2024-03-01", r#"{"amount":"1e999"}"#),
        bad("bare-huge", "2024-03-01", r#"{"amount":1e999}"#),
        bad(
            "digits",
            "2024-03-01",
            &format!(r#"{{"amount":"{}"}}"#, "9".repeat(500)),
        ),
        bad(
            "fine",
            "2024-03-01",
            r#"{"amount":"0.0000000000000000000000000001"}"#,
        ),
        bad("no-month", "2024-13-01", r#"{"amount":"1.00"}"#),
        bad("no-day", "2023-02-29", r#"{"amount":"1.00"}"#),
        bad("far", "+999999-01-01", r#"{"amount":"1.00"}"#),
        bad("none", "2024-03-01", "null"),
        fact(
            "currency",
            "project/P9",
            "project_approved",
            &json!({"title": "甲", "unit": "U1", "currency": "QQQQ"}),
        )
        .to_string()
        .into_bytes(),
        fact(
            "nobody",
            "project/NOBODY",
            "expenditure_recorded",
            &json!({"amount": "1.00"}),
        )
        .to_string()
        .into_bytes(),
    ]
}

#[tokio::test]
async fn lines_that_are_no_facts_are_kept_with_their_reason() {
    let place = Place::sqlite().await;
    let bad = bad_lines();
    let mut lines = vec![good("first")];
    lines.extend(bad.iter().cloned());
    lines.push(good("last"));
    let posted = place.post_bytes(&lines.join(&b'\n')).await;
    ends_clearly(&posted);
    assert_eq!(posted.code, 1, "{posted:?}");
    assert_eq!(recorded(&place).await, FIRST_FACTS + 2, "{posted:?}");
    assert_eq!(kept_rejections(&place).await, bad.len(), "{posted:?}");
}

#[tokio::test]
async fn days_at_the_ends_of_the_calendar_do_not_stop_it() {
    let place = Place::sqlite().await;
    let days = ["0000-01-01", "0001-01-01", "1899-12-31", "9999-12-31"];
    let lines: Vec<Vec<u8>> = days
        .iter()
        .map(|day| bad(day, day, r#"{"amount":"1.00"}"#))
        .collect();
    let posted = place.post_bytes(&lines.join(&b'\n')).await;
    ends_clearly(&posted);
    assert_eq!(
        recorded(&place).await - FIRST_FACTS + kept_rejections(&place).await,
        days.len(),
        "{posted:?}"
    );
    for shown in [
        &["show", "overview"][..],
        &["show", "projects"],
        &["show", "project", "P1"],
        &["show", "funds"],
    ] {
        let shown = place.karez(shown).await;
        ends_clearly(&shown);
        assert_eq!(shown.code, 0, "{shown:?}");
    }
    for as_of in ["0000-01-01", "0001-01-01", "9999-12-31"] {
        let shown = place.karez(&["show", "projects", "--as-of", as_of]).await;
        ends_clearly(&shown);
        assert!(matches!(shown.code, 0 | 2), "{as_of} {shown:?}");
    }
    let mut server = place.server().await;
    for asked in [
        "overview",
        "projects",
        "projects/P1",
        "funds/F1",
        "projects?as_of=9999-12-31",
        "projects?as_of=0000-01-01",
    ] {
        let answer = karez_tests::http::get(format!("{}/v1/{asked}", server.url()))
            .await
            .unwrap();
        assert!(answer.status().as_u16() < 500, "{asked}: {}", answer.status());
    }
    assert!(!server.messages().contains("panicked"), "{}", server.messages());
    assert_eq!(server.stop().await.unwrap(), Some(0));
}

#[tokio::test]
async fn amounts_at_the_end_of_the_numbers_do_not_stop_it() {
    let place = Place::sqlite().await;
    let largest = "79228162514264337593543950335";
    let amounts = [
        largest,
        largest,
        "-79228162514264337593543950335",
        "792281625142643375935439503.35",
    ];
    let lines = amounts.iter().enumerate().map(|(row, amount)| {
        bad(
            &format!("amount-{row}"),
            "2024-03-01",
            &format!(r#"{{"amount":"{amount}"}}"#),
        )
    });
    let lines: Vec<Vec<u8>> = lines.collect();
    let posted = place.post_bytes(&lines.join(&b'\n')).await;
    ends_clearly(&posted);
    for shown in [
        &["show", "overview"][..],
        &["show", "projects"],
        &["show", "project", "P1"],
        &["show", "units"],
    ] {
        let shown = place.karez(shown).await;
        ends_clearly(&shown);
        assert_eq!(shown.code, 0, "{shown:?}");
    }
    assert_eq!(
        recorded(&place).await - FIRST_FACTS + kept_rejections(&place).await,
        amounts.len(),
        "{posted:?}"
    );
}

#[tokio::test]
async fn a_line_of_100_megabytes_does_not_take_the_good_ones_with_it() {
    let place = Place::sqlite().await;
    let file = place.file("huge.ndjson");
    let mut written = BufWriter::new(std::fs::File::create(&file).unwrap());
    written.write_all(&good("first")).unwrap();
    written.write_all(b"\n{\"stream\":\"").unwrap();
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(b'x'), HUGE_LINE_BYTES as u64),
        &mut written,
    )
    .unwrap();
    written.write_all(b"\"}\n").unwrap();
    written.write_all(&good("last")).unwrap();
    written.flush().unwrap();
    let posted = place.karez(&["post", &file.display().to_string()]).await;
    ends_clearly(&posted);
    assert_ne!(posted.code, 0, "{posted:?}");
    assert!(posted.errors.contains(":2"), "the line is named: {posted:?}");
    assert_eq!(recorded(&place).await, FIRST_FACTS + 2, "{posted:?}");
}

const ACTIVITY: &str = r#"<iati-activity default-currency="USD"><iati-identifier>XM-1-GOOD</iati-identifier>
<reporting-org ref="XM-1" type="10"><narrative>One</narrative></reporting-org><title><narrative>Good</narrative></title>
<activity-status code="2"/>
<transaction><transaction-type code="4"/><transaction-date iso-date="2020-01-01"/><value value-date="2020-01-01">5.00</value>
</transaction></iati-activity>"#;

async fn import(place: &Place, format: &str, name: &str, content: &[u8]) -> Ended {
    let file = place.file(name);
    std::fs::write(&file, content).unwrap();
    let imported = place
        .karez(&["import", format, &file.display().to_string()])
        .await;
    ends_clearly(&imported);
    imported
}

#[tokio::test]
async fn a_broken_iati_file_is_told_and_its_good_activities_are_recorded() {
    let place = Place::sqlite().await;
    let head = "<iati-activities version=\"2.03\">\n";
    let truncated = format!("{head}{ACTIVITY}\n<iati-activity><iati-identifier>XM-1-CUT</iati-ide");
    let imported = import(&place, "iati", "cut.xml", truncated.as_bytes()).await;
    assert_eq!(imported.code, 1, "{imported:?}");
    let after_the_cut = recorded(&place).await;
    assert!(after_the_cut > FIRST_FACTS, "{imported:?}");

    let changed = |from: &str, to: &str, id: &str| {
        let activity = ACTIVITY.replace("XM-1-GOOD", id).replace(from, to);
        format!(
            "{head}{activity}{}</iati-activities>",
            ACTIVITY.replace("XM-1-GOOD", &format!("{id}-NEXT"))
        )
    };
    let files = [
        ("nan", changed(">5.00<", ">NaN<", "XM-2")),
        ("huge", changed(">5.00<", ">1e999<", "XM-3")),
        ("year-0", changed("2020-01-01", "0000-01-01", "XM-4")),
        ("year-9999", changed("2020-01-01", "9999-12-31", "XM-5")),
        ("currency", changed("USD", "QQQQ", "XM-6")),
        ("deep", format!("{head}{}", "<a>".repeat(200_000))),
        (
            "entities",
            format!(
                "<!DOCTYPE a [<!ENTITY a \"{}\">]>{head}&a;</iati-activities>",
                "x".repeat(1000)
            ),
        ),
        ("empty", String::new()),
        ("other", "<html/>".to_owned()),
    ];
    let mut before = after_the_cut;
    for (name, content) in files {
        let imported = import(&place, "iati", name, content.as_bytes()).await;
        let now = recorded(&place).await;
        if content.contains("-NEXT") {
            assert!(
                now > before,
                "what is good beside {name} is recorded: {imported:?}"
            );
        }
        before = now;
    }
    let mut not_text = format!("{head}{ACTIVITY}")
        .replace("XM-1-GOOD", "XM-7")
        .into_bytes();
    not_text.extend(b"<iati-activity><iati-identifier>\xff\xfe\xc3\x28</iati-identifier></iati-activity></iati-activities>");
    import(&place, "iati", "not-text.xml", &not_text).await;
    import(
        &place,
        "iati",
        "cut.xml.gz",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03cut",
    )
    .await;
    recorded(&place).await;
    let missing = place.karez(&["import", "iati", "no-such-file.xml"]).await;
    assert_eq!(missing.code, 3, "{missing:?}");
    assert!(missing.errors.contains("no-such-file.xml"), "{missing:?}");
}

#[tokio::test]
async fn a_broken_table_is_told() {
    let place = Place::sqlite().await;
    for format in ["csv", "xlsx"] {
        if place.karez(&["import", format, "--help"]).await.code != 0 {
            println!("skipped: this karez does not import {format}");
            continue;
        }
        let huge = vec![b'x'; HUGE_LINE_BYTES];
        let not_text = b"a,b,c\n\xff\xfe,\xc3\x28,1\n";
        let tables: [(&str, &[u8]); 4] = [
            ("empty", b""),
            ("renamed", b"PK\x03\x04not a workbook"),
            ("not-text", not_text),
            ("huge", &huge),
        ];
        for (name, content) in tables {
            let imported = import(&place, format, &format!("{name}.{format}"), content).await;
            assert_ne!(imported.code, 0, "{name} {imported:?}");
        }
    }
    assert_eq!(recorded(&place).await, FIRST_FACTS);
}

#[tokio::test]
async fn a_half_sent_request_does_not_hold_up_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(["--data".as_ref(), folder.path().as_os_str()])
        .await
        .unwrap();
    let mut caller = TcpStream::connect(server.url().trim_start_matches("http://"))
        .await
        .unwrap();
    caller
        .write_all(b"POST /v1/projects/P1/expenditures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")
        .await
        .unwrap();
    assert_eq!(server.stop().await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_server_whose_messages_nobody_reads_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("loud.toml");
    std::fs::write(&config, "[log]\nlevel = \"trace\"\n").unwrap();
    let mut serving = tokio::process::Command::from(command(&["serve", "--listen", "127.0.0.1:0"]).unwrap());
    serving
        .arg("--data")
        .arg(folder.path())
        .arg("--config")
        .arg(&config);
    let mut child = serving
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).await.unwrap();
    let address = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap();
    for _ in 0..20 {
        let alive = karez_tests::http::get(format!("{address}/healthz"))
            .await
            .unwrap();
        assert!(alive.status().is_success());
    }
    assert_eq!(child.try_wait().unwrap(), None);
}

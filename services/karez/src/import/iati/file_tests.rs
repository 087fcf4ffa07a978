//! Files as they arrive: other encodings, compressed, damaged, hostile.

use std::io::{self, Cursor, Read, Write};

use encoding_rs::{GB18030, WINDOWS_1252};

use super::reader_tests::{lines, read, read_from, told};
use super::{Activity, ActivityReader, Limits, Place, ReadFault, preferred};

const FILE: &str = "<iati-activities version=\"2.02\" generated-datetime=\"2024-05-06T07:08:09Z\">\
    <iati-activity><iati-identifier>A-1</iati-identifier><title><narrative xml:lang=\"fr\">Éclairage</narrative>\
    </title></iati-activity>\n\
    <iati-activity><iati-identifier>A-2</iati-identifier></iati-activity></iati-activities>";

fn check_file(activities: &[Activity]) {
    let ids: Vec<_> = activities
        .iter()
        .filter_map(|activity| activity.identifier.as_deref())
        .collect();
    assert_eq!(ids, ["A-1", "A-2"]);
    assert_eq!(preferred(&activities[0].titles), Some("Éclairage"));
    assert!(
        activities.iter().all(|activity| activity.problems.is_empty()),
        "{activities:?}"
    );
}

#[test]
fn encodings_are_decoded() {
    let utf16 = |big: bool, bom: bool| {
        let units = bom.then_some(0xfeff).into_iter().chain(FILE.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect::<Vec<u8>>()
    };
    let declared = |label: &str| format!("<?xml version='1.0' encoding='{label}'?>{FILE}");
    let latin = WINDOWS_1252.encode(&declared("ISO-8859-1")).0.into_owned();
    let chinese = GB18030.encode(&declared("gb18030")).0.into_owned();
    let marked = [b"\xef\xbb\xbf", declared("UTF-8").as_bytes()].concat();
    let files = [
        utf16(true, true),
        utf16(false, true),
        utf16(true, false),
        utf16(false, false),
        latin,
        chinese,
        marked,
    ];
    for bytes in files {
        let (activities, stopped) = read(bytes);
        assert!(stopped.is_none(), "{stopped:?}");
        check_file(&activities);
    }
}

#[test]
fn a_utf_8_file_that_claims_utf_16_is_read_and_reported() {
    let text = format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{FILE}");
    let mut reader = ActivityReader::open(Cursor::new(text), Limits::default()).unwrap();
    let activities: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    check_file(&activities);
    let want = lines("wrong_encoding_declared  \"utf-16\"");
    assert_eq!(told(reader.problems()), want);
}

#[test]
fn an_unknown_encoding_is_refused_with_advice() {
    let (_, stopped) = read(format!("<?xml version='1.0' encoding='klingon'?>{FILE}"));
    let error = stopped.unwrap();
    assert!(matches!(&error.fault, ReadFault::UnknownEncoding(label) if label == "klingon"));
    assert!(error.to_string().ends_with("save the file as UTF-8"), "{error}");
}

#[test]
fn gzip_is_known_by_its_first_bytes() {
    let (activities, stopped) = read(gzip(FILE.as_bytes()));
    assert!(stopped.is_none(), "{stopped:?}");
    check_file(&activities);
}

#[test]
fn a_gzip_file_cut_off_says_so() {
    let mut bytes = gzip(FILE.as_bytes());
    bytes.truncate(bytes.len() - 20);
    let error = read(bytes).1.unwrap();
    assert_eq!(error.fault.as_str(), "damaged_gzip");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bytes_that_are_not_text_are_replaced_and_reported_where_they_are() {
    let mut bytes =
        b"<iati-activities>\n<iati-activity>\n<iati-identifier>A\xff\xfe</iati-identifier>\n<title><narrative>"
            .to_vec();
    bytes.extend(
        b"caf\xe9</narrative></title></iati-activity><iati-activity default-currency='\xff'/></iati-activities>",
    );
    let (activities, stopped) = read(bytes);
    assert!(stopped.is_none(), "{stopped:?}");
    assert_eq!(activities[0].identifier.as_deref(), Some("A\u{FFFD}\u{FFFD}"));
    assert_eq!(preferred(&activities[0].titles), Some("caf\u{FFFD}"));
    let want = r#"
        invalid_bytes iati-activity[1]/iati-identifier[1] "2"
        invalid_bytes iati-activity[1]/title[1]/narrative "1""#;
    assert_eq!(told(&activities[0].problems), lines(want));
    assert_eq!(activities[0].problems[0].place.line, 3);
    let second = told(&activities[1].problems);
    assert_eq!(second[0], "invalid_bytes iati-activity[2] \"1\"");
}

#[test]
fn entities_are_never_expanded() {
    let level = |level: u32| {
        format!(
            "<!ENTITY a{level} \"{}\">",
            format!("&a{};", level - 1).repeat(10)
        )
    };
    let mut bomb = "<!DOCTYPE r [<!ENTITY a0 \"ha\">".to_owned();
    bomb.extend((1..=9).map(level));
    bomb.push_str(
        "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>\n<r><iati-activity>\
        <iati-identifier>X &a9;</iati-identifier><title>&file; &amp; &#20013;&#x6587; R&D</title>\
        <reporting-org ref='&a9;'/><budget><period-start iso-date='2012-01-01'/><period-end iso-date='2012-01-02'/>\
        <value currency='USD'>&a0;5</value></budget></iati-activity></r>",
    );
    let (activities, stopped) = read(bomb);
    assert!(stopped.is_none(), "{stopped:?}");
    let activity = &activities[0];
    assert_eq!(activity.identifier.as_deref(), Some("X &a9;"));
    assert_eq!(preferred(&activity.titles), Some("&file; & 中文 R&D"));
    let want = r#"
        entity_not_expanded iati-activity[1]/iati-identifier[1] "&a9;"
        entity_not_expanded iati-activity[1]/title[1] "&file;"
        bare_ampersand iati-activity[1]/title[1] "&D"
        entity_not_expanded iati-activity[1]/reporting-org[1] "&a9;"
        entity_not_expanded iati-activity[1]/budget[1]/value "&a0;"
        bad_amount iati-activity[1]/budget[1]/value "&a0;5""#;
    assert_eq!(told(&activity.problems), lines(want));
}

#[test]
fn a_truncated_file_keeps_the_complete_activities_and_names_the_last() {
    let cut = FILE.split_once("</iati-activity></iati-activities>").unwrap().0;
    let (activities, stopped) = read(cut);
    assert_eq!(activities.len(), 1);
    let error = stopped.unwrap();
    assert_eq!(
        error
            .unread
            .as_ref()
            .and_then(|unread| unread.identifier.as_deref()),
        Some("A-2")
    );
    let told = "the file ends too early: “iati-activity” is not closed (line 2, column 54); activity A-2 was not read \
        to its end and is left out; fetch or export the file again; it is incomplete";
    assert_eq!(error.to_string(), told);
    assert!(
        error.message_zh().contains("项目 A-2 未读完"),
        "{}",
        error.message_zh()
    );
    for end in 1..cut.len() {
        let (_, stopped) = read(&cut.as_bytes()[..end]);
        assert!(stopped.is_some(), "cut at {end}");
    }
}

#[test]
fn malformed_xml_ends_the_file_at_its_place() {
    let (activities, stopped) = read(
        "<iati-activities><iati-activity/>\n<iati-activity><iati-identifier>B</iati-identifier><title></budget></iati-activity></iati-activities>",
    );
    assert_eq!(activities.len(), 1);
    let error = stopped.unwrap();
    assert_eq!(error.fault.as_str(), "malformed_xml");
    assert_eq!((error.place.line, error.place.column), (2, 59));
    for bad in [
        "<r><iati-activity a=1/></r>",
        "<r><iati-activity a='1' a='2'/></r>",
        "<r><iati-activity/></r><r/>",
        "<r><iati-activity/></r>x",
    ] {
        assert_eq!(read(bad).1.unwrap().fault.as_str(), "malformed_xml", "{bad}");
    }
}

#[test]
fn other_files_are_refused() {
    for bytes in [
        &b""[..],
        b"  \n",
        b"{\"a\": 1}",
        b"PK\x03\x04\x00",
        b"id,amount\n1,2\n",
    ] {
        assert_eq!(read(bytes).1.unwrap().fault.as_str(), "not_xml", "{bytes:?}");
    }
    let error = read("<html><body/></html>").1.unwrap();
    assert!(matches!(error.fault, ReadFault::NotIati { root } if root == "html"));
    let (activities, stopped) = read("<iati-activities/>");
    assert!(activities.is_empty() && stopped.is_none());
}

/// `head`, then `filler` repeated to `filler_bytes`, then `tail`, without ever existing in memory.
fn endless(head: &str, filler: &'static [u8], filler_bytes: u64, tail: &'static str) -> impl Read + use<> {
    let repeated = Repeated { filler, at: 0 }.take(filler_bytes);
    Cursor::new(head.to_owned())
        .chain(repeated)
        .chain(Cursor::new(tail))
}

struct Repeated {
    filler: &'static [u8],
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for byte in buf.iter_mut() {
            *byte = self.filler[self.at];
            self.at = (self.at + 1) % self.filler.len();
        }
        Ok(buf.len())
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_fills_the_memory() {
    let limits = Limits {
        activity_bytes: 400_000,
        piece_bytes: 100_000,
        activity_elements: 5_000,
        child_elements: 1_000,
        depth: 20,
        attributes: 10,
        ..Limits::default()
    };
    let begun = "<iati-activities><iati-activity><iati-identifier>A</iati-identifier>";
    let deep = format!("{begun}{}", "<a>".repeat(30));
    let wide = format!(
        "{begun}<a {}/>",
        (0..30).map(|n| format!("a{n}=''")).collect::<Vec<_>>().join(" ")
    );
    let cases: [(&str, &'static [u8], &str); 8] = [
        (
            &format!("{begun}<title>"),
            b"x",
            "the number of bytes in one text or tag",
        ),
        (
            &format!("{begun}<title a='"),
            b"x",
            "the number of bytes in one text or tag",
        ),
        (
            &format!("{begun}<!-- "),
            b"x",
            "the number of bytes in one text or tag",
        ),
        (
            begun,
            b"<a>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</a>",
            "the number of bytes in one activity",
        ),
        (begun, b"<a/>", "the number of elements in one activity"),
        (
            &format!("{begun}<title>"),
            b"<a/>",
            "the number of elements in one entry of an activity",
        ),
        (&deep, b" ", "the number of elements inside each other"),
        (&wide, b" ", "the number of attributes on one element"),
    ];
    for (head, filler, what) in cases {
        let (activities, stopped) = read_from(endless(head, filler, 1 << 40, ""), limits);
        let error = stopped.unwrap();
        assert!(activities.is_empty());
        assert!(error.to_string().starts_with(what), "{error}");
        assert_eq!(
            error.unread.and_then(|unread| unread.identifier).as_deref(),
            Some("A")
        );
    }
}

#[test]
fn many_activities_are_read_one_at_a_time_however_long_the_file() {
    let filler = b"<iati-activity><iati-identifier>A</iati-identifier></iati-activity>";
    let count: u64 = 20_000;
    let input = endless("<r>", filler, count * filler.len() as u64, "</r>");
    let limits = Limits {
        activity_bytes: 1_000,
        piece_bytes: 100,
        ..Limits::default()
    };
    let reader = ActivityReader::open(input, limits).unwrap();
    let last = reader.map(Result::unwrap).last().unwrap();
    assert_eq!(last.index, count - 1);
}

#[test]
fn problems_beyond_the_limit_are_counted() {
    let limits = Limits {
        listed_problems: 3,
        ..Limits::default()
    };
    let body = "<budget/>".repeat(10);
    let (activities, _) = read_from(
        Cursor::new(format!("<r><iati-activity>{body}</iati-activity></r>")),
        limits,
    );
    assert_eq!(activities[0].problems.len(), 3);
    assert_eq!(activities[0].problems_omitted, 18);
    assert_eq!(activities[0].budgets.len(), 10);
}

#[test]
fn places_are_counted_in_lines_characters_and_bytes() {
    let (activities, _) = read("<r>\r\n中文<iati-activity/></r>");
    assert_eq!(
        activities[0].place,
        Place {
            line: 2,
            column: 3,
            byte: 11
        }
    );
}

//! Every parser that meets bytes from outside, as a function of bytes: it may refuse them, it may not panic, and what it
//! accepts it says again as it read it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use karez::bus::feed::{from_wire, to_wire};
use karez::clock::BUSINESS_TIME_ZONE;
use karez::import::iati::{ActivityReader, Limits, facts};
use karez::import::mapping::Mapping;
use karez::import::rows;
use karez::import::table::{Table, TableError};
use karez::replay::unpack;
use karez::views::moment::{read_as_of, read_known_at};
use karez::views::page::{Cursor, Mark};
use karez_alert_rules::{CustomRule, RuleSet};
use karez_events::{HashAlgorithm, Signer, Submission};

/// Reads bytes from outside.
pub type Parser = fn(&[u8]);

/// The parsers by name.
pub const PARSERS: [(&str, Parser); 10] = [
    ("checkpoint", checkpoint),
    ("csv", csv),
    ("feed", feed),
    ("iati", iati),
    ("mapping", mapping),
    ("query", query),
    ("rules", rules),
    ("snapshot", snapshot),
    ("submission", submission),
    ("xlsx", xlsx),
];

/// Few enough that a file of the fuzzer's size can reach them.
const LIMITS: Limits = Limits {
    activity_bytes: 16 * 1024,
    piece_bytes: 1024,
    activity_elements: 200,
    child_elements: 50,
    depth: 16,
    attributes: 8,
    listed_problems: 10,
};

fn iati(bytes: &[u8]) {
    let Ok(reader) = ActivityReader::open(bytes, LIMITS) else {
        return;
    };
    let day = "2024-12-31".parse().unwrap();
    for (activity, occurrence) in reader.zip(1..) {
        if let Ok(activity) = activity
            && let Ok(project) = facts::project_id(&activity, occurrence)
        {
            drop(facts::state(&activity, project, day));
        }
    }
}

/// What a row of the office's template states, in a file of any kind.
const TEMPLATE: &str = include_str!("../../services/karez/mappings/template-expenditures.toml");

fn rows_of(table: Result<Table, TableError>, mapping: &Mapping) {
    let Ok(mut table) = table else { return };
    let mut read = Vec::new();
    for row in table.by_ref() {
        match row {
            Ok(row) => read.push(row),
            Err(_) => break,
        }
    }
    for row in read {
        drop(rows::key_of(mapping, &table.header, &row));
        drop(rows::state(mapping, &table.header, &row));
        assert!(row.as_json().starts_with('['), "a row is kept as a list");
    }
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn csv(bytes: &[u8]) {
    let (mapping, file) = (Mapping::parse(TEMPLATE).unwrap(), file(bytes));
    rows_of(Table::csv(file.path(), &mapping, Arc::default()), &mapping);
}

fn xlsx(bytes: &[u8]) {
    let (mapping, file) = (Mapping::parse(TEMPLATE).unwrap(), file(bytes));
    rows_of(Table::xlsx(file.path(), &mapping, &AtomicU64::new(0)), &mapping);
}

fn mapping(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(Mapping::parse(text));
    }
}

fn rules(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(RuleSet::try_from_toml(text));
        drop(CustomRule::try_from_toml(text));
    }
}

fn submission(bytes: &[u8]) {
    if let Ok(read) = Submission::from_json(bytes) {
        let said = serde_json::to_vec(&read).unwrap();
        let again = Submission::from_json(&said).unwrap();
        assert!(
            again.says_the_same_as(&read),
            "{}",
            String::from_utf8_lossy(&said)
        );
        assert_eq!(again.event_id, read.event_id);
    }
}

fn feed(bytes: &[u8]) {
    if let Ok(read) = from_wire(bytes) {
        // Said again the time is to the microsecond, as the log has it.
        let said = to_wire(&read).unwrap();
        assert_eq!(to_wire(&from_wire(&said).unwrap()).unwrap(), said);
        drop(read.decode());
    }
}

fn checkpoint(bytes: &[u8]) {
    let Ok(note) = std::str::from_utf8(bytes) else {
        return;
    };
    let signer = Signer::new(HashAlgorithm::Sha256, &[7; 32]);
    if let Ok(said) = signer.verifier().open(note) {
        // Nothing but what the log signed can stand before the signature.
        let (text, _) = note.split_once("\n\n").unwrap();
        assert!(signer.sign(said.size, &said.root).starts_with(text));
    }
}

fn snapshot(bytes: &[u8]) {
    drop(unpack(bytes));
}

fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    drop(read_as_of(text));
    drop(read_known_at(text, BUSINESS_TIME_ZONE));
    if let Ok(cursor) = Cursor::from_text(text) {
        assert_eq!(Cursor::from_text(&cursor.to_text()), Ok(cursor));
    }
    if let Ok(mark) = Mark::<u64>::from_text(text) {
        assert_eq!(Mark::from_text(&mark.to_text()), Ok(mark));
    }
}

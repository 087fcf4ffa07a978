//! What may stand in a file: names, lengths, opening words.

use std::fmt::Write as _;

use crate::source::{Source, begins_a_path, names, names_part, top_level_items};

const MAX_LINES: usize = 600;

const NO_CLOCK: &str = "take an instant or a date as an argument, or a Clock at the edge";
const NO_SPAWN: &str = "start it as a role or a child of tasks.rs, where somebody sees it end";

/// Crates that look at karez from outside, or at others beside it.
const OUTSIDE: [&str; 2] = ["karez-tests", "karez-peers"];

/// What may be named in one room of the service only. Crates that look from outside are free.
const ROOMS: [Room; 7] = [
    room(
        "sqlx",
        "store/",
        "put the statement into a function of the store and call that",
    ),
    room(
        "async_nats",
        "bus/",
        "go through the intake or the feed, which also have an in-process form",
    ),
    room("Utc::now", "clock.rs", NO_CLOCK),
    room("Local::now", "clock.rs", NO_CLOCK),
    room("SystemTime::now", "clock.rs", NO_CLOCK),
    room("tokio::spawn", "tasks.rs", NO_SPAWN),
    room("task::spawn", "tasks.rs", NO_SPAWN),
];

struct Room {
    names: &'static str,
    /// Below `services/karez/src/`: a file, or a folder whose door is the `.rs` beside it.
    place: &'static str,
    advice: &'static str,
}

const fn room(names: &'static str, place: &'static str, advice: &'static str) -> Room {
    Room { names, place, advice }
}

impl Room {
    fn holds(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix("services/karez/src/") else {
            return false;
        };
        let door = self.place.strip_suffix('/').map(|folder| format!("{folder}.rs"));
        path.starts_with(self.place) || door.is_some_and(|door| path == door)
    }
}

pub fn name_outside_its_room(source: &Source) -> Vec<String> {
    if !source.is_rust() || source.home().is_none_or(|at| OUTSIDE.contains(&at.name)) {
        return vec![];
    }
    let mut wrong = vec![];
    for Room {
        names: name,
        place,
        advice,
    } in ROOMS.iter().filter(|room| !room.holds(&source.path))
    {
        for (number, _) in source.code().filter(|(_, line)| names(line, name)) {
            let path = &source.path;
            wrong.push(format!(
                "{path}:{number}: only services/karez/src/{place} may name {name}: {advice}"
            ));
        }
    }
    wrong
}

pub fn nameless_module(source: &Source) -> Vec<String> {
    const SAY_NOTHING: [&str; 8] = [
        "util", "utils", "common", "manager", "managers", "helper", "helpers", "misc",
    ];
    if !source.is_rust() {
        return vec![];
    }
    let mut wrong = vec![];
    if source.path.ends_with("/mod.rs") {
        wrong.push(format!(
            "{}: no mod.rs: name the file after the module, foo.rs beside foo/",
            source.path
        ));
    }
    let in_path = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let in_text = source.code().filter_map(|(_, line)| {
        line.split_whitespace()
            .skip_while(|word| *word != "mod")
            .nth(1)
            .map(|name| name.trim_end_matches(';'))
    });
    let mut blamed: Vec<&str> = in_path
        .chain(in_text)
        .filter(|name| SAY_NOTHING.contains(name))
        .collect();
    blamed.dedup();
    for name in blamed {
        wrong.push(format!(
            "{}: `{name}` says nothing: name the module after the noun it is about",
            source.path
        ));
    }
    wrong
}

pub fn long_file(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if !source.is_rust() || lines <= MAX_LINES {
        return vec![];
    }
    let mut items = top_level_items(&source.text);
    items.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let mut advice = String::new();
    for (item, length) in items.iter().take(3) {
        let _ = write!(advice, ", `{item}` ({length} lines)");
    }
    let advice = advice.trim_start_matches(", ");
    vec![format!(
        "{}: {lines} lines, more than {MAX_LINES}: split it by noun into files of its own folder; largest are {advice}",
        source.path
    )]
}

pub fn library_without_docs(source: &Source) -> Vec<String> {
    if !source.path.ends_with("src/lib.rs") || source.text.starts_with("//! ") {
        return vec![];
    }
    vec![format!(
        "{}: open it with `//!`: what the crate is, its invariants, where to read first",
        source.path
    )]
}

pub fn float_in_pure_crate(source: &Source) -> Vec<String> {
    if !source.is_rust() || !source.is_in_pure_crate() {
        return vec![];
    }
    let floats = source
        .code()
        .filter(|(_, line)| names_part(line, "f64") || names_part(line, "f32"));
    floats
        .map(|(number, _)| {
            format!(
                "{}:{number}: no floating point in a pure crate: use Money, Decimal or Ratio",
                source.path
            )
        })
        .collect()
}

/// A path of one machine works on one machine.
pub fn machine_path(source: &Source) -> Vec<String> {
    const MACHINE: [&str; 5] = ["/tmp/", "/work/", "/home/", "/root/", "/Users/"];
    // Deployment files are about machines; this file has to write down what it looks for.
    if source.path.starts_with("deploy/") || source.path == "tests/tests/house/text.rs" {
        return vec![];
    }
    let mut wrong = vec![];
    for (number, line) in (1..).zip(source.text.lines()) {
        for path in MACHINE.iter().filter(|path| begins_a_path(line, path)) {
            wrong.push(format!(
                "{}:{number}: {path} is a path of one machine: use a relative path, or tempfile in a test",
                source.path
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;
    use crate::{want_none, want_one};

    #[test]
    fn a_name_outside_its_room_is_noticed() {
        let wrong = name_outside_its_room(&source("services/karez/src/gateway.rs", "\nuse sqlx::Row;"));
        want_one(
            &wrong,
            "services/karez/src/gateway.rs:2: only services/karez/src/store/ may name sqlx",
        );
        let wrong = name_outside_its_room(&source("events/src/money.rs", "let at = chrono::Utc::now();"));
        want_one(&wrong, "services/karez/src/clock.rs may name Utc::now");
        let wrong = name_outside_its_room(&source(
            "services/karez/src/recorder.rs",
            "tokio::task::spawn(work);",
        ));
        want_one(&wrong, "services/karez/src/tasks.rs");
        for (path, text) in [
            ("services/karez/src/store/postgres.rs", "use sqlx::Row;"),
            ("services/karez/src/store.rs", "use sqlx::Row;"),
            (
                "services/karez/src/gateway.rs",
                "// sqlx would be wrong here\nlet my_sqlx = 1;",
            ),
            ("services/karez/src/tasks.rs", "tokio::spawn(work);"),
            ("tests/tests/pipeline.rs", "let nats = async_nats::connect(url);"),
        ] {
            want_none(&name_outside_its_room(&source(path, text)));
        }
    }

    #[test]
    fn a_module_name_that_says_nothing_is_noticed() {
        want_one(
            &nameless_module(&source("events/src/event/mod.rs", "")),
            "no mod.rs",
        );
        want_one(
            &nameless_module(&source("events/src/utils.rs", "")),
            "`utils` says nothing",
        );
        want_one(
            &nameless_module(&source("events/src/helpers/money.rs", "")),
            "`helpers`",
        );
        want_one(
            &nameless_module(&source("events/src/lib.rs", "pub(crate) mod common;")),
            "`common`",
        );
        want_one(
            &nameless_module(&source("events/src/lib.rs", "mod manager {")),
            "`manager`",
        );
        want_none(&nameless_module(&source(
            "events/src/lib.rs",
            "mod commonwealth;\nlet common = 1;",
        )));
    }

    #[test]
    fn a_long_file_is_noticed_and_told_what_to_split() {
        let text = format!(
            "impl Portfolio {{\n{}}}\nfn small() {{\n}}\n",
            "    line;\n".repeat(MAX_LINES)
        );
        let wrong = long_file(&source("projections/src/portfolio.rs", &text));
        want_one(&wrong, "604 lines, more than 600: split it by noun");
        want_one(&wrong, "`impl Portfolio` (602 lines), `fn small()` (2 lines)");
        want_none(&long_file(&source(
            "projections/src/unit.rs",
            &"\n".repeat(MAX_LINES),
        )));
    }

    #[test]
    fn a_library_without_docs_is_noticed() {
        want_one(
            &library_without_docs(&source("events/src/lib.rs", "pub mod money;")),
            "open it with",
        );
        want_none(&library_without_docs(&source(
            "events/src/lib.rs",
            "//! The vocabulary.",
        )));
    }

    #[test]
    fn floating_point_is_noticed_in_a_pure_crate() {
        for text in ["let rate: f64 = one;", "money.to_f64()", "fn f(x: Vec<f32>)"] {
            want_one(
                &float_in_pure_crate(&source("projections/src/unit.rs", text)),
                "unit.rs:1: no floating point",
            );
        }
        want_none(&float_in_pure_crate(&source(
            "events/src/chain.rs",
            "// not f64\nlet hash = \"0f64ab\";",
        )));
        want_none(&float_in_pure_crate(&source(
            "services/karez/src/telemetry.rs",
            "let seconds: f64 = one;",
        )));
    }

    #[test]
    fn a_path_of_one_machine_is_noticed() {
        want_one(
            &machine_path(&source("README.md", "run `/tmp/karez`")),
            "README.md:1: /tmp/ is a path of one machine",
        );
        want_one(
            &machine_path(&source("tests/src/lib.rs", "File::open(\"/home/me/x\")")),
            "/home/",
        );
        want_none(&machine_path(&source(
            "README.md",
            "GET /v1/work/7, https://example.org/home/, ../tmp/x",
        )));
        want_none(&machine_path(&source("deploy/systemd.md", "/home/karez")));
    }
}

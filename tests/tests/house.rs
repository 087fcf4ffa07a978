//! Holds the layout of the house: which crate may know which, what may be named where, how long a file is.
//!
//! Each check is a function from one file (its path and text) to what is wrong with it, and stands beside a
//! bad example that it must notice. Every complaint says what to do. Only the standard library is used: this
//! test must run whatever else does not.

#[path = "house/crates.rs"]
mod crates;
#[path = "house/rules.rs"]
mod rules;
#[path = "house/source.rs"]
mod source;
#[path = "house/text.rs"]
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use crates::{CRATES, clippy_settings_lost, dependency_against_the_arrows, unlisted_crate};
use rules::rule_without_manual_or_scenarios;
use source::{Source, has_ending, names};
use text::{
    float_in_pure_crate, library_without_docs, long_file, machine_path, name_outside_its_room,
    nameless_module,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code, prose and settings of the tree, without what is built, fetched or stored there.
fn tree() -> Vec<Source> {
    const NOT_OURS: [&str; 6] = [".git", ".tools", "target", "node_modules", "dist", "data"];
    let mut sources = vec![];
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap_or_default();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(entry.path());
            } else if kind.is_file()
                && ["rs", "md", "toml"]
                    .iter()
                    .any(|ending| has_ending(&name, ending))
            {
                let text = fs::read_to_string(entry.path()).unwrap();
                let path = entry
                    .path()
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

#[track_caller]
fn want_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_tree_is_read() {
    let tree = tree();
    for path in [
        "Cargo.toml",
        "events/src/lib.rs",
        "services/karez/src/main.rs",
        "tests/tests/house.rs",
    ] {
        assert!(
            tree.iter().any(|source| source.path == path),
            "{path} was not read"
        );
    }
}

#[test]
fn every_crate_is_listed_and_arrows_point_inwards() {
    let tree = tree();
    let manifests = tree.iter().filter(|source| source.path.ends_with("/Cargo.toml"));
    let wrong = manifests.flat_map(|at| [unlisted_crate(at), dependency_against_the_arrows(at)].concat());
    want_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn each_outside_thing_is_named_in_its_room_only() {
    want_none(&tree().iter().flat_map(name_outside_its_room).collect::<Vec<_>>());
}

#[test]
fn modules_have_names_that_say_something() {
    want_none(&tree().iter().flat_map(nameless_module).collect::<Vec<_>>());
}

#[test]
fn files_are_short_enough_to_read() {
    want_none(&tree().iter().flat_map(long_file).collect::<Vec<_>>());
}

#[test]
fn every_library_says_what_it_is() {
    want_none(&tree().iter().flat_map(library_without_docs).collect::<Vec<_>>());
}

#[test]
fn pure_crates_do_not_use_floating_point() {
    want_none(&tree().iter().flat_map(float_in_pure_crate).collect::<Vec<_>>());
}

#[test]
fn no_file_knows_this_machine() {
    want_none(&tree().iter().flat_map(machine_path).collect::<Vec<_>>());
}

#[test]
fn every_rule_has_its_manual_scenarios_and_place() {
    let tree = tree();
    let paths: Vec<&str> = tree.iter().map(|source| source.path.as_str()).collect();
    let catalogue = tree
        .iter()
        .find(|source| source.path == "alert-rules/src/catalogue.rs");
    let catalogue = catalogue.map_or("", |source| &source.text);
    let wrong = tree
        .iter()
        .flat_map(|rule| rule_without_manual_or_scenarios(rule, &paths, catalogue));
    want_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn pure_crates_keep_the_clippy_settings_of_all() {
    let root_settings = fs::read_to_string(root().join(".clippy.toml")).unwrap();
    for at in CRATES
        .iter()
        .filter(|at| at.pure && root().join(at.folder).exists())
    {
        let path = format!("{}/clippy.toml", at.folder);
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(
            names(&text, "disallowed-types"),
            "{path}: disallow f32 and f64 here, as events/clippy.toml does"
        );
        want_none(&clippy_settings_lost(&Source { path, text }, &root_settings));
    }
}

#[track_caller]
fn want_one(wrong: &[String], holding: &str) {
    assert!(
        wrong.len() == 1 && wrong[0].contains(holding),
        "wanted one complaint with {holding:?}: {wrong:?}"
    );
}

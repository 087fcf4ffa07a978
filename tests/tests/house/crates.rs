//! The crates of the workspace, and which may know which.

use crate::source::Source;

/// The crates from the inside out: each may depend on those before it and on none after it.
pub const CRATES: [Crate; 7] = [
    pure("karez-events", "events"),
    pure("karez-projections", "projections"),
    pure("karez-alert-rules", "alert-rules"),
    with_io("karez", "services/karez"),
    with_io("karez-fuzz", "tests/fuzz"),
    with_io("karez-peers", "tests/bench/peers"),
    with_io("karez-tests", "tests"),
];

/// Libraries that reach outside the process; their satellites (`tokio-util`, `axum-extra`) count as well.
const OUTSIDE: [&str; 7] = [
    "tokio",
    "sqlx",
    "async-nats",
    "axum",
    "reqwest",
    "tracing",
    "prometheus",
];

pub struct Crate {
    pub name: &'static str,
    pub folder: &'static str,
    pub pure: bool,
}

const fn pure(name: &'static str, folder: &'static str) -> Crate {
    Crate {
        name,
        folder,
        pure: true,
    }
}

const fn with_io(name: &'static str, folder: &'static str) -> Crate {
    Crate {
        name,
        folder,
        pure: false,
    }
}

/// Every crate is on the list above, so that none escapes the checks that go by it.
pub fn unlisted_crate(manifest: &Source) -> Vec<String> {
    let Some(name) = manifest
        .text
        .lines()
        .find_map(|line| line.strip_prefix("name = "))
    else {
        return vec![];
    };
    let name = name.trim_matches('"');
    let folder = manifest.path.trim_end_matches("/Cargo.toml");
    if CRATES.iter().any(|at| at.name == name && at.folder == folder) {
        return vec![];
    }
    vec![format!(
        "{}: the crate {name} is not in CRATES: say there between which crates it stands",
        manifest.path
    )]
}

/// Arrows point inwards, and nothing that reaches outside enters a pure crate.
pub fn dependency_against_the_arrows(manifest: &Source) -> Vec<String> {
    let Some(place) = CRATES
        .iter()
        .position(|at| manifest.path == format!("{}/Cargo.toml", at.folder))
    else {
        return vec![];
    };
    let here = &CRATES[place];
    let mut wrong = vec![];
    for dependency in dependencies(&manifest.text) {
        if let Some(other) = CRATES.iter().position(|at| at.name == dependency)
            && other >= place
        {
            wrong.push(format!(
                "{}: {} may not depend on {dependency}: arrows point inwards; move what is shared to the inner crate",
                manifest.path, here.name
            ));
        }
        if here.pure && reaches_outside(&dependency) {
            wrong.push(format!(
                "{}: {} is pure and may not depend on {dependency}: do this work in services/karez and pass the result in",
                manifest.path, here.name
            ));
        }
    }
    wrong
}

/// Clippy takes the nearest file alone, so a crate's own must repeat every setting of the root's.
pub fn clippy_settings_lost(own: &Source, root: &str) -> Vec<String> {
    let settings = root
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    settings
        .filter(|setting| !own.text.lines().any(|line| line == *setting))
        .map(|setting| format!("{}: repeat from .clippy.toml: {setting}", own.path))
        .collect()
}

/// The keys of every dependency table of a manifest, by their package names.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut found = vec![];
    let mut in_table = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            in_table = header.ends_with("dependencies") && !header.starts_with("workspace");
            if let Some((_, single)) = header.split_once("dependencies.") {
                found.push(single.to_string());
            }
        } else if let Some((_, renamed)) = line.split_once("package = \"") {
            found.extend(renamed.split('"').next().map(str::to_string));
        } else if in_table && !line.is_empty() && !line.starts_with('#') {
            found.extend(line.split(['.', '=', ' ']).next().map(str::to_string));
        }
    }
    found
}

fn reaches_outside(dependency: &str) -> bool {
    let is_satellite = |of: &str| {
        dependency
            .strip_prefix(of)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    OUTSIDE
        .iter()
        .any(|name| dependency == *name || is_satellite(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;
    use crate::{want_none, want_one};

    #[test]
    fn a_new_crate_is_noticed() {
        want_one(
            &unlisted_crate(&source("extra/Cargo.toml", "name = \"karez-extra\"")),
            "karez-extra is not in CRATES",
        );
        want_one(
            &unlisted_crate(&source("extra/Cargo.toml", "name = \"karez-events\"")),
            "not in CRATES",
        );
        want_none(&unlisted_crate(&source(
            "events/Cargo.toml",
            "[package]\nname = \"karez-events\"\n",
        )));
    }

    #[test]
    fn an_outward_arrow_is_noticed() {
        let manifest = source(
            "events/Cargo.toml",
            "[dependencies]\nkarez-projections.workspace = true\n",
        );
        want_one(
            &dependency_against_the_arrows(&manifest),
            "may not depend on karez-projections",
        );
        let manifest = source(
            "projections/Cargo.toml",
            "[dev-dependencies]\nkarez = { path = \"../services/karez\" }",
        );
        want_one(
            &dependency_against_the_arrows(&manifest),
            "may not depend on karez",
        );
        let manifest = source(
            "services/karez/Cargo.toml",
            "[dependencies]\nkarez-events.workspace = true\ntokio = \"1\"",
        );
        want_none(&dependency_against_the_arrows(&manifest));
    }

    #[test]
    fn a_library_that_reaches_outside_is_noticed_in_a_pure_crate() {
        for dependency in [
            "[dependencies]\nserde = \"1\"\ntokio = \"1\"",
            "[dependencies.tokio]\nversion = \"1\"",
            "[target.'cfg(unix)'.dependencies]\ntokio-util.workspace = true",
            "[dependencies]\nquiet = { package = \"tokio\", version = \"1\" }",
        ] {
            want_one(
                &dependency_against_the_arrows(&source("events/Cargo.toml", dependency)),
                "is pure",
            );
        }
        want_none(&dependency_against_the_arrows(&source(
            "events/Cargo.toml",
            "[features]\ntokio = []",
        )));
    }

    #[test]
    fn a_lost_clippy_setting_is_noticed() {
        let own = source("events/clippy.toml", "allow-unwrap-in-tests = true");
        let root = "# for all\ntoo-many-lines-threshold = 70\n\nallow-unwrap-in-tests = true\n";
        want_one(
            &clippy_settings_lost(&own, root),
            "repeat from .clippy.toml: too-many-lines-threshold = 70",
        );
    }
}

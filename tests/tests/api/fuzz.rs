//! The interface against its own description, by another program's tests: `scripts/fuzz`. `make fuzz` asks for more.

use std::process::Command;

use karez::authorization::Role;
use rstest::rstest;

use crate::office::Office;
use crate::world::{On, World};

/// The exit code by which the script says that it could not get its tools.
const SKIPPED: i32 = 77;

/// Runs the script. Without `KAREZ_FUZZ_EXAMPLES` it asks as little as tells whether something is broken.
async fn fuzz(url: String, key: Option<String>, phases: &'static str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/fuzz");
    let mut fuzz = Command::new(script);
    match std::env::var("KAREZ_FUZZ_EXAMPLES") {
        Ok(examples) => fuzz.args([&url, &examples]),
        Err(_) => fuzz.args([&url, "3", phases]),
    };
    fuzz.env_remove("KAREZ_KEY");
    if let Some(key) = key {
        fuzz.env("KAREZ_KEY", key);
    }
    let ended = tokio::task::spawn_blocking(move || fuzz.output())
        .await
        .unwrap()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ended.status.code() == Some(SKIPPED) {
        eprintln!("skipped: {}", said(&ended.stderr));
        return;
    }
    assert!(
        ended.status.success(),
        "{}{}",
        said(&ended.stdout),
        said(&ended.stderr)
    );
}

#[tokio::test]
async fn what_others_make_of_the_description_is_answered_as_it_says() {
    let world = World::new().await;
    fuzz(world.server.url(), None, "coverage,fuzzing").await;
}

#[rstest]
#[tokio::test]
async fn every_role_is_answered_as_the_description_says(
    #[values(
        None,
        Some(Role::Finance),
        Some(Role::Unit),
        Some(Role::Auditor),
        Some(Role::Supervisor),
        Some(Role::Admin)
    )]
    role: Option<Role>,
) {
    let office = Office::warned(On::Sqlite).await;
    let key = role.map(|role| office.key(role));
    fuzz(office.world.server.url(), key, "fuzzing").await;
}

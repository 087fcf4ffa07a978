//! The interface against its own description, by another program's tests: `scripts/fuzz`.

use std::process::Command;

use crate::world::World;

/// The exit code by which the script says that it could not get its tools.
const SKIPPED: i32 = 77;

#[tokio::test]
async fn what_others_make_of_the_description_is_answered_as_it_says() {
    let world = World::new().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/fuzz");
    let mut fuzz = Command::new(script);
    fuzz.args([&world.server.url(), "3"]);
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

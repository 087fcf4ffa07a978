//! Far more than can be recorded: callers are told to come back, memory stays where it was, and whoever insists is
//! recorded once when there is room again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use karez_tests::wait::eventually;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde_json::json;
use sqlx::{ConnectOptions, Connection};

use crate::world::{On, World, read};

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);
const SETTINGS: &str = "[sentinel]\ndaily_at = \"\"\n[http]\nconcurrent_requests = 64\n";
const CLIENTS: usize = 200;
/// Posts turned away before the memory is looked at first, and last: as many as a unit sends in years.
const FIRST: usize = 2_000;
const LAST: usize = 20_000;
/// What the process may hold more at the end, in KiB: less than the bodies of one post in six that was turned away.
const MORE_KIB: u64 = 16 * 1024;
const PURPOSE_LETTERS: usize = 4_000;

/// Posts what is different every time until so many were turned away; all others wait for the store.
async fn press(world: &World, turned_away: &AtomicUsize, most: usize, client: usize) {
    let mut turn = 0;
    while turned_away.load(Ordering::Relaxed) < most {
        turn += 1;
        let key = format!("{most}-{client}-{turn}");
        let body = json!({"occurred_on": "2024-05-06", "amount": "1.00", "voucher_no": key,
            "purpose": "x".repeat(PURPOSE_LETTERS)});
        let request = world.spend("P1", &key, &body.to_string());
        // Whoever got in waits; the others come back.
        let Ok(answer) = request.timeout(Duration::from_secs(2)).send().await else {
            continue;
        };
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(RETRY_AFTER));
        turned_away.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn far_beyond_what_it_can_record_it_turns_callers_away_and_takes_no_more_memory() {
    let world = World::configured(On::Sqlite, SETTINGS).await;
    let file = world.folder.path().join("karez.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();

    let turned_away = AtomicUsize::new(0);
    let mut held = Vec::new();
    for most in [FIRST, LAST] {
        let clients = (0..CLIENTS).map(|client| press(&world, &turned_away, most, client));
        join_all(clients).await;
        held.push(world.server.resident_kib().unwrap());
    }
    assert!(
        held[1] < held[0] + MORE_KIB,
        "KiB after {FIRST} and after {LAST}: {held:?}"
    );

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let insist = || async {
        let (status, receipt) = read(world.spend(
            "P1",
            "insisted",
            r#"{"occurred_on":"2024-05-06","amount":"1.00"}"#,
        ))
        .await;
        status.is_success().then_some(receipt)
    };
    let receipt = eventually("there is room again", SOON, insist).await.unwrap();
    assert_eq!(insist().await.unwrap()["position"], receipt["position"]);
    let verified = world.command(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

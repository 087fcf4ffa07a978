//! How long a sender waits for what becomes of a fact: `Prefer`.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::world::{On, World, body};
use karez_tests::wait::eventually;

const SOON: Duration = Duration::from_mins(1);
const SPENT: &str = r#"{"occurred_on":"2024-05-06","amount":"1.00"}"#;

async fn receipt(world: &World, pending: &Value) -> Value {
    let address = pending["receipt"].as_str().unwrap();
    let found = eventually("the receipt is there", SOON, || async {
        let (status, receipt) = world.get(address).await;
        (status == StatusCode::OK).then_some(receipt)
    });
    found.await.unwrap()
}

#[tokio::test]
async fn who_does_not_wait_is_told_where_the_receipt_will_be() {
    let world = World::on(On::SqliteAndNats).await;
    let request = world.spend("P1", "k", SPENT).header("Prefer", "respond-async");
    let answered = request.send().await.unwrap();
    assert_eq!(answered.status(), StatusCode::ACCEPTED);
    assert_eq!(answered.headers()["preference-applied"], "respond-async");
    let pending = body(answered).await;
    assert_eq!(pending["is_kept"], true);
    let receipt = receipt(&world, &pending).await;
    assert_eq!(receipt["receipt"]["event_id"], pending["event_id"]);
}

#[tokio::test]
async fn where_nothing_keeps_a_fact_safe_before_the_log_has_it_the_sender_waits() {
    let world = World::new().await;
    let request = world.spend("P1", "k", SPENT).header("Prefer", "respond-async");
    let answered = request.send().await.unwrap();
    assert_eq!(answered.status(), StatusCode::CREATED);
    assert!(answered.headers().get("preference-applied").is_none());
}

#[tokio::test]
async fn who_waits_so_long_and_no_longer_finds_the_fact_recorded_all_the_same() {
    let world = World::new().await;
    // A commit may be as quick as the shortest wait; then the next fact is tried.
    let mut tries = 0;
    let (key, answered) = loop {
        let key = format!("k{tries}");
        let request = world.spend("P1", &key, SPENT).header("Prefer", "wait=0");
        let answered = request.send().await.unwrap();
        if answered.status() != StatusCode::CREATED {
            break (key, answered);
        }
        tries += 1;
        assert!(tries < 100, "every commit was quicker than no wait at all");
    };
    assert_eq!(answered.status(), StatusCode::ACCEPTED);
    assert_eq!(answered.headers()["preference-applied"], "wait=0");
    let pending = body(answered).await;
    assert_eq!(pending["is_kept"], false);
    receipt(&world, &pending).await;
    let patient = world.spend("P1", &key, SPENT).header("Prefer", "wait=60");
    let again = patient.send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let unclear = world.spend("P1", "unclear", SPENT).header("Prefer", "wait=soon");
    assert_eq!(
        body(unclear.send().await.unwrap()).await["code"],
        "bad_preference"
    );
}

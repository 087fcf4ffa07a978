//! Facts over HTTP: recorded before they are answered, once, and seen at once.

use serde_json::json;

use crate::world::{ODD, ODD_ESCAPED, World, body, read};

const SPENT: &str =
    r#"{"occurred_on":"2024-05-06","amount":"1234.50","category":"labour","voucher_no":"007"}"#;

#[tokio::test]
async fn what_was_posted_is_seen_by_the_next_question() {
    let world = World::new().await;
    let posted = world.spend("P1", "erp/007/1", SPENT).send().await.unwrap();
    assert_eq!(posted.status(), 201);
    let location = posted.headers()["location"].to_str().unwrap().to_owned();
    let receipt = body(posted).await;
    assert_eq!(receipt["stream"], "project/P1");
    assert_eq!(receipt["version"], 6);

    let (_, project) = world.get("/v1/projects/P1?as_of=2024-12-31").await;
    assert_eq!(project["currencies"][0]["amounts"]["spent"], "1234.5");
    assert!(project["position"].as_u64() >= receipt["position"].as_u64());

    let (status, kept) = world.get(&location).await;
    assert_eq!(status, 200);
    assert_eq!(kept["receipt"]["hash"], receipt["hash"]);
    assert_eq!(kept["receipt"]["data"]["voucher_no"], "007");
}

#[tokio::test]
async fn the_same_key_lands_once_and_never_for_two_facts() {
    let world = World::new().await;
    let first = body(world.spend("P1", "k", SPENT).send().await.unwrap()).await;
    let again = world.spend("P1", "k", SPENT).send().await.unwrap();
    assert_eq!(again.status(), 200);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again = body(again).await;
    assert_eq!(
        (&again["position"], &again["hash"]),
        (&first["position"], &first["hash"])
    );

    let (status, conflict) = read(world.spend("P1", "k", &SPENT.replace("1234.50", "9.00"))).await;
    assert_eq!(status, 409);
    assert_eq!(conflict["code"], "key_conflict");
    assert_eq!(conflict["original_position"], first["position"]);
    let (status, original) = world.get(conflict["original"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(original["receipt"]["data"]["amount"], "1234.50");

    let (status, _) = read(world.spend("P2", "k", SPENT)).await;
    assert_eq!(status, 201, "the key of one project says nothing about another's");
}

#[tokio::test]
async fn any_fact_about_a_project_can_be_posted() {
    let world = World::new().await;
    let fact = json!({"type": "project_suspended", "occurred_on": "2024-06-01", "data": {"cause": "audit"},
        "metadata": {"document": {"number": "吐科〔2024〕9号"}}});
    let request = world
        .client
        .post(world.server.at(&format!("/v1/projects/{ODD_ESCAPED}/events")))
        .header("Idempotency-Key", "s1");
    let (status, receipt) = read(request.json(&fact)).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(receipt["stream"], format!("project/{ODD}"));
    let (_, project) = world
        .get(&format!("/v1/projects/{ODD_ESCAPED}?as_of=2024-07-01"))
        .await;
    assert_eq!(
        (&project["id"], &project["state"]),
        (&json!(ODD), &json!("suspended"))
    );
}

#[tokio::test]
async fn a_person_is_sealed_before_the_log_has_the_name() {
    let world = World::new().await;
    let body = r#"{"occurred_on":"2024-05-06","amount":"10","payee":{"name":"阿依古丽","account":"6222"}}"#;
    let (status, receipt) = read(world.spend("P1", "p", body)).await;
    assert_eq!(status, 201);
    let (_, kept) = world
        .get(&format!("/v1/receipts/{}", receipt["event_id"].as_str().unwrap()))
        .await;
    let payee = &kept["receipt"]["data"]["payee"];
    assert!(
        payee["name"]["sealed"].is_string() && payee["person"].is_string(),
        "{payee}"
    );
    assert!(!kept.to_string().contains("阿依古丽"));
}

#[tokio::test]
async fn what_was_acknowledged_outlives_the_server() {
    let world = World::new().await;
    let (_, receipt) = read(world.spend("P1", "k", SPENT)).await;
    let world = world.restarted().await;
    let (status, kept) = world
        .get(&format!("/v1/receipts/{}", receipt["event_id"].as_str().unwrap()))
        .await;
    assert_eq!(status, 200);
    assert_eq!(kept["receipt"]["position"], receipt["position"]);
}

//! What a posting would bring about, before it is posted.

use serde_json::{Value, json};

use crate::world::{World, read};

fn spent(key: &str, on: &str, amount: &str) -> Value {
    json!({"project": "P1", "idempotency_key": key, "type": "expenditure_recorded", "occurred_on": on,
        "data": {"amount": amount, "category": "labour"}})
}

#[tokio::test]
async fn a_posting_that_would_be_warned_about_is_shown_and_not_recorded() {
    let world = World::new().await;
    let position = world.get("/v1/overview").await.1["position"].clone();
    let (status, answer) = read(world.post("/v1/preview", &spent("x", "2024-05-06", "150000.00"))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["results"][0]["status"], "accepted");
    let raised = answer["raised"].as_array().unwrap();
    let over = raised
        .iter()
        .find(|change| change["rule"] == "negative_balance")
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(over["project"], "P1");
    assert_eq!(over["level_before"], Value::Null);
    assert!(over["level_after"].is_string());
    for text in [
        "code",
        "title_zh",
        "title_en",
        "sentence_zh",
        "sentence_en",
        "formula",
        "comes",
    ] {
        assert!(
            over[text].as_str().is_some_and(|text| !text.is_empty()),
            "{text}: {over}"
        );
    }
    assert_eq!(world.get("/v1/overview").await.1["position"], position);
}

#[tokio::test]
async fn what_would_happen_anyway_is_no_change_of_the_posting() {
    let world = World::new().await;
    read(world.spend(
        "P1",
        "big",
        r#"{"occurred_on":"2024-05-06","amount":"150000.00","category":"labour"}"#,
    ))
    .await;
    let (_, answer) = read(world.post("/v1/preview", &spent("y", "2024-05-07", "0.01"))).await;
    let is_over = |change: &Value| change["rule"] == "negative_balance";
    assert!(
        !answer["raised"].as_array().unwrap().iter().any(is_over),
        "{answer}"
    );

    // The same posting again changes nothing at all.
    let again = json!([{"project": "P1", "idempotency_key": "big", "type": "expenditure_recorded",
        "occurred_on": "2024-05-06", "data": {"amount": "150000.00", "category": "labour"}}]);
    let (_, answer) = read(world.post("/v1/preview", &again)).await;
    assert_eq!(answer["results"][0]["status"], "duplicate");
    assert_eq!(
        (&answer["raised"], &answer["changed"], &answer["lifted"]),
        (&json!([]), &json!([]), &json!([]))
    );
}

#[tokio::test]
async fn a_correction_shows_the_warning_that_it_would_end() {
    let world = World::new().await;
    let rows = json!([spent("v", "2024-05-06", "150000.00")]);
    let (_, posted) = read(world.post("/v1/events:batch", &rows)).await;
    let id = &posted["results"][0]["event_id"];
    let reversal = json!({"project": "P1", "idempotency_key": "r", "type": "expenditure_reversed",
        "occurred_on": "2024-05-07", "data": {"reverses": id}});
    let (status, answer) = read(world.post("/v1/preview", &reversal)).await;
    assert_eq!(status, 200, "{answer}");
    let is_over = |change: &Value| change["rule"] == "negative_balance";
    let lifted = answer["lifted"].as_array().unwrap();
    let over = lifted
        .iter()
        .find(|change| is_over(change))
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(over["level_after"], Value::Null);
}

#[tokio::test]
async fn what_would_be_refused_is_told_as_it_would_be() {
    let world = World::new().await;
    let rows = json!([
        {"project": "NOWHERE", "idempotency_key": "1", "type": "project_started", "occurred_on": "2024-05-06", "data": {}},
        {"project": "P1", "idempotency_key": "2", "type": "project_started", "data": {}},
    ]);
    let (status, answer) = read(world.post("/v1/preview", &rows)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["results"][0]["code"], "unknown_project");
    assert_eq!(answer["results"][1]["pointer"], "/occurred_on");
    assert_eq!(world.get("/v1/rejections").await.1["items"], json!([]));
}

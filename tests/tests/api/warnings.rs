//! Warnings over HTTP: what is raised, why, and what people do about it.

use std::time::Duration;

use karez_tests::wait::eventually;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, read};

/// A watched world in which P1 has spent more than it received, and the id of the warning about that.
async fn overspent() -> (World, String) {
    let world = World::watched().await;
    let body = r#"{"occurred_on":"2024-03-05","amount":"200000.00","category":"labour","voucher_no":"V1"}"#;
    let (status, posted) = read(world.spend("P1", "over", body)).await;
    assert_eq!(status, StatusCode::CREATED, "{posted}");
    let raised = eventually(
        "a warning of money spent that never came",
        Duration::from_mins(1),
        || async {
            let (_, list) = world.get("/v1/warnings?project=P1&rule=DQ-01").await;
            list["items"][0]["id"].as_str().map(str::to_owned)
        },
    )
    .await
    .unwrap();
    (world, raised)
}

impl World {
    /// Takes a step on a warning under a key.
    async fn step(&self, id: &str, step: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let request = self
            .client
            .post(self.server.at(&format!("/v1/warnings/{id}/{step}")))
            .header("Idempotency-Key", key)
            .json(body);
        read(request).await
    }
}

#[tokio::test]
async fn a_posting_beyond_the_balance_is_warned_of_with_formula_threshold_and_facts() {
    let (world, id) = overspent().await;
    let (status, warning) = world.get(&format!("/v1/warnings/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(warning["level"], "red");
    assert_eq!(warning["evidence"]["formula"], "U(all sources) = -140000.00 < 0");
    assert_eq!(warning["evidence_zh"]["formula"], "全部来源余额 = -140000.00 < 0");
    assert_eq!(
        warning["evidence_en"]["figures"][0]["name"],
        "Balance of fiscal money"
    );
    assert_eq!(
        warning["evidence"]["facts"].as_array().unwrap().len(),
        1,
        "{warning}"
    );
    let (_, posted) = world.get("/v1/projects/P1/events").await;
    let events = posted["items"].as_array().unwrap();
    assert!(
        events
            .iter()
            .any(|event| event["event_id"] == warning["evidence"]["facts"][0])
    );
    let (_, others) = world.get("/v1/warnings?project=P2").await;
    assert!(
        others["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["rule"] != "negative_balance")
    );
}

#[tokio::test]
async fn people_take_note_assign_answer_order_and_lift() {
    let (world, id) = overspent().await;
    let steps = [
        ("acknowledge", json!({})),
        ("assign", json!({"assignee": "王主任", "due_on": "2030-01-31"})),
        ("answer", json!({"text": "凭证金额多录一个零"})),
        (
            "rectification",
            json!({"items": ["冲销V1"], "due_on": "2030-01-31"}),
        ),
        ("rectification/report", json!({"text": "已冲销"})),
        ("rectification/acceptance", json!({})),
    ];
    for (step, body) in &steps {
        let (status, answer) = world.step(&id, step, step, body).await;
        assert_eq!(status, StatusCode::CREATED, "{step}: {answer}");
    }
    let (_, warning) = world.get(&format!("/v1/warnings/{id}")).await;
    assert!(warning["acknowledged_at"].is_string(), "{warning}");
    assert_eq!(warning["assignee"], "王主任");
    assert_eq!(warning["answer"], "凭证金额多录一个零");
    assert!(warning["rectification"]["accepted_on"].is_string(), "{warning}");

    let (status, lifted) = world
        .step(&id, "lift", "lift", &json!({"cause": "录入错误，已说明"}))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{lifted}");
    let (status, again) = world
        .step(&id, "lift", "lift", &json!({"cause": "录入错误，已说明"}))
        .await;
    assert_eq!(
        status,
        StatusCode::OK,
        "the same step again is answered with the first receipt: {again}"
    );
    assert_eq!(again["position"], lifted["position"]);
    let (_, warning) = world.get(&format!("/v1/warnings/{id}")).await;
    assert_eq!(warning["is_open"], false);
    assert_eq!(warning["ending"]["cause"], "录入错误，已说明");
    let (status, refused) = world.step(&id, "acknowledge", "late", &json!({})).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("warning_ended"))
    );
}

#[tokio::test]
async fn a_step_that_says_nothing_or_is_about_nothing_is_refused_with_what_to_do() {
    let (world, id) = overspent().await;
    let (status, refused) = world.step(&id, "dismiss", "1", &json!({"cause": "  "})).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("words_missing"))
    );
    assert_eq!(refused["pointer"], "/cause", "{refused}");
    let (status, refused) = world.step(&id, "assign", "2", &json!({})).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("malformed")),
        "{refused}"
    );
    let (status, _) = world.step("DQ-01-none", "acknowledge", "3", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let without_key = world
        .client
        .post(world.server.at(&format!("/v1/warnings/{id}/acknowledge")));
    let (status, refused) = read(without_key).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::BAD_REQUEST, Some("missing_idempotency_key"))
    );
    let (status, refused) = world.get("/v1/warnings?level=pink").await;
    assert_eq!(
        (status, refused["parameter"].as_str()),
        (StatusCode::BAD_REQUEST, Some("level")),
        "{refused}"
    );
}

#[tokio::test]
async fn the_rules_in_force_are_listed_with_manual_and_thresholds() {
    let world = World::new().await;
    let (_, list) = world.get("/v1/rules").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 40);
    assert!(items.iter().all(|rule| rule["is_on"] == true));
    let (status, rule) = world.get("/v1/rules/ST-01").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(rule["name"], "idle_funds");
    for manual in ["manual_zh", "manual_en"] {
        assert!(rule[manual].as_str().unwrap().starts_with("# ST-01"), "{rule}");
    }
    assert!(
        rule["thresholds"].as_str().unwrap().contains("[rules.idle_funds"),
        "{rule}"
    );
    let (status, _) = world.get("/v1/rules/none").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

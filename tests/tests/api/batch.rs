//! Many facts at once: a result for each, all or none, or only asked.

use serde_json::{Value, json};

use crate::world::{On, World, read};

fn row(project: &str, key: &str, amount: &str) -> Value {
    json!({"project": project, "idempotency_key": key, "type": "expenditure_recorded", "occurred_on": "2024-05-06",
        "data": {"amount": amount, "category": "labour"}})
}

async fn positions(world: &World) -> u64 {
    world.get("/v1/overview").await.1["position"].as_u64().unwrap()
}

fn statuses(answer: &Value) -> Vec<&str> {
    let rows = answer["results"].as_array().unwrap().iter();
    rows.map(|row| row["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_row_has_its_own_end() {
    let world = World::new().await;
    let rows = json!([
        row("P1", "b/1", "10.00"),
        row("P1", "b/1", "10.00"),
        row("P1", "b/1", "11.00"),
        row("NOWHERE", "b/2", "10.00"),
        {"project": "P2", "idempotency_key": "b/3", "type": "expenditure_recorded", "occurred_on": "2024-05-06",
            "data": {"amount": 10}},
        row("P2", "b/4", "12.00"),
    ]);
    let (status, answer) = read(world.post("/v1/events:batch", &rows)).await;
    assert_eq!(status, 200, "{answer}");
    let ends = [
        "recorded",
        "duplicate",
        "rejected",
        "rejected",
        "rejected",
        "recorded",
    ];
    assert_eq!(statuses(&answer), ends, "{answer}");
    assert_eq!(
        answer["counts"],
        json!({"recorded": 2, "duplicate": 1, "rejected": 3, "accepted": 0, "unavailable": 0})
    );
    let results = &answer["results"];
    assert_eq!(results[1]["position"], results[0]["position"]);
    assert_eq!(results[2]["code"], "key_conflict");
    assert_eq!(
        (&results[3]["code"], &results[3]["pointer"]),
        (&json!("unknown_project"), &json!("/project"))
    );
    assert_eq!(
        (&results[4]["code"], &results[4]["pointer"]),
        (&json!("malformed"), &json!("/data/amount"))
    );
    for rejected in [2, 3, 4] {
        assert!(results[rejected]["rejection_id"].is_string(), "{answer}");
        assert!(results[rejected]["message_zh"].is_string() && results[rejected]["message_en"].is_string());
    }
    let receipt = format!("/v1/receipts/{}", results[5]["event_id"].as_str().unwrap());
    assert_eq!(world.get(&receipt).await.1["receipt"]["data"]["amount"], "12.00");
    let (_, project) = world.get("/v1/projects/P1?as_of=2024-12-31").await;
    assert_eq!(project["currencies"][0]["amounts"]["spent"], "10");
    let (_, kept) = world.get("/v1/rejections").await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 3, "{kept}");
}

#[tokio::test]
async fn lines_are_taken_as_an_array_is_and_a_broken_line_harms_no_other() {
    let world = World::on(On::SqliteAndNats).await;
    let lines = format!(
        "{}\r\n\n{{\"project\":\n{}",
        row("P1", "n/1", "1.00"),
        row("P1", "n/2", "2.00")
    );
    let request = world.client.post(world.server.at("/v1/events:batch"));
    let request = request.header("Content-Type", "application/x-ndjson").body(lines);
    let (status, answer) = read(request).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        statuses(&answer),
        ["recorded", "rejected", "recorded"],
        "{answer}"
    );
    assert_eq!(answer["results"][1]["code"], "malformed_json");
}

#[tokio::test]
async fn an_atomic_batch_lands_whole_or_not_at_all() {
    let world = World::new().await;
    let before = positions(&world).await;
    let rows = json!([row("P1", "a/1", "10.00"), row("NOWHERE", "a/2", "10.00")]);
    let (status, answer) = read(world.post("/v1/events:batch?atomic=true", &rows)).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (422, &json!("batch_rejected")),
        "{answer}"
    );
    assert_eq!(statuses(&answer), ["accepted", "rejected"]);
    assert_eq!(positions(&world).await, before);

    // A row may rest on one before it.
    let rows = json!([
        {"project": "P9", "idempotency_key": "a/3", "type": "project_approved", "occurred_on": "2024-02-01",
            "data": {"title": "新项目", "unit": "U9"}},
        row("P9", "a/4", "10.00"),
    ]);
    let (status, answer) = read(world.post("/v1/events:batch?atomic=true", &rows)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(statuses(&answer), ["recorded", "recorded"]);
    let (status, answer) = read(world.post("/v1/events:batch?atomic=true", &rows)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(statuses(&answer), ["duplicate", "duplicate"]);
    assert_eq!(positions(&world).await, before + 2);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new().await;
    read(world.spend(
        "P1",
        "d/0",
        r#"{"occurred_on":"2024-05-06","amount":"5","payee":{"name":"张三"}}"#,
    ))
    .await;
    let before = positions(&world).await;
    let mut same = row("P1", "d/0", "5");
    same["data"] = json!({"amount": "5", "payee": {"name": "张三"}});
    let mut other = same.clone();
    other["data"]["payee"]["name"] = json!("李四");
    let rows = json!([
        same,
        other,
        row("P1", "d/1", "1.00"),
        row("P1", "d/1", "2.00"),
        row("P1", "d/2", "1.001")
    ]);
    let (status, answer) = read(world.post("/v1/events:batch?dry_run=true", &rows)).await;
    assert_eq!(status, 200, "{answer}");
    let ends = ["duplicate", "rejected", "accepted", "rejected", "rejected"];
    assert_eq!(statuses(&answer), ends, "{answer}");
    assert_eq!(answer["results"][4]["code"], "wrong_precision");
    assert_eq!(positions(&world).await, before);
    assert_eq!(world.get("/v1/rejections").await.1["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_batch_is_refused_whole() {
    let world = World::new().await;
    let many: Vec<Value> = (0..1_001)
        .map(|index| row("P1", &format!("m/{index}"), "1"))
        .collect();
    for (body, status, code) in [
        (json!([]), 422, "no_rows"),
        (json!(many), 413, "too_many_rows"),
        (json!("x"), 422, "malformed"),
    ] {
        let (found, answer) = read(world.post("/v1/events:batch", &body)).await;
        assert_eq!(
            (found.as_u16(), answer["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
    }
    let with_key = world.post("/v1/events:batch", &json!([row("P1", "k", "1")]));
    let (status, answer) = read(with_key.header("Idempotency-Key", "k")).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("key_per_row")));
    let (status, answer) = read(world.post("/v1/events:batch?atomic=yes", &json!([]))).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("bad_query")));
}

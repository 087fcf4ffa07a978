//! What was answered as refused is kept once with its code, and is never in the log.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{On, World, read};

/// A request and how it is refused.
struct Wrong {
    path: &'static str,
    key: Option<&'static str>,
    body: Value,
    status: u16,
    code: &'static str,
}

fn wrong() -> [Wrong; 8] {
    let expenditures = "/v1/projects/P1/expenditures";
    let events = "/v1/projects/P1/events";
    let spent = |more: &Value| {
        let mut spent = json!({"occurred_on": "2024-05-06", "amount": "10.00"});
        let more = more.as_object().unwrap().clone();
        spent.as_object_mut().unwrap().extend(more);
        spent
    };
    let fact = |data: &Value, metadata: &Value| json!({"type": "expenditure_recorded", "occurred_on": "2024-05-06", "data": data, "metadata": metadata});
    let refused = |path, key, body, status, code| Wrong {
        path,
        key,
        body,
        status,
        code,
    };
    let imported = json!({"source_system": "import:iati"});
    let two = json!({"idempotency_key": "theirs"});
    let ten = json!({"amount": "10.00"});
    [
        refused(expenditures, Some("k1"), spent(&imported), 422, "reserved_source"),
        refused(events, Some("k2"), fact(&ten, &imported), 422, "reserved_source"),
        refused(events, Some("ours"), fact(&ten, &two), 400, "two_keys"),
        refused(
            expenditures,
            Some("ours"),
            spent(&json!({"metadata": two})),
            400,
            "two_keys",
        ),
        refused(
            expenditures,
            None,
            spent(&json!({})),
            400,
            "missing_idempotency_key",
        ),
        refused(
            expenditures,
            Some("凭证"),
            spent(&json!({})),
            400,
            "bad_idempotency_key",
        ),
        refused(
            events,
            Some("k3"),
            fact(&json!({"amount": 10}), &json!({})),
            422,
            "malformed",
        ),
        refused(
            expenditures,
            Some("k4"),
            spent(&json!({"amount": "10.005", "payee": {"name": "张三"}})),
            422,
            "wrong_precision",
        ),
    ]
}

#[rstest]
#[tokio::test]
async fn what_was_refused_is_never_recorded_and_kept_once(
    #[values(On::Sqlite, On::Postgres, On::SqliteAndNats)] on: On,
) {
    let world = World::on(on).await;
    let (_, before) = world.get("/v1/events").await;
    let mut kept_as = Vec::new();
    for wrong in wrong() {
        let mut ids = Vec::new();
        // A client that hears "refused" may well send the same once more.
        for _ in 0..2 {
            let mut request = world.client.post(world.server.at(wrong.path)).json(&wrong.body);
            if let Some(key) = wrong.key {
                request = request.header("Idempotency-Key", key);
            }
            let (status, problem) = read(request).await;
            assert_eq!(status, wrong.status, "{problem}");
            assert_eq!(problem["code"], wrong.code, "{problem}");
            ids.push(problem["rejection_id"].clone());
        }
        assert!(ids[0].is_string(), "{}", wrong.code);
        assert_eq!(ids[0], ids[1], "{}", wrong.code);
        kept_as.push((ids[0].clone(), json!(wrong.code)));
    }
    let (_, kept) = world.get("/v1/rejections").await;
    let mut kept: Vec<(Value, Value)> = kept["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| (kept["rejection_id"].clone(), kept["code"].clone()))
        .collect();
    kept.sort_by_key(|(id, _)| id.to_string());
    kept_as.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(kept, kept_as);

    // Nor after a restart, when the recorder reads again what it has not marked as done.
    let world = world.restarted().await;
    let (_, after) = world.get("/v1/events").await;
    assert_eq!(after["position"], before["position"]);
    assert_eq!(after["items"], before["items"]);
    let (status, receipt) =
        read(world.spend("P1", "k1", r#"{"occurred_on":"2024-05-06","amount":"10.00"}"#)).await;
    assert_eq!(status, 201, "a refused key is free: {receipt}");
}

#[tokio::test]
async fn each_content_is_kept_though_the_key_is_one() {
    let world = World::on(On::Sqlite).await;
    let mut ids = Vec::new();
    for amount in ["10.005", "10.006", "10.005"] {
        let body = json!({"occurred_on": "2024-05-06", "amount": amount}).to_string();
        let (status, problem) = read(world.spend("P1", "k", &body)).await;
        assert_eq!(status, 422, "{problem}");
        ids.push(problem["rejection_id"].clone());
    }
    assert_eq!(ids[0], ids[2]);
    let (_, kept) = world.get("/v1/rejections").await;
    let kept = kept["items"].as_array().unwrap();
    let kept: Vec<&Value> = kept.iter().map(|kept| &kept["rejection_id"]).collect();
    assert_eq!(kept, [&ids[1], &ids[0]]);
}

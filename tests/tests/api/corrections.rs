//! Corrections: further facts about an expenditure that is in the address.

use std::time::Duration;

use karez_tests::wait::eventually;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::world::{World, read};

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);

struct Posted {
    world: World,
    id: String,
}

impl Posted {
    async fn new() -> Self {
        let world = World::new().await;
        let body = r#"{"occurred_on":"2024-05-06","amount":"100.00","category":"labour"}"#;
        let (_, receipt) = read(world.spend("P1", "e", body)).await;
        let id = receipt["event_id"].as_str().unwrap().to_owned();
        Self { world, id }
    }

    fn correct(&self, what: &str, body: &Value) -> RequestBuilder {
        let path = format!("/v1/projects/P1/expenditures/{}/{what}", self.id);
        self.world.post(&path, body).header("Idempotency-Key", what)
    }

    async fn spent(&self) -> Value {
        let (_, project) = self.world.get("/v1/projects/P1?as_of=2024-12-31").await;
        project["currencies"][0]["amounts"]["spent"].clone()
    }
}

#[tokio::test]
async fn a_reversal_undoes_once_and_no_more() {
    let posted = Posted::new().await;
    let body = json!({"occurred_on": "2024-06-01", "reason": "重复入账"});
    let (status, receipt) = read(posted.correct("reversal", &body)).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(posted.spent().await, "0");
    let again = posted.correct("reversal", &body).send().await.unwrap();
    assert_eq!(
        (again.status().as_u16(), &again.headers()["idempotency-replayed"]),
        (200, &"true".parse().unwrap())
    );
    let (status, refused) =
        read(posted.correct("refund", &json!({"occurred_on": "2024-06-02", "amount": "1"}))).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &json!("already_reversed"))
    );
    assert_eq!(refused["pointer"], Value::Null, "what is wrong is in the address");
}

#[tokio::test]
async fn a_part_moves_to_another_category_and_a_part_comes_back() {
    let posted = Posted::new().await;
    let moved = json!({"occurred_on": "2024-06-01", "amount": "30.00", "to_category": "materials"});
    let (status, receipt) = read(posted.correct("reclassification", &moved)).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(posted.spent().await, "100");
    let (status, receipt) =
        read(posted.correct("refund", &json!({"occurred_on": "2024-06-02", "amount": "40.00"}))).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(posted.spent().await, "60");
}

#[tokio::test]
async fn when_all_of_it_has_moved_there_is_nothing_left_to_move() {
    let posted = Posted::new().await;
    let path = format!("/v1/projects/P1/expenditures/{}/reclassification", posted.id);
    for (key, status) in [("first", 201), ("second", 422)] {
        let body = json!({"occurred_on": "2024-06-01", "to_category": "materials"});
        let request = posted.world.post(&path, &body).header("Idempotency-Key", key);
        let (answered, answer) = read(request).await;
        assert_eq!(answered, status, "{key}: {answer}");
    }
}

#[tokio::test]
async fn a_late_posting_is_taken_with_its_reason_and_its_lateness_is_judged() {
    let world = World::watched().await;
    let approval = json!({"type": "project_approved", "occurred_on": "2024-02-01",
        "data": {"title": "项目九", "unit": "U0", "fund": "KJ"}});
    let approved = world.post("/v1/projects/P9/events", &approval);
    read(approved.header("Idempotency-Key", "approval")).await;
    let body = r#"{"occurred_on":"2024-03-05","posted_on":"2024-09-30","amount":"1.00","reason":"发票迟到"}"#;
    let (status, receipt) = read(world.spend("P9", "late", body)).await;
    assert_eq!(status, 201, "{receipt}");
    let (_, history) = world.get("/v1/projects/P9/events").await;
    let kept = history["items"].as_array().unwrap().last().unwrap();
    assert_eq!(kept["metadata"]["reason"], "发票迟到", "{kept}");
    let raised = || async {
        let (_, list) = world.get("/v1/warnings?project=P9&rule=late_entry").await;
        list["items"][0]["id"].as_str().map(str::to_owned)
    };
    let id = eventually("the lateness is judged", SOON, raised).await.unwrap();
    let (_, warning) = world.get(&format!("/v1/warnings/{id}")).await;
    assert_eq!(
        warning["evidence"]["facts"],
        json!([receipt["event_id"]]),
        "{warning}"
    );
}

#[tokio::test]
async fn a_correction_names_its_expenditure_in_the_address_only() {
    let posted = Posted::new().await;
    let (status, refused) = read(posted.correct(
        "reversal",
        &json!({"occurred_on": "2024-06-01", "reverses": posted.id}),
    ))
    .await;
    assert_eq!(
        (status.as_u16(), &refused["pointer"]),
        (422, &json!("/reverses")),
        "{refused}"
    );
    let strange = posted.world.post(
        "/v1/projects/P1/expenditures/7/reversal",
        &json!({"occurred_on": "2024-06-01"}),
    );
    assert_eq!(read(strange.header("Idempotency-Key", "x")).await.0, 404);
    let early = read(posted.correct("refund", &json!({"occurred_on": "2024-05-01", "amount": "1"}))).await;
    assert_eq!(
        (early.0.as_u16(), &early.1["code"], &early.1["pointer"]),
        (422, &json!("before_original"), &json!("/occurred_on"))
    );
}

#[tokio::test]
async fn a_disbursement_is_posted_like_an_expenditure() {
    let world = World::new().await;
    let body = json!({"occurred_on": "2024-04-01", "amount": "1000.00", "tranche_no": "2"});
    let request = world
        .post("/v1/projects/P1/disbursements", &body)
        .header("Idempotency-Key", "pay/2");
    let (status, receipt) = read(request).await;
    assert_eq!(status, 201, "{receipt}");
    let (_, project) = world.get("/v1/projects/P1?as_of=2024-12-31").await;
    assert_eq!(project["currencies"][0]["amounts"]["disbursed"], "61000");
}

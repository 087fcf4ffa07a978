//! Corrections: further facts about an expenditure that is in the address.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::world::{World, read};

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

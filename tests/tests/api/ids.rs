//! Ids: nobody can take that of another's fact, or of a warning that is to come.

use karez::authorization::Role;
use karez_events::Submission;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::office::{Office, bearer};
use crate::world::read;

fn row(project: &str, id: Uuid) -> Value {
    json!({"project": project, "event_id": id, "type": "expenditure_recorded", "occurred_on": "2024-05-06",
        "data": {"amount": "0.01"}})
}

#[tokio::test]
async fn an_id_that_somebody_else_could_come_upon_is_not_taken_nor_asked_about() {
    let office = Office::new().await;
    let unit = office.key(Role::Unit);
    // What another unit's voucher will be recorded under, and what a warning's first step would be.
    let of_voucher = Submission::id_of_key("project/P2", "2024-0777/1");
    let of_warning = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"PS-02-5f4709e4dd9c51ab/0");
    for id in [of_voucher, of_warning, Uuid::nil()] {
        for path in ["/v1/preview", "/v1/events:batch", "/v1/events:batch?dry_run=true"] {
            let request = office
                .request("POST", path)
                .header(AUTHORIZATION, bearer(&unit))
                .json(&json!([row("P1", id)]));
            let (_, answer) = read(request).await;
            let told = &answer["results"][0];
            assert_eq!(told["code"], "reserved_id", "{path}: {answer}");
            assert_eq!(told["original_position"], Value::Null, "{answer}");
        }
        let body = json!({"occurred_on": "2024-05-06", "amount": "0.01", "event_id": id}).to_string();
        let request = office
            .request("POST", "/v1/projects/P1/expenditures")
            .header(AUTHORIZATION, bearer(&unit))
            .header("Content-Type", "application/json")
            .body(body);
        let (status, refused) = read(request).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (422, &json!("reserved_id")),
            "{refused}"
        );
    }
    // Its own key on its own project, or a random id, is nobody else's.
    for id in [Submission::id_of_key("project/P1", "k"), Uuid::now_v7()] {
        let mut sent = row("P1", id);
        if id.get_version_num() == 5 {
            sent["idempotency_key"] = json!("k");
        }
        let request = office
            .request("POST", "/v1/events:batch")
            .header(AUTHORIZATION, bearer(&unit))
            .json(&json!([sent]));
        let (_, answer) = read(request).await;
        assert_eq!(answer["results"][0]["status"], "recorded", "{answer}");
    }
}

//! Facts to submit.

use karez_events::Submission;
use serde_json::{Value, json};
use uuid::Uuid;

/// An id as programs draw them, of version 4; each number has its own.
pub fn id(number: u128) -> Uuid {
    uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid()
}

fn submission(value: &Value) -> Submission {
    Submission::from_json(value.to_string().as_bytes()).unwrap()
}

/// A fact as programs send it.
pub fn wire(id: u128, stream: &str, event_type: &str, data: &Value) -> Value {
    json!({
        "event_id": self::id(id), "stream": stream, "type": event_type,
        "occurred_on": "2024-03-01", "data": data,
    })
}

/// The approval of a project of unit U1.
pub fn approval(id: u128, project: &str) -> Submission {
    let data = json!({"title": "盐碱地改良", "unit": "U1", "amount": "100000.00"});
    submission(&wire(
        id,
        &format!("project/{project}"),
        "project_approved",
        &data,
    ))
}

/// Money spent by a project.
pub fn expenditure(id: u128, project: &str, amount: &str) -> Submission {
    submission(&expenditure_wire(id, project, amount))
}

/// Money spent by a project, as programs send it.
pub fn expenditure_wire(id: u128, project: &str, amount: &str) -> Value {
    let data = json!({"amount": amount, "voucher_no": format!("{id:04}")});
    wire(id, &format!("project/{project}"), "expenditure_recorded", &data)
}

/// Money paid to a person.
pub fn paid_to(id: u128, project: &str, payee: &str) -> Submission {
    let data = json!({"amount": "20.00", "payee": {"name": payee, "id_number": format!("ID-{payee}")}});
    submission(&wire(
        id,
        &format!("project/{project}"),
        "expenditure_recorded",
        &data,
    ))
}

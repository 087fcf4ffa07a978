//! What units and the office send: facts about a few projects, dated today or somewhat earlier.

use chrono::{Days, NaiveDate};
use karez_events::{StreamId, Submission};
use karez_projections::Portfolio;
use karez_tests::moments::Moments;
use serde_json::{Value, json};
use uuid::Uuid;

const PROJECTS: u64 = 4;
/// Days by which a fact may be late.
const LATE_DAYS: u64 = 45;

/// The first facts: every project approved, under contract, and with a budget.
pub fn first_facts(today: NaiveDate) -> Vec<Submission> {
    let mut facts = Vec::new();
    for project in 0..PROJECTS {
        let stream = format!("project/P{project}");
        let begun = today - Days::new(200 + 20 * project);
        let end = today + Days::new(30 * project + 10);
        let approved =
            json!({"title": "盐碱地改良", "unit": format!("U{}", project % 2), "amount": "100000.00"});
        let signed = json!({"start_on": begun, "end_on": end});
        let budget = json!({"fiscal_year": 2024, "lines": [
            {"category": "labour", "amount": "60000.00"}, {"category": "equipment", "amount": "40000.00"}]});
        for (index, (what, data)) in [
            ("project_approved", approved),
            ("contract_signed", signed),
            ("budget_approved", budget),
        ]
        .into_iter()
        .enumerate()
        {
            let id = Uuid::from_u128(u128::from(project) * 10 + index as u128 + 1);
            facts.push(submission(id, &stream, what, begun, &data));
        }
    }
    facts
}

/// A fact, drawn.
pub fn fact(moments: &mut Moments, id: Uuid, today: NaiveDate, known: &Portfolio) -> Submission {
    let stream = format!("project/P{}", moments.below(PROJECTS));
    let unit = format!("unit/U{}", moments.below(2));
    let on = today - Days::new(moments.below(LATE_DAYS));
    let amount = format!("{}.{:02}", 1 + moments.below(30_000), moments.below(100));
    let category = ["labour", "equipment", "travel"][usize::try_from(moments.below(3)).unwrap()];
    match moments.below(20) {
        0 => submission(id, &stream, "project_started", on, &json!({})),
        1 | 2 => submission(id, &stream, "funds_disbursed", on, &json!({ "amount": amount })),
        3 | 4 => submission(id, &stream, "funds_arrived", on, &json!({ "amount": amount })),
        5 => submission(id, &stream, "project_suspended", on, &json!({})),
        6 => submission(id, &stream, "project_resumed", on, &json!({})),
        7 => {
            let own = json!({"amount": amount, "category": category, "source": "self_raised"});
            submission(id, &stream, "expenditure_recorded", on, &own)
        }
        8 => correction(moments, id, today, known)
            .unwrap_or_else(|| submission(id, &stream, "project_started", on, &json!({}))),
        9 => {
            let closed = json!({"from_on": on - Days::new(30), "to_on": on});
            submission(id, &unit, "period_closed", on, &closed)
        }
        10 | 11 => step(moments, id, today, known)
            .unwrap_or_else(|| submission(id, &stream, "project_resumed", on, &json!({}))),
        _ => {
            let spent = json!({"amount": amount, "category": category, "voucher_no": id});
            submission(id, &stream, "expenditure_recorded", on, &spent)
        }
    }
}

/// Undoes an expenditure that is known.
fn correction(moments: &mut Moments, id: Uuid, today: NaiveDate, known: &Portfolio) -> Option<Submission> {
    let projects: Vec<_> = known.projects().collect();
    let project = projects.get(usize::try_from(moments.below(projects.len().max(1) as u64)).ok()?)?;
    let entries = &project.entries;
    let entry = entries.get(usize::try_from(moments.below(entries.len().max(1) as u64)).ok()?)?;
    let data = json!({ "reverses": entry.event_id });
    Some(submission(
        id,
        &format!("project/{}", project.id),
        "expenditure_reversed",
        today,
        &data,
    ))
}

/// What a person does about a warning that is known.
fn step(moments: &mut Moments, id: Uuid, today: NaiveDate, known: &Portfolio) -> Option<Submission> {
    let open: Vec<_> = known
        .warnings()
        .iter()
        .filter(|warning| warning.is_open())
        .collect();
    let warning = open.get(usize::try_from(moments.below(open.len().max(1) as u64)).ok()?)?;
    let stream = StreamId::Warning(warning.id.clone()).to_string();
    if moments.below(3) == 0 {
        let ending = json!({"cause": "查无此事", "as_of": today});
        return Some(submission(id, &stream, "warning_dismissed", today, &ending));
    }
    Some(submission(id, &stream, "warning_acknowledged", today, &json!({})))
}

fn submission(id: Uuid, stream: &str, what: &str, on: NaiveDate, data: &Value) -> Submission {
    let wire = json!({"event_id": id, "stream": stream, "type": what, "occurred_on": on, "data": data});
    Submission::from_json(wire.to_string().as_bytes()).unwrap()
}

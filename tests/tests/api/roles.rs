//! What each role may do: every address for every role, about its own and about what is another's, held against the
//! table that the service itself reads.

use karez::authorization::{Access, ENDPOINTS, Reach, Role, methods, reach};
use karez_tests::program::run;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::office::{Office, bearer};
use crate::world::{On, body, read};

pub(crate) const SILENCE: &str = "00000000-0000-0000-0000-000000000001";

const PROPOSAL: &str = "00000000-0000-0000-0000-000000000002";

/// What an address is asked about.
struct About {
    project: &'static str,
    unit: &'static str,
    warning: &'static str,
    receipt: String,
    key_id: String,
}

/// The account that is disabled, unlocked and reset.
const SOMEBODY: &str = "somebody";

impl About {
    fn address(&self, path: &str) -> String {
        let id = match path.split('/').nth(2) {
            Some("projects") => self.project,
            Some("units") => self.unit,
            Some("warnings") => self.warning,
            Some("funds") => "KJ",
            Some("rules") if path.contains("/proposals") => PROPOSAL,
            Some("rules") => "idle_funds",
            Some("silences") => SILENCE,
            Some("keys") => &self.key_id,
            _ => "",
        };
        path.replace("{id}", id)
            .replace("{event_id}", &self.receipt)
            .replace("{name}", SOMEBODY)
    }
}

fn warning(id: &str, project: &str, unit: &str) -> String {
    let raised = json!({"rule": "idle_funds", "rule_version": 1, "thresholds_hash": "ab", "project": project,
        "unit": unit, "fund": "KJ", "episode": 1, "level": "blue", "as_of": "2024-06-30", "known_at_position": 7,
        "sentence_zh": "闲置", "sentence_en": "idle"});
    json!({"stream": format!("warning/{id}"), "type": "warning_raised", "occurred_on": "2024-06-30", "data": raised,
        "metadata": {"idempotency_key": "w"}})
    .to_string()
}

impl Office {
    /// An office with a warning about each unit's project.
    pub(crate) async fn warned(on: On) -> Self {
        let mut office = Self::on(on).await;
        office.world.server.stop().await.unwrap();
        let silenced =
            json!({"rule": "late_entry", "until_on": "2024-07-02", "cause": "books are being moved"});
        let silence = json!({"event_id": SILENCE, "stream": "calendar", "type": "warnings_silenced",
            "occurred_on": "2024-06-30", "data": silenced});
        let proposed = json!({"author": "somebody", "content_hash": "", "rules": ""});
        let proposal = json!({"event_id": PROPOSAL, "stream": "calendar", "type": "rules_proposed",
            "occurred_on": "2024-06-30", "data": proposed, "metadata": {"reason": "to be read"}});
        let lines = [
            warning("W-0", "P1", "U0"),
            warning("W-1", "P2", "U1"),
            silence.to_string(),
            proposal.to_string(),
        ]
        .join("\n");
        let [option, place] = &office.world.store;
        let posted = run(&["post", "-", option, place], &lines).unwrap();
        assert_eq!(posted.code, 0, "{posted:?}");
        office.world.server.restart().await.unwrap();
        office
    }

    async fn receipt_of(&self, key: &str, project: &str) -> String {
        let (_, history) = self.get_as(key, &format!("/v1/projects/{project}/events")).await;
        history["items"][0]["event_id"].as_str().unwrap().to_owned()
    }

    async fn asked(&self, method: &str, path: &str, key: Option<&str>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, bearer(key));
        }
        if method == "POST" {
            request = request.json(&json!({}));
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|media| media == "text/event-stream")
        {
            return (status, Value::Null);
        }
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// Whether an answer is one of the guard's.
fn is_guarded(status: u16) -> bool {
    matches!(status, 401 | 403 | 404)
}

#[tokio::test]
async fn every_address_answers_each_role_as_the_table_says() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::warned(on).await;
        let keys = Role::ALL.map(|role| (role, office.key(role)));
        office.account(SOMEBODY, Role::Auditor);
        let key_id = |label| {
            let key = office.handed_over(&["key", "create", label, "--role", "finance"]);
            key.split('_').nth(1).unwrap().to_owned()
        };
        let own = About {
            project: "P1",
            unit: "U0",
            warning: "W-0",
            receipt: office.receipt_of(&keys[0].1, "P1").await,
            key_id: key_id("one"),
        };
        let foreign = About {
            project: "P2",
            unit: "U1",
            warning: "W-1",
            receipt: office.receipt_of(&keys[0].1, "P2").await,
            key_id: key_id("other"),
        };
        for &(method, path, access) in ENDPOINTS
            .iter()
            .filter(|(_, path, _)| *path != "/v1/session/password")
        {
            let (stranger, _) = office.asked(method, &own.address(path), None).await;
            assert_eq!(
                stranger == 401,
                access != Access::Anyone,
                "{method} {path}: {stranger}"
            );
            for (role, key) in &keys {
                for (about, is_own) in [(&own, true), (&foreign, false)] {
                    let address = about.address(path);
                    let (status, answer) = office.asked(method, &address, Some(key)).await;
                    let said = format!("{method} {address} as {role}: {status} {answer}");
                    let Access::May(action) = access else {
                        assert!(!is_guarded(status), "{said}");
                        continue;
                    };
                    let is_about_one = path.contains('{');
                    match reach(*role, action) {
                        None => assert_eq!(
                            (status, &answer["code"]),
                            (403, &json!("not_permitted")),
                            "{said}"
                        ),
                        Some(Reach::OwnUnit) if is_about_one && !is_own => assert_eq!(status, 404, "{said}"),
                        Some(Reach::OwnUnit | Reach::Everything) => assert!(!is_guarded(status), "{said}"),
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn every_address_stands_in_the_table() {
    let office = Office::new().await;
    let (status, unknown) = office.asked("GET", "/v1/nothing", None).await;
    assert_eq!(status, 404);
    for address in unknown["addresses"].as_array().unwrap() {
        let address = address.as_str().unwrap();
        assert!(
            methods(address).next().is_some(),
            "{address} answers nobody: name it in authorization::ENDPOINTS"
        );
    }
}

#[tokio::test]
async fn a_unit_s_lists_hold_what_is_its_own() {
    let office = Office::warned(On::Sqlite).await;
    let key = office.key(Role::Unit);
    for path in [
        "/v1/overview",
        "/v1/projects",
        "/v1/units",
        "/v1/events",
        "/v1/warnings",
        "/v1/projects?q=P",
        "/v1/events?limit=2",
    ] {
        let (status, list) = office.get_as(&key, path).await;
        assert_eq!(status, 200, "{path}: {list}");
        let text = list.to_string();
        for foreign in ["P2", "U1", "W-1", "单位1", "项目1", "单位2"] {
            assert!(!text.contains(foreign), "{path} tells of {foreign}: {text}");
        }
    }
    let (_, overview) = office.get_as(&key, "/v1/overview?as_of=2024-12-31").await;
    assert_eq!(
        (&overview["projects"], &overview["units"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(overview["open_warnings"], 1);
    let (_, projects) = office.get_as(&key, "/v1/projects?as_of=2024-12-31").await;
    assert_eq!(
        (&projects["total"], &projects["items"][0]["id"]),
        (&json!(1), &json!("P1"))
    );
    let (_, history) = office.get_as(&key, "/v1/events").await;
    assert_eq!(
        history["items"].as_array().unwrap().len(),
        6,
        "five facts and a warning"
    );
    let (status, _) = office.get_as(&key, "/v1/projects?unit=U1").await;
    assert_eq!(status, 404, "another unit is not there to be asked about");
}

#[tokio::test]
async fn the_history_of_a_unit_goes_on_page_by_page() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let (mut path, mut seen) = ("/v1/events?limit=2".to_owned(), Vec::new());
    loop {
        let (_, page) = office.get_as(&key, &path).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["stream"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/events?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["project/P1"; 5]);
}

#[tokio::test]
async fn it_is_the_caller_who_speaks_whatever_the_body_claims() {
    let office = Office::new().await;
    let key = office.key(Role::Unit);
    let spent = json!({"occurred_on": "2024-05-06", "amount": "10.00",
        "actor": {"user": "minister", "role": "finance", "org": "U1"}});
    let post = |path: &str, voucher: &str, body: &Value| {
        office
            .request("POST", path)
            .header(AUTHORIZATION, bearer(&key))
            .header("Idempotency-Key", voucher)
            .json(body)
    };
    let (status, receipt) = read(post("/v1/projects/P1/expenditures", "v1", &spent)).await;
    assert_eq!(status, 201, "{receipt}");
    let event = format!("/v1/receipts/{}", receipt["event_id"].as_str().unwrap());
    let (_, kept) = office.get_as(&key, &event).await;
    assert_eq!(
        kept["receipt"]["metadata"]["actor"],
        json!({"user": "key:unit", "org": "U0", "role": "unit"})
    );
    let (status, _) = read(post("/v1/projects/P2/expenditures", "v1", &spent)).await;
    assert_eq!(status, 404);
    let approval = json!({"type": "budget_approved", "occurred_on": "2024-05-06",
        "data": {"fiscal_year": 2024, "lines": [{"category": "labour", "amount": "900000.00"}]}});
    let (status, refused) = read(post("/v1/projects/P1/events", "v2", &approval)).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (403, &json!("not_for_units"))
    );
    let application = |unit: &str| json!({"type": "project_applied", "occurred_on": "2024-05-06", "data": {"title": "新项目", "unit": unit}});
    let (status, refused) = read(post("/v1/projects/NEW/events", "v3", &application("U1"))).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &json!("not_your_project")),
        "{refused}"
    );
    let (status, applied) = read(post("/v1/projects/NEW/events", "v4", &application("U0"))).await;
    assert_eq!(status, 201, "{applied}");
}

#[tokio::test]
async fn what_an_auditor_reads_is_kept() {
    let office = Office::new().await;
    let key = office.key(Role::Auditor);
    office.get_as(&key, "/v1/projects/P1?as_of=2024-12-31").await;
    office.get_as(&key, "/v1/projects/P9").await;
    office.get_as(&office.key(Role::Finance), "/v1/projects/P2").await;
    let reads = office.world.command(&["audit", "reads"]);
    let lines: Vec<&str> = reads.output.lines().collect();
    assert_eq!(lines.len(), 2, "{reads:?}");
    assert!(
        lines[1].ends_with("key:auditor 200 /v1/projects/P1?as_of=2024-12-31"),
        "{reads:?}"
    );
    assert!(lines[0].ends_with("key:auditor 404 /v1/projects/P9"), "{reads:?}");
}

#[tokio::test]
async fn a_method_that_is_not_listed_is_refused_with_those_that_are() {
    let office = Office::new().await;
    let key = office.key(Role::Admin);
    let request = office
        .request("PUT", "/v1/projects/P1")
        .header(AUTHORIZATION, bearer(&key));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(body(response).await["methods"], json!(["GET"]));
}

#[tokio::test]
async fn a_unit_sends_and_hears_only_what_is_about_its_own() {
    let office = Office::new().await;
    let (unit, finance) = (office.key(Role::Unit), office.key(Role::Finance));
    let row = |project: &str, what: &str, data: Value| json!({"project": project, "idempotency_key": what, "type": what, "occurred_on": "2024-05-06", "data": data});
    let labour = || json!({"amount": "10.00", "category": "labour"});
    let rows = json!([
        row("P1", "expenditure_recorded", labour()),
        row("P2", "expenditure_recorded", labour()),
        row("P1", "funds_disbursed", json!({"amount": "10.00"})),
    ]);
    let post = |path: &str, key: &str, rows: &Value| {
        let request = office.request("POST", path).header(AUTHORIZATION, bearer(key));
        request.json(rows)
    };
    let codes = |results: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = results["results"].as_array().unwrap().iter();
        rows.map(|row| (text(&row["status"]), text(&row["code"])))
            .collect()
    };
    let refused = |code: &str| ("rejected".to_owned(), code.to_owned());
    let (status, preview) = read(post("/v1/preview", &unit, &rows)).await;
    assert_eq!(status, 200);
    assert_eq!(
        codes(&preview)[1..],
        [refused("not_found"), refused("not_for_units")]
    );
    assert!(!preview.to_string().contains("项目1"), "{preview}");

    let mut live = office
        .request("GET", "/v1/live")
        .header(AUTHORIZATION, bearer(&unit))
        .send()
        .await
        .unwrap();
    let foreign = json!([row("P2", "expenditure_recorded", labour())]);
    let (_, sent) = read(post("/v1/events:batch", &finance, &foreign)).await;
    assert_eq!(codes(&sent)[0].0, "recorded", "{sent}");
    let (_, sent) = read(post("/v1/events:batch", &unit, &rows)).await;
    assert_eq!(codes(&sent)[0].0, "recorded", "{sent}");
    assert_eq!(codes(&sent)[1..], codes(&preview)[1..]);
    let mut heard = String::new();
    while !heard.contains("project/P1") {
        let chunk = live.chunk().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!heard.contains("project/P2"), "{heard}");
}

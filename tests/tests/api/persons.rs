//! Payees: sealed for everybody, shown for a reason that is recorded first, and erased for good.

use std::time::Duration;

use karez::authorization::Role;
use karez_tests::wait::eventually;
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use rstest::rstest;
use serde_json::{Value, json};

use crate::office::{Office, bearer};
use crate::world::{On, read};

const SOON: Duration = Duration::from_mins(1);
const PAID: &str = r#"{"occurred_on":"2024-05-06","amount":"10","voucher_no":"记-7",
    "payee":{"name":"阿依古丽","account":"6222","id_number":"650121"}}"#;

impl Office {
    /// An expenditure of a project; gives its id.
    async fn paid(&self, project: &str) -> String {
        let key = self.handed_over(&["key", "create", project, "--role", "finance"]);
        let request = self
            .world
            .spend(project, "paid", PAID)
            .header(AUTHORIZATION, bearer(&key));
        let (status, receipt) = read(request).await;
        assert_eq!(status, StatusCode::CREATED, "{receipt}");
        receipt["event_id"].as_str().unwrap().to_owned()
    }

    async fn unmask(&self, key: &str, event: &str, cause: &str) -> (u16, Value) {
        let request = self
            .request("POST", &format!("/v1/events/{event}/unmask"))
            .header(AUTHORIZATION, bearer(key))
            .json(&json!({ "cause": cause }));
        let (status, answer) = read(request).await;
        (status.as_u16(), answer)
    }

    /// Who was recorded to have looked at a payee, and what for.
    async fn looks(&self, key: &str) -> Vec<Value> {
        let (_, log) = self.get_as(key, "/v1/events?limit=1000").await;
        let looks = log["items"].as_array().unwrap().iter();
        looks
            .filter(|event| event["type"] == "person_disclosed")
            .map(|event| {
                json!([
                    event["metadata"]["actor"]["user"],
                    event["data"]["event"],
                    event["data"]["cause"]
                ])
            })
            .collect()
    }

    /// The same, once this node has read that many of them in the log.
    async fn so_many_looks(&self, key: &str, count: usize) -> Vec<Value> {
        let looks = || async {
            let looks = self.looks(key).await;
            (looks.len() >= count).then_some(looks)
        };
        eventually("the looks are in the log", SOON, looks).await.unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn a_payee_is_shown_for_a_reason_that_is_recorded_first(#[values(On::Sqlite, On::Postgres)] on: On) {
    let office = Office::on(on).await;
    let event = office.paid("P1").await;
    let auditor = office.key(Role::Auditor);
    let (_, history) = office.get_as(&auditor, "/v1/projects/P1/events").await;
    assert!(!history.to_string().contains("阿依古丽"), "{history}");

    let (status, refused) = office.unmask(&auditor, &event, " ").await;
    assert_eq!((status, &refused["code"]), (422, &json!("words_missing")));
    assert_eq!(refused["pointer"], "/cause");
    assert!(!refused.to_string().contains("阿依古丽"), "{refused}");

    let (status, shown) = office.unmask(&auditor, &event, "抽查凭证 记-7").await;
    assert_eq!(status, 200, "{shown}");
    let payee = &shown["payee"];
    assert_eq!(
        [&payee["name"], &payee["account"], &payee["id_number"]],
        ["阿依古丽", "6222", "650121"]
    );
    // Looked at again, it is recorded again.
    office.unmask(&auditor, &event, "复核").await;
    assert_eq!(
        office.so_many_looks(&auditor, 2).await,
        [
            json!(["key:auditor", event, "抽查凭证 记-7"]),
            json!(["key:auditor", event, "复核"])
        ]
    );
}

#[tokio::test]
async fn a_unit_sees_its_own_payees_and_those_without_the_right_see_none() {
    let office = Office::new().await;
    let (own, foreign) = (office.paid("P1").await, office.paid("P2").await);
    let unit = office.key(Role::Unit);
    assert_eq!(office.unmask(&unit, &own, "核对").await.0, 200);
    let unknown = "00000000-0000-0000-0000-000000000009";
    for event in [foreign.as_str(), unknown] {
        let (status, answer) = office.unmask(&unit, event, "核对").await;
        assert_eq!((status, &answer["code"]), (404, &json!("not_found")), "{answer}");
    }
    for role in [Role::Supervisor, Role::Admin] {
        let (status, answer) = office.unmask(&office.key(role), &own, "核对").await;
        assert_eq!(status, 403, "{role}: {answer}");
    }
    let finance = office.key(Role::Finance);
    assert_eq!(office.so_many_looks(&finance, 1).await.len(), 1);
    // What names nobody has nothing to show.
    let (_, history) = office.get_as(&finance, "/v1/projects/P1/events").await;
    let approval = history["items"][0]["event_id"].as_str().unwrap();
    let (status, answer) = office.unmask(&finance, approval, "核对").await;
    assert_eq!(
        (status, &answer["code"]),
        (422, &json!("names_nobody")),
        "{answer}"
    );
}

#[rstest]
#[tokio::test]
async fn who_has_been_erased_can_be_shown_to_nobody_and_the_log_is_as_it_was(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let office = Office::on(on).await;
    let event = office.paid("P1").await;
    let finance = office.key(Role::Finance);
    let who = ["--id-number", "650121"];
    let command = |arguments: &[&str]| office.world.command(&[arguments, &who].concat());
    let found = command(&["person", "find", "--format", "json"]);
    assert!(found.output.contains(&event), "{found:?}");
    let erased = command(&["person", "erase", "--cause", "本人申请"]);
    assert_eq!(erased.code, 0, "{erased:?}");
    assert_eq!(command(&["person", "erase", "--cause", "again"]).code, 2);

    let (status, answer) = office.unmask(&finance, &event, "核对").await;
    assert_eq!(
        (status, &answer["code"]),
        (410, &json!("person_erased")),
        "{answer}"
    );
    assert_eq!(office.looks(&finance).await, [] as [Value; 0]);
    let (_, project) = office.get_as(&finance, "/v1/projects/P1").await;
    assert_eq!(project["currencies"][0]["amounts"]["spent"], "10", "{project}");
    let verified = office.world.command(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let kept = office.world.command(&["audit", "administration"]);
    assert!(
        kept.output.contains("person_erased") && kept.output.contains("本人申请"),
        "{kept:?}"
    );
}

#[tokio::test]
async fn a_payee_in_the_wrong_place_is_shown_to_nobody_else_nor_quoted_to_them() {
    let office = Office::new().await;
    let unit = office.key(Role::Unit);
    for body in [
        json!({"occurred_on": "2024-05-06", "amount": "1", "payee": "王五秘密 6222"}),
        json!({"occurred_on": "2024-05-06", "amount": "1", "payees": {"name": "王五秘密"}}),
    ] {
        let request = office
            .world
            .spend("P1", "x", &body.to_string())
            .header(AUTHORIZATION, bearer(&unit));
        assert_eq!(request.send().await.unwrap().status(), 422);
    }
    for role in [Role::Finance, Role::Supervisor, Role::Admin] {
        let (_, list) = office.get_as(&office.key(role), "/v1/rejections").await;
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        assert!(!list.to_string().contains("王五秘密"), "{role}: {list}");
        assert_eq!(list["items"][0]["actor"], "key:unit", "{list}");
    }
}

#[tokio::test]
async fn a_unit_reads_the_payees_of_what_it_was_refused_and_nobody_else_does() {
    let office = Office::new().await;
    let finance = office.key(Role::Finance);
    let unit = office.key(Role::Unit);
    for (project, who) in [("P1", "Aygul"), ("P2", "Rustam")] {
        let wrong =
            format!(r#"{{"occurred_on":"soon","amount":"10","payee":{{"name":"{who}","account":"6222"}}}}"#);
        for text in [wrong.as_str(), wrong.trim_end_matches('}')] {
            let request = office
                .world
                .spend(project, "x", text)
                .header(AUTHORIZATION, bearer(&finance));
            assert!(request.send().await.unwrap().status().is_client_error());
        }
    }
    for role in Role::ALL {
        let key = match role {
            Role::Finance => finance.clone(),
            Role::Unit => unit.clone(),
            Role::Auditor | Role::Supervisor | Role::Admin => office.key(role),
        };
        let (_, list) = office.get_as(&key, "/v1/rejections").await;
        let text = list.to_string();
        let seen = (text.contains("Aygul"), text.contains("Rustam"));
        assert_eq!(seen, (role == Role::Unit, false), "{role}: {text}");
    }
}

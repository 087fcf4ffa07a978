//! The interface's own description says what the interface does.

use std::collections::BTreeSet;

use karez::authorization::{Action, Role, reach_in_words};
use reqwest::Method;
use serde_json::Value;

use crate::world::{World, body, read};

/// An address with something in place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{event_id}", "00000000-0000-0000-0000-000000000000")
        .replace("{id}", "P1")
}

#[tokio::test]
async fn every_address_and_method_is_described() {
    let world = World::new().await;
    let (status, document) = world.get("/openapi.json").await;
    assert_eq!(
        (status.as_u16(), &document["openapi"]),
        (200, &Value::from("3.1.0"))
    );
    let paths = document["paths"].as_object().unwrap();
    let (_, nowhere) = world.get("/nowhere").await;
    let addresses = nowhere["addresses"].as_array().unwrap().iter();
    let addresses: BTreeSet<&str> = addresses.map(|address| address.as_str().unwrap()).collect();
    assert_eq!(addresses, paths.keys().map(String::as_str).collect());
    for (path, item) in paths {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let request = world.client.request(brew, world.server.at(&filled(path)));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        let allowed = response.headers()["allow"].to_str().unwrap().to_lowercase();
        let allowed = allowed
            .split(',')
            .map(str::trim)
            .filter(|method| *method != "head");
        let described = item.as_object().unwrap().keys().map(String::as_str);
        assert_eq!(allowed.collect::<BTreeSet<_>>(), described.collect(), "{path}");
    }
}

#[tokio::test]
async fn the_query_parameters_that_are_taken_are_those_described() {
    let world = World::new().await;
    let (_, document) = world.get("/openapi.json").await;
    // Of the last, a directory may add parameters of its own.
    let own = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/v1/session/oidc/callback",
    ];
    for (path, item) in document["paths"].as_object().unwrap() {
        if own.contains(&path.as_str()) {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let address = world.server.at(&format!("{}?zzzzzzzzzzzzzz=1", filled(path)));
            let request = world.client.request(method, address);
            let (_, problem) = read(request.header("Content-Type", "application/json").body("[]")).await;
            assert_eq!(problem["code"], "unknown_parameter", "{path}: {problem}");
            let taken = problem["parameters"].as_array().unwrap().iter();
            let described = operation["parameters"].as_array().unwrap().iter();
            let in_query = described.filter(|parameter| parameter["in"] == "query");
            assert_eq!(
                taken.map(|name| name.as_str().unwrap()).collect::<BTreeSet<_>>(),
                in_query
                    .map(|parameter| parameter["name"].as_str().unwrap())
                    .collect(),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn whatever_the_description_refers_to_is_in_it() {
    let world = World::new().await;
    let (_, document) = world.get("/openapi.json").await;
    let mut open = vec![&document];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    seen += 1;
                }
                if let Some(responses) = members.get("responses").and_then(Value::as_object) {
                    let told = |of: &Value| of["description"].is_string() || of["$ref"].is_string();
                    assert!(responses.values().all(told));
                    // Every status is named: what the document does not name is not answered.
                    assert!(responses.contains_key("500") && !responses.contains_key("default"));
                }
                open.extend(members.values());
            }
            Value::Array(elements) => open.extend(elements),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(seen > 100, "{seen}");
    let expenditure = &document["components"]["schemas"]["ExpenditureBody"]["properties"];
    assert!(expenditure["amount"]["type"] == "string" && expenditure["occurred_on"].is_object());
}

#[tokio::test]
async fn the_page_needs_no_other_server_and_says_who_may_do_what() {
    let world = World::new().await;
    let page = world.client.get(world.server.at("/docs")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    // The browser is told so as well, whatever the page holds.
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
    let text = page.text().await.unwrap();
    for action in Action::ALL {
        let reaches = Role::ALL.map(|role| format!("<td>{}", reach_in_words(role, action)));
        let row = format!("<tr><td><code>{}</code>{}<td>", action.as_str(), reaches.concat());
        assert!(text.contains(&row), "{row}: {text}");
    }
    assert!(text.contains("/openapi.json") && !text.contains("http://") && !text.contains("https://"));
}

#[tokio::test]
async fn an_answer_that_still_holds_is_not_sent_again() {
    let world = World::new().await;
    let ask = |tag: &str| {
        let request = world.client.get(world.server.at("/v1/projects?sort=-spent"));
        request.header("If-None-Match", tag.to_owned()).send()
    };
    let first = ask("\"other\"").await.unwrap();
    assert_eq!(first.status(), 200);
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = ask(&format!("\"x\", {tag}")).await.unwrap();
    assert_eq!(
        (again.status().as_u16(), again.headers()["etag"].to_str().unwrap()),
        (304, tag.as_str())
    );
    assert!(again.bytes().await.unwrap().is_empty());
    let of_another = world.client.get(world.server.at("/v1/projects?sort=id"));
    let of_another = of_another.header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!(of_another.status(), 200);

    read(world.spend("P1", "k", r#"{"occurred_on":"2024-05-06","amount":"1"}"#)).await;
    let changed = ask(&tag).await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_eq!(body(changed).await["items"][0]["id"], "P1");
    // What is kept beside the log has no tag that the log could move.
    let rejections = world
        .client
        .get(world.server.at("/v1/rejections"))
        .send()
        .await
        .unwrap();
    assert!(rejections.headers().get("etag").is_none());
}

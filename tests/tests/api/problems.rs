//! Everything that is refused is `application/problem+json` with a stable code, and what was sent is kept.

use reqwest::RequestBuilder;

use crate::world::{World, body, read};

const SPENT: &str = r#"{"occurred_on":"2024-05-06","amount":"1.00"}"#;

#[tokio::test]
async fn the_field_at_fault_is_pointed_at_in_either_language() {
    let world = World::new().await;
    for (sent, code, pointer) in [
        (
            r#"{"occurred_on":"2024-05-06","amount":1.5}"#,
            "malformed",
            "/amount",
        ),
        (r#"{"occurred_on":"2024-05-06"}"#, "malformed", "/amount"),
        (r#"{"amount":"1"}"#, "malformed", "/occurred_on"),
        (
            r#"{"occurred_on":"2024-02-30","amount":"1"}"#,
            "malformed",
            "/occurred_on",
        ),
        (
            r#"{"occurred_on":"2024-05-06","amount":"1","vouchr":"7"}"#,
            "malformed",
            "/vouchr",
        ),
        (
            r#"{"occurred_on":"2024-05-06","amount":"1","amount":"2"}"#,
            "malformed",
            "/amount",
        ),
        (
            r#"{"occurred_on":"2024-05-06","amount":"1.005"}"#,
            "wrong_precision",
            "/amount",
        ),
        (
            r#"{"occurred_on":"2024-05-06","amount":"1","currency":"USD"}"#,
            "wrong_currency",
            "/currency",
        ),
        (
            r#"{"occurred_on":"1024-05-06","amount":"1"}"#,
            "date_out_of_range",
            "/occurred_on",
        ),
        (
            r#"{"occurred_on":"2024-05-06","amount":"1","source_system":"import:x"}"#,
            "reserved_source",
            "/source_system",
        ),
    ] {
        let request = world
            .spend("P1", "k", sent)
            .header("Accept-Language", "en-GB,en;q=0.9");
        let (status, problem) = read(request).await;
        assert_eq!(status, 422, "{sent}: {problem}");
        assert_eq!(
            (&problem["code"], &problem["pointer"]),
            (&code.into(), &pointer.into()),
            "{sent}: {problem}"
        );
        assert!(problem["detail"].as_str().unwrap().is_ascii(), "{problem}");
        let (_, chinese) = read(world.spend("P1", "k", sent)).await;
        assert!(!chinese["title"].as_str().unwrap().is_ascii(), "{chinese}");
    }
}

#[tokio::test]
async fn what_was_refused_is_kept_with_its_reason() {
    let world = World::new().await;
    let (status, refused) = read(world.spend("P9", "k", SPENT)).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &"unknown_project".into())
    );
    let (status, broken) = read(world.spend("P1", "k", "{oops")).await;
    assert_eq!(
        (status.as_u16(), &broken["code"]),
        (400, &"malformed_json".into())
    );
    let (_, kept) = world.get("/v1/rejections").await;
    let ids: Vec<_> = kept["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| kept["rejection_id"].clone())
        .collect();
    assert_eq!(
        ids,
        [broken["rejection_id"].clone(), refused["rejection_id"].clone()]
    );
    let (_, first) = world.get("/v1/rejections?limit=1").await;
    let next = first["next_cursor"].as_str().unwrap();
    let (_, second) = world.get(&format!("/v1/rejections?limit=1&cursor={next}")).await;
    assert_eq!(second["items"][0]["rejection_id"], refused["rejection_id"]);
    assert!(second["next_cursor"].is_null());
}

#[tokio::test]
async fn answers_of_the_framework_are_problems_too() {
    let world = World::new().await;
    let at = |path: &str| world.server.at(path);
    let client = &world.client;
    let huge = "x".repeat(1024 * 1024 + 1);
    let json = |body: &str| world.spend("P1", "k", body);
    let text = client
        .post(at("/v1/projects/P1/expenditures"))
        .header("Content-Type", "text/plain")
        .body(SPENT);
    for (request, status, code) in [
        (client.get(at("/v1/nothing")), 404, "no_such_resource"),
        (client.get(at("/v1/projects/P9")), 404, "not_found"),
        (client.get(at("/v1/receipts/no-uuid")), 404, "not_found"),
        (client.delete(at("/v1/projects/P1")), 405, "method_not_allowed"),
        (json(&huge), 413, "body_too_large"),
        (text, 415, "unsupported_media_type"),
        (client.get(at("/v1/projects/%FF")), 400, "bad_request"),
        (client.get(at("/v1/projects?sort=colour")), 400, "bad_query"),
        (client.get(at("/v1/projects?state=runing")), 400, "bad_query"),
        (client.get(at("/v1/projects?limit=1001")), 400, "bad_query"),
        (client.get(at("/v1/projects?cursor=x")), 400, "bad_query"),
        (client.get(at("/v1/overview?as_of=yesterday")), 400, "bad_query"),
        (
            client.get(at("/v1/overview?as_off=2024-12-31")),
            400,
            "unknown_parameter",
        ),
        (
            client.get(at("/healthz")).header("Host", "elsewhere.example"),
            421,
            "wrong_host",
        ),
    ] {
        told_in_both(request, status, code).await;
    }
}

/// The same trouble in both languages, as a problem of RFC 9457.
pub(crate) async fn told_in_both(request: RequestBuilder, status: u16, code: &str) {
    let mut told = Vec::new();
    for language in ["zh", "en"] {
        let request = request.try_clone().unwrap();
        let response = request.header("Accept-Language", language).send().await.unwrap();
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{code}"
        );
        told.push(body(response).await);
    }
    is_told_in_both(&told, status, code);
}

/// The same problem, in Chinese and in English.
pub(crate) fn is_told_in_both(told: &[serde_json::Value], status: u16, code: &str) {
    for problem in told {
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
    }
    for member in ["title", "detail"] {
        let texts = told.iter().map(|problem| problem[member].as_str().unwrap());
        let [chinese, english] = texts.collect::<Vec<_>>().try_into().unwrap();
        assert!(!chinese.is_ascii(), "{code}: {chinese}");
        assert!(english.is_ascii() && !english.is_empty(), "{code}: {english}");
    }
}

#[tokio::test]
async fn who_asks_at_no_address_is_told_those_that_exist() {
    let world = World::new().await;
    let (status, problem) = world.get("/v1/project").await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (404, &"no_such_resource".into())
    );
    let addresses = problem["addresses"].as_array().unwrap();
    for address in addresses {
        let address = address.as_str().unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(address), "{address}");
        let answer = world.client.get(world.server.at(address)).send().await.unwrap();
        if answer.headers()["content-type"] == "application/problem+json" {
            assert_ne!(body(answer).await["code"], "no_such_resource", "{address}");
        }
    }
}

#[tokio::test]
async fn a_page_that_points_its_own_name_here_reads_and_writes_nothing() {
    let world = World::new().await;
    for host in ["evil.example", "evil.example:80", "localhost.evil.example"] {
        let read_it = world
            .client
            .get(world.server.at("/v1/overview"))
            .header("Host", host);
        let write_it = world.spend("P1", "k", SPENT).header("Host", host);
        for request in [read_it, write_it] {
            let (status, problem) = read(request).await;
            assert_eq!(
                (status.as_u16(), &problem["code"]),
                (421, &"wrong_host".into()),
                "{host}"
            );
        }
    }
    for host in ["localhost:9000", "127.0.0.1", "[::1]:80"] {
        let request = world
            .client
            .get(world.server.at("/v1/overview"))
            .header("Host", host);
        assert_eq!(read(request).await.0, 200, "{host}");
    }
    // What a form of another site can send without asking is no JSON.
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let path = world.server.at("/v1/projects/P1/expenditures");
        let posted = world.client.post(path).header("Content-Type", media_type);
        let (status, problem) = read(posted.body(SPENT)).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (415, &"unsupported_media_type".into()),
            "{media_type}"
        );
    }
    assert_eq!(world.get("/v1/events").await.1["position"], 16);
}

#[tokio::test]
async fn a_parameter_that_an_address_does_not_take_is_refused_by_name() {
    let world = World::new().await;
    for (path, code, parameter, nearest) in [
        (
            "/v1/overview?as_off=2024-12-31",
            "unknown_parameter",
            "as_off",
            Some("as_of"),
        ),
        // Known elsewhere, and nothing to these answers.
        ("/v1/overview?fund=KJ", "unknown_parameter", "fund", None),
        ("/v1/funds?sort=id", "unknown_parameter", "sort", None),
        ("/v1/funds/KJ?limit=1", "unknown_parameter", "limit", None),
        ("/v1/projects?after=1", "unknown_parameter", "after", None),
        (
            "/v1/projects/P1?state=running",
            "unknown_parameter",
            "state",
            None,
        ),
        (
            "/v1/projects/P1/events?after=1",
            "unknown_parameter",
            "after",
            None,
        ),
        ("/v1/units?fund=KJ", "unknown_parameter", "fund", None),
        ("/v1/units/U1?q=x", "unknown_parameter", "q", None),
        ("/v1/events?afer=1", "unknown_parameter", "afer", Some("after")),
        ("/v1/rejections?sort=code", "unknown_parameter", "sort", None),
        ("/v1/projects?fund=KJ&fund=NC", "repeated_parameter", "fund", None),
        (
            "/v1/overview?as_of=2024-12-31&as_of=2024-12-31",
            "repeated_parameter",
            "as_of",
            None,
        ),
    ] {
        let (status, problem) = world.get(path).await;
        assert_eq!(status, 400, "{path}: {problem}");
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["parameter"], parameter, "{path}");
        assert_eq!(problem["nearest"].as_str(), nearest, "{path}");
    }
    // A sender that hopes for a trial run must not find its fact recorded.
    let path = "/v1/projects/P1/expenditures?dry_run=true";
    let trial = world.client.post(world.server.at(path));
    let trial = trial.header("Idempotency-Key", "k");
    let (status, problem) = read(trial.header("Content-Type", "application/json").body(SPENT)).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &"unknown_parameter".into())
    );
    assert_eq!(
        world.get("/v1/events?after=16").await.1["items"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn a_fact_without_a_key_is_not_recorded() {
    let world = World::new().await;
    let request = world.client.post(world.server.at("/v1/projects/P1/expenditures"));
    let (status, problem) = read(request.header("Content-Type", "application/json").body(SPENT)).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &"missing_idempotency_key".into())
    );
}

//! Figures over HTTP: the two clocks, lists a page at a time, and the same answers as on the command line.

use std::collections::BTreeSet;
use std::pin::pin;

use chrono::{SecondsFormat, Utc};
use rstest::rstest;
use serde_json::Value;

use crate::world::{World, read};

const SPENT: &str = r#"{"occurred_on":"2024-05-06","amount":"15000.00","category":"labour"}"#;

fn ids(list: &Value) -> Vec<String> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn rate<'a>(figures: &'a Value, figure: &str) -> &'a Value {
    figures["rates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rate| rate["figure"] == figure)
        .unwrap()
}

#[tokio::test]
async fn a_rate_says_what_it_is() {
    let world = World::new().await;
    read(world.spend("P1", "k", SPENT)).await;
    let (_, project) = world.get("/v1/projects/P1?as_of=2024-12-31").await;
    let spent = rate(&project["currencies"][0], "F3");
    assert_eq!(spent["level"], "unit");
    assert_eq!(
        (&spent["numerator"], &spent["denominator"]),
        (&"15000".into(), &"60000".into())
    );
    assert_eq!(spent["rate_percent"], "25.00");
    let (_, other) = world.get("/v1/projects/P2?as_of=2024-01-01").await;
    assert!(rate(&other["currencies"][0], "F3")["rate_percent"].is_null());
}

#[tokio::test]
async fn the_past_is_shown_as_it_was_known_then() {
    let world = World::new().await;
    let before = Utc::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    read(world.spend("P1", "k", SPENT)).await;
    let known_at = before.to_rfc3339_opts(SecondsFormat::Micros, true);
    let (_, then) = world
        .get(&format!("/v1/projects/P1?as_of=2024-12-31&known_at={known_at}"))
        .await;
    assert_eq!(then["currencies"][0]["amounts"]["spent"], "0");
    assert_eq!(
        (&then["position"], &then["known_at"]),
        (&16.into(), &known_at.as_str().into())
    );
    let (_, earlier) = world.get("/v1/projects/P1?as_of=2024-05-05").await;
    assert_eq!(earlier["currencies"][0]["amounts"]["spent"], "0");
    let (status, unborn) = world.get("/v1/projects/P1?known_at=2020-01-01").await;
    assert_eq!((status.as_u16(), &unborn["code"]), (404, &"not_found".into()));
    let (_, history) = world
        .get(&format!("/v1/projects/P1/events?known_at={known_at}"))
        .await;
    assert_eq!(history["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn turning_pages_shows_one_unmoving_list() {
    let world = World::new().await;
    let first = world
        .get("/v1/projects?sort=-spent&limit=2&as_of=2024-12-31")
        .await
        .1;
    assert_eq!(first["total"], 3);
    // P2, which was on the first page, now spends: it must not come again, nor push another out.
    read(world.spend("P2", "k", SPENT)).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world
        .get(&format!(
            "/v1/projects?sort=-spent&limit=2&as_of=2024-12-31&cursor={cursor}"
        ))
        .await
        .1;
    let mut seen = [ids(&first), ids(&second)].concat();
    seen.sort();
    assert_eq!(seen, ["P1", "P2", crate::world::ODD]);
    assert_eq!(second["position"], first["position"]);
    assert_eq!(second["as_of"], "2024-12-31");
    assert!(second["next_cursor"].is_null());
    let newest = world
        .get("/v1/projects?sort=-spent&limit=2&as_of=2024-12-31")
        .await
        .1;
    assert_eq!(ids(&newest), ["P2", "P1"]);
}

/// Every row of a list, page by page, under the name that tells it from others.
async fn turned(world: &World, path: &str, name: &str, limit: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = world.get(&format!("{path}&limit={limit}{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().iter();
        seen.extend(items.map(|item| item[name].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

#[rstest]
#[tokio::test]
async fn pages_turned_while_facts_arrive_show_nothing_twice_and_miss_nothing(
    #[values(1, 3, 7)] limit: usize,
) {
    let world = World::new().await;
    for project in ["P1", "P2"] {
        for index in 0..10 {
            read(world.spend(project, &format!("before-{index}"), SPENT)).await;
            read(world.spend(project, &format!("wrong-{index}"), r#"{"amount":"x"}"#)).await;
        }
    }
    for (path, name) in [
        ("/v1/events?after=0", "position"),
        ("/v1/projects/P1/events?as_of=2024-12-31", "position"),
        ("/v1/rejections?", "rejection_id"),
        ("/v1/projects?sort=-spent&as_of=2024-12-31", "id"),
        ("/v1/units?sort=-id&as_of=2024-12-31", "id"),
    ] {
        let there: BTreeSet<String> = turned(&world, path, name, 1_000).await.into_iter().collect();
        assert!(there.len() > 2, "{path}: {there:?}");
        let mut pages = pin!(turned(&world, path, name, limit));
        let mut index = 0;
        // One posting after another, good and bad, while pages are turned; the log itself must end for its reader.
        let seen = loop {
            index += 1;
            if index > 60 {
                break pages.await;
            }
            let project = if index % 3 == 0 { "P2" } else { "P1" };
            let (key, sent) = (format!("{path}-{index}"), ["{oops", SPENT][index % 2]);
            let posting = read(world.spend(project, &key.replace(['/', '?', '='], "-"), sent));
            tokio::select! {
                seen = &mut pages => break seen,
                posted = posting => drop(posted),
            }
        };
        let different: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(
            different.len(),
            seen.len(),
            "{path}: something came twice: {seen:?}"
        );
        let missed: Vec<&String> = there.difference(&different).collect();
        assert!(missed.is_empty(), "{path}: {missed:?}");
    }
}

#[tokio::test]
async fn a_cursor_turns_the_pages_of_its_own_list_only() {
    let world = World::new().await;
    let (_, first) = world
        .get("/v1/projects?fund=KJ&sort=-spent&limit=1&as_of=2024-12-31")
        .await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, log) = world.get("/v1/projects/P1/events?limit=1").await;
    let mark = log["next_cursor"].as_str().unwrap();
    let (_, refused) = read(world.spend("P1", "k", "{oops")).await;
    assert!(refused["rejection_id"].is_string());
    for (path, cursor, status) in [
        // The order of the parameters and the size of the page do not matter.
        (
            "/v1/projects?as_of=2024-12-31&sort=-spent&fund=KJ&limit=2",
            cursor,
            200,
        ),
        ("/v1/projects?fund=KJ&sort=title&as_of=2024-12-31", cursor, 400),
        ("/v1/projects?fund=NC&sort=-spent&as_of=2024-12-31", cursor, 400),
        ("/v1/projects?sort=-spent&as_of=2024-12-31", cursor, 400),
        ("/v1/projects?fund=KJ&sort=-spent&as_of=2024-12-30", cursor, 400),
        ("/v1/projects?fund=KJ&sort=-spent", cursor, 400),
        (
            "/v1/projects?fund=KJ&sort=-spent&as_of=2024-12-31&known_at=2024-12-31",
            cursor,
            400,
        ),
        ("/v1/projects/P1/events?limit=9", mark, 200),
        ("/v1/projects/P2/events?limit=9", mark, 400),
        ("/v1/projects/P1/events?as_of=2024-02-01", mark, 400),
        ("/v1/events?limit=9", mark, 400),
    ] {
        let (found, answer) = world.get(&format!("{path}&cursor={cursor}")).await;
        assert_eq!(found, status, "{path}: {answer}");
        if status == 400 {
            assert_eq!(answer["code"], "cursor_of_another_list", "{path}");
            assert_eq!(answer["parameter"], "cursor", "{path}");
        }
    }
}

#[tokio::test]
async fn lists_are_narrowed() {
    let world = World::new().await;
    for (question, found) in [
        ("fund=KJ", 3),
        ("fund=nix", 0),
        ("unit=U1", 1),
        ("state=running", 3),
        ("state=closed", 0),
        ("q=%E5%8D%95%E4%BD%8D1", 1),
        ("q=p2", 1),
        ("q=p2+%E5%8D%95%E4%BD%8D1", 1),
        ("q=p2+p3", 0),
    ] {
        let (status, list) = world.get(&format!("/v1/projects?{question}")).await;
        assert_eq!(
            (status.as_u16(), &list["total"]),
            (200, &found.into()),
            "{question}"
        );
    }
    assert_eq!(world.get("/v1/units?sort=-id").await.1["items"][0]["id"], "U2");
    assert_eq!(world.get("/v1/funds/KJ").await.1["fund"]["name"], "科技专项");
    assert_eq!(
        world.get("/v1/units/U0").await.1["project_ids"],
        serde_json::json!(["P1"])
    );
}

#[tokio::test]
async fn the_log_is_read_on_from_where_one_was() {
    let world = World::new().await;
    let (_, first) = world.get("/v1/events?after=0&limit=10").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, rest) = world.get(&format!("/v1/events?cursor={cursor}")).await;
    let positions = |list: &Value| -> Vec<u64> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["position"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        [positions(&first), positions(&rest)].concat(),
        (1..=16).collect::<Vec<_>>()
    );
    assert!(
        rest["items"][0]["hash"]
            .as_str()
            .is_some_and(|hash| hash.len() == 64)
    );
}

#[tokio::test]
async fn the_screen_and_the_command_line_agree() {
    let world = World::new().await;
    read(world.spend("P1", "k", SPENT)).await;
    for (path, arguments) in [
        ("/v1/overview?as_of=2024-12-31", vec!["show", "overview"]),
        ("/v1/funds?as_of=2024-12-31", vec!["show", "funds"]),
        (
            "/v1/projects?as_of=2024-12-31&sort=-spent",
            vec!["show", "projects", "--sort=-spent"],
        ),
        ("/v1/projects/P1?as_of=2024-12-31", vec!["show", "project", "P1"]),
        ("/v1/units/U0?as_of=2024-12-31", vec!["show", "unit", "U0"]),
    ] {
        let mut asked = world.get(path).await.1;
        let shown = world.command(&[&arguments[..], &["--format", "json", "--as-of", "2024-12-31"]].concat());
        let mut shown: Value = serde_json::from_str(&shown.output).unwrap();
        asked["known_at"] = Value::Null;
        shown["known_at"] = Value::Null;
        assert_eq!(asked, shown, "{path}");
    }
}

#[tokio::test]
async fn those_who_run_it_are_told() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz").await.0, 200);
    let (status, ready) = world.get("/readyz").await;
    assert_eq!((status.as_u16(), &ready["position"]), (200, &16.into()));
    let metrics = world
        .client
        .get(world.server.at("/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("karez_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_past_day_counts_nothing_that_came_later() {
    let mut world = World::new().await;
    // A fund of 2023 with one project that was approved then, beside the world of 2024.
    let earlier = r#"{"stream":"fund/NC","type":"fund_established","occurred_on":"2023-01-01","data":{"name":"农村专项"},"metadata":{"idempotency_key":"f"}}
{"stream":"project/P0","type":"project_applied","occurred_on":"2023-02-01","data":{"title":"早","unit":"U9","fund":"NC"},"metadata":{"idempotency_key":"0"}}
{"stream":"project/P0","type":"project_approved","occurred_on":"2023-03-01","data":{"title":"早","unit":"U9","fund":"NC"},"metadata":{"idempotency_key":"1"}}
"#;
    world.server.stop().await.unwrap();
    let data = world.folder.path().to_str().unwrap();
    let posted = karez_tests::program::run(&["post", "-", "--data", data], earlier).unwrap();
    assert_eq!(posted.code, 0, "{posted:?}");
    world.server.restart().await.unwrap();
    for (as_of, counts) in [
        ("2022-12-31", [0, 0, 0, 0]),
        ("2023-01-31", [1, 0, 0, 0]),
        ("2023-02-28", [1, 1, 0, 1]),
        ("2023-12-31", [1, 1, 1, 0]),
        ("2024-12-31", [2, 4, 4, 0]),
    ] {
        let (_, overview) = world.get(&format!("/v1/overview?as_of={as_of}")).await;
        let shown =
            ["funds", "units", "projects", "applications"].map(|name| overview[name].as_u64().unwrap());
        assert_eq!(shown, counts, "{as_of}");
        assert_eq!(
            overview["currencies"][0]["projects"], counts[2],
            "{as_of}: the table of sums says the same"
        );
        let in_states = overview["states"].as_array().unwrap().iter();
        let in_states: u64 = in_states.map(|state| state["projects"].as_u64().unwrap()).sum();
        assert_eq!(in_states, counts[2] + counts[3], "{as_of}");
        let (_, funds) = world.get(&format!("/v1/funds?as_of={as_of}")).await;
        assert_eq!(ids(&funds).len() as u64, counts[0], "{as_of}");
        let (_, units) = world.get(&format!("/v1/units?as_of={as_of}")).await;
        assert_eq!(units["total"], counts[1], "{as_of}");
        let (_, projects) = world.get(&format!("/v1/projects?as_of={as_of}")).await;
        assert_eq!(projects["total"], counts[2] + counts[3], "{as_of}");
    }
}

//! Changing the rules: tried against the past, proposed by one person, put in force by another.

use karez::authorization::Role;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::office::Office;
use crate::world::{On, World, read};

const STRICT: &str = "[rules.idle_funds]\nsuspended_days = 45\n";

/// Somebody who signed in.
struct Person<'a> {
    office: &'a Office,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn of(office: &'a Office, name: &str, role: Role) -> Self {
        let first = office.account(name, role);
        let cookie = office.settled(name, &first).await;
        Self { office, cookie }
    }

    async fn posts(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let request = self.office.request("POST", path).header(COOKIE, &self.cookie);
        let request = request
            .header("Sec-Fetch-Site", "same-origin")
            .header("Idempotency-Key", key);
        let (status, answer) = read(request.json(body)).await;
        (status.as_u16(), answer)
    }

    async fn proposes(&self, key: &str, rules: &str) -> String {
        let body = json!({"rules": rules, "reason": "audit of 2024"});
        let (status, receipt) = self.posts("/v1/rules/proposals", key, &body).await;
        assert_eq!(status, 201, "{receipt}");
        receipt["event_id"].as_str().unwrap().to_owned()
    }

    async fn sees(&self, path: &str) -> Value {
        let request = self.office.request("GET", path).header(COOKIE, &self.cookie);
        read(request).await.1
    }
}

#[tokio::test]
async fn one_person_proposes_a_change_and_another_puts_it_in_force() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let author = Person::of(&office, "li.wei", Role::Finance).await;
        let colleague = Person::of(&office, "wang", Role::Finance).await;
        let id = author.proposes("p1", STRICT).await;
        let (address, publish) = (
            format!("/v1/rules/proposals/{id}"),
            format!("/v1/rules/proposals/{id}/publish"),
        );
        let proposal = colleague.sees(&address).await;
        assert_eq!(
            (&proposal["state"], &proposal["author"], &proposal["reason"]),
            (&json!("open"), &json!("li.wei"), &json!("audit of 2024"))
        );
        assert_eq!(
            proposal["differences"],
            json!([{"place": "rules.idle_funds.suspended_days", "in_force": "180", "proposed": "45"}])
        );
        let before = colleague.sees("/v1/rules").await;
        let (status, own) = author.posts(&publish, "own", &json!({})).await;
        assert_eq!((status, &own["code"]), (422, &json!("same_person")), "{own}");
        assert_eq!(
            colleague.sees("/v1/rules").await["thresholds_hash"],
            before["thresholds_hash"]
        );

        let (status, receipt) = colleague.posts(&publish, "x", &json!({"reason": "agreed"})).await;
        assert_eq!(status, 201, "{receipt}");
        let after = colleague.sees("/v1/rules").await;
        assert_eq!(after["thresholds_hash"], proposal["thresholds_hash"]);
        assert_eq!(after["published_at_position"], receipt["position"]);
        let ended = author.sees(&address).await;
        assert_eq!(
            (&ended["state"], &ended["ended_by"], &ended["ended_cause"]),
            (&json!("published"), &json!("wang"), &json!("agreed"))
        );
        assert_eq!(ended["differences"], json!([]));
        let (status, again) = colleague.posts(&publish, "y", &json!({})).await;
        assert_eq!(
            (status, &again["code"]),
            (422, &json!("nothing_to_correct")),
            "{again}"
        );
    }
}

#[tokio::test]
async fn a_proposal_is_taken_back_and_is_then_nobody_s_to_publish() {
    let office = Office::new().await;
    let author = Person::of(&office, "li.wei", Role::Supervisor).await;
    let publisher = Person::of(&office, "root", Role::Admin).await;
    let id = author.proposes("p1", STRICT).await;
    let withdraw = format!("/v1/rules/proposals/{id}/withdraw");
    let (status, wordless) = author.posts(&withdraw, "w0", &json!({"cause": " "})).await;
    assert_eq!((status, &wordless["code"]), (422, &json!("words_missing")));
    let (status, _) = author
        .posts(&withdraw, "w1", &json!({"cause": "a better one follows"}))
        .await;
    assert_eq!(status, 201);
    let publish = format!("/v1/rules/proposals/{id}/publish");
    let (status, late) = publisher.posts(&publish, "x", &json!({})).await;
    assert_eq!(
        (status, &late["code"]),
        (422, &json!("nothing_to_correct")),
        "{late}"
    );
    let list = publisher.sees("/v1/rules/proposals").await;
    assert_eq!(
        (&list["items"][0]["state"], &list["items"][0]["ended_cause"]),
        (&json!("withdrawn"), &json!("a better one follows"))
    );
    let (status, _) = publisher
        .posts(
            "/v1/rules/proposals/00000000-0000-0000-0000-000000000000/publish",
            "z",
            &json!({}),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_cannot_be_put_in_force_cannot_be_proposed() {
    let office = Office::new().await;
    let author = Person::of(&office, "li.wei", Role::Finance).await;
    let wrong = json!({"rules": "[rules.idle_funds]\nsuspended_dayz = 1\n", "reason": "r"});
    let (status, refused) = author.posts("/v1/rules/proposals", "a", &wrong).await;
    assert_eq!(
        (status, &refused["code"], &refused["pointer"]),
        (422, &json!("unusable_rules"), &json!("/rules"))
    );
    assert!(
        refused["detail"].as_str().unwrap().contains("suspended_dayz"),
        "{refused}"
    );
    let (status, refused) = author
        .posts("/v1/rules/proposals", "b", &json!({"rules": STRICT}))
        .await;
    assert_eq!(
        (status, &refused["code"], &refused["pointer"]),
        (422, &json!("words_missing"), &json!("/reason"))
    );
    let claimed = json!({"rules": STRICT, "reason": "r", "author": "wang"});
    let (status, refused) = author.posts("/v1/rules/proposals", "c", &claimed).await;
    assert_eq!(
        (status, &refused["pointer"]),
        (422, &json!("/author")),
        "{refused}"
    );
    // Whoever is nobody, or a program, is not a second person.
    let world = World::new().await;
    let nobody = world.post("/v1/rules/proposals", &json!({"rules": STRICT, "reason": "r"}));
    let (status, refused) = read(nobody.header("Idempotency-Key", "a")).await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &json!("person_needed"))
    );
}

/// Far enough for a run of every day to take a while.
fn in_days(days: u64) -> String {
    let today = chrono::Utc::now().date_naive();
    (today + chrono::Days::new(days)).to_string()
}

#[tokio::test]
async fn other_thresholds_are_tried_against_the_past() {
    let world = World::new().await;
    let (_, rule) = world.get("/v1/rules/idle_funds").await;
    let thresholds = rule["thresholds"].as_str().unwrap();
    let asked = async |thresholds: &str| {
        let body = json!({"thresholds": thresholds, "to": in_days(1)});
        let (status, report) = read(world.post("/v1/rules/idle_funds/backtest", &body)).await;
        assert_eq!(status, 200, "{report}");
        report
    };
    // Nobody watches this world: what the rules would say, nobody has said.
    let report = asked(thresholds).await;
    assert_eq!(
        (&report["gained"], &report["lost"]),
        (&json!(3), &json!(0)),
        "{report}"
    );
    let case = &report["items"][0];
    assert_eq!(
        (&case["change"], &case["rule"], &case["real"]),
        (&json!("gained"), &json!("idle_funds"), &Value::Null)
    );
    let rich = thresholds.replace("least_amount = \"10000\"", "least_amount = \"10000000\"");
    assert_ne!(rich, thresholds);
    assert_eq!(asked(&rich).await["gained"], 0);
    let (status, refused) = read(world.post(
        "/v1/rules/idle_funds/backtest",
        &json!({"thresholds": "[rules.idle"}),
    ))
    .await;
    assert_eq!(
        (status.as_u16(), &refused["code"], &refused["pointer"]),
        (422, &json!("unusable_rules"), &json!("/thresholds"))
    );
    let unknown = world.post("/v1/rules/nothing/backtest", &json!({"thresholds": ""}));
    assert_eq!(read(unknown).await.0, 404);
}

#[tokio::test]
async fn a_change_is_checked_and_what_comes_of_it_can_be_proposed() {
    let office = Office::new().await;
    let author = Person::of(&office, "li.wei", Role::Finance).await;
    let colleague = Person::of(&office, "wang", Role::Finance).await;
    let own = include_str!("../../../deploy/rules/travel_heavy.toml");
    let check = "/v1/rules/check";
    let (status, checked) = author.posts(check, "c1", &json!({"change": own})).await;
    assert_eq!(status, 200, "{checked}");
    let id = author.proposes("p1", checked["rules"].as_str().unwrap()).await;
    let (status, receipt) = colleague
        .posts(&format!("/v1/rules/proposals/{id}/publish"), "p2", &json!({}))
        .await;
    assert_eq!(status, 201, "{receipt}");
    let rule = author.sees("/v1/rules/travel_heavy").await;
    assert_eq!(rule["code"], "XJ-02", "{rule}");

    // One colour alone leaves the others, and the rule of the office's own.
    let blue = json!({"change": "[rules.idle_funds.levels]\nblue = 60\n"});
    let (_, checked) = author.posts(check, "c2", &blue).await;
    let id = author.proposes("p3", checked["rules"].as_str().unwrap()).await;
    let proposal = author.sees(&format!("/v1/rules/proposals/{id}")).await;
    let places = proposal["differences"].as_array().unwrap().iter();
    let places: Vec<&Value> = places.map(|difference| &difference["place"]).collect();
    assert_eq!(places, ["rules.idle_funds.levels.blue"], "{proposal}");

    // Conditions and stories that do not hold are said with their place.
    for wrong in [
        own.replace("累计支出 >= 5万", "累计支出了 >= 5万"),
        own.replace("25,000.01元", "26,000.01元"),
        "[rules.idle".to_owned(),
    ] {
        let (status, refused) = author.posts(check, "c3", &json!({"change": wrong})).await;
        assert_eq!(
            (status, &refused["code"], &refused["pointer"]),
            (422, &json!("unusable_rules"), &json!("/change")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn one_back_test_is_told_at_a_time() {
    let world = World::new().await;
    let body = json!({"thresholds": "", "to": in_days(60)});
    let posts = (0..8).map(|_| world.post("/v1/rules/idle_funds/backtest", &body).send());
    let mut statuses = Vec::new();
    for answer in futures::future::join_all(posts).await {
        let answer = answer.unwrap();
        statuses.push(answer.status().as_u16());
        let waits = answer.headers().contains_key("retry-after");
        assert_eq!(waits, answer.status() == 503);
    }
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
}

//! Callers who mean no good, and callers who are too many: each is turned away, and the others are answered.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::office::{Office, bearer};
use crate::problems::{is_told_in_both, told_in_both};
use crate::world::{On, World, body};
use karez::authorization::Role;
use karez_tests::wait::eventually;

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);
const IMPATIENT: &str = "[sentinel]\ndaily_at = \"\"\n[http]\nrequest_timeout_seconds = 1\n";
const SPENT: &str = r#"{"occurred_on":"2024-05-06","amount":"1.00"}"#;

/// A connection on which bytes are sent as they are.
struct Raw(TcpStream);

impl Raw {
    async fn to(world: &World, said: &str) -> Self {
        let address = world.server.url();
        let mut stream = TcpStream::connect(address.trim_start_matches("http://"))
            .await
            .unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// A posting of which the head is sent, and the body waited for by the other end.
    async fn awaited(world: &World) -> Self {
        let begun = format!(
            "POST /v1/projects/P1/expenditures HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Idempotency-Key: last\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            SPENT.len()
        );
        let mut raw = Self::to(world, &begun).await;
        let mut listening = [0; 25];
        raw.0.read_exact(&mut listening).await.unwrap();
        assert_eq!(listening, *b"HTTP/1.1 100 Continue\r\n\r\n");
        raw
    }

    /// What is said until the other end hangs up.
    async fn heard(mut self) -> String {
        let mut bytes = Vec::new();
        let read = timeout(SOON, self.0.read_to_end(&mut bytes)).await;
        drop(read.expect("the other end never hangs up"));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[tokio::test]
async fn who_was_being_listened_to_when_the_service_stops_gets_an_answer() {
    for on in [On::Sqlite, On::Postgres, On::SqliteAndNats] {
        let mut world = World::on(on).await;
        let mut last = Raw::awaited(&world).await;
        world.server.signal("TERM").await.unwrap();
        let address = world.server.url();
        let is_closed = || async {
            let tried = TcpStream::connect(address.trim_start_matches("http://")).await;
            tried.is_err().then_some(())
        };
        eventually("nobody else is let in", SOON, is_closed)
            .await
            .unwrap();
        last.0.write_all(SPENT.as_bytes()).await.unwrap();
        let heard = last.heard().await;
        assert!(heard.starts_with("HTTP/1.1 201"), "{on:?}: {heard}");
        world.server.restart().await.unwrap();
        let again = world.spend("P1", "last", SPENT).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::OK, "{on:?}");
    }
}

#[tokio::test]
async fn who_never_finishes_the_head_of_a_request_is_hung_up_on() {
    let world = World::configured(On::Sqlite, IMPATIENT).await;
    let half = Raw::to(&world, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    let heard = half.heard().await;
    assert!(!heard.contains("200 OK"), "{heard}");
    let silent = Raw::to(&world, "").await;
    assert_eq!(silent.heard().await, "");
}

#[tokio::test]
async fn who_never_finishes_a_body_is_told_that_it_took_too_long() {
    let world = World::configured(On::Sqlite, IMPATIENT).await;
    for (language, title) in [("zh", "超时"), ("en", "Timed out")] {
        let begun = format!(
            "POST /v1/projects/P1/expenditures HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept-Language: {language}\r\nConnection: close\r\nContent-Length: 400\r\n\r\n{{"
        );
        let heard = Raw::to(&world, &begun).await.heard().await;
        assert!(heard.starts_with("HTTP/1.1 504"), "{heard}");
        for told in ["application/problem+json", "timed_out", title] {
            assert!(heard.contains(told), "{heard}");
        }
    }
}

#[tokio::test]
async fn beyond_what_can_be_worked_on_callers_are_told_to_come_back() {
    let settings = "[sentinel]\ndaily_at = \"\"\n[http]\nconcurrent_requests = 1\n";
    let world = World::configured(On::Sqlite, settings).await;
    let slow = Raw::awaited(&world).await;
    let turned_away = eventually("somebody is turned away", SOON, || async {
        let answered = world
            .client
            .get(world.server.at("/v1/overview"))
            .send()
            .await
            .unwrap();
        (answered.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(answered)
    });
    let turned_away = turned_away.await.unwrap();
    assert_eq!(turned_away.headers()[RETRY_AFTER], "1");
    assert_eq!(body(turned_away).await["code"], "busy");
    told_in_both(world.client.get(world.server.at("/v1/overview")), 503, "busy").await;
    drop(slow);
    let let_in = eventually("there is room again", SOON, || async {
        let answered = world
            .client
            .get(world.server.at("/v1/overview"))
            .send()
            .await
            .unwrap();
        answered.status().is_success().then_some(())
    });
    let_in.await.unwrap();
}

#[tokio::test]
async fn who_tries_many_passwords_from_one_address_must_wait() {
    let office = Office::new().await;
    let key = office.key(Role::Finance);
    // A try is let in each second again, so each language is asked for until one is turned away.
    let mut told = Vec::new();
    for language in ["zh", "en"] {
        let mut tries = 0;
        let turned_away = loop {
            let credentials = serde_json::json!({"name": format!("user{tries}"), "password": "guess"});
            let guess = office.request("POST", "/v1/session").json(&credentials);
            let answered = guess.header("Accept-Language", language).send().await.unwrap();
            if answered.status() == StatusCode::TOO_MANY_REQUESTS {
                break answered;
            }
            assert_eq!(answered.status(), StatusCode::UNAUTHORIZED);
            tries += 1;
            assert!(tries < 200, "200 passwords were tried as fast as they came");
        };
        let wait = turned_away.headers()[RETRY_AFTER].to_str().unwrap().to_owned();
        assert!(wait.parse::<u64>().unwrap() >= 1);
        told.push(body(turned_away).await);
    }
    is_told_in_both(&told, 429, "too_many_sign_ins");
    let (status, _) = office.get_as(&key, "/v1/projects").await;
    assert_eq!(status, 200, "programs go on");
}

#[tokio::test]
async fn a_body_that_would_unpack_to_something_else_is_not_taken() {
    let world = World::new().await;
    for packing in ["gzip", "zstd", "deflate", "identity"] {
        let request = world.spend("P1", "k", SPENT).header(CONTENT_ENCODING, packing);
        let answered = request.send().await.unwrap();
        assert_eq!(answered.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{packing}");
        assert_eq!(body(answered).await["code"], "packed_body");
    }
}

#[tokio::test]
async fn large_refusals_are_kept_and_listed_a_few_at_a_time() {
    let world = World::new().await;
    for number in 0..6 {
        let body = format!(r#"{{"{number}{}":1}}"#, "k".repeat(900_000));
        let refused = world.spend("P1", "x", &body).send().await.unwrap();
        assert!(refused.status().is_client_error());
        assert!(refused.text().await.unwrap().len() < 10_000);
    }
    let (mut kept, mut next) = (0, Some(String::new()));
    while let Some(cursor) = next {
        let (_, page) = world.get(&format!("/v1/rejections?limit=1000{cursor}")).await;
        assert!(page.to_string().len() < 3 * 1024 * 1024);
        kept += page["items"].as_array().unwrap().len();
        next = page["next_cursor"].as_str().map(|next| format!("&cursor={next}"));
    }
    assert_eq!(kept, 6);
}

#[tokio::test]
async fn one_address_does_not_take_all_the_room() {
    let settings =
        "[sentinel]\ndaily_at = \"\"\n[http]\nconcurrent_requests = 4\n[gateway]\nbehind_proxy = true\n";
    let world = World::configured(On::Sqlite, settings).await;
    let _held = [Raw::awaited(&world).await, Raw::awaited(&world).await];
    let from = |address: &'static str| {
        let request = world.client.get(world.server.at("/v1/overview"));
        async move {
            request
                .header("X-Forwarded-For", address)
                .send()
                .await
                .unwrap()
                .status()
        }
    };
    let turned_away = || async { (from("127.0.0.1").await == StatusCode::SERVICE_UNAVAILABLE).then_some(()) };
    eventually("its own address is full", SOON, turned_away)
        .await
        .unwrap();
    assert_eq!(from("10.0.0.7").await, StatusCode::OK);
    let health = world
        .client
        .get(world.server.at("/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), StatusCode::OK);
}

#[tokio::test]
async fn answers_are_packed_as_callers_can_unpack_them() {
    let world = World::new().await;
    for packing in ["gzip", "zstd"] {
        let request = world.client.get(world.server.at("/v1/projects"));
        let answered = request.header(ACCEPT_ENCODING, packing).send().await.unwrap();
        assert_eq!(answered.headers()[CONTENT_ENCODING], packing);
    }
}

#[tokio::test]
async fn nothing_outside_what_the_binary_carries_can_be_fetched() {
    let world = World::new().await;
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/v1/projects/../../../etc/passwd",
        "/v1/receipts/..%2F..%2Fetc%2Fpasswd",
        "/assets/\\..\\..\\etc\\passwd",
    ] {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let heard = Raw::to(&world, &asked).await.heard().await;
        let status = heard.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{path}: {heard}");
        assert!(
            !heard.contains("root:") && !heard.contains("[workspace]"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_callers_say_writes_no_line_of_its_own_into_headers_or_the_operators_log() {
    let office = Office::talkative().await;
    let finance = office.key(Role::Finance);
    let world = &office.world;
    let forged = "P1%0d%0aSet-Cookie:%20karez_session=x%0d%0a2024-01-01%20ERROR%20all%20is%20lost";
    for path in [
        format!("/v1/projects/{forged}"),
        format!("/v1/warnings/{forged}"),
        format!("/v1/projects?sort={forged}"),
        format!("/{forged}"),
    ] {
        let request = office.request("GET", &path);
        let answered = request
            .header("Authorization", bearer(&finance))
            .send()
            .await
            .unwrap();
        assert!(answered.headers().get("set-cookie").is_none(), "{path}");
        assert!(answered.status().is_client_error());
    }
    let name = "admin\r\n2024-01-01 ERROR all is lost";
    for _ in 0..7 {
        assert_eq!(office.sign_in(name, "guess").await.status(), 401);
    }
    let messages = world.server.messages();
    let forged = messages
        .lines()
        .filter(|line| line.starts_with("2024-01-01 ERROR"));
    assert_eq!(forged.count(), 0, "{messages}");
}

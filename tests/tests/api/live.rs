//! The live stream: nothing missed, nothing twice, and an end with the server.

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::BoxStream;
use karez::authorization::Role;
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::time::timeout;

use crate::office::{Office, bearer};
use crate::world::{ODD_ESCAPED, On, World, body, read};

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: std::time::Duration = std::time::Duration::from_mins(1);
const SPENT: &str = r#"{"occurred_on":"2024-05-06","amount":"1.00"}"#;

/// A reader of the stream, as a browser reads it.
struct Reader {
    chunks: BoxStream<'static, Vec<u8>>,
    text: String,
}

#[derive(Debug)]
struct Heard {
    id: u64,
    event: String,
    data: Value,
}

impl Reader {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.header("Accept-Encoding", "gzip").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none());
        let chunks = futures::stream::unfold(response, |mut response| async {
            let chunk = response.chunk().await.ok()??;
            Some((chunk.to_vec(), response))
        });
        Self {
            chunks: chunks.boxed(),
            text: String::new(),
        }
    }

    /// What comes next on a stream where nothing happens.
    async fn beat(&mut self) -> String {
        let chunk = timeout(SOON, self.chunks.next()).await.expect("no heartbeat");
        String::from_utf8(chunk.unwrap()).unwrap()
    }

    /// The next event; nothing at the end.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let heard = parse(message);
                let rest = rest.to_owned();
                self.text = rest;
                if heard.is_some() {
                    return heard;
                }
                continue;
            }
            let chunk = timeout(SOON, self.chunks.next())
                .await
                .expect("the stream is silent")?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

fn parse(message: &str) -> Option<Heard> {
    let field = |name: &str| {
        message
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    Some(Heard {
        id: field("id:")?.parse().unwrap(),
        event: field("event:")?.to_owned(),
        data: serde_json::from_str(field("data:")?).unwrap(),
    })
}

fn follow(world: &World, query: &str) -> RequestBuilder {
    world.client.get(world.server.at(&format!("/v1/live{query}")))
}

#[tokio::test]
async fn a_recorded_event_is_heard_as_it_is_shown() {
    for on in [On::Sqlite, On::SqliteAndNats] {
        let world = World::on(on).await;
        let mut reader = Reader::of(follow(&world, "")).await;
        let (_, receipt) = read(world.spend("P1", "k", SPENT)).await;
        let heard = reader.next().await.unwrap();
        assert_eq!(heard.id, receipt["position"].as_u64().unwrap());
        assert_eq!(heard.event, "expenditure_recorded");
        let (_, history) = world.get(&format!("/v1/events?after={}", heard.id - 1)).await;
        assert_eq!(heard.data, history["items"][0]);
    }
}

#[tokio::test]
async fn who_comes_back_hears_every_event_once() {
    let world = World::new().await;
    let mut reader = Reader::of(follow(&world, "?after=0")).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(reader.next().await.unwrap().id);
    }
    drop(reader);
    // While the reader is away, and while it is back, others post.
    let posts =
        |from: usize| (from..from + 20).map(|index| world.spend("P2", &format!("k{index}"), SPENT).send());
    for posted in join_all(posts(0)).await {
        assert_eq!(posted.unwrap().status(), 201);
    }
    let last = ids.last().unwrap().to_string();
    let mut reader = Reader::of(follow(&world, "").header("Last-Event-ID", last)).await;
    let (posted, ()) = futures::join!(join_all(posts(20)), async {
        while ids.len() < 16 + 40 {
            ids.push(reader.next().await.unwrap().id);
        }
    });
    assert!(posted.into_iter().all(|posted| posted.unwrap().status() == 201));
    assert_eq!(ids, (1..=56).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_reader_hears_only_what_it_asked_for() {
    let world = World::new().await;
    let by_project = format!("?after=0&project={ODD_ESCAPED}&type=funds_arrived,project_started");
    let mut reader = Reader::of(follow(&world, &by_project)).await;
    assert_eq!(reader.next().await.unwrap().event, "project_started");
    assert_eq!(reader.next().await.unwrap().event, "funds_arrived");
    let mut of_unit = Reader::of(follow(&world, "?unit=U1")).await;
    read(world.spend("P1", "k", SPENT)).await;
    let (_, wanted) = read(world.spend("P2", "k", SPENT)).await;
    assert_eq!(
        of_unit.next().await.unwrap().id,
        wanted["position"].as_u64().unwrap()
    );

    for (query, code) in [
        ("?type=expenditure_recorde", "bad_query"),
        ("?units=U1", "unknown_parameter"),
    ] {
        let refused = follow(&world, query).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        assert_eq!(body(refused).await["code"], code);
    }
    // A position that the log has not reached is of another log, or of this one before it was restored.
    for seen in ["abc", "1000000"] {
        let request = follow(&world, "").header("Last-Event-ID", seen);
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 400);
        assert_eq!(body(refused).await["code"], "bad_last_event_id");
    }
}

#[tokio::test]
async fn who_may_no_longer_look_is_soon_told_nothing_more() {
    let office = Office::new().await;
    let key = office.key(Role::Finance);
    let request = follow(&office.world, "").header("Authorization", bearer(&key));
    let mut reader = Reader::of(request).await;
    let posted = office.world.spend("P1", "first", SPENT);
    read(posted.header("Authorization", bearer(&key))).await;
    assert!(reader.next().await.is_some());
    assert_eq!(office.world.command(&["key", "revoke", "finance"]).code, 0);
    // The stream ends by itself, though nothing more is recorded.
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn a_unit_that_comes_back_hears_its_own_once_and_nothing_else() {
    let office = Office::new().await;
    let (finance, unit) = (office.key(Role::Finance), office.key(Role::Unit));
    let post = async |project: &str, key: &str| {
        let request = office.world.spend(project, key, SPENT);
        let (status, receipt) = read(request.header("Authorization", bearer(&finance))).await;
        assert_eq!(status, 201);
        receipt["position"].as_u64().unwrap()
    };
    let follow = |seen: u64| {
        let request = follow(&office.world, "").header("Last-Event-ID", seen);
        Reader::of(request.header("Authorization", bearer(&unit)))
    };
    // P1 is the unit's own, P2 another's.
    let (mut own, mut heard) = (Vec::new(), Vec::new());
    let mut seen = post("P2", "before").await;
    for round in 0..4 {
        own.push(post("P1", &format!("away-{round}")).await);
        post("P2", &format!("away-{round}")).await;
        let mut reader = follow(seen).await;
        post("P2", &format!("back-{round}")).await;
        own.push(post("P1", &format!("back-{round}")).await);
        while heard.len() < own.len() {
            let event = reader.next().await.unwrap();
            assert_eq!(event.data["stream"], "project/P1");
            heard.push(event.id);
            seen = event.id;
        }
    }
    assert_eq!(heard, own);
}

/// A figure of the process.
async fn figure(world: &World, name: &str) -> f64 {
    let text = world
        .client
        .get(world.server.at("/metrics"))
        .send()
        .await
        .unwrap();
    let text = text.text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name}: {text}"))
        .trim()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_thousand_idle_readers_cost_little_and_are_kept_alive() {
    const READERS: u32 = 1_000;
    let world = World::new().await;
    let memory = async || figure(&world, "process_resident_memory_bytes ").await;
    let processor = async || figure(&world, "process_cpu_seconds_total ").await;
    // What the first ones need is there once for all.
    let _first = join_all((0..50).map(|_| Reader::of(follow(&world, "")))).await;
    let before = memory().await;
    let mut readers = join_all((0..READERS).map(|_| Reader::of(follow(&world, "")))).await;
    let each = (memory().await - before) / f64::from(READERS);
    assert!(each < 64.0 * 1024.0, "an idle reader takes {each} bytes");

    let idle_since = processor().await;
    for beat in join_all(readers.iter_mut().map(Reader::beat)).await {
        assert!(beat.starts_with(':'), "{beat:?}");
    }
    let spent = processor().await - idle_since;
    assert!(
        spent < 2.0,
        "{READERS} idle readers took {spent} seconds of a processor until the heartbeat"
    );

    let (_, receipt) = read(world.spend("P1", "k", SPENT)).await;
    for heard in join_all(readers.iter_mut().map(Reader::next)).await {
        assert_eq!(heard.unwrap().id, receipt["position"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn many_idle_readers_all_hear_the_same_event_and_the_end() {
    let mut world = World::new().await;
    let readers = join_all((0..300).map(|_| Reader::of(follow(&world, "")))).await;
    let (_, receipt) = read(world.spend("P1", "k", SPENT)).await;
    let position = receipt["position"].as_u64().unwrap();
    let mut readers = readers;
    for heard in join_all(readers.iter_mut().map(Reader::next)).await {
        assert_eq!(heard.unwrap().id, position);
    }
    assert_eq!(world.server.stop().await.unwrap(), Some(0));
    for end in join_all(readers.iter_mut().map(Reader::next)).await {
        assert!(end.is_none());
    }
}

//! What must hold at the end of every run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use karez::clock::BUSINESS_TIME_ZONE;
use karez::sentinel::{Daily, Timeline};
use karez::store::EventLog;
use karez_events::{RawEvent, RecordedEvent, StreamId, Submission};
use karez_projections::warnings::is_step;
use karez_tests::receiver::Receiver;
use karez_tests::server::Server;
use karez_tests::wait::eventually;
use serde_json::Value;
use uuid::Uuid;

use super::users::Users;
use super::world::{World, sql};
use crate::place::{FIRST_FACTS, log_of};
use crate::traffic::{SOON, Sender, holds_each_once};

/// Ends the users of a world, and asserts what was promised to them.
pub async fn hold(world: World) {
    let Users {
        traffic,
        reader,
        refused,
        program,
    } = world.users;
    let acknowledged = traffic.end().await;
    let refused = refused.end().await;
    let published = match program {
        Some(program) => program.end().await,
        None => Vec::new(),
    };
    let log = EventLog::open(&world.location).await.unwrap();
    let published_are_in = || async { is_complete(&log, &published).await.then_some(()) };
    eventually("what NATS keeps is recorded", SOON, published_are_in)
        .await
        .unwrap();
    let gateways = &world.servers[..world.gateways];
    let sender = Sender::to(&gateways.iter().collect::<Vec<_>>());
    let head = log.head().await.unwrap().position;
    for server in gateways {
        let shown = || async { (position_at(server).await? >= head).then_some(()) };
        eventually("a node shows the whole log", SOON, shown)
            .await
            .unwrap();
        holds_each_once(server, &acknowledged, &sender).await;
    }
    warnings_are_those_of_an_undisturbed_run(&log).await;
    let events = log_of(&world.servers[0]).await;
    let is_sent = |event: &&Value| event["metadata"]["source_system"] != "sentinel";
    assert_eq!(
        events.iter().filter(is_sent).count(),
        FIRST_FACTS + acknowledged.len() + published.len(),
        "there is more in the log than was sent"
    );
    let seen = reader.end().await;
    assert!(!seen.is_empty(), "the reader saw something");
    assert_eq!(
        seen,
        events[..seen.len()],
        "the reader saw what is in the log, in its order"
    );
    every_refusal_is_kept(&log, &refused).await;
    // A process that died may have claimed a notice: two minutes go by until another may send it.
    sql(
        &world.location,
        "UPDATE outbox SET claimed_us = claimed_us - 120000000",
    )
    .await;
    notices_are_told(&log, &world.receiver, world.strikes).await;
    for mut server in world.servers {
        assert_eq!(server.stop().await.unwrap(), Some(0), "{}", server.messages());
        assert!(
            !server.all_messages().contains("panicked"),
            "{}",
            server.all_messages()
        );
    }
    world.place.verify().await;
}

async fn position_at(server: &Server) -> Option<u64> {
    let answer = karez_tests::http::get(server.at("/v1/events?limit=1"))
        .await
        .ok()?;
    answer.json::<Value>().await.ok()?["position"].as_u64()
}

async fn is_complete(log: &EventLog, published: &[Uuid]) -> bool {
    log.find(published)
        .await
        .is_ok_and(|found| found.len() == published.len())
}

async fn every_refusal_is_kept(log: &EventLog, refused: &[String]) {
    let kept = log.rejections(None, usize::MAX).await.unwrap();
    let what: HashSet<_> = kept
        .iter()
        .map(|kept| (&kept.row, &kept.content, &kept.code))
        .collect();
    assert_eq!(what.len(), kept.len(), "a refusal is kept twice");
    let by_the_recorder = kept.iter().any(|kept| kept.code == "wrong_precision");
    assert!(by_the_recorder, "nothing was refused by the recorder");
    let ids: HashSet<String> = kept.iter().map(|kept| kept.rejection_id.to_string()).collect();
    for id in refused {
        assert!(
            ids.contains(id),
            "said to be refused and kept, and is not kept: {id}"
        );
    }
}

/// Waits until the sentinel has said what it would have said about the same log with nothing in its way, and asserts that
/// it has said nothing else.
async fn warnings_are_those_of_an_undisturbed_run(log: &EventLog) {
    let same = || async {
        let events = whole(log).await;
        let (said, expected) = (said(&events), undisturbed(&events));
        (expected.keys().all(|id| said.contains_key(id))).then_some((said, expected))
    };
    let (said, expected) = eventually("the sentinel has said everything", SOON, same)
        .await
        .unwrap();
    assert!(!expected.is_empty(), "there is something to warn of");
    assert_eq!(
        said, expected,
        "the sentinel said what an undisturbed one would say"
    );
}

async fn whole(log: &EventLog) -> Vec<RawEvent> {
    let mut events: Vec<RawEvent> = Vec::new();
    loop {
        let after = events.last().map_or(0, |last| last.position);
        let page = log.read(after, 10_000).await.unwrap();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

type Said = BTreeMap<Uuid, (&'static str, String)>;

fn said(events: &[RawEvent]) -> Said {
    let of_warnings = events
        .iter()
        .filter(|event| matches!(event.stream, StreamId::Warning(_)));
    let text = |event: &RawEvent| String::from_utf8(event.payload.clone()).unwrap();
    of_warnings
        .map(|event| (event.event_id, (event.event_type.as_str(), text(event))))
        .collect()
}

fn undisturbed(events: &[RawEvent]) -> Said {
    let daily = Daily::try_new("sentinel.daily_at", "0 30 0 * * *", BUSINESS_TIME_ZONE).unwrap();
    let facts = events.iter().map(|event| event.decode().unwrap());
    let facts: Vec<RecordedEvent> = facts.filter(|fact| !is_step(fact)).collect();
    let mut timeline = Timeline::resume(daily, facts);
    let mut said = Said::new();
    let payload = |fact: &Submission| String::from_utf8(fact.event.payload().unwrap()).unwrap();
    while let Some(facts) = timeline.next_step(None) {
        let of_warnings = facts
            .iter()
            .filter(|fact| matches!(fact.stream, StreamId::Warning(_)));
        said.extend(
            of_warnings.map(|fact| (fact.event_id, (fact.event.event_type().as_str(), payload(fact)))),
        );
    }
    said
}

/// A claim of a process that died holds for two minutes.
const CLAIM_HAS_ENDED: Duration = Duration::from_mins(4);

/// Every notice has gone out at least once, each is one message of the outbox, and none is sent again but after a strike.
async fn notices_are_told(log: &EventLog, receiver: &Receiver, strikes: usize) {
    let done = || async {
        let rows = log.deliveries(usize::MAX).await.ok()?;
        rows.iter().all(|row| row.state != "waiting").then_some(rows)
    };
    let rows = eventually("every notice is told", CLAIM_HAS_ENDED, done)
        .await
        .unwrap();
    // A notice may be queued and told between both looks, so that what was told is looked for in the outbox as it is afterwards.
    let mut told: HashMap<String, usize> = HashMap::new();
    for posted in receiver.posted() {
        let id = posted.headers["Karez-Message-Id"].to_str().unwrap().to_owned();
        *told.entry(id).or_default() += 1;
    }
    let delivered = rows.iter().filter(|row| row.state == "delivered");
    let delivered: Vec<String> = delivered.map(|row| row.message_id.to_string()).collect();
    assert!(!delivered.is_empty(), "there is something to tell");
    for id in &delivered {
        let times = told.get(id).copied().unwrap_or(0);
        assert!((1..=1 + strikes).contains(&times), "{id} was told {times} times");
    }
    let rows = log.deliveries(usize::MAX).await.unwrap();
    let queued: HashSet<String> = rows.iter().map(|row| row.message_id.to_string()).collect();
    let unknown: Vec<&String> = told.keys().filter(|id| !queued.contains(*id)).collect();
    assert_eq!(unknown, [""; 0], "told, and in no outbox");
}

//! What other programs see on NATS.

use std::collections::BTreeSet;

use async_nats::{Client, HeaderMap};
use futures::StreamExt;
use karez::bus::Bus;
use karez::bus::feed::from_wire;
use karez::bus::intake::RefusedContent;
use karez::intake_sweep::{IntakeReport, sweep_intake};
use karez::receipt::Outcome;
use karez::store::Batch;
use karez_tests::wait::eventually;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::facts::{approval, expenditure, expenditure_wire, wire};
use crate::world::{Node, On, Over, SOON, World, recorded, refused};

/// Another program on the same NATS.
pub struct Program {
    pub client: Client,
}

impl Program {
    pub async fn of(world: &World) -> Self {
        let server = world.nats.as_ref().unwrap();
        Self {
            client: async_nats::connect(server.url()).await.unwrap(),
        }
    }

    /// Publishes and waits for what comes to the reply subject.
    pub async fn ask(&self, subject: &str, body: &Value) -> Outcome {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("Karez-Reply", inbox.as_str());
        self.client
            .publish_with_headers(subject.to_owned(), headers, body.to_string().into())
            .await
            .unwrap();
        let answer = tokio::time::timeout(SOON, answers.next())
            .await
            .expect("an answer in time")
            .unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    }

    pub async fn tell(&self, subject: &str, body: impl Into<bytes::Bytes>) {
        self.client
            .publish(subject.to_owned(), body.into())
            .await
            .unwrap();
        self.client.flush().await.unwrap();
    }
}

pub async fn sweep(node: &Node) -> IntakeReport {
    let Bus::JetStream(bus) = &node.bus else {
        panic!("no NATS")
    };
    sweep_intake(bus, &node.log).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn many_facts_are_stored_together_or_one_by_one_where_the_stream_takes_no_batch() {
    let world = World::new(On::Sqlite, Over::Nats).await;
    let node = world.node().await;
    let jetstream = async_nats::jetstream::new(Program::of(&world).await.client);
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let submit = async |ids: std::ops::RangeInclusive<u128>| {
        let facts = ids.map(|id| expenditure(id, "P1", "1.00"));
        let outcomes = node.intake.submit_all(facts.collect()).await;
        let positions = outcomes
            .into_iter()
            .map(|outcome| recorded(outcome.unwrap()).position);
        positions.collect::<Vec<_>>()
    };
    assert_eq!(submit(2..=300).await, (2..=300).collect::<Vec<_>>());
    let intake = jetstream.get_stream("KAREZ_INTAKE").await.unwrap();
    let batch_of = async |seq| {
        let message = intake.get_raw_message(seq).await.unwrap();
        message.headers.get("Nats-Batch-Id").map(ToString::to_string)
    };
    let first = batch_of(2).await;
    assert!(first.is_some());
    assert_eq!(batch_of(300).await, first);
    // Operators may switch it off.
    let mut config = intake.cached_info().config.clone();
    config.allow_atomic_publish = false;
    jetstream.update_stream(config).await.unwrap();
    assert_eq!(submit(301..=600).await, (301..=600).collect::<Vec<_>>());
    assert_eq!(batch_of(301).await, None);
    assert_eq!(node.events().await.len(), 600);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_fact_published_by_another_program_is_recorded_and_answered(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let erp = Program::of(&world).await;
    let posted = expenditure_wire(2, "P1", "300.00");
    let receipt = recorded(erp.ask("karez.intake.U1.P1", &posted).await);
    assert_eq!((receipt.position, receipt.replayed), (2, false));
    let again = recorded(erp.ask("karez.intake.U1.P1", &posted).await);
    assert_eq!((again.position, again.replayed), (2, true));
    // It is the unit that spoke, since it came by the unit's door.
    let metadata: Value = serde_json::from_slice(&node.events().await[1].metadata).unwrap();
    assert_eq!(metadata["actor"], json!({"org": "U1", "role": "unit"}));
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_unit_cannot_speak_for_another(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let erp = Program::of(&world).await;
    let mut posted = expenditure_wire(2, "P1", "300.00");
    assert_eq!(
        refused(erp.ask("karez.intake.U2.P1", &posted).await).code,
        "not_your_project"
    );
    assert_eq!(
        refused(erp.ask("karez.intake.U1.P2", &posted).await).code,
        "wrong_sender"
    );
    posted["metadata"] = json!({"actor": {"org": "CZ", "role": "finance"}});
    assert_eq!(
        refused(erp.ask("karez.intake.U1.P1", &posted).await).code,
        "wrong_sender"
    );
    assert_eq!(node.events().await.len(), 1);
    // Who spoke was filled in by the door, and the sweep knows what was refused all the same.
    assert!(sweep(&node).await.missing.is_empty());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_unit_cannot_pass_its_facts_off_as_imported(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let erp = Program::of(&world).await;
    // Imported facts keep the digits they were published with, so such a claim would let half a cent through.
    let mut posted = expenditure_wire(2, "P1", "300.005");
    posted["metadata"] = json!({"source_system": "import:iati"});
    let refusal = refused(erp.ask("karez.intake.U1.P1", &posted).await);
    assert_eq!(
        (refusal.code.as_str(), refusal.pointer.as_str()),
        ("reserved_source", "/metadata/source_system")
    );
    assert_eq!(node.events().await.len(), 1);
    // The office's own importers come by the trusted door.
    recorded(erp.ask("karez.intake._.P1", &posted).await);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_a_reader_refused_twice_is_kept_once_and_found_by_the_sweep(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    let row = RefusedContent {
        rejection_id: Uuid::from_u128(7),
        source: "import:iati".to_owned(),
        actor: None,
        row: "activities.xml:7".to_owned(),
        code: "malformed".to_owned(),
        pointer: "/value".to_owned(),
        message_zh: "金额无法读取".to_owned(),
        message_en: "the amount cannot be read".to_owned(),
        content: "<value/>".into(),
    };
    for _ in 0..2 {
        let refusal = refused(node.intake.keep_refused(row.clone()).await.unwrap());
        assert_eq!(refusal.rejection_id, row.rejection_id);
    }
    assert_eq!(node.log.rejections(None, 10).await.unwrap().len(), 1);
    let report = sweep(&node).await;
    // A sender that heard nothing in time asks once more.
    assert!(report.messages >= 2, "{report:?}");
    assert_eq!(report.refused, report.messages);
    assert!(report.missing.is_empty());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn poison_is_kept_as_a_rejection_and_stops_nobody(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let erp = Program::of(&world).await;
    for _ in 0..2 {
        erp.tell("karez.intake.U1.P1", "not JSON").await;
    }
    erp.tell("karez.intake.U1.P1", vec![0xff, 0x00]).await;
    erp.tell(
        "karez.intake.strange",
        expenditure_wire(2, "P1", "1.00").to_string(),
    )
    .await;
    erp.tell("karez.intake.U1.P1", json!({"hello": "world"}).to_string())
        .await;
    erp.tell(
        "karez.intake.U1.P1",
        wire(3, "project/P1", "made_up", &json!({})).to_string(),
    )
    .await;
    // No text of PostgreSQL can have a NUL in it.
    erp.tell("karez.intake.U1.P1", r#"{"a\u0000": 1}"#).await;
    let mut unknown = expenditure_wire(5, "P9", "1.00");
    unknown["metadata"] = json!({"actor": {"user": "\u{0}"}});
    erp.tell("karez.intake.U1.P9", unknown.to_string()).await;
    let receipt = recorded(
        erp.ask("karez.intake.U1.P1", &expenditure_wire(4, "P1", "1.00"))
            .await,
    );
    assert_eq!(receipt.position, 2);
    let kept = node.log.rejections(None, 10).await.unwrap();
    assert_eq!(kept.len(), 7);
    assert!(kept.iter().all(|rejection| rejection.code != "unrecordable"));
    assert!(
        kept.iter()
            .any(|rejection| rejection.content == b"not JSON" && rejection.code == "malformed")
    );
    let report = sweep(&node).await;
    assert!(report.recorded >= 2, "{report:?}");
    assert_eq!(
        (report.recorded + report.refused, report.refused),
        (report.messages, 8)
    );
    assert!(report.missing.is_empty());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn the_sweep_names_what_was_lost(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    refused(node.intake.submit(expenditure(3, "P9", "1.00")).await.unwrap());
    node.stop().await;
    let reader = world.reader().await;
    let erp = Program::of(&world).await;
    let jetstream = async_nats::jetstream::new(erp.client.clone());
    let mut lost = Vec::new();
    // One under the id of a fact that was refused before, with another amount.
    for (subject, fact) in [
        ("karez.intake.U1.P1", expenditure_wire(2, "P1", "1.00")),
        ("karez.intake._.P9", expenditure_wire(3, "P9", "2.00")),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("Karez-Source", "submitted");
        let stored = jetstream.publish_with_headers(subject, headers, fact.to_string().into());
        let stored = stored.await.unwrap();
        lost.push(stored.await.unwrap().sequence);
    }
    // Not dealt with yet is not lost.
    assert!(sweep(&reader).await.missing.is_empty());
    // Somebody moves the mark past it.
    let mut lease = reader.log.try_lease("a fault").await.unwrap().unwrap();
    lease
        .append(&Batch {
            intake_seq: lost.last().copied(),
            ..Batch::default()
        })
        .await
        .unwrap();
    let missing = sweep(&reader).await.missing;
    let missing: Vec<u64> = missing.iter().map(|message| message.seq).collect();
    assert_eq!(missing, lost);
}

#[rstest]
#[tokio::test]
async fn recorded_events_are_published_and_followed_elsewhere(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    let elsewhere = world.reader().await;
    let follower = elsewhere.follower().await;
    let listener = Program::of(&world).await;
    let mut feed = listener
        .client
        .subscribe("karez.feed.project.P%2E1")
        .await
        .unwrap();
    listener.client.flush().await.unwrap();
    node.intake.submit(approval(1, "P.1")).await.unwrap();
    let message = tokio::time::timeout(SOON, feed.next()).await.unwrap().unwrap();
    assert_eq!(from_wire(&message.payload).unwrap(), node.events().await[0]);
    // By way of the other node's intake as well.
    let receipt = recorded(
        elsewhere
            .intake
            .submit(expenditure(2, "P.1", "1.00"))
            .await
            .unwrap(),
    );
    assert!(follower.wait_for(receipt.position, SOON).await);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn the_feed_goes_on_where_it_was_after_a_crash(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let sending = node
        .intake
        .submit_all((2..=400).map(|id| expenditure(id, "P1", "1.00")).collect());
    sending.await;
    node.kill().await;
    let node = world.node().await;
    recorded(node.intake.submit(expenditure(401, "P1", "1.00")).await.unwrap());
    let listener = Program::of(&world).await;
    let jetstream = async_nats::jetstream::new(listener.client.clone());
    eventually("all events are on the feed", SOON, || async {
        let mut stream = jetstream.get_stream("KAREZ_FEED").await.ok()?;
        (stream.info().await.ok()?.state.messages >= 401).then_some(())
    })
    .await
    .unwrap();
    let stream = jetstream.get_stream("KAREZ_FEED").await.unwrap();
    let config = async_nats::jetstream::consumer::pull::OrderedConfig::default();
    let messages = stream
        .create_consumer(config)
        .await
        .unwrap()
        .messages()
        .await
        .unwrap();
    let seen: BTreeSet<u64> = messages
        .take(401)
        .map(|message| from_wire(&message.unwrap().payload).unwrap().position)
        .collect()
        .await;
    assert_eq!(seen, (1..=401).collect());
    node.stop().await;
}

//! What senders are told, whatever the bus and the store.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use karez::bus::{IntakeError, Origin};
use karez::recorder::RecorderSettings;
use karez::replay::load_portfolio;
use karez::store::SEGMENT_EVENTS;
use karez_projections::Portfolio;
use karez_tests::wait::eventually;
use rstest::rstest;
use uuid::Uuid;

use crate::facts::{approval, expenditure, expenditure_wire, id, paid_to};
use crate::world::{On, Over, SOON, World, recorded, refused};

#[rstest]
#[tokio::test]
async fn a_fact_is_recorded_and_seen(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    let follower = node.follower().await;
    let first = recorded(node.intake.submit(approval(1, "P.1 甲")).await.unwrap());
    let second = recorded(
        node.intake
            .submit(expenditure(2, "P.1 甲", "300.00"))
            .await
            .unwrap(),
    );
    assert_eq!((first.position, first.version, first.replayed), (1, 1, false));
    assert_eq!((second.position, second.version, second.replayed), (2, 2, false));
    assert_eq!(second.recorded_at, world.clock.now());
    assert!(follower.wait_for(2, SOON).await);
    assert_eq!(follower.read().project_count(), 1);
    let events = node.events().await;
    assert_eq!(events.last().map(|event| event.hash), Some(second.hash));
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_is_recorded_is_in_the_index_soon_and_when_the_recorder_ends(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Channels).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    recorded(node.intake.submit(expenditure(2, "P1", "300.00")).await.unwrap());
    eventually("the index reaches the end of the log", SOON, || async {
        (node.log.indexed_position().await.ok()? == 2).then_some(())
    })
    .await
    .unwrap();
    let third = recorded(node.intake.submit(expenditure(3, "P1", "300.00")).await.unwrap());
    node.stop().await;
    let log = world.log().await;
    assert_eq!(log.indexed_position().await.unwrap(), third.position);
}

#[rstest]
#[tokio::test]
async fn sent_twice_it_lands_once_and_gets_the_first_receipt(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let first = recorded(node.intake.submit(paid_to(2, "P1", "张三")).await.unwrap());
    world.clock.step(Duration::from_mins(1));
    let again = recorded(node.intake.submit(paid_to(2, "P1", "张三")).await.unwrap());
    assert!(again.replayed);
    assert_eq!(
        (again.position, again.hash, again.recorded_at),
        (first.position, first.hash, first.recorded_at)
    );
    // The same within one batch.
    let both = node
        .intake
        .submit_all(vec![expenditure(3, "P1", "1.00"), expenditure(3, "P1", "1.00")])
        .await;
    let both: Vec<_> = both
        .into_iter()
        .map(|outcome| recorded(outcome.unwrap()))
        .collect();
    assert_eq!(both[0].position, both[1].position);
    assert_eq!(node.events().await.len(), 3);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn the_same_id_with_other_content_is_a_conflict(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let first = recorded(node.intake.submit(paid_to(2, "P1", "张三")).await.unwrap());
    let refusal = refused(node.intake.submit(paid_to(2, "P1", "李四")).await.unwrap());
    assert_eq!(
        (refusal.code.as_str(), refusal.original),
        ("key_conflict", Some(first.position))
    );
    assert_eq!(node.events().await.len(), 2);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_a_fact_is_refused_and_kept_with_its_reason(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    let unknown = refused(node.intake.submit(expenditure(1, "P9", "300.00")).await.unwrap());
    assert_eq!(unknown.code, "unknown_project");
    let mut wrong = expenditure_wire(2, "P9", "300.00");
    wrong["data"]["vouchr"] = "x".into();
    let origin = Origin {
        source: "import:test".to_owned(),
        row: Some("book.csv:7".to_owned()),
    };
    let bytes = Bytes::from(wrong.to_string());
    let malformed = refused(node.intake.submit_bytes(bytes.clone(), origin).await.unwrap());
    assert_eq!(
        (malformed.code.as_str(), malformed.pointer.as_str()),
        ("malformed", "/data")
    );

    let kept = node.log.rejections(None, 10).await.unwrap();
    let ids: Vec<Uuid> = kept.iter().map(|rejection| rejection.rejection_id).collect();
    assert_eq!(ids, [malformed.rejection_id, unknown.rejection_id]);
    assert_eq!(kept[0].content, bytes);
    assert_eq!(
        (kept[0].source.as_str(), kept[0].row.as_deref()),
        ("import:test", Some("book.csv:7"))
    );
    assert_eq!(kept[1].event_id, Some(id(1)));
    assert_eq!(node.events().await.len(), 0);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_batch_is_decided_in_order(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    let mut batch = vec![approval(1, "P1")];
    batch.extend((2..=3_000).map(|id| expenditure(id, "P1", "1.00")));
    let outcomes = node.intake.submit_all(batch).await;
    let positions: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| recorded(outcome.unwrap()).position)
        .collect();
    assert_eq!(positions, (1..=3_000).collect::<Vec<_>>());
    assert_eq!(node.events().await.len(), 3_000);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn of_many_facts_those_that_were_sent_before_get_their_first_receipts(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let fact = |id: u128| expenditure(id, "P1", "1.00");
    node.intake
        .submit_all((2..=1_400).step_by(2).map(fact).collect())
        .await;
    // Each window has known ones and new ones.
    let again = node.intake.submit_all((2..=1_401).map(fact).collect()).await;
    let receipts = again.into_iter().map(|outcome| recorded(outcome.unwrap()));
    let told: Vec<_> = receipts
        .map(|receipt| (receipt.position, receipt.replayed))
        .collect();
    let expected = (0..700).flat_map(|pair| [(2 + pair, true), (702 + pair, false)]);
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert_eq!(node.events().await.len(), 1_401);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn personal_fields_are_never_recorded_open(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Channels).await;
    let node = world.node().await;
    let batch = vec![
        approval(1, "P1"),
        paid_to(2, "P1", "买买提"),
        paid_to(3, "P1", "买买提"),
        // Refused, and kept all the same.
        paid_to(4, "P9", "买买提"),
    ];
    node.intake.submit_all(batch).await;
    let stored: Vec<u8> = node
        .events()
        .await
        .into_iter()
        .flat_map(|event| event.payload)
        .collect();
    let kept = node.log.rejections(None, 10).await.unwrap();
    for bytes in [&stored, &kept[0].content] {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains("sealed") && !text.contains("买买提"), "{text}");
    }
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn time_in_the_log_never_goes_backwards(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Channels).await;
    let node = world.node().await;
    let first = recorded(node.intake.submit(approval(1, "P1")).await.unwrap());
    world.clock.set("2020-01-01T00:00:00Z".parse().unwrap());
    let second = recorded(node.intake.submit(expenditure(2, "P1", "1.00")).await.unwrap());
    assert_eq!(second.recorded_at, first.recorded_at);
    node.stop().await;
    let node = world.node().await;
    let third = recorded(node.intake.submit(expenditure(3, "P1", "1.00")).await.unwrap());
    assert_eq!(third.recorded_at, first.recorded_at);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_was_accepted_before_the_stop_is_recorded(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Channels).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let intake = node.intake.clone();
    let sending = tokio::spawn(async move {
        let batch = (2..=3_000).map(|id| expenditure(id, "P1", "1.00")).collect();
        intake.submit_all(batch).await
    });
    node.has_recorded(2).await;
    let (log, late) = (node.log.clone(), node.intake.clone());
    node.stop().await;
    let outcomes = sending.await.unwrap();
    let told = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Ok(_) | Err(IntakeError::Stopping)))
    );
    assert_eq!(
        log.head().await.unwrap().position,
        1 + u64::try_from(told).unwrap()
    );
    assert_eq!(
        late.submit(approval(9_999, "P2")).await,
        Err(IntakeError::Stopping)
    );
}

#[rstest]
#[tokio::test]
async fn a_recorder_that_is_killed_again_and_again_writes_the_portfolio_down(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Channels).await;
    let settings = RecorderSettings {
        snapshot_every_events: 40,
        ..RecorderSettings::default()
    };
    let log = world.log().await;
    let newest = || async { log.newest_snapshot_position(None).await.unwrap() };
    let node = world.node_with(settings.clone()).await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    node.kill().await;
    for (turn, ids) in [2..=31, 32..=61].into_iter().enumerate() {
        let node = world.node_with(settings.clone()).await;
        node.intake
            .submit_all(ids.map(|id| expenditure(id, "P1", "1.00")).collect())
            .await;
        if turn == 0 {
            assert_eq!(newest().await, None, "the log is too short");
        } else {
            eventually("a snapshot", SOON, newest).await.unwrap();
        }
        node.kill().await;
    }
}

#[rstest]
#[tokio::test]
async fn what_is_closed_is_sealed_at_once_as_its_rows_say_it(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Channels).await;
    let node = world.node().await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    let of = |ids: RangeInclusive<u128>| ids.map(|id| paid_to(id, "P1", "张三")).collect();
    node.intake.submit_all(of(2..=4_000)).await;
    node.kill().await;
    // Of the first segment this one has recorded a part, of the second all.
    let node = world.node().await;
    node.intake.submit_all(of(4_001..=20_050)).await;
    eventually("two segments", SOON, || async {
        (node.log.sealed_up_to().await.ok()? == 2 * SEGMENT_EVENTS).then_some(())
    })
    .await
    .unwrap();
    for after in [0, SEGMENT_EVENTS] {
        let rows = node
            .log
            .read(after, usize::try_from(SEGMENT_EVENTS).unwrap())
            .await;
        let sealed = node.log.segment(after).await.unwrap().unwrap();
        assert_eq!(sealed.unpack(), Ok(rows.unwrap()));
    }
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_start_from_a_snapshot_is_the_same_as_a_fold_of_everything(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Channels).await;
    let settings = RecorderSettings {
        snapshot_every_events: 40,
        batch_events: 50,
        ..RecorderSettings::default()
    };
    let node = world.node_with(settings).await;
    node.intake.submit(approval(1, "P1")).await.unwrap();
    node.intake
        .submit_all((2..=200).map(|id| paid_to(id, "P1", "张三")).collect())
        .await;
    let events = node.events().await;
    node.stop().await;
    let mut folded = Portfolio::default();
    for event in &events {
        folded.apply(&event.decode().unwrap());
    }
    let log = world.log().await;
    let snapshot = log
        .latest_snapshot(karez::replay::SNAPSHOT_FORMAT, 1_000)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(snapshot.position, 200);
    assert_eq!(load_portfolio(&log, None).await.unwrap(), folded);
    let mut prefix = Portfolio::default();
    for event in &events[..70] {
        prefix.apply(&event.decode().unwrap());
    }
    assert_eq!(load_portfolio(&log, Some(70)).await.unwrap(), prefix);
}

//! Nothing that was acknowledged is lost, and nothing lands twice, whatever dies.

use std::collections::HashMap;

use karez::bus::IntakeError;
use karez::receipt::Outcome;
use karez_tests::postgres::Postgres;
use karez_tests::wait::eventually;
use rstest::rstest;

use crate::facts::{approval, expenditure, expenditure_wire, id};
use crate::nats::{Program, sweep};
use crate::world::{On, Over, SOON, World, recorded, refused};

#[rstest]
#[tokio::test]
async fn nats_goes_away_and_comes_back(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    recorded(node.intake.submit(approval(1, "P1")).await.unwrap());
    world.nats.as_mut().unwrap().kill();
    let waiting = {
        let intake = node.intake.clone();
        tokio::spawn(async move { intake.submit(expenditure(2, "P1", "1.00")).await })
    };
    world.nats.as_mut().unwrap().restart().await.unwrap();
    recorded(waiting.await.unwrap().unwrap());
    recorded(node.intake.submit(expenditure(3, "P1", "1.00")).await.unwrap());
    assert_eq!(node.events().await.len(), 3);
    assert!(sweep(&node).await.missing.is_empty());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn nats_may_come_later_than_karez(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut world = World::new(on, Over::Nats).await;
    world.nats.as_mut().unwrap().kill();
    let node = world.node().await;
    world.nats.as_mut().unwrap().restart().await.unwrap();
    recorded(node.intake.submit(approval(1, "P1")).await.unwrap());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn nats_loses_its_disk(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    let batch = vec![
        approval(1, "P1"),
        expenditure(2, "P1", "1.00"),
        expenditure(3, "P1", "1.00"),
    ];
    node.intake.submit_all(batch).await;
    let before = node.log.head().await.unwrap();
    world.nats.as_mut().unwrap().lose_disk().unwrap();
    world.nats.as_mut().unwrap().restart().await.unwrap();
    recorded(node.intake.submit(expenditure(4, "P1", "1.00")).await.unwrap());
    // Sequence numbers that the log knows are not used twice.
    assert!(node.log.head().await.unwrap().intake_seq > before.intake_seq);
    assert_eq!(node.events().await.len(), 4);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_recorder_that_dies_at_any_moment_records_nothing_twice(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Nats).await;
    let sender = world.reader().await;
    let intake = sender.intake.clone();
    let sending = tokio::spawn(async move {
        let mut batch = vec![approval(1, "P1")];
        batch.extend((2..=1_200).map(|id| expenditure(id, "P1", "1.00")));
        intake.submit_all(batch).await
    });
    for position in [1, 200, 500, 900] {
        let node = world.node().await;
        node.has_recorded(position).await;
        node.kill().await;
    }
    let node = world.node().await;
    let mut positions: Vec<_> = sending
        .await
        .unwrap()
        .into_iter()
        .map(|outcome| recorded(outcome.unwrap()).position)
        .collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..=1_200).collect::<Vec<_>>());
    assert_eq!(node.events().await.len(), 1_200);
    assert!(sweep(&node).await.missing.is_empty());
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn messages_that_were_committed_and_not_acknowledged_are_not_recorded_again(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let world = World::new(on, Over::Nats).await;
    let node = world.node().await;
    let batch = vec![
        approval(1, "P1"),
        expenditure(2, "P1", "1.00"),
        expenditure(3, "P9", "1.00"),
    ];
    node.intake.submit_all(batch).await;
    let before = node.log.head().await.unwrap();
    node.stop().await;
    // As if no acknowledgement had ever reached NATS.
    let operator = Program::of(&world).await;
    let jetstream = async_nats::jetstream::new(operator.client.clone());
    let stream = jetstream.get_stream("KAREZ_INTAKE").await.unwrap();
    stream.delete_consumer("karez-recorder").await.unwrap();
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("karez-recorder".to_owned()),
        ..Default::default()
    };
    stream.create_consumer(config).await.unwrap();

    let node = world.node().await;
    recorded(
        operator
            .ask("karez.intake.U1.P1", &expenditure_wire(4, "P1", "1.00"))
            .await,
    );
    assert_eq!(node.log.head().await.unwrap().position, before.position + 1);
    assert_eq!(node.log.rejections(None, 10).await.unwrap().len(), 1);
    // NATS is told how far the recorder is.
    eventually("the consumer has nothing open", SOON, || async {
        let info = stream.consumer_info("karez-recorder").await.ok()?;
        (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
    })
    .await
    .unwrap();
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn an_answer_that_was_lost_is_given_again(#[values(On::Sqlite, On::Postgres)] on: On) {
    let world = World::new(on, Over::Nats).await;
    // Published while nobody records: the sender asks again under another message id.
    let sender = world.reader().await;
    let intake = sender.intake.clone();
    let asking = tokio::spawn(async move { intake.submit(approval(1, "P1")).await });
    let node = world.node().await;
    recorded(asking.await.unwrap().unwrap());
    // Recorded without anybody listening; asked for later.
    let erp = Program::of(&world).await;
    let posted = expenditure_wire(2, "P1", "1.00");
    erp.tell("karez.intake.U1.P1", posted.to_string()).await;
    node.has_recorded(2).await;
    assert!(recorded(erp.ask("karez.intake.U1.P1", &posted).await).replayed);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_second_recorder_waits_and_takes_over(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let world = World::new(on, over).await;
    let first = world.node().await;
    recorded(first.intake.submit(approval(1, "P1")).await.unwrap());
    let second = world.node().await;
    match over {
        // Without a bus between them, the standby says that it cannot record.
        Over::Channels => {
            let told = second.intake.submit(expenditure(2, "P1", "1.00")).await;
            assert_eq!(told, Err(IntakeError::NoRecorder));
        }
        // With one, whoever records answers.
        Over::Nats => {
            recorded(second.intake.submit(expenditure(2, "P1", "1.00")).await.unwrap());
        }
    }
    first.kill().await;
    let receipt = eventually("the second recorder takes over", SOON, || async {
        second.intake.submit(expenditure(2, "P1", "1.00")).await.ok()
    });
    assert_eq!(recorded(receipt.await.unwrap()).position, 2);
    assert_eq!(second.events().await.len(), 2);
    second.stop().await;
}

#[tokio::test]
async fn a_submission_that_the_log_refuses_is_found_and_kept_and_stops_nobody() {
    let world = World::new(On::Sqlite, Over::Channels).await;
    let node = world.node().await;
    recorded(node.intake.submit(approval(1, "P1")).await.unwrap());
    // A database that cannot take one event, whatever is tried.
    let database = world.sqlite().await;
    let trigger = "CREATE TRIGGER poison BEFORE INSERT ON event_log WHEN NEW.payload LIKE '%0077%' \
                   BEGIN SELECT RAISE(ABORT, 'poison'); END";
    sqlx::query(trigger).execute(&database).await.unwrap();
    let outcomes = node
        .intake
        .submit_all((2..=200).map(|id| expenditure(id, "P1", "1.00")).collect())
        .await;
    let (kept, landed): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .map(Result::unwrap)
        .partition(|outcome| matches!(outcome, Outcome::Refused(_)));
    assert_eq!((kept.len(), landed.len()), (1, 198));
    let refusal = refused(kept.into_iter().next().unwrap());
    assert_eq!(
        (refusal.code.as_str(), refusal.event_id),
        ("unrecordable", Some(id(77)))
    );
    assert_eq!(node.log.rejection_count().await.unwrap(), 1);
    assert_eq!(node.events().await.len(), 199);
    node.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_database_that_crashes_loses_nothing_that_was_acknowledged(
    #[values(Over::Channels, Over::Nats)] over: Over,
) {
    let server = Postgres::start(&[]).await.unwrap();
    let world = World::on_postgres(&server, over).await;
    let node = world.node().await;
    recorded(node.intake.submit(approval(1, "P1")).await.unwrap());
    let intake = node.intake.clone();
    let sending = tokio::spawn(async move {
        let mut outcomes = Vec::new();
        for id in 2..=300 {
            outcomes.push(intake.submit(expenditure(id, "P1", "1.00")).await);
        }
        outcomes
    });
    for position in [40, 120] {
        node.has_recorded(position).await;
        server.crash_and_recover().await.unwrap();
    }
    // What was acknowledged keeps its place; what was not is sent again and lands once.
    let mut told = HashMap::new();
    for receipt in sending.await.unwrap().into_iter().flatten().map(recorded) {
        told.insert(receipt.event_id, receipt.position);
    }
    for id in 2..=300 {
        let again = eventually("it is recorded", SOON, || async {
            node.intake.submit(expenditure(id, "P1", "1.00")).await.ok()
        });
        let receipt = recorded(again.await.unwrap());
        assert_eq!(
            *told.entry(receipt.event_id).or_insert(receipt.position),
            receipt.position
        );
    }
    assert_eq!(node.events().await.len(), 300);
    node.stop().await;
}

//! Appending and reading back: what is read is what was written, and only one recorder writes.

use anyhow::Result;
use karez::store::{Batch, StoreError};
use rstest::rstest;
use uuid::Uuid;

use crate::store::{Backend, Place, Scribe, events, expenditure, filled, lease, project, time_of};

#[rstest]
#[tokio::test]
async fn what_is_read_is_what_was_recorded(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, recorded) = filled(backend, 700).await?;
    assert_eq!(log.read(0, 1_000).await?, recorded);
    assert_eq!(log.read(300, 10).await?, recorded[300..310]);
    assert_eq!(log.read(700, 10).await?, []);
    let head = log.head().await?;
    assert_eq!((head.position, head.hash), (700, recorded[699].hash));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_stream_is_read_by_version(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, recorded) = filled(backend, 30).await?;
    let of_b: Vec<_> = recorded
        .iter()
        .filter(|event| event.stream == project("B"))
        .cloned()
        .collect();
    assert_eq!(log.read_stream(&project("B"), 0, 100).await?, of_b);
    assert_eq!(log.read_stream(&project("B"), 4, 2).await?, of_b[4..6]);
    assert_eq!(log.read_stream(&project("nobody"), 0, 100).await?, []);
    let mut lease = lease(&log).await?;
    let versions = lease.stream_versions(&[project("B"), project("nobody")]).await?;
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), [(project("B"), 10)]);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn events_are_found_by_id(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, recorded) = filled(backend, 5).await?;
    let found = log.find(&[recorded[3].event_id, Uuid::nil()]).await?;
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(recorded[3].event_id, 4)]);
    assert_eq!(
        log.event(recorded[3].event_id).await?.as_ref(),
        Some(&recorded[3])
    );
    assert_eq!(log.event(Uuid::nil()).await?, None);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_position_at_a_time_is_the_last_one_known_then(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, _) = filled(backend, 9).await?;
    let microsecond = chrono::TimeDelta::microseconds(1);
    assert_eq!(log.position_at(time_of(4)).await?, 4);
    assert_eq!(log.position_at(time_of(5) - microsecond).await?, 4);
    assert_eq!(log.position_at(time_of(1) - microsecond).await?, 0);
    assert_eq!(log.position_at(time_of(99)).await?, 9);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_second_recorder_waits_and_the_next_epoch_is_higher(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let (one, two) = (place.log().await?, place.log().await?);
    let first = one.try_lease("one").await?.expect("the lease is free");
    assert!(two.try_lease("two").await?.is_none());
    let epoch = first.epoch();
    drop(first);
    let second = loop {
        // The database notices a closed session a moment later.
        if let Some(lease) = two.try_lease("two").await? {
            break lease;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert!(second.epoch() > epoch);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_recorder_that_was_replaced_records_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let mut scribe = Scribe::default();
    let mut lease = log.try_lease("one").await?.expect("the lease is free");
    lease.append(&events(&scribe.expenditures(3))).await?;
    // What the next recorder does when this one was taken for dead.
    place.sql("UPDATE recorder SET epoch = epoch + 1").await?;
    let refused = lease.append(&events(&scribe.expenditures(3))).await.unwrap_err();
    assert!(matches!(refused, StoreError::LostLease), "{refused}");
    assert!(lease.is_lost());
    assert_eq!(log.read(0, 10).await?.len(), 3);
    assert!(matches!(
        log.set_published(lease.epoch(), 3).await,
        Err(StoreError::LostLease)
    ));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_taken_event_id_is_refused_as_such_and_nothing_of_the_batch_stays(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, recorded) = filled(backend, 3).await?;
    let mut lease = lease(&log).await?;
    let mut scribe = Scribe {
        position: 3,
        hash: recorded[2].hash,
        ..Scribe::default()
    };
    let mut more = vec![
        scribe.write(&project("D"), &expenditure("x")),
        scribe.write(&project("D"), &expenditure("y")),
    ];
    more[1].event_id = recorded[0].event_id;
    let refused = lease.append(&events(&more)).await.unwrap_err();
    assert!(refused.is_duplicate_event(), "{refused}");
    assert!(!refused.is_retryable());
    assert!(refused.to_string().contains(&recorded[0].event_id.to_string()));
    assert_eq!(log.head().await?.position, 3);
    // The lease goes on: the batch is divided until the culprit is alone.
    lease.append(&events(&more[..1])).await?;
    assert_eq!(log.read(3, 10).await?, more[..1]);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_batch_that_does_not_continue_the_log_is_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, _) = filled(backend, 3).await?;
    let mut lease = lease(&log).await?;
    let gap = Scribe {
        position: 5,
        ..Scribe::default()
    }
    .expenditures(1);
    assert!(matches!(
        lease.append(&events(&gap)).await,
        Err(StoreError::OutOfOrder { position: 6, .. })
    ));
    let versions = Scribe {
        position: 3,
        ..Scribe::default()
    }
    .expenditures(1);
    let refused = lease.append(&events(&versions)).await.unwrap_err();
    // This writer has not met project/A yet; the database has.
    assert!(
        !refused.is_retryable() && !refused.is_duplicate_event(),
        "{refused}"
    );
    assert_eq!(log.head().await?.position, 3);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_new_writer_goes_on_with_old_streams(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let mut scribe = Scribe::default();
    for size in [1, 2, 17, 300] {
        let batch = scribe.expenditures(size);
        lease(&log).await?.append(&events(&batch)).await?;
    }
    let verdict = karez::audit::verify(&log, |_, _| (), |_| ()).await?;
    assert_eq!((verdict.position, verdict.fault), (320, None));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_intake_mark_moves_with_the_batch(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let mut lease = lease(&log).await?;
    lease
        .append(&Batch {
            intake_seq: Some(41),
            ..Batch::default()
        })
        .await?;
    lease.append(&events(&Scribe::default().expenditures(2))).await?;
    let head = log.head().await?;
    assert_eq!((head.position, head.intake_seq), (2, 41));
    Ok(())
}

#[tokio::test]
async fn a_batch_may_cross_the_border_of_two_partitions() -> Result<()> {
    let place = Place::new(Backend::Postgres).await?;
    let log = place.log().await?;
    place.sql("UPDATE recorder SET last_position = 999997").await?;
    let mut scribe = Scribe {
        position: 999_997,
        ..Scribe::default()
    };
    let across = scribe.expenditures(6);
    let mut lease = lease(&log).await?;
    lease.append(&events(&across)).await?;
    assert_eq!(log.read(999_997, 10).await?, across);
    assert_eq!(log.read_stream(&project("A"), 0, 10).await?.len(), 2);
    assert_eq!(place.count("SELECT count(*) FROM event_log_000000").await?, 2);
    assert_eq!(place.count("SELECT count(*) FROM event_log_000001").await?, 4);
    Ok(())
}

#[tokio::test]
async fn a_recorder_whose_server_crashes_takes_a_new_lease_and_goes_on() -> Result<()> {
    let server = karez_tests::postgres::Postgres::start(&[]).await?;
    let location = karez::store::StoreLocation::Postgres(server.database().await?);
    let log = karez::store::EventLog::create_or_open(&location, karez::store::LogSettings::default()).await?;
    let mut scribe = Scribe::default();
    let mut before = lease(&log).await?;
    let first = scribe.expenditures(10);
    before.append(&events(&first)).await?;
    server.crash_and_recover().await?;
    let second = scribe.expenditures(10);
    let broken = before.append(&events(&second)).await.unwrap_err();
    assert!(broken.is_retryable() && before.is_lost(), "{broken}");
    let mut after = lease(&log).await?;
    assert_eq!(after.position(), 10);
    after.append(&events(&second)).await?;
    assert_eq!(log.read(0, 100).await?, [first, second].concat());
    Ok(())
}

//! Checkpoints stay as they were signed, and show what the chain alone cannot: a log that was cut off or rewritten.

use std::time::Duration;

use anyhow::Result;
use karez::audit::{Notary, Wrong, verify};
use karez::clock::{BUSINESS_TIME_ZONE, Clock};
use karez_events::merkle::{leaf, verify_consistency, verify_inclusion};
use rstest::rstest;

use crate::store::{Backend, Place, Scribe, events, expenditure, filled, project, time_of};

async fn fault_of(place: &Place) -> Result<Option<Wrong>> {
    let verdict = verify(&place.log().await?, |_, _| (), |_| ()).await?;
    Ok(verdict.fault.map(|fault| fault.wrong))
}

#[rstest]
#[tokio::test]
async fn every_event_is_proved_under_every_checkpoint_and_each_goes_on_from_the_last(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let mut scribe = Scribe::default();
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    let notary = Notary::try_new(&log).await?;
    let (mut recorded, mut before) = (Vec::new(), None);
    for count in [1, 2, 254, 43, 700] {
        let more = scribe.expenditures(count);
        lease.append(&events(&more)).await?;
        recorded.extend(more);
        let kept = notary.take(time_of(scribe.position)).await?;
        let checkpoint = notary.verifier().open(&kept.note)?;
        assert_eq!((kept.size, checkpoint.size), (scribe.position, scribe.position));
        for position in [1, 2, 200, 256, 257, 300, scribe.position] {
            let Some(event) = recorded.get(usize::try_from(position - 1)?) else {
                continue;
            };
            let (leaf, place) = (
                leaf(scribe.algorithm, &event.hash),
                (position - 1, checkpoint.size),
            );
            let proof = notary.inclusion(position, checkpoint.size).await?;
            assert!(verify_inclusion(
                scribe.algorithm,
                &leaf,
                place,
                &proof,
                &checkpoint.root
            ));
        }
        if let Some((size, root)) = before {
            let proof = notary.consistency(size, checkpoint.size).await?;
            let now = (checkpoint.size, &checkpoint.root);
            assert!(verify_consistency(scribe.algorithm, (size, &root), now, &proof));
        }
        before = Some((checkpoint.size, checkpoint.root));
    }
    assert_eq!(fault_of(&place).await?, None);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn what_was_signed_stays_signed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, _) = filled(backend, 9).await?;
    let notary = Notary::try_new(&log).await?;
    let first = notary.take(time_of(9)).await?;
    let again = Notary::try_new(&log).await?.take(time_of(10)).await?;
    assert_eq!(
        first.note, again.note,
        "the key is the store's, and of one size there is one"
    );
    assert_eq!(log.newest_checkpoint().await?, Some(first));
    for change in [
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM checkpoint",
        match backend {
            Backend::Sqlite => "UPDATE checkpoint SET tree_size = 3",
            Backend::Postgres => "TRUNCATE checkpoint",
        },
    ] {
        let refused = place.sql(change).await.expect_err(change).to_string();
        assert!(refused.contains("refused"), "{change}: {refused}");
    }
    if backend == Backend::Sqlite {
        place.sql("REPLACE INTO checkpoint VALUES (9, '', 0)").await?;
    }
    assert_eq!(fault_of(&place).await?, None);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_log_that_was_cut_off_with_its_head_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, recorded) = filled(backend, 9).await?;
    Notary::try_new(&log).await?.take(time_of(9)).await?;
    place
        .tamper(&cut_off_after_8(&recorded[7].hash.to_string(), backend))
        .await?;
    let fault = fault_of(&place).await?;
    assert!(
        matches!(fault, Some(Wrong::Checkpoint { size: 9, .. })),
        "{fault:?}"
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_log_whose_end_was_rewritten_with_new_hashes_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, recorded) = filled(backend, 9).await?;
    Notary::try_new(&log).await?.take(time_of(9)).await?;
    place
        .tamper(&cut_off_after_8(&recorded[7].hash.to_string(), backend))
        .await?;
    let mut scribe = Scribe::default();
    scribe.expenditures(8);
    let rewritten = [scribe.write(&project("C"), &expenditure("another"))];
    let log = place.log().await?;
    let mut lease = log.try_lease("forger").await?.expect("the lease is free");
    lease.append(&events(&rewritten)).await?;
    let fault = fault_of(&place).await?;
    assert!(
        matches!(fault, Some(Wrong::Checkpoint { size: 9, .. })),
        "{fault:?}"
    );
    Ok(())
}

/// SQL that leaves no trace of the ninth event but its checkpoint.
fn cut_off_after_8(hash: &str, backend: Backend) -> String {
    let hash = match backend {
        Backend::Sqlite => format!("X'{hash}'"),
        Backend::Postgres => format!("'\\x{hash}'::bytea"),
    };
    format!(
        "DELETE FROM event_log WHERE position = 9; DELETE FROM event_place WHERE position = 9; \
         DELETE FROM stream_place WHERE position = 9; \
         UPDATE recorder SET last_position = 8, indexed_position = 8, last_hash = {hash}"
    )
}

#[tokio::test]
async fn each_business_day_has_a_checkpoint() -> Result<()> {
    let place = Place::new(Backend::Sqlite).await?;
    let log = place.log().await?;
    let mut scribe = Scribe::default();
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    let notary = Notary::try_new(&log).await?;
    // 23:00 in Beijing.
    let clock = Clock::fixed("2024-06-01T15:00:00Z".parse()?);
    let mut sizes = Vec::new();
    for _ in 0..4 {
        lease.append(&events(&scribe.expenditures(1))).await?;
        notary.take_daily(&clock, BUSINESS_TIME_ZONE).await?;
        sizes.push(log.newest_checkpoint().await?.map(|kept| kept.size));
        clock.step(Duration::from_mins(50));
    }
    assert_eq!(sizes, [Some(1), Some(1), Some(3), Some(3)]);
    Ok(())
}

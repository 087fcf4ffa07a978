//! What is kept beside the log: refusals, snapshots, marks and settings.

use anyhow::Result;
use chrono::TimeDelta;
use karez::accounts::fresh_key;
use karez::authorization::Role;
use karez::store::{Batch, By, OutboxMessage, Rejection, Snapshot};
use rstest::rstest;
use uuid::Uuid;

use crate::store::{Backend, Place, Scribe, filled, time_of};

fn rejection(number: u32) -> Rejection {
    Rejection {
        rejection_id: Uuid::from_u128(u128::from(number)),
        event_id: number.is_multiple_of(2).then(|| Uuid::from_u128(77)),
        stream: Some("project/P1".to_owned()),
        received_at: time_of(u64::from(number)),
        source: "import:csv".to_owned(),
        code: "unknown_project".to_owned(),
        pointer: "/stream".to_owned(),
        message_zh: "没有这个项目".to_owned(),
        message_en: "there is no such project".to_owned(),
        content: vec![0, 255, u8::try_from(number).unwrap()],
        actor: None,
        row: Some(format!("spending.csv:{number}")),
    }
}

#[rstest]
#[tokio::test]
async fn rejections_are_kept_once_and_paged_newest_first(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let kept: Vec<Rejection> = (1..=5).map(rejection).collect();
    let accepted = Scribe::default().expenditures(1);
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    lease
        .append(&Batch {
            events: &accepted,
            rejections: &kept,
            ..Batch::default()
        })
        .await?;
    lease
        .append(&Batch {
            rejections: &kept[..2],
            ..Batch::default()
        })
        .await?;
    assert_eq!(log.rejection_count().await?, 5);
    let first = log.rejections(None, 2).await?;
    assert_eq!(first, [kept[4].clone(), kept[3].clone()]);
    let next = log.rejections(Some(first[1].rejection_id), 10).await?;
    assert_eq!(next, [kept[2].clone(), kept[1].clone(), kept[0].clone()]);
    let reasons = log.refused_for(Uuid::from_u128(77)).await?;
    assert_eq!(reasons, [(kept[3].code.clone(), kept[3].pointer.clone())]);
    assert_eq!(log.refused_for(Uuid::nil()).await?, []);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_newest_sound_snapshot_of_a_format_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let snapshot = |position: u64, format: &str, size: usize| Snapshot {
        position,
        format: format.to_owned(),
        bytes: (0..size).map(|byte| u8::try_from(byte % 251).unwrap()).collect(),
    };
    log.save_snapshot(&snapshot(5, "v1", 9_000_000)).await?;
    log.save_snapshot(&snapshot(10, "v2", 9_000_000)).await?;
    assert_eq!(
        log.latest_snapshot("v1", 100).await?,
        Some(snapshot(5, "v1", 9_000_000))
    );
    for (position, size) in [(20, 5), (20, 7), (30, 0)] {
        log.save_snapshot(&snapshot(position, "v2", size)).await?;
    }
    assert_eq!(log.latest_snapshot("v2", 100).await?, Some(snapshot(30, "v2", 0)));
    assert_eq!(log.latest_snapshot("v2", 29).await?, Some(snapshot(20, "v2", 7)));
    assert_eq!(
        log.latest_snapshot("v2", 19).await?,
        Some(snapshot(10, "v2", 9_000_000))
    );
    assert_eq!(
        log.latest_snapshot("v1", 100).await?,
        None,
        "two of another format push it out"
    );
    // A damaged one is passed over for an older one; of many that are near each other the last few are kept.
    place
        .sql("UPDATE snapshot_part SET bytes = digest FROM snapshot WHERE snapshot_part.position = 20")
        .await?;
    assert_eq!(
        log.latest_snapshot("v2", 29).await?,
        Some(snapshot(10, "v2", 9_000_000))
    );
    for position in [31, 32, 33, 34] {
        log.save_snapshot(&snapshot(position, "v2", 3)).await?;
    }
    let near = [31, 32, 33].map(|position| log.latest_snapshot("v2", position));
    let near = futures::future::try_join_all(near).await?;
    let ten = Some(snapshot(10, "v2", 9_000_000));
    assert_eq!(
        near,
        [ten, Some(snapshot(32, "v2", 3)), Some(snapshot(33, "v2", 3))]
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn of_earlier_versions_one_snapshot_stays_for_going_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    for (position, format) in [(5, "v1"), (6, "v1"), (10, "v2"), (20, "v3")] {
        log.save_snapshot(&Snapshot {
            position,
            format: format.to_owned(),
            bytes: vec![7; 10],
        })
        .await?;
    }
    let newest = ["v1", "v2", "v3"].map(|format| log.newest_snapshot_position(Some(format)));
    let newest = futures::future::try_join_all(newest).await?;
    assert_eq!(newest, [None, Some(10), Some(20)]);
    assert_eq!(place.count("SELECT count(*) FROM snapshot_part").await?, 2);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_feed_mark_never_moves_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, _) = filled(backend, 9).await?;
    assert_eq!(log.published().await?, 0);
    log.set_published(1, 6).await?;
    log.set_published(1, 4).await?;
    assert_eq!(log.published().await?, 6);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_setting_is_made_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    assert_eq!(log.setting("secret").await?, None);
    assert_eq!(log.ensure_setting("secret", b"one").await?, b"one");
    assert_eq!(log.ensure_setting("secret", b"two").await?, b"one");
    log.set_setting("secret", b"three").await?;
    assert_eq!(log.setting("secret").await?.as_deref(), Some(b"three".as_slice()));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn who_changed_an_account_can_be_neither_changed_nor_removed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let by = By {
        actor: "boss",
        at: time_of(1),
    };
    let key = fresh_key("erp", Role::Finance, None, time_of(1), None)?.1;
    assert!(log.create_key(&key, by).await?);
    assert!(
        !log.create_key(&key, by).await?,
        "nothing is changed, and nothing said"
    );
    let kept = log.administration(None, 10).await?;
    assert_eq!(kept.len(), 1);
    for change in [
        "UPDATE administration SET actor = 'somebody else'",
        "DELETE FROM administration",
    ] {
        assert!(place.sql(change).await.is_err(), "{change}");
    }
    assert_eq!(log.administration(None, 10).await?, kept);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_clock_that_goes_back_holds_no_message_up(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let now = time_of(1);
    let (ahead, soon) = (now + TimeDelta::days(1), now + TimeDelta::minutes(1));
    let message = |number: u128| OutboxMessage {
        message_id: Uuid::from_u128(number),
        receiver: "duty".to_owned(),
        message: "{}".to_owned(),
        attempts: 0,
    };
    // Queued by a clock that was a day ahead.
    log.enqueue(&[message(1)], ahead).await?;
    assert!(log.claim(now).await?.is_some(), "it is due at once");
    assert!(log.claim(soon).await?.is_none(), "one process has it");
    assert!(
        log.claim(now + TimeDelta::minutes(3)).await?.is_some(),
        "a claim ends"
    );
    // Claimed by that clock, whose process then died.
    log.enqueue(&[message(2)], now).await?;
    assert_eq!(
        log.claim(ahead).await?.map(|claimed| claimed.message_id),
        Some(Uuid::from_u128(2))
    );
    let again = log.claim(now + TimeDelta::minutes(3)).await?;
    assert_eq!(again.map(|claimed| claimed.message_id), Some(Uuid::from_u128(2)));
    // Queued by a clock that was ahead by less than the longest wait between two tries.
    log.enqueue(&[message(3)], now + TimeDelta::hours(3)).await?;
    let due = log.claim(soon).await?;
    assert_eq!(due.map(|claimed| claimed.message_id), Some(Uuid::from_u128(3)));
    Ok(())
}

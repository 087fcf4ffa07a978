//! Sealed segments: a faster way to what the rows say, and never another.

use anyhow::Result;
use karez::audit::{Wrong, verify};
use karez::bus::Committed;
use karez::replay::fold;
use karez::seal::{Newest, seal};
use karez::store::{EventLog, SEGMENT_EVENTS};
use karez_events::RawEvent;
use karez_projections::Portfolio;
use rstest::rstest;

use crate::store::{Backend, Place, filled};

/// Two whole segments and some more.
const EVENTS: usize = 20_007;

async fn folded(log: &EventLog, up_to: u64) -> Result<Portfolio> {
    Ok(fold(log, Portfolio::default(), up_to).await?)
}

async fn sealed(backend: Backend) -> Result<(Place, EventLog, Portfolio)> {
    let (place, log, _) = filled(backend, EVENTS).await?;
    let head = log.head().await?.position;
    let from_rows = folded(&log, head).await?;
    seal(&log, head, &Newest::default()).await?;
    Ok((place, log, from_rows))
}

#[rstest]
#[tokio::test]
async fn a_closed_range_is_sealed_once_and_holds_its_events(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, from_rows) = sealed(backend).await?;
    let head = log.head().await?.position;
    assert_eq!(
        log.sealed_up_to().await?,
        2 * SEGMENT_EVENTS,
        "what is not closed is not sealed"
    );
    let first = log.segment(0).await?.expect("the first segment is sealed");
    let rows = log.read(0, usize::try_from(SEGMENT_EVENTS)?).await?;
    assert_eq!(first.unpack().as_ref(), Ok(&rows));
    seal(&log, head, &Newest::default()).await?;
    assert_eq!(log.segment(0).await?, Some(first));
    assert_eq!(folded(&log, head).await?, from_rows);
    let (segments, within) = (folded(&log, 15_000).await?, folded(&log, 9_999).await?);
    assert_eq!((segments.position(), within.position()), (15_000, 9_999));
    assert_eq!(
        fold(&log, within, head).await?,
        from_rows,
        "a fold may begin within a segment"
    );
    assert!(verify(&log, |_, _| (), |_| ()).await?.is_sound());
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_segment_that_is_damaged_or_lost_is_passed_over(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, from_rows) = sealed(backend).await?;
    let head = log.head().await?.position;
    place
        .sql("UPDATE sealed_segment SET digest = content WHERE last_position = 10000")
        .await?;
    assert_eq!(log.segment(0).await?, None);
    assert_eq!(folded(&log, head).await?, from_rows);
    place
        .sql("DELETE FROM sealed_segment WHERE last_position = 10000")
        .await?;
    assert_eq!(folded(&log, head).await?, from_rows);
    assert!(verify(&log, |_, _| (), |_| ()).await?.is_sound());
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_segment_of_another_format_is_passed_over_and_written_anew(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, from_rows) = sealed(backend).await?;
    let head = log.head().await?.position;
    let first = log.segment(0).await?.expect("the first segment is sealed");
    place
        .sql("UPDATE sealed_segment SET format = 1, content = digest")
        .await?;
    assert_eq!((log.sealed_up_to().await?, log.segment(0).await?), (0, None));
    assert_eq!(folded(&log, head).await?, from_rows);
    seal(&log, head, &Newest::default()).await?;
    assert_eq!(log.sealed_up_to().await?, 2 * SEGMENT_EVENTS);
    assert_eq!(log.segment(0).await?, Some(first));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_segment_of_another_range_is_passed_over(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, from_rows) = sealed(backend).await?;
    let head = log.head().await?.position;
    let swapped = "UPDATE sealed_segment SET \
                   content = (SELECT content FROM sealed_segment WHERE last_position = 20000), \
                   digest = (SELECT digest FROM sealed_segment WHERE last_position = 20000) \
                   WHERE last_position = 10000";
    place.sql(swapped).await?;
    let segment = log.segment(0).await?.expect("its digest fits");
    assert!(segment.unpack().is_err(), "it ends with another hash");
    assert_eq!(folded(&log, head).await?, from_rows);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_forged_segment_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, from_rows) = sealed(backend).await?;
    let mut events = log.segment(0).await?.expect("it is sealed").unpack().unwrap();
    events.get_mut(5_000).expect("there are more").schema = 9;
    place
        .sql("DELETE FROM sealed_segment WHERE last_position = 10000")
        .await?;
    log.save_segment(&karez::store::Segment::pack(0, &events).unwrap())
        .await?;
    let fault = verify(&log, |_, _| (), |_| ())
        .await?
        .fault
        .expect("a fault is found");
    assert_eq!((fault.position, fault.wrong), (SEGMENT_EVENTS, Wrong::Segment));
    let head = log.head().await?.position;
    assert_eq!(
        folded(&log, head).await?,
        from_rows,
        "where it cannot be read any more, its rows go on"
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_range_with_a_gap_is_not_sealed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, _) = filled(backend, EVENTS).await?;
    let head = log.head().await?.position;
    place
        .tamper("DELETE FROM event_log WHERE position = 15000")
        .await?;
    assert!(!seal(&log, head, &Newest::default()).await?);
    assert_eq!(log.sealed_up_to().await?, SEGMENT_EVENTS);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn what_was_just_recorded_is_sealed_without_reading_it_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, recorded) = filled(backend, EVENTS).await?;
    let mut newest = Newest::default();
    for batch in recorded.chunks(700) {
        newest.push(&Committed {
            raw: batch.into(),
            recorded: Vec::new(),
        });
    }
    place
        .tamper("DELETE FROM event_log WHERE position = 15000")
        .await?;
    assert!(seal(&log, log.head().await?.position, &newest).await?);
    let second = log.segment(SEGMENT_EVENTS).await?.expect("it is sealed");
    let of_second = recorded.iter().filter(|event| event.position > SEGMENT_EVENTS);
    let of_second: Vec<RawEvent> = of_second
        .take(usize::try_from(SEGMENT_EVENTS)?)
        .cloned()
        .collect();
    assert_eq!(second.unpack(), Ok(of_second));
    Ok(())
}

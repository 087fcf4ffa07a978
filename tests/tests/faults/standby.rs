//! Two servers on one store: one records, the other waits and takes over.

use karez_tests::postgres::Postgres;
use karez_tests::wait::eventually;

use super::place::Place;
use super::traffic::{SOON, Sender, Traffic, is_recorded_once, post};

const TAKEOVERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_on_sqlite() {
    takes_over(&Place::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_on_postgresql() {
    takes_over(&Place::postgres(Postgres::shared().await.unwrap()).await).await;
}

async fn takes_over(place: &Place) {
    let (mut recording, mut waiting) = (place.server().await, place.server().await);
    let client = karez_tests::http::client();
    let turned_away = eventually("the second waits", SOON, || async {
        let answer = post(&client, &waiting.url(), "P1", "client-0-0").await?;
        answer.status.is_server_error().then_some(answer)
    });
    let turned_away = turned_away.await.unwrap();
    assert_eq!(turned_away.status, 503);
    assert_eq!(turned_away.media_type, "application/problem+json");
    assert!(turned_away.retry_after.is_some(), "{turned_away:?}");
    assert_eq!(turned_away.body["code"], "no_recorder");
    let traffic = Traffic::start(Sender::to(&[&recording, &waiting]));
    for _ in 0..TAKEOVERS {
        traffic.goes_on(40).await;
        recording.kill().await.unwrap();
        traffic.goes_on(40).await;
        recording.restart().await.unwrap();
        std::mem::swap(&mut recording, &mut waiting);
    }
    let acknowledged = traffic.end().await;
    is_recorded_once(&recording, &acknowledged).await;
    assert_eq!(waiting.stop().await.unwrap(), Some(0));
    assert_eq!(recording.stop().await.unwrap(), Some(0));
    place.verify().await;
}

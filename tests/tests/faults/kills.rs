//! `kill -9` of the server, again and again, at any moment under posts.

use std::time::Duration;

use karez_tests::moments::Moments;
use karez_tests::postgres::Postgres;
use karez_tests::server::Server;

use super::place::Place;
use super::traffic::{Sender, Traffic, is_recorded_once};

const KILLS: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_sqlite() {
    kills(&Place::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_postgresql_and_nats() {
    let postgres = Postgres::shared().await.unwrap();
    kills(&Place::postgres_and_nats(postgres).await).await;
}

async fn kills(place: &Place) {
    let mut moments = Moments::draw();
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    for _ in 0..KILLS {
        if moments.below(4) == 0 {
            // While it starts.
            server.launch().await.unwrap();
        } else {
            traffic.goes_on(1 + moments.below(60)).await;
        }
        tokio::time::sleep(Duration::from_micros(moments.below(30_000))).await;
        kill_and_restart(&mut server).await;
    }
    traffic.goes_on(50).await;
    let acknowledged = traffic.end().await;
    is_recorded_once(&server, &acknowledged).await;
    assert_eq!(server.stop().await.unwrap(), Some(0), "SIGTERM ends it in order");
    assert!(
        !server.all_messages().contains("panicked"),
        "{}",
        server.all_messages()
    );
    place.verify().await;
}

async fn kill_and_restart(server: &mut Server) {
    server.kill().await.unwrap();
    server.restart().await.unwrap();
}

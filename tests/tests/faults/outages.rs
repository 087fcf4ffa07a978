//! The broker and the database crash, and the disk is full: posts are turned away, then it goes on by itself.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use karez_tests::postgres::Postgres;
use karez_tests::wait::eventually;
use serde_json::json;
use tempfile::TempDir;

use super::place::{Place, fact};
use super::traffic::{SOON, Sender, Traffic, is_recorded_once, post};

const CRASHES: usize = 5;
/// What waits for NATS gives up after twenty seconds.
const IN_TIME: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_nats_under_posts_loses_and_doubles_nothing() {
    let mut place = Place::sqlite_and_nats().await;
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    let mut nats = place.nats.take().unwrap();
    for _ in 0..CRASHES {
        traffic.goes_on(40).await;
        nats.restart().await.unwrap();
    }
    traffic.goes_on(40).await;
    let acknowledged = traffic.end().await;
    is_recorded_once(&server, &acknowledged).await;
    assert_eq!(server.stop().await.unwrap(), Some(0));
    place.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_postgresql_under_posts_loses_and_doubles_nothing() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let place = Place::postgres(&postgres).await;
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    for _ in 0..CRASHES {
        traffic.goes_on(40).await;
        postgres.crash_and_recover().await.unwrap();
    }
    traffic.goes_on(40).await;
    let acknowledged = traffic.end().await;
    is_recorded_once(&server, &acknowledged).await;
    assert_eq!(server.stop().await.unwrap(), Some(0));
    place.verify().await;
}

/// The database's machine loses its power while it is asked, and comes back: no answer comes, and nothing says that none will.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_is_asked_anew() {
    let postgres = Postgres::start(&[]).await.unwrap();
    let mut place = Place::postgres(&postgres).await;
    let wire = place.wire_to_database(&postgres);
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    traffic.goes_on(40).await;
    wire.proxy.silence();
    traffic.goes_on(40).await;
    let acknowledged = traffic.end().await;
    is_recorded_once(&server, &acknowledged).await;
    assert_eq!(server.stop().await.unwrap(), Some(0));
    place.verify().await;
}

/// What the sentinel has to say takes the way of every fact; while nothing passes there, it must not hold the process up.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_in_time_while_the_sentinel_waits_for_nats() {
    let mut place = Place::sqlite_and_nats().await;
    let data = json!({"amount": "200000.00", "voucher_no": "over"});
    let overspent = fact("over", "project/P1", "expenditure_recorded", &data);
    assert_eq!(place.post(&[overspent]).await.code, 0);
    place.nats.as_mut().unwrap().kill();
    let mut server = place.server().await;
    let begun = Instant::now();
    assert_eq!(server.stop().await.unwrap(), Some(0), "{}", server.messages());
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
}

/// A small disk of its own, gone with its guard.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount one.
    pub fn try_new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=64m", "tmpfs"], folder.path());
        mounted.then_some(Self(folder))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let done = Command::new("mount").args(arguments).arg(at).output();
    done.is_ok_and(|done| done.status.success())
}

/// Leaves no byte free.
pub fn fill(file: &Path) {
    let mut filler = std::fs::File::create(file).unwrap();
    let zeroes = vec![0_u8; 4096];
    while std::io::Write::write_all(&mut filler, &zeroes).is_ok() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_turns_posts_away_until_there_is_space_again() {
    let Some(disk) = SmallDisk::try_new() else {
        println!("skipped: this user may not mount a small disk");
        return;
    };
    let place = Place::sqlite_in(&disk.path().join("data")).await;
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    traffic.goes_on(50).await;
    let filler = disk.path().join("filler");
    let client = karez_tests::http::client();
    // What SQLite has set aside in its own files is used up first.
    let refused = eventually("a full disk turns posts away", SOON, || async {
        fill(&filler);
        let answer = post(&client, &server.url(), "P1", "full").await?;
        answer.status.is_server_error().then_some(answer)
    });
    let refused = refused.await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.media_type, "application/problem+json");
    assert!(refused.retry_after.is_some(), "{refused:?}");
    let read = karez_tests::http::get(format!("{}/v1/projects/P1", server.url()))
        .await
        .unwrap();
    assert!(
        read.status().is_success(),
        "what is recorded is still shown: {}",
        read.status()
    );
    std::fs::remove_file(&filler).unwrap();
    traffic.goes_on(50).await;
    let mut acknowledged = traffic.end().await;
    acknowledged.push(Sender::to(&[&server]).acknowledged("P1", "full").await);
    is_recorded_once(&server, &acknowledged).await;
    assert_eq!(server.stop().await.unwrap(), Some(0));
    place.verify().await;
}

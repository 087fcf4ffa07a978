//! Backups taken while posts land, brought back on either database: what was acknowledged before is in them, once, and
//! whatever is killed half-way is finished by doing it again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use karez_tests::moments::Moments;
use karez_tests::postgres::Postgres;
use karez_tests::program::{Ended, command};
use rstest::rstest;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tokio::process::Command;

use super::place::{FIRST_FACTS, Place, fact, log_of};
use super::traffic::{Sender, Traffic};

const BACKUPS: u32 = 3;
const KILLS: u32 = 4;
/// More than one transaction of a copy.
const EVENTS: usize = 6_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Sqlite,
    Postgres,
}

async fn place_on(on: On) -> Place {
    match on {
        On::Sqlite => Place::sqlite().await,
        On::Postgres => Place::postgres(Postgres::shared().await.unwrap()).await,
    }
}

/// The arguments that name an empty store.
async fn empty(on: On, folder: &Path) -> [String; 2] {
    match on {
        On::Sqlite => ["--data".to_owned(), folder.join("restored").display().to_string()],
        On::Postgres => {
            let url = Postgres::shared().await.unwrap().database().await.unwrap();
            ["--database".to_owned(), url]
        }
    }
}

/// Runs a command on a store that is no [`Place`].
async fn karez(arguments: &[&str], store: &[String; 2]) -> Ended {
    let mut command = Command::from(command(arguments).unwrap());
    let ended = command.args(store).stdin(Stdio::null()).output().await.unwrap();
    Ended {
        code: ended.status.code().unwrap(),
        output: String::from_utf8(ended.stdout).unwrap(),
        errors: String::from_utf8(ended.stderr).unwrap(),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_posts_is_brought_back_as_it_was(
    #[values(On::Sqlite, On::Postgres)] from: On,
    #[values(On::Sqlite, On::Postgres)] to: On,
) {
    let place = place_on(from).await;
    assert_eq!(place.post(&[refused()]).await.code, 1);
    let mut server = place.server().await;
    let traffic = Traffic::start(Sender::to(&[&server]));
    let backup = place.file("backup").display().to_string();
    let signed = place.file("signed.txt").display().to_string();
    let checkpoint = place.karez(&["audit", "checkpoint"]).await;
    std::fs::write(&signed, checkpoint.output).unwrap();
    let mut before = 0;
    for _ in 0..BACKUPS {
        traffic.goes_on(40).await;
        before = log_of(&server).await.len();
        let taken = place.karez(&["backup", &backup]).await;
        assert_eq!(taken.code, 0, "{taken:?}");
    }
    traffic.end().await;
    let original = log_of(&server).await;
    assert_eq!(server.stop().await.unwrap(), Some(0));

    let store = empty(to, &place.file("")).await;
    let restored = karez(&["restore", &backup], &store).await;
    assert_eq!(restored.code, 0, "{restored:?}");
    let verified = karez(&["audit", "verify", "--checkpoint", &signed], &store).await;
    assert_eq!(verified.code, 0, "its key came along: {verified:?}");
    let mut again = karez_tests::server::Server::start(&store).await.unwrap();
    let events = log_of(&again).await;
    assert!(events.len() >= before, "{} of {before} events", events.len());
    assert!(before > FIRST_FACTS, "posts landed before the last backup");
    assert_eq!(
        events,
        original[..events.len()],
        "the copy is the log up to there"
    );
    let kept = karez_tests::http::get(again.at("/v1/rejections")).await.unwrap();
    let kept: serde_json::Value = kept.json().await.unwrap();
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
    assert_eq!(again.stop().await.unwrap(), Some(0));
}

#[rstest]
#[tokio::test]
async fn a_backup_and_its_return_that_are_killed_half_way_are_finished_by_doing_them_again(
    #[values(On::Sqlite, On::Postgres)] to: On,
) {
    let place = Place::sqlite().await;
    let many: Vec<_> = (0..EVENTS).map(|number| one_more(&number.to_string())).collect();
    assert_eq!(place.post(&many).await.code, 0);
    let backup = place.file("backup").display().to_string();
    let store = empty(to, &place.file("")).await;
    let mut moments = Moments::draw();
    for what in ["backup", "restore"] {
        let at: &[String] = if what == "backup" {
            place.store_arguments()
        } else {
            &store
        };
        for _ in 0..KILLS {
            let mut copying = Command::from(command(&[what, &backup]).unwrap());
            let mut copying = copying
                .args(at)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            tokio::time::sleep(Duration::from_micros(moments.below(1_500_000))).await;
            copying.kill().await.unwrap();
        }
        let done = karez(&[what, &backup], at.try_into().unwrap()).await;
        assert_eq!(done.code, 0, "{done:?}");
        assert!(
            done.output.contains(&format!("{} events", FIRST_FACTS + EVENTS)),
            "{done:?}"
        );
    }
}

#[tokio::test]
async fn a_copy_is_taken_into_no_other_log_and_not_beside_a_recorder() {
    let (place, other) = (Place::sqlite().await, Place::sqlite().await);
    assert_eq!(place.post(&[one_more("here")]).await.code, 0);
    assert_eq!(other.post(&[one_more("there")]).await.code, 0);
    let into_other = place.karez(&["backup", other.store()]).await;
    assert_eq!(into_other.code, 3, "{into_other:?}");
    assert!(into_other.errors.contains("another log"), "{into_other:?}");
    let onto_itself = place.karez(&["backup", place.store()]).await;
    assert_eq!(onto_itself.code, 2, "{onto_itself:?}");
    let from_nothing = place
        .karez(&["restore", &place.file("none").display().to_string()])
        .await;
    assert_eq!(from_nothing.code, 3, "{from_nothing:?}");
    let backup = place.file("backup").display().to_string();
    assert_eq!(place.karez(&["backup", &backup]).await.code, 0);
    let mut server = place.server().await;
    let beside = place.karez(&["restore", &backup]).await;
    assert_eq!(beside.code, 3, "{beside:?}");
    assert!(beside.errors.contains("records into"), "{beside:?}");
    assert_eq!(server.stop().await.unwrap(), Some(0));
}

/// Rows in every table beside the log, as a server leaves them.
const SIDE_ROWS: &str = "
    INSERT INTO setting VALUES ('mark', x'3132');
    INSERT INTO person_key VALUES ('a1', x'0101010101010101010101010101010101010101010101010101010101010101', NULL),
        ('a2', NULL, '2024-05-06T07:08:09.123456+00:00');
    INSERT INTO outbox (message_id, receiver, message, created_us, state, attempts, next_try_us)
        VALUES (x'00000000000000000000000000000001', 'duty', '{}', 1, 'delivered', 2, 3);
    INSERT INTO delivery (message_id, tried_us, outcome, detail) VALUES
        (x'00000000000000000000000000000001', 1, 'failed', ''), (x'00000000000000000000000000000001', 2, 'delivered', '');
    INSERT INTO account VALUES ('li', 'unit', 'U1', 'hash', 1, 2, 3, 0, 4);
    INSERT INTO session VALUES (x'01', 'li', 5);
    INSERT INTO api_key VALUES ('k1', x'02', 'erp', 'finance', NULL, 1, 2, 3, 4), ('k2', x'03', 'erp', 'finance', NULL, 1, NULL, NULL, NULL);
    INSERT INTO administration (changed_us, actor, what, subject, detail) VALUES (1, 'admin', 'made', 'li', '');
    INSERT INTO audited_read (read_us, reader, address, status) VALUES (1, 'wang', '/v1/funds', 200), (1, 'wang', '/v1/funds', 200);
";
/// Derived, or of this machine alone.
const LEFT_BEHIND: [&str; 7] = [
    "_sqlx_migrations",
    "snapshot",
    "snapshot_part",
    "sealed_segment",
    "session",
    "sqlite_sequence",
    "recorder",
];

#[tokio::test]
async fn every_table_comes_through_postgresql_and_back() {
    let place = Place::sqlite().await;
    assert_eq!(place.post(&[refused()]).await.code, 1);
    assert_eq!(place.karez(&["audit", "checkpoint"]).await.code, 0);
    let mut behind = SqliteConnection::connect(&format!("sqlite://{}/karez.db", place.store()))
        .await
        .unwrap();
    behind.execute(SIDE_ROWS).await.unwrap();
    let (first, second) = (
        place.file("first").display().to_string(),
        place.file("second").display().to_string(),
    );
    let database = empty(On::Postgres, &place.file("")).await;
    let onward: [(&str, &str, &[String]); 3] = [
        ("backup", &first, place.store_arguments()),
        ("restore", &first, &database),
        ("backup", &second, &database),
    ];
    for (what, folder, store) in onward.into_iter().chain(onward) {
        let done = karez(&[what, folder], store.try_into().unwrap()).await;
        assert_eq!(done.code, 0, "{what} {done:?}");
    }
    behind
        .execute(AssertSqlSafe(format!("ATTACH '{second}/karez.db' AS copy")))
        .await
        .unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut behind)
        .await
        .unwrap();
    for table in tables
        .iter()
        .filter(|table| !LEFT_BEHIND.contains(&table.as_str()))
    {
        let differing = format!(
            "SELECT (SELECT count(*) FROM main.{table}), (SELECT count(*) FROM copy.{table}), \
             (SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM copy.{table}))"
        );
        let (here, there, differ): (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(differing))
            .fetch_one(&mut behind)
            .await
            .unwrap();
        assert!(
            here > 0,
            "{table} is empty: give it a row, so that its copy is tested"
        );
        assert_eq!((there, differ), (here, 0), "{table} is not carried as it is");
    }
    let sessions: i64 = sqlx::query_scalar("SELECT count(*) FROM copy.session")
        .fetch_one(&mut behind)
        .await
        .unwrap();
    assert_eq!(sessions, 0, "nobody is signed in to a copy");
}

fn one_more(voucher: &str) -> serde_json::Value {
    let data = json!({"amount": "1.00", "voucher_no": voucher});
    fact(voucher, "project/P1", "expenditure_recorded", &data)
}

fn refused() -> serde_json::Value {
    fact(
        "bad",
        "project/NOBODY",
        "expenditure_recorded",
        &json!({"amount": "1.00"}),
    )
}

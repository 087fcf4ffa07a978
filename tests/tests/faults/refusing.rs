//! What karez refuses to do: overlook an altered log, open what it does not know, write beside another writer.

use karez_tests::postgres::Postgres;
use karez_tests::program::Ended;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};

use super::place::{Place, fact};

/// The event that is altered.
const ALTERED: i64 = 3;

/// Another byte of the same kind: what the column holds stays JSON.
fn with_one_other_byte(mut payload: Vec<u8>) -> Vec<u8> {
    let digit = payload.iter_mut().find(|byte| byte.is_ascii_digit()).unwrap();
    *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
    payload
}

fn tells_position(verified: &Ended) {
    assert_eq!(verified.code, 1, "{verified:?}");
    let told = format!("{}{}", verified.output, verified.errors);
    assert!(told.contains(&format!("position {ALTERED}")), "{verified:?}");
}

async fn sqlite(place: &Place) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}/karez.db", place.store()))
        .await
        .unwrap()
}

#[tokio::test]
async fn one_altered_byte_is_found_on_sqlite() {
    let place = Place::sqlite().await;
    let mut behind = sqlite(&place).await;
    let update = "UPDATE event_log SET payload = ? WHERE position = ?";
    let sql = "SELECT payload FROM event_log WHERE position = ?";
    let row = sqlx::query(sql)
        .bind(ALTERED)
        .fetch_one(&mut behind)
        .await
        .unwrap();
    let altered = with_one_other_byte(row.get(0));
    let refused = sqlx::query(update)
        .bind(&altered)
        .bind(ALTERED)
        .execute(&mut behind)
        .await;
    assert!(refused.unwrap_err().to_string().contains("append-only"));
    behind
        .execute("DROP TRIGGER event_log_refuse_update")
        .await
        .unwrap();
    sqlx::query(update)
        .bind(&altered)
        .bind(ALTERED)
        .execute(&mut behind)
        .await
        .unwrap();
    behind.close().await.unwrap();
    tells_position(&place.karez(&["audit", "verify"]).await);
}

#[tokio::test]
async fn one_altered_byte_is_found_on_postgresql() {
    let place = Place::postgres(Postgres::shared().await.unwrap()).await;
    let mut behind = PgConnection::connect(place.store()).await.unwrap();
    let update = "UPDATE event_log SET payload = $1 WHERE position = $2";
    let sql = "SELECT payload FROM event_log WHERE position = $1";
    let row = sqlx::query(sql)
        .bind(ALTERED)
        .fetch_one(&mut behind)
        .await
        .unwrap();
    let altered = with_one_other_byte(row.get(0));
    let refused = sqlx::query(update)
        .bind(&altered)
        .bind(ALTERED)
        .execute(&mut behind)
        .await;
    assert!(refused.unwrap_err().to_string().contains("append-only"));
    behind
        .execute("DROP TRIGGER append_only ON event_log")
        .await
        .unwrap();
    sqlx::query(update)
        .bind(&altered)
        .bind(ALTERED)
        .execute(&mut behind)
        .await
        .unwrap();
    tells_position(&place.karez(&["audit", "verify"]).await);
}

#[tokio::test]
async fn the_names_of_event_types_and_refusals_cannot_be_changed_and_an_altered_name_is_found() {
    let place = Place::sqlite().await;
    let mut behind = sqlite(&place).await;
    let rename = "UPDATE event_type SET name = 'spending' WHERE type_id = 47";
    for change in [
        rename,
        "DELETE FROM event_type",
        "DELETE FROM rejection",
        "UPDATE rejection SET code = ''",
    ] {
        let is_empty_table = change.contains("rejection");
        let changed = behind.execute(change).await;
        assert!(is_empty_table || changed.is_err(), "{change}");
    }
    behind
        .execute("DROP TRIGGER event_type_refuse_update")
        .await
        .unwrap();
    behind.execute(rename).await.unwrap();
    behind.close().await.unwrap();
    let verified = place.karez(&["audit", "verify"]).await;
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(verified.output.contains("spending"), "{verified:?}");
}

#[tokio::test]
async fn the_names_of_event_types_cannot_be_changed_on_postgresql() {
    let place = Place::postgres(Postgres::shared().await.unwrap()).await;
    let mut behind = PgConnection::connect(place.store()).await.unwrap();
    for change in [
        "UPDATE event_type SET name = 'spending'",
        "DELETE FROM event_type",
        "TRUNCATE rejection",
    ] {
        let refused = behind.execute(change).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{change}: {refused}");
    }
}

#[tokio::test]
async fn a_snapshot_beyond_the_end_of_the_log_is_not_believed_and_is_found() {
    let place = Place::sqlite().await;
    let before = place.karez(&["show", "projects", "--format", "csv"]).await;
    let mut behind = sqlite(&place).await;
    let beyond =
        "INSERT INTO snapshot (position, format, parts, digest) VALUES (999999, 'portfolio', 0, x'00')";
    behind.execute(beyond).await.unwrap();
    behind.close().await.unwrap();
    let verified = place.karez(&["audit", "verify"]).await;
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(verified.output.contains("999999"), "{verified:?}");
    let after = place.karez(&["show", "projects", "--format", "csv"]).await;
    assert_eq!(before.output, after.output);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_not_opened() {
    let place = Place::sqlite().await;
    let mut behind = sqlite(&place).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'of tomorrow', TRUE, x'00', 0)";
    behind.execute(newer).await.unwrap();
    behind.close().await.unwrap();
    for command in [
        &["audit", "verify"][..],
        &["show", "overview"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let refused = place.karez(command).await;
        assert_eq!(refused.code, 3, "{command:?} {refused:?}");
        assert!(
            refused.errors.contains("newer version"),
            "{command:?} {refused:?}"
        );
    }
    let refused = place.post(&[one_more()]).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.errors.contains("newer version"), "{refused:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_not_opened() {
    let place = Place::postgres(Postgres::shared().await.unwrap()).await;
    let mut behind = PgConnection::connect(place.store()).await.unwrap();
    let newer = r"INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                  VALUES (9999, 'of tomorrow', TRUE, '\x00', 0)";
    behind.execute(newer).await.unwrap();
    for command in [&["audit", "verify"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = place.karez(command).await;
        assert_eq!(refused.code, 3, "{command:?} {refused:?}");
        assert!(
            refused.errors.contains("newer version"),
            "{command:?} {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_does_not_write_beside_a_server() {
    for place in [
        Place::sqlite().await,
        Place::postgres(Postgres::shared().await.unwrap()).await,
    ] {
        let mut server = place.server().await;
        let activities = place.file("activities.xml");
        std::fs::write(&activities, "<iati-activities version=\"2.03\"/>").unwrap();
        let activities = activities.display().to_string();
        for refused in [
            place.post(&[one_more()]).await,
            place.karez(&["import", "iati", &activities]).await,
        ] {
            assert_eq!(refused.code, 3, "{refused:?}");
            assert!(refused.errors.contains("records into"), "{refused:?}");
        }
        assert_eq!(server.stop().await.unwrap(), Some(0));
        let posted = place.post(&[one_more()]).await;
        assert_eq!(posted.code, 0, "the seat is free again: {posted:?}");
    }
}

fn one_more() -> serde_json::Value {
    fact(
        "one-more",
        "project/P1",
        "expenditure_recorded",
        &json!({"amount": "1.00"}),
    )
}

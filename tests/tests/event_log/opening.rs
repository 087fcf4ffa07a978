//! Making and opening stores: clear refusals instead of surprises.

use anyhow::Result;
use karez::store::{EventLog, LogSettings, StoreError, StoreLocation};
use karez_events::HashAlgorithm;
use rstest::rstest;
use sqlx::Connection;

use crate::store::{Backend, Place, Scribe, events};

#[rstest]
#[tokio::test]
async fn where_there_is_no_store_the_message_says_how_to_make_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let refused = EventLog::open(&place.location).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoStore { .. }));
    assert!(refused.to_string().contains("karez serve"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_missing_database_is_no_store() -> Result<()> {
    let url = karez_tests::postgres::Postgres::shared()
        .await?
        .database()
        .await?;
    let missing = StoreLocation::Postgres(url.replace("/karez_", "/missing_"));
    let refused = EventLog::create_or_open(&missing, LogSettings::default())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("createdb"), "{refused}");
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_store_is_made_once_and_opened_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let (one, two) = tokio::join!(place.log(), place.log());
    let (one, _) = (one?, two?);
    let batch = Scribe::default().expenditures(2);
    one.try_lease("test")
        .await?
        .expect("the lease is free")
        .append(&events(&batch))
        .await?;
    assert_eq!(EventLog::open(&place.location).await?.read(0, 10).await?, batch);
    assert_eq!(place.log().await?.head().await?.position, 2);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_store_of_a_newer_version_is_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    place.log().await?;
    place
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 9999, 'of the future', success, checksum, 1 FROM _sqlx_migrations WHERE version = 1",
        )
        .await?;
    for refused in [
        EventLog::open(&place.location).await,
        EventLog::create_or_open(&place.location, LogSettings::default()).await,
    ] {
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("written by a newer version")
        );
    }
    Ok(())
}

/// Before the ninth step the index was not divided.
fn undivided(backend: Backend) -> String {
    let (integer, id, of_table, guards) = match backend {
        Backend::Sqlite => (
            "INTEGER",
            "BLOB",
            "STRICT, WITHOUT ROWID",
            "CREATE TRIGGER event_index_refuse_update BEFORE UPDATE ON event_index BEGIN SELECT RAISE(ABORT, 'no'); END; \
             CREATE TRIGGER event_index_refuse_delete BEFORE DELETE ON event_index BEGIN SELECT RAISE(ABORT, 'no'); END; \
             CREATE TRIGGER stream_index_refuse_delete BEFORE DELETE ON stream_index BEGIN SELECT RAISE(ABORT, 'no'); END;",
        ),
        Backend::Postgres => (
            "bigint",
            "uuid",
            "",
            "GRANT SELECT, INSERT ON event_index, stream_index TO pg_monitor;",
        ),
    };
    format!(
        "CREATE TABLE event_index (event_id {id} PRIMARY KEY, position {integer} NOT NULL) {of_table}; \
         CREATE TABLE stream_index (stream_no {integer} NOT NULL, version {integer} NOT NULL, \
                                    position {integer} NOT NULL, PRIMARY KEY (stream_no, version)) {of_table}; \
         INSERT INTO event_index SELECT event_id, position FROM event_place; \
         INSERT INTO stream_index SELECT stream_no, version, position FROM stream_place; \
         DROP TABLE event_place; DROP TABLE stream_place; {guards}"
    )
}

/// Before the eighth step the log kept streams and versions as a key of its own.
fn with_keys(backend: Backend) -> String {
    let (table, names) = match backend {
        Backend::Sqlite => (
            "event_log",
            "DROP TRIGGER event_index_refuse_update; DROP TRIGGER event_index_refuse_delete; \
             CREATE TRIGGER event_seen_refuse_update BEFORE UPDATE ON event_seen BEGIN SELECT RAISE(ABORT, 'no'); END; \
             CREATE TRIGGER event_seen_refuse_delete BEFORE DELETE ON event_seen BEGIN SELECT RAISE(ABORT, 'no'); END;",
        ),
        Backend::Postgres => (
            "event_log_000000",
            "ALTER INDEX event_index_pkey RENAME TO event_seen_pkey;",
        ),
    };
    format!(
        "ALTER TABLE event_index RENAME TO event_seen; {names} \
         CREATE UNIQUE INDEX {table}_stream_no_version_key ON {table} (stream_no, version); \
         ALTER TABLE recorder DROP COLUMN indexed_position"
    )
}

/// What each step of the schema added, the last first.
const STEPS: [(i64, &[&str]); 6] = [
    (8, &["stream_index"]),
    (7, &["sealed_segment"]),
    (6, &["checkpoint"]),
    (5, &["administration"]),
    (4, &["audited_read", "api_key", "session", "account"]),
    (3, &["delivery", "outbox"]),
];

#[rstest]
#[tokio::test]
async fn a_full_log_of_an_earlier_version_is_brought_up_to_date_and_holds_what_it_held(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(2, 3, 4, 5, 6, 7, 8, 9)] version: i64,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let batch = Scribe::default().expenditures(2_000);
    let log = place.log().await?;
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    lease.append(&events(&batch)).await?;
    lease.index_all().await?;
    drop((lease, log));
    let nothing = match backend {
        Backend::Sqlite => "x'00'",
        Backend::Postgres => "'\\x00'",
    };
    let in_another_format = format!(
        "ALTER TABLE sealed_segment DROP COLUMN format; \
         INSERT INTO sealed_segment (last_position, content, digest) VALUES (1000, {nothing}, {nothing})"
    );
    place.sql(&in_another_format).await?;
    if version < 9 {
        place.sql(&undivided(backend)).await?;
    }
    if version < 8 {
        place.sql(&with_keys(backend)).await?;
    }
    for (_, tables) in STEPS.iter().filter(|(step, _)| *step > version) {
        for table in *tables {
            place.sql(&format!("DROP TABLE {table}")).await?;
        }
    }
    let later = format!("DELETE FROM _sqlx_migrations WHERE version > {version}");
    place.sql(&later).await?;

    let log = place.log().await?;
    assert_eq!(log.read(0, 3_000).await?, batch);
    let verdict = karez::audit::verify(&log, |_, _| (), |_| ()).await?;
    assert_eq!((verdict.position, verdict.fault), (2_000, None));
    assert_eq!(
        log.sealed_up_to().await?,
        0,
        "segments of another format are passed over"
    );
    assert!(!log.has_accounts().await? && log.administration(None, 1).await?.is_empty());
    for table in ["event_place", "stream_place"] {
        let refused = place.sql(&format!("DELETE FROM {table}")).await.unwrap_err();
        assert!(refused.to_string().contains("refused"), "{refused}");
    }
    if backend == Backend::Postgres && version < 9 {
        let granted = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'pg_monitor' \
                       AND table_name IN ('event_place', 'stream_place') AND privilege_type IN ('SELECT', 'INSERT')";
        assert_eq!(place.count(granted).await?, 4);
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_hash_algorithm_is_fixed_when_the_store_is_made(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let sm3 = LogSettings {
        hash: Some(HashAlgorithm::Sm3),
    };
    let log = EventLog::create_or_open(&place.location, sm3).await?;
    let batch = Scribe {
        algorithm: HashAlgorithm::Sm3,
        ..Scribe::default()
    }
    .expenditures(5);
    log.try_lease("test")
        .await?
        .expect("the lease is free")
        .append(&events(&batch))
        .await?;
    let verdict = karez::audit::verify(&log, |_, _| (), |_| ()).await?;
    assert_eq!(
        (verdict.algorithm, verdict.position, verdict.fault),
        (HashAlgorithm::Sm3, 5, None)
    );
    // Nobody asked: the store keeps its own. Somebody asked for the other one: refused.
    assert_eq!(place.log().await?.head().await?.algorithm, HashAlgorithm::Sm3);
    let sha256 = LogSettings {
        hash: Some(HashAlgorithm::Sha256),
    };
    let refused = EventLog::create_or_open(&place.location, sha256)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("sm3, not sha256"), "{refused}");
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_view_shows_the_log_in_words(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, _log, _) = crate::store::filled(backend, 1).await?;
    let shown = "SELECT count(*) FROM event WHERE type = 'expenditure_recorded' AND stream = 'project/A' \
                 AND data ->> 'amount' = '300.00' AND metadata ->> 'source_system' = 'test'";
    assert_eq!(place.count(shown).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_service_role_records_and_can_change_nothing_recorded() -> Result<()> {
    let place = Place::new(Backend::Postgres).await?;
    place
        .sql(include_str!("../../../deploy/postgres/roles.sql"))
        .await?;
    let owner = EventLog::create_or_open(&place.location_as("karez_owner"), LogSettings::default()).await?;
    place.sql("CALL grant_karez_service()").await?;

    let location = place.location_as("karez_service");
    let log = EventLog::create_or_open(&location, LogSettings::default()).await?;
    let mut scribe = Scribe::default();
    let batch = scribe.expenditures(3);
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    lease.append(&events(&batch)).await?;
    lease.index_all().await?;
    assert_eq!(owner.read(0, 10).await?, batch);

    let StoreLocation::Postgres(url) = &location else {
        unreachable!()
    };
    let mut connection = sqlx::PgConnection::connect(url).await?;
    for change in [
        "UPDATE event_log SET version = 7",
        "DELETE FROM event_log",
        "TRUNCATE event_log",
        "DELETE FROM event_log_000000",
        "DELETE FROM event_place",
        "DELETE FROM stream_place",
        "DELETE FROM rejection",
        "ALTER TABLE event_log DISABLE TRIGGER ALL",
        "DROP TABLE event_log",
    ] {
        let refused = sqlx::query(change)
            .execute(&mut connection)
            .await
            .expect_err(change)
            .to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{change}: {refused}"
        );
    }
    Ok(())
}

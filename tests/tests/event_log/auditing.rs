//! Whatever is changed behind the log's back is refused, or found at its place.

use anyhow::Result;
use karez::audit::{Fault, Wrong, verify};
use karez_events::{HashAlgorithm, chain};
use rstest::rstest;

use crate::store::{Backend, Scribe, events, expenditure, filled, lease, project};

#[rstest]
#[tokio::test]
async fn a_sound_log_is_found_sound_and_every_event_is_shown(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (_place, log, recorded) = filled(backend, 6_000).await?;
    let (mut seen, mut told) = (0, 0);
    let verdict = verify(
        &log,
        |done, _| told = done,
        |event| {
            seen += 1;
            assert_eq!(event.position, seen);
        },
    )
    .await?;
    assert!(verdict.is_sound(), "{:?}", verdict.fault);
    assert_eq!(
        (verdict.position, verdict.hash, verdict.streams),
        (6_000, recorded[5_999].hash, 3)
    );
    assert_eq!((seen, told), (6_000, 6_000));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_database_refuses_to_change_what_is_recorded(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, _) = filled(backend, 3).await?;
    let mut changes = vec![
        "UPDATE event_log SET version = 7 WHERE position = 2",
        "DELETE FROM event_log WHERE position = 3",
        "DELETE FROM event_log",
        "UPDATE event_place SET position = 9",
        "DELETE FROM event_place",
        "UPDATE stream_place SET position = 9",
        "DELETE FROM stream_place",
        "UPDATE stream SET id = 'Z' WHERE id = 'A'",
        "DELETE FROM stream",
    ];
    match backend {
        Backend::Postgres => changes.extend([
            "TRUNCATE event_log",
            "TRUNCATE event_log_000000",
            "TRUNCATE event_place",
            "TRUNCATE stream_place",
            "DELETE FROM event_log_000000",
            "UPDATE event_log_000000 SET payload = ''",
        ]),
        Backend::Sqlite => changes.push(
            "REPLACE INTO event_log SELECT position, stream_no, version, event_id, type_id, schema, \
             occurred_on, recorded_at, X'7b7d', metadata, hash FROM event_log WHERE position = 2",
        ),
    }
    for change in changes {
        let refused = place.sql(change).await.expect_err(change).to_string();
        assert!(refused.contains("refused"), "{change}: {refused}");
    }
    assert!(verify(&log, |_, _| (), |_| ()).await?.is_sound());
    Ok(())
}

async fn fault_after(backend: Backend, tampering: impl Fn(&crate::store::Place) -> String) -> Result<Fault> {
    let (place, log, _) = filled(backend, 9).await?;
    place.tamper(&tampering(&place)).await?;
    let verdict = verify(&log, |_, _| (), |_| ()).await?;
    Ok(verdict.fault.expect("a fault is found"))
}

#[rstest]
#[tokio::test]
async fn an_altered_payload_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |place| {
        format!(
            "UPDATE event_log SET {} WHERE position = 5",
            place.replaced("payload", "300.00", "900.00")
        )
    })
    .await?;
    assert_eq!((fault.position, fault.stream.as_ref()), (5, Some(&project("B"))));
    assert!(fault.event_id.is_some());
    assert!(matches!(fault.wrong, Wrong::Altered { .. }), "{fault}");
    Ok(())
}

#[rstest]
#[tokio::test]
async fn altered_metadata_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |place| {
        format!(
            "UPDATE event_log SET {} WHERE position = 1",
            place.replaced("metadata", "test", "tesu")
        )
    })
    .await?;
    assert!(
        matches!((fault.position, &fault.wrong), (1, Wrong::Altered { .. })),
        "{fault}"
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn an_altered_hash_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |place| {
        format!(
            "UPDATE event_log SET hash = {} WHERE position = 9",
            place.bytes(7)
        )
    })
    .await?;
    assert!(
        matches!((fault.position, &fault.wrong), (9, Wrong::Altered { .. })),
        "{fault}"
    );
    Ok(())
}

#[rstest]
#[case::first(1)]
#[case::middle(4)]
#[case::last(9)]
#[tokio::test]
async fn a_deleted_event_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] position: u64,
) -> Result<()> {
    let fault = fault_after(backend, |_| {
        format!("DELETE FROM event_log WHERE position = {position}")
    })
    .await?;
    assert_eq!((fault.position, fault.wrong), (position, Wrong::Missing));
    Ok(())
}

#[rstest]
#[tokio::test]
async fn swapped_events_are_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |_| {
        "UPDATE event_log SET position = 500 WHERE position = 3; UPDATE event_log SET position = 3 WHERE position = 6; \
         UPDATE event_log SET position = 6 WHERE position = 500"
            .to_owned()
    })
    .await?;
    assert!(
        matches!((fault.position, &fault.wrong), (3, Wrong::Altered { .. })),
        "{fault}"
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn an_unknown_type_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |_| {
        "UPDATE event_log SET type_id = 9999 WHERE position = 7".to_owned()
    })
    .await?;
    assert!(
        matches!((fault.position, &fault.wrong), (7, Wrong::Unreadable(_))),
        "{fault}"
    );
    Ok(())
}

#[rstest]
#[case::moved("UPDATE event_place SET position = 2 WHERE position = 8", 8)]
#[case::gone("DELETE FROM event_place WHERE position = 8", 8)]
#[tokio::test]
async fn a_table_of_ids_that_disagrees_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] tampering: &str,
    #[case] position: u64,
) -> Result<()> {
    let fault = fault_after(backend, |_| tampering.to_owned()).await?;
    assert!(matches!(fault.wrong, Wrong::Seen { .. }), "{fault}");
    assert_eq!(fault.position, position);
    Ok(())
}

#[rstest]
#[case::moved("UPDATE stream_place SET position = 2 WHERE position = 8", 8)]
#[case::gone("DELETE FROM stream_place WHERE position = 8", 8)]
#[case::other_version("UPDATE event_log SET version = 2 WHERE position = 8", 8)]
#[tokio::test]
async fn a_table_of_versions_that_disagrees_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] tampering: &str,
    #[case] position: u64,
) -> Result<()> {
    let fault = fault_after(backend, |_| tampering.to_owned()).await?;
    assert_eq!(fault.position, position, "{fault}");
    Ok(())
}

#[rstest]
#[case::id("INSERT INTO event_place (part, event_id, position) VALUES (0, {id}, 9)")]
#[case::version("INSERT INTO stream_place (part, stream_no, version, position) VALUES (0, 1, 99, 9)")]
#[case::id_beyond("INSERT INTO event_place (part, event_id, position) VALUES (0, {id}, 10)")]
#[case::version_beyond("INSERT INTO stream_place (part, stream_no, version, position) VALUES (0, 1, 99, 10)")]
#[case::id_behind_the_mark(
    "UPDATE recorder SET indexed_position = 4; INSERT INTO event_place (part, event_id, position) VALUES (0, {id}, 5)"
)]
#[tokio::test]
async fn an_entry_too_much_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] tampering: &str,
) -> Result<()> {
    let id = match backend {
        Backend::Sqlite => "X'00112233445566778899aabbccddeeff'",
        Backend::Postgres => "'00112233445566778899aabbccddeeff'",
    };
    let fault = fault_after(backend, |_| tampering.replace("{id}", id)).await?;
    assert!(
        matches!(fault.wrong, Wrong::EntryCount { .. } | Wrong::Stray { .. }),
        "{fault}"
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn the_index_reaches_no_further_than_the_log(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, _) = filled(backend, 9).await?;
    let beyond = "UPDATE recorder SET indexed_position = 10";
    let refused = place.sql(beyond).await.expect_err("the mark is checked");
    assert!(
        refused.to_string().contains("CHECK") || refused.to_string().contains("check"),
        "{refused}"
    );
    let unchecked = match backend {
        Backend::Sqlite => "PRAGMA ignore_check_constraints = ON",
        Backend::Postgres => "ALTER TABLE recorder DROP CONSTRAINT recorder_check",
    };
    place.sql(&format!("{unchecked}; {beyond}")).await?;
    let fault = verify(&log, |_, _| (), |_| ()).await?.fault.expect("it is found");
    assert!(matches!(fault.wrong, Wrong::Indexed { found: 10 }), "{fault}");
    Ok(())
}

#[rstest]
#[case::name("UPDATE stream SET id = 'Z' WHERE id = 'B'")]
#[case::gone("DELETE FROM stream WHERE id = 'B'")]
#[case::added("INSERT INTO stream (stream_no, kind, id) VALUES (9, 'project', 'Z')")]
#[tokio::test]
async fn a_table_of_streams_that_disagrees_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[case] tampering: &str,
) -> Result<()> {
    let (place, _log, _) = filled(backend, 9).await?;
    place.tamper(tampering).await?;
    // Opened anew: names of streams are kept in memory while a log is open.
    let verdict = verify(&place.log().await?, |_, _| (), |_| ()).await?;
    assert!(verdict.fault.is_some());
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_head_of_the_log_that_disagrees_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let fault = fault_after(backend, |place| {
        format!("UPDATE recorder SET last_hash = {}", place.bytes(1))
    })
    .await?;
    assert!(
        matches!((fault.position, &fault.wrong), (9, Wrong::Head { .. })),
        "{fault}"
    );
    // No head is so absurd that looking for what it promises costs the memory of the machine.
    for far in [11, 1_000_000_000_000_000_i64] {
        let fault = fault_after(backend, |_| format!("UPDATE recorder SET last_position = {far}")).await?;
        assert!(
            matches!((fault.position, &fault.wrong), (10, Wrong::Missing)),
            "{fault}"
        );
    }
    Ok(())
}

/// A writer that was kept from knowing an id records it again; the chain itself is sound.
#[rstest]
#[tokio::test]
async fn an_id_that_is_recorded_twice_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let (place, log, mut recorded) = filled(backend, 9).await?;
    place
        .tamper(
            "CREATE TABLE aside AS SELECT * FROM event_log WHERE position = 3; \
             DELETE FROM event_log WHERE position = 3; DELETE FROM event_place; DELETE FROM stream_place; \
             UPDATE recorder SET indexed_position = 0",
        )
        .await?;
    let mut scribe = Scribe::default();
    scribe.expenditures(9);
    let mut twice = scribe.write(&project("A"), &expenditure("again"));
    twice.event_id = recorded[2].event_id;
    twice.hash = chain::link(HashAlgorithm::default(), &recorded[8].hash, &twice);
    lease(&log)
        .await?
        .append(&events(std::slice::from_ref(&twice)))
        .await?;
    let unguarded = match backend {
        Backend::Sqlite => "DROP TRIGGER event_log_refuse_replace;",
        Backend::Postgres => "",
    };
    place
        .sql(&format!("{unguarded} INSERT INTO event_log SELECT * FROM aside"))
        .await?;

    recorded.push(twice);
    assert_eq!(log.read(0, 20).await?, recorded);
    let fault = verify(&log, |_, _| (), |_| ()).await?.fault.expect("it is found");
    assert!(
        matches!(
            (fault.position, &fault.wrong),
            (10, Wrong::Seen { found: Some(3) })
        ),
        "{fault}"
    );
    Ok(())
}

//! The tables of each backend, forward only. A new step is a file in `migrations/` and a line here.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

struct Step {
    version: i64,
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

const STEPS: [Step; 10] = [
    Step {
        version: 1,
        name: "event log",
        postgres: include_str!("../../migrations/postgres/0001_event_log.sql"),
        sqlite: include_str!("../../migrations/sqlite/0001_event_log.sql"),
    },
    Step {
        version: 2,
        name: "side tables append only",
        postgres: include_str!("../../migrations/postgres/0002_side_tables_append_only.sql"),
        sqlite: include_str!("../../migrations/sqlite/0002_side_tables_append_only.sql"),
    },
    Step {
        version: 3,
        name: "outbox",
        postgres: include_str!("../../migrations/postgres/0003_outbox.sql"),
        sqlite: include_str!("../../migrations/sqlite/0003_outbox.sql"),
    },
    Step {
        version: 4,
        name: "accounts",
        postgres: include_str!("../../migrations/postgres/0004_accounts.sql"),
        sqlite: include_str!("../../migrations/sqlite/0004_accounts.sql"),
    },
    Step {
        version: 5,
        name: "administration",
        postgres: include_str!("../../migrations/postgres/0005_administration.sql"),
        sqlite: include_str!("../../migrations/sqlite/0005_administration.sql"),
    },
    Step {
        version: 6,
        name: "checkpoints",
        postgres: include_str!("../../migrations/postgres/0006_checkpoints.sql"),
        sqlite: include_str!("../../migrations/sqlite/0006_checkpoints.sql"),
    },
    Step {
        version: 7,
        name: "sealed segments",
        postgres: include_str!("../../migrations/postgres/0007_sealed_segments.sql"),
        sqlite: include_str!("../../migrations/sqlite/0007_sealed_segments.sql"),
    },
    Step {
        version: 8,
        name: "index behind the log",
        postgres: include_str!("../../migrations/postgres/0008_index_behind_the_log.sql"),
        sqlite: include_str!("../../migrations/sqlite/0008_index_behind_the_log.sql"),
    },
    Step {
        version: 9,
        name: "index in parts",
        postgres: include_str!("../../migrations/postgres/0009_index_in_parts.sql"),
        sqlite: include_str!("../../migrations/sqlite/0009_index_in_parts.sql"),
    },
    Step {
        version: 10,
        name: "segments by format",
        postgres: include_str!("../../migrations/postgres/0010_segments_by_format.sql"),
        sqlite: include_str!("../../migrations/sqlite/0010_segments_by_format.sql"),
    },
];

/// The newest schema number that this version knows.
pub(super) fn newest() -> i64 {
    STEPS.iter().map(|step| step.version).max().unwrap_or_default()
}

pub(super) fn for_postgres() -> Migrator {
    migrator(|step| step.postgres)
}

pub(super) fn for_sqlite() -> Migrator {
    migrator(|step| step.sqlite)
}

fn migrator(text: impl Fn(&Step) -> &'static str) -> Migrator {
    let migration = |step: &Step| {
        Migration::new(
            step.version,
            Cow::Borrowed(step.name),
            MigrationType::Simple,
            text(step).into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(STEPS.iter().map(migration).collect())
}

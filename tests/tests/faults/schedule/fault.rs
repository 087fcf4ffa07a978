//! What strikes.

use std::time::Duration;

use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use karez_tests::moments::Moments;
use sqlx::Executor;

use super::world::{World, file, postgres, sql};
use crate::outages::fill;

/// What `PostgreSQL` is made to do at the commits of some appends.
const AT_COMMIT: &str = "CREATE OR REPLACE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS $$ \
    BEGIN IF random() < 0.2 THEN {what}; END IF; RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER strike AFTER UPDATE ON recorder DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
    WHEN (OLD.last_position < NEW.last_position OR OLD.indexed_position < NEW.indexed_position) EXECUTE FUNCTION strike();";
const NO_MORE: &str = "DROP TRIGGER strike ON recorder";

/// A fault. A node is one of the karez processes, a server one of NATS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of a node, which is started again, perhaps after a while.
    KillNode,
    /// SIGSTOP of a node, and SIGCONT later.
    StopNode,
    /// A node stands still, loses its lease to another, and goes on in the belief that it still holds it.
    StealLease,
    /// The snapshot of a killed node is torn.
    TearSnapshot,
    /// `kill -9` of `PostgreSQL`.
    KillPostgres,
    /// Every connection to `PostgreSQL` breaks.
    CutDatabase,
    /// `PostgreSQL` does what it is asked, and its answers are lost.
    LoseAnswers,
    /// The network holds everything between karez and `PostgreSQL` back.
    PartitionDatabase,
    /// Commits fail as those of transactions that cannot be serialized.
    FailCommits,
    /// Commits take long, as on a disk that syncs slowly.
    SlowCommits,
    /// Another process writes into the `SQLite` file.
    LockFile,
    /// No byte is free.
    FillDisk,
    /// `kill -9` of a NATS server; in a cluster perhaps of the leader.
    KillNats,
    /// SIGSTOP of a NATS server, and SIGCONT later.
    StopNats,
    /// A NATS server is cut off from the others and from karez, which hear nothing of it.
    IsolateNats,
    /// The clock of a node, or of all, goes a day ahead or back, to just before midnight, or over the year's end.
    MoveClock,
    /// The disk of a node takes long to sync.
    SlowDisk,
    /// The network between karez and NATS breaks.
    CutNats,
    /// The network holds everything between karez and NATS back.
    PartitionNats,
}

impl Fault {
    /// What can strike here.
    pub fn possible(world: &World) -> Vec<Self> {
        let mut possible = vec![
            Self::KillNode,
            Self::KillNode,
            Self::StopNode,
            Self::TearSnapshot,
            Self::MoveClock,
        ];
        if world.servers.len() > 1 {
            possible.push(Self::StealLease);
        }
        if world.to_database.is_some() {
            possible.extend([
                Self::KillPostgres,
                Self::CutDatabase,
                Self::LoseAnswers,
                Self::PartitionDatabase,
                Self::FailCommits,
                Self::SlowCommits,
            ]);
        } else {
            possible.extend([Self::LockFile, Self::SlowDisk]);
        }
        if world.disk.is_some() {
            possible.push(Self::FillDisk);
        }
        if !world.nats.is_empty() {
            possible.extend([Self::KillNats, Self::StopNats]);
        }
        if world.nats.iter().any(|server| server.host().is_some()) {
            possible.push(Self::IsolateNats);
        }
        if world.to_nats.is_some() {
            possible.extend([Self::CutNats, Self::PartitionNats]);
        }
        possible
    }

    pub async fn strike(self, world: &mut World, moments: &mut Moments) {
        world.strikes += 1;
        // Somewhere within whatever is under way.
        tokio::time::sleep(Duration::from_micros(moments.below(30_000))).await;
        let node = usize::try_from(moments.below(world.servers.len() as u64)).unwrap();
        match self {
            Self::KillNode => kill_node(world, node, moments).await,
            Self::StopNode => {
                world.servers[node].signal("STOP").await.unwrap();
                a_while(moments).await;
                world.servers[node].signal("CONT").await.unwrap();
            }
            Self::StealLease => steal_lease(world, node, moments).await,
            Self::TearSnapshot => {
                world.servers[node].kill().await.unwrap();
                sql(
                    &world.location,
                    "UPDATE snapshot_part SET bytes = substr(bytes, 1, 10)",
                )
                .await;
                world.servers[node].restart().await.unwrap();
            }
            Self::KillPostgres => postgres().await.crash_and_recover().await.unwrap(),
            Self::CutDatabase => world.to_database.as_ref().unwrap().proxy.cut(),
            Self::LoseAnswers => {
                let wire = &mut world.to_database.as_mut().unwrap().proxy;
                wire.lose_answers().await;
                wire.mend();
            }
            Self::PartitionDatabase => {
                world.to_database.as_ref().unwrap().proxy.hold();
                a_while(moments).await;
                world.to_database.as_ref().unwrap().proxy.mend();
            }
            Self::FailCommits => at_commits(world, "RAISE 'struck' USING ERRCODE = '40001'", moments).await,
            Self::SlowCommits => at_commits(world, "PERFORM pg_sleep(0.3)", moments).await,
            Self::LockFile => {
                let mut other = file(world.place.store().as_ref()).await;
                other.execute("BEGIN IMMEDIATE").await.unwrap();
                a_while(moments).await;
                other.execute("ROLLBACK").await.unwrap();
            }
            Self::FillDisk => {
                let filler = world.disk.as_ref().unwrap().path().join("filler");
                fill(&filler);
                a_while(moments).await;
                std::fs::remove_file(filler).unwrap();
            }
            Self::MoveClock => move_clock(world, node, moments).await,
            Self::SlowDisk => {
                let machine = world.servers[node].machine();
                machine
                    .slow_syncs_by(Duration::from_millis(50 + moments.below(200)))
                    .unwrap();
                a_while(moments).await;
                machine.slow_syncs_by(Duration::ZERO).unwrap();
            }
            Self::KillNats | Self::StopNats | Self::IsolateNats => strike_nats(self, world, moments).await,
            Self::CutNats => world.to_nats.as_ref().unwrap().cut(),
            Self::PartitionNats => {
                world.to_nats.as_ref().unwrap().hold();
                a_while(moments).await;
                world.to_nats.as_ref().unwrap().mend();
            }
        }
    }
}

/// For as long as a fault lasts.
async fn a_while(moments: &mut Moments) {
    tokio::time::sleep(Duration::from_millis(moments.below(1_500))).await;
}

async fn kill_node(world: &mut World, node: usize, moments: &mut Moments) {
    world.servers[node].kill().await.unwrap();
    if world.servers.len() > 1 && moments.below(2) == 0 {
        a_while(moments).await;
    }
    if moments.below(4) == 0 {
        // Again while it starts.
        world.servers[node].launch().await.unwrap();
        world.servers[node].kill().await.unwrap();
    }
    world.servers[node].restart().await.unwrap();
}

/// Sets clocks wrong, and perhaps right again, which is a step back or ahead in itself.
async fn move_clock(world: &World, node: usize, moments: &mut Moments) {
    let now = Utc::now();
    let at = |day: NaiveDate| day.and_hms_opt(15, 59, 58).unwrap().and_utc();
    let year_end = NaiveDate::from_ymd_opt(now.year(), 12, 31).unwrap();
    // Midnight in Beijing is 16:00 in UTC.
    let to = match moments.below(6) {
        0 => now + TimeDelta::days(1),
        1 => now - TimeDelta::days(1),
        2 => at(now.date_naive()),
        3 => now + TimeDelta::hours(3),
        4 => now - TimeDelta::hours(3),
        _ => at(year_end),
    };
    let nodes = if moments.below(2) == 0 {
        node..node + 1
    } else {
        0..world.servers.len()
    };
    let set = |seconds| {
        for server in &world.servers[nodes.clone()] {
            server.machine().set_clock_wrong_by(seconds).unwrap();
        }
    };
    set((to - now).num_seconds());
    a_while(moments).await;
    if moments.below(2) == 0 {
        set(0);
    }
}

async fn steal_lease(world: &mut World, node: usize, moments: &mut Moments) {
    world.servers[node].signal("STOP").await.unwrap();
    if world.to_database.is_some() {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name LIKE 'karez recorder%'";
        sql(&world.location, end).await;
    } else {
        let lock = std::path::Path::new(world.place.store()).join("recorder.lock");
        std::fs::remove_file(lock).unwrap();
    }
    a_while(moments).await;
    world.servers[node].signal("CONT").await.unwrap();
}

async fn at_commits(world: &World, what: &str, moments: &mut Moments) {
    sql(&world.location, &AT_COMMIT.replace("{what}", what)).await;
    a_while(moments).await;
    sql(&world.location, NO_MORE).await;
}

async fn strike_nats(fault: Fault, world: &mut World, moments: &mut Moments) {
    let server = usize::try_from(moments.below(world.nats.len() as u64)).unwrap();
    let server = &mut world.nats[server];
    match fault {
        Fault::KillNats => {
            server.kill();
            a_while(moments).await;
            server.restart().await.unwrap();
        }
        Fault::IsolateNats => {
            let host = server.host().unwrap();
            host.cut().unwrap();
            a_while(moments).await;
            host.mend().unwrap();
        }
        _ => {
            server.signal("STOP").unwrap();
            a_while(moments).await;
            server.signal("CONT").unwrap();
        }
    }
}

//! The place of one run: where the log lies, what carries the bus, which nodes share them, and who uses them.

use std::path::Path;
use std::time::Duration;

use karez::store::StoreLocation;
use karez_tests::hosts::{Host, Hosts};
use karez_tests::nats::NatsServer;
use karez_tests::postgres::Postgres;
use karez_tests::proxy::Proxy;
use karez_tests::receiver::Receiver;
use karez_tests::server::Server;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};
use tokio::sync::OnceCell;

use super::users::Users;
use crate::outages::SmallDisk;
use crate::place::{Place, Wire};

/// One server for all runs: it is killed and comes back, and every run has a database of its own.
static POSTGRES: OnceCell<Postgres> = OnceCell::const_new();

/// How many kinds of place there are.
pub const KINDS: u64 = 5;
const EVERYTHING: &str = "recorder,sentinel,notifier,gateway";

/// The kinds of place, in turn by seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One process, nothing else.
    Alone,
    /// Two nodes on one database.
    Database,
    /// Two nodes on one database, with NATS between them.
    DatabaseAndNats,
    /// Two nodes on one file, with three NATS servers between them, each on a host of its own where that can be had.
    Cluster,
    /// Two gateways, two recorders, a sentinel and a notifier, each a node, on one database with NATS between them.
    Apart,
}

impl Kind {
    fn of(seed: u64) -> Self {
        match seed % KINDS {
            1 => Self::Alone,
            2 => Self::Database,
            3 => Self::DatabaseAndNats,
            4 => Self::Cluster,
            _ => Self::Apart,
        }
    }

    fn is_on_postgres(self) -> bool {
        matches!(self, Self::Database | Self::DatabaseAndNats | Self::Apart)
    }

    /// What each node does: those that answer people come first.
    fn nodes(self) -> &'static [&'static str] {
        match self {
            Self::Alone => &[EVERYTHING],
            Self::Database | Self::DatabaseAndNats | Self::Cluster => &[EVERYTHING, EVERYTHING],
            Self::Apart => &[
                "gateway", "gateway", "recorder", "recorder", "sentinel", "notifier",
            ],
        }
    }
}

/// The place of one run, and its users.
pub struct World {
    kind: Kind,
    pub place: Place,
    /// The store, past the wire.
    pub location: StoreLocation,
    pub servers: Vec<Server>,
    /// The first so many servers answer people.
    pub gateways: usize,
    pub nats: Vec<NatsServer>,
    /// Dropped after the servers that run on them.
    _hosts: Option<Hosts>,
    /// The wire to the database.
    pub to_database: Option<Wire>,
    /// The wire to NATS.
    pub to_nats: Option<Proxy>,
    pub disk: Option<SmallDisk>,
    pub receiver: Receiver,
    pub users: Users,
    /// What has struck so far.
    pub strikes: usize,
}

impl World {
    pub async fn new(seed: u64) -> Self {
        let kind = Kind::of(seed);
        let disk = (kind == Kind::Alone).then(SmallDisk::try_new).flatten();
        let mut place = match &disk {
            Some(disk) => Place::sqlite_in(&disk.path().join("data")).await,
            None if kind.is_on_postgres() => Place::postgres(postgres().await).await,
            None => Place::sqlite().await,
        };
        let (location, to_database) = if kind.is_on_postgres() {
            let location = StoreLocation::Postgres(place.store().to_owned());
            (location, Some(place.wire_to_database(postgres().await)))
        } else {
            (StoreLocation::Sqlite(place.store().into()), None)
        };
        let hosts = (kind == Kind::Cluster).then(|| Hosts::try_new(3)).flatten();
        let hosts_of_nats = hosts.as_ref().map_or(&[][..], Hosts::all);
        let (nats, to_nats) = bus(kind, &mut place, hosts_of_nats).await;
        let receiver = Receiver::start(false).await.unwrap();
        configure(&place, &receiver, if kind == Kind::Cluster { 3 } else { 1 });
        let mut servers = Vec::new();
        for roles in kind.nodes() {
            servers.push(place.server_for(roles).await);
        }
        let is_gateway = |roles: &&&str| roles.contains("gateway");
        let gateways = kind.nodes().iter().filter(is_gateway).count();
        Self {
            kind,
            users: Users::start(&servers[..gateways], &nats),
            place,
            location,
            servers,
            gateways,
            nats,
            _hosts: hosts,
            to_database,
            to_nats,
            disk,
            receiver,
            strikes: 0,
        }
    }

    pub fn name(&self) -> String {
        format!("{:?}", self.kind)
    }

    pub async fn goes_on(&self, posts: u64) {
        self.users.traffic.goes_on(posts).await;
    }
}

/// Runs SQL behind the servers, past the wire.
pub async fn sql(location: &StoreLocation, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match location {
        StoreLocation::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        StoreLocation::Sqlite(folder) => {
            sqlx::raw_sql(sql).execute(&mut file(folder).await).await.unwrap();
        }
    }
}

/// The file of an embedded store.
pub async fn file(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("karez.db"))
        .busy_timeout(Duration::from_secs(30));
    options.connect().await.unwrap()
}

pub async fn postgres() -> &'static Postgres {
    POSTGRES
        .get_or_try_init(|| Postgres::start(&["max_connections=200"]))
        .await
        .unwrap()
}

/// NATS, where there is one, and the wire to it, where there is one server.
async fn bus(kind: Kind, place: &mut Place, hosts: &[Host]) -> (Vec<NatsServer>, Option<Proxy>) {
    match kind {
        Kind::Alone | Kind::Database => (Vec::new(), None),
        Kind::DatabaseAndNats | Kind::Apart => {
            let server = NatsServer::start().await.unwrap();
            let (proxy, port) = Proxy::to_port(server.port()).await.unwrap();
            place.reach_nats_at(&format!("nats://127.0.0.1:{port}"));
            (vec![server], Some(proxy))
        }
        Kind::Cluster => {
            let servers: [NatsServer; 3] = NatsServer::cluster(hosts).await.unwrap();
            place.reach_nats_at(&servers.each_ref().map(NatsServer::url).join(","));
            (servers.into(), None)
        }
    }
}

fn configure(place: &Place, receiver: &Receiver, replicas: usize) {
    let secret = place.file("duty.secret");
    std::fs::write(&secret, "wp7x-secret").unwrap();
    place.configure(&format!(
        "[bus]\nnats_replicas = {replicas}\n[notifier]\n[[notifier.receivers]]\nname = \"duty\"\nchannel = \"webhook\"\n\
         address = {:?}\nsecret_file = {:?}\nat_once = [\"red\", \"orange\", \"yellow\", \"blue\"]\ndigest = []\n",
        receiver.url(),
        secret.display().to_string()
    ));
}

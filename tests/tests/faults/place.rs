//! A store with one fund and its projects, and what is found in it afterwards.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use karez_tests::nats::NatsServer;
use karez_tests::postgres::Postgres;
use karez_tests::program::{Ended, command};
use karez_tests::proxy::Proxy;
use karez_tests::server::Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// The fund and the approvals that [`Place::new`] records.
pub const FIRST_FACTS: usize = 1 + PROJECTS.len();
pub const PROJECTS: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// Long enough for a busy machine; nothing waits for it to pass.
const LONGEST_COMMAND: Duration = Duration::from_mins(2);
/// A snapshot every few events, so that crashes meet snapshots too.
const CONFIG: &str = "[recorder]\nsnapshot_every_events = 100\n";

/// The wire to the database, and the folder of its socket.
pub struct Wire {
    pub proxy: Proxy,
    _folder: TempDir,
}

/// Where a store is, and the processes it needs besides karez.
pub struct Place {
    folder: TempDir,
    store: Vec<String>,
    bus: Vec<String>,
    pub nats: Option<NatsServer>,
}

impl Place {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::new(
            folder,
            vec!["--data".to_owned(), data.display().to_string()],
            None,
        )
        .await
    }

    /// In a folder of the test's choice.
    pub async fn sqlite_in(data: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::new(
            folder,
            vec!["--data".to_owned(), data.display().to_string()],
            None,
        )
        .await
    }

    pub async fn sqlite_and_nats() -> Self {
        let mut place = Self::sqlite().await;
        place.add_nats(NatsServer::start().await.unwrap());
        place
    }

    pub async fn postgres(server: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = server.database().await.unwrap();
        Self::new(folder, vec!["--database".to_owned(), url], None).await
    }

    pub async fn postgres_and_nats(server: &Postgres) -> Self {
        let mut place = Self::postgres(server).await;
        place.add_nats(NatsServer::start().await.unwrap());
        place
    }

    async fn new(folder: TempDir, store: Vec<String>, nats: Option<NatsServer>) -> Self {
        let place = Self {
            folder,
            store,
            bus: Vec::new(),
            nats,
        };
        std::fs::write(place.file("karez.toml"), CONFIG).unwrap();
        let posted = place.post(&first_facts()).await;
        assert_eq!(posted.code, 0, "{posted:?}");
        place
    }

    /// Lets servers that are started from now on reach NATS at these addresses.
    pub fn reach_nats_at(&mut self, urls: &str) {
        self.bus = vec!["--nats".to_owned(), urls.to_owned()];
    }

    /// Lets karez reach the database through a wire only.
    pub fn wire_to_database(&mut self, server: &Postgres) -> Wire {
        let folder = tempfile::Builder::new()
            .prefix("karez-wire-")
            .tempdir_in("/tmp")
            .unwrap();
        let proxy = Proxy::to_socket(".s.PGSQL.5432", server.folder(), folder.path()).unwrap();
        let name = |folder: &Path| folder.display().to_string();
        self.store[1] = self.store[1].replace(&name(server.folder()), &name(folder.path()));
        Wire {
            proxy,
            _folder: folder,
        }
    }

    /// Adds settings.
    pub fn configure(&self, settings: &str) {
        std::fs::write(self.file("karez.toml"), format!("{CONFIG}{settings}")).unwrap();
    }

    fn add_nats(&mut self, nats: NatsServer) {
        self.reach_nats_at(&nats.url());
        self.nats = Some(nats);
    }

    /// A file beside the store.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments of a server on this store.
    pub fn arguments(&self) -> Vec<String> {
        let config = [
            "--config".to_owned(),
            self.file("karez.toml").display().to_string(),
        ];
        self.store
            .iter()
            .chain(&self.bus)
            .cloned()
            .chain(config)
            .collect()
    }

    /// The arguments that name the store.
    pub fn store_arguments(&self) -> &[String] {
        &self.store
    }

    /// Where the store is: a folder, or a database.
    pub fn store(&self) -> &str {
        &self.store[1]
    }

    pub async fn server(&self) -> Server {
        Server::start(self.arguments()).await.unwrap()
    }

    /// A server that does a part of the work.
    pub async fn server_for(&self, roles: &str) -> Server {
        let roles = ["--roles".to_owned(), roles.to_owned()];
        Server::start(self.arguments().into_iter().chain(roles))
            .await
            .unwrap()
    }

    /// Runs one command on this store; one that does not end is killed.
    pub async fn karez(&self, arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(self.store.iter().map(String::as_str))
            .collect();
        let mut command = Command::from(command(&arguments).unwrap());
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let ended = tokio::time::timeout(LONGEST_COMMAND, output).await;
        let ended = ended
            .unwrap_or_else(|_| panic!("karez {arguments:?} does not end"))
            .unwrap();
        Ended {
            code: ended.status.code().unwrap_or_else(|| panic!("{}", ended.status)),
            output: String::from_utf8(ended.stdout).unwrap(),
            errors: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// Records facts with the command line, without a server.
    pub async fn post(&self, facts: &[Value]) -> Ended {
        let lines: Vec<String> = facts.iter().map(Value::to_string).collect();
        self.post_bytes(lines.join("\n").as_bytes()).await
    }

    pub async fn post_bytes(&self, bytes: &[u8]) -> Ended {
        let file = self.file("facts.ndjson");
        std::fs::write(&file, bytes).unwrap();
        self.karez(&["post", &file.display().to_string()]).await
    }

    /// Asserts that the log is what was recorded, and that its portfolio is the fold of it.
    pub async fn verify(&self) {
        let verified = self.karez(&["audit", "verify"]).await;
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

/// A fact as programs send it.
pub fn fact(key: &str, stream: &str, event_type: &str, data: &Value) -> Value {
    json!({
        "stream": stream, "type": event_type, "occurred_on": "2024-01-02", "data": data,
        "metadata": {"idempotency_key": key},
    })
}

fn first_facts() -> Vec<Value> {
    let fund = fact(
        "fund",
        "fund/F1",
        "fund_established",
        &json!({"name": "科技创新专项资金"}),
    );
    let approval = |project: &&str| {
        let data = json!({"title": "盐碱地改良", "unit": "U1", "fund": "F1", "amount": "100000.00"});
        fact(
            "approval",
            &format!("project/{project}"),
            "project_approved",
            &data,
        )
    };
    std::iter::once(fund)
        .chain(PROJECTS.iter().map(approval))
        .collect()
}

/// Every recorded event, as the API shows the log: checks that positions have no gap.
pub async fn log_of(server: &Server) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let asked = format!("{}/v1/events?limit=1000&after={}", server.url(), events.len());
        let answer = karez_tests::http::get(asked).await.unwrap();
        let page: Value = answer.json().await.unwrap();
        let items = page["items"]
            .as_array()
            .unwrap_or_else(|| panic!("no events: {page}"));
        events.extend(items.iter().cloned());
        if page["next_cursor"].is_null() {
            break;
        }
    }
    for (event, position) in events.iter().zip(1_u64..) {
        assert_eq!(event["position"], json!(position), "positions have no gap");
    }
    events
}

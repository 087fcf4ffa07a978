//! A store with two projects, and a server over it.

use std::fmt::Write;

use karez_tests::nats::NatsServer;
use karez_tests::postgres::Postgres;
use karez_tests::program::{Ended, run};
use karez_tests::server::Server;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// A project whose number needs escaping in an address.
pub(crate) const ODD: &str = "吐科/2024 07?";
/// The same as a segment of a path.
pub(crate) const ODD_ESCAPED: &str = "%E5%90%90%E7%A7%91%2F2024%2007%3F";

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) store: [String; 2],
    pub(crate) client: reqwest::Client,
    pub(crate) folder: tempfile::TempDir,
    _nats: Option<NatsServer>,
}

/// Where the log is kept, and by what way submissions reach it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    Sqlite,
    Postgres,
    SqliteAndNats,
}

/// The facts of the world as NDJSON: a fund, and projects P1, P2 and [`ODD`] with a budget and money each.
pub(crate) fn facts() -> String {
    let mut lines = String::new();
    let mut fact = |key: &str, stream: &str, what: &str, on: &str, data: &str| {
        let metadata = format!(r#"{{"idempotency_key":"{key}"}}"#);
        writeln!(
            lines,
            r#"{{"stream":"{stream}","type":"{what}","occurred_on":"{on}","data":{data},"metadata":{metadata}}}"#
        )
        .unwrap();
    };
    fact(
        "f",
        "fund/KJ",
        "fund_established",
        "2024-01-01",
        r#"{"name":"科技专项"}"#,
    );
    for (index, id) in ["P1", "P2", ODD].into_iter().enumerate() {
        let stream = format!("project/{id}");
        let approved =
            format!(r#"{{"title":"项目{index}","unit":"U{index}","unit_name":"单位{index}","fund":"KJ"}}"#);
        fact("1", &stream, "project_approved", "2024-02-01", &approved);
        let budget = r#"{"fiscal_year":2024,"lines":[{"category":"labour","amount":"100000.00"}]}"#;
        fact("2", &stream, "budget_approved", "2024-02-02", budget);
        fact("3", &stream, "project_started", "2024-03-01", "{}");
        fact(
            "4",
            &stream,
            "funds_disbursed",
            "2024-03-02",
            r#"{"amount":"60000.00"}"#,
        );
        fact(
            "5",
            &stream,
            "funds_arrived",
            "2024-03-03",
            r#"{"amount":"60000.00"}"#,
        );
    }
    lines
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(On::Sqlite).await
    }

    pub(crate) async fn on(on: On) -> Self {
        // Nobody but the test writes: what the log has is what was sent.
        Self::configured(on, "[sentinel]\ndaily_at = \"\"\n").await
    }

    /// A world that the sentinel watches.
    pub(crate) async fn watched() -> Self {
        Self::configured(On::Sqlite, "").await
    }

    /// A world that asks callers who they are.
    pub(crate) async fn guarded(on: On) -> Self {
        let settings = "[sentinel]\ndaily_at = \"\"\n[gateway]\nauthentication = \"required\"\n";
        Self::configured(on, settings).await
    }

    pub(crate) async fn configured(on: On, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let embedded = || ["--data".to_owned(), folder.path().to_str().unwrap().to_owned()];
        let store = match on {
            On::Sqlite | On::SqliteAndNats => embedded(),
            On::Postgres => {
                let postgres = Postgres::shared().await.unwrap();
                ["--database".to_owned(), postgres.database().await.unwrap()]
            }
        };
        let posted = run(&["post", "-", &store[0], &store[1]], &facts()).unwrap();
        assert_eq!(posted.code, 0, "{posted:?}");
        let nats = match on {
            On::Sqlite | On::Postgres => None,
            On::SqliteAndNats => Some(NatsServer::start().await.unwrap()),
        };
        let bus = nats.iter().flat_map(|nats| ["--nats".to_owned(), nats.url()]);
        let config = folder.path().join("settings.toml");
        std::fs::write(&config, settings).unwrap();
        let config = ["--config".to_owned(), config.to_str().unwrap().to_owned()];
        let arguments = store.clone().into_iter().chain(bus).chain(config);
        let server = Server::start(arguments).await.unwrap();
        Self {
            server,
            store,
            client: karez_tests::http::client(),
            folder,
            _nats: nats,
        }
    }

    /// The same world under a new server, as after a restart.
    pub(crate) async fn restarted(mut self) -> Self {
        self.server.stop().await.unwrap();
        self.server.restart().await.unwrap();
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Ended {
        let [option, place] = &self.store;
        run(&[arguments, &[option, place]].concat(), "").unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.client.get(self.server.at(path))).await
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.server.at(path)).json(body)
    }

    pub(crate) fn spend(&self, project: &str, key: &str, body: &str) -> RequestBuilder {
        let path = format!("/v1/projects/{project}/expenditures");
        self.client
            .post(self.server.at(&path))
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/json")
            .body(body.to_owned())
    }
}

pub(crate) async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), body(response).await)
}

pub(crate) async fn body(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

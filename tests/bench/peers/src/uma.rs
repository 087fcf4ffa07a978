//! UmaDB: its server as a process of its own, with a file, over its own protocol.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_dcb::{DcbAppendCondition, DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem};

use crate::measure::{Ends, Store};
use crate::rows::{Fact, Row, Totals};

const TRIES_TO_CONNECT: usize = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The server, as its own command line starts it.
pub fn serve(arguments: &[String]) -> Result<()> {
    let told = |error: Box<dyn std::error::Error>| anyhow!("{error}");
    let options = umadb::parse_cli_options(arguments.iter().cloned()).map_err(told)?;
    umadb::start_server_with_cli_options(options).map_err(told)
}

#[derive(Serialize, Deserialize)]
struct Stored {
    project: String,
    #[serde(flatten)]
    fact: Fact,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

pub struct Uma {
    client: AsyncUmaDbClient,
    _server: Server,
}

impl Uma {
    pub async fn open(folder: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let server = Command::new(std::env::current_exe()?)
            .args(["umadb-serve", "--listen", &address, "--db-path", folder])
            .stdout(Stdio::null())
            .spawn();
        let server = Server(server.context("starting UmaDB")?);
        let url = format!("http://{address}");
        for _ in 0..TRIES_TO_CONNECT {
            if let Ok(client) = UmaDbClient::new(url.clone()).connect_async().await {
                return Ok(Self {
                    client,
                    _server: server,
                });
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Err(anyhow!("UmaDB does not answer at {url}"))
    }
}

fn event(row: &Row) -> Result<DcbEvent> {
    let stored = Stored {
        project: row.project().to_owned(),
        fact: row.fact.clone(),
    };
    Ok(DcbEvent::default()
        .event_type(row.fact.r#type.as_str())
        .tags([row.project()])
        .data(serde_json::to_vec(&stored)?)
        .uuid(row.id))
}

impl Store for Uma {
    async fn append(&self, row: &Row, end: Option<i64>) -> Result<i64> {
        let stream = DcbQuery::new().item(DcbQueryItem::new().tags([row.project()]));
        let end = end.map(u64::try_from).transpose()?;
        let condition = DcbAppendCondition::new(stream).after(end);
        let position = self
            .client
            .append(vec![event(row)?], Some(condition), None)
            .await?;
        Ok(i64::try_from(position)?)
    }

    async fn append_batch(&self, rows: &[Row], ends: &mut Ends) -> Result<()> {
        let events = rows.iter().map(event).collect::<Result<Vec<_>>>()?;
        let last = i64::try_from(self.client.append(events, None, None).await?)?;
        for (row, position) in rows.iter().rev().zip((0..=last).rev()) {
            ends.entry(row.project().to_owned())
                .and_modify(|end| *end = position.max(*end))
                .or_insert(position);
        }
        Ok(())
    }

    async fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        let mut events = self.client.read(None, None, false, None).await?;
        while let Some(event) = events.next().await {
            let stored: Stored = serde_json::from_slice(&event?.event.data)?;
            totals.add(&stored.project, &stored.fact.data)?;
        }
        Ok(totals)
    }
}

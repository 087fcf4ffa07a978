//! Who uses karez while faults strike: clients who post, a reader who follows, a program over NATS whose messages come twice
//! and out of order, and a client whose facts are none.

use std::time::Duration;

use async_nats::Client;
use karez_events::Submission;
use karez_tests::nats::NatsServer;
use karez_tests::server::Server;
use karez_tests::wait::eventually;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::reader::Reader;
use crate::place::fact;
use crate::traffic::{SOON, Sender, Traffic};

/// Everybody at once.
pub struct Users {
    pub traffic: Traffic,
    pub reader: Reader,
    pub refused: Refused,
    /// Where there is NATS.
    pub program: Option<Program>,
}

impl Users {
    pub fn start(servers: &[Server], nats: &[NatsServer]) -> Self {
        let servers: Vec<&Server> = servers.iter().collect();
        Self {
            traffic: Traffic::start(Sender::to(&servers)),
            reader: Reader::start(&servers),
            refused: Refused::start(&servers),
            program: nats.first().map(|server| Program::start(server.url())),
        }
    }
}

/// Messages that are published together, each twice, the last first.
const TOGETHER: usize = 4;
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// A program that publishes to the intake without message ids, so that NATS lets everything through.
pub struct Program {
    publishing: JoinHandle<Vec<Uuid>>,
    stop: CancellationToken,
}

impl Program {
    pub fn start(url: String) -> Self {
        let stop = CancellationToken::new();
        Self {
            publishing: tokio::spawn(publish(url, stop.clone())),
            stop,
        }
    }

    /// Ends it, and gives the event of each fact that NATS said it has.
    pub async fn end(self) -> Vec<Uuid> {
        self.stop.cancel();
        self.publishing.await.unwrap()
    }
}

async fn publish(url: String, stop: CancellationToken) -> Vec<Uuid> {
    let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
    let client: Client = options.connect(url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let mut sent = Vec::new();
    for round in 0.. {
        if stop.is_cancelled() {
            break;
        }
        let facts: Vec<String> = (0..TOGETHER)
            .map(|number| {
                let voucher = format!("erp-{round}-{number}");
                let data = json!({"amount": "1.00", "voucher_no": voucher});
                fact(&voucher, "project/P1", "expenditure_recorded", &data).to_string()
            })
            .collect();
        for text in facts.iter().rev().chain(&facts) {
            let kept = || async {
                let said = jetstream.publish("karez.intake.U1.P1", text.clone().into()).await;
                said.ok()?.await.ok()
            };
            eventually("NATS keeps a message", SOON, kept).await.unwrap();
        }
        sent.extend(
            facts
                .iter()
                .map(|text| Submission::from_json(text.as_bytes()).unwrap().event_id),
        );
        tokio::time::sleep(PAUSE).await;
    }
    sent
}

/// A client whose facts are none, each sent twice.
pub struct Refused {
    sending: JoinHandle<Vec<String>>,
    stop: CancellationToken,
}

impl Refused {
    pub fn start(servers: &[&Server]) -> Self {
        let stop = CancellationToken::new();
        let urls = servers
            .iter()
            .map(|server| server.at("/v1/projects/P1/expenditures"));
        Self {
            sending: tokio::spawn(send(urls.collect(), stop.clone())),
            stop,
        }
    }

    /// Ends it, and gives the id under which each refusal was said to be kept.
    pub async fn end(self) -> Vec<String> {
        self.stop.cancel();
        self.sending.await.unwrap()
    }
}

async fn send(urls: Vec<String>, stop: CancellationToken) -> Vec<String> {
    let client = reqwest::Client::builder()
        .timeout(LONGEST_ANSWER)
        .build()
        .unwrap();
    let mut kept = Vec::new();
    for (round, url) in urls.iter().cycle().enumerate() {
        if stop.is_cancelled() {
            break;
        }
        let number = round / 2;
        // A number is no exact amount, which the gateway sees; that there are no half cents the recorder does.
        let amount = if number.is_multiple_of(2) {
            json!(number)
        } else {
            json!("1.005")
        };
        let sent = client
            .post(url)
            .header("Idempotency-Key", format!("bad-{number}"))
            .json(&json!({"occurred_on": "2024-03-01", "amount": amount}));
        if let Ok(answer) = sent.send().await
            && let Ok(problem) = answer.json::<serde_json::Value>().await
            && let Some(id) = problem["rejection_id"].as_str()
        {
            kept.push(id.to_owned());
        }
        tokio::time::sleep(PAUSE).await;
    }
    kept
}

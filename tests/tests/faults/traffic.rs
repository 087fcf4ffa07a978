//! Clients that post without pause, each post under its own key, and again until it is acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use karez_tests::server::Server;
use karez_tests::wait::eventually;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::place::{FIRST_FACTS, PROJECTS, log_of};

/// Long enough for a busy machine; nothing waits for it to pass.
pub const SOON: Duration = Duration::from_mins(1);
const CLIENTS: usize = 8;
/// Every so many posts one is sent again at once, as a client does that lost the answer.
const SENT_AGAIN: usize = 5;

/// An acknowledged post.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    project: &'static str,
    key: String,
    receipt: Value,
}

/// What an answer says.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    pub media_type: String,
    pub body: Value,
}

/// Posts one expenditure; `None` where nobody answers.
pub async fn post(client: &Client, url: &str, project: &str, key: &str) -> Option<Answer> {
    let sent = client
        .post(format!("{url}/v1/projects/{project}/expenditures"))
        .header("Idempotency-Key", key)
        .json(&json!({"occurred_on": "2024-03-01", "amount": "1.00", "voucher_no": key}));
    let answer = sent.send().await.ok()?;
    let header = |name| {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Some(Answer {
        status: answer.status(),
        retry_after: header("retry-after"),
        media_type: header("content-type").unwrap_or_default(),
        body: answer.json().await.ok()?,
    })
}

/// Who posts, and where: each try goes to the next of the addresses.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
    urls: Arc<[String]>,
    tries: Arc<AtomicU64>,
    pub refusals: Arc<AtomicU64>,
}

impl Sender {
    pub fn to(servers: &[&Server]) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let urls = servers.iter().map(|server| server.url()).collect();
        Self {
            client,
            urls,
            tries: Arc::default(),
            refusals: Arc::default(),
        }
    }

    /// Posts until there is a receipt.
    async fn insist(&self, project: &'static str, key: &str) -> Value {
        let receipt = eventually("a receipt", SOON, || self.attempt(project, key)).await;
        receipt.unwrap_or_else(|error| panic!("{project} {key}: {error:#}"))
    }

    /// Posts until there is a receipt, as a client that was turned away before.
    pub async fn acknowledged(&self, project: &'static str, key: &str) -> Acknowledged {
        Acknowledged {
            project,
            key: key.to_owned(),
            receipt: self.insist(project, key).await,
        }
    }

    async fn attempt(&self, project: &'static str, key: &str) -> Option<Value> {
        let turn = usize::try_from(self.tries.fetch_add(1, Ordering::Relaxed)).unwrap() % self.urls.len();
        let answer = post(&self.client, &self.urls[turn], project, key).await?;
        if answer.status.is_success() {
            return Some(answer.body);
        }
        self.refusals.fetch_add(1, Ordering::Relaxed);
        assert!(
            answer.status.is_server_error(),
            "a sound fact is never refused: {answer:?}"
        );
        assert_eq!(answer.media_type, "application/problem+json", "{answer:?}");
        None
    }
}

/// Clients at work.
pub struct Traffic {
    clients: JoinSet<Vec<Acknowledged>>,
    count: Arc<AtomicU64>,
    stop: CancellationToken,
    sender: Sender,
}

impl Traffic {
    pub fn start(sender: Sender) -> Self {
        let mut traffic = Self {
            clients: JoinSet::new(),
            count: Arc::default(),
            stop: CancellationToken::new(),
            sender,
        };
        for client in 0..CLIENTS {
            let posting = work(
                client,
                traffic.sender.clone(),
                Arc::clone(&traffic.count),
                traffic.stop.clone(),
            );
            traffic.clients.spawn(posting);
        }
        traffic
    }

    /// Waits until so many more posts are acknowledged.
    pub async fn goes_on(&self, more: u64) {
        let wanted = self.count.load(Ordering::Relaxed) + more;
        let reached = || async { (self.count.load(Ordering::Relaxed) >= wanted).then_some(()) };
        eventually("posts are acknowledged", SOON, reached).await.unwrap();
    }

    /// Ends the clients, each after its last receipt, and gives every acknowledged post.
    pub async fn end(mut self) -> Vec<Acknowledged> {
        self.stop.cancel();
        let mut all = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            all.extend(client.unwrap());
        }
        println!(
            "{} posts acknowledged, {} tries turned away",
            all.len(),
            self.sender.refusals.load(Ordering::Relaxed)
        );
        all
    }
}

async fn work(
    client: usize,
    sender: Sender,
    count: Arc<AtomicU64>,
    stop: CancellationToken,
) -> Vec<Acknowledged> {
    let project = PROJECTS[client % PROJECTS.len()];
    let mut acknowledged = Vec::new();
    while !stop.is_cancelled() {
        let key = format!("client-{client}-{}", acknowledged.len());
        let receipt = sender.insist(project, &key).await;
        if acknowledged.len() % SENT_AGAIN == 0 {
            same_receipt(&receipt, &sender.insist(project, &key).await);
        }
        acknowledged.push(Acknowledged {
            project,
            key,
            receipt,
        });
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

fn same_receipt(first: &Value, again: &Value) {
    for field in ["event_id", "position", "stream", "version", "recorded_at", "hash"] {
        assert_eq!(
            first[field], again[field],
            "a retry gets the first receipt: {first} {again}"
        );
    }
    assert_eq!(again["replayed"], json!(true), "{again}");
}

/// Asserts that the log holds the first facts and every acknowledged post once, where its receipt says, and nothing else of
/// those who send; and that each post sent again gets its first receipt.
pub async fn is_recorded_once(server: &Server, acknowledged: &[Acknowledged]) {
    let events = holds_each_once(server, acknowledged, &Sender::to(&[server])).await;
    // The sentinel speaks beside those who post: overspending is recorded, and warned about.
    let is_sent = |event: &&Value| event["metadata"]["source_system"] != json!("sentinel");
    assert_eq!(
        events.iter().filter(is_sent).count(),
        FIRST_FACTS + acknowledged.len(),
        "there is more in the log than was sent"
    );
    let kept = karez_tests::http::get(format!("{}/v1/rejections", server.url()))
        .await
        .unwrap();
    let kept: Value = kept.json().await.unwrap();
    assert_eq!(kept["items"], json!([]), "a sound fact was kept as a rejection");
}

/// Asserts that a node shows every acknowledged post once, where its receipt says, and that each post sent again gets its
/// first receipt. Gives the log.
pub async fn holds_each_once(server: &Server, acknowledged: &[Acknowledged], sender: &Sender) -> Vec<Value> {
    let events = log_of(server).await;
    let ids: HashMap<&str, &Value> = events
        .iter()
        .filter_map(|event| Some((event["event_id"].as_str()?, event)))
        .collect();
    assert_eq!(ids.len(), events.len(), "an event is recorded twice");
    for one in acknowledged {
        let event = ids.get(one.receipt["event_id"].as_str().unwrap());
        let event = event.unwrap_or_else(|| panic!("acknowledged, and not in the log: {one:?}"));
        assert_eq!(event["data"]["voucher_no"], json!(one.key));
        for field in ["position", "stream", "version", "hash"] {
            assert_eq!(event[field], one.receipt[field], "{event} {one:?}");
        }
    }
    let mut again = JoinSet::new();
    for some in acknowledged.chunks(acknowledged.len().div_ceil(CLIENTS).max(1)) {
        let (sender, some) = (sender.clone(), some.to_vec());
        again.spawn(async move {
            for one in some {
                same_receipt(&one.receipt, &sender.insist(one.project, &one.key).await);
            }
        });
    }
    while let Some(client) = again.join_next().await {
        client.unwrap();
    }
    let is_same = |event: &Value| ids.contains_key(event["event_id"].as_str().unwrap());
    let is_sent = |event: &&Value| event["metadata"]["source_system"] != json!("sentinel");
    let after = log_of(server).await;
    assert!(
        after.iter().filter(is_sent).all(is_same),
        "what was sent again was recorded again"
    );
    events
}

//! A reader who follows the log from its beginning through whichever node answers, and keeps what it saw.

use std::time::Duration;

use karez_tests::server::Server;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between two questions to nodes that have nothing new.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// The reader at work.
pub struct Reader {
    reading: JoinHandle<Vec<Value>>,
    stop: CancellationToken,
}

impl Reader {
    pub fn start(servers: &[&Server]) -> Self {
        let stop = CancellationToken::new();
        let urls = servers.iter().map(|server| server.url()).collect();
        Self {
            reading: tokio::spawn(read(urls, stop.clone())),
            stop,
        }
    }

    /// Ends it, and gives every event that it saw, in order.
    pub async fn end(self) -> Vec<Value> {
        self.stop.cancel();
        self.reading.await.unwrap()
    }
}

async fn read(urls: Vec<String>, stop: CancellationToken) -> Vec<Value> {
    let client = Client::builder().timeout(LONGEST_ANSWER).build().unwrap();
    let mut seen: Vec<Value> = Vec::new();
    // How far each node has said that the log goes: it must not say less afterwards, not even after a crash.
    let mut said: Vec<u64> = vec![0; urls.len()];
    while !stop.is_cancelled() {
        for (url, said) in urls.iter().zip(&mut said) {
            let asked = format!("{url}/v1/events?limit=1000&after={}", seen.len());
            let Some(page) = answer(&client, &asked).await else {
                continue;
            };
            let position = page["position"].as_u64().unwrap();
            assert!(
                position >= *said,
                "a reader saw the log go back from {said} to {position}"
            );
            *said = position;
            for event in page["items"].as_array().unwrap() {
                assert_eq!(
                    event["position"],
                    json!(seen.len() + 1),
                    "a reader missed a position"
                );
                seen.push(event.clone());
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    seen
}

async fn answer(client: &Client, asked: &str) -> Option<Value> {
    let answer = client.get(asked).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    answer.json().await.ok()
}

//! Fifty units' programs post ten thousand times, some of it twice and some of it wrong, while the server ends and starts
//! again twice under them: each good fact is in the log once, each bad one is kept with its reason, and every client knows
//! which is which.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use karez_tests::wait::eventually;
use reqwest::{Client, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{On, World};

const CLIENTS: u64 = 50;
const POSTS: u64 = 10_000;
/// One post in so many is the one before it, sent again.
const REPEATED: u64 = 10;
/// One post in so many cannot be a fact.
const BAD: u64 = 20;
/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);

/// What a client was told in the end, by the key of what it sent.
#[derive(Debug, Default)]
struct Told {
    receipts: HashMap<String, Value>,
    refusals: HashMap<String, String>,
    repeated: usize,
}

/// What the clients share.
struct Crowd {
    client: Client,
    address: String,
    answered: AtomicU64,
}

impl Crowd {
    /// Sends the same until somebody answers it, as a client must.
    async fn insist(&self, key: &str, amount: &str) -> (StatusCode, Value) {
        let body = json!({"occurred_on": "2024-03-05", "amount": amount, "voucher_no": key});
        let attempt = || async {
            let request = self.client.post(&self.address).header("Idempotency-Key", key);
            let answer = request.json(&body).send().await.ok()?;
            let status = answer.status();
            let answer = (status, answer.json().await.ok()?);
            (!status.is_server_error()).then_some(answer)
        };
        let answer = eventually("an answer", SOON, attempt).await.unwrap();
        self.answered.fetch_add(1, Ordering::Relaxed);
        answer
    }

    async fn reached(&self, answers: u64) {
        let reached = || async { (self.answered.load(Ordering::Relaxed) >= answers).then_some(()) };
        eventually("posts are answered", SOON, reached).await.unwrap();
    }
}

async fn work(crowd: Arc<Crowd>, client: u64) -> Told {
    let mut told = Told::default();
    let mut before: Option<String> = None;
    for turn in 0..POSTS / CLIENTS {
        if turn % REPEATED == REPEATED - 1
            && let Some(key) = &before
        {
            let (status, again) = crowd.insist(key, "1.00").await;
            assert_eq!(status, StatusCode::OK, "{again}");
            let first = &told.receipts[key];
            for field in ["event_id", "position", "hash", "recorded_at"] {
                assert_eq!(first[field], again[field], "{first} {again}");
            }
            told.repeated += 1;
            continue;
        }
        let key = format!("{client}-{turn}");
        if turn % BAD == 0 {
            let (status, problem) = crowd.insist(&key, "1.005").await;
            assert_eq!(
                (status.as_u16(), &problem["code"]),
                (422, &json!("wrong_precision")),
                "{problem}"
            );
            let kept = problem["rejection_id"].as_str().unwrap();
            told.refusals.insert(key, kept.to_owned());
            continue;
        }
        let (status, receipt) = crowd.insist(&key, "1.00").await;
        // 200 where the first try was recorded and its answer lost.
        assert!(status.is_success(), "{receipt}");
        told.receipts.insert(key.clone(), receipt);
        before = Some(key);
    }
    told
}

/// Every item of a list.
async fn all(world: &World, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let (_, page) = world.get(&format!("{path}?limit=1000{cursor}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_of_ten_thousand_posts_ends_as_its_sender_was_told(
    #[values(On::Sqlite, On::Postgres, On::SqliteAndNats)] on: On,
) {
    let mut world = World::on(on).await;
    let crowd = Arc::new(Crowd {
        client: Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap(),
        address: world.server.at("/v1/projects/P1/expenditures"),
        answered: AtomicU64::new(0),
    });
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(work(Arc::clone(&crowd), client));
    }
    crowd.reached(POSTS / 4).await;
    world.server.kill().await.unwrap();
    world.server.restart().await.unwrap();
    crowd.reached(POSTS / 2).await;
    assert_eq!(world.server.stop().await.unwrap(), Some(0));
    world.server.restart().await.unwrap();
    let told = clients.join_all().await;

    let recorded: Vec<Value> = all(&world, "/v1/events")
        .await
        .into_iter()
        .filter(|event| event["data"]["voucher_no"].is_string())
        .collect();
    let keys: HashSet<&str> = recorded
        .iter()
        .map(|event| event["data"]["voucher_no"].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), recorded.len(), "a fact is in the log twice");
    let receipts: HashMap<&String, &Value> = told.iter().flat_map(|told| &told.receipts).collect();
    assert_eq!(recorded.len(), receipts.len());
    for event in &recorded {
        let receipt = receipts[&event["data"]["voucher_no"].as_str().unwrap().to_owned()];
        for field in ["event_id", "position", "hash"] {
            assert_eq!(event[field], receipt[field], "{event} {receipt}");
        }
    }

    let kept = all(&world, "/v1/rejections").await;
    let kept: HashMap<&str, &str> = kept
        .iter()
        .map(|kept| {
            let id = kept["rejection_id"].as_str().unwrap();
            (id, kept["content"]["data"]["voucher_no"].as_str().unwrap())
        })
        .collect();
    let refusals: HashMap<&str, &str> = told
        .iter()
        .flat_map(|told| &told.refusals)
        .map(|(key, id)| (id.as_str(), key.as_str()))
        .collect();
    assert_eq!(kept, refusals);

    let repeated: usize = told.iter().map(|told| told.repeated).sum();
    let (good, bad) = (recorded.len(), kept.len());
    assert_eq!((repeated, bad), (1_000, 500));
    assert_eq!(u64::try_from(good + repeated + bad).unwrap(), POSTS);
    let verified = world.command(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

//! NATS under the accounts of `deploy/nats/`: a unit reaches its own door and hears its own receipts, karez does its
//! work, and nobody gets any further.

use std::collections::{BTreeMap, HashSet};

use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::{Client, HeaderMap, Subscriber};
use futures::StreamExt;
use karez::receipt::Outcome;
use karez_tests::nats::office::{KAREZ, NatsOffice, UNIT_A, UNIT_B};
use karez_tests::program::{Ended, run};
use karez_tests::server::Server;
use karez_tests::wait::eventually;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::facts::{expenditure_wire, wire};
use crate::world::{SOON, recorded};

/// What the servers of an office are: one, or three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Servers {
    One,
    Three,
}

/// How often a fact is sent before its sender gives up.
const TRIES: u32 = 10;

/// An office's NATS, and karez with its own key behind it.
struct Place {
    nats: NatsOffice,
    karez: Server,
    data: TempDir,
}

impl Place {
    /// Project PA belongs to the first unit, PB to the second.
    async fn new(servers: Servers) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut nats = NatsOffice::set_up().unwrap();
        let replicas = match servers {
            Servers::One => {
                nats.start_one().await.unwrap();
                1
            }
            Servers::Three => {
                nats.start_three().await.unwrap();
                3
            }
        };
        let approved = |id: u128, project: &str, unit: &str| {
            let data = json!({"title": "项目", "unit": unit});
            wire(id, &format!("project/{project}"), "project_approved", &data).to_string()
        };
        let facts = [approved(1, "PA", "91650400A"), approved(2, "PB", "91650400B")].join("\n");
        let settings = data.path().join("karez.toml");
        let text = format!(
            "[bus]\nnats_url = {:?}\nnats_nkey_seed = \"{}\"\nnats_root_certificate = \"{}\"\nnats_replicas = {replicas}\n\
             [sentinel]\ndaily_at = \"\"\n[log]\nlevel = \"trace\"\n",
            nats.urls().join(","),
            nats.seed_file(KAREZ).display(),
            nats.authority().display(),
        );
        let store = ["--data", data.path().to_str().unwrap()];
        let posted = run(&[&["post", "-"], store.as_slice()].concat(), &facts).unwrap();
        assert_eq!(posted.code, 0, "{posted:?}");
        std::fs::write(&settings, text).unwrap();
        let karez = Server::start(arguments(&data)).await.unwrap();
        let place = Self { nats, karez, data };
        // What is published before there is an intake goes nowhere.
        place.kept("KAREZ_INTAKE").await;
        place
    }

    /// The messages of a stream by their subjects, as karez sees them.
    async fn kept(&self, stream: &str) -> BTreeMap<String, usize> {
        let karez = self.nats.connect(KAREZ).await.unwrap();
        let jetstream = async_nats::jetstream::new(karez);
        let stream = eventually("the stream is there", SOON, || async {
            jetstream.get_stream(stream).await.ok()
        });
        let mut subjects = stream.await.unwrap().info_with_subjects(">").await.unwrap();
        let mut kept = BTreeMap::new();
        while let Some(subject) = subjects.next().await {
            let (subject, messages) = subject.unwrap();
            kept.insert(subject, messages);
        }
        kept
    }

    /// So many messages that the intake holds under a subject.
    async fn taken_in(&self, subject: &str, count: usize) -> Vec<Value> {
        let karez = self.nats.connect(KAREZ).await.unwrap();
        let jetstream = async_nats::jetstream::new(karez);
        let stream = jetstream.get_stream("KAREZ_INTAKE").await.unwrap();
        let config = OrderedConfig {
            filter_subject: subject.to_owned(),
            ..OrderedConfig::default()
        };
        let consumer = stream.create_consumer(config).await.unwrap();
        let messages = consumer.messages().await.unwrap().take(count);
        messages
            .map(|message| serde_json::from_slice(&message.unwrap().payload).unwrap())
            .collect()
            .await
    }

    async fn events(&self) -> usize {
        let answer = karez_tests::http::get(self.karez.at("/v1/events")).await.unwrap();
        let page: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        page["items"].as_array().unwrap().len()
    }
}

/// Where the store and the settings are.
fn arguments(data: &TempDir) -> [String; 4] {
    let folder = data.path().to_str().unwrap();
    [
        "--data".to_owned(),
        folder.to_owned(),
        "--config".to_owned(),
        format!("{folder}/karez.toml"),
    ]
}

/// A command of karez with the same store and settings.
fn run_with(command: &[&str], data: &TempDir, input: &str) -> Ended {
    let arguments = arguments(data);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&[command, &arguments].concat(), input).unwrap()
}

/// A program of a unit.
struct Program {
    client: Client,
    unit: &'static str,
    receipts: Subscriber,
    /// The facts that it has sent.
    sent: HashSet<Uuid>,
}

/// The fact that an outcome is about.
fn about(outcome: &Outcome) -> Uuid {
    match outcome {
        Outcome::Recorded(receipt) => receipt.event_id,
        Outcome::Refused(refusal) => refusal.event_id.unwrap(),
    }
}

impl Program {
    async fn of(place: &Place, key: &str, unit: &'static str) -> Self {
        let client = place.nats.connect(key).await.unwrap();
        let receipts = client.subscribe(format!("karez.reply.{unit}.>")).await.unwrap();
        Self {
            client,
            unit,
            receipts,
            sent: HashSet::new(),
        }
    }

    /// Sends a fact about a project by the unit's own door until it hears what became of it. A connection that breaks
    /// takes along what was under way, and what was sent twice is answered twice.
    async fn post(&mut self, project: &str, fact: &Value) -> Outcome {
        let unit = self.unit;
        let door = format!("karez.intake.{unit}.{project}");
        let to = format!("karez.reply.{unit}.{project}");
        self.sent
            .insert(fact["event_id"].as_str().unwrap().parse().unwrap());
        for _ in 0..TRIES {
            self.send(&door, None, &to, &fact.to_string()).await;
            while let Ok(heard) = timeout(SOON / TRIES, self.receipts.next()).await {
                let heard = heard.unwrap();
                // The unit hears receipts of its own and nothing else.
                assert_eq!(heard.subject.as_str(), to, "{heard:?}");
                let outcome: Outcome = serde_json::from_slice(&heard.payload).unwrap();
                let about = about(&outcome);
                assert!(self.sent.contains(&about), "{heard:?}");
                if json!(about) == fact["event_id"] {
                    return outcome;
                }
            }
        }
        panic!("no receipt")
    }

    async fn send(&self, subject: &str, reply: Option<&str>, karez_reply: &str, fact: &str) {
        let mut headers = HeaderMap::new();
        headers.insert("Karez-Reply", karez_reply);
        let (client, subject, fact) = (&self.client, subject.to_owned(), fact.to_owned());
        match reply {
            None => client.publish_with_headers(subject, headers, fact.into()).await,
            Some(reply) => {
                client
                    .publish_with_reply_and_headers(subject, reply.to_owned(), headers, fact.into())
                    .await
            }
        }
        .unwrap();
        // It fails with the connection, and what was not heard of is sent again.
        drop(client.flush().await);
    }
}

#[test]
fn nats_finds_no_fault_with_what_is_shipped_once_the_keys_are_there() {
    let office = NatsOffice::set_up().unwrap();
    office.check("server.conf").unwrap();
    office.check("cluster.conf").unwrap();
}

#[rstest]
#[tokio::test]
async fn a_unit_posts_and_hears_its_receipt_and_no_seed_is_told(
    #[values(Servers::One, Servers::Three)] servers: Servers,
) {
    let mut place = Place::new(servers).await;
    let mut unit = Program::of(&place, UNIT_A, "91650400A").await;
    let fact = expenditure_wire(10, "PA", "300.00");
    let receipt = recorded(unit.post("PA", &fact).await);
    assert_eq!((receipt.position, receipt.replayed), (3, false));
    let again = recorded(unit.post("PA", &fact).await);
    assert_eq!((again.position, again.replayed), (3, true));
    // What others publish is followed, what is recorded is published.
    eventually("the feed has it", SOON, || async {
        (place.kept("KAREZ_FEED").await.get("karez.feed.project.PA") == Some(&2)).then_some(())
    })
    .await
    .unwrap();
    if servers == Servers::Three {
        place.nats.kill_one();
        let fact = expenditure_wire(11, "PA", "1.00");
        assert_eq!(recorded(unit.post("PA", &fact).await).position, 4);
    }
    // Restarted, it goes on under the same key, and a sweep reads the intake under it.
    // The servers that are left first agree who leads, and until then the sweep says that it was not answered in time.
    eventually("a sweep reads the intake", SOON, || async {
        (run_with(&["audit", "intake"], &place.data, "").code == 0).then_some(())
    })
    .await
    .unwrap();
    place.karez.stop().await.unwrap();
    place.karez.restart().await.unwrap();
    let fact = expenditure_wire(12, "PA", "2.00");
    recorded(unit.post("PA", &fact).await);
    let seed = std::fs::read_to_string(place.nats.seed_file(KAREZ)).unwrap();
    let said = place.karez.all_messages();
    assert!(said.contains("NATS: connected"), "{said}");
    assert!(!said.contains(seed.trim()), "{said}");
}

/// Everything that a unit can try with its key.
async fn attack(hostile: &Program, id_of_another: &str) {
    // Speaking as another, as the office, as the recorder, as JetStream: nobody hears it.
    let forged = expenditure_wire(20, "PA", "9000.00").to_string();
    for subject in [
        "karez.intake.91650400A.PA",
        "karez.intake._.PA",
        "karez.feed.project.PA",
        "karez.reply.91650400A.PA",
        "$JS.API.STREAM.PURGE.KAREZ_INTAKE",
        "$JS.API.STREAM.DELETE.KAREZ_FEED",
        "$JS.API.CONSUMER.DELETE.KAREZ_INTAKE.karez-recorder",
        "$JS.ACK.KAREZ_INTAKE.karez-recorder.1.1.1.1.1",
        "$SYS.REQ.SERVER.PING",
        "_INBOX.forged",
    ] {
        hostile
            .send(subject, None, "karez.reply.91650400B.x", &forged)
            .await;
        hostile.send(subject, None, "karez.reply.91650400B.x", "").await;
    }
    // Having JetStream's acknowledgement or the recorder's answer speak where it may not itself.
    let mine = expenditure_wire(21, "PB", "1.00").to_string();
    let detours = [
        "karez.intake._.PA",
        "karez.intake.91650400A.PA",
        "karez.feed.project.PA",
        "karez.reply.91650400A.PA",
        "$JS.API.STREAM.PURGE.KAREZ_INTAKE",
        "$JS.API.STREAM.DELETE.KAREZ_FEED",
    ];
    for detour in detours {
        hostile
            .send("karez.intake.91650400B.PB", Some(detour), detour, &mine)
            .await;
    }
    // A message of its own that empties the stream, and one under the id of another's.
    for (header, value) in [("Nats-Rollup", "all"), ("Nats-Msg-Id", id_of_another)] {
        let mut headers = HeaderMap::new();
        headers.insert(header, value);
        let door = "karez.intake.91650400B.PB";
        let publishing = hostile
            .client
            .publish_with_headers(door, headers, mine.clone().into());
        publishing.await.unwrap();
    }
    hostile.client.flush().await.unwrap();
}

#[tokio::test]
async fn a_hostile_unit_gets_no_further_than_its_own_door() {
    let place = Place::new(Servers::One).await;
    let mut good = Program::of(&place, UNIT_A, "91650400A").await;
    let hostile = Program::of(&place, UNIT_B, "91650400B").await;
    let mut ears = hostile.client.subscribe(">").await.unwrap();
    hostile.client.flush().await.unwrap();

    // Under the id of this one, which another sends, the hostile unit sends before.
    let posted = expenditure_wire(23, "PA", "20.00");
    attack(&hostile, posted["event_id"].as_str().unwrap()).await;

    // The other unit hears its own receipt and nothing before it; sent by karez itself it is recorded as well.
    let fact = expenditure_wire(22, "PA", "300.00");
    assert!(!recorded(good.post("PA", &fact).await).replayed);
    let sent = run_with(&["post", "-"], &place.data, &posted.to_string());
    assert_eq!(sent.code, 0, "{sent:?}");
    eventually("the feed has all", SOON, || async {
        (place.kept("KAREZ_FEED").await.values().sum::<usize>() == 5).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(place.events().await, 5);
    let kept = place.kept("KAREZ_INTAKE").await;
    let doors: Vec<&str> = kept.keys().map(String::as_str).collect();
    let own = ["karez.intake.91650400A.PA", "karez.intake.91650400B.PB"];
    assert_eq!(doors, [own.as_slice(), &["karez.intake._.PA"]].concat());
    let trusted = place
        .taken_in("karez.intake._.PA", kept["karez.intake._.PA"])
        .await;
    for message in trusted {
        assert_eq!(message["event_id"], posted["event_id"]);
    }

    // And the hostile one heard what it said itself, and nothing of what the others said.
    hostile.client.publish("the.end", "".into()).await.unwrap();
    loop {
        let heard = timeout(SOON, ears.next()).await.unwrap().unwrap();
        if heard.subject.as_str() == "the.end" {
            break;
        }
        let said = String::from_utf8_lossy(&heard.payload).into_owned();
        for other in [&fact, &posted] {
            assert!(!said.contains(other["event_id"].as_str().unwrap()), "{heard:?}");
        }
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused_at_the_door_and_holds_up_nobody() {
    let place = Place::new(Servers::One).await;
    let mut unit = Program::of(&place, UNIT_B, "91650400B").await;
    let mut huge = expenditure_wire(30, "PB", "1.00");
    huge["data"]["note"] = json!("长".repeat(100_000));
    // The server closes the connection; the client opens another one.
    let door = "karez.intake.91650400B.HUGE";
    let publishing = unit.client.publish(door, huge.to_string().into());
    publishing.await.unwrap();
    drop(unit.client.flush().await);
    recorded(unit.post("PB", &expenditure_wire(31, "PB", "1.00")).await);
    let kept = place.kept("KAREZ_INTAKE").await;
    assert_eq!(
        kept.into_keys().collect::<Vec<_>>(),
        ["karez.intake.91650400B.PB"]
    );
}

#[tokio::test]
async fn without_a_key_or_without_tls_nobody_comes_in() {
    let place = Place::new(Servers::One).await;
    let url = place.nats.urls().pop().unwrap();
    place.nats.stranger().connect(&url).await.unwrap_err();
    let named = place
        .nats
        .stranger()
        .user_and_password("karez".to_owned(), "karez".to_owned());
    named.connect(&url).await.unwrap_err();
    let unknown = nkeys::KeyPair::new_user().seed().unwrap();
    place
        .nats
        .stranger()
        .nkey(unknown)
        .connect(&url)
        .await
        .unwrap_err();
    place.nats.connect(UNIT_A).await.unwrap();

    let plain = TcpStream::connect(url.trim_start_matches("nats://"))
        .await
        .unwrap();
    let mut plain = BufReader::new(plain);
    let mut greeting = String::new();
    plain.read_line(&mut greeting).await.unwrap();
    assert!(greeting.contains(r#""tls_required":true"#), "{greeting}");
    plain.write_all(b"CONNECT {}\r\nPING\r\n").await.unwrap();
    let mut said = Vec::new();
    // It may also be reset.
    drop(plain.read_to_end(&mut said).await);
    assert!(!said.windows(4).any(|word| word == b"PONG"), "{said:?}");
}

#[tokio::test]
async fn even_with_the_key_of_karez_nobody_empties_the_intake() {
    let place = Place::new(Servers::One).await;
    let mut unit = Program::of(&place, UNIT_A, "91650400A").await;
    recorded(unit.post("PA", &expenditure_wire(40, "PA", "1.00")).await);
    let before = place.kept("KAREZ_INTAKE").await;
    let stolen = place.nats.connect(KAREZ).await.unwrap();
    for request in ["STREAM.PURGE", "STREAM.DELETE"] {
        let subject = format!("$JS.API.{request}.KAREZ_INTAKE");
        stolen.publish(subject, "".into()).await.unwrap();
    }
    stolen.flush().await.unwrap();
    assert_eq!(place.kept("KAREZ_INTAKE").await, before);
    recorded(unit.post("PA", &expenditure_wire(41, "PA", "1.00")).await);
}

#[test]
fn a_file_that_is_no_key_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed");
    std::fs::write(&seed, "SUA-not-quite-a-seed").unwrap();
    let settings = folder.path().join("karez.toml");
    let text = format!("[bus]\nnats_url = \"nats://127.0.0.1:1\"\nnats_nkey_seed = {seed:?}\n");
    std::fs::write(&settings, text).unwrap();
    let settings = settings.to_str().unwrap();
    let data = folder.path().to_str().unwrap();
    let arguments = [
        "serve",
        "--data",
        data,
        "--config",
        settings,
        "--listen",
        "127.0.0.1:0",
    ];
    let ended = run(&arguments, "").unwrap();
    assert_ne!(ended.code, 0);
    assert!(ended.errors.contains("nats_nkey_seed"), "{ended:?}");
    assert!(ended.errors.contains(seed.to_str().unwrap()), "{ended:?}");
    assert!(!ended.errors.contains("not-quite"), "{ended:?}");
}

//! Notices: who is told of a warning, once, whatever the receiver and the server do.

use std::fmt::Write;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use karez_tests::receiver::{MailServer, Posted, Receiver};
use karez_tests::wait::eventually;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{On, World, read};

/// Enough for a notice that is tried again after ten seconds.
const WITHIN: Duration = Duration::from_mins(1);
const SECRET: &str = "wp7x-secret";

/// A watched world that tells one web receiver of these colours at once.
async fn world(receiver: &Receiver, at_once: &str) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("duty.secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let settings = format!(
        "[notifier]\n[[notifier.receivers]]\nname = \"duty\"\nchannel = \"webhook\"\naddress = {:?}\nsecret_file = {:?}\nat_once = [{at_once}]\ndigest = []\nlanguage = \"en\"\n",
        receiver.url(),
        secret.to_str().unwrap()
    );
    (World::configured(On::Sqlite, &settings).await, folder)
}

/// Spends what the source of the money does not have: more than all there is (red), or more than there is of own money (orange).
async fn spend(world: &World, key: &str, amount: &str, source: &str) {
    let today = today();
    let body = json!({"occurred_on": today, "amount": amount, "category": "labour", "source": source, "voucher_no": key});
    let (status, posted) = read(world.spend("P1", key, &body.to_string())).await;
    assert_eq!(status, StatusCode::CREATED, "{posted}");
}

/// The business day in Beijing.
fn today() -> chrono::NaiveDate {
    (chrono::Utc::now() + chrono::TimeDelta::hours(8)).date_naive()
}

fn of(posted: &[Posted], kind: &str) -> Vec<Value> {
    let taken = posted.iter().filter(|posted| posted.answered == StatusCode::OK);
    let bodies = taken.map(|posted| serde_json::from_str::<Value>(&posted.body).unwrap());
    bodies
        .filter(|body| body["kind"] == kind && body["text"].as_str().unwrap().contains("DQ-01"))
        .collect()
}

async fn told(receiver: &Receiver, kind: &str) -> Value {
    eventually(kind, WITHIN, || async { of(&receiver.posted(), kind).pop() })
        .await
        .unwrap()
}

#[tokio::test]
async fn a_red_warning_is_told_once_with_a_signature_though_the_receiver_fails_first_and_the_server_restarts()
{
    let receiver = Receiver::start(true).await.unwrap();
    let (world, _folder) = world(&receiver, r#""red""#).await;
    spend(&world, "over", "200000.00", "fiscal_current").await;
    let told_of = told(&receiver, "warning").await;
    assert_eq!(told_of["warnings"][0]["level"], "red", "{told_of}");
    let posted = receiver.posted();
    assert_eq!(
        posted[0].answered,
        StatusCode::SERVICE_UNAVAILABLE,
        "it was refused once and tried again"
    );
    for one in &posted {
        let header = |name: &str| one.headers[name].to_str().unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        let (at, id) = (header("Karez-Timestamp"), header("Karez-Message-Id"));
        mac.update(format!("{at}.{id}.{}", one.body).as_bytes());
        let mut signature = "v1=".to_owned();
        for byte in mac.finalize().into_bytes() {
            write!(signature, "{byte:02x}").unwrap();
        }
        assert_eq!(header("Karez-Signature"), signature);
    }

    let world = world.restarted().await;
    let id = told_of["warnings"][0]["id"].as_str().unwrap();
    let lift = world
        .client
        .post(world.server.at(&format!("/v1/warnings/{id}/lift")))
        .header("Idempotency-Key", "lift")
        .json(&json!({"cause": "booked to the wrong project"}));
    assert_eq!(read(lift).await.0, StatusCode::CREATED);
    told(&receiver, "ended").await;
    let posted = receiver.posted();
    assert_eq!(
        of(&posted, "warning").len(),
        1,
        "once, though the server was started again"
    );
    assert_eq!(of(&posted, "ended").len(), 1);
    let deliveries = world.command(&["show", "deliveries", "--format", "json"]);
    let deliveries: Value = serde_json::from_str(&deliveries.output).unwrap();
    let of_warning = deliveries["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["message_id"] == told_of["id"]);
    assert_eq!(of_warning.unwrap()["state"], "delivered");
    assert!(!deliveries.to_string().contains(SECRET));
}

#[tokio::test]
async fn a_silence_keeps_a_notice_back_for_a_reason_and_a_while_but_never_a_red_one() {
    let receiver = Receiver::start(false).await.unwrap();
    let (world, _folder) = world(&receiver, r#""red", "orange""#).await;
    let silence = |key: &'static str, body: Value| {
        let request = world
            .client
            .post(world.server.at("/v1/silences"))
            .header("Idempotency-Key", key);
        read(request.json(&body))
    };
    let today = today();
    let too_long =
        json!({"unit": "U0", "until_on": today + chrono::Days::new(40), "cause": "books are being moved"});
    let (status, refused) = silence("1", too_long).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("too_broad"))
    );
    let (status, refused) = silence("2", json!({"until_on": today, "cause": "holiday"})).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("too_broad"))
    );
    let until_on = today + chrono::Days::new(3);
    let (status, begun) = silence(
        "3",
        json!({"unit": "U0", "until_on": until_on, "cause": "books are being moved"}),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED, "{begun}");

    let arrived = json!({"type": "matching_funds_arrived", "occurred_on": today, "data": {"amount": "500.00", "source": "self_raised"}});
    let arrived = world
        .client
        .post(world.server.at("/v1/projects/P1/events"))
        .header("Idempotency-Key", "m")
        .json(&arrived);
    assert_eq!(read(arrived).await.0, StatusCode::CREATED);
    spend(&world, "own", "1000.00", "self_raised").await;
    let kept_back = eventually("a notice kept back", WITHIN, || async {
        let (_, list) = world.get("/v1/deliveries").await;
        let items = list["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|item| item["state"] == "not_needed" && item["detail"] == "it is silenced")
    })
    .await
    .unwrap();
    let id = kept_back["warnings"][0].as_str().unwrap();
    let (_, warning) = world.get(&format!("/v1/warnings/{id}")).await;
    assert_eq!(
        (&warning["is_open"], &warning["silenced_until_on"]),
        (&json!(true), &json!(until_on)),
        "still visible"
    );
    let (_, silences) = world.get("/v1/silences").await;
    assert_eq!(silences["items"][0]["holds"], true, "{silences}");

    spend(&world, "over", "200000.00", "fiscal_current").await;
    told(&receiver, "warning").await;

    let id = silences["items"][0]["id"].as_str().unwrap();
    let end = world
        .client
        .post(world.server.at(&format!("/v1/silences/{id}/end")))
        .header("Idempotency-Key", "4");
    let (status, ended) = read(end.json(&json!({"cause": "the books are there"}))).await;
    assert_eq!(status, StatusCode::CREATED, "{ended}");
    let (_, silences) = world.get("/v1/silences").await;
    assert_eq!(silences["items"][0]["holds"], false, "{silences}");
}

#[tokio::test]
async fn an_e_mail_tells_in_the_receiver_s_language() {
    let mail = MailServer::start().await.unwrap();
    let settings = format!(
        "[notifier]\nsmtp_url = {:?}\nmail_from = \"karez <karez@office.example>\"\n[[notifier.receivers]]\nname = \"head\"\nchannel = \"email\"\naddress = \"head@office.example\"\n",
        mail.url()
    );
    let world = World::configured(On::Sqlite, &settings).await;
    spend(&world, "over", "200000.00", "fiscal_current").await;
    let mails = eventually("a mail", WITHIN, || async {
        Some(mail.mails()).filter(|mails| !mails.is_empty())
    })
    .await
    .unwrap();
    assert!(mails[0].contains("To: head@office.example"), "{}", mails[0]);
    assert!(
        mails[0].contains("Subject: =?utf-8?"),
        "a Chinese subject is encoded: {}",
        mails[0]
    );
}

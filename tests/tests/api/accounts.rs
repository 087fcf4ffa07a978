//! Signing in and out, passwords, keys, and what nobody may learn from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use karez::accounts::{fingerprint, fresh_key, locked_until};
use karez::authorization::Role;
use karez::store::By;
use karez_tests::wait::eventually;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::office::{CHOSEN, Office, bearer, cookie_of};
use crate::world::{On, World, body, read};

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);

async fn whoami(office: &Office, cookie: &str) -> (StatusCode, Value) {
    read(office.request("GET", "/v1/session").header(COOKIE, cookie)).await
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_its_own_change() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let first = office.account("li.wei", Role::Finance);
        let signed_in = office.sign_in("li.wei", &first).await;
        assert_eq!(signed_in.status(), StatusCode::OK);
        let set = signed_in.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(
            set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"),
            "{set}"
        );
        let cookie = cookie_of(&signed_in);
        let session = body(signed_in).await;
        assert_eq!(
            (&session["must_change_password"], &session["may"]),
            (&json!(true), &json!([]))
        );
        let (status, refused) = read(office.request("GET", "/v1/projects").header(COOKIE, &cookie)).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (403, &json!("password_change_required"))
        );

        for unfit in ["short", first.as_str()] {
            let change = json!({"password": first, "new_password": unfit});
            let request = office
                .request("POST", "/v1/session/password")
                .header(COOKIE, &cookie)
                .header("X-Karez-Request", "1")
                .json(&change);
            let (status, refused) = read(request).await;
            assert_eq!(
                (status.as_u16(), &refused["pointer"]),
                (422, &json!("/new_password"))
            );
        }
        let settled = office.settled("li.wei", &first).await;
        assert_eq!(whoami(&office, &cookie).await.0, 401, "the old session is over");
        let (status, session) = whoami(&office, &settled).await;
        assert_eq!((status.as_u16(), &session["role"]), (200, &json!("finance")));
        assert!(
            session["may"]
                .as_array()
                .unwrap()
                .contains(&json!("record_facts"))
        );
        let (status, _) = read(office.request("GET", "/v1/projects").header(COOKIE, &settled)).await;
        assert_eq!(status, 200);
        assert_eq!(office.sign_in("li.wei", &first).await.status(), 401);
        assert_eq!(office.sign_in("li.wei", CHOSEN).await.status(), 200);
    }
}

#[tokio::test]
async fn unknown_wrong_locked_and_disabled_get_one_answer() {
    let office = Office::new().await;
    let first = office.account("li.wei", Role::Finance);
    office.account("zhang.min", Role::Finance);
    office.world.command(&["user", "disable", "zhang.min"]);
    let unknown = office.sign_in("nobody", "wrong").await;
    assert_eq!(unknown.status(), 401);
    assert_eq!(unknown.headers().get(SET_COOKIE), None);
    let unknown = body(unknown).await;
    assert_eq!(body(office.sign_in("zhang.min", "wrong").await).await, unknown);
    for _ in 0..5 {
        assert_eq!(body(office.sign_in("li.wei", "wrong").await).await, unknown);
    }
    // Locked now: the right password gets the same answer.
    assert_eq!(body(office.sign_in("li.wei", &first).await).await, unknown);
    let listed = office.world.command(&["user", "list", "--format", "csv"]);
    assert!(listed.output.contains("li.wei,finance,,locked"), "{listed:?}");
    assert_eq!(office.world.command(&["user", "unlock", "li.wei"]).code, 0);
    assert_eq!(office.sign_in("li.wei", &first).await.status(), 200);
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_a_right_password_forgets_the_wrong_ones() {
    let office = Office::new().await;
    office.account("li.wei", Role::Finance);
    let (log, now) = (office.log().await, Utc::now());
    let lock = |failed| locked_until(failed, now);
    for _ in 0..4 {
        let attempt = log.begin_attempt("li.wei", now, lock).await.unwrap().unwrap();
        assert_eq!(attempt.locked_until, None);
    }
    let fifth = log.begin_attempt("li.wei", now, lock).await.unwrap().unwrap();
    let later = now + TimeDelta::minutes(1);
    assert_eq!(fifth.locked_until, Some(later));
    assert!(log.begin_attempt("li.wei", now, lock).await.unwrap().is_none());
    let sixth = log.begin_attempt("li.wei", later, lock).await.unwrap().unwrap();
    assert_eq!(sixth.locked_until, Some(now + TimeDelta::minutes(2)));
    log.forget_attempts("li.wei").await.unwrap();
    let first = log.begin_attempt("li.wei", now, lock).await.unwrap().unwrap();
    assert_eq!(first.locked_until, None);
}

#[tokio::test]
async fn right_passwords_that_come_together_all_open() {
    let office = Office::new().await;
    let first = office.account("li.wei", Role::Finance);
    let all = (0..12).map(|_| office.sign_in("li.wei", &first));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn many_passwords_at_once_are_tried_no_more_often_than_one_by_one() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let first = office.account("li.wei", Role::Finance);
        let tried = (0..20).map(|_| office.sign_in("li.wei", "wrong"));
        for answer in futures::future::join_all(tried).await {
            assert_eq!(answer.status(), 401);
        }
        assert_eq!(office.sign_in("li.wei", &first).await.status(), 401);
        let now = Utc::now();
        let row = office.log().await.accounts().await.unwrap().remove(1);
        assert_eq!(row.name, "li.wei");
        assert_eq!(
            row.failed_attempts, 5,
            "the others did not get as far as the password"
        );
        assert!(row.locked_until.unwrap() <= now + TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn an_id_that_was_put_into_a_browser_is_worth_nothing() {
    let office = Office::new().await;
    let first = office.account("li.wei", Role::Finance);
    let planted = "karez_session=planted-by-somebody-else";
    let credentials = json!({"name": "li.wei", "password": first});
    let request = office
        .request("POST", "/v1/session")
        .header(COOKIE, planted)
        .json(&credentials);
    let one = cookie_of(&request.send().await.unwrap());
    assert_ne!(one, planted);
    assert_eq!(whoami(&office, planted).await.0, 401);
    // Signing in again gives another id, and the one that was sent ends.
    let again = office
        .request("POST", "/v1/session")
        .header(COOKIE, &one)
        .json(&credentials);
    let other = cookie_of(&again.send().await.unwrap());
    assert_ne!(one, other);
    assert_eq!(
        (
            whoami(&office, &one).await.0.as_u16(),
            whoami(&office, &other).await.0.as_u16()
        ),
        (401, 200)
    );
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_time_and_with_its_account() {
    let office = Office::new().await;
    let first = office.account("li.wei", Role::Finance);
    let cookie = office.settled("li.wei", &first).await;
    let out = office
        .request("DELETE", "/v1/session")
        .header(COOKIE, &cookie)
        .header("X-Karez-Request", "1");
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(whoami(&office, &cookie).await.0, 401);

    let (log, now) = (office.log().await, Utc::now());
    let (hash, end) = (fingerprint("an id"), now + TimeDelta::hours(1));
    log.create_session(&hash, "li.wei", now, end).await.unwrap();
    assert!(log.session(&hash, now).await.unwrap().is_some());
    assert_eq!(log.session(&hash, end).await.unwrap(), None);

    let cookie = cookie_of(&office.sign_in("li.wei", CHOSEN).await);
    assert_eq!(whoami(&office, &cookie).await.0, 200);
    assert_eq!(office.world.command(&["user", "disable", "li.wei"]).code, 0);
    assert_eq!(whoami(&office, &cookie).await.0, 401);
    assert_eq!(office.sign_in("li.wei", CHOSEN).await.status(), 401);
    let again = office.handed_over(&["user", "reset-password", "li.wei"]);
    assert_eq!(office.sign_in("li.wei", &again).await.status(), 200);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let office = Office::new().await;
    let first = office.account("li.wei", Role::Finance);
    let cookie = office.settled("li.wei", &first).await;
    let spend = |headers: &[(&str, &str)]| {
        let request = office
            .request("POST", "/v1/projects/P1/expenditures")
            .header(COOKIE, &cookie)
            .header("Idempotency-Key", "v1")
            .json(&json!({"occurred_on": "2024-05-06", "amount": "10.00"}));
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
    };
    for headers in [
        vec![],
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site"), ("X-Karez-Request", "1")],
        vec![("Sec-Fetch-Site", "none")],
        // What a form or an old browser sends.
        vec![("Origin", "https://elsewhere.example")],
        vec![("Origin", "null"), ("Referer", "https://elsewhere.example/")],
    ] {
        let (status, refused) = read(spend(&headers)).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (403, &json!("foreign_page")),
            "{headers:?}"
        );
    }
    let (status, _) = read(spend(&[("Sec-Fetch-Site", "same-origin")])).await;
    assert_eq!(status, 201);
    let (status, _) = read(spend(&[("X-Karez-Request", "1")])).await;
    assert_eq!(status, 200, "the same again");
    let credentials = json!({"name": "li.wei", "password": CHOSEN});
    let planted = office
        .request("POST", "/v1/session")
        .header("Sec-Fetch-Site", "cross-site")
        .json(&credentials);
    assert_eq!(
        planted.send().await.unwrap().status(),
        403,
        "nobody is signed in from elsewhere"
    );
}

#[tokio::test]
async fn a_key_that_is_revoked_expired_or_rotated_opens_nothing() {
    let office = Office::new().await;
    let get = async |key: &str| {
        let request = office
            .request("GET", "/v1/projects")
            .header(AUTHORIZATION, bearer(key));
        let response = request.send().await.unwrap();
        if response.status() == 401 {
            assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        }
        response.status().as_u16()
    };
    let key = office.handed_over(&[
        "key",
        "create",
        "erp",
        "--role",
        "finance",
        "--expires-on",
        "2999-12-31",
    ]);
    assert_eq!(get(&key).await, 200);
    assert_eq!(get(&format!("{key}0")).await, 401);
    assert_eq!(get("nonsense").await, 401);
    let twice = office
        .world
        .command(&["key", "create", "erp", "--role", "finance"]);
    assert_eq!(twice.code, 2, "{twice:?}");
    let next = office.handed_over(&["key", "rotate", "erp", "--overlap", "0"]);
    assert_eq!((get(&key).await, get(&next).await), (401, 200));
    assert_eq!(office.world.command(&["key", "revoke", "erp"]).code, 0);
    assert_eq!(get(&next).await, 401);

    let now = Utc::now();
    let by = By {
        actor: "test",
        at: now,
    };
    let (expired, kept) = fresh_key("old", Role::Finance, None, now, Some(now)).unwrap();
    assert!(office.log().await.create_key(&kept, by).await.unwrap());
    assert_eq!(get(&expired).await, 401);
    let listed = office.world.command(&["key", "list", "--format", "csv"]);
    for said in [",erp,finance,,revoked,", ",old,finance,,expired,"] {
        assert!(listed.output.contains(said), "{said}: {listed:?}");
    }
    assert!(!listed.output.contains(&key) && !listed.output.contains(&next));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_many_requests_show_at_once_lets_none_in_that_comes_after_it_is_revoked() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Arc::new(Office::on(on).await);
        let key = office.key(Role::Finance);
        let let_in = Arc::new(AtomicUsize::new(0));
        let is_revoked = Arc::new(AtomicBool::new(false));
        let mut askers = JoinSet::new();
        for _ in 0..32 {
            let (office, key) = (Arc::clone(&office), key.clone());
            let (let_in, is_revoked) = (Arc::clone(&let_in), Arc::clone(&is_revoked));
            askers.spawn(async move {
                loop {
                    let comes_after = is_revoked.load(Ordering::SeqCst);
                    let (status, told) = office.get_as(&key, "/v1/projects?limit=1").await;
                    if status == 401 {
                        return;
                    }
                    assert_eq!((status.as_u16(), comes_after), (200, false), "{told}");
                    let_in.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let enough = || async { (let_in.load(Ordering::SeqCst) > 100).then_some(()) };
        eventually("the key lets in", SOON, enough).await.unwrap();
        let revoked = tokio::task::block_in_place(|| office.world.command(&["key", "revoke", "finance"]));
        assert_eq!(revoked.code, 0, "{revoked:?}");
        is_revoked.store(true, Ordering::SeqCst);
        while let Some(ended) = askers.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test]
async fn no_secret_stands_in_messages_answers_or_the_store() {
    let office = Office::talkative().await;
    let first = office.account("li.wei", Role::Finance);
    let key = office.key(Role::Finance);
    let cookie = office.settled("li.wei", &first).await;
    let mut said = String::new();
    let malformed = format!(r#"{{"name":"li.wei","password":"{CHOSEN}","#);
    for sent in [malformed, format!(r#"{{"name":1,"password":"{CHOSEN}"}}"#)] {
        let request = office
            .request("POST", "/v1/session")
            .header("Content-Type", "application/json")
            .body(sent);
        said += &request.send().await.unwrap().text().await.unwrap();
    }
    said += &office.sign_in(CHOSEN, &key).await.text().await.unwrap();
    for _ in 0..6 {
        said += &office
            .sign_in("li.wei", "a wrong but telling one")
            .await
            .text()
            .await
            .unwrap();
    }
    office.get_as(&key, "/v1/projects").await;
    office.get_as(&format!("{key}x"), "/v1/projects").await;
    said += &office.world.server.all_messages();
    let secret = key.rsplit('_').next().unwrap();
    let id = cookie.split_once('=').unwrap().1;
    for hidden in [first.as_str(), CHOSEN, secret, id, "telling"] {
        assert!(!said.contains(hidden), "{hidden}: {said}");
    }
    for file in ["karez.db", "karez.db-wal"] {
        let bytes = std::fs::read(office.world.folder.path().join(file)).unwrap_or_default();
        for hidden in [first.as_str(), CHOSEN, secret, id] {
            let is_there = bytes
                .windows(hidden.len())
                .any(|window| window == hidden.as_bytes());
            assert!(!is_there, "{file} holds {hidden}");
        }
    }
}

#[tokio::test]
async fn without_accounts_this_machine_is_asked_nothing() {
    let world = World::new().await;
    let (status, session) = world.get("/v1/session").await;
    assert_eq!(
        (status.as_u16(), &session["authentication"]),
        (200, &json!("none"))
    );
    let response = world.client.post(world.server.at("/v1/session"));
    let (status, refused) = read(response.json(&json!({"name": "a", "password": "b"}))).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("no_session")));
    // The first account closes the door at the next start.
    let added = world.command(&["user", "add", "li.wei", "--role", "admin"]);
    assert!(added.output.contains("start a running server again"), "{added:?}");
    let world = world.restarted().await;
    assert_eq!(world.get("/v1/projects").await.0, 401);
    assert_eq!(world.get("/healthz").await.0, 200);
}

#[test]
fn an_account_that_cannot_be_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (arguments, said) in [
        (vec!["user", "add", "a b", "--role", "admin"], "cannot be a name"),
        (vec!["user", "add", "a", "--role", "boss"], "is no role"),
        (vec!["user", "add", "a", "--role", "unit"], "--unit"),
        (
            vec!["key", "create", "a", "--role", "admin", "--unit", "U0"],
            "--unit",
        ),
        (
            vec![
                "key",
                "create",
                "a",
                "--role",
                "admin",
                "--expires-on",
                "2020-01-01",
            ],
            "is past",
        ),
    ] {
        let ended = karez_tests::program::run(&[&arguments[..], &["--data", data]].concat(), "").unwrap();
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.errors.contains(said), "{arguments:?}: {ended:?}");
    }
}

//! Signing in through the office's directory: a provider of `OpenID` Connect that can also lie, and what karez makes of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use karez::authorization::Role;
use karez_tests::http;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{On, World, body};

const CLIENT: &str = "karez";

/// How the directory departs from the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    Nonce,
    Audience,
    Issuer,
    Expired,
    OtherKey,
    SharedSecret,
}

/// Who stands before the directory, and how it answers.
#[derive(Clone)]
struct Provider {
    issuer: String,
    key: Arc<KeyPair>,
    other_key: Arc<KeyPair>,
    /// What the browser asked for, by code.
    asked: Arc<Mutex<HashMap<String, HashMap<String, String>>>>,
    lie: Arc<Mutex<Lie>>,
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = || Arc::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
        let provider = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key: key(),
            other_key: key(),
            asked: Arc::default(),
            lie: Arc::new(Mutex::new(Lie::None)),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn sign(&self, nonce: &str) -> String {
        let lie = *self.lie.lock().unwrap();
        let or = |kind: Lie, lied: &str, truth: &str| {
            if lie == kind {
                lied.to_owned()
            } else {
                truth.to_owned()
            }
        };
        let expires = if lie == Lie::Expired {
            1_700_000_000
        } else {
            4_000_000_000_u64
        };
        let claims = json!({
            "iss": or(Lie::Issuer, "http://127.0.0.1:1", &self.issuer),
            "aud": or(Lie::Audience, "another", CLIENT),
            "nonce": or(Lie::Nonce, "another", nonce),
            "sub": "7", "exp": expires, "iat": 1_700_000_000, "preferred_username": "li.wei",
        });
        let secret = |key: &KeyPair| EncodingKey::from_ec_pem(key.serialize_pem().as_bytes()).unwrap();
        let (algorithm, key) = match lie {
            Lie::SharedSecret => (Algorithm::HS256, EncodingKey::from_secret(CLIENT.as_bytes())),
            Lie::OtherKey => (Algorithm::ES256, secret(&self.other_key)),
            _ => (Algorithm::ES256, secret(&self.key)),
        };
        let mut header = Header::new(algorithm);
        header.kid = Some("one".to_owned());
        encode(&header, &claims, &key).unwrap()
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(
        json!({"issuer": provider.issuer, "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys")}),
    )
}

/// The person is known already and need not type anything.
async fn authorize(
    State(provider): State<Provider>,
    Query(asked): Query<HashMap<String, String>>,
) -> Redirect {
    let back = format!(
        "{}?code=c0de&state={}&session_state=x",
        asked["redirect_uri"], asked["state"]
    );
    provider.asked.lock().unwrap().insert("c0de".to_owned(), asked);
    Redirect::to(&back)
}

async fn token(State(provider): State<Provider>, Form(sent): Form<HashMap<String, String>>) -> Response {
    // A code is good once.
    let Some(asked) = provider.asked.lock().unwrap().remove(&sent["code"]) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(&sent["code_verifier"]));
    let is_proved = proof == asked["code_challenge"] && asked["code_challenge_method"] == "S256";
    if !is_proved || sent["redirect_uri"] != asked["redirect_uri"] || sent["client_id"] != CLIENT {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let id_token = provider.sign(&asked["nonce"]);
    Json(json!({"access_token": "unused", "token_type": "Bearer", "id_token": id_token})).into_response()
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let point = provider.key.der_bytes();
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Json(
        json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "one",
        "x": coordinate(&point[1..33]), "y": coordinate(&point[33..65])}]}),
    )
}

/// A browser that keeps cookies by name and follows nothing by itself.
struct Browser {
    client: reqwest::Client,
    cookies: HashMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        drop(http::client());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            cookies: HashMap::new(),
        }
    }

    async fn open(&mut self, address: &str) -> reqwest::Response {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.client.get(address).header(COOKIE, pairs.join("; "));
        let answered = request.send().await.unwrap();
        for line in answered.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answered
    }

    /// Goes to the directory, and gives the address to which it sends the browser back.
    async fn begin(&mut self, world: &World) -> String {
        let sent = self.open(&world.server.at("/v1/session/oidc")).await;
        assert_eq!(sent.status(), 303);
        let back = self.open(sent.headers()[LOCATION].to_str().unwrap()).await;
        back.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

async fn connected(provider: &Provider) -> World {
    let mut world = World::guarded(On::Sqlite).await;
    let callback = world.server.at("/v1/session/oidc/callback");
    let settings = format!(
        "[sentinel]\ndaily_at = \"\"\n[gateway]\nauthentication = \"required\"\n[gateway.oidc]\nissuer = {:?}\nclient_id = {CLIENT:?}\ncallback = {callback:?}\nlabel = \"门户\"\n",
        provider.issuer
    );
    std::fs::write(world.folder.path().join("settings.toml"), settings).unwrap();
    world.server.stop().await.unwrap();
    world.server.restart().await.unwrap();
    world
}

fn account(world: &World, arguments: &[&str]) {
    let added = world.command(&[&["user", "add"], arguments].concat());
    assert_eq!(added.code, 0, "{added:?}");
}

#[tokio::test]
async fn whom_the_directory_knows_signs_in_as_the_account_of_that_name() {
    let provider = Provider::start().await;
    let world = connected(&provider).await;
    let (_, ways) = world.get("/v1/session/ways").await;
    assert_eq!(
        ways["oidc"],
        json!({"label": "门户", "address": "/v1/session/oidc"})
    );
    account(
        &world,
        &["li.wei", "--role", Role::Unit.as_str(), "--unit", "U0", "--oidc"],
    );
    let mut browser = Browser::new();
    let back = browser.begin(&world).await;
    let home = browser.open(&back).await;
    assert_eq!(
        (home.status().as_u16(), &home.headers()[LOCATION]),
        (303, &"/".parse().unwrap())
    );
    let session = body(browser.open(&world.server.at("/v1/session")).await).await;
    assert_eq!(
        (
            &session["name"],
            &session["role"],
            &session["unit"],
            &session["must_change_password"]
        ),
        (&json!("li.wei"), &json!("unit"), &json!("U0"), &json!(false))
    );
    // The address has done its work: code and attempt are used up.
    assert_eq!(body(browser.open(&back).await).await["code"], "other_attempt");
    // There is no password with which the account could be entered otherwise.
    for password in ["", "none"] {
        let credentials = json!({"name": "li.wei", "password": password});
        let refused = world.post("/v1/session", &credentials).send().await.unwrap();
        assert_eq!(refused.status(), 401);
    }
}

#[tokio::test]
async fn whom_karez_does_not_know_stays_outside() {
    let provider = Provider::start().await;
    let world = connected(&provider).await;
    let mut browser = Browser::new();
    let back = browser.begin(&world).await;
    let refused = browser.open(&back).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(body(refused).await["code"], "no_account");
    account(&world, &["li.wei", "--role", "finance", "--oidc"]);
    assert_eq!(world.command(&["user", "disable", "li.wei"]).code, 0);
    let back = browser.begin(&world).await;
    assert_eq!(body(browser.open(&back).await).await["code"], "no_account");
    assert!(!browser.cookies.contains_key("karez_session"));
}

#[tokio::test]
async fn an_account_with_a_password_is_not_entered_by_a_name_of_the_directory() {
    let provider = Provider::start().await;
    let world = connected(&provider).await;
    account(&world, &["li.wei", "--role", "admin"]);
    let mut browser = Browser::new();
    let back = browser.begin(&world).await;
    assert_eq!(body(browser.open(&back).await).await["code"], "no_account");
    assert!(!browser.cookies.contains_key("karez_session"));
}

#[tokio::test]
async fn a_token_that_is_not_the_directory_s_for_this_attempt_opens_nothing() {
    let provider = Provider::start().await;
    let world = connected(&provider).await;
    account(&world, &["li.wei", "--role", "finance", "--oidc"]);
    for lie in [
        Lie::Nonce,
        Lie::Audience,
        Lie::Issuer,
        Lie::Expired,
        Lie::OtherKey,
        Lie::SharedSecret,
    ] {
        *provider.lie.lock().unwrap() = lie;
        let mut browser = Browser::new();
        let back = browser.begin(&world).await;
        let refused = browser.open(&back).await;
        assert_eq!(refused.status(), 401, "{lie:?}");
        assert_eq!(body(refused).await["code"], "token_refused", "{lie:?}");
        assert!(!browser.cookies.contains_key("karez_session"), "{lie:?}");
    }
}

#[tokio::test]
async fn an_answer_that_somebody_else_began_signs_nobody_in() {
    let provider = Provider::start().await;
    let world = connected(&provider).await;
    account(&world, &["li.wei", "--role", "finance", "--oidc"]);
    let mut attacker = Browser::new();
    let back = attacker.begin(&world).await;
    // The victim follows a link with the attacker's code: without an attempt, and with one of their own.
    let mut victim = Browser::new();
    assert_eq!(body(victim.open(&back).await).await["code"], "other_attempt");
    victim.open(&world.server.at("/v1/session/oidc")).await;
    assert_eq!(body(victim.open(&back).await).await["code"], "other_attempt");
    let refused = world
        .server
        .at("/v1/session/oidc/callback?error=access_denied&state=x");
    assert_eq!(
        body(victim.open(&refused).await).await["code"],
        "directory_refused"
    );
}

#[tokio::test]
async fn without_a_directory_there_is_nobody_to_ask() {
    let world = World::guarded(On::Sqlite).await;
    let (status, told) = world.get("/v1/session/oidc").await;
    assert_eq!((status.as_u16(), &told["code"]), (409, &json!("no_directory")));
}

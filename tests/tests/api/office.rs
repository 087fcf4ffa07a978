//! A guarded world with people and programs of every role. P1 is unit U0's own, P2 is unit U1's.

use karez::authorization::Role;
use karez::store::{EventLog, StoreLocation};
use reqwest::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{On, World, read};

/// A password that its owner chose.
pub(crate) const CHOSEN: &str = "a long enough sentence";

pub(crate) struct Office {
    pub(crate) world: World,
}

impl Office {
    pub(crate) async fn new() -> Self {
        Self::on(On::Sqlite).await
    }

    /// An office whose server writes down all that it could.
    pub(crate) async fn talkative() -> Self {
        let settings = "[sentinel]\ndaily_at = \"\"\n[gateway]\nauthentication = \"required\"\n[log]\nlevel = \"trace\"\n";
        let world = World::configured(On::Sqlite, settings).await;
        Self { world }
    }

    pub(crate) async fn on(on: On) -> Self {
        let world = World::guarded(on).await;
        Self { world }
    }

    /// The store that the server works on.
    pub(crate) async fn log(&self) -> EventLog {
        let [option, place] = &self.world.store;
        let location = match option.as_str() {
            "--data" => StoreLocation::Sqlite(place.into()),
            _ => StoreLocation::Postgres(place.clone()),
        };
        EventLog::open(&location).await.unwrap()
    }

    /// Runs a command that hands a secret over, and gives the secret: the last word of the first line.
    pub(crate) fn handed_over(&self, arguments: &[&str]) -> String {
        let ended = self.world.command(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        let line = ended.output.lines().next().unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    }

    /// A key of a role; a unit's key is U0's.
    pub(crate) fn key(&self, role: Role) -> String {
        let name = role.as_str();
        let mut arguments = vec!["key", "create", name, "--role", name];
        if role == Role::Unit {
            arguments.extend(["--unit", "U0"]);
        }
        self.handed_over(&arguments)
    }

    /// An account with its first password.
    pub(crate) fn account(&self, name: &str, role: Role) -> String {
        let mut arguments = vec!["user", "add", name, "--role", role.as_str()];
        if role == Role::Unit {
            arguments.extend(["--unit", "U0"]);
        }
        self.handed_over(&arguments)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.world.client.request(method, self.world.server.at(path))
    }

    pub(crate) async fn get_as(&self, key: &str, path: &str) -> (StatusCode, Value) {
        read(self.request("GET", path).header(AUTHORIZATION, bearer(key))).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Response {
        let credentials = json!({"name": name, "password": password});
        self.request("POST", "/v1/session")
            .json(&credentials)
            .send()
            .await
            .unwrap()
    }

    /// Signs in with a first password and changes it; gives the cookie.
    pub(crate) async fn settled(&self, name: &str, first: &str) -> String {
        let cookie = cookie_of(&self.sign_in(name, first).await);
        let change = json!({"password": first, "new_password": CHOSEN});
        let request = self
            .request("POST", "/v1/session/password")
            .header(COOKIE, cookie)
            .header("Sec-Fetch-Site", "same-origin")
            .json(&change);
        let changed = request.send().await.unwrap();
        assert_eq!(changed.status(), StatusCode::OK);
        cookie_of(&changed)
    }
}

pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// The cookie that an answer sets, as a browser sends it back.
pub(crate) fn cookie_of(response: &Response) -> String {
    let set = response.headers()[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

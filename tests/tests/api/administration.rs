//! Accounts and keys over HTTP, who changed them, and how the service itself is.

use karez::authorization::Role;
use karez_tests::wait::eventually;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE};
use serde_json::{Value, json};

use crate::office::{Office, bearer};
use crate::world::{On, body, read};

impl Office {
    async fn do_as(&self, key: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.request("POST", path).header(AUTHORIZATION, bearer(key));
        read(request.json(body)).await
    }
}

fn secret(answer: &Value, name: &str) -> String {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

#[tokio::test]
async fn an_administrator_makes_disables_unlocks_and_resets_accounts() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let admin = office.key(Role::Admin);
        let new = json!({"name": "li.wei", "role": "unit", "unit": "U0"});
        let request = office
            .request("POST", "/v1/users")
            .header(AUTHORIZATION, bearer(&admin));
        let made = request.json(&new).send().await.unwrap();
        assert_eq!(made.status(), 201);
        assert_eq!(made.headers()[CACHE_CONTROL], "no-store");
        let made = body(made).await;
        let first = secret(&made, "first_password");
        assert_eq!(
            (&made["state"], &made["unit"]),
            (&json!("first_password"), &json!("U0"))
        );
        let cookie = office.settled("li.wei", &first).await;

        let (status, twice) = office.do_as(&admin, "/v1/users", &new).await;
        assert_eq!((status.as_u16(), &twice["code"]), (409, &json!("name_taken")));
        for (unfit, pointer) in [
            (json!({"name": "a b", "role": "admin"}), "/name"),
            (json!({"name": "a", "role": "unit"}), "/unit"),
            (json!({"name": "a", "role": "boss"}), "/role"),
            (
                json!({"name": "a", "role": "admin", "password": "x"}),
                "/password",
            ),
        ] {
            let (status, refused) = office.do_as(&admin, "/v1/users", &unfit).await;
            assert_eq!(
                (status.as_u16(), &refused["pointer"]),
                (422, &json!(pointer)),
                "{refused}"
            );
        }

        for _ in 0..5 {
            assert_eq!(office.sign_in("li.wei", "wrong").await.status(), 401);
        }
        let state = async || {
            let (_, list) = office.get_as(&admin, "/v1/users").await;
            let items = list["items"].as_array().unwrap().clone();
            let mut found = items.into_iter().filter(|user| user["name"] == "li.wei");
            found.next().unwrap()["state"].clone()
        };
        assert_eq!(state().await, "locked");
        let (_, unlocked) = office.do_as(&admin, "/v1/users/li.wei/unlock", &json!({})).await;
        assert_eq!(unlocked["state"], "active");

        // What is kept beside the log has no tag that the log could move.
        let list = office
            .request("GET", "/v1/users")
            .header(AUTHORIZATION, bearer(&admin));
        assert!(list.send().await.unwrap().headers().get("etag").is_none());

        let (_, disabled) = office.do_as(&admin, "/v1/users/li.wei/disable", &json!({})).await;
        assert_eq!(disabled["state"], "disabled");
        let whoami = office.request("GET", "/v1/session").header(COOKIE, &cookie);
        assert_eq!(read(whoami).await.0, 401, "its sessions end");

        let (_, reset) = office
            .do_as(&admin, "/v1/users/li.wei/reset-password", &json!({}))
            .await;
        let again = secret(&reset, "first_password");
        assert_eq!(office.sign_in("li.wei", &first).await.status(), 401);
        assert_eq!(office.sign_in("li.wei", &again).await.status(), 200);
        let (status, _) = office.do_as(&admin, "/v1/users/nobody/disable", &json!({})).await;
        assert_eq!(status, 404);
    }
}

#[tokio::test]
async fn an_administrator_does_not_shut_the_door_behind_themself() {
    let office = Office::new().await;
    let first = office.account("boss", Role::Admin);
    let cookie = office.settled("boss", &first).await;
    for act in ["disable", "reset-password", "change-role"] {
        let request = office
            .request("POST", &format!("/v1/users/boss/{act}"))
            .json(&json!({"role": "finance"}))
            .header(COOKIE, &cookie)
            .header("X-Karez-Request", "1");
        let (status, refused) = read(request).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (409, &json!("own_account")),
            "{act}"
        );
    }
}

#[tokio::test]
async fn an_account_gets_another_role_and_its_sessions_end() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let admin = office.key(Role::Admin);
        let first = office.account("li.wei", Role::Finance);
        let cookie = office.settled("li.wei", &first).await;
        let address = "/v1/users/li.wei/change-role";
        for (unfit, pointer) in [
            (json!({"role": "unit"}), "/unit"),
            (json!({"role": "auditor", "unit": "U0"}), "/unit"),
            (json!({"role": "boss"}), "/role"),
        ] {
            let (status, refused) = office.do_as(&admin, address, &unfit).await;
            assert_eq!(
                (status.as_u16(), &refused["pointer"]),
                (422, &json!(pointer)),
                "{refused}"
            );
        }
        let to_unit = json!({"role": "unit", "unit": "U0"});
        let (_, changed) = office.do_as(&admin, address, &to_unit).await;
        assert_eq!(
            (&changed["role"], &changed["unit"], &changed["notice"]),
            (&json!("unit"), &json!("U0"), &Value::Null)
        );
        let whoami = office.request("GET", "/v1/session").header(COOKIE, &cookie);
        assert_eq!(read(whoami).await.0, 401, "its sessions end");
        let (_, log) = office.get_as(&admin, "/v1/administration?limit=1").await;
        let last = &log["items"][0];
        assert_eq!(
            (&last["what"], &last["subject"], &last["detail"]),
            (&json!("account_role_changed"), &json!("li.wei"), &to_unit)
        );
        let (status, _) = office
            .do_as(
                &admin,
                "/v1/users/nobody/change-role",
                &json!({"role": "auditor"}),
            )
            .await;
        assert_eq!(status, 404);
    }
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let key = office.key(Role::Admin);
        let (_, list) = office.get_as(&key, "/v1/users").await;
        let others = list["items"].as_array().unwrap().iter();
        let names = others.map(|user| user["name"].as_str().unwrap().to_owned());
        for name in names {
            office
                .do_as(&key, &format!("/v1/users/{name}/disable"), &json!({}))
                .await;
        }
        office.account("boss", Role::Admin);
        let to_auditor = json!({"role": "auditor"});
        let (status, refused) = office
            .do_as(&key, "/v1/users/boss/change-role", &to_auditor)
            .await;
        assert_eq!(
            (status.as_u16(), &refused["code"], &refused["pointer"]),
            (409, &json!("last_administrator"), &json!("/role"))
        );
        let change = ["user", "change-role", "boss", "--role", "auditor"];
        let told = office.world.command(&change);
        assert_ne!(told.code, 0, "{told:?}");
        office.account("deputy", Role::Admin);
        let told = office.world.command(&change);
        assert_eq!(told.code, 0, "{told:?}");
    }
}

#[tokio::test]
async fn a_unit_that_no_record_names_is_pointed_out_and_taken() {
    let office = Office::new().await;
    let admin = office.key(Role::Admin);
    let strange = json!({"name": "new.unit", "role": "unit", "unit": "DEMO-NEW"});
    let (status, made) = office.do_as(&admin, "/v1/users", &strange).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["notice"].as_str().unwrap().contains("DEMO-NEW"), "{made}");
    let key = json!({"label": "erp", "role": "unit", "unit": "DEMO-NEW"});
    let (status, made) = office.do_as(&admin, "/v1/keys", &key).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["notice"].as_str().unwrap().contains("DEMO-NEW"), "{made}");
    let known = json!({"label": "erp-0", "role": "unit", "unit": "U0"});
    let (_, made) = office.do_as(&admin, "/v1/keys", &known).await;
    assert_eq!(made["notice"], Value::Null);
    for create in [["user", "add", "second"], ["key", "create", "second"]] {
        let with = |unit: &'static str| [&create[..], &["--role", "unit", "--unit", unit]].concat();
        let told = office.world.command(&with("DEMO-NEW"));
        assert!(told.code == 0 && told.output.contains("DEMO-NEW"), "{told:?}");
    }
    let told = office
        .world
        .command(&["user", "change-role", "second", "--role", "unit", "--unit", "U0"]);
    assert!(told.code == 0 && told.output.lines().count() == 1, "{told:?}");
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_a_while_and_then_ends() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let admin = office.key(Role::Admin);
        let opens = async |key: &str| office.get_as(key, "/v1/projects").await.0 == 200;
        let new = json!({"label": "erp", "role": "unit", "unit": "U0", "expires_on": "2999-12-31"});
        let (status, made) = office.do_as(&admin, "/v1/keys", &new).await;
        assert_eq!(status, 201, "{made}");
        let (old, id) = (secret(&made, "key"), secret(&made, "key_id"));
        let (_, foreign) = office.get_as(&old, "/v1/projects/P2").await;
        assert_eq!(foreign["code"], "not_found", "it is scoped to its unit");

        let rotate = format!("/v1/keys/{id}/rotate");
        let (status, next) = office.do_as(&admin, &rotate, &json!({})).await;
        assert_eq!(
            (status.as_u16(), &next["expires_at"]),
            (201, &made["expires_at"]),
            "{next}"
        );
        let new_key = secret(&next, "key");
        assert!(
            opens(&old).await && opens(&new_key).await,
            "no program stands before a closed door"
        );
        let (status, twice) = office.do_as(&admin, &rotate, &json!({})).await;
        assert_eq!((status.as_u16(), &twice["code"]), (409, &json!("key_ended")));
        let listed = async |id: &Value| {
            let (_, list) = office.get_as(&admin, "/v1/keys").await;
            let items = list["items"].as_array().unwrap().clone();
            items.into_iter().find(|key| key["key_id"] == *id).unwrap()
        };
        let before = listed(&json!(id)).await;
        assert_eq!(before["state"], "rotated");
        assert!(before["last_used_at"].is_string(), "{before}");

        // The next rotation ends at once, and a key that still overlaps can be ended before its time.
        let rotate = format!("/v1/keys/{}/rotate", secret(&next, "key_id"));
        let (_, last) = office.do_as(&admin, &rotate, &json!({"overlap_hours": 0})).await;
        assert!(!opens(&new_key).await && opens(&secret(&last, "key")).await);
        let (status, revoked) = office
            .do_as(&admin, &format!("/v1/keys/{id}/revoke"), &json!({}))
            .await;
        assert_eq!((status.as_u16(), &revoked["state"]), (200, &json!("revoked")));
        assert!(!opens(&old).await);
        let (status, past) = office
            .do_as(
                &admin,
                "/v1/keys",
                &json!({"label": "b", "role": "finance", "expires_on": "2020-01-01"}),
            )
            .await;
        assert_eq!((status.as_u16(), &past["pointer"]), (422, &json!("/expires_on")));
    }
}

#[tokio::test]
async fn the_command_rotates_with_an_overlap_and_revokes_every_key_of_a_label() {
    let office = Office::new().await;
    let old = office.handed_over(&["key", "create", "erp", "--role", "finance"]);
    let next = office.handed_over(&["key", "rotate", "erp"]);
    for key in [&old, &next] {
        assert_eq!(office.get_as(key, "/v1/projects").await.0, 200);
    }
    let listed = office.world.command(&["key", "list", "--format", "csv"]);
    assert!(listed.output.contains(",erp,finance,,rotated,"), "{listed:?}");
    assert_eq!(office.world.command(&["key", "revoke", "erp"]).code, 0);
    for key in [&old, &next] {
        assert_eq!(office.get_as(key, "/v1/projects").await.0, 401);
    }
}

#[tokio::test]
async fn who_changed_accounts_and_keys_stays_known_without_their_secrets() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let (admin, auditor) = (office.key(Role::Admin), office.key(Role::Auditor));
        let (_, made) = office
            .do_as(&admin, "/v1/users", &json!({"name": "li.wei", "role": "finance"}))
            .await;
        let first = secret(&made, "first_password");
        office.settled("li.wei", &first).await;
        office.do_as(&admin, "/v1/users/li.wei/disable", &json!({})).await;
        let (_, key) = office
            .do_as(&admin, "/v1/keys", &json!({"label": "erp", "role": "finance"}))
            .await;
        let (status, page) = office.get_as(&auditor, "/v1/administration?limit=3").await;
        assert_eq!(status, 200, "{page}");
        let said = |page: &Value| -> Vec<[String; 3]> {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let items = page["items"].as_array().unwrap().iter();
            items
                .map(|item| ["actor", "what", "subject"].map(|name| text(&item[name])))
                .collect()
        };
        assert_eq!(
            said(&page),
            [
                ["key:admin", "key_created", "key:erp"],
                ["key:admin", "account_disabled", "li.wei"],
                ["li.wei", "password_changed", "li.wei"],
            ]
        );
        let next = format!(
            "/v1/administration?limit=3&cursor={}",
            page["next_cursor"].as_str().unwrap()
        );
        let (_, before) = office.get_as(&auditor, &next).await;
        assert_eq!(said(&before)[0], ["key:admin", "account_added", "li.wei"]);
        assert_eq!(said(&before)[1], ["console", "key_created", "key:auditor"]);
        let told = office.world.command(&["audit", "administration"]);
        assert!(
            told.output.contains("first start account_added admin"),
            "{told:?}"
        );
        let all = format!(
            "{page}{before}{}{}",
            told.output,
            office.world.server.all_messages()
        );
        for hidden in [first.as_str(), secret(&key, "key").rsplit('_').next().unwrap()] {
            assert!(!all.contains(hidden), "{all}");
        }
    }
}

#[tokio::test]
async fn the_service_says_how_far_it_is_and_what_it_takes() {
    for on in [On::Sqlite, On::Postgres] {
        let office = Office::on(on).await;
        let key = office.key(Role::Supervisor);
        let (status, system) = office.get_as(&key, "/v1/system").await;
        assert_eq!(status, 200, "{system}");
        let (backend, knows_disk) = match on {
            On::Sqlite | On::SqliteAndNats => ("sqlite", true),
            On::Postgres => ("postgres", false),
        };
        assert_eq!(system["store"]["backend"], backend);
        assert!(system["store"]["size_bytes"].as_u64().unwrap() > 0);
        assert_eq!(system["store"]["free_bytes"].is_u64(), knows_disk, "{system}");
        assert_eq!(system["log_position"], 16);
        let is_current = || async {
            let (_, system) = office.get_as(&key, "/v1/system").await;
            (system["lag_positions"] == 0 && system["position"] == 16).then_some(())
        };
        eventually(
            "nothing is left to fold",
            std::time::Duration::from_mins(1),
            is_current,
        )
        .await
        .unwrap();
    }
}

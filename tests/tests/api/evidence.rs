//! What an auditor takes away checks without karez, and tells when anything in it was changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use karez::authorization::Role;
use karez_events::chain::hash_of;
use karez_events::merkle::{leaf, verify_consistency, verify_inclusion};
use karez_events::{Hash, HashAlgorithm};
use karez_tests::program::run;
use karez_tests::wait::eventually;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::office::{Office, bearer};
use crate::world::{On, World, facts, read};

fn hash(value: &Value) -> Hash {
    let text = value.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    Hash::try_from((0..64).step_by(2).map(byte).collect::<Vec<_>>().as_slice()).unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn unpacked(pack: &Path) -> PathBuf {
    let folder = pack.with_extension("");
    let unpacked = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .args([pack, &folder])
        .status();
    assert!(unpacked.unwrap().success());
    folder
}

/// Whether the pack's own program finds it sound, and what it says.
fn checked(folder: &Path, key: &[&str]) -> (bool, String) {
    let program = Command::new("python3")
        .arg(folder.join("verify.py"))
        .args(key)
        .output()
        .unwrap();
    let said = [program.stdout, program.stderr].concat();
    (program.status.success(), String::from_utf8(said).unwrap())
}

fn changed(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}: {text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test]
async fn a_pack_taken_over_http_checks_without_karez() {
    for on in [On::Sqlite, On::Postgres] {
        let world = World::on(on).await;
        for (query, events, project) in [
            ("", 16, "项目1"),
            ("?project=P1", 5, "项目0"),
            ("?fund=KJ", 16, "项目1"),
        ] {
            let response = world
                .client
                .get(world.server.at(&format!("/v1/audit/export{query}")))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["content-type"], "application/zip");
            let pack = world.folder.path().join(format!("pack{}.zip", query.len()));
            std::fs::write(&pack, response.bytes().await.unwrap()).unwrap();
            let folder = unpacked(&pack);
            let (is_sound, said) = checked(&folder, &[]);
            assert!(is_sound, "{said}");
            assert!(said.contains(&format!("{events} events")), "{said}");
            let lines = std::fs::read_to_string(folder.join("events.ndjson")).unwrap();
            assert!(lines.contains(project), "{lines}");
            changed(&folder, "events.ndjson", project, "项目9");
            let (is_sound, said) = checked(&folder, &[]);
            assert!(!is_sound && said.contains("was altered"), "{said}");
        }
        let (status, unknown) = world.get("/v1/audit/export?project=P9").await;
        assert_eq!((status.as_u16(), &unknown["code"]), (404, &json!("not_found")));
    }
}

/// A store with another hash function, and a rule set published at position 17.
struct Chained {
    folder: tempfile::TempDir,
}

impl Chained {
    fn with(algorithm: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("[store]\nhash_algorithm = \"{algorithm}\"\n");
        std::fs::write(folder.path().join("karez.toml"), settings).unwrap();
        let rules = folder.path().join("rules.toml");
        std::fs::write(&rules, "off = [\"late_entry\"]\n").unwrap();
        let chained = Self { folder };
        chained.command(&["post", "-"], &facts());
        let rules = rules.to_str().unwrap();
        chained.command(
            &["rules", "publish", rules, "--author", "a", "--publisher", "b"],
            "",
        );
        chained
    }

    fn command(&self, arguments: &[&str], input: &str) {
        let data = self.folder.path().to_str().unwrap();
        let ended = run(&[arguments, &["--data", data]].concat(), input).unwrap();
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    /// A pack about P1, unpacked.
    fn pack(&self, name: &str) -> PathBuf {
        let pack = self.folder.path().join(format!("{name}.zip"));
        let out = pack.to_str().unwrap();
        self.command(&["audit", "export", "--project", "P1", "--out", out], "");
        unpacked(&pack)
    }
}

#[test]
fn whatever_is_changed_in_a_pack_is_told() {
    let changes = [
        ("events.ndjson", "60000.00", "90000.00", "was altered"),
        (
            "events.ndjson",
            "\\\"version\\\":2",
            "\\\"version\\\":3",
            "was altered",
        ),
        (
            "rules/17.toml",
            "late_entry",
            "idle_funds",
            "is not what was published",
        ),
        ("checkpoint.txt", "\n17\n", "\n18\n", "signature"),
        ("key.txt", "karez/", "karez-", "does not fit"),
    ];
    for algorithm in ["sha256", "sm3"] {
        let chained = Chained::with(algorithm);
        for (number, (file, from, to, told)) in changes.into_iter().enumerate() {
            let pack = chained.pack(&number.to_string());
            let (is_sound, said) = checked(&pack, &[]);
            assert!(is_sound && said.contains(algorithm), "{said}");
            changed(&pack, file, from, to);
            let (is_sound, said) = checked(&pack, &[]);
            assert!(!is_sound && said.contains(told), "{file} {to}: {said}");
        }
    }
}

#[test]
fn a_line_left_out_and_another_log_s_key_are_told() {
    let chained = Chained::with("sha256");
    let pack = chained.pack("other");
    let theirs = std::fs::read_to_string(Chained::with("sha256").pack("theirs").join("key.txt")).unwrap();
    let (is_sound, said) = checked(&pack, &[theirs.trim()]);
    assert!(!is_sound && said.contains("not signed by this key"), "{said}");
    let lines = std::fs::read_to_string(pack.join("events.ndjson")).unwrap();
    let fourth = lines.lines().nth(3).unwrap();
    std::fs::write(
        pack.join("events.ndjson"),
        lines.replace(&format!("{fourth}\n"), ""),
    )
    .unwrap();
    let (is_sound, said) = checked(&pack, &[]);
    assert!(!is_sound && said.contains("is missing"), "{said}");
}

#[tokio::test]
async fn an_event_is_proved_under_a_checkpoint_that_goes_on_from_an_earlier_one() {
    let world = World::new().await;
    let (status, earlier) = world.get("/v1/audit/checkpoint").await;
    assert_eq!((status.as_u16(), &earlier["size"]), (200, &json!(16)));
    let spent = r#"{"occurred_on": "2024-05-06", "amount": "10.00"}"#;
    let (_, receipt) = read(world.spend("P1", "v1", spent)).await;
    let (status, later) = read(world.post("/v1/audit/checkpoint", &json!({}))).await;
    assert_eq!((status.as_u16(), &later["size"]), (201, &json!(17)));
    let (_, shown) = world.get("/v1/audit/checkpoint?since=16").await;
    let algorithm = HashAlgorithm::Sha256;
    let (old, new) = (hash(&earlier["root"]), hash(&later["root"]));
    let proof = hashes(&shown["consistency"]);
    assert!(verify_consistency(algorithm, (16, &old), (17, &new), &proof));
    let (status, beyond) = world.get("/v1/audit/checkpoint?since=99").await;
    assert_eq!((status.as_u16(), &beyond["parameter"]), (400, &json!("since")));

    let event_id = receipt["event_id"].as_str().unwrap();
    let (_, proof) = world.get(&format!("/v1/audit/proof/{event_id}")).await;
    let text = |name: &str| proof[name].as_str().unwrap().as_bytes();
    let previous = hash(&proof["previous_hash"]);
    let parts = [text("header"), text("payload"), text("metadata")].join(&b'\n');
    let chained = hash_of(algorithm, &[&previous.0, &parts]);
    assert_eq!(chained, hash(&proof["hash"]));
    let (leaf, way) = (leaf(algorithm, &chained), hashes(&proof["proof"]));
    assert!(verify_inclusion(algorithm, &leaf, (16, 17), &way, &new));
    assert_eq!(proof["checkpoint"]["note"], later["note"]);
    let printed = world.command(&["audit", "proof", event_id]);
    let printed: Value = serde_json::from_str(&printed.output).unwrap();
    assert_eq!(printed, proof);
}

#[tokio::test]
async fn a_checkpoint_kept_elsewhere_is_held_against_the_log() {
    let world = World::new().await;
    let printed = world.command(&["audit", "checkpoint"]);
    assert!(
        printed.output.contains("public key: karez/sha256/"),
        "{printed:?}"
    );
    let kept = world.folder.path().join("kept.txt");
    std::fs::write(&kept, &printed.output).unwrap();
    let kept = kept.to_str().unwrap();
    let verified = world.command(&["audit", "verify", "--checkpoint", kept]);
    assert_eq!(verified.code, 0, "{verified:?}");
    std::fs::write(kept, printed.output.replacen("\n16\n", "\n15\n", 1)).unwrap();
    let verified = world.command(&["audit", "verify", "--checkpoint", kept]);
    assert_eq!(verified.code, 1);
    assert!(verified.output.contains("was altered"), "{verified:?}");
    let other = World::new().await.command(&["audit", "checkpoint"]).output;
    std::fs::write(kept, other).unwrap();
    let verified = world.command(&["audit", "verify", "--checkpoint", kept]);
    assert!(
        verified.code == 1 && verified.output.contains("not signed by the key"),
        "{verified:?}"
    );
}

#[tokio::test]
async fn a_check_of_the_whole_log_is_begun_and_asked_about() {
    let world = World::new().await;
    let (_, none) = world.get("/v1/audit/verify").await;
    assert_eq!(none["state"], "none");
    let (status, begun) = read(world.post("/v1/audit/verify", &json!({}))).await;
    assert_eq!((status.as_u16(), begun["began_at"].is_string()), (202, true));
    let ended = eventually("the check ends", Duration::from_mins(1), || async {
        let (_, view) = world.get("/v1/audit/verify").await;
        (view["state"] == "done").then_some(view)
    });
    let view = ended.await.unwrap();
    assert_eq!(
        (
            &view["is_sound"],
            &view["position"],
            &view["of"],
            &view["streams"]
        ),
        (&json!(true), &json!(16), &json!(16), &json!(4)),
        "{view}"
    );
}

#[tokio::test]
async fn the_server_signs_a_checkpoint_by_itself() {
    let office = Office::new().await;
    let log = office.log().await;
    let kept = eventually("the day's checkpoint", Duration::from_mins(1), || async {
        log.newest_checkpoint().await.unwrap()
    });
    assert_eq!(kept.await.unwrap().size, 16);
}

#[tokio::test]
async fn who_looked_at_what_is_shown_to_those_who_watch_over_it() {
    let office = Office::new().await;
    let auditor = office.key(Role::Auditor);
    office.get_as(&auditor, "/v1/projects/P1?as_of=2024-12-31").await;
    let (status, reads) = office.get_as(&office.key(Role::Admin), "/v1/audit/reads").await;
    assert_eq!(status, 200);
    let newest = &reads["items"][0];
    assert_eq!(
        (&newest["reader"], &newest["address"], &newest["status"]),
        (
            &json!("key:auditor"),
            &json!("/v1/projects/P1?as_of=2024-12-31"),
            &json!(200)
        )
    );
    let refused = office
        .request("GET", "/v1/audit/reads")
        .header(AUTHORIZATION, bearer(&office.key(Role::Finance)));
    assert_eq!(refused.send().await.unwrap().status(), 403);
}

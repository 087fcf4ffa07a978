//! What the README tells a newcomer to post works as it stands there.

use std::process::Command;

use karez::authorization::Role;
use karez::demo::accounts::PASSWORD;
use karez_tests::program::{binary, run};
use karez_tests::server::Server;

/// The address in the README.
const SERVED: &str = "http://127.0.0.1:8080";

/// The blocks of a language in a section of the README.
fn codes(section: &str, language: &str) -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once(&format!("## {section}\n")).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let begins = format!("```{language}\n");
    let blocks = section.split(&begins).skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0.to_owned())
        .collect()
}

fn execute(program: &str, code: &str, key: &str) -> String {
    let mut command = Command::new(program);
    let ended = command.args(["-c", code]).env("KAREZ_KEY", key).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        ended.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    said
}

#[test]
fn the_table_of_roles_is_that_of_the_service() {
    let printed = run(&["user", "roles"], "").unwrap();
    assert_eq!(printed.code, 0, "{printed:?}");
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(&printed.output),
        "put this into README.md:\n{}",
        printed.output
    );
}

#[tokio::test]
async fn a_newcomer_posts_a_first_expenditure() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let filled = run(&["demo", "--accounts", "--data", data], "").unwrap();
    assert_eq!(filled.code, 0, "{filled:?}");
    let server = Server::start(["--data", data]).await.unwrap();
    let here = |code: &String| {
        code.replace(SERVED, &server.url())
            .replace("target/release/karez", binary().unwrap().to_str().unwrap())
            .replace("data/demo", data)
    };
    let blocks = |language: &str| -> Vec<String> {
        codes("Post your first expenditure", language)
            .iter()
            .map(here)
            .collect()
    };
    let [key, post] = blocks("sh").try_into().unwrap();
    let key = execute("sh", &format!("{key}\nprintf %s \"$KAREZ_KEY\""), "");
    assert!(key.starts_with("karez_"), "a key is handed over: {key}");

    let receipt: serde_json::Value = serde_json::from_str(&execute("sh", &post, &key)).unwrap();
    assert_eq!(
        (&receipt["stream"], &receipt["replayed"]),
        (&"project/TLF-2022-001".into(), &false.into())
    );
    let again: serde_json::Value = serde_json::from_str(&execute("sh", &post, &key)).unwrap();
    assert_eq!(again["replayed"], true);

    let said = execute("python3", &blocks("python").concat(), &key);
    assert!(said.contains("red"), "the preview warns: {said}");
    assert!(said.lines().last().unwrap().starts_with("recorded "), "{said}");
}

#[tokio::test]
async fn the_demonstration_is_signed_into_as_each_role() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let filled = run(&["demo", "--accounts", "--data", data], "").unwrap();
    assert_eq!(filled.code, 0, "{filled:?}");
    let server = Server::start(["--data", data]).await.unwrap();
    for role in Role::ALL {
        let name = format!("demo-{role}");
        assert!(
            include_str!("../../../README.md").contains(&format!("`{name}`")),
            "{name}"
        );
        let credentials = serde_json::json!({"name": name, "password": PASSWORD});
        let request = karez_tests::http::client().post(server.at("/v1/session"));
        let session: serde_json::Value = request
            .json(&credentials)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(session["role"], role.as_str(), "{session}");
        assert_eq!(session["must_change_password"], false);
    }
}

#[test]
fn published_passwords_do_not_meet_other_machines() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    run(&["demo", "--accounts", "--data", data], "").unwrap();
    std::fs::write(
        folder.path().join("karez.toml"),
        "[gateway]\nbehind_proxy = true\n",
    )
    .unwrap();
    let refused = run(&["serve", "--listen", "127.0.0.1:0", "--data", data], "").unwrap();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.errors.contains("demo-"), "{refused:?}");
}

//! What the README tells a newcomer to post works as it stands there.

use std::process::Command;

use karez_tests::program::run;
use karez_tests::server::Server;

use crate::world::body;

/// The address in the README.
const SERVED: &str = "http://127.0.0.1:8080";

/// The code of a language in a section of the README.
fn code(section: &str, language: &str) -> String {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once(&format!("## {section}\n")).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (_, code) = section.split_once(&format!("```{language}\n")).unwrap();
    code.split_once("```").unwrap().0.to_owned()
}

fn execute(program: &str, code: &str) -> String {
    let ended = Command::new(program).args(["-c", code]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        ended.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    said
}

#[tokio::test]
async fn a_newcomer_posts_a_first_expenditure() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let filled = run(&["demo", "--data", data], "").unwrap();
    assert_eq!(filled.code, 0, "{filled:?}");
    let server = Server::start(["--data", data]).await.unwrap();
    let here = |language: &str| code("Post your first expenditure", language).replace(SERVED, &server.url());

    let receipt: serde_json::Value = serde_json::from_str(&execute("sh", &here("sh"))).unwrap();
    assert_eq!(
        (&receipt["stream"], &receipt["replayed"]),
        (&"project/TLF-2022-001".into(), &false.into())
    );
    let again: serde_json::Value = serde_json::from_str(&execute("sh", &here("sh"))).unwrap();
    assert_eq!(again["replayed"], true);

    let said = execute("python3", &here("python"));
    assert!(said.contains("red"), "the preview warns: {said}");
    assert!(said.lines().last().unwrap().starts_with("recorded "), "{said}");
    let project = karez_tests::http::get(server.at("/v1/projects/TLF-2022-001"))
        .await
        .unwrap();
    assert_eq!(body(project).await["id"], "TLF-2022-001");
}

//! Where the service may listen, and how it begins.

use std::io::BufRead;
use std::process::{Child, Stdio};
use std::time::Duration;

use karez_tests::http::{client_trusting, get};
use karez_tests::program::{command, run};
use karez_tests::wait::eventually;
use reqwest::header::SET_COOKIE;
use serde_json::json;

fn settings(folder: &tempfile::TempDir, text: &str) -> [String; 4] {
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, text).unwrap();
    let data = folder.path().join("data");
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    [
        "--config".to_owned(),
        text(&file),
        "--data".to_owned(),
        text(&data),
    ]
}

/// A server that says where it listens, ended with the test.
struct Started {
    child: Child,
    said: String,
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts a server, and waits for the first lines that it says.
fn started(arguments: &[String; 4], lines: usize) -> Started {
    let mut child = command(&["serve", "--listen", "127.0.0.1:0"])
        .unwrap()
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    let said: Vec<String> = output.lines().take(lines).map(Result::unwrap).collect();
    Started {
        child,
        said: said.join("\n"),
    }
}

fn said_at_the_start(arguments: &[String; 4], lines: usize) -> String {
    started(arguments, lines).said.clone()
}

#[test]
fn nothing_listens_for_other_machines_in_the_clear_or_for_anybody() {
    let folder = tempfile::tempdir().unwrap();
    for (text, said) in [
        ("", "certificate_file"),
        ("[gateway]\nauthentication = \"required\"\n", "behind_proxy"),
        (
            "[gateway]\nauthentication = \"none\"\nbehind_proxy = true\n",
            "authentication = \"required\"",
        ),
        (
            "[gateway]\ncertificate_file = \"no-such.pem\"\nkey_file = \"no-such.key\"\n",
            "no-such.pem",
        ),
    ] {
        let [config, file, data, place] = settings(&folder, text);
        let arguments = ["serve", "--listen", "0.0.0.0:0", &config, &file, &data, &place];
        let ended = run(&arguments, "").unwrap();
        assert_eq!(ended.code, 3, "{text}: {ended:?}");
        assert!(ended.errors.contains(said), "{text}: {ended:?}");
    }
    let [config, file, data, place] = settings(&folder, "[gateway]\nauthentication = \"maybe\"\n");
    let ended = run(&["serve", &config, &file, &data, &place], "").unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
}

#[test]
fn the_first_start_makes_an_administrator_and_tells_the_password_once() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = settings(
        &folder,
        "[gateway]\nauthentication = \"required\"\n[sentinel]\ndaily_at = \"\"\n",
    );
    let first = said_at_the_start(&arguments, 2);
    assert!(
        first.contains("The first account is admin with the password "),
        "{first}"
    );
    let second = said_at_the_start(&arguments, 2);
    assert!(
        second.contains("Callers sign in") && !second.contains("password"),
        "{second}"
    );
    let [config, file, data, place] = &arguments;
    let listed = run(
        &["user", "list", "--format", "csv", config, file, data, place],
        "",
    )
    .unwrap();
    assert!(
        listed.output.contains("admin,admin,,first password"),
        "{listed:?}"
    );
}

#[test]
fn without_accounts_the_start_says_that_this_machine_alone_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = settings(&folder, "[sentinel]\ndaily_at = \"\"\n");
    let said = said_at_the_start(&arguments, 2);
    assert!(said.contains("open on this machine only"), "{said}");
}

#[tokio::test]
async fn the_figures_of_today_are_added_up_before_somebody_asks() {
    let folder = tempfile::tempdir().unwrap();
    let server = started(&settings(&folder, "[sentinel]\ndaily_at = \"\"\n"), 1);
    let (_, port) = server.said.split_once("http://127.0.0.1:").unwrap();
    let metrics = format!("http://127.0.0.1:{}/metrics", port.split(' ').next().unwrap());
    eventually("today's figures", Duration::from_mins(1), async || {
        let said = get(&metrics).await.ok()?.text().await.ok()?;
        let is_ready = said.contains("karez_follower_lag_positions{follower=\"figures\"} 0");
        is_ready.then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn with_a_certificate_it_speaks_https_and_its_cookie_stays_there() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let text = format!(
        "[gateway]\nauthentication = \"required\"\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n"
    );
    let server = started(&settings(&folder, &text), 2);
    let (_, port) = server.said.split_once("https://127.0.0.1:").unwrap();
    let port = port.split(' ').next().unwrap();
    let password = server.said.rsplit(' ').next().unwrap();
    let client = client_trusting(&own.cert.pem()).unwrap();
    let signed_in = client
        .post(format!("https://localhost:{port}/v1/session"))
        .json(&json!({"name": "admin", "password": password}))
        .send()
        .await
        .unwrap();
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    // Who speaks no TLS, or only begins to, holds up nobody.
    let silent = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let plain = karez_tests::http::get(format!("http://127.0.0.1:{port}/healthz")).await;
    assert!(plain.is_err(), "{plain:?}");
    let alive = client
        .get(format!("https://localhost:{port}/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), 200);
    drop(silent);
}

//! A real `PostgreSQL` server for tests: its own data directory, a Unix socket, a database for every test.
//!
//! The server cannot outlive the tests, however they end: a shell keeps it, and stops it as soon as the pipe to
//! this process closes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::sync::OnceCell;

const LONGEST_START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// `$1` the server program, `$2` the folder of the server, then its settings. Starts the server again when it dies,
/// until standard input ends; then stops it and removes the folder.
const KEEPER: &str = r#"
trap '' INT
server=$1; folder=$2; shift 2
(
    while [ ! -e "$folder/stop" ]; do
        "$server" -D "$folder/data" "$@" >>"$folder/log" 2>&1
        sleep 0.2
    done
) </dev/null &
cat >/dev/null
touch "$folder/stop"
kill -INT "$(head -n 1 "$folder/data/postmaster.pid")" 2>/dev/null
wait
rm -rf "$folder"
"#;

/// A running server; dropping it stops it and removes its files.
pub struct Postgres {
    keeper: Child,
    folder: PathBuf,
    databases: AtomicU32,
}

static SHARED: OnceCell<Postgres> = OnceCell::const_new();

impl Postgres {
    /// The server that the tests of this process share; for tests that do not stop it.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn shared() -> Result<&'static Self> {
        // Without fsync: these tests end their processes, not the power.
        SHARED
            .get_or_try_init(|| Self::start(&["fsync=off", "max_connections=200"]))
            .await
    }

    /// Starts a server with settings such as `fsync=off`.
    ///
    /// # Errors
    /// When `PostgreSQL` is not installed, or does not start; the message has the server's own words.
    pub async fn start(settings: &[&str]) -> Result<Self> {
        let programs = programs()?;
        // A short path: the name of a Unix socket has at most 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("karez-pg-")
            .tempdir_in("/tmp")?
            .keep();
        let as_root = fs::metadata(&folder)?.uid() == 0;
        if as_root {
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let mut initdb = unprivileged(as_root, &programs.join("initdb"));
        initdb.arg("-D").arg(folder.join("data"));
        run(initdb.args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]))?;
        let mut keeper = unprivileged(as_root, Path::new("sh"));
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(programs.join("postgres"))
            .arg(&folder);
        keeper
            .args(["-c", "listen_addresses="])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()));
        for setting in settings {
            keeper.args(["-c", setting]);
        }
        let keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("starting PostgreSQL")?;
        let server = Self {
            keeper,
            folder,
            databases: AtomicU32::new(0),
        };
        server.ready(None).await?;
        Ok(server)
    }

    /// Makes an empty database and gives its URL.
    ///
    /// # Errors
    /// What the server says.
    pub async fn database(&self) -> Result<String> {
        let name = format!("karez_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let options: sqlx::postgres::PgConnectOptions = self.url("postgres").parse()?;
        let mut connection: PgConnection = options.connect().await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(self.url(&name))
    }

    /// The folder of its Unix socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user=postgres",
            self.folder.display()
        )
    }

    /// Kills the server as a power cut would (the disk stays), and waits until it has started again.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_and_recover(&self) -> Result<()> {
        let Some(pid) = self.pid() else {
            bail!("the server is not running")
        };
        run(Command::new("kill").args(["-KILL", &pid]))?;
        self.ready(Some(&pid)).await
    }

    /// The first line of the server's own file; its eighth says "ready" when it takes connections.
    fn pid(&self) -> Option<String> {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.to_owned();
        (lines.nth(6)?.trim() == "ready").then_some(pid)
    }

    async fn ready(&self, not: Option<&str>) -> Result<()> {
        let mut waited = Duration::ZERO;
        while self.pid().is_none_or(|pid| Some(pid.as_str()) == not) {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            ensure!(waited < LONGEST_START, "PostgreSQL did not start:\n{}", log());
            tokio::time::sleep(POLL).await;
            waited += POLL;
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended = self.keeper.wait();
    }
}

/// The folder with the programs of the newest `PostgreSQL`.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").is_file())
        .max_by_key(|programs| {
            let version = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str());
            version.and_then(|version| version.parse::<u32>().ok())
        })
        .context(
            "PostgreSQL is not installed (nothing in /usr/lib/postgresql/*/bin), and these tests need the real one: \
             `make test` installs it, or `apt-get install postgresql`",
        )
}

/// `PostgreSQL` refuses to run as root; then it runs as the user postgres, whom its package makes.
fn unprivileged(as_root: bool, program: &Path) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command
        .args(["-u", "postgres", "--"])
        .arg(program)
        .current_dir("/");
    command
}

fn run(command: &mut Command) -> Result<()> {
    let done = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(
        done.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

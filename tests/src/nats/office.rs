//! NATS as an office sets it up from `deploy/nats/`: those very files, with keys and certificates of its own.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use async_nats::{Client, ConnectOptions};
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair as TlsKey};
use tempfile::TempDir;

use super::{NatsServer, program};
use crate::server::free_port;

/// Who has a key in `deploy/nats/accounts.conf`, and under which name.
pub const KAREZ: &str = "KAREZ_KEY";
/// A unit with an account.
pub const UNIT_A: &str = "UNIT_91650400A_KEY";
/// Another one.
pub const UNIT_B: &str = "UNIT_91650400B_KEY";

/// The folder of an office's NATS, and the servers that run from it.
#[derive(Debug)]
pub struct NatsOffice {
    folder: TempDir,
    servers: Vec<NatsServer>,
}

impl NatsOffice {
    /// Copies the shipped files and makes keys and certificates, as their heads say.
    ///
    /// # Errors
    /// The files cannot be written, or NATS finds fault with them.
    pub fn set_up() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nats");
        for file in std::fs::read_dir(&shipped)? {
            let file = file?;
            // Somebody's own certificates are no part of what is shipped.
            if file.file_type()?.is_dir() {
                continue;
            }
            std::fs::copy(file.path(), folder.path().join(file.file_name()))?;
        }
        let mut public = String::new();
        for name in [KAREZ, UNIT_A, UNIT_B] {
            let key = KeyPair::new_user();
            std::fs::write(folder.path().join(format!("{name}.seed")), key.seed()?)?;
            writeln!(public, "{name} = \"{}\"", key.public_key())?;
        }
        std::fs::write(folder.path().join("keys.conf"), public)?;
        write_certificates(&folder.path().join("tls"))?;
        Ok(Self {
            folder,
            servers: vec![],
        })
    }

    /// Whether NATS takes a file as it is, by its own check.
    ///
    /// # Errors
    /// It does not; the message has its words.
    pub fn check(&self, file: &str) -> Result<()> {
        let checked = Command::new(program()?.canonicalize()?)
            .current_dir(self.folder.path())
            .args(["-t", "-c", file])
            .env("NATS_STORE_DIR", self.folder.path())
            .output()?;
        let said = String::from_utf8_lossy(&checked.stderr);
        ensure!(checked.status.success(), "{said}");
        Ok(())
    }

    /// Starts the one server of `server.conf`.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_one(&mut self) -> Result<()> {
        let server = NatsServer::start_in(self.folder.path(), &["-c", "server.conf"]).await?;
        self.servers.push(server);
        Ok(())
    }

    /// Starts the three servers of `cluster.conf`, on this machine.
    ///
    /// # Errors
    /// They do not start.
    pub async fn start_three(&mut self) -> Result<()> {
        let ports = [free_port()?, free_port()?, free_port()?];
        let at = ports.map(|port| format!("nats://127.0.0.1:{port}"));
        let routes = at.join(",");
        for (name, at) in ["nats-1", "nats-2", "nats-3"].into_iter().zip(&at) {
            let arguments = [
                "-c",
                "cluster.conf",
                "-n",
                name,
                "--cluster",
                at,
                "--routes",
                &routes,
            ];
            let server = NatsServer::start_in(self.folder.path(), &arguments).await?;
            self.servers.push(server);
        }
        Ok(())
    }

    /// Kills one of the servers, as a power cut would.
    pub fn kill_one(&mut self) {
        if let Some(server) = self.servers.last_mut() {
            server.kill();
        }
    }

    /// The servers, as karez and programs are told of them.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }

    /// The file with the seed of somebody's key.
    #[must_use]
    pub fn seed_file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.seed"))
    }

    /// The certificate of the authority.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("tls/ca.pem")
    }

    /// How somebody connects who trusts the authority and has no key.
    #[must_use]
    pub fn stranger(&self) -> ConnectOptions {
        // The process has chosen it already when another test came first.
        drop(rustls::crypto::ring::default_provider().install_default());
        ConnectOptions::new()
            .require_tls(true)
            .add_root_certificates(self.authority())
    }

    /// Connects somebody by their key.
    ///
    /// # Errors
    /// NATS does not let them in.
    pub async fn connect(&self, name: &str) -> Result<Client> {
        let seed = std::fs::read_to_string(self.seed_file(name))?;
        let connected = self.stranger().nkey(seed).connect(self.urls()).await;
        connected.context("a key of keys.conf lets nobody in")
    }
}

/// An authority, and a certificate for the servers by which they also know each other.
fn write_certificates(folder: &Path) -> Result<()> {
    std::fs::create_dir(folder)?;
    let authority_key = TlsKey::generate()?;
    let mut params = CertificateParams::new(vec![])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);
    let key = TlsKey::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    server.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let certificate = server.signed_by(&key, &issuer)?;
    std::fs::write(folder.join("ca.pem"), authority.pem())?;
    std::fs::write(folder.join("server.pem"), certificate.pem())?;
    std::fs::write(folder.join("server.key"), key.serialize_pem())?;
    Ok(())
}

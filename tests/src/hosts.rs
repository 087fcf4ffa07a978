//! Hosts of a network of their own on this machine: network namespaces on one bridge, gone with their guard. Each can be cut
//! off as by a pulled cable: nothing is refused, nothing arrives.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

/// Networks that this process has made.
static NETWORKS: AtomicU32 = AtomicU32::new(0);

/// Some hosts and the bridge that joins them to this machine.
#[derive(Debug)]
pub struct Hosts {
    name: String,
    hosts: Vec<Host>,
}

/// One host. Copies are the same one.
#[derive(Debug, Clone)]
pub struct Host {
    namespace: String,
    /// Its end of the cable that is on the bridge.
    cable: String,
    address: String,
}

impl Hosts {
    /// `None`, said on standard error, where this user may make no networks.
    #[must_use]
    pub fn try_new(count: u8) -> Option<Self> {
        let number = NETWORKS.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        // Two processes draw two networks, most likely; where not, the second may make none.
        let network = format!("10.231.{}", (u64::from(pid) * 31 + u64::from(number)) % 256);
        let mut made = Self {
            name: format!("kz{pid}x{number}"),
            hosts: Vec::new(),
        };
        match made.build(&network, count) {
            Ok(()) => Some(made),
            Err(error) => {
                eprintln!("no network of several hosts here: {error:#}");
                None
            }
        }
    }

    fn build(&mut self, network: &str, count: u8) -> Result<()> {
        let bridge = self.name.clone();
        ip(&["link", "add", &bridge, "type", "bridge"])?;
        ip(&["address", "add", &format!("{network}.254/24"), "dev", &bridge])?;
        ip(&["link", "set", &bridge, "up"])?;
        for number in 1..=count {
            let host = Host {
                namespace: format!("{bridge}h{number}"),
                cable: format!("{bridge}c{number}"),
                address: format!("{network}.{number}"),
            };
            ip(&["netns", "add", &host.namespace])?;
            self.hosts.push(host.clone());
            let Host {
                namespace,
                cable,
                address,
            } = host;
            let far_end = ["type", "veth", "peer", "name", "eth0", "netns", &namespace];
            ip(&[["link", "add", &cable].as_slice(), &far_end].concat())?;
            ip(&["link", "set", &cable, "master", &bridge, "up"])?;
            let inside = |arguments: &[&str]| ip(&[["-n", &namespace].as_slice(), arguments].concat());
            inside(&["address", "add", &format!("{address}/24"), "dev", "eth0"])?;
            inside(&["link", "set", "eth0", "up"])?;
            inside(&["link", "set", "lo", "up"])?;
        }
        Ok(())
    }

    /// The hosts.
    #[must_use]
    pub fn all(&self) -> &[Host] {
        &self.hosts
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // What was not made cannot be removed either.
        for host in &self.hosts {
            drop(ip(&["netns", "delete", &host.namespace]));
        }
        drop(ip(&["link", "delete", &self.name]));
    }
}

impl Host {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A program that will run on it.
    #[must_use]
    pub fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }

    /// Pulls its cable.
    ///
    /// # Errors
    /// There is no such host any more.
    pub fn cut(&self) -> Result<()> {
        ip(&["link", "set", &self.cable, "down"])
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// As [`Host::cut`].
    pub fn mend(&self) -> Result<()> {
        ip(&["link", "set", &self.cable, "up"])
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let ended = Command::new("ip")
        .args(arguments)
        .output()
        .context("ip does not start: iproute2 has it")?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(
        ended.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        said.trim()
    );
    Ok(())
}

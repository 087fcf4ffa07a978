//! What a command works with: settings, store, clock, language.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

use karez_events::Position;
use karez_projections::Portfolio;

use super::Globals;
use crate::clock::Clock;
use crate::config::Config;
use crate::language::Language;
use crate::replay::load_portfolio;
use crate::store::{By, CONSOLE, EventLog, LOG_FILTER, LogSettings, StoreError, StoreLocation};
use crate::telemetry::init_logging;
use crate::trouble::Trouble;

/// A configuration file of this name in the data folder is read where none is given.
const CONFIG_NAME: &str = "karez.toml";

/// What a command works with.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) location: StoreLocation,
    pub(super) clock: Clock,
    pub(super) language: Language,
}

impl Context {
    /// Who changes accounts and keys by a command: whoever could reach the store.
    pub(super) fn by(&self) -> By<'static> {
        By {
            actor: CONSOLE,
            at: self.clock.now(),
        }
    }

    pub(super) fn read(globals: &Globals) -> Result<Self, Trouble> {
        let mut config = match &globals.config {
            Some(path) => Config::read(path)?,
            None => beside_data(globals)?,
        };
        if globals.data.is_some() && globals.database.is_some() {
            return Err(Trouble::wrong_use(
                "--data and --database both name a store: give one",
            ));
        }
        if let Some(data) = &globals.data {
            config.store.data_dir.clone_from(data);
            config.store.database_url.clear();
        }
        if let Some(url) = &globals.database {
            config.store.database_url.clone_from(url);
        }
        if let Some(nats) = &globals.nats {
            config.bus.nats_url.clone_from(nats);
        }
        let location = location(&config)?;
        let of_environment = || Language::of_environment(environment_language().as_deref());
        let language = globals
            .lang
            .or(config.office.language)
            .unwrap_or_else(of_environment);
        Ok(Self {
            config,
            location,
            clock: Clock::system(),
            language,
        })
    }

    /// Sends the service's own messages to standard error.
    pub(super) fn start_logging(&self) -> Result<(), Trouble> {
        let level = self.config.log.level.as_str();
        Ok(init_logging(
            self.config.log.format,
            &format!("{level},{LOG_FILTER}"),
        )?)
    }

    /// The wording for the language of this command.
    pub(super) fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.pick(zh, en)
    }

    /// The store, which must exist.
    pub(super) async fn open(&self) -> Result<EventLog, Trouble> {
        EventLog::open(&self.location).await.map_err(|error| {
            let is_missing = matches!(error, StoreError::NoStore { .. });
            let trouble = Trouble::from(error);
            if is_missing {
                trouble.advise(
                    "name the store with --data DIR or --database URL; `karez demo --data DIR` makes one to look at",
                )
            } else {
                trouble
            }
        })
    }

    /// The store, made where it is missing.
    pub(super) async fn create_or_open(&self) -> Result<EventLog, Trouble> {
        let settings = LogSettings {
            hash: self.config.store.hash_algorithm,
        };
        Ok(EventLog::create_or_open(&self.location, settings).await?)
    }

    /// The portfolio as it was known at a position, or is now.
    pub(super) async fn portfolio(
        &self,
        log: &EventLog,
        up_to: Option<Position>,
    ) -> Result<Portfolio, Trouble> {
        Ok(load_portfolio(log, up_to).await.map_err(anyhow::Error::from)?)
    }
}

fn beside_data(globals: &Globals) -> Result<Config, Trouble> {
    let defaults = Config::defaults()?;
    let folder = globals.data.as_deref().unwrap_or(&defaults.store.data_dir);
    let path = folder.join(CONFIG_NAME);
    if path.is_file() {
        Ok(Config::read(&path)?)
    } else {
        Ok(defaults)
    }
}

fn location(config: &Config) -> Result<StoreLocation, Trouble> {
    let url = config.store.database_url.trim();
    if url.is_empty() {
        return Ok(StoreLocation::Sqlite(folder(&config.store.data_dir).to_owned()));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(StoreLocation::Postgres(url.to_owned()));
    }
    let scheme = url.split("://").next().unwrap_or_default();
    Err(
        Trouble::wrong_use(format!("{scheme:?} is no database that karez knows"))
            .advise("give --database postgres://user@host/database, or --data DIR for the embedded store"),
    )
}

fn folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// `LC_ALL` goes before `LANG`, as everywhere.
fn environment_language() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("LC_ALL")
        .or_else(|| set("LC_MESSAGES"))
        .or_else(|| set("LANG"))
}

/// Reads an address such as `127.0.0.1:8080`, `localhost:8080` or `:8080`.
pub(super) fn read_address(text: &str) -> Result<SocketAddr, Trouble> {
    let spelled = if text.starts_with(':') {
        format!("127.0.0.1{text}")
    } else {
        text.to_owned()
    };
    let found = spelled
        .parse()
        .ok()
        .or_else(|| spelled.to_socket_addrs().ok()?.next());
    found.ok_or_else(|| {
        Trouble::wrong_use(format!("{text:?} is no address to listen on"))
            .advise("give HOST:PORT such as 127.0.0.1:8080")
    })
}

//! Settings. `config.default.toml` is their documentation and the embedded default; a file of the office's own
//! needs only the lines that differ, and a key that is not in the default is refused by name.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use karez_events::HashAlgorithm;
use serde::Deserialize;
use toml::{Table, Value};

use crate::language::Language;
use crate::nearest::nearest;
use crate::notifier::Receiver;
use crate::sentinel::{Daily, DailyError};
use crate::telemetry::LogFormat;

const DEFAULTS: &str = include_str!("../config.default.toml");
/// The daily clock of commands that evaluate days where the configuration names none.
pub(crate) const USUAL_DAILY_AT: &str = "0 30 0 * * *";

/// Every setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The log.
    pub store: Store,
    /// What this process does.
    pub process: Process,
    /// The one writer.
    pub recorder: Recorder,
    /// The bus.
    pub bus: Bus,
    /// The API.
    pub http: Http,
    /// Who may come in.
    pub gateway: Gateway,
    /// The office.
    pub office: Office,
    /// The daily run of the rules.
    pub sentinel: Sentinel,
    /// Who is told of warnings.
    pub notifier: Notifier,
    /// The service's own messages.
    pub log: Log,
}

/// Settings of the log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Folder of the embedded store.
    pub data_dir: PathBuf,
    /// URL of a database in its place; empty for none.
    pub database_url: String,
    /// Hash of the chain; absent: of the store, or the default for a new one.
    #[serde(deserialize_with = "optional")]
    pub hash_algorithm: Option<HashAlgorithm>,
}

/// Settings of the process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// What it does.
    pub roles: Vec<ProcessRole>,
}

/// What a process of karez does; design.md §2 has them together or apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ProcessRole {
    /// Writes the log, or stands by for the one that does.
    Recorder,
    /// Evaluates the rules.
    Sentinel,
    /// Tells people.
    Notifier,
    /// Answers people and programs.
    Gateway,
}

/// Settings of the recorder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Most events in one transaction.
    pub batch_events: usize,
    /// Most bytes in one transaction.
    pub batch_bytes: usize,
    /// Events after which the image in memory is stored; in a long log half of it.
    pub snapshot_every_events: u64,
}

/// Settings of the bus.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// NATS servers; empty for channels within the process.
    pub nats_url: String,
    /// A credentials file; empty for none.
    pub nats_credentials: String,
    /// A file with an `NKey` seed; empty for none.
    pub nats_nkey_seed: String,
    /// Certificate of the servers' authority; empty for none.
    pub nats_root_certificate: String,
    /// Servers that keep each message.
    pub nats_replicas: usize,
    /// Days for which submissions stay.
    pub intake_retention_days: u32,
    /// Days for which recorded events stay on the feed.
    pub feed_retention_days: u32,
}

/// Settings of the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// Seconds after which a request is given up.
    pub request_timeout_seconds: u64,
    /// Requests worked on at once.
    pub concurrent_requests: usize,
    /// Past portfolios kept in memory.
    pub past_portfolios: usize,
}

/// Settings of who may come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Who is asked who they are.
    #[serde(deserialize_with = "asking")]
    pub authentication: Asking,
    /// The certificate's file; empty for plain HTTP.
    pub certificate_file: PathBuf,
    /// The file of its key.
    pub key_file: PathBuf,
    /// A proxy speaks TLS for the service.
    pub behind_proxy: bool,
    /// The office's directory.
    pub oidc: Oidc,
}

/// Settings of signing in through a directory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Who the directory is; empty for none.
    pub issuer: String,
    /// The name under which it knows this service.
    pub client_id: String,
    /// The file of the secret that goes with it; empty where there is none.
    pub client_secret_file: PathBuf,
    /// Where it sends browsers back to.
    pub callback: String,
    /// The claim that is an account's name.
    pub name_claim: String,
    /// What the page for signing in calls it.
    pub label: String,
}

/// Who is asked who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Everybody, once there is an account or a key, and always from other machines.
    AsAccountsExist,
    /// Nobody.
    Nobody,
    /// Everybody.
    Everybody,
}

/// Settings of the office.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Time zone of the business day.
    #[serde(deserialize_with = "parsed")]
    pub time_zone: Tz,
    /// Language where nobody asks for one.
    #[serde(deserialize_with = "optional")]
    pub language: Option<Language>,
}

/// Settings of the sentinel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentinel {
    /// When a day that has ended is evaluated, as a cron expression of six fields; empty: not by this process.
    pub daily_at: String,
}

/// Settings of the notifier.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifier {
    /// Who is told.
    pub receivers: Vec<Receiver>,
    /// When the daily digest goes out, as a cron expression of six fields.
    pub digest_at: String,
    /// The mail server; empty for none.
    pub smtp_url: String,
    /// A file with its password; empty for none.
    pub smtp_password_file: String,
    /// Sender of e-mails.
    pub mail_from: String,
}

/// Settings of the service's own messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How they are written.
    #[serde(deserialize_with = "log_format")]
    pub format: LogFormat,
    /// Least level written.
    pub level: LogLevel,
}

/// Least level of the service's own messages that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may fail soon.
    Warn,
    /// And what happened.
    Info,
    /// And how.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word as the filter of messages reads it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Settings that cannot be used, with the place and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no TOML, or a value has the wrong type.
    #[error("the configuration {place} is not usable: {source}")]
    Wrong {
        /// The file.
        place: String,
        /// What was found and expected.
        source: Box<toml::de::Error>,
    },
    /// A key that does not exist.
    #[error("the configuration {place} has an unknown key {key}{hint}")]
    UnknownKey {
        /// The file.
        place: String,
        /// The key with its sections.
        key: String,
        /// The nearest name, or where to look.
        hint: String,
    },
}

impl Config {
    /// The clock of the daily run.
    ///
    /// # Errors
    /// [`DailyError`] says what to write.
    pub fn daily(&self) -> Result<Daily, DailyError> {
        let usual = Some(self.sentinel.daily_at.as_str()).filter(|_| self.watches());
        let expression = usual.unwrap_or(USUAL_DAILY_AT);
        Daily::try_new("sentinel.daily_at", expression, self.office.time_zone)
    }

    /// Whether rules are evaluated at all.
    #[must_use]
    pub fn watches(&self) -> bool {
        !self.sentinel.daily_at.is_empty()
    }

    /// Whether this process does something; another one may.
    #[must_use]
    pub fn does(&self, role: ProcessRole) -> bool {
        self.process.roles.contains(&role)
    }

    /// The clock of the daily digest.
    ///
    /// # Errors
    /// [`DailyError`] says what to write.
    pub fn digest(&self) -> Result<Daily, DailyError> {
        Daily::try_new(
            "notifier.digest_at",
            &self.notifier.digest_at,
            self.office.time_zone,
        )
    }

    /// The embedded defaults.
    ///
    /// # Errors
    /// Never for the file that is embedded; a test reads it.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::from_texts(None)
    }

    /// The defaults with the lines of a file over them.
    ///
    /// # Errors
    /// [`ConfigError`] with the file, the key and what to do.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::from_texts(Some((&path.display().to_string(), &text)))
    }

    fn from_texts(own: Option<(&str, &str)>) -> Result<Self, ConfigError> {
        let place = own.map_or("config.default.toml", |(place, _)| place);
        let wrong = |source| ConfigError::Wrong {
            place: place.to_owned(),
            source: Box::new(source),
        };
        let mut settings: Table = toml::from_str(DEFAULTS).map_err(wrong)?;
        if let Some((_, text)) = own {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let own: Table = toml::from_str(text).map_err(wrong)?;
            lay_over(&mut settings, own, place, "")?;
        }
        settings.try_into().map_err(wrong)
    }
}

/// Replaces values of `settings` by those of `own`; a key that is not there is refused.
fn lay_over(settings: &mut Table, own: Table, place: &str, section: &str) -> Result<(), ConfigError> {
    for (key, value) in own {
        let path = if section.is_empty() {
            key.clone()
        } else {
            format!("{section}.{key}")
        };
        match (settings.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(own)) => lay_over(inner, own, place, &path)?,
            (Some(known), value) => *known = value,
            (None, _) => {
                let hint = match nearest(&key, settings.keys().map(String::as_str)) {
                    Some(near) => format!(": did you mean {near}?"),
                    None => ": config.default.toml lists every key".to_owned(),
                };
                return Err(ConfigError::UnknownKey {
                    place: place.to_owned(),
                    key: path,
                    hint,
                });
            }
        }
    }
    Ok(())
}

fn parsed<'de, D, T>(input: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(input)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// An empty text stands for nothing.
fn optional<'de, D, T>(input: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(input)?;
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

fn asking<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Asking, D::Error> {
    match String::deserialize(input)?.as_str() {
        "" => Ok(Asking::AsAccountsExist),
        "none" => Ok(Asking::Nobody),
        "required" => Ok(Asking::Everybody),
        other => Err(serde::de::Error::custom(format!(
            "{other:?} is no way of authentication: give none or required, or leave it empty"
        ))),
    }
}

fn log_format<'de, D: serde::Deserializer<'de>>(input: D) -> Result<LogFormat, D::Error> {
    match String::deserialize(input)?.as_str() {
        "text" => Ok(LogFormat::Plain),
        "json" => Ok(LogFormat::Json),
        other => Err(serde::de::Error::custom(format!(
            "{other:?} is no format of messages: give text or json"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        Config::from_texts(Some(("office.toml", text)))
    }

    #[test]
    fn the_embedded_defaults_are_usable() {
        let config = Config::defaults().unwrap();
        assert_eq!(config.office.time_zone, chrono_tz::Asia::Shanghai);
        assert!(config.http.listen.ip().is_loopback());
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let config = read("[http]\nlisten = \"127.0.0.1:0\"\n[office]\nlanguage = \"en\"\n").unwrap();
        assert_eq!(config.http.listen.port(), 0);
        assert_eq!(config.office.language, Some(Language::En));
        assert_eq!(config.http.body_limit_bytes, 1_048_576);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        let refused = read("[store]\ndatabse_url = \"x\"\n").unwrap_err().to_string();
        assert!(refused.contains("store.databse_url"), "{refused}");
        assert!(refused.contains("did you mean database_url?"), "{refused}");
        assert!(
            read("[strore]\n")
                .unwrap_err()
                .to_string()
                .contains("did you mean store?")
        );
    }

    #[test]
    fn a_wrong_value_names_the_file() {
        for text in [
            "[http]\nlisten = \"nowhere\"\n",
            "[store]\nhash_algorithm = \"md5\"\n",
            "[office]\ntime_zone = \"Mars\"\n",
            "store = 1\n",
        ] {
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.contains("office.toml"), "{refused}");
        }
    }
}

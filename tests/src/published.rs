//! Published data, which is not part of the repository, and a store to import it into.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use karez::clock::{BUSINESS_TIME_ZONE, Clock};
use karez::import::report::ImportReport;
use karez::import::run::Target;
use karez::replay::load_portfolio;
use karez::session::recording;
use karez::store::{EventLog, LogSettings, StoreLocation};
use karez::telemetry::Metrics;
use karez_projections::Portfolio;

/// The folder of published data beside the repository, or where `KAREZ_SHARED_DATA` says; `None`, said aloud, where
/// there is none.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("KAREZ_SHARED_DATA")
        .map_or(beside, PathBuf::from)
        .join("visible");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: the published data is not at {}", folder.display());
    None
}

/// An embedded store in a folder of its own.
pub struct Store {
    /// Its log.
    pub log: EventLog,
    /// Its folder.
    pub folder: tempfile::TempDir,
}

impl Store {
    /// An empty store.
    ///
    /// # Errors
    /// The folder or the store cannot be made.
    pub async fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let location = StoreLocation::Sqlite(folder.path().to_owned());
        let log = EventLog::create_or_open(&location, LogSettings::default()).await?;
        Ok(Self { log, folder })
    }

    /// What the log says.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn portfolio(&self) -> anyhow::Result<Portfolio> {
        Ok(load_portfolio(&self.log, None).await?)
    }

    /// Imports beside a recorder of its own, as the command line does.
    ///
    /// # Errors
    /// What the import says.
    pub async fn import(
        &self,
        work: impl AsyncFnOnce(&Target<'_>) -> anyhow::Result<ImportReport>,
    ) -> anyhow::Result<ImportReport> {
        let portfolio = self.portfolio().await?;
        let (log, clock) = (&self.log, Clock::system());
        let today = clock.today(BUSINESS_TIME_ZONE);
        let work = async |intake| {
            let target = Target {
                log,
                intake: &intake,
                portfolio: &portfolio,
                today,
                is_dry_run: false,
                bytes_read: Arc::default(),
            };
            work(&target).await
        };
        recording(log, clock, Arc::new(Metrics::try_new()?), work).await
    }
}

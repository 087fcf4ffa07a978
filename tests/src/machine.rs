//! A machine of its own for a process, as far as clock and disk go: the clock can be set wrong and syncs slowed while the
//! process runs. `machine.c`, which is preloaded, does it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::sync::OnceCell;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/machine.c");
/// Where the two numbers stand in the file, each a native `i64`.
const CLOCK_SECONDS_AT: u64 = 0;
const SYNC_MICROS_AT: u64 = 8;
const BYTES: u64 = 16;

static LIBRARY: OnceCell<TempDir> = OnceCell::const_new();

/// The clock and the disk of one process.
#[derive(Debug)]
pub struct Machine {
    library: &'static Path,
    folder: TempDir,
    settings: File,
}

impl Machine {
    /// With the right time and a disk as it is.
    ///
    /// # Errors
    /// The C compiler, which a build needs anyway, does not compile `machine.c`.
    pub async fn try_new() -> Result<Self> {
        let library = LIBRARY.get_or_try_init(compiled).await?.path();
        let folder = tempfile::tempdir()?;
        let settings = File::create(folder.path().join("machine"))?;
        settings.set_len(BYTES)?;
        Ok(Self {
            library,
            folder,
            settings,
        })
    }

    /// Puts a process that is yet to start on this machine.
    pub fn run(&self, command: &mut tokio::process::Command) {
        command
            .env("LD_PRELOAD", self.library.join("machine.so"))
            .env("KAREZ_TEST_MACHINE", self.folder.path().join("machine"));
    }

    /// Sets the clock fast by so many seconds, or slow where they are negative.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_clock_wrong_by(&self, seconds: i64) -> Result<()> {
        self.write(CLOCK_SECONDS_AT, seconds)
    }

    /// Lets every sync take so much longer.
    ///
    /// # Errors
    /// As [`Machine::set_clock_wrong_by`].
    pub fn slow_syncs_by(&self, by: Duration) -> Result<()> {
        self.write(SYNC_MICROS_AT, i64::try_from(by.as_micros())?)
    }

    fn write(&self, at: u64, number: i64) -> Result<()> {
        Ok(self.settings.write_all_at(&number.to_ne_bytes(), at)?)
    }
}

async fn compiled() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-O2", "-shared", "-fPIC", "-Wall", "-Werror", "-o"]);
    compiler.arg(folder.path().join("machine.so")).arg(SOURCE);
    let ended = compiler.status().context("cc does not start")?;
    ensure!(ended.success(), "cc does not compile {SOURCE}");
    Ok(folder)
}

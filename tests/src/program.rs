//! The karez program as it is shipped: commands that end. The one that does not is in [`crate::server`].

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The binary: `$KAREZ_BIN`, or the one that `cargo build` left beside the tests.
///
/// # Errors
/// It has not been built.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("KAREZ_BIN") {
        return Ok(named.into());
    }
    let test = std::env::current_exe()?;
    let profile = test
        .ancestors()
        .nth(2)
        .context("a test lies in target/PROFILE/deps")?;
    let binary = profile.join("karez");
    if !binary.is_file() {
        bail!(
            "{} is missing: run `cargo build --workspace` first",
            binary.display()
        );
    }
    Ok(binary)
}

/// A command of karez, without settings of the machine it runs on.
///
/// # Errors
/// As [`binary`].
pub fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments);
    for name in [
        "KAREZ_DATA",
        "KAREZ_DATABASE",
        "KAREZ_NATS",
        "KAREZ_CONFIG",
        "LC_ALL",
        "LC_MESSAGES",
    ] {
        command.env_remove(name);
    }
    command.env("LANG", "en_GB.UTF-8");
    Ok(command)
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

/// Runs a command of karez to its end, with `input` on its standard input.
///
/// # Errors
/// It cannot be run.
pub fn run(arguments: &[&str], input: &str) -> Result<Ended> {
    use std::io::Write;
    let mut child = command(arguments)?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Dropped after writing, so that the command sees the end.
    child
        .stdin
        .take()
        .context("standard input")?
        .write_all(input.as_bytes())?;
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output()?;
    Ok(Ended {
        code: status.code().context("it was killed")?,
        output: String::from_utf8(stdout)?,
        errors: String::from_utf8(stderr)?,
    })
}

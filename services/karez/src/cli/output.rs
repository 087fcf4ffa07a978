//! Standard output: a reader that goes away (`| head`) ends the command quietly.

use std::io::{ErrorKind, Write};

use crate::trouble::Trouble;

/// Writes to standard output.
pub(super) fn write(bytes: &[u8]) -> Result<(), Trouble> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(bytes).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Trouble::could_not_run(format!(
            "standard output cannot be written: {error}"
        ))),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a line to standard output.
pub(super) fn line(text: &str) -> Result<(), Trouble> {
    write(format!("{text}\n").as_bytes())
}

//! The `karez` program; [`karez::cli`] has its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    karez::cli::main()
}

//! The `karez` program; [`karez::cli`] has its commands.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The fold makes millions of small texts and growing lists among others that go again; the system's allocator leaves most of
/// that room unusable.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    karez::cli::main()
}

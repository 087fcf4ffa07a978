//! Gives the crate a fingerprint of the code that folds the log, so that a snapshot which other code wrote is
//! never read: the packed form says nothing about its own shape.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let mut fingerprint = DefaultHasher::new();
    for sources in ["../../events/src", "../../projections/src"] {
        println!("cargo:rerun-if-changed={sources}");
        add(Path::new(sources), &mut fingerprint)?;
    }
    // The packed form also depends on the libraries' versions.
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    fs::read("../../Cargo.lock")?.hash(&mut fingerprint);
    println!(
        "cargo:rustc-env=KAREZ_FOLD_FINGERPRINT={:016x}",
        fingerprint.finish()
    );
    Ok(())
}

fn add(folder: &Path, fingerprint: &mut DefaultHasher) -> io::Result<()> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(&path, fingerprint)?;
        } else {
            path.to_string_lossy().hash(fingerprint);
            fs::read(&path)?.hash(fingerprint);
        }
    }
    Ok(())
}

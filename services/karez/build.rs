//! Gives the crate a fingerprint of the code that folds the log, so that a snapshot which other code wrote is
//! never read: the packed form says nothing about its own shape. And lays the built dashboard, where there is one,
//! where the crate includes it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let mut fingerprint = DefaultHasher::new();
    for sources in [
        "../../events/src",
        "../../projections/src",
        "src/replay",
        "src/packing.rs",
    ] {
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
    lay_out_dashboard()
}

/// A karez without a dashboard builds all the same, and says at `/` how to make one.
fn lay_out_dashboard() -> io::Result<()> {
    println!("cargo:rerun-if-changed=../dashboard/dist");
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let laid_out = Path::new(&out).join("dashboard");
    if laid_out.exists() {
        fs::remove_dir_all(&laid_out)?;
    }
    fs::create_dir_all(&laid_out)?;
    let built = Path::new("../dashboard/dist/site");
    if built.exists() {
        copy(built, &laid_out)
    } else {
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn add(path: &Path, fingerprint: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.to_string_lossy().hash(fingerprint);
        fs::read(path)?.hash(fingerprint);
        return Ok(());
    }
    let mut paths = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    paths.iter().try_for_each(|path| add(path, fingerprint))
}

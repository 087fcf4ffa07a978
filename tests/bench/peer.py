"""How a peer comes onto this machine: each from its own registry, into target/peers, none kept in this repository."""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

from report import ROOT, say

PLACE = ROOT / "target" / "peers"
PYTHON = PLACE / "python" / "bin" / "python"
CRATE = pathlib.Path(__file__).parent / "peers"
CARGO_TARGET = PLACE / "cargo"


class Missing(Exception):
    """A peer cannot be had here; the text says why."""


def installed(command, what, **how):
    """Runs an installer; its last words say why there is nothing."""
    say(f"installing {what}")
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True, **how)
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Missing(f"not installed here: {words[-1] if words else command[0]}")


def debian(program, package):
    """A program of a Debian package."""
    if shutil.which(program):
        return
    if not shutil.which("apt-get"):
        raise Missing(f"no {program} here and no apt-get: install what Debian calls {package}")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    subprocess.run([*apt, "update"], check=False, capture_output=True)
    installed([*apt, "install", "-y", "--no-install-recommends", package], package)


@functools.cache
def python(*requirements):
    """Packages of PyPI, in an environment of their own."""
    if not PYTHON.exists():
        installed([sys.executable, "-m", "venv", PYTHON.parents[1]], "an environment for Python")
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *requirements]
    installed(pip, " ".join(requirements))


def npm(package):
    """The folder of a package of the npm registry."""
    if not shutil.which("npm"):
        raise Missing(f"not installed here: {package} needs npm")
    place = PLACE / "npm"
    command = ["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--ignore-scripts", package]
    installed(command, package)
    return place / "node_modules" / package.rsplit("@", 1)[0]


def cargo_program(crate, version):
    """A program of crates.io."""
    root = PLACE / crate
    program = root / "bin" / crate
    if not program.exists():
        command = ["cargo", "install", "--quiet", "--locked", "--root", root, "--target-dir", CARGO_TARGET]
        installed([*command, f"{crate}@{version}"], crate)
    return program


@functools.cache
def rust_stores():
    """The program that appends to the stores that are Rust crates, and which of them it knows."""
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", CARGO_TARGET]
    without = {}
    try:
        debian("protoc", "protobuf-compiler")
        installed([*build, "--features", "umadb"], "the stores of crates.io", cwd=CRATE)
    except Missing as reason:
        without["umadb"] = str(reason)
        installed(build, "the stores of crates.io, without UmaDB", cwd=CRATE)
    return CARGO_TARGET / "release" / "karez-peers", without


def crate_version(crate):
    """As the lock file of the program has it."""
    lock = tomllib.loads((CRATE / "Cargo.lock").read_text(encoding="utf-8"))
    return next(package["version"] for package in lock["package"] if package["name"] == crate)

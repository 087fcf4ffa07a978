"""A PostgreSQL server of the bench's own: as its package configures it, on a Unix socket, every commit on disk."""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

LONGEST_START_SECONDS = 60

# The settings that decide what "committed" means, said although they are the defaults.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

# Ends the server when standard input closes, which it does however the bench ends.
KEEPER = """
trap '' INT
"$@" >"$LOG" 2>&1 </dev/null &
cat >/dev/null
kill -INT $!
wait
"""


def programs():
    """The folder with the programs of the newest PostgreSQL, or None."""
    folders = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.access(f"{path}/initdb", os.X_OK)]
    return max(folders, key=lambda path: float(path.split("/")[-2]), default=None)


class Server:
    """A running server; leave the `with` to stop it and remove its files."""

    def __init__(self):
        self.programs = pathlib.Path(programs())
        self.made = 0
        # A short path: the name of a Unix socket has at most 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="karez-pg-"))
        self.as_user = []
        if os.geteuid() == 0:
            # It refuses to run as root; its package makes this user.
            shutil.chown(self.folder, "postgres")
            self.as_user = ["runuser", "-u", "postgres", "--"]
        initdb = [self.programs / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        self._run([*initdb, "--locale=C"])
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder, "max_connections": 100, **DURABLE}
        server = [self.programs / "postgres", "-D", self.folder / "data"]
        for name, value in settings.items():
            server += ["-c", f"{name}={value}"]
        environment = {**os.environ, "LOG": str(self.folder / "log")}
        command = [*self.as_user, "sh", "-c", KEEPER, "keeper", *server]
        self.keeper = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd="/")
        self._wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.keeper.stdin.close()
        self.keeper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command):
        subprocess.run([*self.as_user, *map(str, command)], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def _wait(self):
        for _ in range(LONGEST_START_SECONDS * 20):
            if subprocess.run(self.client("pg_isready", "-q"), env=self.environment(), check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))

    def client(self, program, *arguments):
        return [str(self.programs / program), *arguments]

    def environment(self):
        """For clients that take the server from there; its programs are on their path."""
        path = f"{self.programs}:{os.environ['PATH']}"
        return {**os.environ, "PGHOST": str(self.folder), "PGUSER": "postgres", "PATH": path}

    def name(self):
        """A name that no database has yet."""
        self.made += 1
        return f"bench_{self.made}"

    def database(self):
        """Makes an empty database."""
        name = self.name()
        subprocess.run(self.client("createdb", name), env=self.environment(), check=True)
        return name

    def drop(self, name):
        subprocess.run(self.client("dropdb", "--force", name), env=self.environment(), check=True)

    def url(self, name):
        return f"postgres:///{name}?host={self.folder}&user=postgres"

    def version(self):
        command = [str(self.programs / "postgres"), "--version"]
        return re.search(r"\d+(\.\d+)+", subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]

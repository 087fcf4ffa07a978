"""karez served over NATS JetStream: three servers that each keep every message and sync it."""

import contextlib
import json
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.request

from report import KAREZ, ROOT

PROGRAM = ROOT / ".tools" / "nats" / "bin" / "nats-server"
LONGEST_START_SECONDS = 60


# Most systems give the ports above to connections for their own end.
PORTS = range(20_000, 32_000)
drawn = set()


def free_port():
    """A port that is free, and that was not drawn before."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as taken, contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", port))
            if port not in drawn:
                drawn.add(port)
                return port


@contextlib.contextmanager
def running(command, port, log):
    """A program that listens on a port; it is asked to end, and waited for."""
    with open(log, "wb") as said:
        program = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        for _ in range(LONGEST_START_SECONDS * 20):
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if program.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.05)
        yield
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait()


def leader_seen_by(look):
    with urllib.request.urlopen(f"http://127.0.0.1:{look}/jsz", timeout=5) as answer:
        return json.load(answer).get("meta_cluster", {}).get("leader")


def until_led(looks):
    """Waits until servers have found each other, and who leads them."""
    for _ in range(LONGEST_START_SECONDS * 20):
        with contextlib.suppress(OSError):
            leaders = {leader_seen_by(look) for look in looks}
            if len(leaders) == 1 and None not in leaders:
                return
        time.sleep(0.05)
    raise RuntimeError("the servers of NATS did not become one cluster")


@contextlib.contextmanager
def cluster(folder):
    """Three servers that are one cluster: the arguments of a command that uses them."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    names = ["nats-1", "nats-2", "nats-3"]
    ports, joins, looks = ([free_port() for _ in names] for _ in range(3))
    routes = ", ".join(f'"nats://127.0.0.1:{join}"' for join in joins)
    karez = folder / "karez.toml"
    karez.write_text("[bus]\nnats_replicas = 3\n", encoding="utf-8")
    with contextlib.ExitStack() as servers:
        for name, port, join, look in zip(names, ports, joins, looks):
            settings = folder / f"{name}.conf"
            lines = [
                f'listen: "127.0.0.1:{port}"',
                f'http: "127.0.0.1:{look}"',
                f'jetstream {{ store_dir: "{folder}/{name}", sync_interval: always }}',
                f'cluster {{ name: bench, listen: "127.0.0.1:{join}", routes: [{routes}] }}',
            ]
            settings.write_text("\n".join([*lines, ""]), encoding="utf-8")
            servers.enter_context(running([PROGRAM, "-c", settings, "-n", name], port, folder / f"{name}.log"))
        until_led(looks)
        yield ["--nats", ",".join(f"nats://127.0.0.1:{port}" for port in ports), "--config", karez]


@contextlib.contextmanager
def served(folder, database):
    """karez, which records into a database what comes over JetStream: the arguments of a command that posts to it."""
    api = free_port()
    with cluster(folder) as nats:
        serve = [KAREZ, "serve", *nats, "--database", database, "--listen", f"127.0.0.1:{api}"]
        with running(serve, api, pathlib.Path(folder) / "karez.log"):
            yield nats

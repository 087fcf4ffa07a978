"""karez served over NATS JetStream: one server that syncs each message before it acknowledges it."""

import contextlib
import pathlib
import signal
import socket
import subprocess
import time

from report import KAREZ, ROOT

PROGRAM = ROOT / ".tools" / "nats" / "bin" / "nats-server"
LONGEST_START_SECONDS = 60


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


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


@contextlib.contextmanager
def served(folder, database):
    """karez, which records into a database what comes over JetStream: the address to post to."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    port, api = free_port(), free_port()
    settings = folder / "nats.conf"
    store = f'jetstream {{ store_dir: "{folder}/stream", sync_interval: always }}'
    settings.write_text(f'listen: "127.0.0.1:{port}"\n{store}\n', encoding="utf-8")
    url = f"nats://127.0.0.1:{port}"
    serve = [KAREZ, "serve", "--nats", url, "--database", database, "--listen", f"127.0.0.1:{api}"]
    with running([PROGRAM, "-c", settings], port, folder / "nats.log"), running(serve, api, folder / "karez.log"):
        yield url

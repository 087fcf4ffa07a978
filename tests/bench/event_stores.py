"""karez and other event stores on the same rows: appended one by one, by many callers, in batches, and read into totals."""

import json
import pathlib
import subprocess
import tempfile

import peer
from report import KAREZ, run

EVENTSOURCING_VERSION = "9.5.6"
MESSAGE_DB_VERSION = "1.3.1"

# What is measured, and how it is headed.
WORK = {
    "one": "one by one, 1 caller",
    "many": "one by one, 256 callers",
    "batch": "batches of 1,000",
    "fold": "read back into totals",
}

# What each does beyond appending: one order of all events, evidence that none was altered, past dates, money, decisions.
DOES_HEAD = [
    "",
    "sent again as it was, a row is kept",
    "decided anew and sent again, it is kept",
    "one order for every reader",
    "hash chain",
    "as of two dates",
    "money",
    "appends if",
]


class Store:
    """One store; `round` measures it once, in an empty place of its own."""

    name = version = ""
    sent_again = ()
    tries_again = 0
    does = ()

    def prepare(self):
        """Installs it; raises peer.Missing."""

    def round(self, rows, parts):
        """Seconds and counts of each kind of work."""
        raise NotImplementedError


class Karez(Store):
    LINES = {
        "one": "recorded one by one by 1 caller",
        "many": "recorded one by one by 256 callers",
        "batch": "recorded in batches",
        "fold": "fold from the start",
        "floor": "bare inserts",
    }
    does = ("gapless positions", "SHA-256, and signed checkpoints", "yes", "decimals, checked", "it can be a fact of the portfolio")

    def __init__(self, projects, server=None):
        self.projects, self.server = projects, server
        self.name = "karez on PostgreSQL" if server else "karez on SQLite"
        self.version = run([KAREZ, "--version"]).output.split()[-1]

    def _bench(self, what, parts):
        place, database = [], None
        if self.server:
            database = self.server.database()
            place = ["--database", self.server.url(database)]
        size = ["--events", parts["batch"], "--projects", self.projects, "--rounds", 1]
        report = json.loads(run([KAREZ, "bench", what, *size, "--json", *place]).output)
        if database:
            self.server.drop(database)
        return report["lines"]

    def round(self, rows, parts):
        self.sent_again = self.sent_again or [self._sent_again(rows)] * 2
        lines = self._bench("ingest", parts) + self._bench("fold", parts)
        found = {}
        for work, beginning in self.LINES.items():
            line = next(line for line in lines if line["what"].startswith(beginning))
            found[work] = {"count": line["count"], "seconds": line["count"] / line["per_second"]}
        return found

    def _sent_again(self, rows):
        """Posts a file twice and reads what is said the second time."""
        with tempfile.TemporaryDirectory(prefix="karez-peers-") as folder:
            few = pathlib.Path(folder) / "few.ndjson"
            with open(rows, encoding="utf-8") as lines:
                kept = [line for line in lines if '"project/BENCH-000000"' in line or '"fund/' in line]
            few.write_text("".join(kept), encoding="utf-8")
            place = ["--data", pathlib.Path(folder) / "data"]
            if self.server:
                place = ["--database", self.server.url(self.server.database())]
            run([KAREZ, "post", few, *place])
            second = run([KAREZ, "post", few, *place, "--lang", "en"]).output
        return "once, with the first receipt" if f"0 recorded, {len(kept)} known already" in second else second.strip()


class RustStore(Store):
    """A store whose client is a crate: measured by karez-peers."""

    def __init__(self, name, version, does, server=None):
        self.name, self.version, self.does, self.server = name, version, does, server

    def prepare(self):
        self.program, without = peer.rust_stores()
        if self.name in without:
            raise peer.Missing(without[self.name])

    def _place(self, folder):
        return self.server.url(self.server.database()) if self.server else folder

    def round(self, rows, parts):
        with tempfile.TemporaryDirectory(prefix="karez-peers-") as folder:
            place = self._place(folder)
            found = json.loads(run([self.program, self.name, place, rows, parts["one"], parts["many"]]).output)
        self.sent_again = found.pop("sent_again").values()
        self.tries_again = found.pop("tries_again")
        return found


class MessageDb(RustStore):
    """Its database is made by the installer of its npm package."""

    def prepare(self):
        super().prepare()
        self.installer = peer.npm(f"@eventide/message-db@{MESSAGE_DB_VERSION}") / "database" / "install.sh"

    def _place(self, folder):
        name = self.server.name()
        environment = {**self.server.environment(), "DATABASE_NAME": name}
        subprocess.run(["bash", str(self.installer)], env=environment, check=True, capture_output=True)
        return self.server.url(name)


class PythonEventSourcing(Store):
    name, version = "Python eventsourcing", EVENTSOURCING_VERSION
    does = ("yes, by a lock on the table", "no", "no", "as the application stores it", "the stream is at a version")

    def __init__(self, server):
        self.server = server

    def prepare(self):
        peer.python(f"eventsourcing[postgres]=={EVENTSOURCING_VERSION}")

    def round(self, rows, parts):
        program = pathlib.Path(__file__).parent / "eventsourcing_rows.py"
        place = [self.server.folder, self.server.database()]
        found = json.loads(run([peer.PYTHON, program, *place, rows, parts["one"], parts["many"]]).output)
        self.sent_again = found.pop("sent_again").values()
        return found


def all_of_them(server, projects):
    stored = "as the application stores it"
    return [
        Karez(projects, server),
        Karez(projects),
        MessageDb("message-db", MESSAGE_DB_VERSION, ("within a category", "no", "no", stored, "the stream is at a version"), server),
        RustStore("cqrs-es", peer.crate_version("postgres-es"), ("no: within an aggregate", "no", "no", stored, "the stream is at a version"), server),
        RustStore("disintegrate", peer.crate_version("disintegrate-postgres"), ("yes, up to its epoch", "no", "no", stored, "a query has no new event"), server),
        PythonEventSourcing(server),
        RustStore("umadb", peer.crate_version("umadb"), ("yes", "no", "no", stored, "a query has no new event")),
    ]

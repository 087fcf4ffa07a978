"""`make bench`: every `karez bench` on SQLite and PostgreSQL, at one size and at ten times that, in one report.

EVENTS postings of PROJECTS projects at the first size, ROUNDS rounds of each figure, READERS live readers.
"""

import dataclasses
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

import jetstream
import postgres
from report import (
    KAREZ,
    ROOT,
    counted,
    duration,
    end_in_order,
    in_words,
    machine,
    number_from,
    rows_into,
    run,
    say,
    table,
    write,
)

BENCHES = ("ingest", "fold", "query", "rules", "api")
LARGER = 10
AS_OF = "2024-12-31"

# What karez is to reach: the bench, how its line begins, what is looked at, and the least or the most of it.
GOALS = [
    ("ingest", "recorded in batches", "ratio", "≥", 0.35),
    ("ingest", "recorded one by one by 256 callers", "ratio", "≥", 0.25),
    ("ingest", "recorded in batches", "growth", "≤", 1.1),
    ("fold", "read and decode every event", "per_second", "≥", 1_500_000),
    ("fold", "read and decode every sealed event", "per_second", "≥", 3_000_000),
    ("fold", "fold from the start", "per_second", "≥", 1_500_000),
    ("fold", "fold from the start", "growth", "≤", 1.1),
    ("rules", "one rule about one project", "per_second", "≥", 2_000_000),
    ("query", "overview", "growth", "≤", 10),
    ("api", "recorded one by one over HTTP", "per_second", "≥", 60_000),
    ("api", "overview, each after", "p99_ms", "≤", 5),
    ("api", "overview, the first after", "p99_ms", "≤", 5),
    ("api", "first page of projects by amount spent, 100 rows, each after", "p99_ms", "≤", 5),
    ("api", "first page of projects by amount spent, 100 rows, the first after", "p99_ms", "≤", 5),
    ("api", "project page", "p99_ms", "≤", 5),
    ("api", "from a posting to each", "p99_ms", "≤", 100),
    # Over NATS there is no SQLite.
    ("bus", "drained from the intake", "per_second", "≥", 130_000),
    ("bus", "submitted together", "per_second", "≥", 50_000),
]
MOST_BYTES_A_POSTING = 150
# What is told on paper of a larger log, and how many postings that has.
ON_PAPER = [
    ("fold", "fold from the start", 100_000_000),
    ("fold", "fold from the snapshot", 100_000_000),
    ("query", "the whole portfolio as it was known half the log ago", 10_000_000),
]
LOOKED_AT = {
    "ratio": "ratio to {against}",
    "growth": "time a piece at ten times the size, over that at the first",
    "per_second": "a second",
    "p99_ms": "p99 in ms",
}


@dataclasses.dataclass(frozen=True)
class Size:
    events: int
    projects: int

    def larger(self):
        return Size(self.events * LARGER, self.projects * LARGER)

    def arguments(self):
        return ["--events", self.events, "--projects", self.projects]


class Place:
    """Where a log is kept: a new one for each bench."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.name = "PostgreSQL" if server else "SQLite"

    def empty(self, name):
        """Arguments of a command that finds an empty log there, and what removes it."""
        if self.server:
            database = self.server.database()
            return ["--database", self.server.url(database)], lambda: self.server.drop(database)
        return ["--data", self.folder / name], lambda: None


def benched(place, size, rounds, readers):
    """The lines of every bench, by bench."""
    found = {}
    for what in BENCHES:
        say(f"{place.name}, {size.events:,} postings: {what}")
        arguments, remove = place.empty(what)
        extra = ["--readers", readers] if what == "api" else []
        ran = run([KAREZ, "bench", what, *size.arguments(), "--rounds", rounds, *extra, "--json", *arguments])
        found[what] = json.loads(ran.output)["lines"]
        remove()
    if place.server:
        found["bus"] = over_nats(place, size, rounds)
    return found


def over_nats(place, size, rounds):
    """The lines of the bus: from three servers of NATS into PostgreSQL."""
    say(f"{place.name}, {size.events:,} postings: bus")
    arguments, remove = place.empty("bus")
    with jetstream.cluster(place.folder / f"bus-{size.events}") as nats:
        ran = run([KAREZ, "bench", "bus", *size.arguments(), "--rounds", rounds, "--json", *nats, *arguments])
    remove()
    return json.loads(ran.output)["lines"]


def bytes_a_posting():
    """What the fold asks of the allocator for one more posting."""
    test = ["cargo", "test", "--release", "--quiet", "--package", "karez-projections", "--test", "memory", "--", "--nocapture"]
    return int(re.search(r"(\d+) bytes a posting", run(test).output)[1])


def taken_in(place, size, folder):
    """A file of the facts posted into an empty log, and the log asked for every project, with the memory of that."""
    say(f"{place.name}, {size.events:,} postings: a file, and memory")
    rows = folder / f"rows-{size.events}.ndjson"
    if not rows.exists():
        rows_into(rows, size.events, size.projects)
    arguments, remove = place.empty(f"log-{size.events}")
    posted = run([KAREZ, "post", rows, *arguments])
    show = [KAREZ, "show", "projects", "--as-of", AS_OF, "--format", "csv", *arguments]
    found = {"post_seconds": posted.seconds, "post_memory": posted.most_memory_bytes}
    asked = run(show)
    found |= {"snapshot_seconds": asked.seconds, "snapshot_memory": asked.most_memory_bytes}
    if place.server:
        name = place.server.database()
        with jetstream.served(folder / f"jetstream-{size.events}", place.server.url(name)) as nats:
            ran = run([KAREZ, "post", rows, *nats])
        found |= {"jetstream_seconds": ran.seconds, "jetstream_memory": ran.most_memory_bytes}
        place.server.drop(name)
    else:
        with sqlite3.connect(arguments[1] / "karez.db") as log:
            log.executescript("DELETE FROM snapshot_part; DELETE FROM snapshot;")
        log.close()
        asked = run(show)
        found |= {"log_seconds": asked.seconds, "log_memory": asked.most_memory_bytes}
        found["disk_bytes"] = sum(file.stat().st_size for file in arguments[1].iterdir())
    remove()
    return found


def per_piece(line):
    """Microseconds of one piece, of one posting, page or run; where each was timed by itself, the median is of one."""
    return line["median_micros"] / (1 if "p99_micros" in line else line["count"])


def piece_shown(line):
    shown = duration(per_piece(line) / 1e6)
    if "p99_micros" in line:
        return f"{shown} (p99 {duration(line['p99_micros'] / 1e6)})"
    least, most = (duration(micros / line["count"] / 1e6) for micros in line["spread_micros"])
    return shown if least == most else f"{shown} ({least}–{most})"


def seen(line, kind):
    return line["p99_micros"] / 1_000 if kind == "p99_ms" else float(line[kind])


def growth_of(line, larger):
    return per_piece(larger) / per_piece(line)


def line_of(lines, bench, beginning):
    return next(line for line in lines[bench] if line["what"].startswith(beginning))


def figures_in_markdown(small, large):
    rows = []
    for bench in large:
        before = {line["what"]: line for line in small.get(bench, [])}
        for larger in large[bench]:
            # A small log may have nothing that is sealed.
            line = before.get(larger["what"])
            first = f"{counted(line['per_second'])}/s" if line else "–"
            growth = counted(growth_of(line, larger)) if line else "–"
            ratio = f"{larger['ratio']} of: {larger['against']}" if larger["ratio"] else ""
            shown = [first, f"{counted(larger['per_second'])}/s", piece_shown(larger)]
            rows.append([bench, larger["what"], *shown, growth, ratio])
    head = ["", "", "1×:", f"{LARGER}×:", f"a piece at {LARGER}×:", "growth:", f"ratio at {LARGER}×"]
    return table(head, rows)


def goals_in_markdown(small, large, bytes_held):
    rows = []
    for bench, beginning, kind, sign, limit in GOALS:
        if bench not in large:
            continue
        larger = line_of(large, bench, beginning)
        value = growth_of(line_of(small, bench, beginning), larger) if kind == "growth" else seen(larger, kind)
        looked_at = LOOKED_AT[kind].format(against=larger["against"])
        rows.append(goal(f"{larger['what']}: {looked_at}", sign, limit, value))
    rows.append(goal("memory: bytes a posting, asked for by the fold", "≤", MOST_BYTES_A_POSTING, bytes_held))
    return table(["", "goal:", "seen:", "holds"], rows)


def goal(what, sign, limit, value):
    holds = value >= limit if sign == "≥" else value <= limit
    return [what, f"{sign} {counted(limit)}", counted(value), "yes" if holds else "no"]


def on_paper(small, large, more):
    """What a much larger log would take, from the slope between both sizes."""
    lines = []
    for bench, beginning, postings in ON_PAPER:
        line, larger = line_of(small, bench, beginning), line_of(large, bench, beginning)
        slope = (larger["median_micros"] - line["median_micros"]) / more
        lines.append(f"{beginning}: {slope:.2f} µs a posting more, {duration(slope * postings / 1e6)} for {postings:,}")
    return "; ".join(lines)


def files_in_markdown(small, large, more):
    names = {
        "post": "`karez post` of a file, from its start to its end",
        "jetstream": "the same over three servers of JetStream, each message synced, to a karez that is served",
        "snapshot": "`karez show projects`, from the snapshot",
        "log": "`karez show projects`, the whole log folded",
    }
    rows = []
    for key, name in names.items():
        if f"{key}_seconds" not in small:
            continue
        memory = [found[f"{key}_memory"] for found in (small, large)]
        seconds = [found[f"{key}_seconds"] for found in (small, large)]
        cells = [duration(seconds[0]), duration(seconds[1]), f"{counted(more / (seconds[1] - seconds[0]))}/s"]
        cells += [f"{counted(size / 2**20)} MiB" for size in memory]
        rows.append([name, *cells, f"{counted((memory[1] - memory[0]) / more)} bytes"])
    if "disk_bytes" in small:
        disk = [small["disk_bytes"], large["disk_bytes"]]
        on_disk = [f"{counted(size / 2**20)} MiB" for size in disk]
        rows.append(["on disk, with indexes", "", "", "", *on_disk, f"{counted((disk[1] - disk[0]) / more)} bytes"])
    head = ["", "1×:", f"{LARGER}×:", "postings more:", "most memory, 1×:", f"{LARGER}×:", "a posting more:"]
    return table(head, rows)


def main():
    end_in_order()
    if not postgres.programs():
        sys.exit("bench: PostgreSQL is not installed: `make setup`, or apt-get install postgresql")
    size = Size(number_from("EVENTS", 20_000), number_from("PROJECTS", 1_000))
    rounds, readers = number_from("ROUNDS", 3), number_from("READERS", 100)
    sizes = (size, size.larger())
    found = {}
    about = machine()
    bytes_held = bytes_a_posting()
    with tempfile.TemporaryDirectory(prefix="karez-bench-") as folder, postgres.Server() as server:
        folder = pathlib.Path(folder)
        for place in (Place(None, folder), Place(server, folder)):
            lines = [benched(place, size, rounds, readers) for size in sizes]
            files = [taken_in(place, size, folder) for size in sizes]
            found[place.name] = {"lines": lines, "files": files}
        database = server.version()
    version = run([KAREZ, "--version"]).output.split()[-1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    report = {
        "machine": about,
        "versions": {"karez": version, "commit": commit.stdout.strip(), "postgresql": database},
        "sizes": [dataclasses.asdict(size) for size in sizes],
        "rounds": rounds,
        "readers": readers,
        "bytes_a_posting": bytes_held,
        "found": found,
    }
    text = [
        f"karez {version} ({commit.stdout.strip()}), PostgreSQL {database} with fsync and synchronous_commit on, SQLite with "
        f"synchronous=FULL: {in_words(about)}.",
        f"1× is {size.events:,} postings of {size.projects:,} projects, {LARGER}× ten times both. Median of {rounds} rounds "
        "(least–most), or of all requests (p99) where each was timed by itself. Growth is the time of one piece at 10× over that at 1×: 1 is flat; what goes over the whole log, or every "
        "project, in one piece grows by 10 where it is linear.",
    ]
    more = sizes[1].events - sizes[0].events
    for name, measured in found.items():
        (small, large), files = measured["lines"], measured["files"]
        text += [f"**{name}**", figures_in_markdown(small, large), files_in_markdown(*files, more)]
        text += [f"On paper, {on_paper(small, large, more)}.", goals_in_markdown(small, large, bytes_held)]
    write(ROOT / "target" / "bench", report, "\n\n".join(text))


if __name__ == "__main__":
    main()

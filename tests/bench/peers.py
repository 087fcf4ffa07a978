"""`make bench-peers`: karez beside what a user would pick instead, on the same rows, in interleaved rounds.

EVENTS rows through the event stores, POSTINGS through the ledgers, of PROJECTS projects, ROUNDS times.
"""

import pathlib
import subprocess
import sys
import tempfile

import event_stores
import ledgers
import postgres
from peer import PLACE, Missing
from report import (
    KAREZ,
    ROOT,
    Figures,
    counted,
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


def prepared(peers, *what):
    """The peers that are here, and why the others are not."""
    here, missing = [], []
    for peer in peers:
        try:
            peer.prepare(*what)
            here.append(peer)
        except (Missing, subprocess.CalledProcessError) as reason:
            say(f"{peer.name}: {reason}")
            missing.append((peer.name, str(reason)))
    return here, missing


def in_rounds(rounds, peers, missing, what, measure):
    """Measures each peer in each round; one that fails on the way is left out of those after it."""
    for number in range(1, rounds + 1):
        for peer in list(peers):
            say(f"{what}, round {number} of {rounds}: {peer.name}")
            try:
                measure(peer)
            except subprocess.CalledProcessError as failed:
                reason = (failed.stderr or str(failed)).strip().splitlines()[0]
                say(f"{peer.name}: {failed}: {failed.stderr}")
                missing.append((peer.name, f"it failed: {reason}"))
                peers.remove(peer)


def measure_stores(stores, rows, parts, rounds):
    stores, missing = prepared(stores)
    rates = {store.name: {} for store in stores}
    slowest = {store.name: {} for store in stores}
    expected = str(sum(ledgers.postings_of(rows)[1].values()))

    def measure(store):
        found = store.round(rows, parts)
        total = found.pop("sum", expected)
        if total != expected:
            sys.exit(f"bench: {store.name} adds up to {total}, and the rows to {expected}")
        for work, line in found.items():
            rates[store.name].setdefault(work, Figures()).add(line["count"] / line["seconds"])
            if "p99_seconds" in line:
                slowest[store.name].setdefault(work, Figures()).add(line["p99_seconds"])

    in_rounds(rounds, stores, missing, "event stores", measure)
    return stores, missing, rates, slowest


def stores_in_markdown(stores, missing, rates):
    against = rates[stores[0].name]
    rows = []
    for store in stores:
        cells = [f"{store.name} {store.version}"]
        for work in event_stores.WORK:
            mine = rates[store.name][work]
            cells.append(f"{mine.shown()} = {counted(mine.median / against[work].median)}×")
        rows.append(cells)
    rows += [[f"{name}: {reason}", *["–"] * len(event_stores.WORK)] for name, reason in missing]
    head = ["rows a second = times the first line", *(f"{name}:" for name in event_stores.WORK.values())]
    does = [[store.name, *store.sent_again, *store.does] for store in stores]
    again = [
        f"{store.name}: {store.tries_again:,} tries of the last round failed, and were made again."
        for store in stores
        if store.tries_again
    ]
    return "\n\n".join([table(head, rows), *again, table(event_stores.DOES_HEAD, does)])


def measure_ledgers(folder, rows, rounds):
    postings, expected = ledgers.postings_of(rows)
    programs, missing = prepared(ledgers.all_of_them(), folder, rows, postings)
    seconds = {program.name: Figures() for program in programs}
    memory = {program.name: Figures() for program in programs}
    right = {}

    def measure(program):
        ran = program.ask()
        seconds[program.name].add(ran.seconds)
        memory[program.name].add(ran.most_memory_bytes)
        right[program.name] = program.spent(ran.output) == expected

    in_rounds(rounds, programs, missing, "ledgers", measure)
    return programs, missing, seconds, memory, right, len(postings)


def ledgers_in_markdown(programs, missing, seconds, memory, right, count):
    first = seconds[programs[0].name].median
    rows = []
    for program in programs:
        mine = seconds[program.name]
        answer = "exact" if right[program.name] else "wrong"
        memory_mib = f"{counted(memory[program.name].median / 2**20)} MiB"
        rate, ratio = counted(count / mine.median), f"{counted(mine.median / first)}×"
        rows.append([f"{program.name} {program.version}", mine.shown(), rate, ratio, memory_mib, answer, program.does])
    rows += [[f"{name}: {reason}", *["–"] * 6] for name, reason in missing]
    head = ["", "seconds, with start-up:", "postings a second:", "time of the first line:", "memory:", "every total", "what it is"]
    return table(head, rows)


def versions(server):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"karez": run([KAREZ, "--version"]).output.split()[-1], "commit": commit.stdout.strip(), "postgresql": server.version()}


def as_json(figures):
    """Of what was measured at all."""
    measured = {name: value for name, value in figures.items() if not isinstance(value, Figures) or value.values}
    return {name: value.as_json() if isinstance(value, Figures) else as_json(value) for name, value in measured.items()}


def main():
    end_in_order()
    if not postgres.programs():
        sys.exit("bench: PostgreSQL is not installed: `make setup`, or apt-get install postgresql")
    events, postings = number_from("EVENTS", 20_000), number_from("POSTINGS", 100_000)
    projects, rounds = number_from("PROJECTS", 1_000), number_from("ROUNDS", 3)
    parts = {"one": max(events // 50, 1), "many": max(events // 4, 1), "batch": events}
    about = machine()
    with tempfile.TemporaryDirectory(prefix="karez-peers-") as folder, postgres.Server() as server:
        folder = pathlib.Path(folder)
        few, many = folder / "few.ndjson", folder / "many.ndjson"
        for path, count in ((few, sum(parts.values())), (many, postings)):
            rows_into(path, count, projects)
        stores, stores_missing, rates, slowest = measure_stores(event_stores.all_of_them(server, projects), few, parts, rounds)
        programs, missing, seconds, memory, right, count = measure_ledgers(folder, many, rounds)
        known = versions(server)
    sizes = {"events": parts, "postings": count, "projects": projects, "rounds": rounds}
    report = {
        "machine": about,
        "versions": {**known, **{peer.name: peer.version for peer in [*stores, *programs]}},
        "sizes": sizes,
        "durability": postgres.DURABLE,
        "missing": dict(stores_missing + missing),
        "event_stores": {"rows_a_second": as_json(rates), "p99_seconds": as_json(slowest)},
        "ledgers": {"seconds": as_json(seconds), "memory_bytes": as_json(memory), "right": right},
    }
    text = [
        f"karez {known['karez']} ({known['commit']}) beside others: {in_words(about)}.",
        f"PostgreSQL {known['postgresql']}, fsync and synchronous_commit on; SQLite with synchronous=FULL; UmaDB syncs each commit of "
        f"its file. Every append is on disk before it is answered. Median of {rounds} interleaved rounds (least–most).",
        f"**Event stores**: {parts['one']:,} rows by 1 caller, {parts['many']:,} by 256 callers (karez: {events:,}; those that hold a "
        f"connection per append share 8), {events:,} in batches, of {projects:,} projects. The others append where their caller knows a "
        "stream to end, without loading it first; karez decides, chains and indexes.",
        stores_in_markdown(stores, stores_missing, rates),
        f"**Ledgers**: what each of {projects:,} projects spent, from {count:,} postings.",
        ledgers_in_markdown(programs, missing, seconds, memory, right, count),
    ]
    write(PLACE.parent / "bench-peers", report, "\n\n".join(text))


if __name__ == "__main__":
    main()

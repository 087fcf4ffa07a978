"""Python eventsourcing on the rows: `HOST DATABASE ROWS ONE MANY`, as karez-peers does with the Rust stores.

Its recorder is asked directly: what it stores is JSON that is already made, so that only the store is measured.
"""

import collections
import concurrent.futures
import decimal
import json
import sys
import time
import uuid

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

BATCH = 1_000
CONNECTIONS = 8
PROJECTS = uuid.UUID("6f6f6b1c-6a6e-5f0c-9d6d-0d8f5a3c1b2e")


class Store:
    def __init__(self, host, database):
        datastore = PostgresDatastore(database, host, 5432, "postgres", "", pool_size=CONNECTIONS, max_waiting=0)
        self.recorder = PostgresApplicationRecorder(datastore)
        self.recorder.create_table()
        self.versions = collections.Counter()

    def event(self, row):
        project = row["stream"].removeprefix("project/")
        self.versions[project] += 1
        fact = {"project": project, **{name: row[name] for name in ("occurred_on", "data", "metadata")}}
        state = json.dumps(fact, ensure_ascii=False).encode()
        return StoredEvent(uuid.uuid5(PROJECTS, project), self.versions[project], row["type"], state)

    def totals(self):
        count, spent, start = 0, collections.defaultdict(decimal.Decimal), None
        while page := self.recorder.select_notifications(start, BATCH, inclusive_of_start=False):
            start = page[-1].id
            for notification in page:
                fact = json.loads(notification.state)
                spent[fact["project"]] += decimal.Decimal(fact["data"]["amount"])
            count += len(page)
        return count, sum(spent.values())


def timed(what, count):
    started = time.perf_counter()
    what()
    return {"count": count, "seconds": time.perf_counter() - started}


def outcome(store, event):
    """What becomes of an event that is sent again."""
    before, _ = store.totals()
    try:
        store.recorder.insert_events([event])
    except IntegrityError:
        return "once, with an error"
    return "twice" if store.totals()[0] > before else "once"


def main():
    host, database, path, one, many = sys.argv[1:]
    one, many = int(one), int(many)
    with open(path, encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["type"] == "expenditure_recorded"]
    store = Store(host, database)
    insert = store.recorder.insert_events

    def one_by_one(rows):
        for row in rows:
            insert([store.event(row)])

    def by_threads():
        # A project's rows stay with one thread, in their order.
        shares = [[row for row in rows[one : one + many] if hash(row["stream"]) % CONNECTIONS == share] for share in range(CONNECTIONS)]
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
            for done in threads.map(one_by_one, shares):
                assert done is None

    def in_batches():
        for first in range(one + many, len(rows), BATCH):
            insert([store.event(row) for row in rows[first : first + BATCH]])

    report = {
        "one": timed(lambda: one_by_one(rows[:one]), one),
        "many": timed(by_threads, many),
        "batch": timed(in_batches, len(rows) - one - many),
    }
    started = time.perf_counter()
    count, total = store.totals()
    report["fold"] = {"count": count, "seconds": time.perf_counter() - started}
    assert count == len(rows), f"{len(rows)} rows were appended and {count} read"
    event = store.event(rows[-1])
    insert([event])
    report["sent_again"] = {
        "as_it_was": outcome(store, event),
        "decided_anew": outcome(store, store.event(rows[-1])),
    }
    print(json.dumps({**report, "sum": str(total)}))


if __name__ == "__main__":
    main()

"""What each project spent, asked of karez and of programs that keep books in text files or query files."""

import collections
import csv
import decimal
import io
import json
import os
import re
import shutil
import sqlite3

import peer
from report import KAREZ, run, say

AS_OF = "2024-12-31"
TEXT_FILE = "reads text files, records nothing"

TACKLER_VERSION = "26.10.1"
DUCKDB_VERSION = "2.0.0"
BEANCOUNT_VERSION = "3.2.3"
BEANQUERY_VERSION = "0.2.0"

Posting = collections.namedtuple("Posting", "day project number category amount")


def postings_of(rows):
    """The postings of a file of `karez bench --rows-only`, and what each project spent of them."""
    postings, spent = [], collections.defaultdict(decimal.Decimal)
    with open(rows, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["type"] == "expenditure_recorded":
                data, project = row["data"], row["stream"].removeprefix("project/")
                amount = f"{decimal.Decimal(data['amount']):.2f}"
                postings.append(Posting(row["occurred_on"], project, data["voucher_no"], data["category"], amount))
                spent[project] += decimal.Decimal(amount)
    # Text ledgers are kept in the order of days, and some are faster with it.
    return sorted(postings), dict(spent)


class Ledger:
    """One program and the files it reads; `ask` answers the question and is timed from its start to its end."""

    name = version = does = ""

    def prepare(self, folder, rows, postings):
        """Writes the same postings as this program reads them; raises peer.Missing."""

    def ask(self):
        """Runs the program."""
        raise NotImplementedError

    def spent(self, output):
        """What its answer says, by project."""
        found = {}
        for line in csv.reader(io.StringIO(output)):
            if len(line) == 2 and (project := re.search(r"BENCH-\d+", line[0])):
                found[project[0]] = found.get(project[0], 0) + amount_in(line[1])
        return found


def amount_in(text):
    return decimal.Decimal(re.search(r"-?[\d,]*\.?\d+", text)[0].replace(",", ""))


class Karez(Ledger):
    """The log in SQLite, filled before by `karez post`."""

    def __init__(self, from_snapshot):
        self.from_snapshot = from_snapshot
        self.name = "karez (from its snapshot)" if from_snapshot else "karez (the whole log folded)"
        self.version = run([KAREZ, "--version"]).output.split()[-1]
        self.does = "a durable, chained log; each id once; as of any two dates; the same answer has budget, arrivals and execution rate"

    def prepare(self, folder, rows, postings):
        filled = folder / "karez"
        if not filled.exists():
            taken_in = run([KAREZ, "post", rows, "--data", filled, "--lang", "en"])
            again = run([KAREZ, "post", rows, "--data", filled, "--lang", "en"])
            say(f"karez: {taken_in.output.strip()} Again: {again.output.strip()}")
        self.data = filled
        if not self.from_snapshot:
            self.data = folder / "karez-log"
            shutil.copytree(filled, self.data)
            with sqlite3.connect(next(self.data.glob("*.db"))) as log:
                log.executescript("DELETE FROM snapshot_part; DELETE FROM snapshot;")
            log.close()

    def ask(self):
        return run([KAREZ, "show", "projects", "--as-of", AS_OF, "--format", "csv", "--data", self.data])

    def spent(self, output):
        rows = csv.DictReader(io.StringIO(output.removeprefix("\ufeff")))
        return {row["id"]: decimal.Decimal(row["spent"]) for row in rows}


class Hledger(Ledger):
    name = "hledger"
    does = f"{TEXT_FILE}; exact decimals; as of one date; no hash chain, no ids"

    def prepare(self, folder, rows, postings):
        peer.debian("hledger", "hledger")
        self.version = run(["hledger", "--version"]).output.split()[1].rstrip(",")
        self.file = journal(folder, postings)

    def ask(self):
        return run(["hledger", "-f", self.file, "balance", "Expenses", "-N", "-O", "csv"])


class LedgerCli(Ledger):
    name = "ledger"
    does = f"{TEXT_FILE}; exact fractions; as of one date; no hash chain, no ids"

    def prepare(self, folder, rows, postings):
        peer.debian("ledger", "ledger")
        self.version = re.search(r"\d+\.\d+\.\d+", run(["ledger", "--version"]).output)[0]
        self.file = journal(folder, postings)

    def ask(self):
        form = "%(account),%(quantity(scrub(display_total)))\n"
        return run(["ledger", "-f", self.file, "balance", "Expenses", "--flat", "--no-total", "--format", form])


class Beancount(Ledger):
    name = "beancount"
    does = f"{TEXT_FILE}; exact decimals; accounts must be opened; as of one date; no hash chain, no ids"

    def prepare(self, folder, rows, postings):
        peer.python(f"beancount=={BEANCOUNT_VERSION}", f"beanquery=={BEANQUERY_VERSION}")
        self.version = BEANCOUNT_VERSION
        projects = sorted({posting.project for posting in postings})
        opened = (f"2024-01-01 open {kind}:{project} CNY\n" for kind in ("Expenses", "Assets") for project in projects)
        booked = (
            f'{day} * "voucher {number} {category}"\n  Expenses:{project}  {amount} CNY\n  Assets:{project}\n\n'
            for day, project, number, category, amount in postings)
        self.file = written(folder / "books.beancount", [*opened, *booked])

    def ask(self):
        query = "SELECT account, sum(number) WHERE account ~ '^Expenses' GROUP BY account"
        # Its cache would answer the second time from a pickled file, without reading the books.
        environment = {**os.environ, "BEANCOUNT_DISABLE_LOAD_CACHE": "1"}
        return run([peer.PYTHON.parent / "bean-query", "-q", "-f", "csv", self.file, query], env=environment)


class Tackler(Ledger):
    name = "tackler"
    does = f"{TEXT_FILE}; exact decimals; as of one date; checksums of sets of transactions on demand, no hash chain"

    def prepare(self, folder, rows, postings):
        self.program = peer.cargo_program("tackler", TACKLER_VERSION)
        self.version = TACKLER_VERSION
        run([self.program, "new", folder / "tackler"])
        self.config = folder / "tackler" / "conf" / "tackler.toml"
        self.file = written(folder / "postings.txn", (
            f"{day} 'voucher {number} {category}\n Expenses:{project}  {amount}\n Assets:{project}\n\n"
            for day, project, number, category, amount in postings))

    def ask(self):
        select = ["--reports", "balance", "--accounts", "Expenses:.*"]
        return run([self.program, "--config", self.config, "--input.file", self.file, *select])

    def spent(self, output):
        found = re.findall(r"(-?\d+\.\d+)\s+Expenses:(BENCH-\d+)", output)
        return {project: decimal.Decimal(amount) for amount, project in found}


class DuckDb(Ledger):
    """With its start, as the others are asked; what it reads is the file that karez takes in, or a CSV file of it."""

    def __init__(self, kind):
        self.kind = kind
        self.name = f"DuckDB on {kind}"
        self.does = "queries files; exact where asked to cast; any grouping in SQL; no log, hash chain or ids"

    def prepare(self, folder, rows, postings):
        peer.python(f"duckdb=={DUCKDB_VERSION}")
        self.version = DUCKDB_VERSION
        if self.kind == "NDJSON":
            columns = "{type: 'VARCHAR', stream: 'VARCHAR', data: 'STRUCT(amount VARCHAR)'}"
            read = f"read_json('{rows}', format = 'newline_delimited', columns = {columns})"
            self.query = f"SELECT stream, sum(CAST(data.amount AS DECIMAL(18, 2))) FROM {read} WHERE type = 'expenditure_recorded' GROUP BY stream"
            return
        self.file = folder / "postings.csv"
        with open(self.file, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Posting._fields)
            writer.writerows(postings)
        columns = "{day: 'DATE', project: 'VARCHAR', number: 'VARCHAR', category: 'VARCHAR', amount: 'DECIMAL(18, 2)'}"
        self.query = f"SELECT project, sum(amount) FROM read_csv('{self.file}', header = true, columns = {columns}) GROUP BY project"

    def ask(self):
        program = "import duckdb, sys\nfor row in duckdb.sql(sys.argv[1]).fetchall(): print(*row, sep=',')"
        return run([peer.PYTHON, "-c", program, self.query])


def journal(folder, postings):
    """The syntax that hledger and ledger share."""
    return written(folder / "books.journal", (
        f"{day} voucher {number} {category}\n    Expenses:{project}  {amount} CNY\n    Assets:{project}\n\n"
        for day, project, number, category, amount in postings))


def written(path, parts):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(parts)
    return path


def all_of_them():
    return [
        Karez(from_snapshot=True),
        Karez(from_snapshot=False),
        Hledger(),
        LedgerCli(),
        Beancount(),
        Tackler(),
        DuckDb("NDJSON"),
        DuckDb("CSV"),
    ]

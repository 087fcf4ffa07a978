"""What the benches share: programs run and weighed, figures over rounds, reports as JSON and Markdown."""

import dataclasses
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KAREZ = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "karez"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def end_in_order():
    """Asked to end, a bench leaves its `with` blocks: nothing that it started or wrote stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: asked to end"))


def number_from(name, default):
    """A whole number above zero from the environment."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) == 0:
        sys.exit(f"bench: {name}={text}: give a whole number above 0")
    return int(text)


@dataclasses.dataclass
class Ran:
    """A program that has ended well."""

    output: str
    seconds: float
    most_memory_bytes: int


def run(command, env=None):
    """Runs a program to its end; one that fails ends the bench, with its own words."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=env)
        memory = Memory(program.pid)
        code = program.wait()
        seconds = time.perf_counter() - started
        most = memory.most()
        output.seek(0)
        errors.seek(0)
        if code != 0:
            words = errors.read().decode(errors="replace").strip()[-2000:]
            raise subprocess.CalledProcessError(code, command[:4], stderr=words)
        return Ran(output.read().decode(), seconds, most)


class Memory:
    """The most memory that a program has had. What the system keeps for after its end counts its parent's in as well."""

    EVERY_SECONDS = 0.01

    def __init__(self, program):
        self.status = pathlib.Path(f"/proc/{program}/status")
        self.seen = 0
        self.ended = threading.Event()
        self.watching = threading.Thread(target=self._watch, daemon=True)
        self.watching.start()

    def _watch(self):
        while not self.ended.is_set():
            try:
                text = self.status.read_text(encoding="utf-8")
            except OSError:
                return
            if found := re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE):
                self.seen = int(found[1]) * 1024
            self.ended.wait(self.EVERY_SECONDS)

    def most(self):
        self.ended.set()
        self.watching.join()
        return self.seen


def rows_into(path, events, projects):
    """Writes the facts that karez is measured with, one submission a line."""
    size = ["--events", str(events), "--projects", str(projects)]
    with open(path, "wb") as file:
        subprocess.run([KAREZ, "bench", "ingest", "--rows-only", *size], check=True, stdout=file)


def machine():
    """The machine that is measured, without its name."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    with open("/proc/meminfo", encoding="utf-8") as lines:
        kibibytes = int(next(line for line in lines if line.startswith("MemTotal:")).split()[1])
    return {
        "processor": models[0] if models else platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": round(kibibytes / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "on": time.strftime("%Y-%m-%d"),
    }


def in_words(about):
    return (
        f"{about['processors']} processors ({about['processor']}), {about['memory_gib']} GiB, "
        f"{about['system']}, {about['on']}"
    )


class Figures:
    """One figure over the rounds."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values)

    def as_json(self):
        return {"median": self.median, "least": min(self.values), "most": max(self.values), "rounds": len(self.values)}

    def shown(self):
        """The median, and the spread where there is one."""
        if len(self.values) == 1:
            return counted(self.median)
        return f"{counted(self.median)} ({counted(min(self.values))}–{counted(max(self.values))})"


def counted(value):
    """A figure as people read it: 1,490; 3.57; 0.041."""
    if value >= 100:
        return f"{rounded(value):,.0f}"
    return f"{value:.3g}"


def rounded(value):
    """Three digits tell what a bench can tell."""
    digits = len(str(int(value)))
    return round(value, 3 - digits)


def duration(seconds):
    for unit, length in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3)):
        if seconds >= length:
            return f"{counted(seconds / length)} {unit}"
    return f"{counted(seconds * 1e6)} µs"


def table(head, rows):
    """A table in Markdown; figures, which follow the first column, stand to the right where `head` ends in a colon."""
    marks = ["---:" if name.endswith(":") else "---" for name in head]
    lines = [[name.rstrip(":") for name in head], marks, *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write(folder, as_json, as_markdown):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(as_json, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(as_markdown + "\n", encoding="utf-8")
    print(as_markdown)
    say(f"written to {folder.relative_to(ROOT)}/report.json and report.md")

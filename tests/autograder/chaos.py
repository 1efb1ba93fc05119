"""A class that is graded by the command itself, in a process that can be killed, and all that comes out as one value."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import psutil

from autograder.grading import simulated_class
from autograder.grading.simulated_class import Kind

UNIT = "90-tiny"
ROOT = Path(__file__).parents[2]
NEVER_THE_SAME = {"seconds", "at", "attempt"}
"""Columns that say when and how often something was graded."""
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, from linux/prctl.h


def hand_in(course: Path, number: int, seed: int) -> Path:
    """A class of `number` in `course`, of every kind that is graded at once."""
    made = simulated_class.make(UNIT, 2 * number + 8, seed, course)
    quick = [learner for learner in made if learner.kind is not Kind.ENDLESS][:number]
    return simulated_class.hand_in(quick, UNIT, course / "class")


@contextmanager
def heir_of_orphans() -> Iterator[None]:
    """In this block every process whose parent dies becomes a child of this one, so that none is lost from sight."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


def left_behind(before: set[psutil.Process], seconds: float = 20.0) -> list[str]:
    """The commands of the processes that are still there so long after; those that have ended are reaped."""
    until = time.monotonic() + seconds
    while True:
        alive = []
        for process in set(psutil.Process().children(recursive=True)) - before:
            try:
                if process.status() == psutil.STATUS_ZOMBIE:
                    if process.ppid() == os.getpid():
                        os.waitpid(process.pid, os.WNOHANG)
                    continue
                alive.append(" ".join(process.cmdline()) or process.name())
            except (psutil.NoSuchProcess, ChildProcessError):
                continue
        if not alive or time.monotonic() > until:
            return alive
        time.sleep(0.05)


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Batch:
    """One class to be graded into one folder."""

    course: Path
    submitted: Path
    into: Path

    def start(self, *options: str, before: str = "") -> subprocess.Popen[str]:
        """Start `autograder grade`; `before` is Python that runs in its process first."""
        command = f"{before}\nfrom autograder.cli import main\nmain()"
        arguments = ["grade", UNIT, "--submissions", self.submitted, "--course", self.course, "--into", self.into]
        return subprocess.Popen(
            [sys.executable, "-c", command, *map(str, arguments), "--jobs", "2", "--seconds", "30", "--json", *options],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *options: str, before: str = "") -> Ended:
        """Grade to the end."""
        process = self.start(*options, before=before)
        return end_of(process)

    @property
    def database(self) -> Path:
        return self.into / "gradebook.db"

    def written(self) -> list[str]:
        """The students whose results are in the gradebook."""
        try:
            with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5) as db:
                return [student for (student,) in db.execute("SELECT student FROM isometry_outcome")]
        except sqlite3.OperationalError:
            return []  # it is not there yet

    def wait_for(self, number: int, process: subprocess.Popen[str]) -> None:
        """Until so many results are written, or the process has ended."""
        while len(self.written()) < number and process.poll() is None:
            time.sleep(0.05)


def end_of(process: subprocess.Popen[str], seconds: float = 900.0) -> Ended:
    """How it ended. A test that waits longer has found one that hangs."""
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, err)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL, and nobody else is told."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


# --------------------------------------------------------------------------- all that came out


class Everything(NamedTuple):
    """All that grading a class leaves, without what differs from one time to the next."""

    tables: dict[str, list[str]]
    """Each row of each table as text, sorted."""
    pages: dict[str, str]
    """Each feedback page, by its place."""
    notebooks: dict[str, list[Any]]
    """Sources and outputs of each notebook as it ran."""
    grades: str
    """The CSV."""


def everything(batch: Batch) -> Everything:
    """What lies in the batch's folder."""
    feedback, ran = batch.into / "feedback", batch.into / "autograded"
    return Everything(
        tables(batch.database),
        {
            str(path.relative_to(feedback)): path.read_text("utf-8")
            for path in sorted(feedback.rglob("*"))
            if path.is_file()
        },
        {str(path.relative_to(ran)): _notebook(path) for path in sorted(ran.rglob("*")) if path.is_file()},
        (batch.into / f"{UNIT}.csv").read_text("utf-8"),
    )


def _notebook(path: Path) -> list[Any]:
    cells = nbformat.read(path, as_version=4).cells
    return [(cell.cell_type, cell.source, cell.metadata.get("nbgrader"), cell.get("outputs")) for cell in cells]


def tables(database: Path) -> dict[str, list[str]]:
    """Every table of a gradebook. In the place of nbgrader's random ids stands what their rows hold."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {
            name: [_plain(dict(row)) for row in db.execute(f'SELECT * FROM "{name}"')]
            for name in names
            if name not in ("isometry_batch", "sqlite_sequence")
        }
    called: dict[str, str] = {}
    for _ in range(6):  # as deep as nbgrader's tables point at each other
        called = _named(rows, called)
    return {
        name: sorted(json.dumps(_told(row, called), sort_keys=True) for row in found) for name, found in rows.items()
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        column: zlib.decompress(value).decode() if isinstance(value, bytes) else value
        for column, value in row.items()
        if column not in NEVER_THE_SAME
    }


def _named(rows: dict[str, list[dict[str, Any]]], called: dict[str, str]) -> dict[str, str]:
    """A name for each id: a digest of its rows, with the names of the ids they point at."""
    parts: dict[str, list[str]] = {}
    for table, found in rows.items():
        for row in found:
            if _random(row.get("id")):
                told = _told({column: value for column, value in row.items() if column != "id"}, called)
                parts.setdefault(row["id"], []).append(json.dumps([table, told], sort_keys=True))
    return {one: hashlib.sha256("".join(sorted(text)).encode()).hexdigest()[:16] for one, text in parts.items()}


def _random(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32 and set(value) <= set("0123456789abcdef")


def _told(row: dict[str, Any], called: dict[str, str]) -> dict[str, Any]:
    return {column: called.get(value, "?") if _random(value) else value for column, value in row.items()}


def difference(one: Everything, other: Everything) -> Sequence[str]:
    """What differs, a line each; empty where nothing does."""
    found = []
    for name in one.tables.keys() | other.tables.keys():
        a, b = one.tables.get(name, []), other.tables.get(name, [])
        found += [f"{name} - {row[:400]}" for row in a if row not in b]
        found += [f"{name} + {row[:400]}" for row in b if row not in a]
        if sorted(a) != sorted(b) and len(a) != len(b):
            found.append(f"{name}: {len(a)} rows and {len(b)}")
    for kind in ("pages", "notebooks"):
        a, b = getattr(one, kind), getattr(other, kind)
        found += [f"{kind}: {place}" for place in sorted(a.keys() | b.keys()) if a.get(place) != b.get(place)]
    if one.grades != other.grades:
        found.append(f"grades: {one.grades}\nand\n{other.grades}")
    return found

"""Many attackers and honest learners between them, graded as one class by the real engine, and what came of it.

The batch runs in a process of its own, below one that inherits every orphan: what still runs when the batch has ended
was left behind. Its home and its temporary folder are new and empty, so that whatever stands there was left, too.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib
import psutil

from . import bystander, looking, target
from .attack import Attack, Handed, Outside, Place
from .bystander import Bystander
from .listening import Listeners
from .target import CLASSIC, CLASSIC_WORTH, ROOT, UNIT, WORTH

SECONDS = 10
"""What one cell may take. An endless loop costs at least as much."""
HONEST_EVERY = 2
"""After so many attackers comes a learner whose answers are right."""
PATIENCE = 3_600
FULL = sum(WORTH.values()) + CLASSIC_WORTH
"""What a learner whose answers are right has before anybody has read the essay."""
MOST_MEMORY = 2_500_000_000
"""Bytes. A kernel may hold less; that no process of the grader's holds more is watched here alone."""
WRONG = "an-honest-one-who-is-wrong"
_SUBREAPER = 36
LANDLOCK_MOST = "ISOMETRY_LANDLOCK_MOST"
"""The environment variable of the grader that makes the sandbox use no higher version of Landlock."""


@dataclass(frozen=True)
class Result:
    """What came of one attack."""

    attack: Attack
    row: dict[str, Any]
    """The result as the engine reports it."""
    points: float
    """Earned in the checks, of which `attack.ceiling` are due."""
    forged: float
    """Earned in the cell that asserts in the student's own process."""
    harms: tuple[str, ...]
    """What it did that nobody should be able to do."""

    @property
    def marked(self) -> bool:
        """Whether the result says that a cell was judged in the student's process."""
        return "judged in the student's process" in self.row["reason"]

    @property
    def held(self) -> bool:
        return self.points <= self.attack.ceiling and not self.harms and (self.forged == 0 or self.marked)


@dataclass
class Batch:
    """A class that was graded."""

    landlock: int | None = None
    """The version of Landlock beyond which nothing was used; None where all was."""
    results: dict[str, Result] = field(default_factory=dict)
    honest: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The rows of the learners whose answers are right."""
    wrong: dict[str, Any] = field(default_factory=dict)
    """The row of one who is honest and wrong throughout."""
    pages: dict[str, str] = field(default_factory=dict)
    processes: list[str] = field(default_factory=list)
    """What still ran when the batch was over."""
    files: list[str] = field(default_factory=list)
    """What stood outside the gradebook's folder and had not stood there before, or had changed."""
    code: int = 0
    said: str = ""
    """How the batch's process ended, and what it printed to its error output."""
    ended: bool = True
    seconds: float = 0.0
    peak: int = 0
    """The most memory, in bytes, that any one of its processes held."""

    def problems(self) -> list[str]:
        """What harmed more than the attack's own submission, as sentences; none where all is well."""
        said = [] if self.ended else ["The batch did not end."]
        said += [f"The batch ended with {self.code}: {self.said[-500:]}"] if self.code or self.said else []
        said += [f"A process of it held {self.peak / 1e9:.1f} GB."] if self.peak > MOST_MEMORY else []
        said += [f"A process was left: {name}" for name in self.processes]
        said += [f"A file was left or changed: {name[:200]}" for name in self.files]
        return said + [
            f"The honest {name} was given {row['score']:g} of {FULL:g} ({row['state']}): {row['reason']}"
            for name, row in self.honest.items()
            if (row["state"], row["score"]) != ("graded", FULL)
        ]


def run(attacks: Sequence[Attack], *, jobs: int = 2, seconds: int = SECONDS, landlock: int | None = None) -> Batch:
    """Grade `attacks` in this order in a class of their own; `landlock` is the most that is used of Landlock."""
    base = Path(tempfile.mkdtemp(prefix="red-", dir="/tmp"))
    base.chmod(0o711)
    token = secrets.token_hex(6)
    try:
        with Listeners(base, f"red-{token}") as listeners:
            found = _Class(base, token, attacks, listeners)
            try:
                return found.graded(jobs, seconds, landlock)
            finally:
                found.end()
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=False)  # deeper than Python's own can follow, perhaps


class _Class:
    def __init__(self, base: Path, token: str, attacks: Sequence[Attack], listeners: Listeners) -> None:
        self.base, self.token, self.listeners = base, token, listeners
        self.course, self.handed_in, self.into = base / "course", base / "handed-in", base / "grading"
        self.home, self.tmp = base / "home", base / "tmp"
        for folder in (self.handed_in, self.home, self.tmp):
            folder.mkdir()
        self.secret = f"classified-{token}"
        target.write(self.course, self.secret)
        (self.home / "secret.txt").write_text(self.secret)
        (base / "outside").mkdir()
        self.bystanders: dict[str, Bystander] = {}
        self.notes = bystander.notes()
        self.students: dict[str, Attack] = {}
        self.honest: list[str] = []
        for index, attack in enumerate(attacks):
            if index % HONEST_EVERY == 0:
                self._hand_in_honest(index)
            self._hand_in(index, attack)
        self._hand_in_honest(len(attacks))
        hand_in(Handed(target.notebook(target.WRONG)), self.handed_in / WRONG)

    def _hand_in_honest(self, index: int) -> None:
        name = f"{index:03d}-an-honest-one"
        self.honest.append(name)
        place = self.handed_in / name / UNIT
        place.mkdir(parents=True)
        data = target.notebook(target.RIGHT, f"Because it is so, and this is {self.secret}.")
        (place / f"{UNIT}.ipynb").write_text(json.dumps(data), encoding="utf-8")

    def _hand_in(self, index: int, attack: Attack) -> None:
        name = f"{attack.student} {attack.name}" if attack.student else f"{index:03d}-{attack.name}"
        self.students[name] = attack
        handed = Handed(target.notebook(target.WRONG))
        attack.write(handed, self.place(attack))
        hand_in(handed, self.handed_in / name)

    def place(self, attack: Attack) -> Place:
        return Place(
            self.course,
            self.handed_in,
            self.into,
            self.home,
            self.mark(attack),
            self.honest[0],
            self.listeners.tcp,
            self.listeners.udp,
            self.listeners.unix,
            self.listeners.abstract,
            self.outside(attack) if attack.outside else None,
        )

    def outside(self, attack: Attack) -> Outside:
        """What there is outside for this attack alone, so that what becomes of it is its doing."""
        number = len(self.bystanders)
        self.bystanders[attack.name] = made = Bystander(
            self.base / "outside",
            f"by{self.token}-{number}",
            next(self.notes),
            tcp=self.listeners.tcp,
            mark=self.mark(attack),
            secret=self.secret,
        )
        return Outside(**made.told)

    def end(self) -> None:
        for left in self.bystanders.values():
            left.end()
        self.bystanders.clear()

    def mark(self, attack: Attack) -> str:
        return f"m{self.token}_{attack.name.replace('-', '_')}_m"

    def graded(self, jobs: int, seconds: int, landlock: int | None = None) -> Batch:
        before = _contents(self.base, self.into)
        running = set(psutil.Process().children(recursive=True))
        result, batch = self.base / "result.json", Batch(landlock)
        arguments = [self.course, UNIT, self.handed_in, self.into, seconds, jobs, result]
        command = [sys.executable, str(Path(__file__).with_name("runner.py")), *map(str, arguments)]
        started = time.monotonic()
        subreaper(True)
        try:
            process = subprocess.Popen(
                command, cwd=self.base, env=self._environment(landlock), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            try:
                with _Memory(process.pid) as memory:
                    _, said = process.communicate(timeout=PATIENCE)
                batch.code, batch.said = process.returncode, said.decode(errors="replace")
            except subprocess.TimeoutExpired:
                batch.ended = False
                process.kill()
            batch.peak = memory.peak
            batch.seconds = time.monotonic() - started
            batch.processes = _still_running(running)
        finally:
            subreaper(False)
        told = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {"rows": []}
        result.unlink(missing_ok=True)
        after = _contents(self.base, self.into)
        batch.files = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        rows = {row["student"]: row for row in told["rows"]}
        batch.honest = {name: rows[name] for name in self.honest if name in rows}
        batch.wrong = rows.get(WRONG, {})
        batch.pages = {name: self._file("feedback", name, "html") for name in rows}
        for name, attack in self.students.items():
            # What is no text in a name is spelt out in the row's.
            mine = [row for student, row in rows.items() if student == name or student.endswith(f" {attack.name}")]
            if mine:
                batch.results[attack.name] = self._result(attack, mine[0], batch.pages[mine[0]["student"]])
        if len(batch.results) == 1 and batch.files:  # among many it is not known whose they are
            ((name, found),) = batch.results.items()
            batch.results[name] = replace(found, harms=(*found.harms, "left files behind"))
        return batch

    def _environment(self, landlock: int | None) -> dict[str, str]:
        capped = {LANDLOCK_MOST: str(landlock)} if landlock is not None else {}
        return (
            os.environ
            | capped
            | {
                "HOME": str(self.home),
                "TMPDIR": str(self.tmp),
                "PYTHONPATH": str(ROOT),
                "MPLCONFIGDIR": str(os.environ.get("MPLCONFIGDIR") or matplotlib.get_cachedir()),
                "SECRET_OF_THE_GRADER": self.secret,
                "PYTHONDONTWRITEBYTECODE": "1",  # loading the bank leaves nothing: what is new is an attacker's
            }
        )

    def _file(self, kind: str, student: str, suffix: str) -> str:
        path = self.into / kind / student / UNIT / f"{UNIT}.{suffix}"
        try:
            return path.read_text(encoding="utf-8")
        except OSError:
            return ""

    def _result(self, attack: Attack, row: dict[str, Any], page: str) -> Result:
        mark, ran = self.mark(attack), self._file("autograded", row["student"], "ipynb")
        shown = looking.shown(ran)
        harms = looking.boasts(shown)
        secret = self.into / f"{UNIT}.secret"
        kept = [self.secret, "SQLite format 3", secret.read_text().strip() if secret.is_file() else self.secret]
        timestamp = self.into / "submitted" / row["student"] / UNIT / "timestamp.txt"
        copied = timestamp.read_text(errors="replace") if timestamp.is_file() else ""
        if any(text in part for text in kept for part in (shown, page, row["reason"], copied)):
            harms.append("read a secret")
        if looking.left(mark, [*map(Path, looking.COMMON), ROOT / "autograder", ROOT / "course", Path(sys.prefix)]):
            harms.append("left files behind")
        if mark.encode() in self.listeners.heard:
            harms.append("reached the network")
        if attack.name in self.bystanders:
            harms += self.bystanders.pop(attack.name).end()
        harms += [f"its page has an active {place}" for place in looking.active(page, mark)]
        if looking.escapes(row["reason"]) or (attack.page and any(c in row["reason"] for c in looking.TURNING)):
            harms.append("its reason gives orders to a terminal")
        points = sum(row["scores"].get(cell, 0.0) for cell in WORTH)
        points += sum(score for cell, score in row["scores"].items() if cell not in {*WORTH, CLASSIC, "why"})
        return Result(attack, row, points, row["scores"].get(CLASSIC, 0.0), tuple(harms))


def hand_in(handed: Handed, folder: Path) -> None:
    """Put a submission where a student's stands."""
    if "." in handed.links:
        folder.symlink_to(handed.links["."])
        return
    folder.mkdir(parents=True)
    if UNIT in handed.links:
        (folder / UNIT).symlink_to(handed.links[UNIT])
        return
    place = folder / UNIT
    place.mkdir()
    notebook = place / f"{UNIT}.ipynb"
    for name in handed.pipes:
        os.mkfifo(place / name)
    for name, to in handed.links.items():
        (folder / name).symlink_to(to)
    for name, content in handed.files.items():
        (place / name).write_bytes(content)
    if handed.sparse:
        with open(notebook, "wb") as file:
            file.truncate(handed.sparse)
    elif not os.path.lexists(notebook):
        notebook.write_bytes(handed.content())


def subreaper(wanted: bool) -> None:
    """Whether this process becomes the parent of what its descendants leave behind."""
    ctypes.CDLL(None).prctl(_SUBREAPER, int(wanted), 0, 0, 0)


class _Memory:
    """Looks, now and then, at how much memory each process below `pid` holds."""

    def __init__(self, pid: int) -> None:
        self.peak, self._pid, self._over = 0, pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            try:
                processes = [top := psutil.Process(self._pid), *top.children(recursive=True)]
            except psutil.Error:
                return
            for process in processes:
                try:
                    self.peak = max(self.peak, process.memory_info().rss)
                except psutil.Error:
                    continue


def _still_running(before: set[psutil.Process]) -> list[str]:
    """What runs below this process and did not before; it has some seconds to end by itself."""
    until = time.monotonic() + 10
    while True:
        now = [p for p in psutil.Process().children(recursive=True) if p not in before]
        alive = [p for p in now if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        if not alive or time.monotonic() > until:
            break
        time.sleep(0.2)
    named = []
    for process in alive:
        try:
            named.append(" ".join(process.cmdline())[:200])
            process.kill()
        except psutil.Error:
            continue
    for process in now:
        try:
            os.waitpid(process.pid, os.WNOHANG)  # an orphan that came to this process has no other to ask for it
        except (ChildProcessError, OSError):
            continue
    return named


def _contents(base: Path, apart: Path) -> dict[str, str]:
    """Every file, link and folder below `base` with a digest of it, those below `apart` left out."""
    found = {}
    for top, below, files in os.walk(base):
        if Path(top) == base:
            below[:] = [name for name in below if base / name != apart]
        for name in (*below, *files):
            found[os.path.join(top, name)] = _digest(os.path.join(top, name))
    return found


def _digest(path: str) -> str:
    try:
        if os.path.islink(path):
            return os.readlink(path)
        if os.path.isfile(path) and os.path.getsize(path) < 100_000_000:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        pass  # its name is longer than names can be
    return ""

"""The same attacks on stock `nbgrader autograde`, one at a time, each contained (`contained.py`).

The notebook and its checks are the same; the judge sits in the student's own process, as in stock nbgrader it must.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import batch, bystander, contained, looking, target
from .attack import Attack, Handed, Outside, Place
from .target import CLASSIC, ROOT, UNIT, WORTH

SECONDS = 10
PATIENCE = 90
"""Seconds after which nbgrader is ended, where it has not ended by itself."""
TOO_MUCH = {"processes": 50, "bytes of memory": 2.5e9, "bytes on the disk": 2.5e8, "files": 20_000}
"""What nobody takes who answers; stock by itself sets no end to it, the container does."""
HONEST = "somebody"
APART = "--mount --pid --fork --kill-child --net --ipc --uts --mount-proc".split()


class CannotContain(Exception):
    """Stock nbgrader cannot be run here without danger. The text says why."""


@dataclass(frozen=True)
class Stock:
    """What came of one attack on stock nbgrader."""

    points: float | None
    """Earned in the checks; None where nothing stands in the gradebook."""
    forged: float
    ended: str
    """How the command ended, where it did not end well; else empty."""
    harms: tuple[str, ...]

    def held(self, attack: Attack) -> bool:
        """Whether it gained nothing, harmed nobody, and came to an end."""
        ended = self.ended == "" or self.ended.startswith("gave up")
        return (self.points or 0.0) <= attack.ceiling and not self.forged and not self.harms and ended


def require() -> None:
    """`CannotContain` where there is no root or no namespace to be had."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise CannotContain("Only root, with `unshare`, can contain stock nbgrader. Run this in a machine of your own.")
    if subprocess.run(["unshare", *APART, "true"], capture_output=True).returncode:
        raise CannotContain("This machine gives no namespaces, and without them stock nbgrader is not contained.")


@functools.cache
def _pristine() -> Path:
    """A course that nbgrader knows, with its gradebook. Made once."""
    course = Path(tempfile.mkdtemp(prefix="stock-")) / "course"
    atexit.register(shutil.rmtree, course.parent, ignore_errors=True)
    target.write(course, "")
    (course / "grading").mkdir()
    settings = course / "nbgrader_config.py"
    stocks = [
        line for line in settings.read_text(encoding="utf-8").splitlines(True) if "autograder" not in line.lower()
    ]
    settings.write_text("".join(stocks), encoding="utf-8")
    nbgrader = [sys.executable, "-c", "from nbgrader.apps.nbgraderapp import main; main()"]
    environment = os.environ | {
        "ISOMETRY_COURSE": str(course),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    command = [*nbgrader, "generate_assignment", UNIT, "--force"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CannotContain(f"nbgrader cannot make the assignment: {done.stderr[-500:]}")
    return course


def run(attack: Attack) -> Stock:
    """Let stock nbgrader grade this attack. Nothing of it reaches the machine outside."""
    token = secrets.token_hex(6)
    mark, secret = f"m{token}_{attack.name.replace('-', '_')}_m", f"classified-{token}"
    student = (attack.student or attack.name).replace("/", "%2f")
    base = Path(tempfile.mkdtemp(prefix="stock-"))
    try:
        course = base / "course"
        shutil.copytree(_pristine(), course)
        bank = course / "solutions" / UNIT / "bank.py"
        bank.write_text(bank.read_text(encoding="utf-8") + f"\n# {secret}\n", encoding="utf-8")
        (base / "home").mkdir()
        (base / "home" / "secret.txt").write_text(secret)
        inside, grading = contained.COURSE, contained.COURSE / "grading"
        submitted = course / "grading" / "submitted"
        honest = Handed(target.notebook(target.RIGHT, secret))
        batch.hand_in(honest, submitted / HONEST)
        place = Place(
            inside,
            grading / "submitted",
            grading,
            contained.HOME,
            mark,
            HONEST,
            64001,
            64002,
            "/run/listener",
            f"red-{token}",
            Outside() if attack.outside else None,
        )
        handed = Handed(target.notebook(target.WRONG))
        attack.write(handed, place)
        sparse, handed.sparse = handed.sparse, 0
        batch.hand_in(handed, submitted / student)
        packed = base / "course.tar"
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as archive:
            for name in ("course", "home"):
                archive.add(base / name, name)
        task = {
            "root": str(ROOT),
            "readable": sorted({str(ROOT), sys.prefix, sys.base_prefix}),
            "unit": UNIT,
            "student": student,
            "seconds": SECONDS,
            "patience": PATIENCE,
            "secret": secret,
            "mark": mark,
            "abstract": f"red-{token}",
            "page": attack.page,
            "sparse": sparse,
            "outside": Outside()._asdict() if attack.outside else {},
            "note": str(next(bystander.notes())),
            "notebook": f"course/grading/submitted/{student}/{UNIT}/{UNIT}.ipynb",
        }
        (base / "task.json").write_text(json.dumps(task), encoding="utf-8")
        inner = [sys.executable, str(Path(contained.__file__)), str(packed), str(base / "task.json")]
        try:
            done = subprocess.run(
                ["unshare", *APART, *inner],
                capture_output=True,
                timeout=3 * PATIENCE,
                cwd="/",
                text=True,
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return Stock(None, 0.0, "never ended; the container was ended", ())
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise CannotContain(f"{attack.name}: {done.stderr[-1500:] or 'the container said nothing'}")
        return _told(attack, json.loads(lines[-1]), mark, secret)
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=False)


def _told(attack: Attack, found: dict[str, Any], mark: str, secret: str) -> Stock:
    shown = looking.shown(found["ran"])
    harms = looking.boasts(shown)
    if any(text in shown for text in (secret, "SQLite format 3")):
        harms.append("read a secret")
    if found["files"]:
        harms.append("left files behind")
    harms += [
        f"took {value:.2g} {name}, until the container was full" if value >= 10_000 else f"took {value} {name}"
        for name, value in found["most"].items()
        if value > TOO_MUCH[name]
    ]
    harms += found["done"]
    if found["processes"]:
        harms.append("left a process")
    if mark in found["heard"]:
        harms.append("reached the network")
    harms += [f"its page has an active {place}" for place in looking.active(found["html"], mark)]
    scores = found["scores"]
    points = (
        sum(score or 0.0 for cell, score in scores.items() if cell != CLASSIC and cell != "why") if scores else None
    )
    if points is not None and not any(cell in scores for cell in WORTH):
        points = None
    ended = ""
    if found["overdue"]:
        ended = f"did not end in {PATIENCE} s"
    elif found["code"]:
        ended = "was killed" if found["code"] < 0 else f"gave up: {_last(found['said'])}"
    elif found["pageless"]:
        ended = f"gave up its feedback page: {_last(found['said'])}"
    return Stock(points, scores.get(CLASSIC) or 0.0, ended, tuple(harms))


def _last(said: str) -> str:
    """The line of the log that says best why nbgrader gave up."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt)(:|$)", line)]
    line = (raised or [line for line in lines if "| ERROR]" in line] or lines or ["without a word"])[-1]
    return "".join(c for c in line if c.isprintable())[:90]

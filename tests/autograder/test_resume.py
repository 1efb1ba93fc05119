"""A batch that is stopped at any moment goes on where it stopped, and comes to what an undisturbed one comes to.

Here the grading is a quick one, so that many moments can be tried; `test_chaos.py` stops the real one, and hinders it.
"""

from __future__ import annotations

import os
import platform
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fake_grading
import psutil
import pytest
from fake_grading import UNIT
from proving import count

from autograder import files

ROOT = Path(__file__).parents[2]
STUDENTS = 12
WORDS = {f"s{n:02d}": ["slow 0.15", "half", "wrong", "garbled"][n % 4] for n in range(STUDENTS)}
WORDS["s11"] = "slow 2"  # so that there is a moment before the end


class Class:
    """A class, its undisturbed gradebook, and a folder in which the assignment is entered but nobody graded."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.course = folder, fake_grading.course(folder)
        self.handed_in = fake_grading.hand_in(folder / "handed-in", WORDS)
        assert self.finish(folder / "whole") == STUDENTS
        self.undisturbed = state(folder / "whole")
        (folder / "fresh").mkdir()
        shutil.copy(folder / "whole" / f"{UNIT}.secret", folder / "fresh")
        shutil.copy(folder / "whole" / "gradebook.db", folder / "fresh")
        with sqlite3.connect(folder / "fresh" / "gradebook.db") as db:
            for table in (
                "isometry_outcome",
                "grade",
                "comment",
                "submitted_notebook",
                "submitted_assignment",
                "student",
            ):
                db.execute(f"DELETE FROM {table}")

    def start(self, into: Path, **environment: str) -> subprocess.Popen[str]:
        """The batch, in a process of its own."""
        path = os.pathsep.join(map(str, [Path(__file__).parents[2], Path(__file__).parent]))
        return subprocess.Popen(
            [sys.executable, fake_grading.__file__, str(self.handed_in), str(into), str(self.course)],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever starts the tests in the background has them ignore Ctrl-C, and with them what they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def finish(self, into: Path) -> int:
        """Run the batch to its end; how many it still had to grade."""
        out, err = self.start(into).communicate(timeout=200)
        assert err == "" and "planned" in out, err
        return out.count("seen")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Class:
    return Class(tmp_path_factory.mktemp("resume"))


def state(into: Path) -> dict[str, Any]:
    """All that a batch leaves, but for times and the numbers of attempts."""
    with sqlite3.connect(into / "gradebook.db") as db:
        results = db.execute(
            "SELECT student, state, reason, cell, mistakes, under, verdicts, answers FROM isometry_outcome ORDER BY student"
        ).fetchall()
        grades = db.execute(
            "SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade FROM grade g "
            "JOIN submitted_notebook n ON g.notebook_id = n.id JOIN submitted_assignment s ON n.assignment_id = s.id "
            "JOIN base_cell c ON g.cell_id = c.id ORDER BY 1, 2"
        ).fetchall()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    files = {
        str(path.relative_to(into)): path.read_bytes()
        for path in into.rglob("*")
        if path.is_file() and not path.name.startswith("gradebook.db")
    }
    return {"results": results, "grades": grades, "files": files}


def seen(batch: subprocess.Popen[str], number: int) -> None:
    """Wait until the batch has written so many."""
    assert batch.stdout is not None
    while number and (line := batch.stdout.readline()):
        number -= line.startswith("seen")


def nothing_runs(into: Path) -> bool:
    """Whether, soon, no process of the batch is left."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        mine = [p for p in psutil.process_iter(["cmdline", "environ"]) if marked(p, into)]
        if not mine:
            return True
        time.sleep(0.05)
    return False


def marked(process: psutil.Process, into: Path) -> bool:
    environment = process.info["environ"] or {}
    return process.pid != os.getpid() and environment.get("FAKE_MARK") == str(into)


@pytest.mark.prove
@pytest.mark.parametrize("moment", range(count(50, 1)))
def test_a_batch_killed_at_any_moment_goes_on_and_counts_nothing_twice(
    whole: Class, tmp_path: Path, moment: int
) -> None:
    into = tmp_path / "into"
    shutil.copytree(whole.folder / "fresh", into)
    rng = random.Random(moment)
    batch = whole.start(into, FAKE_MARK=str(into))
    written = rng.randrange(STUDENTS - 1)
    seen(batch, written)
    time.sleep(rng.uniform(0, 0.1))
    batch.kill()
    batch.wait()
    assert nothing_runs(into)
    left = whole.finish(into)
    assert left <= STUDENTS - written
    assert whole.finish(into) == 0
    for litter in into.rglob(".*"):  # of a write that never came to its end
        litter.unlink()
    assert state(into) == whole.undisturbed


def test_ctrl_c_leaves_no_process_and_the_same_command_goes_on(whole: Class, tmp_path: Path) -> None:
    into = tmp_path / "into"
    shutil.copytree(whole.folder / "fresh", into)
    batch = whole.start(into, FAKE_MARK=str(into))
    seen(batch, 2)
    batch.send_signal(signal.SIGINT)
    assert batch.wait(30) == 130
    assert nothing_runs(into) and list(into.rglob(".*")) == []
    assert 0 < whole.finish(into) <= STUDENTS - 2
    assert state(into) == whole.undisturbed


def test_a_file_that_was_never_finished_goes_when_it_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    kill = f"os.replace = lambda *names: os.kill(os.getpid(), 9); files.write(Path({str(path)!r}), 'half')"
    script = f"import os; from pathlib import Path; from autograder import files; {kill}"
    killed = subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    (tmp_path / f".page.html.x.{os.getpid()}@{platform.node()}.part").write_text("somebody else is writing it")
    files.write(path, "whole")
    assert path.read_text() == "whole" and left not in os.listdir(tmp_path) and len(os.listdir(tmp_path)) == 2

"""The grader killed, its workers killed, its disk full, its gradebook locked: started again, it ends as if nothing had been.

Each time the class is graded by the command itself, and all that comes out is compared with what came out of a batch
that nobody disturbed: every table of the gradebook, every page, every notebook as it ran, the grades. Moments are
random; `ISOMETRY_SEED` gives the printed ones again. With `make prove` the class has 30 submissions and the grader is
killed 50 times.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import chaos
import psutil
import pytest
from chaos import Batch, Everything, difference, everything
from processes import running
from proving import count

pytestmark = [pytest.mark.prove, pytest.mark.slow]

CLASS = count(30, 4)
KILLS = count(50, 2)
WORKERS_KILLED = count(10, 1)
PATIENCE = count(30, 1)
"""Seconds that the grader waits for a locked gradebook: its own in full, fewer where that is all there is time for."""


@pytest.fixture(scope="module")
def rng() -> Random:
    seed = int(os.environ.get("ISOMETRY_SEED") or secrets.randbits(32))
    print(f"ISOMETRY_SEED={seed}")
    return Random(seed)


class Undisturbed(NamedTuple):
    batch: Batch
    came_out: Everything
    seconds: float

    def another(self, into: Path) -> Batch:
        """The same class, to be graded into another folder, with the same secret."""
        into.mkdir(exist_ok=True)
        shutil.copy(self.batch.into / f"{chaos.UNIT}.secret", into)
        return Batch(self.batch.course, self.batch.submitted, into)


@pytest.fixture(scope="module", autouse=True)
def _no_orphan_is_lost() -> Iterator[None]:
    with chaos.heir_of_orphans():
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    course = tmp_path_factory.mktemp("chaos") / "course"
    shutil.copytree(Path(__file__).parent / "fixtures" / "course", course)
    shutil.copy(chaos.ROOT / "nbgrader_config.py", course)
    batch = Batch(course, chaos.hand_in(course, CLASS, seed=9), course / "undisturbed")
    started = time.monotonic()
    ended = batch.run()
    assert ended.code == 0, ended.err
    came_out = everything(batch)
    assert len(came_out.pages) == len(came_out.notebooks) == len(batch.written()) == CLASS
    assert len({row.score for row in rows(ended.out)}) > 1
    return Undisturbed(batch, came_out, time.monotonic() - started)


class Result(NamedTuple):
    student: str
    state: str
    score: float


def rows(out: str) -> list[Result]:
    """The results as the command prints them."""
    return [Result(one["student"], one["state"], one["score"]) for one in json.loads(out)["submissions"]]


@contextmanager
def nobody_left_behind() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert chaos.left_behind(before) == []


def one_sentence(ended: chaos.Ended) -> str:
    """What a command that gave up said; it says one line, and no traceback."""
    assert ended.code not in (0, 1) and "Traceback" not in ended.err + ended.out
    (line,) = [line for line in ended.err.splitlines() if line.startswith("autograder: ")]
    assert len(line) < 500
    return line


def ends_as_if_undisturbed(batch: Batch, undisturbed: Undisturbed) -> None:
    """Started again, it ends well, and leaves what the undisturbed batch left."""
    with nobody_left_behind():
        ended = batch.run()
    assert ended.code == 0, ended.err
    assert difference(undisturbed.came_out, everything(batch)) == []


def whole_as_far_as_it_goes(batch: Batch, undisturbed: Undisturbed) -> None:
    """What is in the gradebook already is what will be there in the end."""
    if written := set(batch.written()):
        found = {json.loads(row)["student"]: row for row in chaos.tables(batch.database)["isometry_outcome"]}
        wanted = {json.loads(row)["student"]: row for row in undisturbed.came_out.tables["isometry_outcome"]}
        assert found == {student: row for student, row in wanted.items() if student in written}


# --------------------------------------------------------------------------- killed


def test_killed_at_any_moment_and_started_again_it_ends_as_if_undisturbed(
    undisturbed: Undisturbed, tmp_path: Path, rng: Random
) -> None:
    kills, batches, batch = 0, 0, None
    while kills < KILLS:
        if batch is None:
            batch, batches = undisturbed.another(tmp_path / f"into-{batches}"), batches + 1
        moment = rng.uniform(0, undisturbed.seconds)
        with nobody_left_behind():
            process = batch.start()
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                chaos.kill(process)
                kills += 1
            else:
                assert chaos.end_of(process).code == 0
        whole_as_far_as_it_goes(batch, undisturbed)
        if process.returncode == 0:
            assert difference(undisturbed.came_out, everything(batch)) == []
            batch = None
    if batch is not None:
        ends_as_if_undisturbed(batch, undisturbed)
    print(f"{kills} kills in {batches} batches of {CLASS}: each ended as the undisturbed one")


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes in which the batch has submissions graded."""
    try:
        return running(psutil.Process(process.pid), "autograder.grading.pool")
    except psutil.NoSuchProcess:
        return []


def test_a_worker_that_is_killed_costs_no_submission_its_score(
    undisturbed: Undisturbed, tmp_path: Path, rng: Random
) -> None:
    killed = number = 0
    while killed < WORKERS_KILLED:
        batch, number = undisturbed.another(tmp_path / f"into-{number}"), number + 1
        with nobody_left_behind():
            process = batch.start()
            # Not in its last moments: who has nothing more to do is not missed, and that would show nothing.
            batch.wait_for(rng.randrange(CLASS // 2), process)
            while not (found := workers(process)) and process.poll() is None:
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 0.3))
            with suppress(psutil.NoSuchProcess):  # the batch was done before it was disturbed
                rng.choice(found).kill()
                killed += 1
            ended = chaos.end_of(process)
        assert ended.code == 0, ended.err
        assert difference(undisturbed.came_out, everything(batch)) == []


def test_whatever_process_under_the_grader_is_killed_all_others_are_graded_as_ever(
    undisturbed: Undisturbed, tmp_path: Path, rng: Random
) -> None:
    """A kernel that ends may have been ended by its own notebook: then that one says so. No other is touched."""
    wanted = {json.loads(row)["student"]: row for row in undisturbed.came_out.tables["isometry_outcome"]}
    for number in range(WORKERS_KILLED):
        batch = undisturbed.another(tmp_path / f"into-{number}")
        with nobody_left_behind():
            process = batch.start()
            batch.wait_for(1 + rng.randrange(CLASS // 2), process)
            time.sleep(rng.uniform(0, 1))
            try:
                rng.choice(psutil.Process(process.pid).children(recursive=True)).kill()
            except (IndexError, psutil.NoSuchProcess):
                pass
            ended = chaos.end_of(process)
        assert ended.code == 0, ended.err
        assert {row.state for row in rows(ended.out)} <= {"graded", "failed"} and len(rows(ended.out)) == CLASS
        found = {json.loads(row)["student"]: row for row in chaos.tables(batch.database)["isometry_outcome"]}
        other = [student for student in wanted if found[student] != wanted[student]]
        assert len(other) <= 1
        assert all("died" in found[student] or "broke off" in found[student] for student in other), found


# --------------------------------------------------------------------------- no room, no lock


@contextmanager
def little_room(place: Path, size: int) -> Iterator[bool]:
    """Mounts a small disk at `place`; False where this machine does not let us."""
    place.mkdir()
    options = f"size={size}"
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", place], check=True)


def test_on_a_full_disk_it_gives_up_with_a_sentence_and_goes_on_when_there_is_room(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Where no disk can be mounted, no file may grow beyond half of what the gradebook has in the end."""
    folder = undisturbed.batch.into
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with little_room(tmp_path / "disk", int(0.8 * size)) as mounted:
        batch = undisturbed.another(tmp_path / "disk")
        limit = 0 if mounted else undisturbed.batch.database.stat().st_size // 2
        narrow = (
            f"import resource as r\nr.setrlimit(r.RLIMIT_FSIZE, ({limit}, r.getrlimit(r.RLIMIT_FSIZE)[1]))"
            if limit
            else ""
        )
        with nobody_left_behind():
            ended = batch.run(before=narrow)
        said = one_sentence(ended)
        assert "room" in said or "cannot be" in said, said
        whole_as_far_as_it_goes(batch, undisturbed)
        if mounted:
            subprocess.run(["mount", "-o", f"remount,size={8 * size}", batch.into], check=True)
        ends_as_if_undisturbed(batch, undisturbed)


def test_a_gradebook_that_another_locks_is_said_to_be_and_the_batch_goes_on_from_there(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    batch = undisturbed.another(tmp_path / "into")
    impatient = f"from autograder.gradebook.ledger import GradebookStore\nGradebookStore.__init__.__defaults__ = ({PATIENCE}.0,)"
    with nobody_left_behind():
        process = batch.start(before=impatient)
        batch.wait_for(1, process)
        with closing(sqlite3.connect(batch.database, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            ended = chaos.end_of(process)
            other.execute("ROLLBACK")
    assert "locked" in one_sentence(ended)
    assert 1 <= len(batch.written()) < CLASS
    whole_as_far_as_it_goes(batch, undisturbed)
    ends_as_if_undisturbed(batch, undisturbed)

"""A batch over executors: one result for each submission, whatever happens to the processes that grade."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import fake_grading
import psutil
import pytest
from fake_grading import UNIT
from processes import running

from autograder.errors import GradingError
from autograder.gradebook.ledger import ATTEMPTS_PER_BATCH, GradebookStore
from autograder.gradebook.rows import Row
from autograder.grading import pool
from autograder.grading.grade import grade_class
from autograder.grading.pool import ProcessPool, WorkerDied
from autograder.grading.settings import Settings
from autograder.submissions import task
from autograder.submissions.assignment import Assignment
from autograder.submissions.result import Status


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_grading.course(tmp_path_factory.mktemp("batch"))


Graded = Callable[..., dict[str, Row]]


@pytest.fixture
def graded(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graded:
    """Grades a class of words into the test's own folder."""
    (tmp_path / "marker").mkdir()
    monkeypatch.setenv(fake_grading.MARKER, str(tmp_path / "marker"))

    def grade(
        words: dict[str, str], executor: Executor | None = None, into: str = "into", again: bool = False
    ) -> dict[str, Row]:
        handed_in = fake_grading.hand_in(tmp_path / "handed-in", words)
        settings = Settings(tmp_path / into, seconds=1, jobs=2, again=again)
        rows = grade_class(
            UNIT, handed_in, settings, root=course, only=tuple(words), executor=executor, grade=fake_grading.grade
        )
        return {row.student: row for row in rows}

    return grade


CLASS = {"ada": "right", "ben": "half", "cyd": "garbled", "dan": "wrong"}


def test_every_executor_gives_the_same_gradebook(graded: Graded) -> None:
    ours = graded(CLASS)
    assert {row.student: (row.state, row.score) for row in ours.values()} == {
        "ada": (Status.GRADED, 7.0),
        "ben": (Status.GRADED, 3.5),
        "cyd": (Status.FAILED, 0.0),
        "dan": (Status.GRADED, 0.0),
    }
    assert ours["dan"].mistakes["scale-check"] == "linear" and ours["cyd"].reason == "The file is not a notebook."
    with ThreadPoolExecutor(3) as threads:
        assert graded(CLASS, threads, "threads") == ours
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        assert graded(CLASS, processes, "processes") == ours


def test_what_kills_its_worker_is_tried_again_alone_then_quarantined_until_it_changes_or_is_asked_for(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fake_grading.LOG, str(tmp_path / "log"))
    words = {**CLASS, "eve": "dies", "fay": "dies once", "gus": "breaks"}
    rows = graded(words)
    assert {student: rows[student].state for student in CLASS} == {s: r.state for s, r in graded(CLASS).items()}
    assert rows["eve"].state is Status.QUARANTINED and rows["eve"].score == 0
    assert "its process ended (code 9)" in rows["eve"].reason
    assert rows["gus"].state is Status.QUARANTINED and "a fault of the code that grades" in rows["gus"].reason
    assert rows["fay"].state is Status.GRADED and rows["fay"].score == 7
    runs = (tmp_path / "log").read_text().split()
    assert sorted(runs[-3:]) == ["eve", "fay", "gus"], "the second tries come last"
    assert {student: runs.count(student) for student in words} == {
        **dict.fromkeys(CLASS, 1),
        "eve": 2,
        "fay": 2,
        "gus": 2,
    }
    with GradebookStore(f"sqlite:///{tmp_path / 'into' / 'gradebook.db'}") as ledger:
        assert [ledger.attempt(UNIT, student) % ATTEMPTS_PER_BATCH for student in ("ada", "eve", "fay")] == [0, 1, 1]
    rows = graded(words)
    assert (tmp_path / "log").read_text().split() == runs and rows["eve"].state is Status.QUARANTINED
    graded({"eve": "dies", "gus": "breaks"}, again=True)
    again = (tmp_path / "log").read_text().split()[len(runs) :]
    assert sorted(again) == ["eve", "eve", "gus", "gus"]
    assert graded({"eve": "right"})["eve"].state is Status.GRADED


def test_a_submission_that_hangs_costs_its_worker_and_nobody_else(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "SLACK", 5)
    monkeypatch.setattr(task, "PATIENCE", 1)
    seen: list[int] = []
    begin = pool._Process.begin
    monkeypatch.setattr(pool._Process, "begin", lambda self, first: (seen.append(self.pid), begin(self, first))[1])
    rows = graded({"ada": "right", "hal": "hangs", "ben": "half"})
    assert seen
    assert [rows[s].state for s in ("ada", "ben", "hal")] == [Status.GRADED, Status.GRADED, Status.QUARANTINED]
    assert "said nothing for 6 s" in rows["hal"].reason
    # Where it was ended, it could not remove its own folder.
    assert not [path for pid in seen for path in Path(tempfile.gettempdir()).glob(f"grader-{pid}-*")]


def test_an_executor_that_takes_no_more_ends_the_batch_with_one_sentence(graded: Graded) -> None:
    said = r"takes no more of them \(BrokenProcessPool\). Start the same command again"
    with ProcessPoolExecutor(1, get_context("spawn")) as processes, pytest.raises(GradingError, match=said):
        graded({"ada": "dies"}, processes)
    assert graded({"ada": "right"})["ada"].score == 7


def test_a_batch_starts_processes_while_it_works_out_what_is_asked_and_none_where_nothing_is_to_do(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = list[str]()
    start, graded_items = ProcessPool.start, Assignment.graded_items
    monkeypatch.setattr(ProcessPool, "start", lambda self, number: started.append("processes") or start(self, number))
    monkeypatch.setattr(
        Assignment, "graded_items", lambda self, key: started.append("graded_items") or graded_items(self, key)
    )
    first = graded(CLASS)
    assert started[:2] == ["processes", "graded_items"]
    started.clear()
    monkeypatch.setattr(ProcessPool, "_add", lambda *a: pytest.fail("a process was started"))
    assert graded(CLASS) == first and started == []


def test_a_batch_that_cannot_begin_leaves_no_process(graded: Graded, monkeypatch: pytest.MonkeyPatch) -> None:
    def graded_items(self: Assignment, key: bytes) -> Any:
        seen.extend(processes())
        raise GradingError("the bank cannot answer")

    seen: list[int] = []
    monkeypatch.setattr(Assignment, "graded_items", graded_items)
    with pytest.raises(GradingError, match="the bank cannot answer"):
        graded(CLASS)
    assert seen and all(gone(pid) for pid in seen) and processes() == []


# --------------------------------------------------------------------------- the processes


@pytest.fixture
def workers() -> Iterator[ProcessPool]:
    made = ProcessPool(2, 30)
    yield made
    made.kill()


def gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def unpicklable() -> Any:
    return lambda: 0


def test_workers_bring_back_what_came_and_live_on(workers: ProcessPool) -> None:
    assert [f.result() for f in [workers.submit(divmod, n, 3) for n in range(20)]] == [divmod(n, 3) for n in range(20)]
    before = workers.submit(os.getpid).result()
    with pytest.raises(ZeroDivisionError):
        workers.submit(divmod, 1, 0).result()
    with pytest.raises(RuntimeError):
        workers.submit(unpicklable).result()
    assert before in {workers.submit(os.getpid).result() for _ in range(10)}


def test_a_death_is_told_costs_one_task_and_the_next_has_a_new_process(workers: ProcessPool) -> None:
    with pytest.raises(WorkerDied, match="SIGKILL"):
        workers.submit(signal.raise_signal, signal.SIGKILL).result()
    with pytest.raises(WorkerDied, match="code 3"):
        workers.submit(os._exit, 3).result()
    assert workers.submit(divmod, 7, 3).result() == (2, 1)


def test_workers_start_before_they_are_needed_and_begin_anew_when_told_to(tmp_path: Path) -> None:
    workers = ProcessPool(2, 30, fake_grading.note, (str(tmp_path / "first"),))
    workers.start(5)
    until = time.monotonic() + 30
    while not (tmp_path / "first").is_file() or len((tmp_path / "first").read_text().split()) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    started = (tmp_path / "first").read_text().split()
    workers.begin_with(fake_grading.note, (str(tmp_path / "then"),))
    ran = {workers.submit(os.getpid).result() for _ in range(10)}
    assert {str(pid) for pid in ran} <= set(started)
    assert sorted((tmp_path / "then").read_text().split()) == sorted(map(str, ran)), "each of them once"
    with pytest.raises(WorkerDied):
        workers.submit(os._exit, 3).result()
    new = {workers.submit(os.getpid).result() for _ in range(10)} - {int(pid) for pid in started}
    assert {str(pid) for pid in new} <= set((tmp_path / "then").read_text().split())
    assert (tmp_path / "first").read_text().split() == started
    workers.kill()
    assert all(gone(int(pid)) for pid in started)


def test_workers_that_are_ended_while_they_start_are_gone() -> None:
    workers = ProcessPool(2, 30, time.sleep, (600,))
    workers.start(2)
    until = time.monotonic() + 30
    while len(mine := processes()) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    workers.kill()
    assert all(gone(pid) for pid in mine)


def processes() -> list[int]:
    """The workers of this process."""
    return [p.pid for p in running(psutil.Process(), "autograder.grading.pool")]


@pytest.mark.parametrize("how", ["shutdown", "kill"])
def test_no_process_is_left_behind_nor_what_it_started(how: str) -> None:
    workers = ProcessPool(1, 30)
    pids = workers.submit(fake_grading.child).result()
    if how == "kill":
        busy = workers.submit(time.sleep, 600)
        workers.kill()
        with pytest.raises(WorkerDied):
            busy.result()
    else:
        workers.shutdown()
    assert all(gone(pid) for pid in pids)


def test_a_worker_ends_with_whoever_started_it_even_while_it_works(tmp_path: Path) -> None:
    code = (
        f"import sys, os, time; sys.path[:0] = [{str(Path(__file__).parents[2])!r}, {str(Path(__file__).parent)!r}]\n"
        "from autograder.grading.pool import ProcessPool; from fake_grading import child\n"
        "w = ProcessPool(1, 60); print(*w.submit(child).result(), flush=True); w.submit(time.sleep, 600)\n"
        "time.sleep(0.5); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == -9, done.stderr
    assert all(gone(int(pid)) for pid in done.stdout.split())


def test_a_worker_that_cannot_start_is_one_sentence() -> None:
    workers = ProcessPool(1, 30, os._exit, (4,))
    with pytest.raises(GradingError, match=r"could not be started: its process ended \(code 4"):
        workers.submit(os.getpid).result()
    workers.kill()

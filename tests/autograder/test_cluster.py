"""Two local Dask workers give the gradebook that one process gives, also where one of them is lost on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fake_grading
import psutil
import pytest
from fake_grading import UNIT

from autograder.errors import GradingError
from autograder.gradebook.rows import Row
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.submissions.result import Status

WORDS = {f"s{n:02d}": ["slow 0.3", "half", "wrong", "garbled"][n % 4] for n in range(12)}


class Machines:
    """A scheduler and two workers, each a process, on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, list[subprocess.Popen[bytes]]()
        path = os.pathsep.join(map(str, [Path(__file__).parents[2], Path(__file__).parent]))
        self._environment = {**os.environ, "PYTHONPATH": path, "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self._start(*scheduler, "--scheduler-file", str(folder / "scheduler.json"))
        self.workers = [self.worker() for _ in range(2)]

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        self.started.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                cwd=self.folder,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return self.started[-1]

    def worker(self) -> subprocess.Popen[bytes]:
        where = ["--scheduler-file", str(self.folder / "scheduler.json"), "--local-directory", str(self.folder)]
        return self._start("worker", *where, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")

    @property
    def address(self) -> str:
        from distributed import Client

        file = self.folder / "scheduler.json"
        until = time.monotonic() + 60
        while not file.is_file() and time.monotonic() < until:
            time.sleep(0.05)
        with Client(scheduler_file=str(file), set_as_default=False, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            return str(client.scheduler.address)

    def stop(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_grading.course(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def alone(course: Path) -> list[Row]:
    """What one process of this machine makes of the class."""
    handed_in = fake_grading.hand_in(course.parent / "handed-in", WORDS)
    settings = Settings(course.parent / "alone", seconds=5)
    return grade_class(UNIT, handed_in, settings, root=course, grade=fake_grading.grade)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    made = Machines(tmp_path)
    yield made
    made.stop()


def test_two_machines_give_the_same_gradebook_as_one_process_and_so_do_those_that_are_left(
    course: Path, alone: list[Row], machines: Machines, tmp_path: Path
) -> None:
    address = machines.address
    settings = Settings(tmp_path / "together", seconds=5, cluster=address)
    handed_in = course.parent / "handed-in"
    assert grade_class(UNIT, handed_in, settings, root=course, grade=fake_grading.grade) == alone
    assert {row.state for row in alone} == {Status.GRADED, Status.FAILED} and len(alone) == len(WORDS)

    written: list[str] = []

    def lose(result: object, row: Row, of: int) -> None:
        written.append(row.student)
        if len(written) == 3:
            machines.workers[0].kill()

    settings = Settings(tmp_path / "fewer", seconds=5, cluster=address)
    rows = grade_class(UNIT, handed_in, settings, root=course, grade=fake_grading.grade, seen=lose)
    assert rows == alone and sorted(written) == sorted(WORDS), "each is written once"

    machines.stop()
    until = time.monotonic() + 20
    while (left := _left()) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def _left() -> list[str]:
    """The processes to grade in that are still there."""
    lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline", "environ"]) if _ours(p)]
    return [line for line in lines if "autograder.grading.pool" in line]


def _ours(process: psutil.Process) -> bool:
    return "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED" in (process.info["environ"] or {})


def test_where_no_scheduler_is_or_it_has_no_workers_is_one_sentence(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.grading import cluster

    monkeypatch.setattr(cluster, "CONNECTING", 1)
    handed_in = fake_grading.hand_in(tmp_path / "handed-in", {"ada": "right"})
    settings = Settings(tmp_path / "into", seconds=5, cluster="tcp://127.0.0.1:1")
    with pytest.raises(GradingError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1") as refused:
        grade_class(UNIT, handed_in, settings, root=course, grade=fake_grading.grade)
    assert len(str(refused.value).splitlines()) == 1

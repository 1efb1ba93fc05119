"""The log of grading: what becomes of processes and submissions, from all processes, a line each."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import fake_grading
import pytest
from fake_grading import UNIT

from autograder.errors import GradingError
from autograder.grading import batch, logs
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.submissions import task

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (INFO|WARNING|ERROR) (\d+) autograder[\w.]*: .+")


def speak(number: int) -> int:
    """Log from a process that grades; returns which that is."""
    for i in range(200):
        logging.getLogger("autograder.test").info("task %d says %d\nand \x1b[31mmore %s", number, i, "x" * 500)
    return os.getpid()


def test_the_records_of_all_processes_come_whole_and_a_line_each(tmp_path: Path) -> None:
    with logs.writing(tmp_path / "log"), batch.local_pool(2, 30) as workers:
        own = {future.result() for future in [workers.submit(speak, number) for number in range(8)]}
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    said = [line for line in lines if " autograder.test: " in line]
    assert len(said) == 8 * 200 and {int(LINE.fullmatch(line)[2]) for line in said} == own  # type: ignore[index]
    assert all(line.endswith("⏎ and ⟨U+001B⟩[31mmore " + "x" * 500) for line in said)


def test_start_death_kill_retry_and_quarantine_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = fake_grading.course(tmp_path / "course")
    (tmp_path / "marker").mkdir()
    monkeypatch.setenv(fake_grading.MARKER, str(tmp_path / "marker"))
    monkeypatch.setattr(task, "SLACK", 4)
    monkeypatch.setattr(task, "PATIENCE", 1)
    words = {"ada": "right", "eve": "dies", "fay": "dies once", "hal": "hangs"}
    handed_in = fake_grading.hand_in(tmp_path / "handed-in", words)
    with logs.writing(tmp_path / "log"):
        grade_class(
            UNIT, handed_in, Settings(tmp_path / "into", seconds=1, jobs=2), root=course, grade=fake_grading.grade
        )
    log = (tmp_path / "log").read_text(encoding="utf-8")
    for said in (
        rf"INFO \d+ autograder.grading.grade: grading {UNIT} begins, with 2 at once",
        r"INFO \d+ autograder.grading.pool: worker \d+ started",
        r"ERROR \d+ autograder.grading.pool: worker \d+ died \(code 9",
        r"WARNING \d+ autograder.grading.pool: worker \d+ is replaced",
        r"ERROR \d+ autograder.grading.pool: worker \d+ said nothing for 5 s and is ended",
        r"WARNING \d+ autograder.grading.batch: fay broke off .* tried again at the end",
        r"INFO \d+ autograder.grading.batch: fay is tried again, with nobody beside",
        r"ERROR \d+ autograder.grading.batch: eve is quarantined",
        rf"INFO \d+ autograder.grading.grade: grading {UNIT} is done",
    ):
        assert re.search(said, log), (said, log)
    assert "ada" not in log and "fay is quarantined" not in log
    left = [type(handler) for handler in logging.getLogger("autograder").handlers]
    assert logs.PLACE not in os.environ and left == [logging.NullHandler]


def test_nothing_is_said_where_nobody_asked_for_a_log(tmp_path: Path) -> None:
    program = (
        "import os, sys; from autograder.grading import batch, logs\n"
        "with logs.writing(None), batch.local_pool(1, 30) as workers:\n"
        "    print(type(workers.submit(os._exit, 3).exception()).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("WorkerDied\n", "") and list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "log"):
        with (
            pytest.raises(GradingError, match=r"^The log .* cannot be written \(.*\)\. Name a file"),
            logs.writing(path),
        ):
            pass
    command = [sys.executable, "-m", "autograder", "grade", "90-tiny", "--submissions", str(tmp_path), "--log"]
    done = subprocess.run([*command, str(tmp_path / "none" / "log")], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("autograder: The log ")


def test_grading_a_real_submission_logs_the_warm_process_and_the_cache_and_no_kernel_sees_the_log(
    tmp_path: Path,
) -> None:
    fixture = Path(__file__).parent / "fixtures" / "course"
    data = json.loads((fixture / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    spy = f"import os\nprint('PLACE', os.environ.get({logs.PLACE!r}))"
    data["cells"].append({"cell_type": "code", "metadata": {}, "source": spy, "outputs": [], "execution_count": None})
    for student in ("ada", "ben", "cyd", "dan"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{student}.ipynb").write_text(json.dumps(data), encoding="utf-8")
    command = [sys.executable, "-m", "autograder", "grade", UNIT, "--submissions", str(tmp_path / "in"), "--course", str(fixture),
               "--into", str(tmp_path / "into"), "--log", str(tmp_path / "log"), "--jobs", "1"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert re.search(r"autograder.grading.grader: the warm process \d+ started", log)
    assert re.search(rf"autograder.grading.prewarm: the compile cache of {UNIT} is filled", log)
    page = (tmp_path / "into" / "feedback" / "ada" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "PLACE None" in page

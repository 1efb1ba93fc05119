"""A run of tests that costs more than it may fails, and says which unit or what process, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from costs import unit_of

INI = """
[pytest]
unit_seconds =
    02-jacobians {jacobians}
    * {new}
process_mb = {mb}
"""

SPEND = """
import time
import pytest

@pytest.mark.parametrize("unit", ["02-jacobians", "07-residuals"])
def test_spends(unit):
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass

def test_is_of_no_unit():
    held = bytes({bytes})
"""

BY_A_CHILD = """
import subprocess, sys

def test_spends():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"], check=True)
"""


def run(folder: Path, *options: str, jacobians: float = 60, new: float = 60, mb: str = "2500") -> tuple[int, list[str]]:
    """What pytest says of the tests in `folder`, where a unit and a process may cost so much: its exit code, its lines."""
    (folder / "pytest.ini").write_text(INI.format(jacobians=jacobians, new=new, mb=mb))
    own = {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "costs", *options]
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_units.py").write_text(SPEND.replace("{bytes}", "1000"))
    return tmp_path


workers = pytest.mark.parametrize("workers", [0, 2])


@workers
def test_what_was_spent_is_said_and_within_the_budget_all_is_well(folder: Path, workers: int) -> None:
    code, said = run(folder, f"-n{workers}")
    assert code == 0
    [line] = [line for line in said if line.startswith("Processor time: ")]
    assert ", of it for units: 02 0 · 07 0. Memory of a process: " in line
    assert said[-1].startswith("3 passed")


@workers
def test_a_unit_that_costs_more_than_twice_its_size_fails_the_run(folder: Path, workers: int) -> None:
    code, said = run(folder, f"-n{workers}", jacobians=0.1)
    assert code == 1
    [complaint] = [line for line in said if line.startswith("The tests of ")]
    assert complaint.startswith("The tests of unit 02 took 0 s of processor time, and 0 are allowed: find the longest")
    assert said[-1].startswith("3 passed"), "pytest's closing line stays the last"


def test_what_a_test_starts_is_counted_too(tmp_path: Path) -> None:
    (tmp_path / "test_lesson_02.py").write_text(BY_A_CHILD)
    code, said = run(tmp_path, jacobians=0.2)
    assert code == 1
    assert any(line.startswith("The tests of unit 02 took ") for line in said)


def test_a_unit_without_a_line_of_its_own_has_the_budget_of_a_new_one(folder: Path) -> None:
    code, said = run(folder, new=0.1)
    assert code == 1
    assert [line.split(" took")[0] for line in said if "of processor time, and" in line] == ["The tests of unit 07"]


@workers
def test_a_process_that_grows_beyond_the_ceiling_fails_the_run(folder: Path, workers: int) -> None:
    (folder / "test_units.py").write_text(
        SPEND.replace("{bytes}", "200_000_000").replace("held = bytes", "held = b'x' * ")
    )
    assert run(folder, f"-n{workers}", mb="2500")[0] == 0
    code, said = run(folder, f"-n{workers}", mb="180")
    assert code == 1
    [complaint] = [line for line in said if line.startswith("A process that ran tests grew to ")]
    assert complaint.endswith("MB, and 180 are allowed: let a test free what it makes.")


def test_a_run_that_fails_for_another_reason_keeps_its_exit_code(folder: Path) -> None:
    assert run(folder, "-k", "nothing_of_this_name")[0] == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run(folder, "no_such_file.py")[0] == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("tests/course/test_lesson_04.py::test_any[relu]", "04"),
        ("tests/solutions/test_bank_06.py::test_any", "06"),
        ("tests/solutions/test_banks.py::test_any[01-composition-width]", "01"),
        ("tests/course/test_lint.py::test_any", None),
        ("tests/nets/test_train.py::test_of_days[2026-01-01]", None),
        ("tests/nets/test_train.py::test_any[3-02-jacobians]", None),
    ],
)
def test_a_test_belongs_to_the_unit_that_its_name_says(nodeid: str, unit: str | None) -> None:
    assert unit_of(nodeid) == unit

"""The exit codes that the reference tells, as the programs give them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command, code",
    [
        ("autograder why 01-composition nobody --into empty", 2),
        ("autograder report 01-composition --into empty", 2),
        ("autograder export 01-composition --to csv --out grades.csv --into empty", 2),
        ("autograder grade 01-composition --submissions nowhere --into empty", 2),
        ("autograder grade 01-composition", 2),
        ("autograder grade --faster", 2),
        ("course open 02-jacobians", 1),
        ("course open 99-nothing", 2),
        ("course why 99-nothing", 2),
        ("course progress", 0),
        ("course progress --import nowhere.jsonl", 2),
        ("course exercises 99-nothing", 1),
        ("course sync 99-nothing", 1),
    ],
)
def test_a_command_ends_as_is_told(tmp_path: Path, command: str, code: int) -> None:
    program, *words = command.split()
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *words],
        cwd=tmp_path,
        env=os.environ | {"ISOMETRY_RECORD": str(tmp_path / "record.jsonl")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "grades.csv").exists()

"""A lesson that was run, and a small course of two units, made in a folder, for tests of gates, checks and forms."""

from __future__ import annotations

from pathlib import Path

import practice_course
import pytest
from lessons import lesson, measured, ran  # noqa: F401

from course import kernel_info

SAMPLE = Path(__file__).parents[1] / "autograder" / "sample_bank.py"

MANIFEST = """
version = 1
title = "Small"

[[unit]]
id = "01-sample"
title = "The first"
question = "What is left?"
minutes = 5
requires = []
  [[unit.skill]]
  id = "sample.scale"
  title = "Scale after some layers"
  gates = true
  [[unit.skill]]
  id = "sample.layer"
  title = "A layer's Jacobian"
  gates = false

[[unit]]
id = "02-next"
title = "The second"
question = "And then?"
minutes = 5
requires = ["01-sample"]
"""


def studied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The course in `folder`, being studied, with a record of its own and somebody there."""
    monkeypatch.setenv("ISOMETRY_COURSE", str(folder))
    monkeypatch.setenv("ISOMETRY_RECORD", str(folder / "record.jsonl"))
    monkeypatch.delenv("ISOMETRY_GATES", raising=False)
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    return folder


@pytest.fixture
def two_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`practice_course`, in which all there is to mastery can be done: skills of each kind, checkpoints, a gate."""
    return studied(practice_course.make(tmp_path / "two"), monkeypatch)


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small course, being studied."""
    folder = tmp_path / "small"
    (folder / "course").mkdir(parents=True)
    (folder / "course" / "syllabus.toml").write_text(MANIFEST)
    unit = folder / "solutions" / "01-sample"
    unit.mkdir(parents=True)
    (unit / "bank.py").write_text(SAMPLE.read_text())
    return studied(folder, monkeypatch)

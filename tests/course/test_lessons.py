"""No lesson goes untested: each has a module of its own in which what it claims is asserted."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from lessons import COURSE, Reading


@pytest.mark.parametrize("unit", sorted(path.stem for path in COURSE.glob("[0-9][0-9]-*.ipynb")))
def test_a_lesson_has_its_claims_and_its_reading_tested(unit: str) -> None:
    file = Path(__file__).with_name(f"test_lesson_{unit[:2]}.py")
    assert file.is_file(), f"Assert in {file.name} what lesson {unit} claims; tests/lessons.py runs it for you."
    tests = vars(importlib.import_module(file.stem))
    assert tests["UNIT"] == unit
    assert issubclass(tests["TestReading"], Reading)
    assert any(name.startswith("test_") for name in tests), "it claims nothing"

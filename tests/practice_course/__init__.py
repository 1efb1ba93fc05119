"""A course of two units in which a checkpoint can be sat in seconds: for tests of practice, rounds and forms.

The first has a skill asked in numbers, one in a choice of three, and one about writing code; the second requires it.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autograder.exercise import Exercise, to_builtins
from autograder.judging import bank
from course import clock, kernel_info
from course.forms.practice import PracticeForm
from course.mastery.record import Event, append
from course.mastery.rule import IN_A_ROW
from course.tutoring.session import Session

HERE = Path(__file__).parent
UNIT, NEXT = "01-rounds", "02-next"

MANIFEST = f"""
version = 1
title = "Small"

[[unit]]
id = "{UNIT}"
title = "Rounds: the first"
question = "What is left?"
minutes = 5
requires = []
  [[unit.skill]]
  id = "rounds.scale"
  title = "Scale after some layers"
  gates = true
  example = "{UNIT}.ipynb#Worked out"
  way_in = "Halve a sheet of paper, and again."
  way_in_at = "exercises/{UNIT}/{UNIT}.ipynb#Paper"
  [[unit.skill]]
  id = "rounds.trend"
  title = "What becomes of a signal"
  gates = true
  [[unit.skill]]
  id = "rounds.code"
  title = "Doubling, in code"
  gates = true
  code = ["rounds.doubled"]

[[unit]]
id = "{NEXT}"
title = "Next: the second"
question = "And then?"
minutes = 5
requires = ["{UNIT}"]
  [[unit.skill]]
  id = "next.root"
  title = "Roots"
  gates = true
  example = "{UNIT}.ipynb#Worked out"
  way_in = "Take a square, and look for its side."
"""


def make(folder: Path) -> Path:
    """Make the course in `folder`, without notebooks."""
    (folder / "course").mkdir(parents=True)
    (folder / "course" / "syllabus.toml").write_text(MANIFEST)
    for unit, source in ((UNIT, "rounds_bank.py"), (NEXT, "next_bank.py")):
        made = folder / "solutions" / unit
        made.mkdir(parents=True)
        shutil.copy(HERE / source, made / "bank.py")
    return folder


def exercises() -> list[Exercise]:
    """The short questions of both units."""
    banks = [bank.load(HERE / name) for name in ("rounds_bank.py", "next_bank.py")]
    return [exercise for one in banks for exercise in one.exercises.values() if not exercise.is_code]


def studied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The course in `folder`, with somebody there, a record of its own, and the kernel in the learner's folder."""
    root, mine = make(folder / "clone"), folder / "my-work"
    for name in (f"{UNIT}.ipynb", f"{NEXT}.ipynb", f"exercises/{UNIT}/{UNIT}.ipynb"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("{}")
    monkeypatch.setenv("ISOMETRY_COURSE", str(root))
    monkeypatch.setenv("ISOMETRY_RECORD", str(mine / "record.jsonl"))
    monkeypatch.delenv("ISOMETRY_GATES", raising=False)
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    monkeypatch.chdir(mine)
    return mine


def right(s: Session) -> Any:
    """The right answer to what a session asks."""
    return to_builtins(s.exercise.reference(**s.variant.arguments))


def mistaken(s: Session) -> Any:
    """What a learner with the first known mistake would answer."""
    return to_builtins(s.exercise.mistakes[0].answer(**s.variant.arguments))


def row(skill: str) -> list[Event]:
    """The events of a learner who masters `skill` without a miss."""
    unit = skill.split(".")[0]
    events = [Event("answer", unit, skill, skill, {"n": n}, right=True) for n in range(IN_A_ROW)]
    if skill == "rounds.code":
        events.append(Event("answer", unit, skill, "rounds.doubled", right=True, source="check"))
    return events


def skills_mastered() -> list[Event]:
    """The events of a learner who has mastered every skill of the first unit, and not sat its checkpoint."""
    return [event for skill in ("rounds.scale", "rounds.trend", "rounds.code") for event in row(skill)]


def write(events: list[Event]) -> None:
    for event in events:
        append(event)


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    """Move the clock on: `later(monkeypatch, days=9)`."""
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(**by))


def forms_made(monkeypatch: pytest.MonkeyPatch) -> list[PracticeForm]:
    """A list that each form made from now on is added to."""
    made: list[PracticeForm] = []
    begin = PracticeForm.__init__

    def keep(self: PracticeForm, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(PracticeForm, "__init__", keep)
    return made

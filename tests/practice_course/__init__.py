"""A course of two units in which a checkpoint can be sat in seconds: for tests of practice, rounds and forms.

The first has a skill asked in numbers, one in a choice of three, and one about writing code; the second requires it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder import bank
from autograder.exercise import Exercise

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

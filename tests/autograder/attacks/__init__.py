"""The red team: notebooks of people who would rather not solve the exercises, or who mean harm.

Each attack is data (`Attack`) and a function that writes it into a notebook whose answers are all wrong. `batch.py`
grades many of them through the engine, honest learners between them, and looks at what came of it; `stock.py` does the
same with stock nbgrader, one at a time and contained; `table.py` lays both side by side in `TABLE.md`. What an attack
does to others is seen from outside: by servers that note who calls (`listening.py`), and by a process beside the grader
that owns what may be reached and tells what became of it (`bystander.py`).
"""

from __future__ import annotations

# The attacks register themselves as they are imported, subject by subject.
from . import (  # noqa: F401
    answers,
    calls,
    cells,
    channel,
    descriptors,
    files,
    ipc,
    line,
    network,
    notebooks,
    outputs,
    places,
    processes,
    signals,
)
from .attack import Attack, Handed, Place, registered

ATTACKS: dict[str, Attack] = registered()
"""Every attack, by its name."""

__all__ = ["ATTACKS", "Attack", "Handed", "Place"]

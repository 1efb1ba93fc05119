"""The red team: notebooks of people who would rather not solve the exercises, or who mean harm.

Each attack is data (`Attack`) and a function that writes it into a notebook whose answers are all wrong. `batch.py`
grades many of them through the engine, honest learners between them, and looks at what came of it; `stock.py` does the
same with stock nbgrader, one at a time and contained; `table.py` lays both side by side in `TABLE.md`.
"""

from __future__ import annotations

# The attacks register themselves as they are imported, subject by subject.
from . import answers, cells, channel, files, line, network, notebooks, outputs, processes  # noqa: F401
from .attack import Attack, Handed, Place, registered

ATTACKS: dict[str, Attack] = registered()
"""Every attack, by its name."""

__all__ = ["ATTACKS", "Attack", "Handed", "Place"]

"""Where another notebook of the learner's folder is, seen from the one that runs: for links that JupyterLab follows."""

from __future__ import annotations

from pathlib import Path

from course.syllabus import Place, Unit

LEVELS = 3
"""How deep a notebook may lie in the learner's folder: lessons lie on top, exercises in `exercises/UNIT/`."""


def from_here(link: str, here: Path | None = None) -> str:
    """`link`, which counts from the learner's folder, from where this kernel runs; empty where there is no such file.

    A kernel runs in its notebook's folder, or, in a terminal or for an author, anywhere.
    """
    path = link.partition("#")[0]
    here = here or Path.cwd()
    # From the top down: an exercise notebook is called like its unit's lesson.
    up = next(("../" * n for n in reversed(range(LEVELS)) if (here / ("../" * n) / path).is_file()), None)
    return "" if up is None else up + link


def to_place(place: Place, here: Path | None = None) -> str:
    """A link to a heading."""
    found = from_here(place.notebook, here)
    return found.removesuffix(place.notebook) + place.link if found else ""


def to_lesson(unit: Unit, here: Path | None = None) -> str:
    """A link to a unit's lesson."""
    return from_here(f"{unit.id}.ipynb", here)


def to_exercises(unit: Unit, here: Path | None = None) -> str:
    """A link to a unit's exercise notebook."""
    return from_here(f"exercises/{unit.id}/{unit.id}.ipynb", here)

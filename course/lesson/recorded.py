"""A recorded run in a lesson: its figures, and how long it took whoever recorded it."""

from __future__ import annotations

import numpy as np


def recorded(name: str) -> dict[str, np.ndarray]:
    """The arrays of the recorded run `name` (`course/results/NAME.py`), by name.

    Prints that they are recorded, and how long the run took. Raises `CourseError` where there is no such run.
    """
    from course.results.recording import load

    record = load(name)
    cores = "one core" if record.cores == 1 else f"{record.cores} cores"
    print(f"As recorded (course/results/{name}.py); the run took {_duration(record.seconds)} on {cores}.")
    return record.figures


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

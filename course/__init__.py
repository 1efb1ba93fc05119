"""Isometry: a deep-learning course that is mastered, not skimmed.

What a notebook needs: `check` an answer, take a `hint`, `practice` a skill, open a `gate`, see `progress`
and the `course_map`, and list `common_mistakes`. Each is imported when first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Before anything imports JAX: the course runs on the CPU, and says so rather than searching for devices.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

if TYPE_CHECKING:
    from course.lesson.predicting import predict
    from course.map.page import course_map
    from course.notebook.checking import check, hint
    from course.notebook.diagnosing import readiness
    from course.notebook.gates import gate, progress
    from course.notebook.mistakes import common_mistakes
    from course.notebook.practising import practice

__all__ = ["check", "common_mistakes", "course_map", "gate", "hint", "practice", "predict", "progress", "readiness"]

_HOMES = {
    "check": "notebook.checking",
    "hint": "notebook.checking",
    "practice": "notebook.practising",
    "predict": "lesson.predicting",
    "gate": "notebook.gates",
    "progress": "notebook.gates",
    "course_map": "map.page",
    "common_mistakes": "notebook.mistakes",
    "readiness": "notebook.diagnosing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module “course” has no “{name}”")
    from importlib import import_module

    # No module here is called like one of these names: importing it would put the module in the function's place.
    value = getattr(import_module(f"course.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

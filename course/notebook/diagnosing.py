"""`readiness`, as a notebook calls it.

(This module is not called like its function: importing it would put the module in the function's place.)
"""

from __future__ import annotations

from typing import Any

from autograder.judging.exercise import BankError
from course.errors import CourseError
from course.tutoring.readiness import begin, prerequisites


def readiness() -> Any:
    """Ask one fresh question on each prerequisite, then say what is solid and what to look at first.

    Enter submits and moves on; "I don't know" is an answer too. Nothing is gated by it.
    """
    skills = prerequisites()
    try:
        sessions = begin([skill for skill, _ in skills])
    except BankError as error:
        raise CourseError(str(error)) from None
    from course.forms.readiness import ReadinessForm

    return ReadinessForm(sessions, [title for _, title in skills]).shown()

"""`practice`, as a notebook calls it.

(This module is not called like its function: importing it would put the module in the function's place.)
"""

from __future__ import annotations

from typing import Any

from autograder.judging.exercise import BankError
from course.errors import CourseError
from course.tutoring.questions import start


def practice(skill: str | None = None) -> Any:
    """Deal fresh questions on `skill` in a form, as many as you like; without one, a session of about ten minutes.

    The session asks what is due for review, then what is weak, across units. Enter submits, and after a right answer
    goes on. Without widgets the first question is shown.
    """
    try:
        if skill is None:
            from course.tutoring.rounds import session_of_ten_minutes

            begun = session_of_ten_minutes()
            from course.forms.opening import shown_round

            return shown_round(begun)
        from course.forms.practice import PracticeForm

        return PracticeForm(start(skill)).shown()
    except BankError as error:
        raise CourseError(str(error)) from None

"""`check` and `hint`: an answer goes in, a panel and a number of points come out."""

from __future__ import annotations

import os
from typing import Any

from autograder.judging import bank, compare
from autograder.judging.exercise import BankError, Exercise
from autograder.judging.judge import judge
from autograder.judging.protocol import hand_in, limits
from autograder.judging.verdict import Verdict, VerdictState
from course import kernel_info
from course.errors import CourseError
from course.mastery import record
from course.tutoring.answers import as_text, event_of
from course.widgets.panel import Panel, of_verdict

_hints_taken: dict[str, int] = {}


class Points(float):
    """The points of one check. Its plain text is the bare number, as nbgrader reads it; its HTML is the panel."""

    panel: Panel

    def __new__(cls, points: float, panel: Panel) -> Points:
        self = super().__new__(cls, points)
        self.panel = panel
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": float.__repr__(self), "text/html": self.panel.html()}


def check(exercise: str, answer: Any, /, **arguments: Any) -> Points:
    """Judge `answer` to `exercise` and show what came of it.

    Parameters
    ----------
    exercise:
        The exercise's id, such as `"jacobians.gradient_scale"`.
    answer:
        A number, an array, the text of a choice, or a function, in any of NumPy's, JAX's or Python's forms.
    arguments:
        The numbers of the question, as printed beside it. A function is judged on inputs of the judge's own.

    Returns
    -------
    The points as a float that shows itself as a panel. Nothing is raised, whatever the answer is.
    """
    if os.environ.get(limits.PLACE):  # grading: judged in another process, which tells nothing
        return _spoken(Points(0.0, of_verdict(_recorded(exercise, hand_in.hand_in(exercise, answer)))))
    try:
        found = bank.find(exercise)
        verdict = _recorded(exercise) if found is None else judge(found, answer, arguments)
    except BankError as error:
        return _spoken(Points(0.0, Panel("try", "! This question cannot be judged", (("because", str(error)),))))
    panel = of_verdict(verdict, compare.tolerance(found.returns) if found else "")
    attempted = verdict.state not in (VerdictState.NOT_ATTEMPTED, VerdictState.ROUNDED)
    if found is not None and attempted and kernel_info.person_present():
        problem = _record(found, answer, verdict, arguments)
        panel = Panel(panel.tone, panel.heading, panel.rows, problem or panel.note)
    return _spoken(Points(verdict.points, panel))


def _recorded(exercise: str, problem: str = "") -> Verdict:
    said = problem or "Recorded; it will be judged when you submit."
    return Verdict(exercise, VerdictState.RECORDED, 0.0, 0.0, sentence=said)


def _record(exercise: Exercise, answer: Any, verdict: Verdict, arguments: dict[str, Any]) -> str:
    """Write the answer to the learner's record; the sentence that says why, where that failed."""
    event = event_of(
        exercise,
        arguments,
        right=verdict.right,
        mistake=verdict.mistake,
        given="" if exercise.is_code else as_text(answer),
        seed=0 if exercise.is_code else None,
        hints=_hints_taken.get(exercise.id, 0),
        source="check",
    )
    try:
        record.append(event)
    except CourseError as error:
        return str(error)
    return ""


def _spoken(points: Points) -> Points:
    """In a terminal there is no panel beside the number, so its text is printed first."""
    if kernel_info.kernel() is None:
        print(points.panel.text())
    return points


def hint(exercise: str) -> Panel:
    """The next hint to `exercise`, from a nudge to nearly the way; after the last one it starts again."""
    try:
        found = bank.find(exercise)
    except BankError as error:
        return Panel("try", "! No hint", (("because", str(error)),))
    if found is None or not found.hints:
        why = "the bank of this unit is not here" if found is None else "this exercise has none"
        return Panel("quiet", f"No hint: {why}.")
    level = _hints_taken.get(exercise, 0) % len(found.hints)
    _hints_taken[exercise] = _hints_taken.get(exercise, 0) + 1
    more = "" if level + 1 == len(found.hints) else f'There is more: hint("{exercise}") again.'
    return Panel("quiet", f"Hint {level + 1} of {len(found.hints)}", (("", found.hints[level]),), more)

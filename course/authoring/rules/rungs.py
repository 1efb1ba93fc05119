"""Where a learner works alone on a comparison seen before, no cell tells what an earlier one asked.

The rungs are the sections called “Second time” and “Third time”; a notebook without them is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from autograder.judging.exercise import BankError, Choice, Exercise
from autograder.judging.values import show, to_builtins
from autograder.submissions.notebook import Question
from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.rules.cells import released

ALONE = re.compile(r"#{2,6} (Second|Third) time\b")
DIGITS = 3
"""A shorter number may stand in the prose for another reason."""


class Rung(NamedTuple):
    """One section: what it asks, and its prose by cell."""

    questions: list[tuple[Question, Exercise]]
    prose: dict[int, str]


def rungs_tell_nothing(unit: UnitFiles) -> Iterator[Complaint]:
    """Neither the prose below a question nor the arguments and steps of a later check hold its answer."""
    for rung in _rungs(unit):
        for place, (question, exercise) in enumerate(rung.questions):
            if isinstance(exercise.returns, Choice) or exercise.is_code:
                continue
            try:
                answer = _flat(to_builtins(exercise.reference(*exercise.inputs(question.arguments))))
            except (BankError, KeyError):
                continue  # said by `arguments_match`
            for cell in _telling(rung, place, question, answer):
                yield Complaint(
                    unit.place(unit.source_path, cell),
                    f"it tells {show(answer)}, which “{question.exercise}” asks for above",
                    "Let the question before it stand alone: give later steps other numbers, or say less.",
                )


def _telling(rung: Rung, place: int, question: Question, answer: Any) -> Iterator[int]:
    """The cells of a rung below a question that hold its answer."""
    form = _in_print(answer)
    for cell, text in rung.prose.items():
        if cell > question.cell and form and form.search(text):
            yield cell
    for later, _ in rung.questions[place + 1 :]:
        given = [_flat(value) for name, value in later.arguments.items() if name not in question.arguments]
        steps = [value for value in later.arguments.values() if isinstance(value, str)]
        if answer in given or any(form and form.search(step) for step in steps):
            yield later.cell


def _rungs(unit: UnitFiles) -> Iterator[Rung]:
    if unit.source is None or unit.bank is None:
        return
    cells, known = unit.source.cells, unit.bank.exercises
    starts = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and cell.source.startswith("##")]
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=False):
        if ALONE.match(cells[start].source):
            asked = [(q, known[q.exercise]) for q in unit.questions if start < q.cell < end and q.exercise in known]
            prose = {i: released(cells[i]) for i in range(start, end) if cells[i].cell_type == "markdown"}
            yield Rung(asked, prose)


def _flat(value: Any) -> Any:
    """Without the difference between 3 and 3.0, or between a tuple and a list."""
    return [_flat(item) for item in value] if isinstance(value, list | tuple) else value


def _in_print(answer: Any) -> re.Pattern[str] | None:
    """How prose would write an answer; None for a number too short to tell anything."""
    if isinstance(answer, list):
        if not all(isinstance(number, int | float) for number in answer):
            return None
        return re.compile(r"[(\[]" + ",\\s*".join(re.escape(f"{number:g}") for number in answer) + r"[)\]]")
    whole = f"{answer:,.0f}" if float(answer).is_integer() else f"{answer:.4g}"
    return re.compile(rf"(?<![\d.]){re.escape(whole)}(?!\d|\.\d)") if sum(map(str.isdigit, whole)) >= DIGITS else None

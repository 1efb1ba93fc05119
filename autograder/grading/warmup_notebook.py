"""A rehearsal: all that the bank expects of a class is handed in once, so that JAX has compiled it when the class comes.

The solution's notebook compiles what its own answers need. A right answer written another way, and every mistake, need
other programs; but those are code, too, and stand in the bank. So each is written down as a learner would, under the
name that the notebook checks, into a notebook of its own: the judge asks of it what it asks of a learner's, in a kernel
like a learner's. To no kernel is anything given for it but the text of its cells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.errors import GradingError
from autograder.judging.examiner import GradedItem
from autograder.submissions import fill_in
from autograder.submissions.notebook import questions
from autograder.submissions.task import Task


def warmup_task(task: Task) -> Task | None:
    """Return the task of grading a rehearsal for the class of `task`; None where no exercise asks for code.

    No cell of it begins when it has taken as long as one cell may.
    """
    released = nbformat.reads(task.released, as_version=4)
    graded_items: dict[str, GradedItem] = {}
    cells = [new_code_cell(f"import time\nfrom course import check\n\nOVER = time.monotonic() + {task.seconds}")]
    for number, (item, text) in enumerate(_answers(released, task.graded_items), start=1):
        name = f"rehearsal-{number}"
        graded_items[name] = replace(item, cell=name)
        cells.append(_check(name, f"assert time.monotonic() < OVER\n{text}"))
    if not graded_items:
        return None
    text = nbformat.writes(new_notebook(cells=cells, metadata=released.metadata))
    handed_in = replace(task.submission, student="rehearsal", data=text.encode())
    return replace(task, submission=handed_in, released=text, graded_items=graded_items)


def _answers(released: NotebookNode, graded_items: dict[str, GradedItem]) -> Iterator[tuple[GradedItem, str]]:
    """Yield answers that learners may hand in, each with its item; right ones first, since most of a class needs them."""
    right: list[tuple[GradedItem, str]] = []
    wrong: list[tuple[GradedItem, str]] = []
    for question in questions(released):
        item = graded_items.get(question.grade_id or "")
        if item is None or question.name is None or not (exercise := item.declared()).is_code:
            continue
        styles: list[list[ast.expr]] = [[]]
        with suppress(GradingError, SyntaxError):  # where it is handed out as `@jax.jit`, most leave that there
            if decorators := getattr(fill_in.binding(released, question)[1], "decorator_list", []):
                styles.append(decorators)
        for function, found in [(exercise.reference, right), *((m.answer, wrong) for m in exercise.mistakes)]:
            for decorators in styles:
                with suppress(Exception):  # one that cannot be written down, such as a lambda, is not rehearsed
                    text = fill_in.source_of(function, question.name, decorators=decorators)
                    found.append((item, f"{text}\ncheck({item.exercise!r}, {question.name})"))
    yield from {text: (item, text) for item, text in right + wrong}.values()


def _check(name: str, text: str) -> NotebookNode:
    """A check that is worth nothing."""
    marks = {"grade": True, "grade_id": name, "locked": True, "points": 0, "schema_version": 3, "solution": False}
    return new_code_cell(text, metadata={"nbgrader": marks | {"task": False}})

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
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder import demo
from autograder.errors import GradingError
from autograder.examiner import Paper
from autograder.notebook import questions

if TYPE_CHECKING:
    from autograder.pipeline import Task


def of(task: Task) -> Task | None:
    """The task of grading a rehearsal for the class of `task`; None where no exercise asks for code.

    No cell of it begins when it has taken as long as one cell may.
    """
    released = nbformat.reads(task.released, as_version=4)
    papers: dict[str, Paper] = {}
    cells = [new_code_cell(f"import time\nfrom course import check\n\nOVER = time.monotonic() + {task.seconds}")]
    for number, (paper, text) in enumerate(_answers(released, task.papers), start=1):
        name = f"rehearsal-{number}"
        papers[name] = replace(paper, cell=name)
        cells.append(_check(name, f"assert time.monotonic() < OVER\n{text}"))
    if not papers:
        return None
    text = nbformat.writes(new_notebook(cells=cells, metadata=released.metadata))
    handed_in = replace(task.submission, student="rehearsal", data=text.encode())
    return replace(task, submission=handed_in, released=text, papers=papers)


def _answers(released: NotebookNode, papers: dict[str, Paper]) -> Iterator[tuple[Paper, str]]:
    """What learners may hand in, with the paper that it answers. What is right comes first: most of a class needs it."""
    right: list[tuple[Paper, str]] = []
    wrong: list[tuple[Paper, str]] = []
    for question in questions(released):
        paper = papers.get(question.grade_id or "")
        if paper is None or question.name is None or not (exercise := paper.declared()).is_code:
            continue
        styles: list[list[ast.expr]] = [[]]
        with suppress(GradingError, SyntaxError):  # where it is handed out as `@jax.jit`, most leave that there
            if decorators := getattr(demo.binding(released, question)[1], "decorator_list", []):
                styles.append(decorators)
        for function, found in [(exercise.reference, right), *((m.answer, wrong) for m in exercise.mistakes)]:
            for decorators in styles:
                with suppress(Exception):  # one that cannot be written down, such as a lambda, is not rehearsed
                    text = demo.source_of(function, question.name, decorators=decorators)
                    found.append((paper, f"{text}\ncheck({paper.exercise!r}, {question.name})"))
    yield from {text: (paper, text) for paper, text in right + wrong}.values()


def _check(name: str, text: str) -> NotebookNode:
    """A check that is worth nothing."""
    marks = {"grade": True, "grade_id": name, "locked": True, "points": 0, "schema_version": 3, "solution": False}
    return new_code_cell(text, metadata={"nbgrader": marks | {"task": False}})

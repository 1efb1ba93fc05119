"""Part A of the exercise notebooks, where the learner works alone: no cell tells what an earlier one asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder import bank, notebook
from autograder.exercise import Choice, Exercise, plain
from autograder.notebook import Question

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(ROOT.glob("solutions/*/*.ipynb"))
ALONE = ("### Second time", "### Third time")


def flat(value: Any) -> Any:
    """Without the difference between 3 and 3.0, or between a tuple and a list."""
    return [flat(item) for item in value] if isinstance(value, list | tuple) else value


def rungs(path: Path) -> Iterator[tuple[str, list[tuple[Question, Exercise]], dict[int, str]]]:
    """Each rung's title, its questions with their exercises, and the prose of the released notebook by cell."""
    questions = bank.load(path.with_name("bank.py")).exercises
    cells, asked = notebook.read(path).cells, notebook.questions(notebook.read(path))
    starts = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and cell.source.startswith("##")]
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        if cells[start].source.startswith(ALONE):
            inside = [(q, questions[q.exercise]) for q in asked if start < q.cell < end]
            prose = {i: cells[i].source for i in range(start, end) if cells[i].cell_type == "markdown"}
            yield cells[start].source.splitlines()[0], inside, prose


def in_print(answer: Any) -> re.Pattern[str] | None:
    """How prose would write `answer`; None for a number so short that it may stand there for another reason."""
    if isinstance(answer, list):
        return re.compile(r"[(\[]" + ",\\s*".join(re.escape(f"{number:g}") for number in answer) + r"[)\]]")
    whole = f"{answer:,.0f}" if float(answer).is_integer() else f"{answer:.4g}"
    return re.compile(rf"(?<![\d.]){re.escape(whole)}(?![\d.])") if sum(map(str.isdigit, whole)) >= 3 else None


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])
def test_no_cell_tells_what_an_earlier_one_asked(path: Path) -> None:
    found = list(rungs(path))
    assert len(found) == len(ALONE)
    for title, questions, prose in found:
        for k, (question, exercise) in enumerate(questions):
            if isinstance(exercise.returns, Choice):
                continue
            answer = flat(plain(exercise.reference(**question.arguments)))
            for later, _ in questions[k + 1 :]:
                given = [flat(value) for name, value in later.arguments.items() if name not in question.arguments]
                assert answer not in given, f"{title}: {later.name} is given what {question.name} asks for"
            form = in_print(answer)
            told = [text for cell, text in prose.items() if cell > question.cell and form and form.search(text)]
            steps = [str(later.arguments["step"]) for later, _ in questions[k + 1 :] if "step" in later.arguments]
            told += [step for step in steps if form and form.search(step)]
            assert not told, f"{title}: {told} tell what {question.name} asks for"

"""A class of simulated learners: each fills in the released notebook as someone who holds certain mistakes would.

Because a mistake is code, what such a learner answers, and what it earns, both follow from the bank. `expected` is
judged from the bank's functions directly; the notebooks go the long way, through a kernel and nbgrader. That the two
agree is the test of the whole pipeline.
"""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder import files
from autograder.errors import GradingError
from autograder.gradebook.rows import Row
from autograder.judging.exercise import Exercise
from autograder.judging.judge import judge
from autograder.judging.values import to_builtins
from autograder.judging.verdict import Verdict
from autograder.paths import ROOT
from autograder.submissions import assignment as assignments
from autograder.submissions import fill_in, notebook
from autograder.submissions.assignment import Assignment
from autograder.submissions.notebook import Question
from autograder.submissions.result import Status

RIGHT = "right"
"""What stands in `Learner.answers` for the reference's own answer."""

MARKER = "demo-class.txt"
"""Stands in a grading folder whose class is made up, and may be replaced."""


class Kind(StrEnum):
    """What sort of learner someone is."""

    PERFECT = "perfect"
    UNTOUCHED = "untouched"
    ONE = "one mistake"
    SEVERAL = "several mistakes"
    PARTLY = "partly done"
    MALFORMED = "malformed file"
    ENDLESS = "endless loop"
    DELETED = "deleted cell"


_FIRST = list(Kind)
_THEN = [Kind.ONE, Kind.SEVERAL, Kind.PERFECT, Kind.ONE, Kind.PARTLY, Kind.SEVERAL, Kind.ONE, Kind.UNTOUCHED]


@dataclass(frozen=True, kw_only=True)
class SimulatedLearner:
    """A simulated learner, the notebook handed in, and what it should earn."""

    name: str
    kind: Kind
    content: bytes
    answers: dict[str, str]
    """By the cell that checks it: `RIGHT` or the name of a mistake. What is not there was left as it was."""
    expected: dict[str, float]
    """Points by the cell that checks, for every checked cell."""
    diagnosis: dict[str, str] = field(default_factory=dict)
    """The mistake that should be found, by the cell that checks."""


def make(unit: str, learners: int = 30, seed: int = 2, root: Path = ROOT) -> list[SimulatedLearner]:
    """A class for `unit`; the same for the same seed. Reads the released notebook and the bank, writes nothing."""
    assignment = assignments.find(unit, root)
    path = assignment.root / "exercises" / unit / f"{unit}.ipynb"
    if not path.is_file():
        raise GradingError(f"{path} is not there. Make it from solutions/ with `make exercises`.")
    released = notebook.read(path)
    asked = [q for q in notebook.questions(released) if q.grade_id and q.name]
    rng = np.random.default_rng(seed)
    kinds = [*_FIRST, *(_THEN[i % len(_THEN)] for i in range(max(0, learners - len(_FIRST))))][:learners]
    rng.shuffle(kinds)
    width = max(2, len(str(learners)))
    scribe = _Scribe(assignment, released, asked)
    return [scribe.learner(f"learner-{i + 1:0{width}d}", Kind(kind), rng) for i, kind in enumerate(kinds)]


class _Scribe:
    """Writes learners' notebooks for one assignment, and works out what they earn."""

    def __init__(self, assignment: Assignment, released: NotebookNode, asked: list[Question]) -> None:
        self.released, self.asked = released, asked
        self.exercises = assignment.bank.exercises
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    def learner(self, name: str, kind: Kind, rng: np.random.Generator) -> SimulatedLearner:
        """One learner of a kind; what is left to chance is drawn from `rng`."""
        answers = self._answers(kind, rng)
        made = self._write(answers)
        verdicts = {q.grade_id: self._verdict(q, answers[q.grade_id]) for q in self.asked if q.grade_id in answers}
        lost: set[str | None] = set()
        picked = self.asked[int(rng.integers(len(self.asked)))]
        if kind is Kind.MALFORMED:
            lost = {q.grade_id for q in self.asked}
        elif kind is Kind.ENDLESS:
            cell, _ = fill_in.binding(made, picked)
            cell.source = f"while True:\n    pass\n\n{cell.source}"
            lost = {q.grade_id for q in self.asked if fill_in.binding(made, q)[0] is cell}
        elif kind is Kind.DELETED:
            made.cells = [c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") != picked.grade_id]
            lost = {picked.grade_id}
        content = nbformat.writes(made).encode()
        if kind is Kind.MALFORMED:
            content = content[: len(content) // 2]
        counted = {cell: verdict for cell, verdict in verdicts.items() if cell not in lost}
        return SimulatedLearner(
            name=name,
            kind=kind,
            content=content,
            answers=answers,
            expected={
                str(q.grade_id): counted[q.grade_id].points if q.grade_id in counted else 0.0 for q in self.asked
            },
            diagnosis={str(cell): verdict.mistake for cell, verdict in counted.items() if verdict.mistake},
        )

    def _answers(self, kind: Kind, rng: np.random.Generator) -> dict[str, str]:
        answers = {str(q.grade_id): RIGHT for q in self.asked}
        cells = list(answers)
        if kind is Kind.UNTOUCHED:
            return {}
        if kind is Kind.PARTLY:
            done = rng.permutation(cells)[: max(1, len(cells) // 2)]
            answers = {cell: RIGHT for cell in cells if cell in done}
        if kind in (Kind.ONE, Kind.SEVERAL, Kind.PARTLY):
            number = 1 if kind is not Kind.SEVERAL else int(rng.integers(2, 6))
            for cell in rng.permutation(list(answers))[:number]:
                exercise = self.exercises[self._question(cell).exercise]
                if exercise.mistakes:
                    answers[str(cell)] = exercise.mistakes[int(rng.integers(len(exercise.mistakes)))].name
        return answers

    def _question(self, cell: str) -> Question:
        return next(q for q in self.asked if q.grade_id == cell)

    def _verdict(self, question: Question, answer: str) -> Verdict:
        """What the judge says of this answer, asked directly; the same question and answer are judged once."""
        key = (str(question.grade_id), answer)
        if key not in self._verdicts:
            exercise = self.exercises[question.exercise]
            held = _function(exercise, answer)
            value = held if exercise.is_code else held(**question.arguments)
            self._verdicts[key] = judge(exercise, value, question.arguments)
        return self._verdicts[key]

    def _write(self, answers: dict[str, str]) -> NotebookNode:
        """The released notebook with these answers filled in."""
        made = copy.deepcopy(self.released)
        for question in self.asked:
            if question.grade_id in answers:
                exercise = self.exercises[question.exercise]
                held = _function(exercise, answers[question.grade_id])
                if exercise.is_code:
                    text = fill_in.source_of(held, str(question.name), fill_in.imported(made))
                else:
                    text = f"{question.name} = {to_builtins(_array(held(**question.arguments)))!r}"
                cell, node = fill_in.binding(made, question)
                cell.source = fill_in.replaced(cell.source, node, text)
        if answers:
            for cell in made.cells:
                meta = cell.metadata.get("nbgrader", {})
                if cell.cell_type == "markdown" and meta.get("solution"):
                    cell.source = "I expect it from what I computed above: the numbers there are the argument."
        return made


def _function(exercise: Exercise, answer: str) -> Callable[..., Any]:
    if answer == RIGHT:
        return exercise.reference
    return next(m.answer for m in exercise.mistakes if m.name == answer)


def _array(value: Any) -> Any:
    """JAX's arrays as NumPy's; anything else as it is."""
    return np.asarray(value) if hasattr(value, "__array__") else value


# --------------------------------------------------------------------------- handing in, and looking back


def hand_in(learners: Sequence[SimulatedLearner], unit: str, into: Path) -> Path:
    """Write the class into `into/submitted`, in nbgrader's layout, in the place of an earlier made-up class.

    `GradingError` where the folder holds a class that is not made up: it is never mixed with one, or replaced by it.
    """
    files.writable(into)
    if not (into / MARKER).is_file() and any((into / name).exists() for name in ("gradebook.db", "submitted")):
        raise GradingError(
            f"{into} holds a class of yours, and a made-up one would replace it. Name another folder.",
            parameter="into",
        )
    strangers = [p.name for p in (into / "submitted").glob("*") if not re.fullmatch(r"learner-\d+", p.name)]
    if strangers:
        raise GradingError(
            f"{into} holds {strangers[0]} beside a made-up class. Move one of the two away, or name another folder.",
            parameter="into",
        )
    files.write(into / MARKER, "This class is made up by `autograder demo`, which replaces it when it runs again.\n")
    for name in ("submitted", "autograded", "feedback"):
        shutil.rmtree(into / name, ignore_errors=True)
    (into / "gradebook.db").unlink(missing_ok=True)
    for learner in learners:
        files.write(into / "submitted" / learner.name / unit / f"{unit}.ipynb", learner.content)
    return into / "submitted"


def mismatches(learners: Sequence[SimulatedLearner], rows: Sequence[Row]) -> list[str]:
    """Where the gradebook is not what the learners' mistakes imply: a sentence for each learner it differs for."""
    results = {row.student: row for row in rows}
    found = []
    for learner in learners:
        row = results.get(learner.name)
        if row is None:
            found.append(f"{learner.name} is not in the gradebook.")
            continue
        broken = learner.kind in (Kind.MALFORMED, Kind.ENDLESS, Kind.DELETED)
        ending = Status.FAILED if learner.kind is Kind.MALFORMED else Status.GRADED
        wrong = [
            f"{cell}: {row.scores.get(cell, 0.0):g} instead of {points:g}"
            for cell, points in learner.expected.items()
            if abs(row.scores.get(cell, 0.0) - points) > 1e-6
        ]
        wrong += [
            f"{cell}: diagnosed {row.mistakes.get(cell, 'nothing')} instead of {learner.diagnosis.get(cell, 'nothing')}"
            for cell in learner.expected
            if row.mistakes.get(cell) != learner.diagnosis.get(cell)
        ]
        if row.state is not ending or (broken and not row.reason):
            wrong.append(f"it is {row.state.value} ({row.reason or 'no reason'}) instead of {ending.value}")
        if wrong:
            found.append(f"{learner.name} ({learner.kind.value}): {'; '.join(wrong)}.")
    return found

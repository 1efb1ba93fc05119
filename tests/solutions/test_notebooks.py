"""Every unit's exercise notebook: solved it scores full, released it scores zero, and the release tells nothing.

A new notebook in `solutions/` is tested here as it stands, but for what it alone can say: see `OWN`.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from pathlib import Path
from typing import NamedTuple

import fresh_kernel
import pytest
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade, is_solution
from units import BANKS, ROOT

from autograder.judging.bank import Bank
from autograder.judging.exercise import Choice
from autograder.submissions import notebook
from course.authoring import rules
from course.authoring.course_files import Tree
from course.authoring.lint import complaints
from course.authoring.rules import scores as scoring

ran = functools.cache(scoring.run)
"""A notebook after its one run, which serves the linter and the tests below alike."""


class Own(NamedTuple):
    """What is one unit's alone, so that a change of it is meant."""

    points: float
    """What the whole notebook is worth."""
    computed: tuple[str, ...]
    """The checked exercises that lead up to the question in free text."""
    shown: frozenset[str] = frozenset()
    """Lines of a solution that the release shows elsewhere, and that give nothing away."""


OWN = {
    "01-composition": Own(60, ("width_to_match",)),
    "02-jacobians": Own(60, ("silent_depth",), frozenset({"h = x"})),
    "04-normalization": Own(75, ("batch_of_two",)),
    "06-convolution": Own(68, ("spectrogram_frames", "waveform_multiply_adds", "depth_to_hear", "field_strided")),
}


class Unit(NamedTuple):
    """A unit's bank, its solved notebook, and the one that is released."""

    bank: Bank
    source: NotebookNode
    release: NotebookNode

    @property
    def asked(self) -> list[notebook.Question]:
        return notebook.questions(self.source)

    @property
    def own(self) -> Own:
        assert self.bank.unit in OWN, f"Say in OWN what {self.bank.unit} is worth, and what its free text rests on."
        return OWN[self.bank.unit]

    def free_text(self) -> int:
        """The index of the one cell that is graded by hand."""
        [index] = [i for i, cell in enumerate(self.source.cells) if is_grade(cell) and cell.cell_type == "markdown"]
        return index

    def offered(self) -> dict[str, str]:
        """The lists of options that are given out, such as `PRINCIPLES = {"a": …}`: name to the exercise they serve."""
        lists = [re.fullmatch(r"([A-Z]+) = (\{.*\})", cell.source, re.DOTALL) for cell in self.source.cells]
        options = {found[1]: tuple(ast.literal_eval(found[2]).values()) for found in filter(None, lists)}
        asked = [self.bank.exercises[question.exercise] for question in self.asked]
        serves = {exercise.answer.options: exercise.id for exercise in asked if isinstance(exercise.answer, Choice)}
        for name, given in options.items():
            assert given in serves, f"{name} does not list, in order, the options of a choice that is asked."
        return {name: serves[given] for name, given in options.items()}


def path(unit: str, folder: str) -> Path:
    return ROOT / folder / unit / f"{unit}.ipynb"


@pytest.fixture(scope="module", params=[unit for unit in BANKS if path(unit, "solutions").is_file()])
def unit(request: pytest.FixtureRequest) -> Unit:
    return Unit(BANKS[request.param], *(notebook.read(path(request.param, f)) for f in ("solutions", "exercises")))


def scores(ran: NotebookNode) -> dict[str, tuple[float | None, float]]:
    """(score, points) of each graded cell, by nbgrader's own rule."""
    return {cell.metadata.nbgrader.grade_id: determine_grade(cell) for cell in ran.cells if is_grade(cell)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(unit.id, id=unit.id) for unit in Tree().units])
def test_the_linter_has_nothing_to_complain_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "run", ran)
    assert [str(complaint) for complaint in complaints(Tree(), name)] == []


def test_nor_of_the_course_as_a_whole() -> None:
    assert [str(complaint) for rule in rules.TREE for complaint in rule(Tree())] == []


def test_the_solutions_score_full(unit: Unit) -> None:
    solved, broke = ran(path(unit.bank.unit, "solutions"), ROOT)
    assert broke is None and fresh_kernel.troubles(solved) == []
    found = scores(solved)
    by_hand = unit.source.cells[unit.free_text()].metadata.nbgrader
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {
        by_hand.grade_id: (None, by_hand.points)
    }
    assert sum(points for _, points in found.values()) == unit.own.points


def test_the_release_runs_through_and_scores_zero(unit: Unit) -> None:
    released, broke = ran(path(unit.bank.unit, "exercises"), ROOT)
    assert broke is None and fresh_kernel.troubles(released) == []
    assert {name: score for name, (score, _) in scores(released).items() if score != 0} == {}
    assert scores(released).keys() == scores(unit.source).keys()


def test_nothing_but_the_notebook_is_released(unit: Unit) -> None:
    release = path(unit.bank.unit, "exercises")
    assert [file.name for file in release.parent.iterdir() if not file.name.startswith(".")] == [release.name]


def test_no_solution_is_released(unit: Unit) -> None:
    text = json.dumps([cell.source for cell in unit.release.cells], ensure_ascii=False)
    assert "SOLUTION" not in text and "reference" not in text and "bank" not in text
    solved = [cell for cell in unit.source.cells if is_solution(cell) and cell.cell_type == "code"]
    region = re.compile(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", re.DOTALL)
    regions = [text for cell in solved for text in region.findall(cell.source)]
    assert len(regions) == len(solved)
    released = {line.strip() for cell in unit.release.cells for line in cell.source.splitlines()}
    assert {line.strip() for text in regions for line in text.splitlines()} & released <= {"", *unit.own.shown}
    assert unit.release.cells[unit.free_text()].source == "Your answer here."


def test_every_blank_is_left_to_fill_in(unit: Unit) -> None:
    for cell in unit.release.cells:
        if is_solution(cell) and cell.cell_type == "code":
            assert "# YOUR CODE HERE" in cell.source
            ast.parse(cell.source)


def test_part_a_asks_which_principle_at_each_faded_step_and_part_b_in_every_skill(unit: Unit) -> None:
    middle = next(i for i, cell in enumerate(unit.source.cells) if cell.source.startswith("## Part B"))
    principles = [question for question in unit.asked if question.exercise == unit.offered()["PRINCIPLES"]]
    assert len(principles) >= 5 and all(question.cell < middle for question in principles)
    practised = [unit.bank.exercises[question.exercise] for question in unit.asked if question.cell > middle]
    assert {exercise.skill for exercise in practised} == set(unit.bank.skills)
    assert sum(exercise.is_code for exercise in practised) >= 4


def test_the_free_text_question_is_graded_by_hand_and_carries_a_checked_part(unit: Unit) -> None:
    index = unit.free_text()
    meta = unit.source.cells[index].metadata.nbgrader
    assert meta.solution and not meta.locked
    rubric = unit.source.cells[index - 1].source
    assert sum(int(points) for points in re.findall(r"^\| (\d+) \|", rubric, re.MULTILINE)) == meta.points
    before = [question.exercise.split(".")[1] for question in unit.asked if question.cell < index]
    assert tuple(before[-len(unit.own.computed) :]) == unit.own.computed
    assert len(before) == len(unit.asked), "nothing is checked after it"

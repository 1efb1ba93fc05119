"""Unit 04's exercise notebook: solved it scores full, released it scores zero, and the release tells nothing."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade, is_solution
from traitlets.config import Config

from autograder import bank, notebook

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "solutions" / "04-normalization" / "04-normalization.ipynb"
RELEASE = ROOT / "exercises" / "04-normalization" / "04-normalization.ipynb"
BANK = bank.load(SOURCE.with_name("bank.py"))

SHOWN = {"h = x"}
"""Lines of a solution that the release may show elsewhere: they give nothing away."""


def run(path: Path, tmp_path: Path) -> NotebookNode:
    """The notebook after a run in a fresh kernel, in an empty folder."""
    ran = nbformat.read(path, as_version=4)
    client = NotebookClient(
        ran,
        timeout=120,
        kernel_name="python3",
        allow_errors=True,
        config=Config({"KernelManager": {"transport": "ipc", "connection_file": str(tmp_path / "kernel.json")}}),
        resources={"metadata": {"path": str(tmp_path)}},
    )
    path_of_packages = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client.execute(env=os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": path_of_packages})
    return ran


def errors(ran: NotebookNode) -> list[str]:
    """What went wrong in any cell: tracebacks, and anything on stderr, for which nbgrader gives zero."""
    outputs = [output for cell in ran.cells for output in cell.get("outputs", [])]
    raised = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    return raised + [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]


def scores(ran: NotebookNode) -> dict[str, tuple[float | None, float]]:
    """(score, points) of each graded cell, by nbgrader's own rule."""
    return {cell.metadata.nbgrader.grade_id: determine_grade(cell) for cell in ran.cells if is_grade(cell)}


def test_the_solutions_score_full(tmp_path: Path) -> None:
    ran = run(SOURCE, tmp_path)
    assert errors(ran) == []
    by_hand = {"advice": (None, 9.0)}
    found = scores(ran)
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == by_hand
    assert sum(points for _, points in found.values()) == 73


def test_the_release_runs_through_and_scores_zero(tmp_path: Path) -> None:
    ran = run(RELEASE, tmp_path)
    assert errors(ran) == []
    assert {name: score for name, (score, _) in scores(ran).items() if score != 0} == {}
    assert len(scores(ran)) == len(scores(nbformat.read(SOURCE, as_version=4)))


@pytest.fixture(scope="module")
def source() -> NotebookNode:
    return notebook.read(SOURCE)


@pytest.fixture(scope="module")
def release() -> NotebookNode:
    return notebook.read(RELEASE)


def test_nothing_but_the_notebook_is_released() -> None:
    assert [path.name for path in RELEASE.parent.iterdir() if not path.name.startswith(".")] == [RELEASE.name]


def test_no_solution_is_released(source: NotebookNode, release: NotebookNode) -> None:
    text = json.dumps([cell.source for cell in release.cells], ensure_ascii=False)
    assert "SOLUTION" not in text and "reference" not in text and "bank" not in text
    regions = []
    for cell in source.cells:
        if is_solution(cell) and cell.cell_type == "code":
            regions += re.findall(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", cell.source, re.DOTALL)
    assert len(regions) == sum(is_solution(c) and c.cell_type == "code" for c in source.cells)
    released = {line.strip() for cell in release.cells for line in cell.source.splitlines()}
    # `h = x` is also a line of the example that is shown in full.
    assert {line.strip() for region in regions for line in region.splitlines()} & released <= {"", "h = x"}
    advice = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "advice")
    assert advice.source == "Your answer here."


def test_every_blank_is_left_to_fill_in(release: NotebookNode) -> None:
    for cell in release.cells:
        if is_solution(cell) and cell.cell_type == "code":
            assert "# YOUR CODE HERE" in cell.source
            ast.parse(cell.source)


def test_each_check_is_locked_and_worth_what_the_bank_says(source: NotebookNode) -> None:
    asked = notebook.questions(source)
    assert len(asked) == sum(is_grade(cell) and cell.cell_type == "code" for cell in source.cells)
    for question in asked:
        meta = source.cells[question.cell].metadata.nbgrader
        exercise = BANK.exercises[question.exercise]
        assert (meta.points, meta.locked, meta.solution, meta.schema_version) == (exercise.points, True, False, 3)
        assert question.grade_id is not None and question.name is not None
        assert set(question.arguments) == (set() if exercise.is_code else set(exercise.parameters))


def test_ids_are_stable_and_unique(source: NotebookNode, release: NotebookNode) -> None:
    grade_ids = [cell.metadata.nbgrader.grade_id for cell in source.cells if "nbgrader" in cell.metadata]
    assert len(set(grade_ids)) == len(grade_ids)
    assert [cell.id for cell in source.cells] == [cell.id for cell in release.cells]
    for cell in source.cells:
        if "nbgrader" in cell.metadata:
            assert cell.id == cell.metadata.nbgrader.grade_id


def test_the_list_to_choose_from_is_the_banks(source: NotebookNode) -> None:
    [cell] = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "principles"]
    name, _, value = cell.source.partition(" = ")
    assert name == "PRINCIPLES"
    assert tuple(ast.literal_eval(value).values()) == BANK.exercises["normalization.which_principle"].answer.options


def test_part_a_asks_which_principle_at_each_faded_step_and_part_b_in_every_skill(source: NotebookNode) -> None:
    middle = next(i for i, cell in enumerate(source.cells) if cell.source.startswith("## Part B"))
    asked = notebook.questions(source)
    principles = [q for q in asked if q.exercise == "normalization.which_principle"]
    assert len(principles) >= 5 and all(q.cell < middle for q in principles)
    practised = {BANK.exercises[q.exercise].skill for q in asked if q.cell > middle}
    assert practised == set(BANK.skills)
    assert sum(BANK.exercises[q.exercise].is_code for q in asked) >= 4


def test_the_free_text_question_is_graded_by_hand_and_carries_a_checked_part(source: NotebookNode) -> None:
    [index] = [i for i, c in enumerate(source.cells) if is_grade(c) and c.cell_type == "markdown"]
    meta = source.cells[index].metadata.nbgrader
    assert meta.solution and not meta.locked
    rubric = source.cells[index - 1].source
    assert sum(int(points) for points in re.findall(r"^\| (\d+) \|", rubric, re.MULTILINE)) == meta.points
    assert notebook.questions(source)[-1].exercise == "normalization.batch_of_two"

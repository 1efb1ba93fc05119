"""The authors' notebook on the gate, run in a fresh kernel, and its claims asserted of what it computed."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import fresh_kernel
import nbformat
import pytest
from gate_oracle import at_least, error, in_a_row
from lessons import code_cells, report, said
from nbformat import NotebookNode

from course.authoring.rules.figures import silent_figures

NOTEBOOK = Path(__file__).resolve().parents[1] / "benchmarks" / "gate.ipynb"
REPORTED = "LIVES, by_row, by_size, by_mark, as_it_is, recalls"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    reporting = copy.deepcopy(nbformat.read(NOTEBOOK, as_version=4))
    reporting.cells.append(nbformat.v4.new_code_cell(report(REPORTED)))
    return fresh_kernel.run(reporting, tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def found(ran: NotebookNode) -> dict[str, Any]:
    return json.loads(said(ran.cells[-1]))


def test_nothing_fails_or_speaks_on_stderr(ran: NotebookNode) -> None:
    assert fresh_kernel.troubles(ran) == []


def test_every_figure_has_a_title_named_axes_and_alt_text(ran: NotebookNode) -> None:
    assert list(silent_figures(ran)) == []
    figures = [cell for cell in code_cells(ran) if "subplots" in cell.source]
    assert len(figures) == 4
    for cell in figures:
        assert all(re.search(rf"\b{what}=\"\w", cell.source) for what in ("title", "xlabel", "ylabel"))
        html = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        assert len(re.search(r'alt="([^"]+)"', html)[1].split()) > 15


def test_skills_are_mastered_as_often_as_arithmetic_says_at_every_row(found: dict[str, Any]) -> None:
    n = 3 * found["LIVES"]
    for name, right, tries in (
        ("guesser at 1/10", 0.1, 10),
        ("guesser at 1/4", 0.25, 10),
        ("knower who slips 1/10", 0.9, 12),
    ):
        for row, share in enumerate(found["by_row"][name], start=1):
            exact = in_a_row(right, tries, row)
            assert abs(share - exact) <= error(exact, n) + 1 / n


def test_checkpoints_are_passed_as_often_as_arithmetic_says_at_every_size(found: dict[str, Any]) -> None:
    for items, wanted in ((5, 4), (10, 8), (20, 16)):
        for right, share in zip((0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95), found["by_size"][str(items)], strict=True):
            exact = at_least(right, items, wanted)
            assert abs(share - exact) <= error(exact, found["LIVES"]) + 1 / found["LIVES"]


def test_what_is_said_of_the_row(found: dict[str, Any]) -> None:
    """Two: four in ten guessers pass. Three: one in eleven, and hardly a knower fails. Five: seven knowers in a hundred."""
    guessed, known = found["by_row"]["guesser at 1/4"], found["by_row"]["knower who slips 1/10"]
    assert guessed[1] == pytest.approx(0.4, abs=0.05)
    assert guessed[2] == pytest.approx(1 / 11, abs=0.02)
    assert known[2] > 0.99
    assert known[4] == pytest.approx(0.93, abs=0.02)


def test_what_is_said_of_the_checkpoint(found: dict[str, Any]) -> None:
    """Right six times in ten: one time in three, in six, in twenty."""
    for items, one_in in (("5", 3), ("10", 6), ("20", 20)):
        assert found["by_size"][items][3] == pytest.approx(1 / one_in, abs=0.04)


def test_what_is_said_of_the_mark_and_of_the_unit(found: dict[str, Any]) -> None:
    """A knower hardly notices up to eight; beyond it slips decide; a unit takes some twenty-two questions."""
    known = found["by_mark"]["right 0.90"]
    assert min(known[:3]) > 0.98
    assert known[3] < 0.95 and known[4] == pytest.approx(0.57, abs=0.07)
    assert found["as_it_is"]["knower who slips 1/10"]["questions"] == pytest.approx(22, abs=0.5)
    assert found["as_it_is"]["guesser at 1/4"]["unit"] == 0


def test_what_is_said_of_reviews(found: dict[str, Any]) -> None:
    """Nine in ten at the scheduler's own pace; less for who forgets faster, and it falls slowly."""
    recalls = list(found["recalls"].values())
    assert recalls == sorted(recalls, reverse=True)
    assert found["recalls"]["1.0"] == pytest.approx(0.9, abs=0.015)
    assert found["recalls"]["4.0"] > 0.7

"""A lesson run once in a fresh kernel, the values its cells computed, and what every lesson owes its reader.

A lesson's test module names its `UNIT` and the values it looks at, `REPORTED`, then asserts the lesson's claims of
`measured`, and subclasses `Reading`.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import fresh_kernel
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

from course import syllabus

COURSE = Path(__file__).resolve().parents[1] / "course"

FIGURES = ("bars", "heatmaps", "panels", "plot", "shown")
"""What of `course.lesson` shows a figure."""

REPORT = """
import json, os, resource
def _peak_mb():
    if os.path.exists("/proc/self/status"):  # ru_maxrss also counts the process that started this one
        line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
def _plain(value):
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {" ".join(map(str, k)) if isinstance(k, tuple) else str(k): _plain(item) for k, item in value.items()}
    return np.asarray(value).tolist()
_usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(_plain(dict(VALUES, peak_mb=_peak_mb(), cpu_seconds=_usage.ru_utime + _usage.ru_stime))))
"""
"""The last cell of the run: it prints the values, as JSON, and what the run has cost."""


def report(values: str) -> str:
    """The source of that cell. `values` reads like arguments: `loss, best=loss.min()`; a tuple as key becomes words."""
    call = ast.parse(f"_({values})", mode="eval").body
    assert isinstance(call, ast.Call)
    named = [f"{ast.unparse(name)}={ast.unparse(name)}" for name in call.args]
    return REPORT.replace("VALUES", ", ".join([*named, *map(ast.unparse, call.keywords)]))


@pytest.fixture(scope="module")
def lesson(request: pytest.FixtureRequest) -> NotebookNode:
    """The lesson of the module's `UNIT`, as it is kept."""
    return nbformat.read(COURSE / f"{request.module.UNIT}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def ran(lesson: NotebookNode, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The lesson after Run All, with a cell at its end that reports the values `REPORTED`."""
    reporting = copy.deepcopy(lesson)
    reporting.cells.append(nbformat.v4.new_code_cell(report(request.module.REPORTED)))
    # Where a unit requires another, its gate would stop the run; where it does not, it must be open as it is.
    gates = {"ISOMETRY_GATES": "open"} if syllabus.load().unit(request.module.UNIT).requires else {}
    return fresh_kernel.run(reporting, tmp_path_factory.mktemp("lesson"), **gates)


@pytest.fixture(scope="module")
def measured(ran: NotebookNode) -> dict[str, Any]:
    """The values that the lesson computed, by name; lists are NumPy arrays of floats."""

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: arrays(item) for key, item in value.items()}
        return np.array(value, float) if isinstance(value, list) else value

    return arrays(json.loads(said(ran.cells[-1])))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell_with(notebook: NotebookNode, source: str) -> NotebookNode:
    """The one code cell in whose source this stands."""
    [cell] = [cell for cell in code_cells(notebook) if source in cell.source]
    return cell


def said(cell: NotebookNode) -> str:
    """What a cell printed; the kernel may send it in several parts."""
    return "".join(output.get("text", "") for output in cell.outputs)


def words(prose: str) -> list[str]:
    """The words of a text; a formula is one."""
    return re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " x ", prose, flags=re.DOTALL).split()


class Reading:
    """How a lesson reads, and what it costs. A subclass called `Test…` says what is the lesson's own."""

    views: ClassVar[tuple[str, ...]] = ()
    """The functions that show its views; all its figures go through `shown`."""
    pictures: ClassVar[int]
    """How many pictures a whole run shows, static forms of views included."""
    predictions: ClassVar[int]
    """How many predictions it asks for, at least."""
    answered_by_views: ClassVar[int] = 0
    """How many of them a view answers, so that no cell reads the guess back."""
    takeaway: ClassVar[str] = "Takeaway:"
    """How the text after a picture begins, in bold; a regular expression."""
    words: ClassVar[int] = 130
    """How many words may stand between two code cells."""
    peak_mb: ClassVar[float] = 600
    cpu_seconds: ClassVar[float] = 60
    """On all cores together."""

    def shows(self, cell: NotebookNode) -> bool:
        """Whether it is a cell that shows a picture."""
        starts = rf"^(lesson\.)?({'|'.join((*FIGURES, *self.views))})\("
        return cell.cell_type == "code" and re.search(starts, cell.source, re.MULTILINE) is not None

    def test_nothing_fails_or_speaks_on_stderr(self, ran: NotebookNode) -> None:
        assert fresh_kernel.troubles(ran) == []

    def test_every_picture_has_alt_text(self, ran: NotebookNode) -> None:
        pictures = 0
        for cell in code_cells(ran):
            for output in cell.outputs:
                data = output.get("data", {})
                assert "image/png" not in data and "image/svg+xml" not in data, cell.source
                for tag in re.findall(r"<img\b[^>]*>", "".join(data.get("text/html", ""))):
                    alt = re.search(r'alt="([^"]+)"', tag)
                    assert alt and len(alt[1].split()) >= 5, cell.source
                    pictures += 1
        assert pictures == self.pictures

    def test_every_figure_has_a_title_and_named_axes(self, lesson: NotebookNode) -> None:
        for cell in code_cells(lesson):
            if "subplots(" in cell.source:  # the functions that draw a whole figure refuse one without
                named = set(re.findall(r"\b(title|xlabel|ylabel)=", cell.source))
                assert named == {"title", "xlabel", "ylabel"}, cell.source

    def test_every_picture_is_followed_by_what_to_take_from_it(self, lesson: NotebookNode) -> None:
        assert all(self.shows(cell) for cell in code_cells(lesson) if re.search(r"\balt=", cell.source))
        for cell, after in zip(lesson.cells, lesson.cells[1:], strict=False):
            if self.shows(cell):
                assert after.cell_type == "markdown", cell.source
                assert re.match(rf"\*\*({self.takeaway})", after.source), cell.source

    def test_a_prediction_is_asked_for_in_words_and_run_all_waits_for_none(self, ran: NotebookNode) -> None:
        asked = unanswered = 0
        for before, cell in zip(ran.cells, ran.cells[1:], strict=False):
            if cell.cell_type == "code":
                here = cell.source.count("= predict(")
                assert not here or "**Predict.**" in before.source, cell.source
                asked += here
                unanswered += said(cell).count("nothing yet")
        assert asked == unanswered + self.answered_by_views
        assert asked >= self.predictions

    def test_prose_between_two_code_cells_is_short(self, lesson: NotebookNode) -> None:
        run: list[str] = []
        for cell in lesson.cells[:-1]:  # the last one lists the sources
            run = [*run, cell.source] if cell.cell_type == "markdown" else []
            prose = words("\n".join(run))
            assert len(prose) <= self.words, " ".join(prose[:12])

    def test_the_lesson_is_kept_without_outputs(self, lesson: NotebookNode) -> None:
        assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(lesson))
        assert lesson.metadata.kernelspec.name == "python3"

    @pytest.mark.skipif(sys.platform != "linux", reason="the budget is Binder's, which is Linux")
    def test_the_lesson_keeps_to_its_budget(self, measured: dict[str, Any]) -> None:
        assert measured["peak_mb"] <= self.peak_mb
        assert measured["cpu_seconds"] <= self.cpu_seconds


def reading_of(unit: str) -> type[Reading]:
    """How the lesson of `unit` reads and what it may cost, as its own test module says."""
    file = Path(__file__).with_name("course") / f"test_lesson_{unit[:2]}.py"
    spec = importlib.util.spec_from_file_location(f"reading_{unit[:2]}", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestReading

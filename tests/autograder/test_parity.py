"""Notebooks written for nbgrader, with cells that judge in the student's kernel, graded by nbgrader itself and by us.

One class is graded twice: by nbgrader's own command in a course folder of its own, all at once, and by `grade_class`.
Every score, most points, wait for a person, comment and penalty is compared, and where we differ on purpose it is
said here, with the reason.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from autograder.gradebook.rows import Row
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.submissions import assignment as assignments
from autograder.submissions.result import Status

pytestmark = pytest.mark.slow

UNIT = "91-classic"
DUE = datetime(2026, 3, 1, 12, 0)
IN_TIME, LATE = "2026-03-01 11:00:00 UTC", "2026-03-01 14:30:00 UTC"
CONFIG = """
import os
c = get_config()
c.CourseDirectory.course_id = "classic"
c.CourseDirectory.root = os.environ.get("ISOMETRY_COURSE", os.path.dirname(os.path.abspath(__file__)))
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"
c.CourseDirectory.ignore = ["bank.py"]
c.CourseDirectory.db_url = f"sqlite:///{c.CourseDirectory.root}/gradebook.db"
c.Execute.timeout = 30
c.LateSubmissionPlugin.penalty_method = "zero"
"""


# --------------------------------------------------------------------------- the course


def solution(name: str, source: str) -> NotebookNode:
    """A cell that students fill in."""
    return _cell(new_code_cell(source), name, solution=True, locked=False)


def check(name: str, points: float, source: str) -> NotebookNode:
    """A locked cell of tests."""
    return _cell(new_code_cell(source), name, points, locked=True)


def _cell(
    cell: NotebookNode,
    name: str,
    points: float | None = None,
    *,
    locked: bool,
    solution: bool = False,
    task: bool = False,
) -> NotebookNode:
    graded = points is not None and not task
    cell.metadata["nbgrader"] = {
        "grade": graded,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": task,
    } | ({"points": points} if points is not None else {})
    return cell


def course() -> NotebookNode:
    """The instructor's notebook: every kind of cell that nbgrader knows."""
    cells = [
        new_markdown_cell("# A classic"),
        _cell(new_code_cell("LIMIT = 3"), "read-only", locked=True),
        solution("square", "### BEGIN SOLUTION\ndef square(x):\n    return x * x\n### END SOLUTION"),
        check(
            "square-test",
            2,
            "assert square(3) == 9\n### BEGIN HIDDEN TESTS\nassert square(-2) == 4\n### END HIDDEN TESTS",
        ),
        solution("area", "### BEGIN SOLUTION\ndef area(a, b):\n    return a * b\n### END SOLUTION"),
        check("area-test", 4, "sum(area(a, b) == a * b for a, b in [(1, 2), (2, 2), (0, 3), (5, 5)])"),
        check("limit-test", 1, "assert LIMIT == 3"),
        solution("shown", "shown = 0\n### BEGIN SOLUTION\nshown = 1\n### END SOLUTION"),
        check("shown-test", 1, "shown"),
        solution("warns", "def warns():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"),
        check("warns-test", 2, "assert warns() == 1"),
        _cell(new_code_cell("# write a program"), "program", 3, solution=True, locked=False),
        _cell(new_markdown_cell("Your words here."), "words", 5, solution=True, locked=False),
        _cell(new_markdown_cell("Make a drawing, in as many cells as you like."), "drawing", 2, locked=True, task=True),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(cells):
        cell["id"] = f"source-{number}"
    return new_notebook(cells=cells, metadata=kernel)


# --------------------------------------------------------------------------- the class


def by_id(made: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def fill(made: NotebookNode, **sources: str) -> None:
    for name, source in sources.items():
        by_id(made, name).source = source


RIGHT = {
    "square": "def square(x):\n    return x * x",
    "area": "def area(a, b):\n    return a * b",
    "shown": "shown = 1",
    "warns": "def warns():\n    return 1",
}


def perfect(made: NotebookNode) -> None:
    """All right, all written, with cells of her own, one of which fails."""
    fill(made, **RIGHT, program="print('mine')", words="I think so.")
    made.cells.insert(3, new_code_cell("extra = square(4)\nextra"))
    made.cells.append(new_code_cell("1 / 0"))
    made.cells.append(new_markdown_cell("A drawing."))


def untouched(made: NotebookNode) -> None:
    """As it was handed out."""


def partly(made: NotebookNode) -> None:
    """A part of the points; a wrong answer that only hidden tests see; a share below one; words left alone."""
    fill(
        made,
        square="def square(x):\n    return 3 * x",
        area="def area(a, b):\n    return a + b",
        shown="shown = 0.25",
        warns="import syntax error",
        program="# write a program, changed",
    )


def forged(made: NotebookNode) -> None:
    """Tests weakened, a locked cell changed, points and flags edited, late."""
    fill(made, **RIGHT | {"square": "def square(x):\n    return 9"})
    fill(made, **{"square-test": "pass", "read-only": "LIMIT = 100", "drawing": "Nothing to do."})
    by_id(made, "area-test").metadata.nbgrader["points"] = 400
    by_id(made, "words").metadata.nbgrader["locked"] = True


def interrupted(made: NotebookNode) -> None:
    """An earlier cell fails before it defines what is needed later; what does not hang on it counts."""
    fill(made, **RIGHT | {"area": "raise RuntimeError('first')\ndef area(a, b):\n    return a * b"})


# What follows differs on purpose.


def warned(made: NotebookNode) -> None:
    """Right, but with a warning on stderr where it is tested."""
    fill(made, **RIGHT | {"warns": "import sys\ndef warns():\n    print('careful', file=sys.stderr)\n    return 1"})


def not_a_number(made: NotebookNode) -> None:
    fill(made, **RIGHT | {"shown": "shown = float('nan')"})


def negative(made: NotebookNode) -> None:
    fill(made, **RIGHT | {"shown": "shown = -1"})


def greedy(made: NotebookNode) -> None:
    fill(made, **RIGHT | {"shown": "shown = 1000"})


def lost(made: NotebookNode) -> None:
    """A tested cell deleted."""
    fill(made, **RIGHT)
    made.cells.remove(by_id(made, "area-test"))


def copied(made: NotebookNode) -> None:
    """A cell there twice."""
    fill(made, **RIGHT)
    twice = copy.deepcopy(by_id(made, "area"))
    twice.source, twice["id"] = "def area(a, b):\n    return 0", "twice"
    made.cells.insert(made.cells.index(by_id(made, "area-test")), twice)


SAME: dict[str, Callable[[NotebookNode], None]] = {
    "perfect": perfect,
    "untouched": untouched,
    "partly": partly,
    "forged": forged,
    "interrupted": interrupted,
}
OTHER: dict[str, Callable[[NotebookNode], None]] = {
    "warned": warned,
    "not-a-number": not_a_number,
    "negative": negative,
    "greedy": greedy,
    "lost": lost,
    "with-a-copy": copied,  # the last by name: stock nbgrader stops there
}


class Cell(NamedTuple):
    """What a gradebook has of one cell."""

    auto_score: float | None
    max_score: float
    needs_manual_grade: bool


@dataclass(frozen=True)
class Result:
    """What a gradebook has of one student."""

    score: float
    max_score: float
    penalty: float | None
    cells: dict[str, Cell]
    comments: dict[str, str | None]


def read(path: Path) -> dict[str, Result]:
    with Gradebook(f"sqlite:///{path}", "classic") as gradebook:
        return {
            handed_in.student_id: Result(
                handed_in.score,
                handed_in.max_score,
                handed_in.notebooks[0].late_submission_penalty,
                {
                    g.name: Cell(g.auto_score, g.max_score, bool(g.needs_manual_grade))
                    for g in handed_in.notebooks[0].grades
                },
                {c.name: c.auto_comment for c in handed_in.notebooks[0].comments},
            )
            for handed_in in gradebook.assignment_submissions(UNIT)
        }


class Twice(NamedTuple):
    stock: dict[str, Result]
    ours: dict[str, Result]
    rows: dict[str, Row]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    root = tmp_path_factory.mktemp("classic")
    source = root / "solutions" / UNIT
    source.mkdir(parents=True)
    nbformat.write(course(), source / f"{UNIT}.ipynb")
    (source / "bank.py").write_text('"""Asks nothing."""\n')
    (root / "nbgrader_config.py").write_text(CONFIG)
    into = root / "ours"
    into.mkdir()
    assignment = assignments.find(UNIT, root)
    for number, gradebook in enumerate((root / "gradebook.db", into / "gradebook.db")):
        url = f"sqlite:///{gradebook}"
        released = assignments.prepare(assignment, root / f"workshop-{number}", url)
        with Gradebook(url, "classic") as opened:
            opened.update_or_create_assignment(UNIT, duedate=DUE)
    for student, change in (SAME | OTHER).items():
        made = copy.deepcopy(released)
        change(made)
        place = root / "submitted" / student / UNIT
        place.mkdir(parents=True)
        nbformat.write(made, place / f"{UNIT}.ipynb")
        (place / "timestamp.txt").write_text(LATE if student == "forged" else IN_TIME)
    env = os.environ | {"ISOMETRY_COURSE": str(root)}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", UNIT], cwd=root, env=env, capture_output=True, text=True
    )
    assert (root / "autograded" / "perfect").is_dir(), done.stderr
    rows = grade_class(UNIT, root / "submitted", Settings(into, jobs=2), root=root)
    return Twice(read(root / "gradebook.db"), read(into / "gradebook.db"), {row.student: row for row in rows})


# --------------------------------------------------------------------------- the same


@pytest.mark.parametrize("student", SAME)
def test_classic_cells_earn_what_stock_nbgrader_gives_them(graded: Twice, student: str) -> None:
    assert graded.ours[student] == graded.stock[student]
    assert graded.rows[student].state is Status.GRADED


def test_the_class_shows_every_way_a_classic_cell_is_graded(graded: Twice) -> None:
    """What is compared above is no class of zeros."""
    scores = {
        student: {name: cell.auto_score for name, cell in graded.stock[student].cells.items()} for student in SAME
    }
    tested = ("square-test", "area-test", "limit-test", "shown-test", "warns-test")
    assert [scores["perfect"][name] for name in tested] == [2, 4, 1, 1, 2]
    assert [scores["untouched"][name] for name in tested] == [0, 0, 1, 0, 0]
    assert [scores["partly"][name] for name in tested] == [0, 1, 1, 0.25, 0]
    assert [scores["forged"][name] for name in tested] == [0, 4, 1, 1, 2]
    assert [scores["interrupted"][name] for name in tested] == [2, 0, 1, 1, 2]
    cells = {student: graded.stock[student].cells for student in SAME}
    assert cells["perfect"]["words"] == (None, 5, True) and cells["untouched"]["words"] == (0, 5, False)
    assert cells["partly"]["program"] == (None, 3, True) and cells["untouched"]["program"] == (0, 3, False)
    assert all(cells[student]["drawing"].max_score == 2 for student in SAME)
    assert graded.stock["untouched"].comments["words"] == "No response."
    assert graded.stock["perfect"].comments["words"] is None
    assert graded.stock["forged"].penalty == graded.stock["forged"].score == 8 and graded.rows["forged"].score == 0
    assert not graded.stock["perfect"].penalty


def test_cells_judged_in_the_students_process_are_said_to_be(graded: Twice) -> None:
    assert "The cell square-test was judged in the student's process." in graded.rows["perfect"].reason


# --------------------------------------------------------------------------- other, on purpose


def changed(result: Result, **auto_scores: float) -> Result:
    """The result, had these cells earned this."""
    cells = result.cells | {
        name.replace("_", "-"): result.cells[name.replace("_", "-")]._replace(
            auto_score=score, needs_manual_grade=False
        )
        for name, score in auto_scores.items()
    }
    most = sum(cell.auto_score or 0.0 for cell in cells.values())
    return Result(most, result.max_score, result.penalty, cells, result.comments)


def test_a_warning_on_stderr_costs_no_points_as_it_does_in_stock_nbgrader(graded: Twice) -> None:
    assert graded.stock["warned"].cells["warns-test"].auto_score == 0
    assert graded.ours["warned"] == changed(graded.stock["warned"], warns_test=2.0)


@pytest.mark.parametrize("student", ["not-a-number", "negative"])
def test_a_share_that_is_none_earns_nothing_where_stock_nbgrader_gives_full_marks(graded: Twice, student: str) -> None:
    assert graded.stock[student].cells["shown-test"].auto_score == 1
    assert graded.ours[student] == changed(graded.stock[student], shown_test=0.0)


def test_a_share_above_the_most_earns_nothing_where_stock_nbgrader_gives_the_notebook_up(graded: Twice) -> None:
    assert graded.rows["greedy"].state is Status.GRADED
    assert graded.ours["greedy"] == changed(graded.ours["warned"], shown_test=0.0)
    assert "shown-test" in graded.stock["greedy"].cells and graded.stock["greedy"] != graded.ours["greedy"]


def test_a_deleted_test_counts_zero_and_is_said(graded: Twice) -> None:
    """In stock nbgrader its score stays unset: it waits for a person, who has nothing to read."""
    assert graded.stock["lost"].cells["area-test"].auto_score is None
    assert graded.ours["lost"] == changed(graded.stock["lost"], area_test=0.0)
    assert "area-test is missing and counts zero" in graded.rows["lost"].reason


def test_of_a_cell_that_is_there_twice_the_last_counts_where_stock_nbgrader_gives_the_whole_batch_up(
    graded: Twice,
) -> None:
    assert graded.rows["with-a-copy"].state is Status.GRADED
    assert graded.ours["with-a-copy"] == changed(graded.ours["lost"], area_test=1.0)
    assert "The cell area is there 2 times; the last one counts." in graded.rows["with-a-copy"].reason
    assert all(cell.auto_score is None for cell in graded.stock["with-a-copy"].cells.values())

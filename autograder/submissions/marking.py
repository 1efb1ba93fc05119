"""From a notebook that has run to its marks: what nbgrader's `SaveAutoGrades` and `AssignLatePenalties` do, on data.

The rules are nbgrader's own: an unchanged answer is “No response.” and earns zero, a changed one waits for a person; a
check earns what it shows (`nbgrader_rules.py`). Only no gradebook is opened for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from autograder.submissions import fingerprints, nbgrader_rules
from autograder.submissions.result import Mark
from autograder.submissions.submission import Submission


class Marked(NamedTuple):
    """What a submission earned, and what nbgrader remarks on its answers."""

    marks: dict[str, Mark]
    comments: dict[str, str | None]


def _by_id(cells: Iterable[NotebookNode]) -> dict[str, NotebookNode]:
    found = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in cells}
    return {name: cell for name, cell in found.items() if name}


def as_released(notebook: NotebookNode, released: NotebookNode) -> None:
    """Give locked cells the text that was handed out, and only nbgrader's cells its metadata, as it does itself."""
    pristine = _by_id(released.cells)
    for cell in notebook.cells:
        source = pristine.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if source is None:
            continue
        if not any(is_one(source) for is_one in (utils.is_grade, utils.is_solution, utils.is_locked, utils.is_task)):
            del cell.metadata["nbgrader"]
        elif utils.is_locked(source):
            cell.source = source.source


def marked(ran: NotebookNode, released: NotebookNode) -> Marked:
    """Return the marks and comments of a notebook that has run. A missing graded cell earns zero."""
    there = _by_id(ran.cells)
    marks: dict[str, Mark] = {}
    comments: dict[str, str | None] = {}
    whole = _text(cell for cell in ran.cells if not utils.is_locked(cell))
    for name, pristine in _by_id(released.cells).items():
        cell = there.get(name)
        if utils.is_grade(pristine) or utils.is_task(pristine):
            if cell is None:
                marks[name] = Mark(0.0)
            elif utils.is_grade(cell):
                earned = nbgrader_rules.points(cell)
                marks[name] = Mark(earned, earned is None, _text([cell]) if utils.is_solution(cell) else whole)
            else:
                marks[name] = Mark(None, True, whole)
        if utils.is_solution(pristine) or utils.is_task(pristine):
            comments[name] = "No response." if cell is not None and unanswered(cell) else None
    return Marked(marks, comments)


def _text(cells: Iterable[NotebookNode]) -> str:
    """A digest of what the student wrote into these cells, the pictures in them included."""
    return fingerprints.digest([[cell.source, cell.get("attachments")] for cell in cells])[:12]


def unanswered(cell: NotebookNode) -> bool:
    """Return whether a cell that was to be filled in is as it was handed out."""
    checksum = cell.metadata.nbgrader.get("checksum")
    return not utils.is_task(cell) and bool(checksum == utils.compute_checksum(cell))


def score(name: str, mark: Mark, submission: Submission) -> float:
    """Return what a cell earned: a person's score before the mark, plus extra credit."""
    manual, extra = submission.given.get(name, (None, None))
    earned = mark.score if manual is None else manual
    return 0.0 if earned is None else earned + (extra or 0.0)


def late_penalty(config: Config, submission: Submission, due: datetime | None, earned: float) -> float | None:
    """What nbgrader's plugin takes off `earned` points for handing in late; None where nothing is said of it."""
    late = seconds_late(submission, due)
    step = AssignLatePenalties(config=config)
    if not step.enabled or late <= 0:
        return None
    step.init_plugin()
    penalty = step.plugin_inst.late_submission_penalty(submission.student, earned, late)
    return None if penalty is None else float(step._check_late_penalty(SimpleNamespace(score=earned), penalty))


def seconds_late(submission: Submission, due: datetime | None) -> float:
    """How long after the due date, a student's extension included, the submission came; zero where it did not."""
    try:
        came = utils.parse_utc(submission.timestamp)
    except (ValueError, OverflowError):
        return 0.0
    if came is None or due is None:
        return 0.0
    return max(0.0, (came - due - timedelta(seconds=submission.extension or 0.0)).total_seconds())


def comment(name: str, comments: Mapping[str, str | None], submission: Submission) -> str | None:
    """What stands beside a cell: a person's words, else nbgrader's."""
    written = submission.written.get(name)
    return comments.get(name) if written is None else written


def for_the_page(ran: NotebookNode, marked: Marked, submission: Submission, penalty: float | None) -> dict[str, Any]:
    """Write scores and comments into the cells, as `GetGrades` does, and return the totals that go with them."""
    for name, cell in _by_id(ran.cells).items():
        if name in marked.comments:
            cell.metadata.nbgrader["comment"] = comment(name, marked.comments, submission)
        if (mark := marked.marks.get(name)) is not None:
            cell.metadata.nbgrader["score"] = score(name, mark, submission)
            by_hand, _ = submission.given.get(name, (None, None))
            cell.metadata["unread"] = mark.needs_reading and mark.score is None and by_hand is None
    total = sum(score(name, mark, submission) for name, mark in marked.marks.items())
    return {"score": total - (penalty or 0.0), "late_penalty": penalty or 0.0}

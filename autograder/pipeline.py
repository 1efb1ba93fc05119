"""nbgrader's own pipeline for one submission, in a scratch course of its own.

The scratch course has one learner, a copy of the pristine gradebook, and nothing of anyone else; what comes out is
an `Outcome`. The class's gradebook is never opened here, so nothing that goes wrong can leave half a grade in it.
Two steps are added to nbgrader's: `WatchedExecute` leaves word of the cell that runs, and `OnPositiveRecord` lets
a check cell earn only the number of points it shows.
"""

from __future__ import annotations

import html
import json
import math
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    Execute,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from traitlets import List, Unicode
from traitlets.config import Config

from autograder import feedback, submission
from autograder.assignment import last_error, quiet
from autograder.outcome import Ending, Mark, Outcome, Remark, failed
from autograder.submission import Submission, Unusable

LEARNER = "learner"
"""The student's name in the scratch course: no real one is needed there, and none can upset a path."""

RUNNING = "running.json"
"""Where the name of the cell that runs is kept, in the scratch folder, for whoever waits outside."""


@dataclass(frozen=True)
class Task:
    """All that grading one submission needs."""

    unit: str
    submission: Submission
    template: Path
    """A folder with the pristine `gradebook.db` and `released.ipynb`."""
    source: Path
    """The folder of the units' sources, from which nbgrader copies what stands beside a notebook."""
    config: Config
    seconds: int
    """How long one cell may run."""
    sentences: dict[str, dict[str, str]]
    """What the mistakes of each checked cell say, to know them again in its panel."""
    environment: dict[str, str]
    formulas: dict[str, str]
    """The formulas of the notebook's prose, drawn once for the class."""


def grade(task: Task, scratch: Path) -> Outcome:
    """Grade one submission in the empty folder `scratch`. Changes this process's environment: it is for one task."""
    started = time.monotonic()
    student = task.submission.student
    released = nbformat.read(task.template / "released.ipynb", as_version=4)
    try:
        notebook, remarks = submission.restore(submission.content(task.submission), released)
    except Unusable as unusable:
        return failed(student, task.unit, str(unusable))
    os.environ.pop("ISOMETRY_BANKS", None)  # the server this process was forked from may have had another one
    os.environ.update(
        task.environment,
        IPYTHONDIR=str(scratch / "ipython"),
        JUPYTER_RUNTIME_DIR=str(scratch / "run"),
        TMPDIR=str(scratch / "run"),
    )
    tempfile.tempdir = None  # as TMPDIR says from now on
    feedback.know(task.formulas)
    course = _scratch_course(task, notebook, scratch)
    with quiet() as log:
        try:
            Autograde(coursedir=course, config=course.config).start()
        except NbGraderException:
            broke = _word(scratch)
            reason = broke.get("reason") or f"nbgrader could not run it: {last_error(log)}"
            return failed(student, task.unit, reason, broke.get("cell"), seconds=time.monotonic() - started)
        ran = nbformat.read(scratch / "autograded" / LEARNER / task.unit / f"{task.unit}.ipynb", as_version=4)
        remarks += [
            Remark(
                f"{_upper(named(cell, index))} ran for more than {task.seconds} s and was stopped.", named(cell, index)
            )
            for index, cell in enumerate(ran.cells)
            if any(o.output_type == "error" and o.ename == "CellTimeoutError" for o in cell.get("outputs", []))
        ]
        marks, comments, penalty = _read_back(course, task.unit, ran)
        as_run = nbformat.writes(ran)
        for cell in ran.cells:
            mark = marks.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            cell.metadata["unread"] = bool(mark and mark.needs_reading and mark.score is None)
        path = scratch / "autograded" / LEARNER / task.unit / f"{task.unit}.ipynb"
        path.unlink()  # nbgrader leaves it read-only
        nbformat.write(ran, path)
        GenerateFeedback(coursedir=course, config=course.config).start()
    page = scratch / "feedback" / LEARNER / task.unit / f"{task.unit}.html"
    return Outcome(
        student,
        task.unit,
        Ending.GRADED,
        tuple(remarks),
        marks,
        {cell: name for cell, known in task.sentences.items() if (name := diagnosed(ran, cell, known))},
        comments,
        penalty,
        as_run,
        page.read_text(encoding="utf-8"),
        time.monotonic() - started,
    )


def _scratch_course(task: Task, notebook: NotebookNode, scratch: Path) -> CourseDirectory:
    handed_in = scratch / "submitted" / LEARNER / task.unit
    handed_in.mkdir(parents=True)
    (scratch / "run").mkdir()
    nbformat.write(notebook, handed_in / f"{task.unit}.ipynb")
    if task.submission.timestamp:
        (handed_in / "timestamp.txt").write_text(task.submission.timestamp, encoding="utf-8")
    shutil.copy(task.template / "gradebook.db", scratch / "gradebook.db")

    config = Config(task.config)
    config.CourseDirectory.root = str(scratch)
    config.CourseDirectory.db_url = f"sqlite:///{scratch}/gradebook.db"
    config.CourseDirectory.source_directory = str(task.source)
    config.CourseDirectory.submitted_directory = "submitted"
    config.CourseDirectory.autograded_directory = "autograded"
    config.CourseDirectory.feedback_directory = "feedback"
    config.Execute.timeout = task.seconds
    config.Execute.interrupt_on_timeout = True
    config.Execute.store_widget_state = False
    config.WatchedExecute.word = str(scratch / RUNNING)
    config.OnPositiveRecord.cells = list(task.sentences)
    config.Autograde.autograde_preprocessors = [
        WatchedExecute,
        OnPositiveRecord,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    # Ports are picked before they are bound, so that graders side by side can pick the same; files cannot collide.
    # Their path is given whole, since kernel and client run in different folders; it may have 103 characters.
    if len(str(scratch)) < 80:
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = str(scratch / "run" / "kernel")
    feedback.configure(config)
    course = CourseDirectory(config=config)
    course.assignment_id = task.unit
    _restore_what_people_gave(course, task)
    return course


def _restore_what_people_gave(course: CourseDirectory, task: Task) -> None:
    """Put the student's extension and manual grades into the scratch gradebook: penalty and feedback hang on them."""
    given, written = task.submission.given, task.submission.written
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.update_or_create_student(LEARNER)
        handed_in = gradebook.update_or_create_submission(task.unit, LEARNER)
        if task.submission.extension is not None:
            handed_in.extension = timedelta(seconds=task.submission.extension)
        for notebook in handed_in.notebooks:
            for grade in notebook.grades:
                grade.manual_score, grade.extra_credit = given.get(grade.name, (None, None))
            for comment in notebook.comments:
                comment.manual_comment = written.get(comment.name)
        gradebook.db.commit()


def _read_back(
    course: CourseDirectory, unit: str, ran: NotebookNode
) -> tuple[dict[str, Mark], dict[str, str | None], float | None]:
    """The marks, comments and late penalty that nbgrader wrote; a graded cell that did not run earned zero."""
    there = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in ran.cells}
    with Gradebook(course.db_url, course.course_id) as gradebook:
        notebook = gradebook.find_submission_notebook(unit, unit, LEARNER)
        for grade in notebook.grades:
            if grade.name not in there:
                grade.auto_score, grade.needs_manual_grade = 0.0, grade.manual_score is not None
        gradebook.db.commit()
        marks = {g.name: Mark(g.auto_score, bool(g.needs_manual_grade)) for g in notebook.grades}
        comments = {c.name: c.auto_comment for c in notebook.comments}
        return marks, comments, notebook.late_submission_penalty


# --------------------------------------------------------------------------- the two steps added to nbgrader's


def named(cell: NotebookNode, index: int) -> str:
    """How a cell is called in a remark: nbgrader's id of it, else its number."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}")


def _upper(text: str) -> str:
    return f"The {text}" if text.startswith("cell ") else f"The cell {text}"


class WatchedExecute(Execute):
    """nbgrader's `Execute`, which writes down the cell that runs and how the kernel ended, if it did."""

    word = Unicode(help="The file that holds the word.").tag(config=True)

    def on_cell_execute(self, cell: NotebookNode, cell_index: int) -> None:
        self._write(cell=named(cell, cell_index))

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> Any:
        try:
            return super().preprocess(nb, resources)
        except DeadKernelError:
            cell = _word(Path(self.word).parent).get("cell")
            self._write(cell=cell, reason=f"The kernel died in {cell}." if cell else "The kernel died as it started.")
            raise
        except CellTimeoutError:
            cell = _word(Path(self.word).parent).get("cell")
            self._write(
                cell=cell, reason=f"{_upper(cell or 'notebook')} ran for more than {self.timeout} s and would not stop."
            )
            raise

    def _write(self, **word: str | None) -> None:
        Path(self.word).write_text(json.dumps(word), encoding="utf-8")


def _word(scratch: Path) -> dict[str, str]:
    try:
        found = json.loads((scratch / RUNNING).read_text(encoding="utf-8"))
        return {key: str(value) for key, value in found.items() if value} if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


class OnPositiveRecord(NbGraderPreprocessor):
    """A check cell earns the number of points it shows, between nothing and its maximum; silence earns nothing.

    nbgrader gives full marks to a cell that shows no number, NaN or a negative one, zero to one that warns on
    stderr, and gives the whole notebook up where a number is too large.
    """

    cells = List(Unicode(), help="nbgrader's ids of the cells that check an answer.").tag(config=True)

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("grade_id") in self.cells and meta.get("grade") and cell.cell_type == "code":
            cell.outputs = _that_count(cell.outputs, float(meta["points"]))
        return cell, resources


def _that_count(outputs: list[NotebookNode], most: float) -> list[NotebookNode]:
    kept = [o for o in outputs if not (o.output_type == "stream" and o.name == "stderr")]
    if any(o.output_type == "error" for o in kept):
        return kept
    results = [o for o in kept if o.output_type == "execute_result"]
    if len(results) == 1 and _points(results[0], most) is not None:
        return kept
    said = "This cell showed no number of points, so it earns none."
    silent = new_output("error", ename="NoPoints", evalue=said, traceback=[said])
    return [silent, *(o for o in kept if o.output_type != "execute_result")]


def _points(result: NotebookNode, most: float) -> float | None:
    try:
        points = float(result.data["text/plain"])
    except (KeyError, TypeError, ValueError):
        return None
    return points if math.isfinite(points) and 0 <= points <= most else None


def diagnosed(notebook: NotebookNode, grade_id: str, known: dict[str, str]) -> str | None:
    """The mistake whose sentence stands in the panel of the cell `grade_id`; None where none does."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            panels = [
                str(o.data.get("text/html", "")) for o in cell.get("outputs", []) if o.output_type == "execute_result"
            ]
            shown = _words(html.unescape(re.sub(r"<[^>]*>", " ", " ".join(panels))))
            held = [name for name, sentence in known.items() if _words(sentence) in shown]
            # One sentence may begin like another: the longest says the most.
            return max(held, key=lambda name: len(known[name]), default=None)
    return None


def _words(text: str) -> str:
    return "".join(text.replace("`", "").split())

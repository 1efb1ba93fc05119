"""nbgrader's own pipeline for one submission, in a scratch course of its own.

The scratch course has one learner, a copy of the pristine gradebook, and nothing of anyone else; what comes out is
an `Outcome`. The class's gradebook is never opened here, so nothing that goes wrong can leave half a grade in it.
Two steps are added to nbgrader's: `WatchedExecute` leaves word of the cell that runs, and tells the examiner
(`examiner.py`) which answers it may take; `JudgedOutside` writes what the judge gave for them where nbgrader reads it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
from jupyter_client import AsyncKernelManager
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
from nbgrader.utils import determine_grade
from traitlets import Unicode
from traitlets.config import Config

from autograder import channel, classic, feedback, sandbox, submission
from autograder.assignment import last_error, quiet
from autograder.bank import ROOT
from autograder.examiner import Examiner, Paper
from autograder.outcome import Ending, Mark, Outcome, Remark, failed
from autograder.sandbox import Fence, Limits
from autograder.sandboxed import Plan
from autograder.submission import Submission, Unusable
from autograder.watch import Watch

OWN_USERS = 2_000_000_000
"""User ids from here on belong to kernels, one each."""

UNCONFINED = "It ran without a sandbox."

DISK, ENTRIES = 200_000_000, 5_000
"""Bytes that a kernel may write, in so many files."""

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
    papers: dict[str, Paper]
    """What each graded check asks, by its cell."""
    environment: dict[str, str]
    formulas: dict[str, str]
    """The formulas of the notebook's prose, drawn once for the class."""
    confined: bool = True
    """Whether the kernel runs in the sandbox."""
    limits: Limits = field(default_factory=Limits)


def grade(task: Task, scratch: Path) -> Outcome:
    """Grade one submission in the empty folder `scratch`. Changes this process's environment: it is for one task."""
    started = time.monotonic()
    student = task.submission.student
    released = nbformat.read(task.template / "released.ipynb", as_version=4)
    try:
        notebook, remarks = submission.restore(submission.content(task.submission), released)
    except Unusable as unusable:
        return failed(student, task.unit, str(unusable))
    _own_environment(task, scratch)
    feedback.know(task.formulas)
    course = _scratch_course(task, notebook, scratch)
    with quiet() as log, _examiner(task, scratch) as examiner:
        course.config.Autograde.autograde_preprocessors = _steps(examiner, task.limits if task.confined else None)
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
        remarks += examiner.remarks
        remarks += [] if task.confined else [Remark(UNCONFINED)]
        remarks += [
            Remark(f"The cell {cell} was judged in the student's process.", cell) for cell in _classic(ran, task.papers)
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
        {cell: verdict.mistake for cell, verdict in examiner.verdicts().items() if verdict.mistake},
        comments,
        penalty,
        as_run,
        page.read_text(encoding="utf-8"),
        time.monotonic() - started,
        verdicts=examiner.verdicts(),
    )


KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
"""What of the environment that grading was started in reaches a stranger's code."""


def _own_environment(task: Task, scratch: Path) -> None:
    """Give this process, and with it the kernel, an environment and folders of its own."""
    run = scratch / "run"
    (run / "matplotlib").mkdir(parents=True)
    fonts = Path(os.environ.get("MPLCONFIGDIR") or matplotlib.get_cachedir())
    for known in fonts.glob("fontlist-*.json"):  # looking at all fonts again takes seconds
        shutil.copy(known, run / "matplotlib")
    packages = scratch / "packages"
    packages.mkdir()
    for name in ("autograder", "course"):
        (packages / name).symlink_to(ROOT / name)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(
        kept | task.environment,
        HOME=str(run),
        IPYTHONDIR=str(run / "ipython"),
        JUPYTER_RUNTIME_DIR=str(run),
        MPLCONFIGDIR=str(run / "matplotlib"),
        TMPDIR=str(run),
        JOBLIB_MULTIPROCESSING="0",  # it may start no process, and would say so on stderr
        PYTHONDONTWRITEBYTECODE="1",
    )
    if task.confined:
        # Not the course's own folder: of that, a confined kernel cannot even list what is there.
        os.environ["PYTHONPATH"] = str(packages)
    tempfile.tempdir = None  # as TMPDIR says from now on


def _scratch_course(task: Task, notebook: NotebookNode, scratch: Path) -> CourseDirectory:
    handed_in = scratch / "submitted" / LEARNER / task.unit
    handed_in.mkdir(parents=True)
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
    # Ports are picked before they are bound, so that graders side by side can pick the same; files cannot collide.
    # Their path is given whole, since kernel and client run in different folders.
    config.KernelManager.transport = "ipc"
    config.KernelManager.ip = str(scratch / "run" / "kernel")
    if task.confined:
        config.ConfinedKernelManager.plan = str(_plan(scratch, task.limits))
    feedback.configure(config)
    course = CourseDirectory(config=config)
    course.assignment_id = task.unit
    _restore_what_people_gave(course, task)
    return course


def _plan(scratch: Path, limits: Limits) -> Path:
    """How the kernel is confined, written down for `sandboxed.py`."""
    readable = [*sandbox.installation(), str(scratch / "packages")]
    uid = None
    if os.geteuid() == 0 and sandbox.readable_by_others(readable[:-1]):
        uid = OWN_USERS + os.getpid()
        scratch.chmod(0o711)
    fence = Fence(readable, [str(scratch / "run")], uid, limits)
    plan = Plan(fence, str(scratch / "run" / "work"), str(_socket(scratch)))
    plan.write(scratch / "plan.json")
    return scratch / "plan.json"


def _socket(scratch: Path) -> Path:
    return scratch / "answers"


@contextmanager
def _examiner(task: Task, scratch: Path) -> Iterator[Examiner]:
    """The judge at its socket, of which the kernel is told."""
    os.environ[channel.PLACE] = str(_socket(scratch))
    with Examiner(_socket(scratch), task.papers, task.seconds, one_door=task.confined) as examiner:
        yield examiner


def _steps(examiner: Examiner, limits: Limits | None) -> list[type[Any]]:
    """What nbgrader does with a notebook that it has checked: run it, write down what was earned."""
    # nbgrader makes its steps itself, from their classes.
    return [
        type("WatchedExecute", (WatchedExecute,), {"examiner": examiner, "limits": limits}),
        type("JudgedOutside", (JudgedOutside,), {"examiner": examiner}),
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]


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


class ConfinedKernelManager(AsyncKernelManager):
    """Starts the kernel through `sandboxed.py`, as the plan says."""

    plan = Unicode(help="The file that holds the plan.").tag(config=True)

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = super().format_kernel_cmd(extra_arguments)
        told = command[command.index("ipykernel_launcher") + 1 :]
        return [sys.executable, "-m", "autograder.sandboxed", self.plan, *told]


class WatchedExecute(Execute):
    """nbgrader's `Execute`, which tells the examiner and a file which cell runs, and the file how the kernel ended."""

    examiner: Examiner
    limits: Limits | None
    """What a confined kernel may use; None where it is not confined."""
    word = Unicode(help="The file that holds the word.").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if self.limits is not None:
            kwargs["kernel_manager_class"] = ConfinedKernelManager
        super().__init__(*args, **kwargs)
        self._watch: Watch | None = None

    def on_cell_execute(self, cell: NotebookNode, cell_index: int) -> None:
        self._write(cell=named(cell, cell_index))

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        if self._watch is None and self.limits is not None:
            self._watch = Watch(
                self.km.provisioner.pid,
                Path(self.word).parent / "run",
                memory=self.limits.memory,
                disk=DISK,
                entries=ENTRIES,
                threads=self.limits.threads,
            )
            self._watch.__enter__()
        self.examiner.begin(cell.metadata.get("nbgrader", {}).get("grade_id"))
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.examiner.end()

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> Any:
        try:
            return super().preprocess(nb, resources)
        except DeadKernelError:
            cell = _word(Path(self.word).parent).get("cell")
            why = f": {self._watch.reason}" if self._watch and self._watch.reason else ""
            died = f"The kernel died in {cell}{why}." if cell else "The kernel died as it started."
            self._write(cell=cell, reason=died)
            raise
        except CellTimeoutError:
            cell = _word(Path(self.word).parent).get("cell")
            self._write(
                cell=cell, reason=f"{_upper(cell or 'notebook')} ran for more than {self.timeout} s and would not stop."
            )
            raise
        finally:
            if self._watch is not None:
                self._watch.__exit__()

    def _write(self, **word: str | None) -> None:
        Path(self.word).write_text(json.dumps(word), encoding="utf-8")


def _word(scratch: Path) -> dict[str, str]:
    try:
        found = json.loads((scratch / RUNNING).read_text(encoding="utf-8"))
        return {key: str(value) for key, value in found.items() if value} if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


class JudgedOutside(NbGraderPreprocessor):
    """A check cell earns what the judge gave, and shows the judge's panel.

    Its own results are dropped. The judge's comes before all else that the cell printed: nbgrader takes the first
    number it meets, zero where it first meets an error or a warning on stderr, and full marks where it meets neither.
    """

    examiner: Examiner

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        meta = cell.metadata.get("nbgrader", {})
        verdict = self.examiner.verdicts().get(meta.get("grade_id", "")) if meta.get("grade") else None
        if verdict is not None and cell.cell_type == "code":
            points = min(verdict.points, float(meta["points"]))
            shown = {"text/plain": repr(float(points)), "text/html": feedback.panel(verdict)}
            others = [output for output in cell.outputs if output.output_type != "execute_result"]
            cell.outputs = [new_output("execute_result", shown, execution_count=cell.execution_count), *others]
        elif meta.get("grade") and cell.cell_type == "code":
            try:
                determine_grade(cell)
            except (ValueError, KeyError, TypeError):  # nbgrader would give the whole notebook up
                said = "This cell shows what cannot be its points, so it earns none."
                cell.outputs = [new_output("error", ename="NoPoints", evalue=said, traceback=[said]), *cell.outputs]
        return cell, resources


class SaveGrades(SaveAutoGrades):
    """nbgrader's `SaveAutoGrades`, by the rule of `classic.py`."""

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_score(cell, resources)
        names = (cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id)
        self.gradebook.find_grade(*names).auto_score = classic.points(cell)
        self.gradebook.db.commit()


def _classic(ran: NotebookNode, papers: Mapping[str, Paper]) -> list[str]:
    """The cells that nbgrader graded by what they showed, since they ask nothing that the judge knows."""
    marked = [cell.metadata.get("nbgrader", {}) for cell in ran.cells if cell.cell_type == "code"]
    return [m["grade_id"] for m in marked if m.get("grade") and not m.get("solution") and m["grade_id"] not in papers]

"""A batch: submissions in, a gradebook, feedback pages and a CSV out.

`grade_one` grades one submission in a process of its own and returns what came of it; it shares nothing, so any
`concurrent.futures.Executor` can map it. `grade_class` is the one place that writes: it takes the outcomes as they
come and puts each, whole, into the gradebook and its folders.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import psutil
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder import assignment as assignments
from autograder import doctor, examiner, feedback, files, submission
from autograder.assignment import Assignment, graded_cells
from autograder.bank import ROOT
from autograder.errors import GradingError
from autograder.gradebook import Ledger, Row, set_due
from autograder.outcome import Ending, Outcome, failed
from autograder.sandbox import Limits
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.pipeline import Task

PATIENCE = 10
"""A whole notebook may take this many times what one cell may."""

_processes = multiprocessing.get_context("forkserver")
# nbgrader takes seconds to import: the server does it once, and each submission's process starts as a copy of it.
# JAX, which banks import, starts no backend there: the answers to what is asked are worked out once, for the class.
_processes.set_forkserver_preload(["autograder.pipeline", "bleach", "matplotlib.textpath", "jax.numpy"])
_running: set[BaseProcess] = set()


@dataclass(frozen=True)
class Settings:
    """How a class is graded."""

    into: Path
    """The folder of the gradebook, the feedback and the rest."""
    seconds: int | None = None
    """How long one cell may run; by default nbgrader's own setting."""
    jobs: int = 1
    """How many submissions are graded at once."""
    unsafe: bool = False
    """Whether kernels run without the sandbox, as they must where a machine has none. Each result then says so."""
    limits: Limits = field(default_factory=Limits)
    """How much a kernel in the sandbox may use."""


# --------------------------------------------------------------------------- one submission


def grade_one(task: Task) -> Outcome:
    """Grade one submission in a process and a folder of its own. Whatever happens to it comes back as an `Outcome`."""
    started = time.monotonic()
    student = task.submission.student
    try:
        # The path of a socket in it may have 107 characters.
        short = len(tempfile.gettempdir()) < 60
        scratch = Path(tempfile.mkdtemp(prefix="grade-", dir=None if short else "/tmp"))
        process = _processes.Process(target=_in_child, args=(task, scratch))
        process.start()
    except OSError as error:
        raise GradingError(
            f"No further process or scratch folder can be made ({error.strerror}). Grade with fewer --jobs."
        ) from None
    try:
        _running.add(process)
        process.join(PATIENCE * task.seconds)
        overdue = process.is_alive()
        _kill(process)
        _running.discard(process)
        process.join()
        took = time.monotonic() - started
        if overdue:
            cell = _read(scratch / "running.json").get("cell")
            reason = f"The notebook ran for more than {PATIENCE * task.seconds} s and was stopped."
            return failed(student, task.unit, reason, cell, seconds=took)
        try:
            return replace(Outcome.from_json((scratch / "outcome.json").read_text(encoding="utf-8")), seconds=took)
        except (OSError, ValueError, TypeError, KeyError):
            said = _read(scratch / "broke.json").get("reason") or "its process ended without a word"
            return failed(student, task.unit, f"Grading it broke off: {said}.", seconds=took)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _in_child(task: Task, scratch: Path) -> None:
    """What the submission's process does: grade, write the outcome down, end."""
    os.setsid()  # Ctrl-C is the batch's business: it ends this process and its kernel together
    os.chdir(scratch)
    # Whatever libraries print belongs to no screen.
    log = os.open(scratch / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _end_with_parent()
    try:
        from autograder import pipeline

        (scratch / "outcome.json").write_text(pipeline.grade(task, scratch).to_json(), encoding="utf-8")
    except BaseException as error:
        said = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]
        (scratch / "broke.json").write_text(json.dumps({"reason": said.rstrip(".")}), encoding="utf-8")
        raise


def _end_with_parent() -> None:
    """End this process and its kernel when the batch that started it is gone, however it went."""
    import threading

    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            _kill_children(psutil.Process())
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _kill(process: BaseProcess) -> None:
    """End a submission's process, and its kernel, if they still run."""
    if process.is_alive() and process.pid is not None:
        try:
            _kill_children(psutil.Process(process.pid))
        except psutil.NoSuchProcess:
            pass
        process.kill()


def _kill_children(process: psutil.Process) -> None:
    for child in process.children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            pass


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


# --------------------------------------------------------------------------- a class


def grade_class(
    unit: str,
    folder: Path,
    settings: Settings,
    *,
    root: Path = ROOT,
    only: tuple[str, ...] = (),
    seen: Callable[[Outcome, Row, int], None] = lambda outcome, row, of: None,
    executor: Executor | None = None,
) -> list[Row]:
    """Grade the submissions of `unit` in `folder`; returns the results of those students, by name.

    Parameters
    ----------
    unit:
        The unit's folder, such as `02-jacobians`.
    folder:
        nbgrader's layout (`<student>/<unit>/<unit>.ipynb`) or flat (`<student>.ipynb`).
    settings:
        Where the results go, and how long a cell may take.
    root:
        The course.
    only:
        Students to grade, the others left as they are; by default all.
    seen:
        Called in this thread with each outcome when it is written, its row, and how many there will be.
    executor:
        What maps `grade_one`; by default `settings.jobs` threads, each waiting for a process.

    Raises
    ------
    GradingError
        Where grading cannot start or go on. A bad submission is an outcome, never an error.
    """
    assignment = assignments.find(unit, root)
    submissions = submission.collect(folder, unit, only)
    if not settings.unsafe:
        doctor.require()
    into = settings.into.resolve()
    files.writable(into)
    config = assignment.settings()
    url, course = f"sqlite:///{into / 'gradebook.db'}", str(config.CourseDirectory.course_id)

    with tempfile.TemporaryDirectory(prefix="class-") as workshop, Ledger(url, course) as ledger:
        tasks = _tasks(assignment, submissions, ledger, settings, Path(workshop), course)
        own = executor or ThreadPoolExecutor(max(1, settings.jobs), thread_name_prefix="grade")
        futures = {own.submit(grade_one, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                task = futures[future]
                outcome = future.result()
                write(outcome, task.submission, ledger, into)
                seen(outcome, ledger.row(unit, outcome.student), len(tasks))
        except BaseException:
            for future in futures:
                future.cancel()
            if executor is None:
                for process in list(_running):
                    _kill(process)
            raise
        finally:
            if executor is None:
                own.shutdown()
            rows = ledger.rows(unit)
            files.write(into / f"{unit}.csv", table(assignment, rows))
    graded = {task.submission.student for task in tasks}
    return [row for row in rows if row.student in graded]


def _tasks(
    assignment: Assignment,
    submissions: Iterable[Submission],
    ledger: Ledger,
    settings: Settings,
    workshop: Path,
    course: str,
) -> list[Task]:
    """The pristine assignment entered into the gradebook, and what each submission is to be graded with."""
    from autograder.pipeline import Task

    template = workshop / "template"
    template.mkdir()
    pristine = f"sqlite:///{template / 'gradebook.db'}"
    released = assignments.prepare(assignment, workshop / "one", pristine)
    before, now = ledger.cells(assignment.unit), set(graded_cells(released))
    if before and before != now:
        changed = sorted(before ^ now)
        raise GradingError(
            f"The graded cells of {assignment.unit} have changed since its class was graded ({', '.join(changed)}). "
            "Grade into a new folder with --into, or move the old gradebook away."
        )
    assignments.prepare(assignment, workshop / "two", ledger.url)
    set_due(pristine, course, assignment.unit, ledger.due(assignment.unit))
    nbformat.write(released, template / "released.ipynb")

    config = assignment.settings()
    seconds = settings.seconds or int(config.Execute.get("timeout", 60))
    given = ledger.given(assignment.unit)
    papers = assignment.papers(examiner.secret(settings.into.resolve() / f"{assignment.unit}.secret"))
    drawn = feedback.formulas(released)
    return [
        Task(
            assignment.unit,
            replace(one, path=one.path.absolute(), **given.get(one.student, {})),
            template,
            assignment.root / "solutions",
            config,
            seconds,
            papers,
            environment(),
            drawn,
            not settings.unsafe,
            settings.limits,
        )
        for one in submissions
    ]


def environment() -> dict[str, str]:
    """What a kernel is told: where this package is, that there are no banks, and to compute on the CPU."""
    here = [str(ROOT), *(part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(str(Path(part).absolute()) for part in here)),
        "ISOMETRY_COURSE": os.devnull,
        "ISOMETRY_BANKS": "",
        "JAX_PLATFORMS": "cpu",
        "PYTHONHASHSEED": "0",
    }


def write(outcome: Outcome, handed_in: Submission, ledger: Ledger, into: Path) -> None:
    """Put one outcome, whole, in the places of the student's last one: gradebook, notebook as run, feedback page."""
    unit, place = outcome.unit, Path(outcome.student) / outcome.unit
    ledger.record(outcome, handed_in.timestamp)
    copy = into / "submitted" / place / f"{unit}.ipynb"
    if copy.parent.resolve() != handed_in.path.parent.resolve():
        try:
            files.write(copy, submission.content(handed_in))
        except submission.Unusable:
            copy.unlink(missing_ok=True)
        if handed_in.timestamp:
            files.write(copy.with_name("timestamp.txt"), handed_in.timestamp)
    if outcome.ending is Ending.FAILED:
        # Not the old one: an instructor who opens it in formgrader is to see why there is nothing.
        note = new_notebook(cells=[new_markdown_cell(f"**Not graded.** {outcome.reason}", id="cell-1")])
        outcome = replace(outcome, notebook=nbformat.writes(note), feedback=feedback.failed_page(outcome))
    files.write(into / "autograded" / place / f"{unit}.ipynb", outcome.notebook)
    files.write(into / "feedback" / place / f"{unit}.html", outcome.feedback)


def table(assignment: Assignment, rows: list[Row]) -> str:
    """The grades as CSV: a line a student; for each exercise its points and the mistake diagnosed."""
    columns = assignment.columns()
    others = sorted({cell for row in rows for cell in row.scores} - set(columns))
    named = columns | {cell: cell for cell in others}
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    heads = [
        head for cell in named for head in ([named[cell], f"{named[cell]} mistake"] if cell in columns else [cell])
    ]
    out.writerow(["student", "score", "max_score", "state", "reason", *heads])
    for row in rows:
        parts = [_number(row.score), _number(row.max_score), row.state.value, row.reason]
        for cell in named:
            parts.append("" if cell in row.unread else _number(row.scores.get(cell, 0.0)))
            if cell in columns:
                parts.append(row.mistakes.get(cell, ""))
        out.writerow([row.student, *parts])
    return text.getvalue()


def _number(value: float) -> str:
    return f"{value:.6g}"

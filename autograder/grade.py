"""A batch: submissions in, a gradebook, feedback pages and a CSV out.

`worker.grade_one` grades one submission and returns what came of it; it shares nothing, so any
`concurrent.futures.Executor` can map it. `grade_class` is the one place that writes: it takes the outcomes as they
come and puts each, whole, into the gradebook and its folders.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder import assignment as assignments
from autograder import compiled, doctor, examiner, feedback, files, submission, worker
from autograder.assignment import Assignment, graded_cells
from autograder.bank import ROOT
from autograder.errors import GradingError
from autograder.gradebook import Ledger, Row
from autograder.outcome import Ending, Outcome
from autograder.sandbox import Limits
from autograder.submission import Submission
from autograder.worker import grade_one

if TYPE_CHECKING:
    from autograder.pipeline import Task


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
    warned: Callable[[str], None] = lambda sentence: None,
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
    warned:
        Called with a sentence where something about the class itself looks wrong.

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
        solution = assignment.source / f"{unit}.ipynb"
        tasks, of_solution = compiled.with_cache(tasks, solution, assignment.bank.path, into)
        if of_solution is not None and (short := compiled.short(of_solution, assignment.worth())):
            warned(
                f"The solution itself does not earn all points in {', '.join(short)}. "
                "Is the bank another one's? `course lint` says more."
            )
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
                worker.end_all()
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

    pristine = f"sqlite:///{workshop / 'gradebook.db'}"
    released = assignments.prepare(assignment, workshop / "one", pristine)
    before, now = ledger.cells(assignment.unit), set(graded_cells(released))
    if before and before != now:
        changed = sorted(before ^ now)
        raise GradingError(
            f"The graded cells of {assignment.unit} have changed since its class was graded ({', '.join(changed)}). "
            "Grade into a new folder with --into, or move the old gradebook away."
        )
    assignments.prepare(assignment, workshop / "two", ledger.url)

    config = assignment.settings()
    seconds = settings.seconds or int(config.Execute.get("timeout", 60))
    given = ledger.given(assignment.unit)
    papers = assignment.papers(examiner.secret(settings.into.resolve() / f"{assignment.unit}.secret"))
    drawn = feedback.formulas(released)
    return [
        Task(
            assignment.unit,
            replace(one, path=one.path.absolute(), **given.get(one.student, {})),
            nbformat.writes(released),
            assignment.root / "solutions",
            config,
            seconds,
            papers,
            {},
            drawn,
            ledger.due(assignment.unit),
            not settings.unsafe,
            settings.limits,
        )
        for one in submissions
    ]


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

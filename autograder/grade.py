"""A class: submissions in, a gradebook, feedback pages and a CSV out.

`worker.grade_one` grades one submission in whatever process it is called, and returns what came of it, so any
`concurrent.futures.Executor` can map it (`batch.py`). `grade_class` says what is to be graded, and is the one place
that writes: it takes the outcomes as they come and puts each, whole, into the folders and then into the gradebook. What
the gradebook has is therefore done, and a batch that was stopped at any moment goes on with the rest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder import assignment as assignments
from autograder import batch, compiled, doctor, feedback, files, submission
from autograder.assignment import Assignment
from autograder.bank import ROOT
from autograder.errors import GradingError
from autograder.gradebook import Ledger, Row
from autograder.keys import Keys
from autograder.kit import Errand, Judge, Kit
from autograder.outcome import Ending, Outcome, failed
from autograder.plan import Pending, Plan
from autograder.sandbox import Limits
from autograder.submission import Submission
from autograder.worker import grade_one, judge_again
from autograder.workers import Workers

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
    gradebook: str | None = None
    """The database, as a URL; by default `gradebook.db` in the folder."""
    cluster: str | None = None
    """The address of a Dask scheduler whose machines grade; by default this one does."""
    again: bool = False
    """Whether what has not changed is graded anew, too."""


# --------------------------------------------------------------------------- a class


def grade_class(
    unit: str,
    folder: Path,
    settings: Settings,
    *,
    root: Path = ROOT,
    only: tuple[str, ...] = (),
    planned: Callable[[int, int], None] = lambda pending, of: None,
    seen: Callable[[Outcome, Row, int], None] = lambda outcome, row, of: None,
    warned: Callable[[str], None] = lambda sentence: None,
    executor: Executor | None = None,
    grade: Callable[[Task], Outcome] | None = None,
    judge: Judge | None = None,
) -> list[Row]:
    """Grade the submissions of `unit` in `folder`, as far as they, or what they hang on, have changed.

    Returns the results of those students, by name.

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
    planned:
        Called with how many are to be graded, and of how many.
    seen:
        Called in this thread with each outcome when it is written, its row, and how many there will be.
    warned:
        Called with a sentence where something about the class itself looks wrong.
    executor:
        What runs the submissions; by default `settings.jobs` processes of this machine, or `settings.cluster`. One
        of yours is given the class's kit with every submission.
    grade:
        What grades one submission, a function of a module; by default `grade_one`.
    judge:
        What judges kept answers again where `grade` is given; by default every notebook then runs again.

    Raises
    ------
    GradingError
        Where grading cannot start or go on. A bad submission is an outcome, never an error. What was written until
        then is whole, and the same call goes on from there.
    """
    assignment = assignments.find(unit, root)
    submissions = submission.collect(folder, unit, only)
    if not settings.unsafe:
        doctor.require()
    into = settings.into.resolve()
    files.writable(into)
    config = assignment.settings()
    url = settings.gradebook or f"sqlite:///{into / 'gradebook.db'}"
    with Ledger(url, str(config.CourseDirectory.course_id)) as ledger:
        plan = Plan(assignment, ledger, settings, grade or grade_one, judge if grade else judge_again)
        with batch.here(settings.jobs, batch.allowed(plan.seconds)) as workers:
            own = workers if executor is None and settings.cluster is None else None
            if own is not None and plan.is_due(submissions):
                batch.warm_up(own, len(submissions), grade or grade_one, assignment.bank_path)
            pending = plan.pending(submissions, into)
            planned(len(pending), len(submissions))
            try:
                if pending:
                    if own is not None:
                        batch.warm_up(own, len(pending), grade or grade_one, assignment.bank_path)
                    kit = plan.kit
                    if sum(one.cells is None for one in pending.values()) >= compiled.FEW and kit.grade is grade_one:
                        kit = compiled.added(kit, into, warned, own)
                    _carry_out(plan, kit, pending, ledger, settings, own, executor, seen)
            finally:
                rows = _write_table(assignment, ledger, into)
    names = {one.student for one in submissions}
    return [row for row in rows if row.student in names]


def _carry_out(
    plan: Plan,
    kit: Kit,
    pending: dict[str, Pending],
    ledger: Ledger,
    settings: Settings,
    own: Workers | None,
    executor: Executor | None,
    seen: Callable[[Outcome, Row, int], None],
) -> None:
    """Grade what is pending, and write each outcome as it comes."""
    into, first = settings.into.resolve(), ledger.begin() * batch.TRIES

    def take(outcome: Outcome, errand: Errand) -> None:
        key = plan.keys(errand.submission)
        if write(outcome, errand.submission, ledger, into, attempt=errand.attempt, keys=key):
            seen(outcome, ledger.row(outcome.unit, outcome.student), len(pending))

    def errands() -> Iterator[Errand]:
        for one, cells in pending.values():
            read = submission.read(one)
            before = plan.before(one.student, into) if cells is not None else None
            errand = Errand(kit if executor is not None else kit.key, kit.unit, read, first, before, cells or ())
            if read.unusable is not None:
                take(failed(read.student, kit.unit, read.unusable), errand)
            else:
                yield errand

    with _crew(kit, settings, own, executor) as (crew, ahead):
        for errand, outcome in batch.outcomes(errands(), crew, ahead):
            take(outcome, errand)


@contextmanager
def _crew(
    kit: Kit, settings: Settings, own: Workers | None, executor: Executor | None
) -> Iterator[tuple[Executor, int]]:
    """What runs the submissions, and how many of them it is given at once."""
    if executor is not None:
        yield executor, batch.AHEAD
    elif own is not None:
        with batch.equipped(own, kit) as crew:
            yield crew, max(batch.AHEAD, 2 * settings.jobs)
    else:
        try:
            from autograder import cluster
        except ModuleNotFoundError as error:
            raise GradingError(
                f"A cluster needs {error.name}, which is not installed: pip install 'isometry[cluster]'."
            ) from None
        with cluster.there(str(settings.cluster), kit, batch.allowed(kit.seconds)) as crew:
            yield crew, batch.AHEAD


def write(
    outcome: Outcome,
    handed_in: Submission,
    ledger: Ledger,
    into: Path,
    *,
    attempt: int | None = None,
    keys: Keys | None = None,
) -> bool:
    """Put one outcome, whole, in the places of the student's last one: notebook as run, feedback page, gradebook.

    The gradebook comes last, so that what it has is done. False where it has this attempt, or a later one, already.
    """
    unit, place = outcome.unit, Path(outcome.student) / outcome.unit
    if attempt is not None and ledger.attempt(unit, outcome.student) >= attempt:
        return False
    copy = into / "submitted" / place / f"{unit}.ipynb"
    if copy.parent.resolve() != handed_in.path.parent.resolve():
        try:
            files.write(copy, submission.content(handed_in))
        except submission.Unusable:
            copy.unlink(missing_ok=True)
        if handed_in.timestamp:
            files.write(copy.with_name("timestamp.txt"), handed_in.timestamp)
    as_run, page = outcome.notebook, outcome.feedback
    if outcome.ending is not Ending.GRADED:
        # Not the old one: an instructor who opens it in formgrader is to see why there is nothing.
        note = new_notebook(cells=[new_markdown_cell(f"**Not graded.** {outcome.reason}", id="cell-1")])
        as_run, page = nbformat.writes(note), feedback.failed_page(outcome)
    files.write(into / "autograded" / place / f"{unit}.ipynb", as_run)
    files.write(into / "feedback" / place / f"{unit}.html", page)
    return ledger.record(outcome, handed_in.timestamp, attempt=attempt, keys=keys)


def _write_table(assignment: Assignment, ledger: Ledger, into: Path) -> list[Row]:
    """Write the grades as CSV, unless they stand there; returns them."""
    rows = ledger.rows(assignment.unit)
    path, text = into / f"{assignment.unit}.csv", table(assignment, rows)
    if not path.is_file() or path.read_bytes() != text.encode("utf-8", "replace"):
        files.write(path, text)
    return rows


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

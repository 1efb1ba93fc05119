"""A class: submissions in, a gradebook, feedback pages and a CSV out.

`worker.grade_one` grades one submission in whatever process it is called, and returns what came of it, so any
`concurrent.futures.Executor` can map it (`batch.py`). `grade_class` says what is to be graded, and is the one place
that writes: it takes the results as they come and puts each, whole, into the folders and then into the gradebook. What
the gradebook has is therefore done, and a batch that was stopped at any moment goes on with the rest.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder import files
from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.feedback import page
from autograder.gradebook.ledger import ATTEMPTS_PER_BATCH, GradebookStore
from autograder.gradebook.rows import Row
from autograder.grading import batch, prewarm
from autograder.grading.bundle import GradingBundle, GradingJob, Judge
from autograder.grading.grader import grade_one, judge_again
from autograder.grading.plan import GradingPlan, Pending
from autograder.grading.pool import ProcessPool
from autograder.grading.settings import Settings
from autograder.kernels import doctor
from autograder.paths import ROOT
from autograder.submissions import assignment as assignments
from autograder.submissions import inbox, submission
from autograder.submissions.assignment import Assignment
from autograder.submissions.fingerprints import Fingerprint
from autograder.submissions.result import GradingResult, Status, failed
from autograder.submissions.submission import Submission
from autograder.submissions.task import Task, allowed

_log = logging.getLogger(__name__)


# --------------------------------------------------------------------------- a class


def grade_class(
    unit: str,
    folder: Path,
    settings: Settings,
    *,
    root: Path = ROOT,
    only: tuple[str, ...] = (),
    planned: Callable[[int, int], None] = lambda pending, of: None,
    seen: Callable[[GradingResult, Row, int], None] = lambda result, row, of: None,
    warned: Callable[[str], None] = lambda sentence: None,
    executor: Executor | None = None,
    grade: Callable[[Task], GradingResult] | None = None,
    judge: Judge | None = None,
) -> list[Row]:
    """Grade the submissions of `unit` in `folder`, as far as they, or what they hang on, have changed.

    Returns the results of those students, by name.

    Parameters
    ----------
    unit:
        The unit's folder, such as `02-jacobians`.
    folder:
        nbgrader's layout (`<student>/<unit>/<unit>.ipynb`) or flat (`<student>.ipynb`); what is taken of others, and what
        is said of the rest: `inbox.py`.
    settings:
        Where the results go, and how long a cell may take.
    root:
        The course.
    only:
        Students to grade, the others left as they are; by default all.
    planned:
        Called with how many are to be graded, and of how many.
    seen:
        Called in this thread with each result when it is written, its row, and how many there will be.
    warned:
        Called with a sentence where something about the class itself looks wrong.
    executor:
        What runs the submissions; by default `settings.jobs` processes of this machine, or `settings.cluster`. One
        of yours is given the class's bundle with every submission.
    grade:
        What grades one submission, a function of a module; by default `grade_one`.
    judge:
        What judges kept answers again where `grade` is given; by default every notebook then runs again.

    Raises
    ------
    GradingError
        Where grading cannot start or go on. A bad submission is a result, never an error. What was written until
        then is whole, and the same call goes on from there.
    """
    assignment = assignments.find(unit, root)
    submissions, left = inbox.collect(folder, unit, only)
    if not settings.unsafe:
        doctor.require()
    into = settings.into.resolve()
    files.writable(into)
    config = assignment.settings()
    url = settings.gradebook or f"sqlite:///{into / 'gradebook.db'}"
    with GradebookStore(url, str(config.CourseDirectory.course_id)) as ledger:
        plan = GradingPlan(assignment, ledger, settings, grade or grade_one, judge if grade else judge_again)
        with batch.local_pool(settings.jobs, allowed(plan.seconds)) as workers:
            own = workers if executor is None and settings.cluster is None else None
            if own is not None and plan.is_due(submissions):
                batch.warm_up(own, len(submissions), grade or grade_one, assignment.bank_path)
            pending = plan.pending(submissions, into)
            planned(len(pending), len(submissions))
            for sentence in [*(one.sentence for one in left), *plan.told(pending)]:
                warned(sentence)
            try:
                if pending:
                    if own is not None:
                        batch.warm_up(own, len(pending), grade or grade_one, assignment.bank_path)
                    bundle = plan.bundle
                    if sum(one.cells is None for one in pending.values()) >= prewarm.FEW and bundle.grade is grade_one:
                        bundle = prewarm.with_compile_cache(bundle, into, warned, own)
                    _carry_out(plan, bundle, pending, ledger, settings, own, executor, seen)
            finally:
                rows = _write_table(assignment, ledger, into)
    names = {one.student for one in submissions}
    return [row for row in rows if row.student in names]


def _carry_out(
    plan: GradingPlan,
    bundle: GradingBundle,
    pending: dict[str, Pending],
    ledger: GradebookStore,
    settings: Settings,
    own: ProcessPool | None,
    executor: Executor | None,
    seen: Callable[[GradingResult, Row, int], None],
) -> None:
    """Grade what is pending, and write each result as it comes."""
    into, first = settings.into.resolve(), ledger.begin() * ATTEMPTS_PER_BATCH

    def take(result: GradingResult, job: GradingJob) -> None:
        fingerprint = plan.fingerprint(job.submission)
        if write(result, job.submission, ledger, into, attempt=job.attempt, fingerprint=fingerprint):
            seen(result, ledger.row(result.unit, result.student), len(pending))

    def jobs() -> Iterator[GradingJob]:
        for one, cells in pending.values():
            read = submission.read(one)
            before = plan.before(one.student, into) if cells is not None else None
            job = GradingJob(
                bundle=bundle if executor is not None else bundle.key,
                unit=bundle.unit,
                submission=read,
                attempt=first,
                before=before,
                cells=cells or (),
            )
            if read.unusable is not None:
                take(failed(read.student, bundle.unit, DiagnosticCode.FILE_UNUSABLE, read.unusable), job)
            else:
                yield job

    _log.info("grading %s begins, with %d at once", bundle.unit, settings.jobs)
    with _crew(bundle, settings, own, executor) as (crew, ahead):
        for job, result in batch.results(jobs(), crew, ahead):
            take(result, job)
    _log.info("grading %s is done", bundle.unit)


@contextmanager
def _crew(
    bundle: GradingBundle, settings: Settings, own: ProcessPool | None, executor: Executor | None
) -> Iterator[tuple[Executor, int]]:
    """What runs the submissions, and how many of them it is given at once."""
    if executor is not None:
        yield executor, batch.IN_FLIGHT
    elif own is not None:
        with batch.equipped(own, bundle) as crew:
            yield crew, max(batch.IN_FLIGHT, 2 * settings.jobs)
    else:
        try:
            from autograder.grading import cluster
        except ModuleNotFoundError as error:
            raise GradingError(
                f"A cluster needs {error.name}, which is not installed: pip install 'isometry[cluster]'."
            ) from None
        with cluster.cluster_pool(str(settings.cluster), bundle, allowed(bundle.seconds)) as crew:
            yield crew, batch.IN_FLIGHT


def write(
    result: GradingResult,
    handed_in: Submission,
    ledger: GradebookStore,
    into: Path,
    *,
    attempt: int | None = None,
    fingerprint: Fingerprint | None = None,
) -> bool:
    """Put one result, whole, in the places of the student's last one: notebook as run, feedback page, gradebook.

    The gradebook comes last, so that what it has is done. False where it has this attempt, or a later one, already.
    """
    unit, place = result.unit, Path(result.student) / result.unit
    if attempt is not None and ledger.attempt(unit, result.student) >= attempt:
        return False
    copy = into / "submitted" / place / f"{unit}.ipynb"
    if copy.parent.resolve() != handed_in.path.parent.resolve():
        try:
            files.write(copy, submission.content(handed_in))
        except submission.Unusable:
            copy.unlink(missing_ok=True)
        for name, data in handed_in.beside.items():
            files.write(copy.parent / name, data)
        if handed_in.timestamp:
            files.write(copy.with_name("timestamp.txt"), handed_in.timestamp)
    as_run, text = result.notebook, result.feedback
    if result.ending is not Status.GRADED:
        # Not the old one: an instructor who opens it in formgrader is to see why there is nothing.
        note = new_notebook(cells=[new_markdown_cell(f"**Not graded.** {result.reason}", id="cell-1")])
        as_run, text = nbformat.writes(note), page.failed_page(unit, result.reason)
    files.write(into / "autograded" / place / f"{unit}.ipynb", as_run)
    files.write(into / "feedback" / place / f"{unit}.html", text)
    return ledger.record(result, handed_in.timestamp, attempt=attempt, fingerprint=fingerprint)


def _write_table(assignment: Assignment, ledger: GradebookStore, into: Path) -> list[Row]:
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

"""One submission, from the file that was handed in to an `Outcome`.

It is made anew against the notebook that was handed out (`submission.py`), run in warm, confined kernels
(`running.py`) while the examiner takes the answers (`examiner.py`), marked by nbgrader's rules (`marking.py`) and
made into a page (`feedback.py`). The class's gradebook is never opened here, so nothing that goes wrong can leave half
a grade in it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import count
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import IgnorePattern, LimitOutput
from nbgrader.utils import determine_grade
from traitlets.config import Config

from autograder import channel, feedback, files, marking, outputs, sandbox, submission
from autograder.batch import PATIENCE
from autograder.channel import Transcript
from autograder.examiner import SILENT, Examiner, Paper, rejudge
from autograder.exercise import Verdict
from autograder.outcome import Ending, Outcome, Remark, failed
from autograder.running import Home, NoKernel, Runner
from autograder.sandbox import Fence, Limits
from autograder.sandboxed import Plan
from autograder.submission import Submission, Unusable
from autograder.warm import Client

OWN_USERS = 2_000_000_000
"""User ids from here on belong to kernels, one each."""

UNCONFINED = "It ran without a sandbox."

RUNNING = "running"
"""The file with the name of the cell that runs, in the scratch folder, for whoever waits outside."""


@dataclass(frozen=True)
class Task:
    """All that grading one submission needs: plain data, but for the folders it names."""

    unit: str
    submission: Submission
    released: str
    """The notebook as it was handed out, as text."""
    source: Path
    """The folder of the units' sources, of which each kernel gets copies of what stands beside the notebook."""
    config: Config
    seconds: int
    """How long one cell may run."""
    papers: dict[str, Paper]
    """What each graded check asks, by its cell."""
    environment: dict[str, str]
    """What kernels find in their environment, beside what all of them do."""
    formulas: dict[str, str]
    """The formulas of the notebook's prose, drawn once for the class."""
    due: datetime | None = None
    confined: bool = True
    """Whether the kernel runs in the sandbox."""
    limits: Limits = field(default_factory=Limits)
    known: tuple[str, ...] = ()
    """Folders in which kernels may read the files whose names they know, and list nothing: the compile cache. Its files
    are named after a digest of the program, so only who has written the program finds what it was compiled to."""
    writable: tuple[str, ...] = ()
    """Folders that kernels may write beside their own: none, but for the solution's."""


def grade(task: Task, scratch: Path, client: Client) -> Outcome:
    """Grade one submission in the empty folder `scratch`, with kernels of `client`'s server."""
    started = time.monotonic()
    student = task.submission.student
    released = _read(task.released)
    try:
        notebook, remarks = submission.restore(submission.content(task.submission), released)
    except Unusable as unusable:
        return failed(student, task.unit, str(unusable))
    marking.as_released(notebook, released)
    feedback.know(task.formulas)
    with Examiner(scratch / "answers", task.papers, task.seconds, one_door=task.confined) as examiner:
        runner = Runner(
            notebook,
            client,
            _homes(task, scratch),
            examiner,
            seconds=task.seconds,
            patience=PATIENCE * task.seconds,
            limits=task.limits if task.confined else None,
            word=scratch / RUNNING,
        )
        try:
            runner.run()
        except NoKernel as none:
            return failed(student, task.unit, f"The kernel died as it started: {none}.", seconds=_since(started))
        verdicts, transcripts = examiner.verdicts(), examiner.transcripts()
    remarks += runner.remarks + examiner.remarks
    remarks += [] if task.confined else [Remark(UNCONFINED)]
    remarks += [
        Remark(f"The cell {cell} was judged in the student's process.", cell)
        for cell in _classic(notebook, task.papers)
    ]
    _show(notebook, verdicts)
    _tidy(notebook, task.config)
    answers = {cell: text for cell, transcript in transcripts.items() if (text := transcript.to_text())}
    return _marked(task, notebook, tuple(remarks), verdicts, answers, _since(started))


def judge_again(task: Task, before: Outcome, cells: tuple[str, ...]) -> Outcome:
    """What comes of a notebook that ran before, its answers to `cells` judged by the exercises as they are declared now.

    What people gave since then counts, too. `LookupError` where only running the notebook again tells.
    """
    verdicts = dict(before.verdicts)
    for cell in cells:
        text = before.answers.get(cell)
        if text is None and verdicts[cell].sentence != SILENT:
            raise LookupError("the answer was too large to be kept")
        verdicts[cell] = rejudge(task.papers[cell], Transcript.from_text(text) if text else None)
    feedback.know(task.formulas)
    notebook = nbformat.reads(before.notebook, as_version=4)
    _show(notebook, verdicts)
    return _marked(task, notebook, before.remarks, verdicts, before.answers, before.seconds)


def _marked(
    task: Task,
    notebook: NotebookNode,
    remarks: tuple[Remark, ...],
    verdicts: dict[str, Verdict],
    answers: dict[str, str],
    seconds: float,
) -> Outcome:
    """The outcome of a notebook that has run, and shows what it earned: its marks, its penalty, its page."""
    released = _read(task.released)
    earned = marking.marked(notebook, released, task.submission)
    total = sum(marking.score(name, mark, task.submission) for name, mark in earned.marks.items())
    penalty = marking.late_penalty(task.config, task.submission, task.due, total)
    as_run = nbformat.v4.writes(notebook)
    totals = marking.for_the_page(notebook, earned, task.submission, penalty) | {"max_score": _worth(released)}
    return Outcome(
        task.submission.student,
        task.unit,
        Ending.GRADED,
        remarks,
        earned.marks,
        {cell: verdict.mistake for cell, verdict in verdicts.items() if verdict.mistake},
        earned.comments,
        penalty,
        as_run,
        feedback.page(notebook, task.unit, totals, task.config),
        seconds,
        answers,
        verdicts,
    )


@lru_cache(maxsize=4)
def _read(text: str) -> NotebookNode:
    return nbformat.reads(text, as_version=4)


def _since(started: float) -> float:
    return time.monotonic() - started


def _worth(released: NotebookNode) -> float:
    """The points of the whole notebook."""
    graded = [cell for cell in released.cells if utils.is_grade(cell) or utils.is_task(cell)]
    return sum(float(cell.metadata.nbgrader.points) for cell in graded)


# --------------------------------------------------------------------------- where kernels live


def _homes(task: Task, scratch: Path) -> Callable[[], Home]:
    """A function that makes a kernel's home, and takes away the last one."""
    numbers = count(1)
    beside = _beside(task)

    def move_in() -> Home:
        number = next(numbers)
        files.remove(scratch / f"kernel-{number - 1}")
        run = scratch / f"kernel-{number}"
        work = run / "work"
        work.mkdir(parents=True)
        for name, path in beside.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, work / name)
        environment = task.environment | {
            "HOME": str(run),
            "IPYTHONDIR": str(run / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(run),
            "TMPDIR": str(run),
            channel.PLACE: str(scratch / "answers"),
        }
        plan = _plan(task, scratch, run) if task.confined else None
        return Home(run, work, plan, environment)

    return move_in


def _beside(task: Task) -> dict[str, str]:
    """The files that stand beside the unit's notebook and are handed out with it, as nbgrader sees it."""
    ignored = [*CourseDirectory(config=task.config).ignore, "*.ipynb"]
    folder = str(task.source / task.unit)
    return {os.path.relpath(path, folder): path for path in utils.find_all_files(folder, ignored)}


def _plan(task: Task, scratch: Path, run: Path) -> Path:
    """How the kernel is confined, written down for `sandboxed.py`."""
    readable = sandbox.installation()
    uid = None
    if os.geteuid() == 0 and sandbox.readable_by_others([*readable, *task.known, *task.writable]):
        uid = OWN_USERS + os.getpid()
        scratch.chmod(0o711)
    plan = Plan(
        Fence(readable, [str(run), *task.writable], task.known, uid, task.limits),
        str(run / "work"),
        str(scratch / "answers"),
    )
    path = scratch / f"{run.name}.json"
    plan.write(path)
    return path


# --------------------------------------------------------------------------- what is made of the outputs


def _show(notebook: NotebookNode, verdicts: Mapping[str, Verdict]) -> None:
    """A check cell earns what the judge gave, and shows the judge's panel.

    Its own results are dropped. The judge's comes before all else that the cell printed: nbgrader takes the first
    number it meets, zero where it first meets an error or a warning on stderr, and full marks where it meets neither.
    """
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not meta.get("grade"):
            continue
        verdict = verdicts.get(meta.get("grade_id", ""))
        if verdict is not None:
            points = min(verdict.points, float(meta["points"]))
            shown = {"text/plain": repr(float(points)), "text/html": feedback.panel(verdict)}
            others = [output for output in cell.outputs if output.output_type != "execute_result"]
            cell.outputs = [outputs.result(shown, cell.execution_count), *others]
        elif not _ran(cell):
            said = "This cell did not run, so it earns nothing."
            cell.outputs = [outputs.failure("NotRun", said)]
        else:
            try:
                determine_grade(cell)
            except (ValueError, KeyError, TypeError):  # nbgrader would give the whole notebook up
                said = "This cell shows what cannot be its points, so it earns none."
                cell.outputs = [outputs.failure("NoPoints", said), *cell.outputs]


def _ran(cell: NotebookNode) -> bool:
    return bool(cell.outputs or cell.execution_count or not cell.source.strip())


def _tidy(notebook: NotebookNode, config: Config) -> None:
    """nbgrader's own steps between running and marking, as its settings say.

    The metadata, which it would look at as well, is the one of its own release.
    """
    for step in (IgnorePattern, ClearMetadataPreprocessor, LimitOutput):
        step(config=config)(notebook, {})


def _classic(ran: NotebookNode, papers: Mapping[str, Paper]) -> list[str]:
    """The cells that nbgrader graded by what they showed, since they ask nothing that the judge knows."""
    marked = [cell.metadata.get("nbgrader", {}) for cell in ran.cells if cell.cell_type == "code"]
    return [m["grade_id"] for m in marked if m.get("grade") and not m.get("solution") and m["grade_id"] not in papers]

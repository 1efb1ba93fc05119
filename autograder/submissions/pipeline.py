"""One submission, from the file that was handed in to a `GradingResult`.

It is made anew against the notebook that was handed out (`submission.py`), run in warm, confined kernels
(`notebook_runner.py`) while the examiner takes the answers (`examiner.py`), marked by nbgrader's rules (`marking.py`) and
made into a page (`feedback/page.py`). The class's gradebook is never opened here, so nothing that goes wrong can leave half
a grade in it.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
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

from autograder import files
from autograder.diagnostics import OF_THE_SETTING, Diagnostic, DiagnosticCode
from autograder.feedback import page
from autograder.judging import bank
from autograder.judging.examiner import Examiner, GradedItem, rejudge
from autograder.judging.protocol import limits
from autograder.judging.protocol.transcript import Transcript
from autograder.judging.verdict import Verdict, VerdictState
from autograder.kernels import outputs, sandbox
from autograder.kernels.forkserver.client import ForkClient
from autograder.kernels.kernel_entry import SandboxSpec
from autograder.kernels.notebook_runner import NoKernel, Runner, Workspace, named, the
from autograder.kernels.sandbox import SandboxPolicy
from autograder.submissions import marking, restore, submission
from autograder.submissions.result import GradingResult, Status, failed
from autograder.submissions.submission import Unusable
from autograder.submissions.task import PATIENCE, Task

OWN_USERS = 2_000_000_000
"""User ids from here on belong to kernels, one each."""


def grade(task: Task, scratch: Path, client: ForkClient) -> GradingResult:
    """Grade one submission in the empty folder `scratch`, with kernels of `client`'s server."""
    started = time.monotonic()
    student = task.submission.student
    released = _read(task.released)
    try:
        notebook, diagnostics = restore.restore(
            submission.content(task.submission),
            released,
            add_missing=bool(task.config.OverwriteCells.get("add_missing_cells", False)),
        )
    except Unusable as unusable:
        return failed(student, task.unit, DiagnosticCode.FILE_UNUSABLE, str(unusable))
    marking.as_released(notebook, released)
    with Examiner(scratch / "answers", task.graded_items, task.seconds) as examiner:
        runner = Runner(
            notebook,
            client,
            _workspaces(task, scratch, cold=sets_its_environment(notebook)),
            examiner,
            seconds=task.seconds,
            patience=PATIENCE * task.seconds,
            limits=task.limits if task.confined else None,
        )
        try:
            runner.run()
        except NoKernel as none:
            said = f"The kernel died as it started: {none}."
            return failed(student, task.unit, DiagnosticCode.KERNEL_NOT_STARTED, said, seconds=_since(started))
        verdicts, transcripts = examiner.verdicts(), examiner.transcripts()
    diagnostics = [
        *task.submission.notes,
        *_failed_first(notebook, runner.diagnostics),
        *diagnostics,
        *runner.diagnostics,
    ]
    diagnostics += examiner.diagnostics
    if not task.confined:
        diagnostics.append(Diagnostic(DiagnosticCode.UNCONFINED, "It ran without a sandbox."))
    diagnostics += [
        Diagnostic(DiagnosticCode.JUDGED_INSIDE, f"The cell {cell} was judged in the student's process.", cell)
        for cell in _classic(notebook, task.graded_items)
    ]
    _show(notebook, verdicts)
    _tidy(notebook, task.config)
    answers = {cell: transcript.to_text() for cell, transcript in transcripts.items()}
    return _marked(task, notebook, tuple(diagnostics), verdicts, answers, _since(started))


def judge_again(task: Task, before: GradingResult, cells: tuple[str, ...]) -> GradingResult:
    """Judge the answers to `cells` of a notebook that ran before, by the exercises as they are declared now.

    What people gave since then counts, too. Raises `LookupError` where only running the notebook again tells.
    """
    verdicts = dict(before.verdicts)
    for cell in cells:
        text = before.answers.get(cell)
        # Earlier versions left an answer that was too large out, where `answers` has an empty text now.
        if text == "" or (text is None and verdicts[cell].state is not VerdictState.NOT_ATTEMPTED):
            raise LookupError("the answer was too large to be kept")
        verdicts[cell] = rejudge(task.graded_items[cell], Transcript.from_text(text) if text else None)
    notebook = nbformat.reads(before.notebook, as_version=4)
    _show(notebook, verdicts)
    return _marked(task, notebook, before.diagnostics, verdicts, before.answers, before.seconds)


def _marked(
    task: Task,
    notebook: NotebookNode,
    diagnostics: tuple[Diagnostic, ...],
    verdicts: dict[str, Verdict],
    answers: dict[str, str],
    seconds: float,
) -> GradingResult:
    """The result of a notebook that has run, and shows what it earned: its marks, its penalty, its page."""
    released = _read(task.released)
    earned = marking.marked(notebook, released)
    total = sum(marking.score(name, mark, task.submission) for name, mark in earned.marks.items())
    penalty = marking.late_penalty(task.config, task.submission, task.due, total)
    as_run = nbformat.v4.writes(notebook)
    totals = marking.for_the_page(notebook, earned, task.submission, penalty) | {"max_score": _worth(released)}
    remarks = [one.text for one in diagnostics if one.code not in OF_THE_SETTING]
    return GradingResult(
        student=task.submission.student,
        unit=task.unit,
        ending=Status.GRADED,
        diagnostics=diagnostics,
        marks=earned.marks,
        mistakes={cell: verdict.mistake for cell, verdict in verdicts.items() if verdict.mistake},
        comments=earned.comments,
        late_penalty=penalty,
        notebook=as_run,
        feedback=page.page(notebook, task.unit, totals, task.config, remarks),
        seconds=seconds,
        answers=answers,
        verdicts=verdicts,
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


_ENVIRONMENT = re.compile(r"\b(environ|putenv|unsetenv)\b|^\s*%(set_)?env\b", re.MULTILINE)


def sets_its_environment(notebook: NotebookNode) -> bool:
    """Whether a cell may set variables that libraries read as they are imported: then nothing may be imported before."""
    return any(cell.cell_type == "code" and _ENVIRONMENT.search(cell.source) for cell in notebook.cells)


def _workspaces(task: Task, scratch: Path, *, cold: bool) -> Callable[[], Workspace]:
    """Return a function that makes the workspace of the next kernel, and removes that of the last one."""
    numbers = count(1)
    beside = _beside(task)

    def make_workspace() -> Workspace:
        number = next(numbers)
        files.remove(scratch / f"kernel-{number - 1}")
        run = scratch / f"kernel-{number}"
        work = run / "work"
        work.mkdir(parents=True)
        for name, data in task.submission.beside.items():
            if name not in beside:  # what is handed out with the notebook stays as it is
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).write_bytes(data)
        for name, path in beside.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, work / name)
        environment = task.environment | {
            "HOME": str(run),
            "IPYTHONDIR": str(run / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(run),
            "TMPDIR": str(run),
            limits.PLACE: str(scratch / "answers"),
        }
        spec = _spec(task, scratch, run) if task.confined else None
        return Workspace(run, work, spec, environment, cold)

    return make_workspace


def _beside(task: Task) -> dict[str, str]:
    """The files that stand beside the unit's notebook and are handed out with it, as nbgrader sees it."""
    ignored = [*CourseDirectory(config=task.config).ignore, *bank.NAMES, "*.ipynb"]
    folder = str(task.source / task.unit)
    return {os.path.relpath(path, folder): path for path in utils.find_all_files(folder, ignored)}


def _spec(task: Task, scratch: Path, run: Path) -> Path:
    """How the kernel is confined, written down for `kernel_entry.py`."""
    readable = sandbox.installation()
    uid = None
    if os.geteuid() == 0 and sandbox.readable_by_others([*readable, *task.known, *task.writable]):
        uid = OWN_USERS + os.getpid()
        scratch.chmod(0o711)
    spec = SandboxSpec(
        SandboxPolicy(readable, [str(run), *task.writable], known=task.known, uid=uid, limits=task.limits),
        str(run / "work"),
        str(scratch / "answers"),
    )
    path = scratch / f"{run.name}.json"
    spec.write(path)
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
            shown = {"text/plain": repr(float(points)), "text/html": page.panel(verdict)}
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


def _failed_first(ran: NotebookNode, said: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The first cell that raised an error, where checks that came after it failed to run: they hang on it. None where
    that was `said` in another way."""
    wrong = [(index, error) for index, cell in enumerate(ran.cells) if (error := _error(cell)) is not None]
    of_checks = [index for index, _ in wrong if _is_check(ran.cells[index])]
    index, error = next(((index, error) for index, error in wrong if index not in of_checks), (len(ran.cells), None))
    after = [check for check in of_checks if check > index]
    if error is None or not after:
        return []
    name = named(ran.cells[index], index)
    if name in {one.cell for one in said}:
        return []
    why = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    checks = f"{len(after)} checks" if len(after) > 1 else "a check"
    sentence = f"{the(name)} was the first to fail, with {_short(why)}; after it {checks} could not run."
    return [Diagnostic(DiagnosticCode.CELL_FAILED, sentence, name)]


def _short(text: str, limit: int = 200) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _error(cell: NotebookNode) -> NotebookNode | None:
    return next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)


def _is_check(cell: NotebookNode) -> bool:
    return utils.is_grade(cell) and not utils.is_solution(cell)


def _ran(cell: NotebookNode) -> bool:
    return bool(cell.outputs or cell.execution_count or not cell.source.strip())


def _tidy(notebook: NotebookNode, config: Config) -> None:
    """nbgrader's own steps between running and marking, as its settings say.

    The metadata, which it would look at as well, is the one of its own release.
    """
    for step in (IgnorePattern, ClearMetadataPreprocessor, LimitOutput):
        step(config=config)(notebook, {})


def _classic(ran: NotebookNode, graded_items: Mapping[str, GradedItem]) -> list[str]:
    """The cells that nbgrader graded by what they showed, since they ask nothing that the judge knows."""
    marked = [cell.metadata.get("nbgrader", {}) for cell in ran.cells if cell.cell_type == "code"]
    return [
        m["grade_id"] for m in marked if m.get("grade") and not m.get("solution") and m["grade_id"] not in graded_items
    ]

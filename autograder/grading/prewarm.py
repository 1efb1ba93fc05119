"""Fills a class's compile cache (`compile_cache.py`): compiling takes JAX longer than all else in a small notebook.

Most of a class lets JAX compile the same programs. So the solution's notebook is run first, and one with all else that
the bank expects of learners (`warmup_notebook.py`), in kernels like every other but for this: they may write the cache.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from dataclasses import replace
from pathlib import Path

from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.grading import warmup_notebook
from autograder.grading.bundle import GradingBundle, task_of
from autograder.grading.compile_cache import FOLDER, LARGEST, filling, processor
from autograder.submissions.result import GradingResult, Status, failed
from autograder.submissions.submission import Submission
from autograder.submissions.task import Task

FEW = 4
"""The smallest class for which filling the cache first pays off."""

_log = logging.getLogger(__name__)


def with_compile_cache(
    bundle: GradingBundle,
    into: Path,
    warned: Callable[[str], None] = lambda sentence: None,
    executor: Executor | None = None,
) -> GradingBundle:
    """Return the bundle with what JAX compiled for its class: read from the folder `into`, else compiled now in `executor`.

    `warned` is called with a sentence where the solution turns out not to earn all points.
    """
    here = processor()
    folder = into / FOLDER / f"{bundle.key[:16]}-{here}"
    if not folder.is_dir():
        _log.info("the compile cache of %s is filled in %s", bundle.unit, folder)
        graded = populate(bundle, folder, executor)
        _log.info("the solution of %s, which fills it, was %s", bundle.unit, graded.ending.value)
        if short := [
            cell for cell, item in bundle.graded_items.items() if _earned(graded, cell) < item.declared().points
        ]:
            warned(
                f"The solution itself does not earn all points in {', '.join(short)}"
                f"{f' ({graded.reason.rstrip(chr(46))})' if graded.reason else ''}. Is its bank another's? "
                "`course lint` says more."
            )
        if graded.ending is not Status.GRADED:
            return bundle
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    if sum(map(len, files.values())) > LARGEST:
        return bundle
    return replace(bundle, compiled=files, processor=here)


def _earned(graded: GradingResult, cell: str) -> float:
    return graded.marks[cell].score or 0.0 if cell in graded.marks else 0.0


def populate(bundle: GradingBundle, folder: Path, executor: Executor | None = None) -> GradingResult:
    """Run the solution, then a rehearsal, with a cache that they may write, and put that, whole, into `folder`.

    Returns how the solution was graded. They run in `executor`, else in this process.
    """
    name = f"{bundle.unit}.ipynb"
    with tempfile.TemporaryDirectory(prefix="solution-") as scratch:
        Path(scratch).chmod(0o711)
        notebook = Path(scratch) / name
        notebook.write_bytes(bundle.beside[name])
        solution = task_of(bundle, Submission("solution", notebook))
        first, more = Path(scratch) / "solution", Path(scratch) / "rehearsal"
        first.mkdir()
        graded = _graded(bundle, solution, first, executor)
        if graded.ending is not Status.GRADED:
            return graded
        found = first
        if (expected := warmup_notebook.warmup_task(solution)) is not None:
            # A copy, so that what the solution compiled is there whatever becomes of the rehearsal.
            _copy(first, more)
            if _graded(bundle, expected, more, executor).ending is Status.GRADED:
                found = more
        shutil.rmtree(folder.parent, ignore_errors=True)  # one of other content, or of an earlier version
        folder.parent.mkdir(parents=True, exist_ok=True)
        kept = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        _copy(found, kept)
        kept.rename(folder)
    return graded


def _graded(bundle: GradingBundle, task: Task, cache: Path, executor: Executor | None) -> GradingResult:
    """Grade a notebook whose kernel may write the cache."""
    task = replace(task, environment=filling(cache), known=(), writable=(str(cache),))
    if executor is None:
        return bundle.grade(task)
    try:
        return executor.submit(bundle.grade, task).result()
    except GradingError:
        raise
    except (Exception, CancelledError) as error:  # its process ended: the class is graded without
        return failed(task.submission.student, bundle.unit, DiagnosticCode.GRADING_FAILED, str(error))


def _copy(cache: Path, to: Path) -> None:
    to.mkdir()
    for path in cache.iterdir():
        if path.is_file() and not path.is_symlink():
            shutil.copyfile(path, to / path.name)

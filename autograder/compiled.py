"""What JAX has compiled for a class: filled once, before it is graded; read by every kernel, written by none.

Compiling takes JAX longer than all else in a notebook of small exercises, and most of a class lets it compile the same.
JAX keeps what it compiled in a folder (`jax_compilation_cache_dir`); a folder that a submission could write would be a
way to change what the next one computes. So the solution's notebook fills it, and one with all else that the bank
expects of learners (`rehearsal.py`), in kernels like every other, and students' kernels may only read it. What is in it
computes the right answers, so they cannot even list it: a file's name is a digest of the program, and who has written
the program may have what it was compiled to. It is kept beside the gradebook for the next batch.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import GradingError
from autograder.outcome import Ending, Outcome, failed
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.kit import Kit
    from autograder.pipeline import Task

FEW = 4
"""A class of fewer is graded sooner without."""

FOLDER = ".compiled"

LARGEST = 100_000_000
"""Bytes that travel with a class at most."""


def read_only(folder: Path) -> dict[str, str]:
    """The environment of a kernel that reads the cache: JAX does not even try to write what takes less than ever."""
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1e9"}


def filling(folder: Path) -> dict[str, str]:
    """The environment of a kernel that fills it."""
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}


def _environment(folder: Path) -> dict[str, str]:
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # XLA's own caches, for GPUs, put the folder's path into every key, and the folder is elsewhere for each grader.
        "JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES": "none",
    }


def processor() -> str:
    """A digest of what this processor is and can do, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = [platform.processor()]
    told = {line for line in lines if line.startswith(("flags", "Features", "model name"))} or set(lines)
    return hashlib.sha256("\n".join([platform.machine(), *sorted(told)]).encode()).hexdigest()[:16]


def added(
    kit: Kit,
    into: Path,
    warned: Callable[[str], None] = lambda sentence: None,
    executor: Executor | None = None,
) -> Kit:
    """The kit with what JAX compiled for its class: from the class's folder `into`, else worked out now in `executor`.

    `warned` is called with a sentence where the solution turns out not to earn all points.
    """
    here = processor()
    folder = into / FOLDER / f"{kit.key[:16]}-{here}"
    if not folder.is_dir():
        graded = fill(kit, folder, executor)
        if short := [cell for cell, paper in kit.papers.items() if _earned(graded, cell) < paper.declared().points]:
            warned(
                f"The solution itself does not earn all points in {', '.join(short)}"
                f"{f' ({graded.reason.rstrip(chr(46))})' if graded.reason else ''}. Is its bank another's? "
                "`course lint` says more."
            )
        if graded.ending is not Ending.GRADED:
            return kit
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    if sum(map(len, files.values())) > LARGEST:
        return kit
    return replace(kit, compiled=files, processor=here)


def _earned(graded: Outcome, cell: str) -> float:
    return graded.marks[cell].score or 0.0 if cell in graded.marks else 0.0


def fill(kit: Kit, folder: Path, executor: Executor | None = None) -> Outcome:
    """Run the solution, then a rehearsal, with a cache that they may write, and put that, whole, into `folder`.

    Returns how the solution was graded. They run in `executor`, else in this process.
    """
    from autograder import rehearsal
    from autograder.kit import task_of

    name = f"{kit.unit}.ipynb"
    with tempfile.TemporaryDirectory(prefix="solution-") as scratch:
        Path(scratch).chmod(0o711)
        notebook = Path(scratch) / name
        notebook.write_bytes(kit.beside[name])
        solution = task_of(kit, Submission("solution", notebook))
        first, more = Path(scratch) / "solution", Path(scratch) / "rehearsal"
        first.mkdir()
        graded = _graded(kit, solution, first, executor)
        if graded.ending is not Ending.GRADED:
            return graded
        found = first
        if (expected := rehearsal.of(solution)) is not None:
            # A copy, so that what the solution compiled is there whatever becomes of the rehearsal.
            _copy(first, more)
            if _graded(kit, expected, more, executor).ending is Ending.GRADED:
                found = more
        shutil.rmtree(folder.parent, ignore_errors=True)  # one of other content, or of an earlier version
        folder.parent.mkdir(parents=True, exist_ok=True)
        kept = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        _copy(found, kept)
        kept.rename(folder)
    return graded


def _graded(kit: Kit, task: Task, cache: Path, executor: Executor | None) -> Outcome:
    """What comes of a notebook whose kernel may write the cache."""
    task = replace(task, environment=filling(cache), known=(), writable=(str(cache),))
    if executor is None:
        return kit.grade(task)
    try:
        return executor.submit(kit.grade, task).result()
    except GradingError:
        raise
    except (Exception, CancelledError) as error:  # its process ended: the class is graded without
        return failed(task.submission.student, kit.unit, str(error))


def _copy(cache: Path, to: Path) -> None:
    to.mkdir()
    for path in cache.iterdir():
        if path.is_file() and not path.is_symlink():
            shutil.copyfile(path, to / path.name)

"""What JAX has compiled for a class: filled once, before it is graded; read by every kernel, written by none.

Compiling takes JAX longer than all else in a notebook of small exercises, and most of a class lets it compile the same.
JAX keeps what it compiled in a folder (`jax_compilation_cache_dir`); a folder that a submission could write would be a
way to change what the next one computes. So the solution's notebook fills it, and one with all else that the bank
expects of learners (`rehearsal.py`), in kernels like every other, and students' kernels may only read it. It is kept
beside the gradebook for the next batch.
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
    """Run the solution, and a rehearsal, with a cache that they may write, and put that, whole, into `folder`.

    Returns how the solution was graded. The two run in `executor`, which may run them at once, else one after the other
    in this process.
    """
    from autograder import rehearsal
    from autograder.kit import task_of

    name = f"{kit.unit}.ipynb"
    with tempfile.TemporaryDirectory(prefix="solution-") as scratch:
        Path(scratch).chmod(0o711)
        notebook = Path(scratch) / name
        notebook.write_bytes(kit.beside[name])
        solution = task_of(kit, Submission("solution", notebook))
        # Each has a folder of its own: JAX does not write so that two could write the same file at once.
        parts = {Path(scratch) / one.submission.student: one for one in (rehearsal.of(solution), solution) if one}
        for part in parts:
            part.mkdir()
        tasks = [replace(one, environment=filling(p), readable=(), writable=(str(p),)) for p, one in parts.items()]
        outcomes = _graded(kit, tasks, executor)
        if outcomes[-1].ending is Ending.GRADED:
            shutil.rmtree(folder.parent, ignore_errors=True)  # one of other content, or of an earlier version
            folder.parent.mkdir(parents=True, exist_ok=True)
            kept = folder.with_name(f"{folder.name}.{os.getpid()}.part")
            kept.mkdir()
            for part, outcome in zip(parts, outcomes, strict=True):
                for path in part.iterdir() if outcome.ending is Ending.GRADED else ():
                    if path.is_file() and not path.is_symlink():
                        shutil.copyfile(path, kept / path.name)
            kept.rename(folder)
    return outcomes[-1]


def _graded(kit: Kit, tasks: list[Task], executor: Executor | None) -> list[Outcome]:
    if executor is None:
        return [kit.grade(task) for task in tasks]
    outcomes = []
    for task, future in [(task, executor.submit(kit.grade, task)) for task in tasks]:
        try:
            outcomes.append(future.result())
        except GradingError:
            raise
        except (Exception, CancelledError) as error:  # its process ended: the class is graded without
            outcomes.append(failed(task.submission.student, kit.unit, str(error)))
    return outcomes

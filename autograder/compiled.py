"""What JAX has compiled for a class: filled once by running the solution, read by every kernel, written by none.

Compiling takes JAX longer than all else in a notebook of small exercises, and most of a class lets it compile the same.
JAX keeps what it compiled in a folder (`jax_compilation_cache_dir`); a folder that a submission could write would be a
way to change what the next one computes. So the solution's notebook fills it, in a kernel like every other, and
students' kernels may only read it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.outcome import Ending, Outcome
from autograder.submission import Submission
from autograder.worker import grade_one

if TYPE_CHECKING:
    from autograder.pipeline import Task

FEW = 4
"""A class of fewer is graded sooner without."""

FOLDER = ".compiled"


def read_only(folder: Path) -> dict[str, str]:
    """The environment of a kernel that reads the cache: JAX does not even try to write what takes less than ever."""
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1e9"}


def _filling(folder: Path) -> dict[str, str]:
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}


def _environment(folder: Path) -> dict[str, str]:
    return {"JAX_COMPILATION_CACHE_DIR": str(folder), "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}


def key(files: Sequence[Path]) -> str:
    """What a cache is good for: these files, these versions, this processor."""
    told = hashlib.sha256()
    for path in files:
        told.update(path.read_bytes())
    packages = [f"{name} {_version(name)}" for name in ("jax", "jaxlib", "numpy")]
    told.update("\n".join([*packages, sys.version, platform.machine(), _processor()]).encode())
    return told.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _processor() -> str:
    """What this processor can do, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))


def with_cache(tasks: list[Task], solution: Path, bank: Path, into: Path) -> tuple[list[Task], Outcome | None]:
    """These tasks, to be graded with the cache in the class's folder `into`; filled now where it is not there yet.

    The second is how the solution itself was graded, where it was: all of its checks should have earned all.
    """
    folder = into / FOLDER / key([solution, bank])
    graded = None
    if not folder.is_dir():
        if len(tasks) < FEW:
            return tasks, None
        graded = _fill(folder, replace(tasks[0], submission=Submission("solution", solution)))
        if graded.ending is not Ending.GRADED:
            return tasks, graded
    return [
        replace(task, environment=task.environment | read_only(folder), readable=(str(folder),)) for task in tasks
    ], graded


def _fill(folder: Path, task: Task) -> Outcome:
    """Run the solution with a cache that it may write, and put that, whole, in its place."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(folder.parent, ignore_errors=True)  # one of other content, and parts of batches that were ended
    part.mkdir(parents=True)
    part.chmod(0o755)
    graded = grade_one(replace(task, environment=task.environment | _filling(part), writable=(str(part),)))
    if graded.ending is Ending.GRADED:
        for path in (part, *part.rglob("*")):
            if os.geteuid() == 0:
                os.chown(path, 0, 0, follow_symlinks=False)
        part.rename(folder)
    else:
        shutil.rmtree(part, ignore_errors=True)
    return graded


def short(graded: Outcome, worth: dict[str, float]) -> list[str]:
    """The cells in which the solution did not earn all that its check is worth."""
    earned = {cell: mark.score or 0.0 for cell, mark in graded.marks.items()}
    return [cell for cell, points in worth.items() if earned.get(cell, 0.0) < points]

"""What JAX has compiled for a class: filled once by running the solution, read by every kernel, written by none.

Compiling takes JAX longer than all else in a notebook of small exercises, and most of a class lets it compile the same.
JAX keeps what it compiled in a folder (`jax_compilation_cache_dir`); a folder that a submission could write would be a
way to change what the next one computes. So the solution's notebook fills it, in a kernel like every other, and
students' kernels may only read it. It is kept beside the gradebook for the next batch.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.outcome import Ending, Outcome
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.kit import Kit

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


def added(kit: Kit, into: Path, warned: Callable[[str], None] = lambda sentence: None) -> Kit:
    """The kit with what JAX compiled for its solution: from the class's folder `into`, else worked out now.

    `warned` is called with a sentence where the solution turns out not to earn all points.
    """
    here = processor()
    folder = into / FOLDER / f"{kit.key[:16]}-{here}"
    if not folder.is_dir():
        graded = fill(kit, folder)
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


def fill(kit: Kit, folder: Path) -> Outcome:
    """Run the solution with a cache that it may write, and put that, whole, into `folder`. Returns how it was graded."""
    from autograder.kit import task_of

    name = f"{kit.unit}.ipynb"
    with tempfile.TemporaryDirectory(prefix="solution-") as scratch:
        Path(scratch).chmod(0o711)
        solution, part = Path(scratch) / name, Path(scratch) / "compiled"
        solution.write_bytes(kit.beside[name])
        part.mkdir()
        task = task_of(kit, Submission("solution", solution))
        graded = kit.grade(replace(task, environment=filling(part), readable=(), writable=(str(part),)))
        if graded.ending is Ending.GRADED:
            shutil.rmtree(folder.parent, ignore_errors=True)  # one of other content, or of an earlier version
            folder.parent.mkdir(parents=True, exist_ok=True)
            kept = folder.with_name(f"{folder.name}.{os.getpid()}.part")
            kept.mkdir()
            for path in part.iterdir():
                if path.is_file() and not path.is_symlink():
                    shutil.copyfile(path, kept / path.name)
            kept.rename(folder)
    return graded

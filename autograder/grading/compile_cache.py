"""The folder in which JAX keeps what it compiled for a class (`jax_compilation_cache_dir`), and who may write there.

A folder that a submission could write would be a way to change what the next one computes. So it is filled once, before
the class is graded (`prewarm.py`), and students' kernels may only read it. What is in it computes the right answers, so
they cannot even list it: a file's name is a digest of the program, and who has written the program may have what it was
compiled to. It is kept beside the gradebook for the next batch.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

FOLDER = ".compiled"

LARGEST = 100_000_000
"""The most bytes of compiled code that travel with a class."""


def read_only(folder: Path) -> dict[str, str]:
    """Return the environment of a kernel that only reads the cache: no compilation is long enough for JAX to write it."""
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1e9"}


def filling(folder: Path) -> dict[str, str]:
    """Return the environment of a kernel that fills the cache."""
    return _environment(folder) | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}


def _environment(folder: Path) -> dict[str, str]:
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # XLA's own caches, for GPUs, put the folder's path into every key, and the folder is elsewhere for each grader.
        "JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES": "none",
    }


def processor() -> str:
    """Return a digest of the processor's model and features, as far as the system reports them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = [platform.processor()]
    told = {line for line in lines if line.startswith(("flags", "Features", "model name"))} or set(lines)
    return hashlib.sha256("\n".join([platform.machine(), *sorted(told)]).encode()).hexdigest()[:16]

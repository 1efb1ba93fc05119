"""Start-up: importing what a notebook needs, over importing JAX alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

COURSE = "from course import check, common_mistakes, gate, hint, practice, progress"


def _seconds(statement: str) -> float:
    """Wall time of `statement` inside a fresh interpreter, start-up of Python itself left out."""
    program = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def measure(runs: int) -> dict[str, float]:
    _seconds(COURSE), _seconds("import jax")  # the first run reads the files from the disk
    pairs = [(_seconds(COURSE), _seconds("import jax")) for _ in range(max(runs, 5))]
    course = statistics.median(one for one, _ in pairs)
    jax = statistics.median(other for _, other in pairs)
    return {"import.course_ms": 1e3 * course, "import.jax_ms": 1e3 * jax, "import.ratio_to_jax": course / jax}

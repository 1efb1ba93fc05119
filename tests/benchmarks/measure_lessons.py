"""Lessons: how long each takes from a cold kernel, top to bottom, and how much memory its kernel took at the peak."""

from __future__ import annotations

import os
import re
import statistics
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(path: Path) -> tuple[float, float]:
    """(seconds, the kernel's peak resident memory in MB) of one run of the notebook in a fresh kernel."""
    import nbformat
    from nbclient import NotebookClient

    class Watched(NotebookClient):
        """Reads the kernel's high-water mark before the kernel goes."""

        peak_mb = 0.0

        def process(self) -> int:
            return int(self.km.provisioner.pid)  # type: ignore[union-attr]

    os.environ["ISOMETRY_GATES"] = "open"
    os.environ["MALLOC_ARENA_MAX"] = "1"  # as `course study` starts JupyterLab
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    client = Watched(nbformat.read(path, as_version=4), timeout=300, resources={"metadata": {"path": str(path.parent)}})
    started = time.perf_counter()
    with client.setup_kernel():
        for index, cell in enumerate(client.nb.cells):
            client.execute_cell(cell, index)
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{client.process()}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return seconds, int(found[1]) / 1024


def measure(runs: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for path in sorted(ROOT.glob("course/[0-9]*.ipynb")):
        measured = [run(path) for _ in range(min(runs, 3))]
        number = path.name.split("-")[0]
        figures[f"lesson.{number}.seconds"] = statistics.median(s for s, _ in measured)
        figures[f"lesson.{number}.peak_mb"] = max(mb for _, mb in measured)
    return figures

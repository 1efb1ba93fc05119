"""A notebook run from top to bottom in a kernel of its own, in an empty folder, away from the clone."""

from __future__ import annotations

import copy
import os
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]


def run(notebook: NotebookNode, folder: Path, allow_errors: bool = False, **environment: str) -> NotebookNode:
    """A copy of the notebook after Run All in the empty `folder`, with nobody there, who could make a record.

    `environment` is set beside this process's own. A cell that raises ends the run, unless `allow_errors`.
    """
    import matplotlib.font_manager  # noqa: F401  (a first import writes "building the font cache" to stderr)

    ran, record = copy.deepcopy(notebook), folder / "record.jsonl"
    own = {
        "JAX_PLATFORMS": "cpu",
        "ISOMETRY_RECORD": str(record),
        "MALLOC_ARENA_MAX": "1",  # as `course study` starts JupyterLab: XLA's compiling threads share one heap
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    client = NotebookClient(
        ran,
        timeout=300,
        kernel_name="python3",
        allow_errors=allow_errors,
        # Not over TCP: two kernels started at once may pick the same ports.
        config=Config({"KernelManager": {"transport": "ipc", "connection_file": str(folder / "kernel.json")}}),
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=os.environ | own | environment)
    assert not record.exists(), "a run without a person must record nothing"
    return ran


def troubles(ran: NotebookNode) -> list[str]:
    """What went wrong in any cell: exceptions, and anything on stderr, for which nbgrader gives zero."""
    outputs = [output for cell in ran.cells for output in cell.get("outputs", [])]
    raised = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    return raised + [output.text for output in outputs if output.get("name") == "stderr"]

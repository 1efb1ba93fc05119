"""The notebooks, run: the solutions score full, the release scores zero. Scores are read by nbgrader's own rule."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade
from traitlets.config import Config

from autograder.judging import bank as banks
from autograder.submissions import notebook as notebooks
from course.authoring.complaint import Complaint
from course.authoring.course_files import PROJECT, UnitFiles

SECONDS = 120
"""What one cell may take."""


class Ran(NamedTuple):
    """A notebook after its run in a fresh kernel; `broke` says where it had to be stopped."""

    notebook: NotebookNode
    broke: str | None


def run(path: Path, root: Path) -> Ran:
    """Run a copy of the notebook at `path`, with its folder, against the banks and the manifest of `root`."""
    with tempfile.TemporaryDirectory() as workshop:
        folder = Path(workshop) / path.parent.name
        shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns("__pycache__", *banks.NAMES, ".*"))
        notebook = notebooks.read(folder / path.name)
        env = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "ISOMETRY_COURSE": str(root),
            "ISOMETRY_BANKS": str(root / "solutions"),
            "ISOMETRY_RECORD": str(Path(workshop) / "record.jsonl"),
            "IPYTHONDIR": str(Path(workshop) / "ipython"),
            "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            allow_errors=True,
            # Not over TCP: two kernels started at once may pick the same ports.
            config=Config({"KernelManager": {"transport": "ipc", "connection_file": f"{workshop}/kernel.json"}}),
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute(env=env)
        except (CellTimeoutError, DeadKernelError) as error:
            return Ran(notebook, " ".join(str(error).split())[:160])
        return Ran(notebook, None)


def solutions_score_full(unit: UnitFiles) -> Iterator[Complaint]:
    """The solutions pass every check, and no cell raises."""
    if unit.source is None:
        return
    ran = run(unit.source_path, unit.tree.root)
    yield from _breaks(unit, ran, "the solution", "Mend the solution, or the exercise that judges it.")
    for index, score, points, cell in _scores(ran.notebook):
        if score < points:
            yield Complaint(
                unit.place(unit.source_path, index),
                f"the solution scores {score:g} of {points:g} in “{cell.metadata.nbgrader.grade_id}”{_said(cell)}",
                "Mend the solution, or the exercise that judges it.",
            )


def release_scores_zero(unit: UnitFiles) -> Iterator[Complaint]:
    """The released notebook, untouched, gets no point, and runs to its end."""
    if unit.release is None:
        return
    ran = run(unit.release_path, unit.tree.root)
    yield from _breaks(unit, ran, "the untouched release", "Let it run while answers are missing.")
    for index, score, points, cell in _scores(ran.notebook):
        if score > 0:
            yield Complaint(
                unit.place(unit.source_path, index),
                f"the untouched release scores {score:g} of {points:g} in “{cell.metadata.nbgrader.grade_id}”: "
                "it is released solved",
                "Put the answer between ### BEGIN SOLUTION and ### END SOLUTION, in a cell marked as solution, "
                "and run `make exercises`.",
            )


def _scores(notebook: NotebookNode) -> Iterator[tuple[int, float, float, NotebookNode]]:
    """(cell index, score, points, cell) of each cell that grades itself; what people grade by hand is left out."""
    for index, cell in enumerate(notebook.cells):
        if is_grade(cell) and cell.cell_type == "code":
            try:
                score, points = determine_grade(cell)
            except (ValueError, KeyError):  # more than all points, or no plain text
                score, points = -1.0, float(cell.metadata.nbgrader["points"])
            if score is not None:
                yield index, score, points, cell


def _breaks(unit: UnitFiles, ran: Ran, whose: str, how: str) -> Iterator[Complaint]:
    if ran.broke:
        yield Complaint(unit.tree.show(unit.source_path), f"{whose} could not be run to its end: {ran.broke}", how)
    for index, cell in enumerate(ran.notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                what = f"{whose} raises {output.ename}: {output.evalue}".rstrip(". ")
                yield Complaint(unit.place(unit.source_path, index), what, how)


def _said(cell: NotebookNode) -> str:
    """Why nbgrader gave so little, as far as the cell tells."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            return f" (it wrote to stderr: {output.text.strip().splitlines()[-1][:80]})"
        if output.output_type == "error":
            return f" ({output.ename})"
    return ""

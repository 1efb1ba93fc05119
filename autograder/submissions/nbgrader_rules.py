"""What a cell earns that judges in the student's own kernel, as classic nbgrader cells do: nbgrader's rule, mended.

The rule is nbgrader's `determine_grade`: an error earns nothing, a number that is shown is a share of the points,
anything else earns all of them, and what a person is to read waits. It is left where it would punish a warning, reward
what is no share, or give a whole notebook up.
"""

from __future__ import annotations

import math

from nbformat import NotebookNode
from nbgrader import utils


def points(cell: NotebookNode) -> float | None:
    """The points of a graded cell that has run; None where a person is to read it.

    Other than in nbgrader, text on stderr costs nothing, and a share that is NaN, negative or more than the most earns
    nothing: the student's code chose it.
    """
    if cell.cell_type != "code" or utils.is_solution(cell):
        earned, _ = utils.determine_grade(cell)
        return None if earned is None else float(earned)
    heard = [output for output in cell.outputs if not _is_warning(output)]
    first = next((output for output in heard if output.output_type in ("error", "execute_result")), None)
    most = float(cell.metadata.nbgrader.points)
    if first is not None and first.output_type == "execute_result" and not _is_share(first, most):
        return 0.0
    earned, _ = utils.determine_grade(NotebookNode(cell, outputs=heard))
    return float(earned)


def _is_warning(output: NotebookNode) -> bool:
    return bool(output.output_type == "stream" and output.name == "stderr")


def _is_share(result: NotebookNode, most: float) -> bool:
    """Whether a result is no number at all, or one from zero to `most`."""
    shown = result.get("data", {}).get("text/plain")
    if not shown:
        return False
    try:
        number = float(shown)
    except (TypeError, ValueError):
        return True  # nbgrader's rule for it stands: all points
    return math.isfinite(number) and 0 <= number <= most

"""What a notebook asks: which cell checks which exercise, of which name, with which arguments.

Read from the notebook's source by parsing, never by running it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from autograder.judging.exercise import BankError


class Question(NamedTuple):
    """One `check("unit.exercise", name, **arguments)` in a notebook."""

    cell: int
    """The index of the cell."""
    grade_id: str | None
    """nbgrader's id of that cell; None where it is not graded."""
    points: float | None
    exercise: str
    name: str | None
    """The variable or function checked; None where an expression stands in its place."""
    arguments: dict[str, Any]


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`; a `BankError` with one sentence where it is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise BankError(f"There is no notebook at {path}.") from None
    except Exception as error:
        raise BankError(f"{path.name} is not readable as a notebook ({type(error).__name__}).") from None


def questions(notebook: nbformat.NotebookNode) -> list[Question]:
    """Every `check(...)` in the notebook's code cells, in order."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        meta = cell.metadata.get("nbgrader", {})
        graded = bool(meta.get("grade"))
        for exercise, name, arguments in _checks(cell.source):
            found.append(
                Question(
                    cell=index,
                    grade_id=meta.get("grade_id") if graded else None,
                    points=float(meta["points"]) if graded and "points" in meta else None,
                    exercise=exercise,
                    name=name,
                    arguments=arguments,
                )
            )
    return found


def _checks(source: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    """(exercise, name, arguments) of each call of `check` with a literal id; a cell that does not parse has none."""
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"):
            continue
        if len(node.args) != 2 or not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
            continue
        try:
            arguments = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
        except ValueError:
            continue
        name = node.args[1].id if isinstance(node.args[1], ast.Name) else None
        found.append((node.args[0].value, name, arguments))
    return found

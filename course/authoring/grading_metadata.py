"""What nbgrader must know of a cell, derived from the cell: nobody writes it down.

| a code cell that | is | grade_id | points |
|---|---|---|---|
| holds one `check("unit.exercise", name, …)` and no solution | graded, locked | `check-` and the name | the bank's |
| holds a solution (`# SOLUTION`, or `### BEGIN SOLUTION`) | a solution | the first name it binds | |
| is `NAME = {"a": "…", …}`, a list to choose from | locked, read only | the name in lower case | |
| is anything else | left alone | | |

In an id, `-` stands for `_`. Where a cell brings an `nbgrader` block of its own, that block holds instead: a unit's
question for free text needs one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator, SchemaTooNewError, SchemaTooOldError, ValidationError

from course.authoring import markers
from course.authoring.markers import CellError

Points = Callable[[str], float]
"""The points of an exercise, by its id; raises `CellError` where there is none of that id."""
Metadata = dict[str, Any]


def derived(cell: NotebookNode, points: Points) -> Metadata | None:
    """nbgrader's metadata of a cell, by its source in the long form alone; None where it needs none."""
    if cell.cell_type != "code":
        if cell.cell_type == "markdown" and markers.holds_solution(cell.source):
            raise CellError(
                "a solution is marked in prose, where nothing takes it out",
                'Give the cell an nbgrader block with "solution": true, which takes out the whole cell.',
            )
        return None
    source, solution = cell.source, markers.holds_solution(cell.source)
    try:
        tree = ast.parse(markers.python(source))
    except (SyntaxError, ValueError) as error:
        if solution or "check(" in source:
            raise CellError(f"this cell is no valid Python ({_brief(error)})", "Mend it.") from None
        return None
    checks = [node for node in ast.walk(tree) if _is_check(node)]
    if solution and checks:
        raise CellError(
            "a solution and its check stand in one cell, which a learner would have to edit and must not",
            "Put the check into a cell of its own, below.",
        )
    if solution:
        names = bound(tree)
        if not names:
            raise CellError(
                "a solution stands in a cell that defines no name, so nothing can be checked",
                "Assign the answer to a name, or define the function that is asked for.",
            )
        return _metadata(names[0], solution=True)
    if len(checks) == 1:
        exercise, name = _asked(checks[0])
        return _metadata(f"check-{name}", grade=True, locked=True) | {"points": _whole(points(exercise))}
    if offered := list_of_options(tree):
        return _metadata(offered[0].lower(), locked=True)
    return None


def check_block(cell: NotebookNode) -> None:
    """Raise `CellError` unless the `nbgrader` block that a cell brings is one that nbgrader can read."""
    how = "Write the block whole, or leave it out where the cell speaks for itself."
    try:
        MetadataValidator().validate_cell(cell)
    except KeyError as error:
        raise CellError(f"its nbgrader block lacks {error}", how) from None
    except (ValidationError, SchemaTooOldError, SchemaTooNewError) as error:
        raise CellError(f"nbgrader cannot read its block ({_brief(error)})", how) from None


def _metadata(name: str, *, grade: bool = False, solution: bool = False, locked: bool = False) -> Metadata:
    return {
        "grade": grade,
        "grade_id": name.replace("_", "-"),
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }


def _is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"


def _asked(node: ast.AST) -> tuple[str, str]:
    """The exercise's id, and the name of the variable or function that a `check(…)` is given."""
    assert isinstance(node, ast.Call)
    if len(node.args) != 2:
        raise CellError("its check takes the exercise's id and the answer", 'Write check("unit.exercise", answer, …).')
    exercise, answer = node.args
    if not (isinstance(exercise, ast.Constant) and isinstance(exercise.value, str)):
        what = f"its check asks for “{ast.unparse(exercise)}”, which is no exercise's id"
        raise CellError(what, 'Write check("unit.exercise", answer, …) with the id in quotation marks.')
    if not isinstance(answer, ast.Name):
        what = f"its check is given “{ast.unparse(answer)}”, which is no name"
        raise CellError(what, "Give the answer a name in the cell above, and check that name.")
    return exercise.value, answer.id


def bound(tree: ast.Module) -> list[str]:
    """The names that a cell defines or assigns, in order; what it imports is not its own."""
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
    return list(dict.fromkeys(names))


def list_of_options(tree: ast.Module) -> tuple[str, tuple[str, ...]] | None:
    """The name and the texts, where a cell is `NAME = {"a": "…", …}` and nothing else."""
    if len(tree.body) != 1 or not isinstance(node := tree.body[0], ast.Assign) or len(node.targets) != 1:
        return None
    target, value = node.targets[0], node.value
    if not (isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, ast.Dict) and value.values):
        return None
    texts = [v.value for v in value.values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
    return (target.id, tuple(texts)) if len(texts) == len(value.values) else None


def _whole(points: float) -> float:
    return int(points) if float(points).is_integer() else float(points)


def _brief(error: Exception) -> str:
    said = error.msg if isinstance(error, SyntaxError) else getattr(error, "message", str(error))
    return " ".join(str(said).split()).rstrip(".") or type(error).__name__

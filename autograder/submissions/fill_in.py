"""Writes answers into a notebook as a learner would: a function's source, under the name that the notebook checks."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Collection, Sequence
from typing import Any

from nbformat import NotebookNode

from autograder.errors import GradingError
from autograder.submissions.notebook import Question

_IMPORTS = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "lax": "from jax import lax",
    "np": "import numpy as np",
}


def source_of(
    function: Callable[..., Any], name: str, imported: Collection[str] = (), decorators: Sequence[ast.expr] = ()
) -> str:
    """The source of a function as a learner would hand it in: called `name`, without its decorators and docstring.

    What it uses of `jax`, `jnp`, `lax` and `np`, and is not in `imported`, is imported before it. `decorators` are those
    that it gets instead of its own.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    node.name, node.decorator_list, node.returns = name, list(decorators), None
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        node.body = node.body[1:]
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    needed = [line for key, line in _IMPORTS.items() if key in used and key not in imported]
    return "\n".join([*needed, "", ast.unparse(node)] if needed else [ast.unparse(node)])


def imported(made: NotebookNode) -> set[str]:
    """The names that a notebook's cells import."""
    sources = [cell.source for cell in made.cells if cell.cell_type == "code"]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    found = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return {alias.asname or alias.name for alias in found}


def binding(made: NotebookNode, question: Question) -> tuple[NotebookNode, ast.stmt]:
    """The cell in which a learner gives the checked name its value, and the statement that does; the last one counts."""
    found: tuple[NotebookNode, ast.stmt] | None = None
    for cell in made.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and meta.get("solution"):
            for node in ast.parse(cell.source).body:
                if question.name in _bound(node):
                    found = (cell, node)
        if meta.get("grade_id") == question.grade_id and found:
            break
    if found is None:
        raise GradingError(
            f"No cell that a learner fills in gives “{question.name}” a value, which {question.grade_id} checks. "
            f"Write `{question.name} = ...` or `def {question.name}(…)` there."
        )
    return found


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def replaced(source: str, node: ast.stmt, text: str) -> str:
    """The source of a cell with `text` in the place of one of its statements."""
    lines = source.splitlines()
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    kept = [*lines[: first - 1], text, *lines[node.end_lineno :]]
    return "\n".join(line for line in kept if line.strip() != "# YOUR CODE HERE")

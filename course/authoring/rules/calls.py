"""A notebook's code, parsed and never run: what the rules look for in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from nbformat import NotebookNode


class Call(NamedTuple):
    """A call of a plain name, `name(…)`, in a code cell."""

    cell: int
    name: str
    node: ast.Call

    @property
    def text(self) -> str | None:
        """The first argument, where it is a string written out."""
        first = self.node.args[0] if self.node.args else None
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def parse(source: str) -> ast.Module | None:
    """The tree of a code cell, magics and shell lines left out; None where it is no Python."""
    lines = ("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """The code cells that hold something, with their index in the notebook."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield index, cell


def calls(notebook: NotebookNode, *names: str) -> list[Call]:
    """Every call of one of `names` in the notebook, in order."""
    return [
        Call(index, node.func.id, node)
        for index, cell in code_cells(notebook)
        for node in ast.walk(parse(cell.source) or ast.Module([], []))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]

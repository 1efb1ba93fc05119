"""A notebook as text (jupytext's MyST), and back: what stands in a text half, and what is derived.

In the text of an exercise notebook an answer is marked with `# SOLUTION` (`markers`), and no cell says what nbgrader can
be told by the cell itself (`grading_metadata`). `notebook` adds both, `text` leaves both out. One cell of the text is
one cell of the notebook.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import NamedTuple

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder.errors import IsometryError
from course.authoring import markers
from course.authoring.grading_metadata import Points, check_block, derived
from course.authoring.markers import CellError

FORMAT = "md:myst"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class HalvesError(IsometryError):
    """The two halves cannot be brought together. The text says why, and what to do."""


class Problem(NamedTuple):
    """A cell of a text of which no cell of a notebook can be made."""

    line: int
    what: str
    how: str


class TextError(HalvesError):
    """A text of which no notebook can be made, with every cell that is to blame."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"line {p.line}: {p.what}. {p.how}" for p in problems))
        self.problems = problems


def notebook(text: str, points: Points | None) -> NotebookNode:
    """The notebook that a text stands for. With `points`, a text of exercises: answers and metadata are derived.

    Raises `TextError` with every cell of which nothing can be made.
    """
    made = parsed(text)
    if points is None:
        return made
    problems: list[Problem] = []
    holders: dict[str, int] = {}
    for cell, line in zip(made.cells, lines(text), strict=True):
        try:
            _complete(cell, points)
        except CellError as error:
            problems.append(Problem(line, error.what, error.how))
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id and (first := holders.setdefault(grade_id, line)) != line:
            what = f"a second cell has the id “{grade_id}”; the first is that of line {first}"
            problems.append(Problem(line, what, "Give what is asked for here a name of its own."))
    if problems:
        raise TextError(problems)
    return made


def _complete(cell: NotebookNode, points: Points) -> None:
    """Write the long form and what is derived into a cell; a block of its own stays."""
    if cell.cell_type == "code":
        cell.source = markers.expanded(cell.source)
        markers.check_delimiters(cell.source)
    if "nbgrader" in cell.metadata:
        check_block(cell)
    elif metadata := derived(cell, points):
        cell.metadata["nbgrader"] = NotebookNode(metadata)


def text(notebook: NotebookNode, points: Points | None) -> str:
    """A tidy notebook as text. With `points`, in short: without what `notebook` derives."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL))
    for cell in notebook.cells if points is not None else ():
        assert points is not None
        _shorten(cell, points)
    return str(jupytext.writes(notebook, FORMAT))


def _shorten(cell: NotebookNode, points: Points) -> None:
    if "nbgrader" in cell.metadata and says_nothing_new(cell, points):
        del cell.metadata["nbgrader"]
    if cell.cell_type == "code":
        cell.source = markers.shortened(cell.source)


def says_nothing_new(cell: NotebookNode, points: Points) -> bool:
    """Whether a cell's `nbgrader` block is what would be derived without it."""
    bare = NotebookNode(cell_type=cell.cell_type, source=cell.source)
    try:
        if bare.cell_type == "code":
            bare.source = markers.expanded(bare.source)
        return dict(cell.metadata["nbgrader"]) == derived(bare, points)
    except CellError:
        return False


def parsed(text: str) -> NotebookNode:
    """The notebook that jupytext reads in a text, with nothing derived."""
    return jupytext.reads(text, FORMAT)


@lru_cache(maxsize=32)
def lines(text: str) -> tuple[int, ...]:
    """The line, from 1, on which the source of each cell of a text begins."""
    found, position = [], text.find("\n---", 3) + 1 if has_header(text) else 0
    for cell in parsed(text).cells:
        source = cell.source.strip()
        position = max(text.find(source, position), position)
        found.append(text.count("\n", 0, position) + 1)
        position += len(source)
    return tuple(found)


def has_header(text: str) -> bool:
    """Whether a Markdown file declares itself a notebook (a README does not)."""
    return text.startswith("---") and "jupytext:" in text[:400]


def header() -> str:
    """The lines that stand on top of a text half, an empty one below them included."""
    empty = nbformat.v4.new_notebook(metadata=NotebookNode(kernelspec=NotebookNode(KERNEL)))
    return f"{str(jupytext.writes(empty, FORMAT)).strip()}\n\n"

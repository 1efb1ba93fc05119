"""A notebook handed in, made anew cell by cell against the one that was handed out, so that it is safe to run."""

from __future__ import annotations

import json
import reprlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.submissions import recognise
from autograder.submissions.assignment import graded_cells
from autograder.submissions.attachments import pictures
from autograder.submissions.submission import Unusable

MOST_CELLS = 2_000
"""Cells of one notebook. Each takes time to be checked; the course's own have a hundred."""


def restore(
    handed_in: bytes, released: NotebookNode, *, add_missing: bool = False
) -> tuple[NotebookNode, list[Diagnostic]]:
    """Make the notebook to run: the student's text in order, nbgrader's metadata from `released`.

    Tags, outputs, kernels and points in the file count for nothing: of each cell only its kind, text and attached
    images are taken. A cell that lost nbgrader's marks is recognised by its id or its text (`recognise.py`). Of a
    graded cell that is there twice, the last one counts, as in nbgrader. Raises
    `Unusable` where the file is no notebook, or another one.
    """
    cells = _cells(handed_in)
    known = {c.metadata.nbgrader.grade_id: c for c in released.cells if c.metadata.get("nbgrader", {}).get("grade_id")}
    ids = [_grade_id(cell) for cell in cells]
    recognised = recognise.without_marks(cells, ids, released)
    ids = [recognised.get(index, name) for index, name in enumerate(ids)]
    copies = Counter(i for i in ids if i in known)
    last = {grade_id: index for index, grade_id in enumerate(ids) if grade_id in known}

    made = [
        _made(cell, known[ids[index]] if last.get(ids[index]) == index else None, index)
        for index, cell in enumerate(cells)
    ]
    checked = graded_cells(released)
    if not any(grade_id in copies for grade_id in checked):
        raise Unusable("None of the cells that are graded is in this file. Is it another notebook?")
    missing = [i for i in checked if i not in copies]
    fate = "was missing and was put back as it was handed out" if add_missing else "is missing and counts zero"
    found = [Diagnostic(DiagnosticCode.CELL_MISSING, f"The graded cell {i} {fate}.", i) for i in missing]
    if add_missing:
        made = _with_missing(made, missing, released)
    if recognised:
        said = (
            f"{len(recognised)} cells had lost nbgrader's marks, as some programs do when they save a notebook; "
            "they were recognised by their ids and texts."
        )
        found.append(Diagnostic(DiagnosticCode.MARKS_LOST, said))
    found += [
        Diagnostic(DiagnosticCode.CELL_REPEATED, f"The cell {i} is there {n} times; the last one counts.", i)
        for i, n in copies.items()
        if n > 1
    ]
    kernel = NotebookNode(kernelspec=NotebookNode(released.metadata.get("kernelspec", {})))
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=kernel, cells=made), found


def _with_missing(made: list[NotebookNode], missing: Sequence[str], released: NotebookNode) -> list[NotebookNode]:
    """Put graded cells that are missing where they were handed out: after the cell of nbgrader's that came before them.

    As nbgrader does where `OverwriteCells.add_missing_cells` is set.
    """
    made = list(made)
    marked = [cell for cell in released.cells if cell.metadata.get("nbgrader", {}).get("grade_id")]
    names = [cell.metadata.nbgrader.grade_id for cell in marked]
    for name in missing:
        place = names.index(name)
        there = {cell.metadata.get("nbgrader", {}).get("grade_id"): index for index, cell in enumerate(made)}
        before = next((there[one] for one in reversed(names[:place]) if one in there), -1)
        made.insert(before + 1, _made(dict(marked[place]), marked[place], 0))
    for index, cell in enumerate(made, start=1):
        cell["id"] = f"cell-{index}"
    return made


def _cells(handed_in: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook file, each checked to have a kind and a text."""
    try:
        # In UTF-8 or, as some editors of Windows write it, in UTF-16 or UTF-32, with a byte order mark or without.
        data = json.loads(handed_in.decode(json.detect_encoding(handed_in)))
    except UnicodeDecodeError:
        raise Unusable("The file is not a notebook: it is not text. Save it as UTF-8.") from None
    except RecursionError:
        raise Unusable("The file is not a notebook: it is nested too deep.") from None
    except ValueError as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable(f"The file is not a notebook: it breaks off or is garbled{where}.") from None
    if not isinstance(data, dict) or "nbformat" not in data:
        raise Unusable("The file is not a notebook, though it is JSON.")
    if data["nbformat"] != 4:
        data = _upgraded(data)
    cells = data.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unusable("The file is not a notebook: it has no list of cells.")
    if len(cells) > MOST_CELLS:
        raise Unusable(f"The notebook has {len(cells):,} cells, more than {MOST_CELLS:,}. Remove the empty ones.")
    for number, cell in enumerate(cells, start=1):
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            cell["source"] = source = "".join(source)
        if not isinstance(source, str) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Unusable(f"The file is not a notebook: its cell {number} has no text or no known kind.")
    return cells


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(nbformat.convert(nbformat.from_dict(data), 4))
    except Exception:  # whatever an old or made-up format breaks in the conversion
        known = reprlib.repr(data["nbformat"])
        raise Unusable(f"The file is a notebook of format {known}, which cannot be read.") from None


def _grade_id(cell: dict[str, Any]) -> str:
    meta = cell.get("metadata")
    nbgrader = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def _made(cell: dict[str, Any], pristine: NotebookNode | None, index: int) -> NotebookNode:
    kind = pristine.cell_type if pristine else cell["cell_type"]
    # Not by nbformat's own makers: they validate each cell, which takes longer than all else that is done here.
    made = NotebookNode(id=f"cell-{index + 1}", cell_type=kind, metadata=NotebookNode(), source=_text(cell["source"]))
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    if pristine:
        made.metadata["nbgrader"] = NotebookNode(pristine.metadata.nbgrader)
    if kind == "markdown" and (found := pictures(cell.get("attachments"), made.source)):
        made["attachments"] = found
    return made


def _text(text: str) -> str:
    """Text that can be written: half of a surrogate pair can stand in JSON, but in no file and no message."""
    return text.encode("utf-8", "replace").decode("utf-8")

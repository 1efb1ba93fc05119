"""Which cells are which, in a notebook that came back without nbgrader's marks.

Converters and other programs drop the metadata of cells. What is left tells the cells apart all the same: the ids that
notebooks give their cells, the text of checks, which nobody has to change, and the order of cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils


def without_marks(cells: Sequence[Mapping[str, Any]], ids: Sequence[str], released: NotebookNode) -> dict[int, str]:
    """Return nbgrader's ids of cells that have none, by their place in `cells`.

    Parameters
    ----------
    cells:
        The cells handed in.
    ids:
        The id that nbgrader's mark in each of them says; empty where there is none.
    released:
        The notebook handed out. Only cells of it are recognised that are in `ids` nowhere.
    """
    marked = [str(cell.metadata.get("nbgrader", {}).get("grade_id", "")) for cell in released.cells]
    there = set(ids)
    lost = [place for place, name in enumerate(marked) if name and name not in there]
    handed_out = {_text(cell.source) for cell, name in zip(released.cells, marked, strict=True) if not name}
    free = [
        i
        for i, name in enumerate(ids)
        if (not name or name not in marked) and _text(cells[i]["source"]) not in handed_out
    ]
    most_are_lost = 2 * len(lost) > sum(map(bool, marked))
    found: dict[int, str] = {}

    def take(index: int, place: int) -> None:
        found[index] = marked[place]
        free.remove(index)
        lost.remove(place)

    by_id = {str(cells[index].get("id")): index for index in free if cells[index].get("id")}
    for place in list(lost):
        index = by_id.get(str(released.cells[place].get("id")))
        if index in free and cells[index]["cell_type"] == released.cells[place].cell_type:
            take(index, place)
    for place in list(lost):
        if not utils.is_locked(released.cells[place]):
            continue
        text = _text(released.cells[place].source)
        same = [index for index in free if cells[index]["cell_type"] == released.cells[place].cell_type]
        same = [index for index in same if text and _text(cells[index]["source"]) == text]
        if same:
            take(same[-1], place)  # of two the last one counts, as in nbgrader
    if most_are_lost:  # else what is not there was taken out by the student
        _between(cells, marked, found, ids, released, list(lost), free, take)
    return found


def _between(
    cells: Sequence[Mapping[str, Any]],
    marked: Sequence[str],
    found: Mapping[int, str],
    ids: Sequence[str],
    released: NotebookNode,
    lost: Sequence[int],
    free: Sequence[int],
    take: Any,
) -> None:
    """Take what stands right after, or right before, the cell after, or before, which it was handed out."""
    texts = {_text(cell["source"]): index for index, cell in enumerate(cells)}

    def place_of(place: int) -> int | None:
        """Where the cell of that place in `released` stands in `cells`."""
        if not 0 <= place < len(marked):
            return None
        if name := marked[place]:
            known = {found.get(index, name): index for index, name in enumerate(ids)}
            return known.get(name)
        return texts.get(_text(released.cells[place].source))

    for place in lost:
        for neighbour, step in ((place - 1, 1), (place + 1, -1)):
            beside = place_of(neighbour)
            index = -1 if beside is None else beside + step
            if index in free and cells[index]["cell_type"] == released.cells[place].cell_type:
                take(index, place)
                break


def _text(source: Any) -> str:
    """A cell's text without what editors change at the ends of lines."""
    return "\n".join(line.rstrip() for line in str(source).strip().splitlines())

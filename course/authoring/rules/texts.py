"""The text half of an exercise notebook says nothing that is derived."""

from __future__ import annotations

from collections.abc import Iterator

from course.authoring import markers, pairing, text_form
from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles


def texts_say_nothing_twice(unit: UnitFiles) -> Iterator[Complaint]:
    """No cell spells out nbgrader's metadata, or the lines around a value, where `course sync` derives them."""
    text = unit.source_path.with_suffix(".md")
    if not text.is_file():
        return
    points = pairing.points(pairing.Pair(unit.source_path, text))
    assert points is not None
    written = text.read_text(encoding="utf-8")
    for cell, line in zip(text_form.parsed(written).cells, text_form.lines(written), strict=True):
        where = f"{unit.tree.show(text)}:{line}"
        if "nbgrader" in cell.metadata and text_form.says_nothing_new(cell, points):
            yield Complaint(where, "its nbgrader block says what is derived from the cell", "Leave the block out.")
        if cell.cell_type == "code" and (short := markers.shortened(cell.source)) != cell.source:
            marked = next(line for line in short.splitlines() if line.endswith(markers.MARK))
            yield Complaint(where, "an answer takes four lines that one can say", f"Write: {marked}")

"""A lesson opens with its gate, and closes with its common mistakes and its progress."""

from __future__ import annotations

from collections.abc import Iterator

from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import calls, code_cells


def opens_with_its_gate(unit: UnitFiles) -> Iterator[Complaint]:
    """The first code cell calls `gate` with the unit's id."""
    yield from _expects(unit, "gate", 0, "the first code cell does not open the lesson", "Let it call")


def ends_with_its_progress(unit: UnitFiles) -> Iterator[Complaint]:
    """The last code cell calls `progress` with the unit's id."""
    yield from _expects(unit, "progress", -1, "the last code cell does not close the lesson", "Let it call")


def lists_its_common_mistakes(unit: UnitFiles) -> Iterator[Complaint]:
    """Its common mistakes are rendered from the bank, so that they are never out of date."""
    if unit.lesson and not any(call.text == unit.id for call in calls(unit.lesson, "common_mistakes")):
        yield Complaint(
            unit.tree.show(unit.lesson_path),
            "the lesson does not list its common mistakes",
            f'Add a cell with common_mistakes("{unit.id}") before its progress.',
        )


def _expects(unit: UnitFiles, name: str, position: int, what: str, how: str) -> Iterator[Complaint]:
    if unit.lesson is None:
        return
    cells = [index for index, _ in code_cells(unit.lesson)]
    if not cells:
        yield Complaint(unit.tree.show(unit.lesson_path), "the lesson has no code cell", f'{how} {name}("{unit.id}").')
        return
    found = calls(unit.lesson, name)
    if not any(call.cell == cells[position] and call.text == unit.id for call in found):
        other = next((call.text for call in found if call.text != unit.id), None)
        said = f"it says {name}(“{other}”)" if other else f"it has no {name} of this unit"
        where = unit.place(unit.lesson_path, cells[position])
        yield Complaint(where, f"{what}: {said}", f'{how} {name}("{unit.id}").')

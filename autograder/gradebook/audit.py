"""Whether nbgrader's tables still hold what grading wrote there.

Others write to them as well: stock `nbgrader autograde`, formgrader, a script. So grading keeps a copy of all that it
left there (`Written`), beside its verdicts, and whoever reads points compares. What people enter (`PEOPLES`) is theirs;
every other column of a submission's rows is compared, and one that nbgrader adds some day will be, too.

The copy stands in the same database. It is meant for programs that do not know of it; somebody who forges both is not
found.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sql
from nbgrader.api import Base
from sqlalchemy.engine import Connection

PEOPLES = {
    "assignment": {"duedate"},
    "submitted_assignment": {"extension"},
    "submitted_notebook": {"flagged"},
    "grade": {"manual_score", "extra_credit"},
    "comment": {"manual_comment"},
}
"""The columns that people fill in, by table: grading never writes them, and takes them as they are."""

_T = Base.metadata.tables
_ASSIGNMENT, _NOTEBOOK, _CELL = _T["assignment"], _T["notebook"], _T["base_cell"]
_SUBMITTED, _PLACE, _GRADE, _COMMENT = _T["submitted_assignment"], _T["submitted_notebook"], _T["grade"], _T["comment"]
_KINDS = ("grade_cells", "solution_cells", "task_cells")

Sheet = dict[str, dict[str, dict[str, Any]]]
"""What stands in nbgrader's tables: by table, by the entry's name, by column. An entry is called after its notebook and
cell (`02-jacobians/scale-check`); a submission itself has no name. `?` and a number stand for what is gone."""


class Held(NamedTuple):
    """What nbgrader's tables hold of one submission."""

    sheet: Sheet
    given: dict[str, tuple[float | None, float | None]]
    """Manual score and extra credit of each graded cell, by the entry's name."""


@dataclass(frozen=True)
class Written:
    """What grading left of one submission, to be compared with what is found later."""

    sheet: Sheet
    texts: dict[str, str] = field(default_factory=dict)
    """A digest of what a person reads to score a cell, by the cell."""
    copy: str = ""
    """A digest of the notebook as it ran; empty where it did not."""

    def to_bytes(self) -> bytes:
        return zlib.compress(json.dumps(asdict(self), sort_keys=True).encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> Written:
        return cls(**json.loads(zlib.decompress(data)))


@dataclass(frozen=True)
class Change:
    """One difference of nbgrader's tables from what grading left."""

    table: str
    name: str
    """The entry's; empty for the submission itself."""
    column: str | None
    """None where the whole entry was added or removed."""
    there: Any
    due: Any

    @property
    def cell(self) -> str:
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Changes:
    """All differences of one unit from what grading left."""

    cells: tuple[Change, ...] = ()
    """In the assignment itself: what its cells are worth, and which there are."""
    students: dict[str, tuple[Change, ...]] = field(default_factory=dict)
    """In a student's submission."""
    removed: tuple[str, ...] = ()
    """Who was graded, and has no submission there any more."""
    strangers: tuple[str, ...] = ()
    """Who has a submission there, and was not graded here."""
    unkept: tuple[str, ...] = ()
    """Who was graded by an earlier version, which kept nothing to compare with."""

    def __bool__(self) -> bool:
        return bool(self.cells or self.students or self.removed or self.strangers or self.unkept)


# --------------------------------------------------------------------------- reading


def submissions(db: Connection, unit: str, student: str | None = None) -> dict[str, Held]:
    """Read what nbgrader's tables hold of each submission of `unit`, or of one student's."""
    found: dict[str, Held] = {}
    submitted = _SUBMITTED.join(_ASSIGNMENT, _SUBMITTED.c.assignment_id == _ASSIGNMENT.c.id)
    # An entry whose notebook or cell is gone counts in nbgrader's sums, so it is read, too.
    places = submitted.join(_PLACE, _PLACE.c.assignment_id == _SUBMITTED.c.id).outerjoin(
        _NOTEBOOK, _PLACE.c.notebook_id == _NOTEBOOK.c.id
    )
    where = _ASSIGNMENT.c.name == unit
    if student is not None:
        where &= _SUBMITTED.c.student_id == student

    def entries(table: sql.Table, joined: Any, *more: Any) -> Iterable[Any]:
        query = sql.select(_SUBMITTED.c.student_id, *more, *_compared(table))
        return db.execute(query.select_from(joined).where(where))

    for who, *values in entries(_SUBMITTED, submitted):
        sheet: Sheet = {table.name: {} for table in (_SUBMITTED, _PLACE, _GRADE, _COMMENT)}
        sheet[_SUBMITTED.name][""] = _named(_SUBMITTED, values)
        found[who] = Held(sheet, {})
    notebook = sql.func.coalesce(_NOTEBOOK.c.name, "?" + _PLACE.c.id)
    for who, name, *values in entries(_PLACE, places, notebook):
        found[who].sheet[_PLACE.name][name] = _named(_PLACE, values)
    for table, more in ((_GRADE, (_GRADE.c.manual_score, _GRADE.c.extra_credit)), (_COMMENT, ())):
        its = (table.c.cell_id == _CELL.c.id) & (_CELL.c.notebook_id == _PLACE.c.notebook_id)
        joined = places.join(table, table.c.notebook_id == _PLACE.c.id).outerjoin(_CELL, its)
        cell = sql.func.coalesce(_CELL.c.name, "?" + table.c.id)
        for who, where_, name, *values in entries(table, joined, notebook, cell, *more):
            entry = f"{where_}/{name}"
            found[who].sheet[table.name][entry] = _named(table, values[len(more) :])
            if more:
                found[who].given[entry] = (values[0], values[1])
    return found


def lost(name: str) -> bool:
    """Return whether an entry's notebook or cell is gone. nbgrader still adds its points up; grading gives none."""
    return any(part.startswith("?") for part in name.split("/"))


def cells(db: Connection, unit: str) -> Sheet:
    """Read the kinds and points of the assignment's cells from nbgrader's tables."""
    sheet: Sheet = {}
    for table in (_T[name] for name in _KINDS):
        columns = [_CELL.c.type, *_compared(table)]
        joined = table.join(_CELL, table.c.id == _CELL.c.id).join(_NOTEBOOK, _CELL.c.notebook_id == _NOTEBOOK.c.id)
        query = sql.select(_NOTEBOOK.c.name, _CELL.c.name, *columns).select_from(
            joined.join(_ASSIGNMENT, _NOTEBOOK.c.assignment_id == _ASSIGNMENT.c.id)
        )
        sheet[table.name] = {
            f"{notebook}/{cell}": {column.name: _plain(value) for column, value in zip(columns, values, strict=True)}
            for notebook, cell, *values in db.execute(query.where(_ASSIGNMENT.c.name == unit))
        }
    return sheet


def most(cells: Sheet) -> float:
    """The most points that an assignment with these cells gives."""
    return sum(entry.get("max_score") or 0.0 for table in _KINDS for entry in cells.get(table, {}).values())


def _compared(table: sql.Table) -> list[Any]:
    theirs = PEOPLES.get(table.name, set())
    return [c for c in table.columns if not c.primary_key and not c.foreign_keys and c.name not in theirs]


def _named(table: sql.Table, values: Iterable[Any]) -> dict[str, Any]:
    return {column.name: _plain(value) for column, value in zip(_compared(table), values, strict=True)}


def _plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    return value.isoformat() if isinstance(value, date) else value


# --------------------------------------------------------------------------- comparing


def waits(auto: float | None, flag: bool, manual: float | None, there: bool) -> bool:
    """Return whether a cell waits for a person.

    `auto` and `flag` are the automatic score and the mark *needs manual grade* as grading wrote them; `manual` and
    `there` are the manual score and that mark as they are found. Where nobody has given a score, it waits if it has no
    automatic one. Where somebody has, only what grading asked to be read again waits, until that is done.
    """
    return auto is None if manual is None else flag and there


def compare(due: Sheet, there: Sheet, given: Mapping[str, tuple[float | None, float | None]]) -> tuple[Change, ...]:
    """Return the differences between two sheets. `given` holds manual scores, which move the mark *needs manual grade*."""
    found = []
    for table in sorted(due.keys() | there.keys()):
        was, now = due.get(table, {}), there.get(table, {})
        for name in sorted(was.keys() | now.keys()):
            if name not in was or name not in now:
                found.append(Change(table, name, None, now.get(name), was.get(name)))
                continue
            for column in sorted(was[name].keys() | now[name].keys()):
                expected, value = was[name].get(column), now[name].get(column)
                if (table, column) == (_GRADE.name, "needs_manual_grade"):
                    manual = given.get(name, (None, None))[0]
                    expected = waits(was[name]["auto_score"], bool(expected), manual, bool(value))
                if value != expected:
                    found.append(Change(table, name, column, value, expected))
    return tuple(found)


def all_changes(
    results: Mapping[str, Written | None], held: Mapping[str, Held], kept_cells: Sheet | None, cells_there: Sheet
) -> Changes:
    """Compare what grading kept of a unit, by student and of its cells, with what the tables hold now."""
    by_student: dict[str, tuple[Change, ...]] = {}
    for student, written in results.items():
        if written is not None and student in held and (changed := compare(written.sheet, *held[student])):
            by_student[student] = changed
    return Changes(
        compare(kept_cells, cells_there, {}) if kept_cells is not None else (),
        by_student,
        tuple(sorted(results.keys() - held.keys())),
        tuple(sorted(held.keys() - results.keys())),
        tuple(sorted(student for student, written in results.items() if written is None and student in held)),
    )


# --------------------------------------------------------------------------- telling

_FEW = 4
"""So many differences of one student are told one by one."""


def told(
    changes: Changes, names: Mapping[str, str] | None = None, unless: Collection[str] = (), only: str | None = None
) -> list[str]:
    """Return a sentence for each student whose submission is not as grading left it, and one for the cells.

    `names` are the exercises', by their cells. Nothing is said of the students in `unless`, or of others than `only`.
    """

    def meant(students: Iterable[str]) -> list[str]:
        return [one for one in sorted(students) if one not in unless and only in (None, one)]

    said = []
    if changes.cells:
        said.append(f"The gradebook holds other cells than the class was graded with: {_list(changes.cells, names)}.")
    for student in meant(changes.students):
        found = _list(changes.students[student], names)
        said.append(f"{student} was changed in the gradebook after grading: {found}.")
    said += [f"{student} was graded, and is no longer in the gradebook." for student in meant(changes.removed)]
    said += [f"{student} is in the gradebook, and was not graded here." for student in meant(changes.strangers)]
    said += [
        f"{student} was graded by an earlier version, which kept nothing to compare the gradebook's points with."
        for student in meant(changes.unkept)
    ]
    return said


def _list(found: Iterable[Change], names: Mapping[str, str] | None) -> str:
    kinds = defaultdict(list)
    for one in found:
        kinds[one.table == _GRADE.name and one.column == "auto_score"].append(one)
    phrases = [_phrase(one, names or {}) for one in kinds[True][:_FEW]]
    if len(kinds[True]) > _FEW:
        there, due = (sum(getattr(one, side) or 0.0 for one in kinds[True]) for side in ("there", "due"))
        phrases.append(f"… in {len(kinds[True])} cells {_points(there)}, and {due:g} due")
    phrases += [_phrase(one, names or {}) for one in kinds[False][:_FEW]]
    if len(kinds[False]) > _FEW:
        phrases.append(f"and {len(kinds[False]) - _FEW} more")
    return "; ".join(phrases)


def _points(value: Any) -> str:
    return "no points" if value is None else f"{value:g} point{'' if value == 1 else 's'}"


def _phrase(one: Change, names: Mapping[str, str]) -> str:
    """One difference in words: what is there, and what is due."""
    name = names.get(one.cell, one.cell)
    match one.table, one.column:
        case "submitted_assignment", None:
            return "its entry was made anew"
        case table, None:
            kind = {"grade": "score of ", "comment": "remark beside ", "submitted_notebook": ""}.get(table, "cell ")
            return f"{'there is no' if one.there is None else 'there is an added'} {kind}{name}"
        case "grade", "auto_score":
            return f"{name} has {_points(one.there)}, and {'none' if one.due is None else f'{one.due:g}'} due"
        case "grade", "needs_manual_grade":
            if one.there:
                return f"{name} is marked to be read, and was read"
            return f"{name} is marked as read, and nobody has read it"
        case "submitted_notebook", "late_submission_penalty":
            return f"{one.there or 0:g} points are taken off for lateness, and {one.due or 0:g} should be"
        case "comment", "auto_comment":
            return f"beside {name} stands “{one.there or ''}”, and “{one.due or ''}” should"
        case _, "max_score":
            return f"{name} is worth {_points(one.there)}, and was worth {one.due or 0:g}"
        case _, "timestamp":
            return f"it was handed in at {one.there or 'no time'}, and was at {one.due or 'no time'}"
        case _:
            return f"{one.column} of {name or 'it'} is {one.there}, and was {one.due}"

"""Grades for a learning platform: what is written, of whom, and what is left out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.errors import GradingError
from autograder.files import unwritable
from autograder.gradebook.rows import Row
from autograder.reports.lms.gradescope import gradescope
from autograder.reports.lms.roster import Export, Options, Roster, System
from autograder.reports.lms.spreadsheet import filled, listed
from autograder.submissions.result import Status


def export(
    to: System,
    unit: str,
    rows: Sequence[Row],
    roster: Roster | None = None,
    options: Options | None = None,
    names: Mapping[str, tuple[str, float]] | None = None,
) -> Export:
    """The grades of `rows` for the system `to`.

    Parameters
    ----------
    roster:
        What the system exported: students are matched with it by id, and all it holds stays.
    names:
        Name and points of each graded cell, for a format that shows them.

    Raises
    ------
    GradingError
        Where the roster lacks a column, has an id twice, or has other points for the assignment; one sentence says so.
    """
    options = options or Options()
    if not rows:
        raise GradingError(f"Nothing of {unit} has been graded yet, so there is nothing to export.")
    made = Export(b"")
    final: dict[str, Row] = {}
    for row in rows:
        why = unfinished(row)
        if why and not options.with_unread:
            made.held_back[row.student] = why
        else:
            final[row.student] = row
    everyone = {row.student for row in rows}
    if to is System.GRADESCOPE:
        gradescope(made, unit, final, everyone, roster, options, names or {})
    elif roster is not None:
        filled(made, to, unit, final, rows, roster, options)
    else:
        listed(made, to, unit, final, rows, options)
    why_not = {row.student: why for row in rows if (why := unfinished(row))}
    made.warnings += [f"{one} is exported, and not final: {why_not[one]}" for one in made.exported if one in why_not]
    return made


def unfinished(row: Row) -> str:
    """Why a result is not final; empty where it is."""
    if row.state is not Status.GRADED:
        return f"{row.state.value}: {row.reason}" if row.reason else row.state.value
    if not row.kept:
        return "graded by an earlier version, which kept nothing to compare its points with: grade again"
    if row.unread:
        return f"waits for a person to read {', '.join(row.unread)}"
    return ""


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole; `GradingError` where one is, or the disk refuses.

    There is no way to overwrite one: what stands there may be the only copy of grades that somebody edited.
    """
    there = GradingError(f"{path} is there already, and is not overwritten. Name another file.", parameter="out")
    if os.path.lexists(path):
        raise there
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:50]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            try:
                os.link(temporary, path)  # unlike a renaming, this fails where something is
            except FileExistsError:
                raise there from None
        finally:
            os.unlink(temporary)
    except OSError as error:
        raise GradingError(unwritable(path, error), parameter="out") from None

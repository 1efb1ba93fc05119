"""Diagnostics: what an instructor should know of a submission beside its points, each with a code.

Programs read the code; people read the text. No module looks into the text to learn what happened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class DiagnosticCode(StrEnum):
    """The kind of a diagnostic. Gradebooks keep these values, so a value never changes its meaning and is never reused."""

    FILE_UNUSABLE = "file-unusable"
    """The file handed in cannot be read, or is no notebook of this unit."""
    NAMED_OTHERWISE = "named-otherwise"
    """The file was not called as it should be; it was plain what was meant."""
    FILES_LEFT = "files-left"
    """Files were handed in beside the notebook that did not count."""
    MARKS_LOST = "marks-lost"
    """A program had taken nbgrader's marks out of the file; its cells were recognised without them."""
    CELL_FAILED = "cell-failed"
    """A cell raised an error, and checks after it failed for that."""
    CELL_MISSING = "cell-missing"
    """A graded cell is not in the notebook."""
    CELL_REPEATED = "cell-repeated"
    """A graded cell is in the notebook more than once; the last one counts."""
    CELL_STOPPED = "cell-stopped"
    """A cell ran too long, and was interrupted."""
    CELL_WOULD_NOT_STOP = "cell-would-not-stop"
    """A cell ran too long, ignored the interrupt, and cost the kernel."""
    KERNEL_DIED = "kernel-died"
    """The kernel ended while a cell ran."""
    KERNEL_NOT_STARTED = "kernel-not-started"
    """No kernel came up at all."""
    KERNELS_USED_UP = "kernels-used-up"
    """The kernel died so often that the rest of the notebook was not run."""
    NOTEBOOK_STOPPED = "notebook-stopped"
    """The whole notebook ran too long; the rest was not run."""
    ANSWER_TO_ANOTHER_EXERCISE = "answer-to-another-exercise"
    """A cell handed over an answer to an exercise that it does not ask. It was not counted."""
    ANSWER_REPEATED = "answer-repeated"
    """A cell handed over more than one answer; the first counts."""
    ANSWER_REFUSED = "answer-refused"
    """What a cell handed over is no answer that can be read."""
    JUDGE_FAILED = "judge-failed"
    """The bank or the judge raised an error on an answer."""
    JUDGED_INSIDE = "judged-inside"
    """A cell was judged in the student's own process, as stock nbgrader does it."""
    UNCONFINED = "unconfined"
    """The notebook ran without a sandbox."""
    GRADING_FAILED = "grading-failed"
    """The grader itself raised an error on the submission."""
    GRADER_DIED = "grader-died"
    """Grading the submission twice ended the process that grades."""
    UNSPECIFIED = "unspecified"
    """Written by a version that kept no codes."""


OF_THE_SETTING = frozenset({DiagnosticCode.JUDGED_INSIDE, DiagnosticCode.UNCONFINED})
"""What says how a class is graded, and is nothing to tell a student."""


class Diagnostic(NamedTuple):
    """Something an instructor should know of a submission: its kind, a sentence, and the cell it is about.

    `cell` is nbgrader's id of the cell, or `cell 7` where it has none; None where it is about no single cell.
    """

    code: DiagnosticCode
    text: str
    cell: str | None = None


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Join the texts of `diagnostics` to one line."""
    return " ".join(one.text for one in diagnostics)


def first_cell(diagnostics: Iterable[Diagnostic]) -> str | None:
    """Return the cell of the first diagnostic that is about one."""
    return next((one.cell for one in diagnostics if one.cell), None)


# --------------------------------------------------------------------------- as a gradebook keeps them


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Encode `diagnostics` for the gradebook."""
    return json.dumps([list(one) for one in diagnostics])


def from_lists(data: Iterable[Iterable[str | None]]) -> tuple[Diagnostic, ...]:
    """Decode diagnostics from lists of code, text and cell; a code that this version does not know is `UNSPECIFIED`."""
    return tuple(Diagnostic(_code(str(code)), str(text), cell) for code, text, cell in data)


def from_gradebook(kept: str | None, reason: str, cell: str | None) -> tuple[Diagnostic, ...]:
    """Decode the diagnostics of one submission as the gradebook keeps it.

    Parameters
    ----------
    kept:
        What `to_json` wrote; None in a row of a version that kept no codes.
    reason, cell:
        All texts as one line, and the first cell: all that such a row has. Its codes are read off the sentences which
        that version wrote.
    """
    return from_lists(json.loads(kept)) if kept else _without_codes(reason, cell)


def _code(value: str) -> DiagnosticCode:
    try:
        return DiagnosticCode(value)
    except ValueError:
        return DiagnosticCode.UNSPECIFIED


_UNCODED = re.compile(
    r"(?P<inside>The cell (?P<cell>\S+) was judged in the student's process\.)|(?P<unconfined>It ran without a sandbox\.)"
)
"""The sentences of versions without codes that the report puts elsewhere than among remarks. Never to be changed."""


def _without_codes(reason: str, cell: str | None) -> tuple[Diagnostic, ...]:
    made, end = [], 0

    def rest(text: str) -> None:
        if text := text.strip():
            made.append(Diagnostic(DiagnosticCode.UNSPECIFIED, text, cell))

    for found in _UNCODED.finditer(reason):
        rest(reason[end : found.start()])
        if found["inside"]:
            made.append(Diagnostic(DiagnosticCode.JUDGED_INSIDE, found["inside"], found["cell"]))
        else:
            made.append(Diagnostic(DiagnosticCode.UNCONFINED, found["unconfined"]))
        end = found.end()
    rest(reason[end:])
    return tuple(made)

"""How the grading of one submission ended: plain data, which crosses processes as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from autograder import diagnostics
from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.judging.verdict import Verdict, VerdictState


class Status(StrEnum):
    """Every submission ends in exactly one of these."""

    GRADED = "graded"
    FAILED = "failed"
    """It cannot be graded, for a reason of its own: its file, its kernel."""
    QUARANTINED = "quarantined"
    """Grading it ended the grader's own process, twice. It is tried again once it, or what it is graded with, has changed."""


class Mark(NamedTuple):
    """What one graded cell earned. `score` is None where a person has yet to read the answer."""

    score: float | None
    needs_reading: bool = False
    text: str = ""
    """A digest of what a person reads to score it: where that is another, a score given to it is looked at again."""


@dataclass(frozen=True, kw_only=True)
class GradingResult:
    """The result of one submission, however it ended. One that was not graded has no marks, and is written down as zeros."""

    student: str
    unit: str
    ending: Status
    diagnostics: tuple[Diagnostic, ...] = ()
    marks: dict[str, Mark] = field(default_factory=dict)
    """By nbgrader's id of the cell, for every graded cell of the assignment."""
    mistakes: dict[str, str] = field(default_factory=dict)
    """The name of the mistake diagnosed, by the id of the cell that checks the answer."""
    comments: dict[str, str | None] = field(default_factory=dict)
    late_penalty: float | None = None
    notebook: str = ""
    """The notebook as it ran, as text; empty where it did not."""
    feedback: str = ""
    """The page for the learner."""
    seconds: float = 0.0
    answers: dict[str, str] = field(default_factory=dict)
    """What was handed to the judge, as JSON text, by the id of the cell that checks: enough to judge it again. The text is
    empty where that was too large to be kept; a cell from which no answer came is not there."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What the judge said of each answer, by the id of the cell that checks."""

    @property
    def reason(self) -> str:
        """The texts of all diagnostics as one line."""
        return diagnostics.as_text(self.diagnostics)

    @property
    def cell(self) -> str | None:
        """The cell that the first diagnostic with a cell is about."""
        return diagnostics.first_cell(self.diagnostics)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> GradingResult:
        data = json.loads(text)
        data["ending"] = Status(data["ending"])
        data["diagnostics"] = diagnostics.from_lists(data["diagnostics"])
        data["marks"] = {cell: Mark(*mark) for cell, mark in data["marks"].items()}
        data["verdicts"] = {cell: verdict_of(verdict) for cell, verdict in data["verdicts"].items()}
        return cls(**data)


def verdict_of(data: dict[str, Any]) -> Verdict:
    """The verdict that `dataclasses.asdict` took apart."""
    return Verdict(**{**data, "state": VerdictState(data["state"])})


def failed(
    student: str, unit: str, code: DiagnosticCode, text: str, cell: str | None = None, *, seconds: float = 0.0
) -> GradingResult:
    """Make the result of a submission that could not be graded, with the diagnostic that says why."""
    why = (Diagnostic(code, text, cell),)
    return GradingResult(student=student, unit=unit, ending=Status.FAILED, diagnostics=why, seconds=seconds)


def quarantined(student: str, unit: str, text: str) -> GradingResult:
    """Make the result of a submission whose grading ends the grader's own process."""
    why = (Diagnostic(DiagnosticCode.GRADER_DIED, text),)
    return GradingResult(student=student, unit=unit, ending=Status.QUARANTINED, diagnostics=why)


def total(marks: Sequence[Mark]) -> float:
    """The points of `marks`; an answer nobody has read yet counts zero."""
    return sum(mark.score or 0.0 for mark in marks)

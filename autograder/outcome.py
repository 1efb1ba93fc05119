"""How the grading of one submission ended: plain data, which crosses processes as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from autograder.exercise import State, Verdict


class Ending(StrEnum):
    """Every submission ends in exactly one of these."""

    GRADED = "graded"
    FAILED = "failed"
    """It cannot be graded, for a reason of its own: its file, its kernel."""
    QUARANTINED = "quarantined"
    """Grading it ended the grader's own process, twice. The next batch tries it again."""


class Remark(NamedTuple):
    """Something an instructor should know of a submission, and the cell it is about (nbgrader's id, or `cell 7`)."""

    reason: str
    cell: str | None = None


class Mark(NamedTuple):
    """What one graded cell earned. `score` is None where a person has yet to read the answer."""

    score: float | None
    needs_reading: bool = False


@dataclass(frozen=True)
class Outcome:
    """One submission, however it ended. What was not graded has no marks: whoever writes it down writes zeros."""

    student: str
    unit: str
    ending: Ending
    remarks: tuple[Remark, ...] = ()
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
    """What was handed to the judge, as JSON text, by the id of the cell that checks: enough to judge it again."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What the judge said of each answer, by the id of the cell that checks."""

    @property
    def reason(self) -> str:
        """All remarks as one line."""
        return " ".join(remark.reason for remark in self.remarks)

    @property
    def cell(self) -> str | None:
        """The cell that the first remark with a cell is about."""
        return next((remark.cell for remark in self.remarks if remark.cell), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        data = json.loads(text)
        data["ending"] = Ending(data["ending"])
        data["remarks"] = tuple(Remark(*remark) for remark in data["remarks"])
        data["marks"] = {cell: Mark(*mark) for cell, mark in data["marks"].items()}
        data["verdicts"] = {cell: verdict_of(verdict) for cell, verdict in data["verdicts"].items()}
        return cls(**data)


def verdict_of(data: dict[str, Any]) -> Verdict:
    """The verdict that `dataclasses.asdict` took apart."""
    return Verdict(**{**data, "state": State(data["state"])})


def failed(student: str, unit: str, reason: str, cell: str | None = None, *, seconds: float = 0.0) -> Outcome:
    """The outcome of a submission that could not be graded."""
    return Outcome(student, unit, Ending.FAILED, (Remark(reason, cell),), seconds=seconds)


def quarantined(student: str, unit: str, reason: str) -> Outcome:
    """The outcome of a submission whose grading ends the grader's own process."""
    return Outcome(student, unit, Ending.QUARANTINED, (Remark(reason),))


def total(marks: Sequence[Mark]) -> float:
    """The points of `marks`; an answer nobody has read yet counts zero."""
    return sum(mark.score or 0.0 for mark in marks)

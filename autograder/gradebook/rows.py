"""What is read from the gradebook of one submission."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder import diagnostics
from autograder.diagnostics import Diagnostic
from autograder.judging.verdict import Verdict
from autograder.submissions.fingerprints import Fingerprint
from autograder.submissions.result import Status


@dataclass(frozen=True, kw_only=True)
class Row:
    """One student's result for a unit: the automatic points that grading gave, and what people put in their place."""

    student: str
    score: float
    max_score: float
    state: Status
    diagnostics: tuple[Diagnostic, ...] = ()
    scores: dict[str, float]
    """Points by the cell's id; a manual score in the place of the automatic one."""
    unread: tuple[str, ...]
    """The cells that wait for a person."""
    mistakes: dict[str, str]
    seconds: float = field(default=0.0, compare=False)
    """How long grading it took."""
    kept: bool = True
    """Whether the automatic points are those that grading kept; else, in a gradebook of an earlier version, those that
    nbgrader's tables hold, whoever wrote them."""

    @property
    def reason(self) -> str:
        """The texts of all diagnostics as one line."""
        return diagnostics.as_text(self.diagnostics)

    @property
    def cell(self) -> str | None:
        """The cell that the first diagnostic with a cell is about."""
        return diagnostics.first_cell(self.diagnostics)


@dataclass(frozen=True, kw_only=True)
class StoredSubmission:
    """What else the gradebook keeps of a submission: enough to explain its score, and to judge its answers again."""

    student: str
    attempt: int
    at: str
    """When it was written, in UTC."""
    state: Status
    diagnostics: tuple[Diagnostic, ...]
    seconds: float
    fingerprint: Fingerprint | None
    """What its result depended on; None where an earlier version did not keep that."""
    verdicts: dict[str, Verdict]
    answers: dict[str, str]
    copy: str
    """The digest of the notebook as it ran; empty where that is not known."""

"""All that grading one submission needs, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from traitlets.config import Config

from autograder.judging.examiner import GradedItem
from autograder.kernels.sandbox import Limits
from autograder.submissions.submission import Submission

PATIENCE = 10
"""A whole notebook may take this many times what one cell may; grading it ends it then."""
SLACK = 120
"""Seconds more, after which the process that grades is taken to hang."""


def allowed(seconds: int) -> float:
    """How long grading a notebook may take, in seconds, where one cell may run for so many."""
    return PATIENCE * seconds + SLACK


@dataclass(frozen=True, kw_only=True)
class Task:
    """All that grading one submission needs: plain data, but for the folders it names."""

    unit: str
    submission: Submission
    released: str
    """The notebook as it was handed out, as text."""
    source: Path
    """The folder of the units' sources, of which each kernel gets copies of what stands beside the notebook."""
    config: Config
    seconds: int
    """How long one cell may run."""
    graded_items: dict[str, GradedItem]
    """What each graded check asks, by its cell."""
    environment: dict[str, str]
    """What kernels find in their environment, beside what all of them do."""
    due: datetime | None = None
    confined: bool = True
    """Whether the kernel runs in the sandbox."""
    limits: Limits = field(default_factory=Limits)
    known: tuple[str, ...] = ()
    """Folders in which kernels may read the files whose names they know, and list nothing: the compile cache. Its files
    are named after a digest of the program, so only who has written the program finds what it was compiled to."""
    writable: tuple[str, ...] = ()
    """Folders that kernels may write beside their own: none, but for the solution's."""

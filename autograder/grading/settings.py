"""How a class is graded."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from autograder.kernels.sandbox import Limits


@dataclass(frozen=True)
class Settings:
    """How a class is graded."""

    into: Path
    """The folder of the gradebook, the feedback and the rest."""
    _: KW_ONLY
    seconds: int | None = None
    """How long one cell may run; by default nbgrader's own setting."""
    jobs: int = 1
    """How many submissions are graded at once."""
    unsafe: bool = False
    """Whether kernels run without the sandbox, as they must where a machine has none. Each result then says so."""
    limits: Limits = field(default_factory=Limits)
    """How much a kernel in the sandbox may use."""
    gradebook: str | None = None
    """The database, as a URL; by default `gradebook.db` in the folder."""
    cluster: str | None = None
    """The address of a Dask scheduler whose machines grade; by default this one does."""
    again: bool = False
    """Whether what has not changed is graded anew, too."""

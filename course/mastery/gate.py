"""What a standing says of a unit as a whole: how it is shown on the map, and what is missing before it opens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MapState(StrEnum):
    """A unit on the map."""

    LOCKED = "locked"
    OPEN = "open"
    STARTED = "in progress"
    MASTERED = "mastered"
    DUE = "due"


@dataclass(frozen=True)
class Gate:
    """Whether a unit is open, and if not, what is missing."""

    unit: str
    skills: tuple[tuple[str, str], ...] = ()
    """(unit, skill) pairs still to be mastered."""
    checkpoints: tuple[str, ...] = ()
    """Required units whose checkpoint is still to be passed."""
    walked_past: bool = False
    """The learner chose to continue without mastery; recorded, and shown as such."""

    @property
    def complete(self) -> bool:
        return not self.skills and not self.checkpoints

    @property
    def open(self) -> bool:
        return self.complete or self.walked_past

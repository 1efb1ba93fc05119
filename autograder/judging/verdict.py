"""What the judge says of an answer, and how that is worded."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class VerdictState(StrEnum):
    """How an answer ended. Each is told apart, because each asks something else of the learner."""

    RIGHT = "right"
    PARTLY = "partly right"
    WRONG = "wrong"
    NOT_ATTEMPTED = "not attempted"
    ROUNDED = "rounded too far"
    """Right to fewer figures than are asked for: it counts neither for nor against."""
    UNREADABLE = "unreadable"
    """A wrong kind of thing: text where a number was asked, a wrong shape, NaN, a missing `return`."""
    RAISED = "raised an error"
    ENDLESS = "took too long"
    RECORDED = "recorded"
    """No bank here: nothing was judged, and nothing is claimed."""


_WORDS = {
    VerdictState.RIGHT: ("✓", "Right"),
    VerdictState.PARTLY: ("◐", "Partly right"),
    VerdictState.WRONG: ("✗", "Not yet"),
    VerdictState.NOT_ATTEMPTED: ("○", "Not attempted"),
    VerdictState.ROUNDED: ("≈", "Rounded too far"),
    VerdictState.UNREADABLE: ("?", "Not what was asked for"),
    VerdictState.RAISED: ("!", "Your code raised an error"),
    VerdictState.ENDLESS: ("…", "Took too long"),
    VerdictState.RECORDED: ("●", "Recorded"),
}


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one answer: plain data, safe to send anywhere; it never holds the answer.

    `score` is the share of the points, from 0 to 1.
    """

    exercise: str
    state: VerdictState
    score: float
    out_of: float
    _: KW_ONLY
    asked: str = ""
    came_back: str = ""
    sentence: str = ""
    advice: str = ""
    mistake: str | None = None

    @property
    def points(self) -> float:
        return round(self.score * self.out_of, 6)

    @property
    def counts(self) -> bool:
        """Whether it is an attempt: for or against the one who answered."""
        return self.state not in (VerdictState.NOT_ATTEMPTED, VerdictState.UNREADABLE, VerdictState.ROUNDED)

    @property
    def right(self) -> bool:
        return self.state is VerdictState.RIGHT

    def heading(self, *, points: bool = True) -> str:
        """The state in a sign and words, with the points where something was judged."""
        sign, word = _WORDS[self.state]
        judged = points and self.state is not VerdictState.RECORDED
        return f"{sign} {word}" + (f" · {self.points:g} of {self.out_of:g} points" if judged else "")

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What a panel says below the heading, each line with its label; backticks mark code."""
        rows = (
            ("asked", self.asked),
            ("came back", self.came_back),
            ("because" if self.state is not VerdictState.RIGHT else "", self.sentence),
            ("try", self.advice),
        )
        return tuple((label, text) for label, text in rows if label and text)

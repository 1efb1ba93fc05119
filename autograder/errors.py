"""The exceptions of this project: one root for what a user reads, one base for what is caught inside.

A command catches `IsometryError` once and prints it as one sentence. An `InternalSignal` always ends in something else:
a result, a verdict, another attempt.
"""

from __future__ import annotations


class IsometryError(Exception):
    """Base class of every error that a learner, an author or an instructor reads: one sentence, no traceback.

    The text says what is wrong and what to do.

    Parameters
    ----------
    text:
        The sentence.
    parameter:
        The parameter that the last words of the text ask to change, such as `into`. A command names its own option for
        it there; the text itself names no option.
    """

    def __init__(self, text: str = "", *, parameter: str | None = None) -> None:
        super().__init__(text)
        self.parameter = parameter


class InternalSignal(Exception):
    """Base class of exceptions that one part of a package raises for another. No user sees one: each is caught inside."""


class GradingError(IsometryError):
    """Grading cannot start, or cannot go on. A fault of one submission is never this: it is that submission's result."""

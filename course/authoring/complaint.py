"""What lint says: one line with a place, what is wrong there, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple


class Complaint(NamedTuple):
    """Something wrong with the course, in one line."""

    where: str
    """A file, with a line or an exercise where that helps."""
    what: str
    """What is wrong, without a full stop."""
    how: str
    """What the author does about it, as a sentence."""

    def __str__(self) -> str:
        return " ".join(f"{self.where}: {self.what}. {self.how}".split())


def from_error(where: str, error: Exception, how: str = "Mend it and run lint again.") -> Complaint:
    """A complaint from an error whose text is already “what is wrong. What to do.”"""
    text = " ".join(str(error).split()) or type(error).__name__
    what, dot, rest = text.partition(". ")
    return Complaint(where, what.rstrip("."), rest if dot else how)


def near(name: str | None, known: Iterable[str]) -> str:
    """The nearest of `known` as a suggestion, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name or "", known, n=1)
    return f"Did you mean “{close[0]}”?" if close else f"There are: {', '.join(known) or 'none'}."

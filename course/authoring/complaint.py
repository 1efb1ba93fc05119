"""What lint says: one line with a place, what is wrong there, and how to mend it."""

from __future__ import annotations

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

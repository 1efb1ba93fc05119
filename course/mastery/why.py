"""The events behind what is shown: for each, when it was, what was asked and answered, and what it did."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from course.mastery.record import Event
from course.mastery.rule import Standing
from course.syllabus import Syllabus, Unit

WIDTH = 88
"""Columns of a terminal."""


@dataclass(frozen=True)
class Line:
    """One event, explained."""

    event: Event
    did: str
    """What it did, in a few words."""

    @property
    def when(self) -> str:
        """The minute, in UTC."""
        return f"{self.event.at:%Y-%m-%d %H:%M}"

    @property
    def sign(self) -> str:
        """Whether an answer was right; empty where the event is none."""
        return "" if self.event.kind != "answer" else "✓" if self.event.right else "✗"

    @property
    def asked(self) -> str:
        """The question as it was then; for an event of the first version its exercise and arguments."""
        e = self.event
        if e.kind != "answer":
            return ""
        return _calm(e.asked) or _calm(f"{e.exercise} {e.arguments}" if e.arguments else e.exercise)

    @property
    def answered(self) -> str:
        """The answer, the mistake it was, and after a wrong one what was accepted then."""
        e = self.event
        parts = [_calm(e.given) + (f" ({_calm(e.mistake)})" if e.mistake else "") if e.given else ""]
        parts.append(f"accepted was {_calm(e.accepted)}" if e.accepted and not e.right else "")
        return ", ".join(part for part in parts if part)

    @property
    def text(self) -> str:
        """The event as one line for a person."""
        if not self.sign:
            return f"{self.when}  {self.did}"
        answered = f" → {self.answered}" if self.answered else ""
        return f"{self.when}  {self.sign} {_calm(self.event.skill)}: {self.asked}{answered} · {self.did}"

    @property
    def paragraph(self) -> str:
        """The event for a terminal: what it did, and indented below it what was asked and answered."""
        what = f"{self.sign} {_calm(self.event.skill)} · " if self.sign else ""
        indent = " " * (len(self.when) + 2)
        lines = [f"{self.when}  {what}{self.did}", self.asked, f"→ {self.answered}" if self.answered else ""]
        return "\n".join(
            textwrap.fill(line, WIDTH, initial_indent=indent if n else "", subsequent_indent=indent)
            for n, line in enumerate(lines)
            if line
        )


def _calm(text: str) -> str:
    """Text in one line, without characters that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def explain(syllabus: Syllabus, events: Iterable[Event], unit: Unit) -> list[Line]:
    """Every event that has to do with `unit`, in order, with what it did."""
    standing = Standing(syllabus)
    lines = []
    for event in events:
        did = standing.take(event)
        if standing.unit_of(event) == unit.id:
            lines.append(Line(event, did))
    return lines

"""The events behind what is shown: for each, when it was, what was asked and answered, and what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from course.manifest import Syllabus, Unit
from course.mastery.record import Event
from course.mastery.rule import Standing


@dataclass(frozen=True)
class Line:
    """One event, explained."""

    event: Event
    did: str
    """What it did, in a few words."""

    @property
    def text(self) -> str:
        """The event as one line for a person."""
        e = self.event
        when = f"{e.at:%Y-%m-%d %H:%M}"
        if e.kind != "answer":
            return f"{when}  {self.did}"
        sign = "✓" if e.right else "✗"
        asked = " ".join(e.asked.split()) or f"{e.exercise} {e.arguments}"
        answered = f" → {e.given}" if e.given else ""
        mistake = f" ({e.mistake})" if e.mistake else ""
        accepted = f", accepted was {e.accepted}" if e.accepted and not e.right else ""
        return f"{when}  {sign} {e.skill}: {asked}{answered}{mistake}{accepted} · {self.did}"


def explain(syllabus: Syllabus, events: Iterable[Event], unit: Unit) -> list[Line]:
    """Every event that has to do with `unit`, in order, with what it did."""
    standing = Standing(syllabus)
    lines = []
    for event in events:
        did = standing.take(event)
        if standing.unit_of(event) == unit.id:
            lines.append(Line(event, did))
    return lines

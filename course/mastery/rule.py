"""The gate's rule: three fresh variants of a skill right in a row. Pure functions of the events.

Only first answers without a hint count, each on a variant not answered before (Kelly et al. 2015: three in a row
predict as well as knowledge tracing). A wrong first answer starts the row anew; a second try or a hinted
one neither helps nor harms. What was mastered stays so; review is another matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from course.manifest import Syllabus, Unit
from course.mastery.record import Event, variant_text

IN_A_ROW = 3


@dataclass(frozen=True)
class SkillState:
    """Where a learner stands with one skill."""

    row: int = 0
    """How many of the last counted answers were right, without a miss between them."""
    tries: int = 0
    mastered: bool = False


def skills(events: Iterable[Event]) -> dict[str, SkillState]:
    """The state of every skill that was practised."""
    states: dict[str, SkillState] = {}
    seen: set[tuple[str, str]] = set()
    for event in events:
        if event.kind != "answer" or event.source != "practice":
            continue
        variant = (event.exercise, variant_text(event.arguments))
        fresh = variant not in seen
        seen.add(variant)
        if not (event.first and fresh and event.hints == 0):
            continue
        state = states.get(event.skill, SkillState())
        row = state.row + 1 if event.right else 0
        states[event.skill] = SkillState(row, state.tries + 1, state.mastered or row >= IN_A_ROW)
    return states


def unmastered(unit: Unit, states: dict[str, SkillState]) -> list[str]:
    """The gated skills of `unit` still to be mastered, in the manifest's order."""
    return [skill.id for skill in unit.gated if not states.get(skill.id, SkillState()).mastered]


@dataclass(frozen=True)
class Gate:
    """Whether a unit is open, and if not, which skills of which units are missing."""

    unit: str
    missing: tuple[tuple[str, str], ...] = ()
    """(unit, skill) pairs."""
    walked_past: bool = False
    """The learner chose to continue without mastery; recorded, and shown as such."""

    @property
    def open(self) -> bool:
        return not self.missing or self.walked_past


def gate(unit: Unit, syllabus: Syllabus, events: Iterable[Event]) -> Gate:
    """The gate before `unit`: open when every gated skill of the units it requires is mastered."""
    events = tuple(events)
    states = skills(events)
    missing = tuple((name, skill) for name in unit.requires for skill in unmastered(syllabus.unit(name), states))
    walked_past = any(e.kind == "continue" and e.unit == unit.id for e in events)
    return Gate(unit.id, missing, bool(missing) and walked_past)

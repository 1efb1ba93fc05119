"""A small syllabus, and learners' lives as events: for tests of the rule and of all that is read from it."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

from course.mastery import rule
from course.mastery.record import Event
from course.mastery.rule import Standing
from course.syllabus import Skill, Syllabus, Unit

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)

FIRST = Unit(
    "01-first",
    "First: where it starts",
    "How does it start?",
    60,
    (),
    skills=(
        Skill("first.a", "The letter A", True),
        Skill("first.b", "The letter B, in code", True, code=("first.write_b",)),
        Skill("first.c", "The letter C", False),
    ),
)
SECOND = Unit(
    "02-second", "Second: on from there", "And then?", 30, ("01-first",), skills=(Skill("second.a", "A2", True),)
)
THIRD = Unit("03-third", "Third: both", "Both?", 30, ("01-first", "02-second"), skills=(Skill("third.a", "A3", True),))
APART = Unit("04-apart", "Apart: nothing gates", "What else?", 60, (), skills=(Skill("apart.a", "A4", False),))
SYLLABUS = Syllabus(1, "Small", (FIRST, SECOND, THIRD, APART))
HARD = Syllabus(1, "Small", SYLLABUS.units, hard_gates=True)


class Life:
    """A learner's events, a minute apart unless they wait, each answer on a variant of its own unless said."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.events: list[Event] = []
        self.at = at

    def event(self, kind: Any, unit: str, **what: Any) -> Event:
        self.at += timedelta(minutes=1)
        made = Event(kind, unit, **{"at": self.at, "id": f"{len(self.events):04}", **what})
        self.events.append(made)
        return made

    def answers(self, skill: str, *rights: bool, **what: Any) -> Life:
        """Answers to short questions of `skill`, each right or not."""
        unit = skill.split(".")[0]
        for right in rights:
            drawn = {"n": len(self.events)}
            asked = f"Which letter is number {len(self.events)}?"
            said = {"exercise": f"{unit}.short", "arguments": drawn, "asked": asked} | what
            self.event("answer", unit, skill=skill, right=right, **said)
        return self

    def checks(self, exercise: str, skill: str, right: bool = True) -> Life:
        """A code exercise of `skill`, handed to `check`."""
        self.event("answer", skill.split(".")[0], skill=skill, exercise=exercise, right=right, source="check")
        return self

    def masters(self, *skills: Skill) -> Life:
        """As many right ones as each skill needs, and its code exercises."""
        for skill in skills:
            for exercise in skill.code:
                self.checks(exercise, skill.id)
            self.answers(skill.id, *[True] * (rule.SHORT_FOR_CODE if skill.code else rule.IN_A_ROW))
        return self

    def sits(self, unit: Unit, *rights: bool, sitting: str = "") -> Life:
        """A checkpoint of `unit`, its items over the gated skills in turn."""
        name = sitting or f"sitting {len(self.events)}"
        self.event("sitting", unit.id, sitting=name, seed=7)
        for place, right in enumerate(rights):
            skill = unit.gated[place % len(unit.gated)].id
            self.answers(skill, right, source="checkpoint", sitting=name)
        return self

    def completes(self, *units: Unit) -> Life:
        """Masters all of each unit, and passes its checkpoint."""
        for unit in units:
            self.masters(*unit.gated).sits(unit, *[True] * rule.ITEMS)
        return self

    def waits(self, days: float) -> Life:
        self.at += timedelta(days=days)
        return self

    def standing(self, syllabus: Syllabus = SYLLABUS) -> Standing:
        return Standing(syllabus, self.events)


def said_of(standing: Standing) -> dict[str, Any]:
    """All a standing tells, as plain values that can be compared."""
    blank = Standing(standing.syllabus)
    skills = {
        name: (astuple(state)[:-1], state.card.to_dict() if state.card else None)
        for name, state in standing.skills.items()
        if state != blank.skill(name)  # asking for a skill's state may make it
    }
    return {"skills": skills, "units": {name: astuple(u) for name, u in standing.units.items()}, "seen": standing.seen}

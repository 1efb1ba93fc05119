"""What is left to do before something opens: each step in words, and what it needs. Gates, map and terminal show these."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Literal

from course.mastery.rule import ITEMS, PASS, Standing
from course.syllabus import Unit


@dataclass(frozen=True)
class Step:
    """One thing to do: practise a skill, pass a code exercise, sit a checkpoint."""

    kind: Literal["practise", "write", "checkpoint"]
    unit: str
    target: str
    """The skill, the exercise or the unit."""
    title: str
    standing: str
    """How far it is, in a few words."""
    _: KW_ONLY
    ready: bool = True
    """Whether it can be done now; a checkpoint waits for its skills."""

    @property
    def text(self) -> str:
        return f"{self.title}: {self.standing}"


def of_skill(standing: Standing, unit: Unit, name: str) -> list[Step]:
    """What is left of one skill: its row, its code exercise, or both; nothing where it is held."""
    state, title = standing.skill(name), next(s.title for s in unit.skills if s.id == name)
    found = []
    if not state.complete:
        again = "review failed; " if state.reopened else ""
        found.append(Step("practise", unit.id, name, title, f"{again}{state.reached} of {state.need} in a row"))
    found += [
        Step("write", unit.id, exercise, title, f"`{exercise}` in the unit's exercises is to be passed")
        for exercise in sorted(state.to_write)
    ]
    return found


def of_unit(standing: Standing, unit: Unit) -> list[Step]:
    """What is left of `unit` before it is mastered, in order; empty where it is."""
    found = [step for name in standing.unmastered(unit) for step in of_skill(standing, unit, name)]
    state = standing.units[unit.id]
    if not unit.gated or state.passed:
        return found
    what = f"the mixed checkpoint of {ITEMS}"
    if standing.unmastered(unit):
        said = f"{PASS} right are needed; it opens when every skill is mastered"
    elif state.to_review:
        names = {s.id: s.title for s in unit.skills}
        found += [
            Step("practise", unit.id, name, names.get(name, name), "missed in the checkpoint; one fresh one right")
            for name in state.to_review
        ]
        said = "to be sat again after reviewing what was missed"
    elif state.sitting and not state.sitting.complete:
        said = f"begun: {len(state.sitting.answered)} of {ITEMS} answered"
    else:
        said = f"ready: {ITEMS} fresh questions, {PASS} right are needed"
    return [*found, Step("checkpoint", unit.id, unit.id, what, said, ready=standing.may_sit(unit))]


def reviews(standing: Standing, unit: Unit, now: datetime) -> list[Step]:
    """What is due for review in `unit`: a fresh one, or where a review failed, another row."""
    found = []
    titles = {skill.id: skill.title for skill in unit.skills}
    for name in standing.due(unit, now):
        again = of_skill(standing, unit, name)
        found += again or [Step("practise", unit.id, name, titles[name], "review due")]
    return found


def to_do(standing: Standing, unit: Unit, now: datetime) -> list[Step]:
    """Everything to be done in `unit` now, each thing once: what is due, then what is left before it is mastered."""
    due = reviews(standing, unit, now)
    named = {(step.kind, step.target) for step in due}
    return due + [step for step in of_unit(standing, unit) if (step.kind, step.target) not in named]


def before(standing: Standing, unit: Unit) -> list[Step]:
    """What is left before `unit` opens: the steps of every unit it requires."""
    return [step for name in unit.requires for step in of_unit(standing, standing.syllabus.unit(name))]

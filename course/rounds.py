"""Rounds: a fixed number of questions over several skills, one after another. A practice session, or a checkpoint.

Plain state, as `course.practising`; `course.round_form` shows it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from course import clock, manifest
from course.errors import CourseError
from course.mastery import plan, record, rule
from course.mastery.rule import Sitting, Standing
from course.practising import Session, questions, standing, writer


def _now() -> datetime:
    return clock.now()


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    skill: str
    right: bool
    did: str
    """In the words of the rule."""


@dataclass
class Round:
    """Questions on `skills`, one each, dealt when its turn comes, so that none repeats another.

    Parameters
    ----------
    kind:
        "session" allows hints and second tries; "checkpoint" takes one answer each.
    unit:
        The checkpoint's unit.
    before:
        How many items of a checkpoint were answered earlier, and how many of them right.
    now:
        The time in UTC; a session ends with the question in which its minutes have passed.
    """

    kind: Literal["session", "checkpoint"]
    skills: Sequence[str]
    deal: Callable[[int, str], Session]
    standing: Standing
    unit: str = ""
    before: tuple[int, int] = (0, 0)
    now: Callable[[], datetime] = _now
    warning: str = ""
    outcomes: list[Outcome] = field(init=False, default_factory=list)
    session: Session | None = field(init=False, default=None)
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()
        if self.skills:
            self.session = self.deal(0, self.skills[0])

    @property
    def length(self) -> int:
        """How many questions it has, those answered before included."""
        return self.before[0] + len(self.skills)

    @property
    def position(self) -> int:
        """How many of them are answered."""
        return self.before[0] + len(self.outcomes)

    @property
    def right(self) -> int:
        return self.before[1] + sum(outcome.right for outcome in self.outcomes)

    @property
    def over(self) -> bool:
        return self.session is None

    @property
    def passed(self) -> bool:
        """Whether this checkpoint was passed."""
        return self.kind == "checkpoint" and self.over and self.right >= rule.PASS

    def move_on(self) -> None:
        """Close the present question, whose first answer was given, and deal the next where there is one."""
        assert self.session is not None, "the round is over"
        if self.session.first:
            raise CourseError("Answer this question first, or say that you don't know.")
        self.outcomes.append(Outcome(self.session.skill, self.session.first_right, self.session.did))
        late = self.kind == "session" and self.now() - self.began >= timedelta(minutes=plan.MINUTES)
        done = len(self.outcomes)
        self.session = None if late or done >= len(self.skills) else self.deal(done, self.skills[done])


def session_of_ten_minutes(chance: Random | None = None, now: Callable[[], datetime] = _now) -> Round:
    """What is due, weak or new now, interleaved; an empty round where there is nothing."""
    where, warning = standing()
    skills = plan.choose(where, now(), chance or Random(), lambda skill: bool(questions(skill)))
    write = writer()

    def deal(place: int, skill: str) -> Session:
        return Session(skill, _turned(questions(skill), place), write=write, standing=where)

    return Round("session", skills, deal, where, now=now, warning=warning)


def checkpoint(unit: str, now: Callable[[], datetime] = _now) -> Round:
    """The checkpoint of `unit`, begun or gone on with. `CourseError` where it may not be sat now, with the reason."""
    this = manifest.load().unit(unit)
    where, warning = standing()
    if not this.gated:
        raise CourseError(f"{this.id} has no checkpoint: nothing in it gates.")
    if where.units[this.id].passed:
        raise CourseError(f"The checkpoint of {this.id} is passed already.")
    if not where.may_sit(this):
        raise CourseError(_not_yet(where, this))
    write = writer()
    sitting = where.units[this.id].sitting
    if sitting is None or sitting.complete:
        event = record.Event("sitting", this.id, sitting=uuid.uuid4().hex, seed=secrets.randbelow(2**31))
        write(event)
        where.take(event)
        sitting = where.units[this.id].sitting
        assert sitting is not None
    return sit(where, sitting, write, now, warning)


def sit(
    where: Standing,
    sitting: Sitting,
    write: Callable[[record.Event], None] = record.append,
    now: Callable[[], datetime] = _now,
    warning: str = "",
) -> Round:
    """The items of `sitting` that are still to be answered. They follow from its seed, so waiting changes none."""
    this = where.syllabus.unit(sitting.unit)
    order = plan.mixed([skill.id for skill in this.gated], rule.ITEMS, Random(sitting.seed))
    done = len(sitting.answered)

    def deal(place: int, skill: str) -> Session:
        chance = Random(f"{sitting.seed}:{done + place}")
        exercises = _turned(questions(skill, gating=True), chance.randrange(2**16))
        return Session(
            skill,
            exercises,
            write=write,
            new_seed=lambda: chance.randrange(2**31),
            standing=where,
            source="checkpoint",
            sitting=sitting.id,
        )

    before = (done, sitting.right)
    return Round("checkpoint", order[done:], deal, where, this.id, before, now, warning)


def _turned(exercises: list, by: int) -> list:
    by %= len(exercises)
    return exercises[by:] + exercises[:by]


def _not_yet(where: Standing, unit: manifest.Unit) -> str:
    titles = {skill.id: skill.title for skill in unit.skills}
    if missing := where.unmastered(unit):
        names = ", ".join(f"“{titles[name]}”" for name in missing)
        return f"The checkpoint of {unit.id} opens when every skill is mastered. Missing: {names}."
    names = ", ".join(f"“{titles.get(name, name)}”" for name in where.units[unit.id].to_review)
    return f"Review what was missed before you sit the checkpoint of {unit.id} again: one fresh one right in {names}."

"""Rounds: a fixed number of questions over several skills, one after another. A practice session, or a checkpoint.

Plain state, as `course.tutoring.session`; `course.forms.round` shows it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from course import clock, syllabus
from course.errors import CourseError
from course.mastery import plan, record, rule
from course.mastery.rule import CheckpointAttempt, Standing
from course.tutoring.follower import Follower
from course.tutoring.questions import rotated, short_questions
from course.tutoring.session import Session


def _now() -> datetime:
    return clock.now()


@dataclass(frozen=True)
class AnswerResult:
    """What came of one question."""

    skill: str
    right: bool
    did: str
    """In the words of the rule."""
    held: bool = False
    """Whether the skill was mastered already, and no review due: then the answer could bring it nowhere."""


@dataclass
class Round:
    """Questions on `skills`, one each, dealt when its turn comes, so that none repeats another.

    Parameters
    ----------
    kind:
        "session" allows hints and second tries; "checkpoint" takes one answer each; "diagnosis" gates nothing, so it
        goes on where an answer cannot be written.
    unit:
        The checkpoint's unit.
    sitting:
        The checkpoint's sitting, by id. How far it is, the standing knows: items may have been answered earlier, or
        meanwhile in another window.
    now:
        The time in UTC; a session ends with the question in which its minutes have passed.
    """

    kind: Literal["session", "checkpoint", "diagnosis"]
    skills: Sequence[str]
    deal: Callable[[int, str], Session]
    standing: Standing
    _: KW_ONLY
    unit: str = ""
    sitting: str = ""
    now: Callable[[], datetime] = _now
    warning: str = ""
    outcomes: list[AnswerResult] = field(init=False, default_factory=list)
    session: Session | None = field(init=False, default=None)
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()
        if self.position < self.length:
            self.session = self.deal(self.position, self.skills[self.position])

    @property
    def length(self) -> int:
        """How many questions it has."""
        return len(self.skills)

    @property
    def position(self) -> int:
        """How many of them are answered."""
        sat = self.standing.sitting(self.sitting)
        if sat is None:
            return len(self.outcomes) + (self.session is not None and not self.session.first)
        return len(sat.answered)

    @property
    def right(self) -> int:
        """How many of them were right, at the first try."""
        sat = self.standing.sitting(self.sitting)
        if sat is not None:
            return sat.right
        now = self.session is not None and not self.session.first and self.session.first_right
        return sum(outcome.right for outcome in self.outcomes) + now

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
        if self.session.first and self.kind != "diagnosis":
            raise CourseError("Answer this question first, or say that you don't know.")
        self.outcomes.append(
            AnswerResult(self.session.skill, self.session.first_right, self.session.did, self.session.held)
        )
        with suppress(CourseError):  # a record that cannot be read is told of when an answer is written
            self.session.catch_up()
        self.session = None
        late = self.kind == "session" and self.now() - self.began >= timedelta(minutes=plan.MINUTES)
        if not late and (place := self.position) < self.length:
            self.session = self.deal(place, self.skills[place])


def session_of_ten_minutes(chance: Random | None = None, now: Callable[[], datetime] = _now) -> Round:
    """What is due, weak or new now, interleaved; an empty round where there is nothing."""
    follower = Follower()
    where, write, catch_up = follower.standing, follower.write, follower.catch_up
    skills = plan.choose(where, now(), chance or Random(), lambda skill: bool(short_questions(skill)))

    def deal(place: int, skill: str) -> Session:
        return Session(skill, rotated(short_questions(skill), place), write=write, standing=where, catch_up=catch_up)

    return Round("session", skills, deal, where, now=now, warning=follower.warning)


def checkpoint(unit: str, now: Callable[[], datetime] = _now) -> Round:
    """The checkpoint of `unit`, begun or gone on with. `CourseError` where it may not be sat now, with the reason."""
    this = syllabus.load().unit(unit)
    follower = Follower()
    where = follower.standing
    if not this.gated:
        raise CourseError(f"{this.id} has no checkpoint: nothing in it gates.")
    if where.units[this.id].passed:
        raise CourseError(f"The checkpoint of {this.id} is passed already.")
    if not where.may_sit(this):
        raise CourseError(_not_yet(where, this))
    if not _askable(this):
        raise CourseError(f"The exercises of {this.id} are not here, so its checkpoint cannot be sat on this machine.")
    sitting = where.units[this.id].sitting
    if sitting is None or sitting.complete:
        event = record.Event("sitting", this.id, sitting=uuid.uuid4().hex, seed=secrets.randbelow(2**31))
        follower.write(event)
        where.take(event)
        sitting = where.units[this.id].sitting
        assert sitting is not None
    return sit(where, sitting, follower.write, follower.catch_up, now, follower.warning)


def sit(
    where: Standing,
    sitting: CheckpointAttempt,
    write: Callable[[record.Event], object] = record.append,
    catch_up: Callable[[], None] = lambda: None,
    now: Callable[[], datetime] = _now,
    warning: str = "",
) -> Round:
    """The items of `sitting`, those answered before included. They follow from its seed, so waiting changes none."""
    this = where.syllabus.unit(sitting.unit)
    order = plan.mixed(_askable(this), rule.ITEMS, Random(sitting.seed))

    def deal(place: int, skill: str) -> Session:
        chance = Random(f"{sitting.seed}:{place}")
        exercises = rotated(short_questions(skill, gating=True), chance.randrange(2**16))
        return Session(
            skill,
            exercises,
            write=write,
            new_seed=lambda: chance.randrange(2**31),
            standing=where,
            source="checkpoint",
            sitting=sitting.id,
            catch_up=catch_up,
        )

    return Round("checkpoint", order, deal, where, unit=this.id, sitting=sitting.id, now=now, warning=warning)


def _askable(unit: syllabus.Unit) -> list[str]:
    """The gated skills of `unit` of which a checkpoint can ask here."""
    return [skill.id for skill in unit.gated if short_questions(skill.id, gating=True)]


def _not_yet(where: Standing, unit: syllabus.Unit) -> str:
    titles = {skill.id: skill.title for skill in unit.skills}
    if missing := where.unmastered(unit):
        names = ", ".join(f"“{titles[name]}”" for name in missing)
        return f"The checkpoint of {unit.id} opens when every skill is mastered. Missing: {names}."
    names = ", ".join(f"“{titles.get(name, name)}”" for name in where.units[unit.id].to_review)
    return f"Review what was missed before you sit the checkpoint of {unit.id} again: one fresh one right in {names}."

"""Simulated learners, who go through the gate as it stands: whom does it let pass, and whom does it keep?

A learner says whether they know an answer; `live` is what a life is: they practise each gated skill of a unit, write
its code, sit the checkpoint, review what they missed and sit it again, and come back for reviews. A life is led at a
desk. At `Sessions` they answer real questions, which the judge judges, in the sessions and rounds that a form shows. At
`Events` they only say right or wrong, and the events that a session would write are taken by the same `Standing`: ten
thousand lives in seconds. The same chance leads to the same standing at both.

Chance is a NumPy generator, handed in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from autograder.judging import bank, judge
from autograder.judging.exercise import Arguments, Exercise
from course import clock
from course.mastery import plan, review, rule
from course.mastery.record import Event
from course.mastery.rule import SkillState, Standing
from course.syllabus import Skill, Syllabus, Unit
from course.tutoring import answers, questions, rounds
from course.tutoring.session import Session

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
"""When every life begins."""
A_QUESTION = timedelta(seconds=50)
"""How long one takes."""
SEEDS = 2**31


# --------------------------------------------------------------------------- learners


class Learner(ABC):
    """Someone who answers."""

    @abstractmethod
    def knows(self, state: SkillState, now: datetime, chance: np.random.Generator) -> bool:
        """Whether their next answer on a skill in this state is right."""

    def answer(self, exercise: Exercise, arguments: Arguments, knows: bool) -> Any:
        """What they hand in: the right answer, or a wrong one; for a code exercise a function."""
        mistakes = [mistake for mistake in exercise.mistakes if mistake.breaks is None]
        return _given(exercise, exercise.reference if knows else mistakes[0].answer, arguments)


@dataclass(frozen=True)
class Steady(Learner):
    """Right with one probability, always: a guesser at 1/10, or a knower who slips one time in ten."""

    right: float

    def knows(self, state: SkillState, now: datetime, chance: np.random.Generator) -> bool:
        return chance.random() < self.right


@dataclass(frozen=True)
class Forgetter(Learner):
    """Learns at once, and then forgets as FSRS says, `pace` times as fast as the scheduler believes."""

    pace: float = 1.0

    def knows(self, state: SkillState, now: datetime, chance: np.random.Generator) -> bool:
        last = state.card.last_review if state.card else None
        if state.card is None or last is None:
            return True
        return chance.random() < review.recall(state.card, last + self.pace * (now - last))


@dataclass(frozen=True)
class Holder(Learner):
    """Knows everything but holds mistakes: of each exercise named here the mistake named with it."""

    mistakes: Mapping[str, str]

    def knows(self, state: SkillState, now: datetime, chance: np.random.Generator) -> bool:
        return True

    def answer(self, exercise: Exercise, arguments: Arguments, knows: bool) -> Any:
        held = {mistake.name: mistake.answer for mistake in exercise.mistakes}
        return _given(exercise, held.get(self.mistakes.get(exercise.id, ""), exercise.reference), arguments)


def _given(exercise: Exercise, function: Any, arguments: Arguments) -> Any:
    return function if exercise.is_code else function(*exercise.inputs(arguments))


# --------------------------------------------------------------------------- where a life is led


@dataclass
class Desk(ABC):
    """Where one learner answers, and how far they are.

    Three streams come from `chance`: what the learner knows, which checkpoints and which variants are drawn.
    """

    learner: Learner
    syllabus: Syllabus
    chance: np.random.Generator
    standing: Standing = field(init=False)
    now: datetime = field(init=False, default=BEGAN)
    events: list[Event] = field(init=False, default_factory=list)
    """All that was written."""
    reviews: list[bool] = field(init=False, default_factory=list)
    """How each review that was due came out."""

    def __post_init__(self) -> None:
        self.standing = Standing(self.syllabus)
        self._luck, self._checkpoints, self._variants = self.chance.spawn(3)

    def practise(self, skill: str) -> None:
        """Answer one fresh question."""
        state = self.standing.skill(skill)
        reviewed = state.held and state.due(self.now)
        self._practise(skill)
        if reviewed:
            self.reviews.append(state.held)
        self.now += A_QUESTION

    @abstractmethod
    def _practise(self, skill: str) -> None: ...

    @abstractmethod
    def write_code(self, skill: str, exercise: str) -> None:
        """Hand in a function once."""

    def sit(self, unit: Unit) -> None:
        """Begin the checkpoint of `unit`, and answer all of it."""
        seed = int(self._checkpoints.integers(SEEDS))
        begun = Event("sitting", unit.id, sitting=str(len(self.events)), seed=seed, at=self.now, id=self._id())
        self._take(begun)
        self._sit(unit, begun.sitting, seed)

    @abstractmethod
    def _sit(self, unit: Unit, sitting: str, seed: int) -> None: ...

    def _knows(self, skill: str) -> bool:
        return self.learner.knows(self.standing.skill(skill), self.now, self._luck)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self.standing.take(event)

    def _id(self) -> str:
        return f"{len(self.events):08}"


class Events(Desk):
    """Only the events that sessions would write, each on a variant of its own."""

    def _practise(self, skill: str) -> None:
        self._answered(skill, "practice")
        state = self.standing.skill(skill)
        if state.stuck and not state.marked:
            self._take(Event("stuck", skill.split(".")[0], skill, at=self.now, id=self._id()))

    def write_code(self, skill: str, exercise: str) -> None:
        self._answered(skill, "check", exercise=exercise)
        self.now += A_QUESTION

    def _sit(self, unit: Unit, sitting: str, seed: int) -> None:
        for skill in plan.mixed([skill.id for skill in unit.gated], rule.ITEMS, Random(seed)):
            self._answered(skill, "checkpoint", sitting=sitting)
            self.now += A_QUESTION

    def _answered(self, skill: str, source: Any, exercise: str = "", sitting: str = "") -> None:
        self._take(
            Event(
                "answer",
                skill.split(".")[0],
                skill,
                exercise or skill,
                {"n": len(self.events)},
                right=self._knows(skill),
                source=source,
                sitting=sitting,
                at=self.now,
                id=self._id(),
            )
        )


@dataclass
class Sessions(Desk):
    """Real questions of the banks, in the sessions and rounds that a form shows, judged by the judge.

    While one is answered, `course.clock` tells this life's time.
    """

    begin: str = ""
    """The exercise with which a session on its skill begins; by default the bank's first."""
    _open: dict[str, Session] = field(init=False, default_factory=dict)

    def _practise(self, skill: str) -> None:
        with self._clock():
            session = self._open.get(skill)
            if session is None:
                asked = questions.short_questions(skill)
                turn = next((n for n, exercise in enumerate(asked) if exercise.id == self.begin), 0)
                session = self._open[skill] = Session(
                    skill,
                    asked[turn:] + asked[:turn],
                    write=self.events.append,
                    new_seed=lambda: int(self._variants.integers(SEEDS)),
                    standing=self.standing,
                )
            else:
                session.deal()
            self._answer(session)

    def _answer(self, session: Session) -> None:
        session.answer(self.learner.answer(session.exercise, session.variant.arguments, self._knows(session.skill)))

    def _clock(self) -> AbstractContextManager[object]:
        return mock.patch.object(clock, "now", lambda: self.now)

    def write_code(self, skill: str, exercise: str) -> None:
        asked = bank.find(exercise)
        assert asked is not None, f"the bank of {exercise} is not here"
        verdict = judge.judge(asked, self.learner.answer(asked, {}, self._knows(skill)))
        said = {"right": verdict.right, "mistake": verdict.mistake, "source": "check"}
        self._take(answers.event_of(asked, {}, seed=0, at=self.now, **said))
        self.now += A_QUESTION

    def _sit(self, unit: Unit, sitting: str, seed: int) -> None:
        begun = self.standing.sitting(sitting)
        assert begun is not None
        with self._clock():
            checkpoint = rounds.sit(self.standing, begun, self.events.append)
            while checkpoint.session is not None:
                self._answer(checkpoint.session)
                self.now += A_QUESTION
                checkpoint.move_on()


# --------------------------------------------------------------------------- lives


def live(desk: Desk, unit: Unit, *, tries: int = rule.STUCK_AFTER, retakes: int = 1, days: int = 0) -> Standing:
    """One life: each gated skill of `unit`, its checkpoint, and then reviews for so many days.

    Parameters
    ----------
    tries:
        How often a skill is tried at most, and each code exercise; and again where a review failed.
    retakes:
        How often the checkpoint is sat again at most, each time after reviewing what was missed.
    """
    standing = desk.standing
    for skill in unit.gated:
        learn(desk, skill.id, tries)
        for exercise in sorted(standing.skill(skill.id).to_write):
            for _ in range(tries):
                if exercise in standing.skill(skill.id).to_write:
                    desk.write_code(skill.id, exercise)
    for _ in range(1 + retakes):
        if standing.may_sit(unit):
            desk.sit(unit)
            _review_missed(desk, standing.units[unit.id], tries)
    end = desk.now + timedelta(days=days)
    while (due := plan.next_due(standing)) is not None and due <= end:
        desk.now = max(desk.now, due)
        for name in plan.due(standing, desk.now):
            desk.practise(name)
            if not standing.skill(name).held:
                learn(desk, name, tries)
    return standing


def learn(desk: Desk, skill: str, tries: int) -> bool:
    """Practise until the row of `skill` is complete, `tries` questions at most; whether it is."""
    state = desk.standing.skill(skill)
    for _ in range(tries):
        if state.held or state.complete:
            return True
        desk.practise(skill)
    return state.held or state.complete


def _review_missed(desk: Desk, state: rule.UnitState, tries: int) -> None:
    for skill in list(state.to_review):
        for _ in range(tries):
            if skill in state.to_review:
                desk.practise(skill)


def unit_of(skills: int) -> Syllabus:
    """A course of one unit with so many gated skills, none of them about code."""
    named = tuple(Skill(f"unit.{n}", f"Skill {n}", gates=True) for n in range(1, skills + 1))
    return Syllabus(1, "Simulated", (Unit("01-unit", "Unit", "?", 10, (), skills=named),))


class Shares(NamedTuple):
    """What came of many lives, as shares of 1."""

    skill: float
    """Of the skills tried, those mastered within the tries."""
    unit: float
    """Of the lives, those in which the whole unit was mastered."""
    checkpoint: float
    """Of the checkpoints sat, those passed; NaN where none was."""
    recall: float
    """Of the reviews that were due, those right; NaN where none was."""
    questions: float
    """How many were answered in a life, on average."""


def shares(
    learner: Learner, lives: int, seed: int, *, skills: int = 3, tries: int = rule.STUCK_AFTER, days: int = 0
) -> Shares:
    """Lead so many lives at `Events` through a unit of so many skills; `live` says what one is."""
    syllabus = unit_of(skills)
    unit = syllabus.units[0]
    mastered = whole = sat = passed = questions = 0
    reviews: list[bool] = []
    for chance in np.random.default_rng(seed).spawn(lives):
        desk = Events(learner, syllabus, chance)
        standing = live(desk, unit, tries=tries, days=days)
        mastered += skills - len(standing.unmastered(unit))
        whole += standing.mastered(unit)
        sat += sum(event.kind == "sitting" for event in desk.events)
        passed += standing.units[unit.id].passed
        reviews += desk.reviews
        questions += sum(event.kind == "answer" for event in desk.events)
    return Shares(
        mastered / (lives * skills),
        whole / lives,
        passed / sat if sat else float("nan"),
        float(np.mean(reviews)) if reviews else float("nan"),
        questions / lives,
    )


@contextmanager
def numbers(*, row: int = rule.IN_A_ROW, items: int = rule.ITEMS, right: int = rule.PASS) -> Iterator[None]:
    """The gate with other numbers, while this lasts: the row a skill asks for, a checkpoint's items, how many right."""
    with mock.patch.multiple(rule, IN_A_ROW=row, ITEMS=items, PASS=right):
        yield

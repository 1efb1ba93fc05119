"""Practice: fresh variants of one skill, one after another.

`Session` is plain state and knows nothing of widgets, so that a test, a terminal or any form can drive it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np

from autograder.judging import answer_key, judge
from autograder.judging.exercise import Array, Exercise, Variant
from autograder.judging.verdict import Verdict, VerdictState
from course import clock
from course.errors import CourseError
from course.mastery import record
from course.mastery.rule import SkillState, Standing
from course.syllabus import Syllabus
from course.tutoring.answers import as_text, event_of

FRESH_DRAWS = 60
"""How many seeds are tried for a variant this learner has not seen; then an old one must do, and does not count."""


def _new_seed() -> int:
    return secrets.randbelow(2**31)


def _nothing() -> None:
    """Nothing else writes where these answers go."""


def _nobody() -> Standing:
    return Standing(Syllabus(0, "", ()))


@dataclass
class Session:
    """One learner practising one skill.

    Parameters
    ----------
    skill:
        The skill's id.
    exercises:
        Its value exercises; each new question is one of them, in turn.
    write:
        Where an event goes; by default the learner's record, when a person is there.
    new_seed:
        A fresh seed for each draw.
    standing:
        Where the learner stands; every event written is taken by it, too.
    catch_up:
        Brings the standing level with the record, before a question is drawn and before an answer is counted.
    source, sitting:
        How its answers are marked in the record: practice, or an item of a checkpoint.
    """

    skill: str
    exercises: list[Exercise]
    _: KW_ONLY
    write: Callable[[record.Event], object] = record.append
    new_seed: Callable[[], int] = _new_seed
    standing: Standing = field(default_factory=_nobody)
    source: record.Source = "practice"
    sitting: str = ""
    catch_up: Callable[[], None] = _nothing
    exercise: Exercise = field(init=False)
    variant: Variant = field(init=False)
    verdict: Verdict | None = field(init=False, default=None)
    hints: int = field(init=False, default=0)
    first: bool = field(init=False, default=True)
    """Whether no answer to this question was taken yet."""
    first_right: bool = field(init=False, default=False)
    problem: str = field(init=False, default="")
    did: str = field(init=False, default="")
    """What the first answer to this question did, in the words of the rule."""
    held: bool = field(init=False, default=False)
    """Whether the skill was mastered already when that answer came, and no review due."""
    _turn: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.deal()

    @property
    def state(self) -> SkillState:
        return self.standing.skill(self.skill)

    @property
    def done(self) -> bool:
        """Whether this question has been answered right, and that is in the record, so that the next one is due."""
        return self.verdict is not None and self.verdict.right and not self.first

    @property
    def question(self) -> str:
        return self.exercise.prompt(self.variant.arguments)

    def deal(self) -> None:
        """Draw the next question: a variant this learner has not answered before, where there still is one.

        Exercises take turns, but one that was missed comes again at once, with other numbers: nobody gets three in a
        row round a mistake that has shown. Where a core question is called for, only core kinds take turns.
        """
        with suppress(CourseError):  # a record that cannot be read is told of when an answer is written
            self.catch_up()
        if not self.first and not self.first_right:
            self._turn -= 1
        turns = [(self._turn + offset) % len(self.exercises) for offset in range(len(self.exercises))]
        if self._asks_core:
            turns = [turn for turn in turns if self._is_core(self.exercises[turn])] or turns
        for turn in turns:
            exercise = self.exercises[turn]
            for _ in range(FRESH_DRAWS):
                variant = answer_key.deal(exercise, self.new_seed())
                if (exercise.id, record.variant_text(variant.arguments)) not in self.standing.seen:
                    break
            else:
                continue
            break
        self._turn = turn + 1
        self.exercise, self.variant = exercise, variant
        self.verdict, self.hints, self.first, self.first_right, self.did = None, 0, True, False, ""
        self.held = False

    @property
    def _asks_core(self) -> bool:
        """Whether the next question is to be a core one: a review, or the last place of a row without one."""
        state = self.state
        if self.source != "practice":
            return False
        if state.held:
            return state.due(clock.now())
        return not state.core and state.row >= state.need - 1

    def _is_core(self, exercise: Exercise) -> bool:
        core = self.standing.core(self.skill)
        return not core or exercise.id in core

    @property
    def ndim(self) -> int | None:
        """How many axes the answer has; None where it is no array."""
        if not isinstance(self.exercise.returns, Array):
            return None
        return int(np.ndim(answer_key.expected(self.exercise, self.variant.arguments)))

    def hint(self) -> str:
        """The next hint; a hinted answer does not count towards the gate."""
        if not self.exercise.hints:
            return "This one has no hint."
        self.hints += 1
        return self.exercise.hints[min(self.hints, len(self.exercise.hints)) - 1]

    def answer(self, value: Any) -> Verdict:
        """Judge `value`. What cannot be read as an answer at all is no attempt, and is not counted."""
        self.problem = ""
        self.verdict = judge.judge(self.exercise, value, self.variant.arguments)
        if self.verdict.counts:
            self._count(self.verdict.right, self.verdict.mistake, as_text(value))
        return self.verdict

    def give_up(self) -> Verdict:
        """Say "I don't know": counted as a miss, since otherwise one could wait for an easy question.

        The verdict's sentence is a hint, except in a checkpoint.
        """
        self._count(False, None, "I don't know")
        said = "" if self.problem or self.source == "checkpoint" else self.hint()
        self.verdict = Verdict(
            self.exercise.id, VerdictState.NOT_ATTEMPTED, 0.0, self.exercise.points, asked=self.question, sentence=said
        )
        return self.verdict

    def _count(self, right: bool, mistake: str | None, given: str) -> None:
        self.problem = ""
        try:
            self.catch_up()  # before the event is dated, so that it comes after all that is known
            event = event_of(
                self.exercise,
                self.variant.arguments,
                right=right,
                mistake=mistake,
                given=given,
                seed=self.variant.seed,
                hints=self.hints,
                first=self.first,
                core=self._is_core(self.exercise),
                source=self.source,
                sitting=self.sitting,
            )
            self.write(event)
        except CourseError as error:
            self.problem = str(error)
            return  # what is not in the record does not count, here either; it may be answered again
        held = self.state.held and not self.state.due(event.at)
        did = self.standing.take(event)
        if self.first:
            self.first, self.first_right, self.did, self.held = False, right, did, held
        if self.state.stuck and not self.state.marked:
            mark = record.Event("stuck", unit=event.unit, skill=self.skill)
            with suppress(CourseError):  # the next answer tries again
                self.write(mark)
                self.standing.take(mark)

"""Practice: fresh variants of one skill, one after another. The session is plain state; the form shows it.

`Session` knows nothing of widgets, so that a test, a terminal or another form can drive it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder import bank, judge
from autograder.compare import Unreadable
from autograder.exercise import (
    Array,
    BankError,
    Choice,
    Exercise,
    Integer,
    Number,
    State,
    Value,
    Variant,
    Verdict,
    plain,
    show,
)
from course import manifest, session
from course.errors import CourseError
from course.manifest import Syllabus
from course.mastery import record
from course.mastery.bookmark import Bookmark
from course.mastery.rule import SkillState, Standing

FRESH_DRAWS = 60
"""How many seeds are tried for a variant this learner has not seen; then an old one must do, and does not count."""

SHOWN = 400
"""How many characters of an answer the record keeps as text."""


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
        row round a mistake that has shown.
        """
        with suppress(CourseError):  # a record that cannot be read is told of when an answer is written
            self.catch_up()
        if not self.first and not self.first_right:
            self._turn -= 1
        for offset in range(len(self.exercises)):
            exercise = self.exercises[(self._turn + offset) % len(self.exercises)]
            for _ in range(FRESH_DRAWS):
                variant = judge.deal(exercise, self.new_seed())
                if (exercise.id, record.variant_text(variant.arguments)) not in self.standing.seen:
                    break
            else:
                continue
            break
        self._turn += offset + 1
        self.exercise, self.variant = exercise, variant
        self.verdict, self.hints, self.first, self.first_right, self.did = None, 0, True, False, ""

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
        if self.verdict.state not in (State.NOT_ATTEMPTED, State.UNREADABLE):
            self._count(self.verdict.right, self.verdict.mistake, shown(value))
        return self.verdict

    def give_up(self) -> Verdict:
        """Say "I don't know": counted as a miss, since otherwise one could wait for an easy question.

        The verdict's sentence is a hint, except in a checkpoint.
        """
        self._count(False, None, "I don't know")
        said = "" if self.problem or self.source == "checkpoint" else self.hint()
        self.verdict = Verdict(
            self.exercise.id, State.NOT_ATTEMPTED, 0.0, self.exercise.points, self.question, sentence=said
        )
        return self.verdict

    def _count(self, right: bool, mistake: str | None, given: str) -> None:
        event = event_of(
            self.exercise,
            self.variant.arguments,
            right=right,
            mistake=mistake,
            given=given,
            seed=self.variant.seed,
            hints=self.hints,
            first=self.first,
            source=self.source,
            sitting=self.sitting,
        )
        self.problem = ""
        try:
            self.catch_up()
            self.write(event)
        except CourseError as error:
            self.problem = str(error)
            return  # what is not in the record does not count, here either; it may be answered again
        did = self.standing.take(event)
        if self.first:
            self.first, self.first_right, self.did = False, right, did
        if self.state.stuck and not self.state.marked:
            mark = record.Event("stuck", unit=event.unit, skill=self.skill)
            with suppress(CourseError):  # the next answer tries again
                self.write(mark)
                self.standing.take(mark)


def shown(value: Any) -> str:
    """An answer as the record keeps it: short enough to read, whatever it is."""
    large = getattr(value, "size", 0)
    try:
        if callable(value) or (isinstance(large, int) and large > SHOWN):
            text = judge.brief(value)
        elif isinstance(value, list | tuple):
            text = show(value[:SHOWN])
        else:
            text = show(_numpy(value))
    except Exception:  # a stranger's object need not even be printable
        text = judge.brief(value)
    text = text.encode(errors="replace").decode()  # half a surrogate pair is no text a file can hold
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the record can hold them: plain values, and as text what JSON has no form for."""

    def held(value: Any) -> Any:
        try:
            value = plain(_numpy(value))
            record.variant_text({"": value})
        except Exception:
            return shown(value)
        return value

    return {name: held(value) for name, value in arguments.items()}


def _numpy(value: Any) -> Any:
    """An array of JAX's as one of NumPy's; anything else as it is."""
    return np.asarray(value) if hasattr(value, "__array__") else value


def event_of(exercise: Exercise, arguments: Mapping[str, Any], **what: Any) -> record.Event:
    """The event of one answer to `exercise`, with what was asked and accepted as text."""
    if exercise.is_code:
        asked, accepted = exercise.prompt().split("\n")[0], ""
    else:
        asked, accepted = exercise.prompt(arguments), shown(exercise.reference(*exercise.inputs(arguments)))
    return record.Event(
        "answer",
        unit=exercise.skill.split(".")[0],
        skill=exercise.skill,
        exercise=exercise.id,
        arguments=kept(arguments),
        content=exercise.version,
        options=len(exercise.answer.options) if isinstance(exercise.answer, Choice) else 0,
        asked=asked,
        accepted=accepted,
        **what,
    )


def standing() -> tuple[Standing, str]:
    """Where the learner stands, from their record, and what there is to say about the record."""
    replay = record.read()
    return Standing(manifest.load(), replay.events), replay.warning


def questions(skill: str, *, gating: bool = False) -> list[Exercise]:
    """The short questions of `skill`; for a checkpoint without choices of two. Empty where its bank is not here."""
    found = bank.find_bank(skill.split(".")[0])
    exercises = [e for e in found.of_skill(skill) if not e.is_code] if found else []
    return [e for e in exercises if not (gating and isinstance(e.answer, Choice) and len(e.answer.options) == 2)]


def turned(exercises: list[Exercise], by: int) -> list[Exercise]:
    """The same exercises in turn, from the one at place `by` on; past the last one, the first comes again."""
    by %= len(exercises)
    return exercises[by:] + exercises[:by]


def start(skill: str, follower: Follower | None = None) -> Session:
    """A session on `skill` that goes on from the learner's record. `CourseError` where it cannot be practised."""
    manifest.load().skill(skill)
    exercises = questions(skill)
    if not exercises and bank.find_bank(skill.split(".")[0]) is None:
        raise CourseError(f"The exercises of “{skill}” are not here, so it cannot be practised on this machine.")
    if not exercises:
        raise CourseError(f"“{skill}” has no short questions; its exercise is in the unit's notebook.")
    follower = follower or Follower()
    # Not always the first kinds, or three of them would do for the skill.
    exercises = turned(exercises, secrets.randbelow(len(exercises)))
    return Session(skill, exercises, write=follower.write, standing=follower.standing, catch_up=follower.catch_up)


class Follower:
    """A standing kept level with the learner's record, which other kernels write, too.

    Where no person is there, but a program that runs the notebook, nothing is written.
    """

    def __init__(self) -> None:
        self.standing = Standing(manifest.load())
        self.warning = ""
        self._present = session.person_present()
        self._replay()

    def write(self, event: record.Event) -> None:
        """Into the record; `CourseError` where it cannot be written."""
        if self._present:
            self._read.wrote(event, record.append(event))

    def catch_up(self) -> None:
        """Take what others have written into the record. `CourseError` where it cannot be read.

        What comes after all that was taken is taken, too; anything else means that all is replayed.
        """
        if not self._present or (record.size() == self._read.place and self._read.in_order):
            return
        new = self._read.since()
        if new is None:
            self._replay()
            return
        for event in new.events:
            self.standing.take(event)
        self.warning = new.warning

    def saw(self, event: record.Event, written: int) -> None:
        """Take an event that this process appended in another form, as so many bytes; and more, where that is not all."""
        if record.size() == self._read.place + written:
            self._read.wrote(event, written)
            self.standing.take(event)
        else:
            self.catch_up()

    def _replay(self) -> None:
        content = record.text()
        replay = record.parse(content)
        self.standing.replay(replay.events)
        self.warning = replay.warning
        self._read = Bookmark(content, replay)


def practice(skill: str | None = None) -> Any:
    """Deal fresh questions on `skill` in a form, as many as you like; without one, a session of about ten minutes.

    The session asks what is due for review, then what is weak, across units. Enter submits, and after a right answer
    goes on. Without widgets the first question is shown.
    """
    try:
        if skill is None:
            from course.rounds import session_of_ten_minutes

            begun = session_of_ten_minutes()
            from course.round_form import shown_round

            return shown_round(begun)
        from course.form import PracticeForm

        return PracticeForm(start(skill)).shown()
    except BankError as error:
        raise CourseError(str(error)) from None


# --------------------------------------------------------------------------- what a learner types


_EXAMPLE = {
    "number": "Type a number such as `0.35`, or an expression such as `0.9**10`.",
    "array": "Type rows in brackets, such as `[[1, 0], [0.5, 2]]`.",
}


def typed(kind: Value, text: str) -> Any:
    """What a learner typed, as a value: numbers, simple expressions, nested lists; a choice's text as it is.

    Raises `Unreadable` with the sentence that says how to write it. `^` means power and a closing `%` a
    hundredth, since that is what people mean by them.
    """
    text = text.strip().replace("−", "-").replace("·", "*").replace("×", "*")
    if not text:
        return ...
    if isinstance(kind, Choice):
        return text
    example = _EXAMPLE["array" if isinstance(kind, Array) else "number"]
    text = text.replace("^", "**")
    if text.endswith("%"):
        text = f"({text[:-1]})/100"
    value = _evaluated(text, example)
    if isinstance(kind, Number | Integer) and isinstance(value, tuple | list):
        raise Unreadable(f"That is a list; one number was asked for. {example} Write decimals with a point.")
    return value


def _evaluated(text: str, example: str) -> Any:
    import math
    import warnings

    import simpleeval

    functions = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "tanh", "floor", "ceil")}
    functions |= {"ln": math.log, "abs": abs, "sigmoid": lambda z: 1 / (1 + math.exp(-z))}
    reader = simpleeval.EvalWithCompoundTypes(functions=functions, names={"pi": math.pi, "e": math.e})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an assignment is only warned of, and read without its name
            value = reader.eval(text)
    except ZeroDivisionError:
        raise Unreadable("That divides by zero.") from None
    except Exception:
        raise Unreadable(f"“{text}” cannot be read. {example}") from None
    if isinstance(value, int | float | list | tuple):
        return value
    raise Unreadable(f"“{text}” is not a number. {example}")

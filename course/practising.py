"""Practice: fresh variants of one skill, one after another. The session is plain state; the form shows it.

`Session` knows nothing of widgets, so that a test, a terminal or another form can drive it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autograder import bank, judge
from autograder.compare import Unreadable
from autograder.exercise import Array, BankError, Choice, Exercise, Integer, Number, State, Value, Variant, Verdict
from course import manifest, session
from course.errors import CourseError
from course.mastery import record, rule

FRESH_DRAWS = 60
"""How many seeds are tried for a variant this learner has not seen; then an old one must do, and does not count."""


def _new_seed() -> int:
    return secrets.randbelow(2**31)


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
    """

    skill: str
    exercises: list[Exercise]
    write: Callable[[record.Event], None] = record.append
    new_seed: Callable[[], int] = _new_seed
    events: list[record.Event] = field(default_factory=list)
    exercise: Exercise = field(init=False)
    variant: Variant = field(init=False)
    verdict: Verdict | None = field(init=False, default=None)
    hints: int = field(init=False, default=0)
    first: bool = field(init=False, default=True)
    problem: str = field(init=False, default="")
    _turn: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.deal()

    @property
    def state(self) -> rule.SkillState:
        return rule.skills(self.events).get(self.skill, rule.SkillState())

    @property
    def done(self) -> bool:
        """Whether this question has been answered right, so that the next one is due."""
        return self.verdict is not None and self.verdict.right

    @property
    def question(self) -> str:
        return self.exercise.prompt(self.variant.arguments)

    def deal(self) -> None:
        """Draw the next question: a variant this learner has not answered before, where there still is one."""
        for offset in range(len(self.exercises)):
            exercise = self.exercises[(self._turn + offset) % len(self.exercises)]
            seen = record.variants_seen(self.events, exercise.id)
            for _ in range(FRESH_DRAWS):
                variant = judge.deal(exercise, self.new_seed())
                if record.variant_text(variant.arguments) not in seen:
                    break
            else:
                continue
            break
        self._turn += offset + 1
        self.exercise, self.variant = exercise, variant
        self.verdict, self.hints, self.first = None, 0, True

    def hint(self) -> str:
        """The next hint; a hinted answer does not count towards the gate."""
        if not self.exercise.hints:
            return "This one has no hint."
        self.hints += 1
        return self.exercise.hints[min(self.hints, len(self.exercise.hints)) - 1]

    def answer(self, value: Any) -> Verdict:
        """Judge `value`. What cannot be read as an answer at all is no attempt, and is not counted."""
        self.verdict = judge.judge(self.exercise, value, self.variant.arguments)
        if self.verdict.state not in (State.NOT_ATTEMPTED, State.UNREADABLE):
            self._count(self.verdict.right, self.verdict.mistake)
        return self.verdict

    def give_up(self) -> Verdict:
        """Say "I don't know": counted as a miss, since otherwise one could wait for an easy question."""
        self._count(False, None)
        self.verdict = Verdict(
            self.exercise.id, State.NOT_ATTEMPTED, 0.0, self.exercise.points, self.question, sentence=self.hint()
        )
        return self.verdict

    def _count(self, right: bool, mistake: str | None) -> None:
        event = record.Event(
            "answer",
            unit=self.skill.split(".")[0],
            skill=self.skill,
            exercise=self.exercise.id,
            arguments=self.variant.arguments,
            seed=self.variant.seed,
            content=self.exercise.version,
            right=right,
            mistake=mistake,
            hints=self.hints,
            first=self.first,
        )
        self.first = False
        self.problem = ""
        try:
            self.write(event)
        except CourseError as error:
            self.problem = str(error)
            return  # what is not in the record does not count, here either
        self.events.append(event)


def start(skill: str) -> Session:
    """A session on `skill` that goes on from the learner's record. `CourseError` where it cannot be practised."""
    manifest.load().skill(skill)
    found = bank.find_bank(skill.split(".")[0])
    if found is None:
        raise CourseError(f"The exercises of “{skill}” are not here, so it cannot be practised on this machine.")
    exercises = [e for e in found.of_skill(skill) if not e.is_code]
    if not exercises:
        raise CourseError(f"“{skill}” has no short questions; its exercise is in the unit's notebook.")
    events = list(record.read().events)
    if session.person_present():
        return Session(skill, exercises, events=events)
    return Session(skill, exercises, write=lambda event: None, events=events)


def practice(skill: str) -> Any:
    """Deal fresh questions on `skill` in a form; three right in a row master it.

    Enter submits, and after a right answer deals the next. Without widgets it shows the first question.
    """
    try:
        begun = start(skill)
    except BankError as error:
        raise CourseError(str(error)) from None
    from course.form import PracticeForm

    return PracticeForm(begun).shown()


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

"""What a bank declares: an exercise is a reference and its mistakes, all of them code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograder.errors import IsometryError
from autograder.judging.values import show

Arguments = Mapping[str, Any]
"""What one variant asks: the reference's parameters by name, as plain numbers, strings, lists or arrays."""


class BankError(IsometryError):
    """A bank declares something that cannot work. The text says what, and how to mend it."""


@dataclass(frozen=True)
class Number:
    """A real number, judged to `figures` significant figures (one unit in the last of them is allowed)."""

    figures: int = 3

    def asked(self) -> str:
        return f"a number to {self.figures} significant figures"


@dataclass(frozen=True)
class Integer:
    """A whole number, judged exactly."""

    def asked(self) -> str:
        return "a whole number"


@dataclass(frozen=True)
class Array:
    """An array: shape first, then kind of dtype, then values to a tolerance that follows from the dtype.

    `figures` is for arrays typed by hand: each entry is then judged as a `Number`.
    """

    figures: int | None = None

    def asked(self) -> str:
        return "an array" if self.figures is None else f"an array, entries to {self.figures} significant figures"


@dataclass(frozen=True)
class Choice:
    """One of the `options`, by its text. Two options may not gate: half of all guessers would pass."""

    options: tuple[str, ...]

    def asked(self) -> str:
        return "one of " + ", ".join(f"“{option}”" for option in self.options)


class Measurement(NamedTuple):
    """One thing to find out about a learner's function: `way` is a name in `probes.PROBES`."""

    way: str
    """`traced` is the one whose value is compared with the reference's: see `Requirement`."""
    inputs: tuple[Any, ...]
    """The positional inputs it is called on."""
    argument: int = 0
    """Which of them the way is about, where it is about one."""
    weights: Any = None
    """What the entries of the result are weighted with before a gradient of their sum is taken."""


class Trace(NamedTuple):
    """What JAX traces a function to, on some inputs."""

    size: int
    """The number of equations, those inside loops and calls included."""
    largest: int
    """The entries of the largest array that is computed; what is only moved is free."""


@dataclass(frozen=True)
class Requirement:
    """Something asked of a function besides its values, such as `works under jit`.

    `measured(inputs)` names what is to be found out, for the positional inputs of one variant on which the function was
    not called before, and `holds(inputs, *found)` says of what was found whether it will do; a measurement that raised, or
    took too long, means it does not. What is `traced` comes as a `Trace`, and only if it is a program of JAX's alone that
    computes what the reference does: so a function cannot show one program and be another. `sentence` tells a learner
    who broke it what to change. `share` is the part of the points that hangs on it.
    """

    name: str
    sentence: str
    measured: Callable[[tuple[Any, ...]], Sequence[Measurement]]
    holds: Callable[..., bool]
    share: float = 0.25


@dataclass(frozen=True)
class Function:
    """A function, called on `variants` drawn inputs; each result is judged as `returns`.

    `seconds` bounds one call, compilation included.
    """

    returns: Number | Integer | Array = field(default_factory=Array)
    variants: int = 8
    must: tuple[Requirement, ...] = ()
    seconds: float = 10.0

    def asked(self) -> str:
        extra = "".join(f"; it {requirement.name}" for requirement in self.must)
        return f"a function that returns {self.returns.asked()}{extra}"


Value = Number | Integer | Array | Choice

Answer = Value | Function


@dataclass(frozen=True)
class Mistake:
    """A misconception as code: `answer(**arguments)` is what a learner who holds it would give.

    `sentence` is what that learner reads; it helps and never tells the answer. Where `breaks` names a
    requirement, the values are right and that requirement is what the mistake violates.
    """

    name: str
    sentence: str
    answer: Callable[..., Any]
    breaks: str | None = None


class Variant(NamedTuple):
    """One dealt question: the arguments drawn from `seed`."""

    seed: int
    arguments: dict[str, Any]


@dataclass
class Exercise:
    """A reference, the way to draw its arguments, and the mistakes learners are known to make.

    `name` is the reference's own; `id` is `unit.name`, where the unit is the skill's first part. The
    reference's docstring is the question: `{argument}` stands for a drawn value, and backticks for code.
    """

    reference: Callable[..., Any]
    skill: str
    points: float
    answer: Answer
    hints: tuple[str, ...] = ()
    _: KW_ONLY
    mistakes: list[Mistake] = field(default_factory=list)
    draw: Callable[[np.random.Generator], Arguments] | None = None
    edges: list[Callable[[np.random.Generator], Arguments]] = field(default_factory=list)
    """How further inputs of a function are drawn, on which mistakes may be right by chance: each is asked once, beside the
    variants, and only costs points."""
    version: str = "unversioned"
    """Which text of the bank this is; a seed means the same variant only under the same version."""

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def id(self) -> str:
        return f"{self.skill.split('.')[0]}.{self.name}"

    @property
    def is_code(self) -> bool:
        return isinstance(self.answer, Function)

    @property
    def returns(self) -> Value:
        """What the reference returns: the answer itself, or what an answered function returns."""
        return self.answer.returns if isinstance(self.answer, Function) else self.answer

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.reference).parameters)

    def prompt(self, arguments: Arguments | None = None) -> str:
        """The question as text, with `{argument}` replaced by its value; other braces stay."""
        # A docstring is broken where its line is full; a paragraph ends at an empty line.
        text = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(self.reference.__doc__ or ""))
        values = {key: show(value) for key, value in (arguments or {}).items()}
        return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), text)

    def inputs(self, arguments: Arguments) -> tuple[Any, ...]:
        """The arguments in the reference's own order, as a learner's function is called."""
        return tuple(arguments[name] for name in self.parameters)

    # -- declaring (decorators for a bank)

    def variant(self, draw: Callable[[np.random.Generator], Arguments]) -> Callable[[np.random.Generator], Arguments]:
        """Declare how arguments are drawn: a function of a NumPy generator that returns them by name."""
        self.draw = draw
        return draw

    def edge(self, draw: Callable[[np.random.Generator], Arguments]) -> Callable[[np.random.Generator], Arguments]:
        """Declare an input at the edge of what the text promises, such as no padding, one layer, a thousand layers."""
        if not self.is_code:
            raise BankError(f"{self.id} asks for a value, which has no edges. Draw its variants with `variant`.")
        self.edges.append(draw)
        return draw

    def mistake(
        self, sentence: str, *, breaks: str | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a mistake: a function with the reference's parameters, and the sentence that helps."""
        if breaks is not None:
            known = [r.name for r in self.answer.must] if isinstance(self.answer, Function) else []
            if breaks not in known:
                raise BankError(
                    f"{self.id}: a mistake says it breaks “{breaks}”, which the answer does not require. "
                    f"Name one of {known}, or add the requirement to Function(must=…)."
                )

        def declare(answer: Callable[..., Any]) -> Callable[..., Any]:
            if any(m.name == answer.__name__ for m in self.mistakes):
                raise BankError(f"{self.id}: two mistakes are called “{answer.__name__}”. Rename one.")
            self.mistakes.append(Mistake(answer.__name__, sentence, answer, breaks))
            return answer

        return declare


def exercise(
    *, skill: str, points: float, answer: Answer, hints: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Exercise]:
    """Declare the decorated function as the reference of an exercise (see the module's docstring).

    Parameters
    ----------
    skill:
        `unit.skill`, as in `course/syllabus.toml`.
    points:
        What a full answer is worth; `course lint` compares the notebook's metadata with it.
    answer:
        `Number`, `Integer`, `Array`, `Choice` or `Function`: what a learner hands in, and how closely it is judged.
    hints:
        From a nudge to nearly the way; none tells the answer.
    """

    def declare(reference: Callable[..., Any]) -> Exercise:
        if not (reference.__doc__ or "").strip():
            raise BankError(f"Exercise “{reference.__name__}” has no docstring, and the docstring is the question.")
        return Exercise(reference, skill, points, answer, tuple(hints))

    return declare

"""What the bank itself answers: the answer key of a question, and variants on which all answers are told apart.

It says nothing about right and wrong: that is `judge.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograder.judging import compare
from autograder.judging.compare import Floats, Unreadable
from autograder.judging.exercise import (
    Arguments,
    BankError,
    Exercise,
    Function,
    Mistake,
    Variant,
)
from autograder.judging.safe_call import CallResult, Returned
from autograder.judging.values import to_builtins

DRAWS = 400
"""How often a variant may be drawn again before the bank is called unable to tell its answers apart."""


def expected(exercise: Exercise, arguments: Arguments) -> Floats | str:
    """The reference's answer to one variant, as `compare` reads it."""
    return read_own(exercise, exercise.reference, arguments)


def mistaken(exercise: Exercise, mistake: Mistake, arguments: Arguments) -> Floats | str:
    """What a learner who holds `mistake` would answer to one variant."""
    return read_own(exercise, mistake.answer, arguments)


def read_own(
    exercise: Exercise,
    answer: Callable[..., Any],
    arguments: Arguments | None = None,
    *,
    inputs: tuple[Any, ...] | None = None,
) -> Floats | str:
    """What a function of the bank's answers to `arguments`, or to positional `inputs`, as `compare` reads it."""
    name = answer.__name__
    try:
        value = answer(*(exercise.inputs(arguments or {}) if inputs is None else inputs))
    except KeyError as error:
        raise BankError(
            f"{exercise.id} needs the argument {error}; give it in `variant`, and in the notebook's `check`."
        ) from None
    except Exception as error:
        raise BankError(f"{exercise.id}: “{name}” raised {type(error).__name__}: {error}") from error
    try:
        return compare.read(exercise.returns, value, f"What “{name}” returns")
    except Unreadable as unreadable:
        raise BankError(f"{exercise.id}: {unreadable}") from None


class AnswerKey(NamedTuple):
    """One variant with all that the bank answers to it: plain data, so that judging needs no reference any more.

    Mistakes that break a requirement answer like the reference by design, and are left out.
    """

    arguments: dict[str, Any]
    right: Floats | str
    mistaken: dict[str, Floats | str]
    """By the mistake's name."""


def key_of(exercise: Exercise, arguments: Arguments) -> AnswerKey:
    """Everything the bank answers to one variant."""
    answers = {m.name: mistaken(exercise, m, arguments) for m in exercise.mistakes if m.breaks is None}
    return AnswerKey(dict(arguments), expected(exercise, arguments), answers)


def confusable(exercise: Exercise, arguments: Arguments) -> list[tuple[str, str]]:
    """The pairs among the reference and the mistakes that one answer could agree with, on these arguments."""
    return _confusable(exercise, key_of(exercise, arguments))


def _confusable(exercise: Exercise, asked: AnswerKey) -> list[tuple[str, str]]:
    answers = {exercise.name: asked.right} | asked.mistaken
    names = list(answers)
    return [
        (one, other)
        for i, one in enumerate(names)
        for other in names[i + 1 :]
        if not compare.apart(exercise.returns, answers[one], answers[other])
    ]


def deal(exercise: Exercise, seed: int) -> Variant:
    """A variant for `seed`: drawn until the reference and all mistakes differ pairwise by more than the tolerance."""
    return Variant(int(seed), dict(_deal(_Key(exercise), int(seed)).arguments))


class _Key:
    """An exercise as a cache key: the same text of the same bank is the same exercise."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.identity = (exercise.id, exercise.version, id(exercise))

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.identity == other.identity


@lru_cache(maxsize=4096)
def _deal(key: _Key, seed: int) -> AnswerKey:
    exercise = key.exercise
    if exercise.draw is None:
        raise BankError(f"{exercise.id} has no variants. Declare how to draw one with @{exercise.name}.variant.")
    rng = np.random.default_rng(seed)
    pairs: list[tuple[str, str]] = []
    for _ in range(DRAWS):
        drawn = exercise.draw(rng)
        arguments = dict(drawn) if exercise.is_code else {k: to_builtins(v) for k, v in drawn.items()}
        if set(arguments) != set(exercise.parameters):
            raise BankError(
                f"{exercise.id}: `variant` gives {sorted(arguments)}, but the reference takes "
                f"{list(exercise.parameters)}. Make them the same."
            )
        asked = key_of(exercise, arguments)
        pairs = _confusable(exercise, asked)
        if not pairs:
            return asked
    one, other = pairs[0]
    raise BankError(
        f"{exercise.id}: in {DRAWS} draws “{one}” and “{other}” could not be told apart. "
        "Draw arguments on which they differ, or drop one of them."
    )


def deal_inputs(exercise: Exercise, seed: int) -> list[Variant]:
    """The variants on which a function is judged: as many as its answer asks for, all from `seed`."""
    return [deal(exercise, s) for s in _seeds_of_inputs(exercise, seed)]


def _edges(exercise: Exercise, seed: int) -> list[AnswerKey]:
    """What is asked at the edges; what a mistake answers there is not told, since it may be right, or nothing at all."""
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    drawn = [dict(draw(rng)) for draw in exercise.edges]
    return [AnswerKey(arguments, expected(exercise, arguments), {}) for arguments in drawn]


def _seeds_of_inputs(exercise: Exercise, seed: int) -> list[int]:
    if not isinstance(exercise.answer, Function):
        raise BankError(f"{exercise.id} asks for a value, not for a function.")
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(exercise.answer.variants)]


def keys_of(exercise: Exercise, arguments: Arguments, seed: int) -> list[AnswerKey]:
    """What is asked of an answer: of a value the one variant of `arguments`, of a function those drawn from `seed`, then
    its edges."""
    if exercise.is_code:
        return [_deal(_Key(exercise), s) for s in _seeds_of_inputs(exercise, seed)] + _edges(exercise, seed)
    require_all(exercise, arguments)
    return [key_of(exercise, arguments)]


def fresh_inputs(exercise: Exercise, asked: Sequence[AnswerKey]) -> tuple[Any, ...]:
    """Inputs for a function that was called on those `asked`: of the same draw, and like none of them.

    Drawn from what was asked, so that who has that knows them, and a learner, who has not, does not.
    """
    seed = int.from_bytes(hashlib.sha256(_entropy(exercise, asked)).digest()[:8], "big")
    return exercise.inputs(_deal(_Key(exercise), seed).arguments)


def _entropy(exercise: Exercise, asked: Sequence[AnswerKey]) -> bytes:
    parts = [exercise.id.encode()]
    for one in asked:
        for name in exercise.parameters:
            for leaf in _leaves(one.arguments[name]):
                value = np.asarray(leaf)
                parts.append(f"{name}{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    return b"".join(parts)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value


def require_all(exercise: Exercise, arguments: Arguments) -> None:
    missing = [name for name in exercise.parameters if name not in arguments]
    extra = [name for name in arguments if name not in exercise.parameters]
    if missing or extra:
        wrong = f"lacks {missing}" if missing else f"has {extra}, which it does not know"
        raise BankError(f'The call of check("{exercise.id}", …) {wrong}. It takes: {", ".join(exercise.parameters)}.')


def try_read(exercise: Exercise, outcome: CallResult) -> Floats | str | Unreadable:
    if not isinstance(outcome, Returned):
        return Unreadable()
    try:
        if outcome.value is None:
            raise Unreadable("Your function returned None. Is a `return` missing?")
        return compare.read(exercise.returns, outcome.value, "What your function returns")
    except Unreadable as unreadable:
        return unreadable


def forget() -> None:
    """Empty the caches of dealt variants (for tests and authors who edit a bank)."""
    _deal.cache_clear()

"""Slips that learners make everywhere, told apart by what they make of the right answer.

A bank names the mistakes of its own exercises, and they go first. These need no bank: each says what a right value, or
the reference on other arguments, becomes when somebody slips, and one sentence on what to look at. A slip is told only
where its value fits the answer as closely as a mistake's has to, no other slip fits too, and the value could not fit by
chance; it has no name, so it stands in no statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.judging import compare
from autograder.judging.answer_key import AnswerKey, read_own
from autograder.judging.compare import Floats
from autograder.judging.exercise import BankError, Exercise, Integer

SMALLEST_TOLD = 20
"""A whole number below this is hit by chance too easily for any slip to be told from it."""


class Slip(NamedTuple):
    """What becomes of the right answer, and what to look at."""

    sentence: str
    of_value: Callable[[Floats], Floats]


LN10 = float(np.log(10.0))

SLIPS = (
    Slip("Follow the sign through each step.", lambda v: -v),
    Slip("A share is lost and a share is left: which of the two is asked for?", lambda v: 1 - v),
    Slip("Is a share asked for, or per cent?", lambda v: 100 * v),
    Slip("Is a share asked for, or per cent?", lambda v: v / 100),
    Slip("Look once more at what is divided by what.", lambda v: 1 / v),
    Slip("A factor of two is in question: follow it through each step.", lambda v: 2 * v),
    Slip("A factor of two is in question: follow it through each step.", lambda v: v / 2),
    Slip("A square or a root is in question: which of the two is asked for?", np.square),
    Slip("A square or a root is in question: which of the two is asked for?", np.sqrt),
    Slip("Which base does the logarithm have?", lambda v: v * LN10),
    Slip("Which base does the logarithm have?", lambda v: v / LN10),
)
"""Slips in the value."""

COUNTED = "Count once more: is the first among them, and is the last?"
AXES = "Which index goes along the rows, and which along the columns?"
LEFT_OUT = "Does your answer change with every number of the question? Try another for each of them."


def told(exercise: Exercise, asked: Sequence[AnswerKey], answers: Sequence[Floats | str]) -> str:
    """The sentence on the one slip whose values these are, on all that was asked; empty where none is, or several are."""
    values = [answer for answer in answers if not isinstance(answer, str)]
    rights = [one.right for one in asked if not isinstance(one.right, str)]
    if len(values) < len(asked) or len(rights) < len(asked) or not _tellable(exercise, rights):
        return ""
    found = []
    for sentence, slipped in _slipped(exercise, asked, rights):
        if all(
            _apart(exercise, right, wrong) and compare.is_anothers(exercise.returns, wrong, value, right)
            for right, wrong, value in zip(rights, slipped, values, strict=True)
        ):
            found.append(sentence)
    return found[0] if len(set(found)) == 1 else ""


def _tellable(exercise: Exercise, rights: Sequence[Floats]) -> bool:
    """Whether a fit means something: small whole numbers, and answers of one or two figures, fit by chance."""
    if isinstance(exercise.returns, Integer):
        return all(abs(float(right)) >= SMALLEST_TOLD for right in rights)
    figures = getattr(exercise.returns, "figures", None)
    return figures is None or figures >= 3 or rights[0].size >= 3


def _apart(exercise: Exercise, right: Floats, wrong: Floats) -> bool:
    return wrong.shape != right.shape or not compare.agrees(exercise.returns, right, wrong)


def _slipped(
    exercise: Exercise, asked: Sequence[AnswerKey], rights: Sequence[Floats]
) -> Iterator[tuple[str, list[Floats]]]:
    """Each slip's sentence, and what it makes of each right answer; those left out that make nothing of one."""
    with np.errstate(all="ignore"):
        for slip in SLIPS:
            values = [np.asarray(slip.of_value(right), float) for right in rights]
            if all(np.all(np.isfinite(value)) for value in values):
                yield slip.sentence, values
    if all(right.ndim == 2 and right.shape[0] == right.shape[1] for right in rights):
        yield AXES, [right.T for right in rights]
    for name in exercise.parameters:
        for sentence, whole, change in (
            (COUNTED, True, lambda number: number + 1),
            (COUNTED, True, lambda number: number - 1),
            (LEFT_OUT, False, lambda number: type(number)(0)),
            (LEFT_OUT, False, lambda number: type(number)(1)),
        ):
            changed = [_changed(exercise, one.arguments, name, change, whole=whole) for one in asked]
            known = [value for value in changed if value is not None]
            if len(known) == len(asked):
                yield sentence, known


def _changed(
    exercise: Exercise, arguments: Mapping[str, Any], name: str, change: Callable[[Any], Any], *, whole: bool
) -> Floats | None:
    """What the reference answers with another number for `name`; None where that is none, or it answers nothing."""
    number = arguments[name]
    if isinstance(number, bool) or not isinstance(number, int if whole else int | float):
        return None
    try:
        value = read_own(exercise, exercise.reference, {**arguments, name: change(number)})
    except BankError:
        return None
    return None if isinstance(value, str) or not np.all(np.isfinite(value)) else value

"""No prompt, hint or sentence tells the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import CodeType

import numpy as np

from autograder import compare, judge
from autograder.exercise import Arguments, BankError, Choice, Exercise, Integer, Number, Variant
from course.authoring.complaint import Complaint
from course.authoring.tree import Unit

DEALT = 12
"""Variants on which the texts are read."""


def texts_keep_the_answer(unit: Unit) -> Iterator[Complaint]:
    """The question, the hints and the mistakes' sentences hold neither the answer's value nor code that computes it."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if exercise.draw is None:
            continue
        for what, render in _texts(exercise):
            try:
                found = _quotes_the_answer(exercise, render({})) or _tells_value(exercise, render)
            except BankError:
                break  # said by `answers_differ`
            if found:
                yield Complaint(
                    unit.of_bank(exercise.id),
                    f"{what} tells the answer ({found})",
                    "Say what to look at, and leave the last step to the learner.",
                )


def _texts(exercise: Exercise) -> Iterator[tuple[str, Callable[[Arguments], str]]]:
    yield "the question", exercise.prompt
    for number, hint in enumerate(exercise.hints, start=1):
        yield f"hint {number}", _constant(hint)
    for mistake in exercise.mistakes:
        yield f"the sentence of “{mistake.name}”", _constant(mistake.sentence)


def _constant(text: str) -> Callable[[Arguments], str]:
    return lambda arguments: text


def _tells_value(exercise: Exercise, render: Callable[[Arguments], str]) -> str | None:
    """What of the text is the answer, on most variants; a number that happens to meet the answer of one is no leak."""
    if exercise.is_code:
        return None
    variants = _dealt(exercise, DEALT)
    found = [_in_text(exercise, render, variant.arguments) for variant in variants]
    told = [text for text in found if text]
    return told[0] if 2 * len(told) > len(variants) else None


def _in_text(exercise: Exercise, render: Callable[[Arguments], str], arguments: Arguments) -> str | None:
    text, answer = render(arguments), judge.expected(exercise, arguments)
    if isinstance(answer, str):
        assert isinstance(exercise.answer, Choice)
        others = [option for option in exercise.answer.options if option != answer]
        # A text that names several options points at none of them.
        return answer if _names(text, answer) and not any(_names(text, o) for o in others if o not in answer) else None
    if answer.size != 1 or not isinstance(exercise.answer, Number | Integer):
        return None
    for number in re.findall(r"(?<![\w.])[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?(?![\w]|\.\d)", text):
        if compare.agrees(exercise.answer, answer, np.asarray(float(number.replace("−", "-")))):
            return number
    return None


def _names(text: str, option: str) -> bool:
    pattern = rf"(?<!\w){re.escape(' '.join(option.split()))}(?!\w)"
    return re.search(pattern, " ".join(text.split()), re.IGNORECASE) is not None


def _quotes_the_answer(exercise: Exercise, text: str) -> str | None:
    """The code in backticks, if any, that computes the answer from the question's arguments."""
    for quoted in re.findall(r"`([^`]+)`", text):
        try:
            expression = compile(quoted.strip(), "text", "eval")
        except SyntaxError:
            continue
        if set(expression.co_names) & set(exercise.parameters) and all(
            _computes(expression, exercise, variant.arguments) for variant in _dealt(exercise, 3)
        ):
            return f"`{quoted}`"
    return None


def _computes(expression: CodeType, exercise: Exercise, arguments: Arguments) -> bool:
    """Whether an expression of the parameters and jax, jnp, lax, np gives the reference's answer."""
    import jax
    import jax.numpy as jnp

    try:
        value = eval(expression, {"jax": jax, "jnp": jnp, "lax": jax.lax, "np": np, **arguments})
        return compare.agrees(
            exercise.returns, judge.expected(exercise, arguments), compare.read(exercise.returns, value)
        )
    except Exception:  # whatever a fragment does wrong, it does not tell the answer
        return False


def _dealt(exercise: Exercise, count: int) -> list[Variant]:
    if exercise.is_code:
        return judge.deal_inputs(exercise, 0)[:count]  # dealt already, by `answers_differ`
    return [judge.deal(exercise, seed) for seed in range(count)]

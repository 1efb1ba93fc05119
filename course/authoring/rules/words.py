"""No prompt, hint or sentence tells the answer."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder import compare, judge
from autograder.exercise import Arguments, BankError, Choice, Exercise, Integer, Number
from course.authoring.complaint import Complaint
from course.authoring.tree import Unit

DEALT = 12
"""Variants on which the texts are read."""
LEAST = 10
"""Characters of an expression, spaces aside, from which on quoting it gives the answer away."""


def texts_keep_the_answer(unit: Unit) -> Iterator[Complaint]:
    """The question, the hints and the mistakes' sentences hold neither the answer's value nor its code."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        told = _tells_code if exercise.is_code else _tells_value
        for what, render in _texts(exercise):
            try:
                found = told(exercise, render)
            except BankError:
                continue  # said by `answers_differ`
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
    if exercise.draw is None:
        return None
    variants = [judge.deal(exercise, seed) for seed in range(DEALT)]
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


def _tells_code(exercise: Exercise, render: Callable[[Arguments], str]) -> str | None:
    """What of the text is an expression that the reference returns or assigns."""
    text = _bare(render({}))
    for expression in _expressions(exercise.reference):
        if len(_bare(expression)) >= LEAST and _bare(expression) in text:
            return f"`{expression}`"
    return None


def _expressions(f: Callable[..., Any]) -> list[str]:
    """What `f` returns, as its source says it, calls and operations only."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    return [ast.unparse(node) for node in returned if isinstance(node, ast.Call | ast.BinOp)]


def _bare(text: str) -> str:
    """Code without its spaces, and with one name for NumPy and its likeness in JAX."""
    return re.sub(r"\b(jax\.numpy|jnp|numpy)\.", "np.", re.sub(r"\s", "", text))

"""Questions, hints and sentences are plain text, short, and none of them tells the answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from types import CodeType

import numpy as np

from autograder.judging import answer_key, compare
from autograder.judging.exercise import Arguments, BankError, Choice, Exercise, Integer, Number, Variant
from autograder.judging.values import show, to_builtins
from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles

DEALT = 60
"""Variants on which the texts are read."""
BY_CHANCE = 3
"""Of these, on so many a number in a text may be the answer: a principle's digit happens to meet one."""
BY_CHANCE_UNGATED = 9
"""The same for the question of a skill that opens nothing."""
SENTENCE = 170
"""Characters of a mistake's sentence at most."""
HINTS = (2, 3)
"""Hints an exercise has: at least, at most."""


def texts_keep_the_answer(unit: UnitFiles) -> Iterator[Complaint]:
    """The question, the hints and the mistakes' sentences hold neither the answer's value nor code that computes it."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if exercise.draw is None:
            continue
        gates = exercise.skill in unit.gated
        for what, render in _texts(exercise):
            chance = BY_CHANCE if gates or what != "the question" else BY_CHANCE_UNGATED
            try:
                found = _quotes_the_answer(exercise, render({})) or _tells_value(exercise, render, chance)
            except BankError:
                break  # said by `answers_differ`
            if found:
                yield Complaint(
                    unit.of_bank(exercise.id),
                    f"{what} tells the answer ({found})",
                    "Say what to look at, and leave the last step to the learner.",
                )


def texts_are_plain(unit: UnitFiles) -> Iterator[Complaint]:
    """They are shown where nothing sets formulas: no LaTeX in them."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        for what, render in _texts(exercise):
            found = re.search(r"\$|\\[a-z]+|\^\{", re.sub(r"`[^`]*`", "", render({})))
            if found:
                how = "Write it in plain text: letters such as ℓ and ², and backticks for code."
                yield Complaint(unit.of_bank(exercise.id), f"{what} holds LaTeX ({found[0]})", how)


def questions_print_their_numbers(unit: UnitFiles) -> Iterator[Complaint]:
    """A question that is answered by a value prints each number that is drawn, and asks for no other."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if exercise.is_code:
            continue
        printed = set(re.findall(r"\{(\w+)\}", exercise.prompt()))
        for name in sorted(printed - set(exercise.parameters)):
            near = difflib.get_close_matches(name, exercise.parameters, n=1)
            yield Complaint(
                unit.of_bank(exercise.id),
                f"its question prints {{{name}}}, which is none of the reference's parameters",
                f"Did you mean {{{near[0]}}}?" if near else f"There are: {', '.join(exercise.parameters) or 'none'}.",
            )
        if re.search(r"[{}]", re.sub(r"\{\w+\}", "", exercise.prompt())):
            yield Complaint(
                unit.of_bank(exercise.id),
                "its question holds a brace that is no {name} of a drawn number",
                "Write {name} with nothing else between the braces.",
            )
        for name in sorted(set(exercise.parameters) - printed):
            yield Complaint(
                unit.of_bank(exercise.id),
                f"its question does not print `{name}`, which is drawn",
                f"Write {{{name}}} where its value belongs.",
            )


def hints_are_two_or_three(unit: UnitFiles) -> Iterator[Complaint]:
    """An exercise has two or three hints: a nudge, and one that leads nearly all the way."""
    least, most = HINTS
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        count = len(exercise.hints)
        if not least <= count <= most:
            yield Complaint(
                unit.of_bank(exercise.id),
                f"it has {count} hint{'' if count == 1 else 's'}, and two or three are asked for",
                "Write hints=[…] from a nudge to nearly the way; none tells the answer.",
            )


def sentences_are_one_sentence(unit: UnitFiles) -> Iterator[Complaint]:
    """A mistake is met with one sentence of at most 170 characters: a learner reads it at a glance."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        for mistake in exercise.mistakes:
            text, what = mistake.sentence, f"the sentence of “{mistake.name}”"
            where = unit.of_bank(exercise.id)
            if not text.endswith((".", "?")):
                yield Complaint(where, f"{what} has no end", "Close it with a full stop or a question mark.")
            elif re.search(r"[.?!] [A-Z]", text):
                yield Complaint(where, f"{what} is more than one", "Keep the one that helps; the rest is a hint.")
            elif len(text) > SENTENCE:
                what = f"{what} has {len(text)} characters, and {SENTENCE} are the most"
                yield Complaint(where, what, "Say what to look at, and no more.")


_HANDED_OVER = re.compile(
    r"\bone \w+ (more|fewer|less) than\b|there is one \w+ (more|less)\b|\bone (too many|too few)\b|would be right|size is right",
    re.IGNORECASE,
)
"""Words from which the right value follows from the wrong one, without another thought."""


def sentences_hand_nothing_over(unit: UnitFiles) -> Iterator[Complaint]:
    """A mistake's sentence says what to look at, and not by how much the answer was off."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        for mistake in exercise.mistakes:
            if found := _HANDED_OVER.search(mistake.sentence):
                what = f"the sentence of “{mistake.name}” hands the answer over (“{found[0]}”)"
                yield Complaint(unit.of_bank(exercise.id), what, "Say what to look at, and not by how much it is off.")


def _texts(exercise: Exercise) -> Iterator[tuple[str, Callable[[Arguments], str]]]:
    yield "the question", exercise.prompt
    for number, hint in enumerate(exercise.hints, start=1):
        yield f"hint {number}", _constant(hint)
    for mistake in exercise.mistakes:
        yield f"the sentence of “{mistake.name}”", _constant(mistake.sentence)


def _constant(text: str) -> Callable[[Arguments], str]:
    return lambda arguments: text


def _tells_value(exercise: Exercise, render: Callable[[Arguments], str], chance: int) -> str | None:
    """What of the text is the answer, on more variants than `chance` explains."""
    if exercise.is_code:
        return None
    found = [_in_text(exercise, render, variant.arguments) for variant in _dealt(exercise, DEALT)]
    told = [text for text in found if text]
    return told[0] if len(told) > chance else None


def _in_text(exercise: Exercise, render: Callable[[Arguments], str], arguments: Arguments) -> str | None:
    text, answer = render(arguments), answer_key.expected(exercise, arguments)
    if isinstance(answer, str):
        assert isinstance(exercise.answer, Choice)
        others = [option for option in exercise.answer.options if option != answer]
        # A text that names several options points at none of them.
        return answer if _names(text, answer) and not any(_names(text, o) for o in others if o not in answer) else None
    if answer.size != 1 or not isinstance(exercise.answer, Number | Integer):
        written = show(to_builtins(np.asarray(exercise.reference(*exercise.inputs(arguments)))))
        return written if written in text else None
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
            exercise.returns, answer_key.expected(exercise, arguments), compare.read(exercise.returns, value)
        )
    except Exception:  # whatever a fragment does wrong, it does not tell the answer
        return False


def _dealt(exercise: Exercise, count: int) -> list[Variant]:
    if exercise.is_code:
        return answer_key.deal_inputs(exercise, 0)[:count]  # dealt already, by `answers_differ`
    return [answer_key.deal(exercise, seed) for seed in range(count)]

"""Every unit's bank: what it calls right is right, mistakes are told apart, and nothing gives an answer away.

A new folder in `solutions/` is tested here as it stands. It is told to add two files beside this one: `oracles_NN.py`,
and `second_answers_NN.py` where it asks for code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from units import BANKS, oracles, own_file, second_answers

from autograder import judge
from autograder.bank import Bank
from autograder.compare import agrees
from autograder.exercise import Choice, Exercise, Function, Integer, Number, State, plain, show
from course import manifest

SEEDS = st.integers(0, 2**32 - 1)
EXERCISES = [(unit, exercise) for unit in BANKS.values() for exercise in unit.exercises.values()]


def is_code(exercise: Exercise) -> bool:
    return exercise.is_code


def is_value(exercise: Exercise) -> bool:
    return not exercise.is_code


def is_choice(exercise: Exercise) -> bool:
    return isinstance(exercise.answer, Choice)


def is_number(exercise: Exercise) -> bool:
    return isinstance(exercise.answer, Number)


def each(which: Callable[[Exercise], bool] = lambda exercise: True) -> Any:
    """Once for each such exercise of every bank. The ids begin with the unit: see `tests/conftest.py`."""
    chosen = [pytest.param(e, id=f"{unit.unit}-{e.name}") for unit, e in EXERCISES if which(e)]
    return pytest.mark.parametrize("exercise", chosen)


each_unit = pytest.mark.parametrize("unit", [pytest.param(unit, id=name) for name, unit in BANKS.items()])


def dealt(exercise: Exercise, count: int) -> list[dict[str, Any]]:
    return [judge.deal(exercise, seed).arguments for seed in range(count)]


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def rounded(exercise: Exercise, value: float) -> float:
    """`value` to the significant figures that the exercise asks for."""
    return float(f"{value:.{exercise.answer.figures}g}")


# ------------------------------------------------------------------ what is right is right


@pytest.mark.parametrize(
    ("exercise", "oracle"),
    [
        pytest.param(exercise, oracles(unit)[exercise.name], id=f"{unit.unit}-{exercise.name}")
        for unit, exercise in EXERCISES
        if exercise.name in oracles(unit)
    ],
)
def test_the_reference_is_what_another_way_gives(exercise: Exercise, oracle: Callable[..., Any]) -> None:
    """An oracle returns None for a variant that would take it too long; most variants it must answer."""
    answered = 0
    for arguments in dealt(exercise, 20):
        answer = oracle(**arguments)
        if answer is not None:
            verdict = judge.judge(exercise, answer, arguments)
            assert verdict.right, (arguments, answer, verdict)
            answered += 1
    assert answered > 10


@each_unit
def test_every_number_and_array_has_such_an_oracle(unit: Bank) -> None:
    asked = {e.name for e in unit.exercises.values() if is_value(e) and not is_choice(e)}
    file, found = own_file("oracles", unit).name, set(oracles(unit))
    assert asked <= found, f"In ORACLES of {file}, answer in another way than the reference: {listed(asked - found)}."
    assert found <= asked, f"{file} answers what is no number or array in the bank: {listed(found - asked)}."


@each(is_value)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_reference_is_accepted_in_any_form(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    answer = exercise.reference(**arguments)
    forms = [answer, plain(answer)]
    if not is_choice(exercise):
        forms += [np.asarray(answer), np.asarray(answer, np.float64)]
        single = np.asarray(answer, np.float32)
        if not isinstance(exercise.answer, Integer) or single == answer:  # 2²⁴ + 1 has no such form
            forms += [single, jnp.asarray(single)]
    for form in forms:
        assert judge.judge(exercise, form, arguments).right, (arguments, form)


@each(is_number)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_number_rounded_as_asked_is_accepted(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    assert judge.judge(exercise, rounded(exercise, exercise.reference(**arguments)), arguments).right


@pytest.mark.parametrize("seed", [0, 1, 2026])
@each(is_code)
def test_the_reference_function_scores_full(exercise: Exercise, seed: int) -> None:
    verdict = judge.judge(exercise, exercise.reference, seed=seed)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        pytest.param(exercise, answer, id=f"{unit.unit}-{exercise.name}-{answer.__name__}")
        for unit, exercise in EXERCISES
        for answer in second_answers(unit).get(exercise.name, [])
    ],
)
def test_a_right_function_written_another_way_scores_full(exercise: Exercise, answer: Callable[..., Any]) -> None:
    verdict = judge.judge(exercise, answer, seed=7)
    assert verdict.score == 1 and verdict.state is State.RIGHT, verdict


@each_unit
def test_every_function_has_three_other_right_answers(unit: Bank) -> None:
    asked = {e.name for e in unit.exercises.values() if is_code(e)}
    file, found = own_file("second_answers", unit).name, second_answers(unit)
    few = {name for name in asked if len(found.get(name, [])) < 3}
    assert not few, f"In {file}, write three or more right answers in other styles to each of: {listed(few)}."
    assert found.keys() <= asked, f"{file} answers what is no function in the bank: {listed(found.keys() - asked)}."


# ------------------------------------------------------------------ a mistake is told apart


@each(is_value)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_each_mistake_is_rejected_and_diagnosed_as_itself(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, plain(mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)
        assert verdict.sentence == mistake.sentence


@each(is_number)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_mistake_rounded_as_asked_is_still_that_mistake(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, rounded(exercise, mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)


@pytest.mark.parametrize("seed", [0, 5])
@each(is_code)
def test_each_mistaken_function_loses_what_it_should_and_is_named(exercise: Exercise, seed: int) -> None:
    assert isinstance(exercise.answer, Function)
    share = {requirement.name: requirement.share for requirement in exercise.answer.must}
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, mistake.answer, seed=seed)
        implied = 1 - share[mistake.breaks] if mistake.breaks else 0
        assert (verdict.score, verdict.mistake) == (implied, mistake.name), verdict
        assert verdict.score < 1


@each(lambda exercise: is_code(exercise) and bool(exercise.answer.must))
def test_every_requirement_has_a_mistake_that_breaks_it_alone(exercise: Exercise) -> None:
    assert {r.name for r in exercise.answer.must} == {m.breaks for m in exercise.mistakes} - {None}


@each()
def test_it_has_three_mistakes_or_more(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3


# ------------------------------------------------------------------ what is asked


@each(is_choice)
def test_a_choice_is_no_coin_toss(exercise: Exercise) -> None:
    assert len(exercise.answer.options) >= 4
    right = {exercise.reference(**arguments) for arguments in dealt(exercise, 60)}
    assert len(right) >= 2, "the same option is always right"


@each_unit
def test_what_the_syllabus_names_for_it_has_a_place(unit: Bank) -> None:
    file = own_file("test_bank", unit)
    assert file.is_file(), f"In {file.name}, assert what the syllabus names for {unit.unit}: its mistakes, its skills."


@each_unit
def test_the_bank_asks_the_manifests_skills_and_no_other(unit: Bank) -> None:
    assert set(unit.skills) == {skill.id for skill in manifest.load().unit(unit.unit).skills}


@pytest.mark.parametrize(
    ("unit", "skill"),
    [
        pytest.param(unit, skill, id=f"{name}-{skill.split('.')[1]}")
        for name, unit in BANKS.items()
        for skill in unit.skills
    ],
)
def test_a_skill_has_forty_variants_to_deal(unit: Bank, skill: str) -> None:
    short = [exercise for exercise in unit.of_skill(skill) if is_value(exercise)]
    assert len({(exercise.id, str(arguments)) for exercise in short for arguments in dealt(exercise, 80)}) >= 40


# ------------------------------------------------------------------ nothing gives the answer away


def told(exercise: Exercise, arguments: dict[str, Any], text: str) -> bool:
    """Whether the answer to these arguments stands in the text: an option's words, a number, or an array as written."""
    answer = exercise.reference(**arguments)
    if is_choice(exercise):
        return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text) is not None
    if isinstance(exercise.answer, Number | Integer):
        numbers = re.findall(r"(?<![\w.^])[−-]?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])", text)
        written = [np.asarray(float(number.replace("−", "-"))) for number in numbers]
        return any(agrees(exercise.answer, np.asarray(float(answer)), number) for number in written)
    return show(plain(np.asarray(answer))) in text


@each(is_value)
def test_hints_and_sentences_hold_no_answer(exercise: Exercise) -> None:
    """They are the same for all variants; a principle's digit that happens to answer one of them is no leak."""
    variants = dealt(exercise, 60)
    for text in (*exercise.hints, *(m.sentence for m in exercise.mistakes)):
        assert sum(told(exercise, arguments, text) for arguments in variants) <= 3, text


@each(is_value)
def test_the_question_seldom_holds_a_number_that_happens_to_answer_it(exercise: Exercise) -> None:
    seldom = 3 if manifest.load().skill(exercise.skill).gates else 9
    assert sum(told(exercise, arguments, exercise.prompt(arguments)) for arguments in dealt(exercise, 60)) <= seldom


@each()
def test_it_is_said_in_plain_text(exercise: Exercise) -> None:
    for text in (exercise.prompt(), *exercise.hints, *(m.sentence for m in exercise.mistakes)):
        assert not re.search(r"\$|\\[a-z]|\^\{", text), f"LaTeX in {text!r}"
    assert 2 <= len(exercise.hints) <= 3


@each()
def test_a_mistake_is_met_with_one_sentence(exercise: Exercise) -> None:
    for mistake in exercise.mistakes:
        assert mistake.sentence[-1] in ".?", mistake.sentence
        assert not re.search(r"[.?!] [A-Z]", mistake.sentence), mistake.sentence
        assert len(mistake.sentence) <= 170, mistake.sentence


@each(is_value)
def test_every_number_of_a_question_is_printed_in_it(exercise: Exercise) -> None:
    assert set(exercise.parameters) == set(re.findall(r"\{(\w+)\}", exercise.prompt()))
    assert "{" not in exercise.prompt(judge.deal(exercise, 0).arguments)

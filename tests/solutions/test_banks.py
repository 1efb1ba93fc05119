"""Every unit's bank: what it calls right is right, and mistakes are told apart. The rest is `course lint`'s to say.

A new folder in `solutions/` is tested here as it stands. It is told to add two files to it: `oracles.py`,
and `second_answers.py` where it asks for code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import count
from units import BANKS, oracles, own_file, second_answers

from autograder.judging import answer_key, judge
from autograder.judging.bank import Bank
from autograder.judging.exercise import Choice, Exercise, Function, Integer, Number
from autograder.judging.values import to_builtins
from autograder.judging.verdict import VerdictState

SEEDS = st.integers(0, 2**32 - 1)
CODE_SEEDS = [0, 5, 7, 2026][: count(full=4, quick=1)]
"""Of the inputs that functions are judged on. One for references, mistakes and second answers: JAX compiles for each
shape anew, and each seed draws its own."""
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
    return [answer_key.deal(exercise, seed).arguments for seed in range(count)]


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
    arguments = answer_key.deal(exercise, seed).arguments
    answer = exercise.reference(**arguments)
    forms = [answer, to_builtins(answer)]
    if not is_choice(exercise):
        forms += [np.asarray(answer), np.asarray(answer, np.float64)]
        single = np.asarray(answer, np.float32)
        if not isinstance(exercise.answer, Integer) or int(single) == answer:  # 2²⁴ + 1 is not
            forms += [single, jnp.asarray(single)]
    for form in forms:
        assert judge.judge(exercise, form, arguments).right, (arguments, form)


@each(is_number)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_number_rounded_as_asked_is_accepted(exercise: Exercise, seed: int) -> None:
    arguments = answer_key.deal(exercise, seed).arguments
    assert judge.judge(exercise, rounded(exercise, exercise.reference(**arguments)), arguments).right


@pytest.mark.prove
@pytest.mark.parametrize("seed", [*CODE_SEEDS, 1])
@each(is_code)
def test_the_reference_function_scores_full(exercise: Exercise, seed: int) -> None:
    verdict = judge.judge(exercise, exercise.reference, seed=seed)
    assert verdict.right, verdict


@pytest.mark.prove
@pytest.mark.parametrize("seed", CODE_SEEDS)
@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        pytest.param(exercise, answer, id=f"{unit.unit}-{exercise.name}-{answer.__name__}")
        for unit, exercise in EXERCISES
        for answer in second_answers(unit).get(exercise.name, [])
    ],
)
def test_a_right_function_written_another_way_scores_full(
    exercise: Exercise, answer: Callable[..., Any], seed: int
) -> None:
    verdict = judge.judge(exercise, answer, seed=seed)
    assert verdict.score == 1 and verdict.state is VerdictState.RIGHT, verdict


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
    arguments = answer_key.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, to_builtins(mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)
        assert verdict.sentence == mistake.sentence


@each(is_number)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_mistake_rounded_as_asked_is_still_that_mistake(exercise: Exercise, seed: int) -> None:
    arguments = answer_key.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, rounded(exercise, mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)


@pytest.mark.prove
@pytest.mark.parametrize("seed", CODE_SEEDS)
@each(is_code)
def test_each_mistaken_function_loses_what_it_should_and_is_named(exercise: Exercise, seed: int) -> None:
    assert isinstance(exercise.answer, Function)
    share = {requirement.name: requirement.share for requirement in exercise.answer.must}
    # What JAX cannot follow meets none of what is traced; that is held against it once, with the largest share.
    traced = [
        one.share for one in exercise.answer.must if {m.way for m in one.measured(inputs_of(exercise))} == {"traced"}
    ]
    if "works under jit" in share:
        share["works under jit"] = max(traced)
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, mistake.answer, seed=seed)
        implied = 1 - share[mistake.breaks] if mistake.breaks else 0
        assert (verdict.score, verdict.mistake) == (implied, mistake.name), verdict
        assert verdict.score < 1


def inputs_of(exercise: Exercise) -> tuple[Any, ...]:
    return exercise.inputs(answer_key.deal_inputs(exercise, 0)[0].arguments)


# ------------------------------------------------------------------ what is asked


@each_unit
def test_what_the_syllabus_names_for_it_has_a_place(unit: Bank) -> None:
    file = own_file("test_bank", unit)
    assert file.is_file(), f"In {file.name}, assert what the syllabus names for {unit.unit}: its mistakes, its skills."


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

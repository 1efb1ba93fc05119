"""Unit 02's bank: what it calls right is right, mistakes are told apart, and nothing gives an answer away."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_answers_02 import SECOND

from autograder import bank, judge
from autograder.compare import agrees
from autograder.exercise import Choice, Exercise, Function, Integer, Number, State, plain, show
from course import manifest

BANK = bank.load(Path(__file__).parents[2] / "solutions" / "02-jacobians" / "bank.py")
VALUES = [e for e in BANK.exercises.values() if not e.is_code]
CODE = [e for e in BANK.exercises.values() if e.is_code]
GATED = [s.id for s in manifest.load().unit("02-jacobians").skills if s.gates]
SEEDS = st.integers(0, 2**32 - 1)


def each(exercises: list[Exercise]) -> Any:
    return pytest.mark.parametrize("exercise", exercises, ids=[e.name for e in exercises])


# ------------------------------------------------------------------ what is right is right


def layers_until(condition: Callable[[Fraction], bool], factor: float) -> int:
    """Count layers one by one, in exact fractions, until what is left meets the condition."""
    left, depth = Fraction(1), 0
    while not condition(left):
        left, depth = left * Fraction(str(factor)), depth + 1
    return depth


def chain(*functions: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def net(x: Any) -> Any:
        for f in functions:
            x = f(x)
        return x

    return net


def diag_maps(*diagonals: list[float]) -> np.ndarray:
    product = np.eye(2)
    for diagonal in diagonals:
        product = np.diag(diagonal) @ product
    return product


def sigmoid(z: Any) -> Any:
    return 1 / (1 + jnp.exp(-z))


def logit(s: Any) -> Any:
    return jnp.log(jnp.asarray(s)) - jnp.log1p(-jnp.asarray(s))


def by_autodiff(phi: Callable[[Any], Any], W: Any, z: Any) -> np.ndarray:
    """The Jacobian of φ(W h + b) at the h = 0 and b = z that give this z."""
    return np.asarray(jax.jacfwd(lambda h: phi(jnp.asarray(W, float) @ h + jnp.asarray(z, float)))(jnp.zeros(2)))


def sigmoid_units(weights: list[float], outputs: list[float]) -> float:
    """The derivative of three sigmoid units in a row, with biases chosen so that they put out `outputs` at x = 0.7."""
    inputs = [0.7, *outputs[:-1]]
    biases = [float(logit(s)) - w * h for w, s, h in zip(weights, outputs, inputs, strict=True)]
    net = chain(*[lambda h, w=w, b=b: sigmoid(w * h + b) for w, b in zip(weights, biases, strict=True)])
    return float(jax.grad(net)(0.7))


ORACLES: dict[str, Callable[..., Any]] = {
    "gradient_scale": lambda norm, depth: math.prod([norm] * depth),
    "orders_of_magnitude": lambda norm, depth: sum(math.log(norm, 10) for _ in range(depth)),
    "mixed_layers": lambda shrink, n_shrink, grow, n_grow: math.prod([shrink] * n_shrink + [grow] * n_grow),
    "scalar_signal": lambda a, depth, x: chain(*[lambda h: a * h] * depth)(x),
    "scalar_slope": lambda a, depth, x: float(jax.grad(chain(*[lambda h: a * h] * depth))(x)),
    "gradient_at_layer": lambda norm, depth, layer: math.prod(norm for _ in range(layer + 1, depth + 1)),
    "norm_of_product": lambda first, second: np.linalg.norm(diag_maps(first, second), ord=2),
    "vanishing_depth": lambda norm, threshold: layers_until(lambda left: left < Fraction(str(threshold)), norm),
    "exploding_depth": lambda norm, limit: layers_until(lambda left: left > limit, norm),
    "factor_to_keep": lambda depth, keep: math.exp(math.log(keep) / depth),
    "silent_depth": lambda norm, step: layers_until(lambda g: Fraction(str(step)) * g < Fraction(1, 2**24), norm),
    "relu_layer_jacobian": lambda W, b, h: by_autodiff(jax.nn.relu, W, np.array(W) @ h + b),
    "tanh_layer_jacobian": lambda W, out: by_autodiff(jnp.tanh, W, jnp.arctanh(jnp.asarray(out))),
    "sigmoid_layer_jacobian": lambda W, out: by_autodiff(sigmoid, W, logit(out)),
    "one_entry": lambda W, out, output, input: by_autodiff(jnp.tanh, W, jnp.arctanh(jnp.asarray(out)))[
        output - 1, input - 1
    ],
    "product_of_two": lambda J1, J2: by_pushing(J1, J2),
    "product_of_three": lambda J1, J2, J3: by_pushing(J1, J2, J3),
    "chain_shape": lambda widths: by_pushing(*[np.ones((m, n)) for n, m in itertools.pairwise(widths)]).shape,
    "sigmoid_bound": lambda depth, start: start * float(jax.grad(sigmoid)(0.0)) ** depth,
    "sigmoid_decay": lambda depth, norm: float(jax.grad(lambda h: sigmoid(norm * h))(0.0)) ** depth,
    "slope_from_output": lambda out: float(jax.grad(sigmoid)(logit(out))),
    "sigmoid_depth": lambda norm, threshold: layers_until(
        lambda left: left < Fraction(str(threshold)), round(norm / 4, 6)
    ),
    "sigmoid_chain": sigmoid_units,
    "row_through_two": lambda v, J1, J2: jax.vjp(lambda x: matrix(J2) @ (matrix(J1) @ x), jnp.zeros(2))[1](matrix(v))[
        0
    ],
    "pull_through_tanh": lambda v, W, out: np.array(v) @ by_autodiff(jnp.tanh, W, jnp.arctanh(jnp.asarray(out))),
    "row_through_relus": lambda v, W1, z1, W2, z2: (
        np.array(v) @ by_autodiff(jax.nn.relu, W2, z2) @ by_autodiff(jax.nn.relu, W1, z1)
    ),
    "row_cost": lambda depth, width: sum(1 for _ in range(depth) for _ in range(width) for _ in range(width)),
}
"""The same questions answered by counting, by exact fractions or by automatic differentiation."""


def matrix(entries: Any) -> jax.Array:
    return jnp.asarray(entries, jnp.float32)


def by_pushing(*Js: Any) -> np.ndarray:
    """The Jacobian of layers met in this order, column by column: where does each unit nudge end up?"""
    columns = []
    for nudge in np.eye(np.shape(Js[0])[1]):
        for J in Js:
            nudge = np.array(J) @ nudge
        columns.append(nudge)
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_what_counting_or_autodiff_gives(name: str) -> None:
    exercise = BANK.exercises[f"jacobians.{name}"]
    for seed in range(20):
        arguments = judge.deal(exercise, seed).arguments
        verdict = judge.judge(exercise, ORACLES[name](**arguments), arguments)
        assert verdict.right, (arguments, verdict)


def test_every_number_and_array_has_such_an_oracle() -> None:
    assert {e.name for e in VALUES if not isinstance(e.answer, Choice)} == set(ORACLES)


def test_the_seeds_numbers() -> None:
    """0.9¹⁰ ≈ 0.349, and five sigmoids leave at most 0.25⁵ = 0.000977."""
    scale, sigmoids = BANK.exercises["jacobians.gradient_scale"], BANK.exercises["jacobians.sigmoid_bound"]
    assert judge.judge(scale, 0.349, {"norm": 0.9, "depth": 10}).right
    assert judge.judge(sigmoids, 0.000977, {"depth": 5, "start": 1.0}).right


def test_an_update_below_the_silent_depth_is_lost_in_float32() -> None:
    exercise = BANK.exercises["jacobians.silent_depth"]
    for seed in range(20):
        norm, step = judge.deal(exercise, seed).arguments.values()
        depth = exercise.reference(norm, step)
        assert np.float32(1) + np.float32(step * norm**depth) == np.float32(1)
        assert np.float32(1) + np.float32(step * norm ** (depth - 1)) > np.float32(1)


@each(VALUES)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_reference_is_accepted_in_any_form(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    answer = exercise.reference(**arguments)
    forms = [answer, plain(answer)]
    if not isinstance(exercise.answer, Choice):
        forms += [np.asarray(answer), np.asarray(answer, np.float32), jnp.asarray(np.asarray(answer, np.float32))]
    for form in forms:
        assert judge.judge(exercise, form, arguments).right, (arguments, form)


@each([e for e in VALUES if isinstance(e.answer, Number)])
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_number_rounded_as_asked_is_accepted(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    rounded = float(f"{exercise.reference(**arguments):.{exercise.answer.figures}g}")
    assert judge.judge(exercise, rounded, arguments).right


@each(CODE)
@pytest.mark.parametrize("seed", [0, 1, 2026])
def test_the_reference_function_scores_full(exercise: Exercise, seed: int) -> None:
    verdict = judge.judge(exercise, exercise.reference, seed=seed)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        pytest.param(BANK.exercises[name], f, id=f"{name.split('.')[1]}-{f.__name__}")
        for name, answers in SECOND.items()
        for f in answers
    ],
)
def test_a_right_function_written_another_way_scores_full(exercise: Exercise, answer: Callable[..., Any]) -> None:
    verdict = judge.judge(exercise, answer, seed=7)
    assert verdict.score == 1 and verdict.state is State.RIGHT, verdict


@each(CODE)
def test_every_function_has_other_right_answers(exercise: Exercise) -> None:
    assert len(SECOND[exercise.id]) >= 3


# ------------------------------------------------------------------ a mistake is told apart


@each(VALUES)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_each_mistake_is_rejected_and_diagnosed_as_itself(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, plain(mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)
        assert verdict.sentence == mistake.sentence


@each([e for e in VALUES if isinstance(e.answer, Number)])
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_mistake_rounded_as_asked_is_still_that_mistake(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        rounded = float(f"{mistake.answer(**arguments):.{exercise.answer.figures}g}")
        assert judge.judge(exercise, rounded, arguments).mistake == mistake.name, (arguments, mistake.name)


@each(CODE)
@pytest.mark.parametrize("seed", [0, 5])
def test_each_mistaken_function_loses_what_it_should_and_is_named(exercise: Exercise, seed: int) -> None:
    assert isinstance(exercise.answer, Function)
    share = {requirement.name: requirement.share for requirement in exercise.answer.must}
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, mistake.answer, seed=seed)
        implied = 1 - share[mistake.breaks] if mistake.breaks else 0
        assert (verdict.score, verdict.mistake) == (implied, mistake.name), verdict


@each([e for e in CODE if e.answer.must])
def test_every_requirement_has_a_mistake_that_breaks_it_alone(exercise: Exercise) -> None:
    assert {r.name for r in exercise.answer.must} == {m.breaks for m in exercise.mistakes} - {None}


@each([*VALUES, *CODE])
def test_it_has_three_mistakes_or_more(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3


@each([e for e in VALUES if isinstance(e.answer, Choice)])
def test_a_choice_is_no_coin_toss(exercise: Exercise) -> None:
    assert len(exercise.answer.options) >= 4
    right = {exercise.reference(**judge.deal(exercise, seed).arguments) for seed in range(60)}
    assert len(right) >= 2, "the same option is always right"


@pytest.mark.parametrize("skill", GATED)
def test_a_gated_skill_has_forty_variants_to_deal(skill: str) -> None:
    seen = {
        (exercise.id, str(judge.deal(exercise, seed).arguments))
        for exercise in BANK.of_skill(skill)
        if not exercise.is_code
        for seed in range(80)
    }
    assert len(seen) >= 40


def test_the_bank_asks_the_six_gated_skills_and_no_other() -> None:
    assert set(BANK.skills) == set(GATED) and len(GATED) == 6


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        ("gradient_scale", "linear_in_depth"),  # L·a for a^L
        ("gradient_scale", "root_for_power"),  # a^(1/L)
        ("product_of_two", "reversed_pair"),
        ("product_of_three", "reversed_triple"),
        ("ordered_product", "joined_on_the_right"),
        ("layer_jacobian", "slopes_on_columns"),  # W diag(φ′)
        ("relu_layer_jacobian", "column_switched"),
        ("layer_jacobian", "slope_at_input"),  # φ′ taken at h
        ("relu_layer_jacobian", "slope_at_h"),
        ("layer_jacobian", "activation_for_slope"),  # φ for φ′
        ("sigmoid_layer_jacobian", "sigmoid_for_slope"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"jacobians.{exercise}"].mistakes}


# ------------------------------------------------------------------ nothing gives the answer away


def told(exercise: Exercise, arguments: dict[str, Any], text: str) -> bool:
    """Whether the answer to these arguments stands in the text: an option's words, a number, or an array as written."""
    answer = exercise.reference(**arguments)
    if isinstance(exercise.answer, Choice):
        return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text) is not None
    if isinstance(exercise.answer, Number | Integer):
        numbers = [
            float(n.replace("−", "-")) for n in re.findall(r"(?<![\w.^])[−-]?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])", text)
        ]
        return any(agrees(exercise.answer, np.asarray(float(answer)), np.asarray(n)) for n in numbers)
    return show(plain(np.asarray(answer))) in text


@each(VALUES)
def test_hints_and_sentences_hold_no_answer(exercise: Exercise) -> None:
    """They are the same for all variants; a principle's digit that happens to answer one of them is no leak."""
    dealt = [judge.deal(exercise, seed).arguments for seed in range(60)]
    for text in (*exercise.hints, *(m.sentence for m in exercise.mistakes)):
        assert sum(told(exercise, arguments, text) for arguments in dealt) <= 3, text


@each(VALUES)
def test_the_question_seldom_holds_a_number_that_happens_to_answer_it(exercise: Exercise) -> None:
    dealt = [judge.deal(exercise, seed).arguments for seed in range(60)]
    assert sum(told(exercise, arguments, exercise.prompt(arguments)) for arguments in dealt) <= 3


@each([*VALUES, *CODE])
def test_it_is_said_in_plain_text(exercise: Exercise) -> None:
    texts = [exercise.prompt(), *exercise.hints, *(m.sentence for m in exercise.mistakes)]
    for text in texts:
        assert not re.search(r"\$|\\[a-z]|\^\{", text), f"LaTeX in {text!r}"
    assert 2 <= len(exercise.hints) <= 3


@each([*VALUES, *CODE])
def test_a_mistake_is_met_with_one_sentence(exercise: Exercise) -> None:
    for mistake in exercise.mistakes:
        assert mistake.sentence[-1] in ".?", mistake.sentence
        assert not re.search(r"[.?!] [A-Z]", mistake.sentence), mistake.sentence
        assert len(mistake.sentence) <= 170, mistake.sentence


@each(VALUES)
def test_every_number_of_a_question_is_printed_in_it(exercise: Exercise) -> None:
    text = exercise.prompt()
    assert set(exercise.parameters) == set(re.findall(r"\{(\w+)\}", text))
    assert "{" not in exercise.prompt(judge.deal(exercise, 0).arguments)

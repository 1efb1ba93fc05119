"""Unit 00's questions: what is called right is right, what is called a mistake is told apart, and no text tells."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import bank, judge
from autograder.compare import agrees
from autograder.exercise import Exercise, Integer, Number, plain, show
from course import manifest

BANK = bank.load(Path(__file__).parents[2] / "solutions" / "00-readiness" / "bank.py")
EXERCISES = list(BANK.exercises.values())
SKILLS = [skill.id for skill in manifest.load().unit("00-readiness").skills]
SEEDS = st.integers(0, 2**32 - 1)


def each(exercises: list[Exercise]) -> Any:
    return pytest.mark.parametrize("exercise", exercises, ids=[e.name for e in exercises])


# ------------------------------------------------------------------ what is right is right


def slope(f: Callable[[Any], Any], at: float) -> float:
    return float(jax.grad(f)(float(at)))


def steps_by_walking(examples: int, batch: int, epochs: int) -> int:
    """Every step taken, one after the other."""
    steps = 0
    for _ in range(epochs):
        left = examples
        while left > 0:
            left, steps = left - batch, steps + 1
    return steps


def conv(x: Any, k: Any, padding: int = 0, stride: int = 1) -> Any:
    """XLA's own convolution."""
    x, k = (jnp.asarray(a, jnp.float32)[None, None] for a in (x, k))
    return jax.lax.conv_general_dilated(x, k, (stride,), [(padding, padding)])[0, 0]


def moved_once(steep: float, flat: float) -> float:
    """What one step of gradient descent leaves of y = 1."""
    return float(1 - jax.grad(lambda y: flat * y**2 / 2)(1.0) / steep)


def worst_relative_error(a: float, b: float, error: float) -> float:
    """The corners of what may have been measured, tried."""
    corners = [(a + i * error) - (b + j * error) for i, j in itertools.product((-1, 1), repeat=2)]
    return max(abs(c - (a - b)) for c in corners) / (a - b)


def points_in_the_rim(rim: float, dims: int) -> float:
    """What is not inside, as a product over the axes of the room that is left."""
    return 1 - math.prod([1 - rim - rim] * dims)


ORACLES: dict[str, Callable[..., Any]] = {
    "relu_total": lambda z: float(jax.nn.relu(jnp.array(z)).sum()),
    "sigmoid_slope": lambda output: slope(jax.nn.sigmoid, math.log(output / (1 - output))),
    "last_node": lambda a, b, c: (lambda u: u * (u + c))(a * b),
    "reused_node": lambda x, w, c: slope(lambda x: (w * x) * (w * x + c), x),
    "batch_step": lambda w, gradients, eta: w - eta * np.mean(gradients),
    "steps_taken": steps_by_walking,
    "weight_gradient": lambda w, x, t: slope(lambda w: (w * x - t) ** 2, w),
    "input_gradient": lambda a, b, x: slope(lambda x: jnp.array(b) @ jax.nn.relu(jnp.array(a) * x), x),
    "product_tangent": lambda u, du, v, dv: float(
        jax.jvp(lambda u, v: u * v, (float(u), float(v)), (float(du), float(dv)))[1]
    ),
    "pulled_back": lambda W, g: jax.vjp(lambda x: jnp.array(W, float) @ x, jnp.zeros(2))[1](jnp.array(g, float))[0],
    "quotient_error": lambda x, h: ((x + h) ** 3 - x**3) / h - slope(lambda x: x**3, x),
    "cancellation": worst_relative_error,
    "above_the_largest": lambda largest, other: float(np.logaddexp(largest, other)) - largest,
    "slow_direction": moved_once,
    "slide": conv,
    "output_length": lambda n, kernel, padding, stride: conv(np.zeros(n), np.zeros(kernel), padding, stride).size,
    "penalised_gradient": lambda w, gradient, strength: slope(lambda w: gradient * w + strength * w**2, w),
    "dropout_scale": lambda activation, drop: activation / np.mean(np.arange(1000) >= round(1000 * drop)),
    "grid_points": lambda values, inputs: math.prod(itertools.repeat(values, inputs)),
    "in_the_rim": points_in_the_rim,
}
"""The same questions answered by automatic differentiation, by XLA, by walking through them, or by trying all cases."""


@each(EXERCISES)
def test_the_reference_is_what_another_way_gives(exercise: Exercise) -> None:
    for seed in range(8):
        arguments = judge.deal(exercise, seed).arguments
        verdict = judge.judge(exercise, ORACLES[exercise.name](**arguments), arguments)
        assert verdict.right, (arguments, verdict)


def test_the_rim_holds_as_many_random_points_as_it_should() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(size=(40_000, 6))
    share = (np.minimum(points, 1 - points).min(axis=1) < 0.05).mean()
    assert share == pytest.approx(BANK.exercises["readiness.in_the_rim"].reference(0.05, 6), abs=0.01)


@each(EXERCISES)
@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_the_reference_is_accepted_in_any_form_and_rounded_as_asked(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    answer = exercise.reference(**arguments)
    forms = [answer, plain(answer), np.asarray(answer, np.float64)]
    if isinstance(exercise.answer, Number):
        forms.append(float(f"{answer:.{exercise.answer.figures}g}"))
    for form in forms:
        assert judge.judge(exercise, form, arguments).right, (arguments, form)


# ------------------------------------------------------------------ a mistake is told apart


@each(EXERCISES)
@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_each_mistake_is_rejected_and_diagnosed_as_itself(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        answer = mistake.answer(**arguments)
        given = [plain(answer)]
        if isinstance(exercise.answer, Number):
            given.append(float(f"{answer:.{exercise.answer.figures}g}"))
        for one in given:
            verdict = judge.judge(exercise, one, arguments)
            assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)


@each(EXERCISES)
def test_it_has_three_mistakes_and_two_hints_or_more(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3
    assert 2 <= len(exercise.hints) <= 3


# ------------------------------------------------------------------ what is asked


def test_the_nine_prerequisites_are_asked_and_nothing_gates() -> None:
    unit = manifest.load().unit("00-readiness")
    assert BANK.skills == SKILLS and len(SKILLS) == 9
    assert unit.gated == () and unit.requires == ()
    assert not any("00-readiness" in other.requires for other in manifest.load().units)


@pytest.mark.parametrize("skill", SKILLS)
def test_a_skill_has_two_exercises_of_short_answers_and_forty_variants(skill: str) -> None:
    exercises = BANK.of_skill(skill)
    assert len(exercises) >= 2 and not any(e.is_code for e in exercises)
    for exercise in exercises:
        assert len({str(judge.deal(exercise, seed).arguments) for seed in range(60)}) >= 12, exercise.id
    assert len({(e.id, str(judge.deal(e, seed).arguments)) for e in exercises for seed in range(60)}) >= 40


@each(EXERCISES)
def test_every_number_of_a_question_is_printed_in_it(exercise: Exercise) -> None:
    assert set(exercise.parameters) == set(re.findall(r"\{(\w+)\}", exercise.prompt()))


@each(EXERCISES)
def test_a_line_of_a_question_ends_where_a_sentence_does(exercise: Exercise) -> None:
    """The form keeps line breaks, so one inside a sentence would be seen."""
    for line in filter(None, exercise.prompt().splitlines()):
        assert line[-1] in ".?", line


@each(EXERCISES)
def test_it_is_said_in_plain_sentences(exercise: Exercise) -> None:
    for text in (exercise.prompt(), *exercise.hints, *(m.sentence for m in exercise.mistakes)):
        assert not re.search(r"\$|\\[a-z]|\^\{", text), f"LaTeX in {text!r}"
    for mistake in exercise.mistakes:
        assert mistake.sentence[-1] == "." and not re.search(r"[.?!] [A-Z]", mistake.sentence)
        assert len(mistake.sentence) <= 170


@each([e for e in EXERCISES if isinstance(e.answer, Number | Integer)])
def test_no_text_holds_the_answer(exercise: Exercise) -> None:
    """A number that happens to answer one variant is no leak; one that often does would be."""
    dealt = [judge.deal(exercise, seed).arguments for seed in range(40)]
    texts = [exercise.prompt, *(lambda _, text=text: text for text in exercise.hints)]
    texts += [lambda _, text=m.sentence: text for m in exercise.mistakes]
    for text in texts:
        told = 0
        for arguments in dealt:
            numbers = re.findall(r"(?<![\w.^])-?\d+(?:\.\d+)?(?!\w)", text(arguments))
            answer = np.asarray(float(exercise.reference(**arguments)))
            told += any(agrees(exercise.answer, answer, np.asarray(float(n))) for n in numbers)
        assert told <= 6, show(text({}))

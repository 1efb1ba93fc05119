"""Unit 04's bank: what it calls right is right, mistakes are told apart, and nothing gives an answer away."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_answers_04 import SECOND

from autograder import bank, judge
from autograder.compare import agrees
from autograder.exercise import Choice, Exercise, Function, Integer, Number, State, plain, show
from course import manifest
from course.nets import norms
from course.nets.counts import Activation, Dense, Norm, count

BANK = bank.load(Path(__file__).parents[2] / "solutions" / "04-normalization" / "bank.py")
VALUES = [e for e in BANK.exercises.values() if not e.is_code]
CODE = [e for e in BANK.exercises.values() if e.is_code]
GATED = [s.id for s in manifest.load().unit("04-normalization").skills if s.gates]
SEEDS = st.integers(0, 2**32 - 1)
KINDS = {"BatchNorm": "batch", "LayerNorm": "layer", "RMSNorm": "rms"}


def each(exercises: list[Exercise]) -> Any:
    return pytest.mark.parametrize("exercise", exercises, ids=[e.name for e in exercises])


# ------------------------------------------------------------------ what is right is right


def table(Z: Any) -> jax.Array:
    return jnp.asarray(Z, jnp.float32)


def all_features(value: float, d: int) -> jax.Array:
    return jnp.full(d, value, jnp.float32)


def normalised(kind: Any, Z: Any) -> np.ndarray:
    """The whole table by the course's own norm, with γ = 1, β = 0 and ε = 0."""
    return np.asarray(norms.normalize(kind, 0.0)(table(Z)))


def in_the_batch(z: list[float], gamma: float, beta: float, eps: float, example: int) -> float:
    column = table(z)[:, None]
    return float(norms.batch_norm(column, all_features(gamma, 1), all_features(beta, 1), eps)[example - 1, 0])


def in_the_example(z: list[float], gamma: float, beta: float, eps: float, unit: int) -> float:
    return float(norms.layer_norm(table(z), all_features(gamma, len(z)), all_features(beta, len(z)), eps)[unit - 1])


def coin_mean_deviation(sigma: float, n: int) -> float:
    """The deviation of the mean of n fair coins that show ±σ, by adding up every outcome."""
    mean_square = sum(math.comb(n, k) * (sigma * (2 * k - n) / n) ** 2 for k in range(n + 1)) / 2**n
    return math.sqrt(mean_square)


def scaled(variance: float, eps: float, scale: float) -> float:
    x = math.sqrt(variance) * jnp.array([1.0, -1.0, -1.0, 1.0])
    one, zero = jnp.ones(4), jnp.zeros(4)
    return float(norms.layer_norm(scale * x, one, zero, eps)[0] / norms.layer_norm(x, one, zero, eps)[0])


def divisor(z: Any, eps: float) -> float:
    z = np.asarray(z, float)
    k = int(np.argmax(np.abs(z)))
    return float(z[k] / norms.rms_norm(table(z), jnp.ones(len(z)), eps)[k])


def statistics_of(norm: str, shape: tuple[int, ...]) -> np.ndarray:
    """How many numbers go into each statistic of `norm`, one entry a statistic: counted cell by cell."""
    shared: dict[Any, int] = {}
    for index in itertools.product(*map(range, shape)):
        example, channel, *place = index
        key = {"BatchNorm, while training": channel, "LayerNorm over each whole example": example}.get(
            norm, (example, *place)
        )
        shared[key] = shared.get(key, 0) + 1
    return np.array(list(shared.values()))


def numbers_in_one_mean(norm: str, n: int, c: int, h: int, w: int) -> int:
    counts = statistics_of(norm, (int(n), int(c), int(h), int(w)))
    assert np.all(counts == counts[0])
    return int(counts[0])


def by_running(old_mean: float, old_var: float, z: list[float], momentum: float) -> norms.Running:
    return norms.update_running(
        norms.Running(all_features(old_mean, 1), all_features(old_var, 1)), table(z)[:, None], momentum
    )


def after_many(batch_mean: float, momentum: float, steps: int) -> float:
    left = 0.0
    for _ in range(steps):
        left += momentum * (batch_mean - left)
    return left


def in_use(z: list[float], mean: float, variance: float, gamma: float, beta: float, eps: float) -> float:
    running = norms.Running(all_features(mean, 1), all_features(variance, 1))
    return float(
        norms.batch_norm_eval(table(z)[:, None], all_features(gamma, 1), all_features(beta, 1), running, eps)[0, 0]
    )


def mlp(widths: list[int], norm: str) -> Any:
    hidden = [(Dense(int(n), bias=False), Norm(KINDS[norm]), Activation()) for n in widths[1:-1]]
    return count((int(widths[0]),), (*itertools.chain(*hidden), Dense(int(widths[-1]))))


def norm_alone(norm: str, shape: tuple[int, ...]) -> Any:
    return count(tuple(map(int, shape)), (Norm(KINDS[norm.split(",")[0]]),))


ORACLES: dict[str, Callable[..., Any]] = {
    "batch_variance": lambda z: statistics.pvariance(z),
    "batch_norm_entry": in_the_batch,
    "batch_norm_row": lambda Z, example: normalised("batch", Z)[example - 1],
    "batch_of_two": lambda a, b, gamma, beta: in_the_batch([a, b], gamma, beta, 1e-12, 1),
    "batch_mean_noise": coin_mean_deviation,
    "layer_norm_entry": in_the_example,
    "layer_norm_row": lambda Z, example: normalised("layer", Z)[example - 1],
    "scale_left_over": scaled,
    "root_mean_square": divisor,
    "rms_norm_entry": lambda z, gamma, eps, unit: norms.rms_norm(table(z), all_features(gamma, len(z)), eps)[unit - 1],
    "rms_norm_row": lambda Z, example: normalised("rms", Z)[example - 1],
    "rms_from_moments": lambda mean, variance, value: (
        value / divisor([mean - variance**0.5, mean + variance**0.5], 0.0)
    ),
    "values_averaged": numbers_in_one_mean,
    "statistics_made": lambda norm, n, c, h, w: 2 * len(statistics_of(norm, (int(n), int(c), int(h), int(w)))),
    "means_of": lambda Z, norm: [
        statistics.mean(line) for line in (zip(*Z, strict=True) if norm == "BatchNorm" else Z)
    ],
    "running_mean": lambda old, batch_mean, momentum, library: by_running(
        old, 1.0, [batch_mean - 1, batch_mean + 1], momentum if library.startswith("PyTorch") else 1 - momentum
    ).mean[0],
    "running_variance": lambda old, z, momentum: by_running(0.0, old, z, momentum).var[0],
    "running_after": after_many,
    "eval_entry": in_use,
    "norm_parameters": lambda norm, layers, width: sum(norm_alone(norm, (width,)).parameters for _ in range(layers)),
    "mlp_parameters": lambda widths, norm: mlp(widths, norm).parameters,
    "picture_norm_parameters": lambda norm, c, h, w: norm_alone(norm, (c, h, w)).parameters,
    "saved_numbers": lambda widths, batch: sum(
        norm_alone("BatchNorm", (d,)).parameters + norm_alone("BatchNorm", (d,)).rows[0].buffers for d in widths
    ),
}
"""The same questions answered by counting, by the course's own norms or by simulation in exact arithmetic."""


@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_what_another_way_gives(name: str) -> None:
    exercise = BANK.exercises[f"normalization.{name}"]
    for seed in range(10):
        arguments = judge.deal(exercise, seed).arguments
        answer = ORACLES[name](**arguments)
        verdict = judge.judge(exercise, answer, arguments)
        assert verdict.right, (arguments, answer, verdict)


def test_every_number_and_array_has_such_an_oracle() -> None:
    assert {e.name for e in VALUES if not isinstance(e.answer, Choice)} == set(ORACLES)


def test_the_axes_averaged_over_leave_the_names_that_keep_a_mean() -> None:
    exercise = BANK.exercises["normalization.which_axes"]
    layouts = exercise.reference.__globals__["LAYOUTS"]
    for layout, norm in itertools.product(layouts, exercise.reference.__globals__["NORMS"]):
        names = layout.strip("()").split(", ")
        over = {names[int(axis)] for axis in exercise.reference(norm, layout).split(", ")}
        own = {"features", "channels"} & set(names)
        kept = {"BatchNorm, while training": own, "LayerNorm over each whole example": {"batch"}}.get(
            norm, set(names) - own
        )
        assert set(names) - over == kept, (layout, norm)


def test_what_moves_is_what_the_jacobian_says() -> None:
    exercise = BANK.exercises["normalization.what_moves"]
    Z = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    for norm, kind in (("BatchNorm, while training,", "batch"), ("LayerNorm", "layer"), ("RMSNorm", "rms")):
        J = np.asarray(jax.jacfwd(norms.normalize(kind))(table(Z)))[:, :, 1, 2]  # all outputs, against one input
        moved = np.abs(J) > 1e-6
        expected = {
            "that entry alone": np.zeros((3, 4), bool),
            "every feature of that example, and no other example": np.arange(3)[:, None] == np.full((3, 4), 1),
            "that feature of every example, and no other feature": np.arange(4)[None] == np.full((3, 4), 2),
            "every feature of every example": np.ones((3, 4), bool),
        }
        [found] = [name for name, where in expected.items() if np.array_equal(where, moved)]
        assert exercise.reference(norm, 3, 4, 2, 3) == found


def test_a_requirement_sees_statistics_that_are_held_fixed() -> None:
    """`grad` runs through them and is finite, and is wrong all the same."""
    verdict = judge.judge(BANK.exercises["normalization.layer_norm"], _fixed)
    assert verdict.state is State.PARTLY and verdict.mistake == "layer_statistics_held_fixed"


def _fixed(h: Any, gamma: Any, beta: Any, eps: Any) -> Any:
    mean, var = jax.lax.stop_gradient((h.mean(-1, keepdims=True), h.var(-1, keepdims=True)))
    return gamma * (h - mean) / jnp.sqrt(var + eps) + beta


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
        ("batch_norm_row", "along_the_row"),  # wrong axis
        ("batch_norm", "mean_over_features"),
        ("layer_norm_row", "down_the_columns"),
        ("layer_norm", "mean_over_the_batch"),
        ("rms_norm_row", "rms_down_the_columns"),
        ("batch_norm_entry", "sample_variance"),  # n − 1 for normalizing
        ("batch_norm", "unbiased"),
        ("layer_norm", "layer_unbiased"),
        ("batch_norm_entry", "eps_outside"),  # ε outside the root
        ("batch_norm", "eps_after_the_root"),
        ("layer_norm", "layer_eps_after_the_root"),
        ("rms_norm", "rms_eps_after_the_root"),
        ("batch_norm_entry", "affine_forgotten"),  # γ and β forgotten
        ("batch_norm", "no_gamma_no_beta"),
        ("eval_entry", "batch_statistics"),  # eval with batch statistics
        ("rms_norm_entry", "mean_subtracted"),  # the mean subtracted in RMSNorm
        ("rms_norm", "rms_with_mean_subtracted"),
        ("running_mean", "other_convention"),  # momentum both ways
        ("running_variance", "biased"),  # n − 1 in PyTorch's running variance
        ("update_running", "update_biased"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"normalization.{exercise}"].mistakes}


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

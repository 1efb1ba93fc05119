"""Unit 06's bank: what it calls right is right, mistakes are told apart, and nothing gives an answer away."""

from __future__ import annotations

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
from jax import lax
from second_answers_06 import SECOND

from autograder import bank, judge
from autograder.compare import agrees
from autograder.exercise import Choice, Exercise, Function, Integer, Number, State, plain, show
from course import manifest
from course.nets.counts import Conv, Dense, Flatten, Pool, count, depthwise_separable

BANK = bank.load(Path(__file__).parents[2] / "solutions" / "06-convolution" / "bank.py")
VALUES = [e for e in BANK.exercises.values() if not e.is_code]
CODE = [e for e in BANK.exercises.values() if e.is_code]
GATED = [s.id for s in manifest.load().unit("06-convolution").skills if s.gates]
SEEDS = st.integers(0, 2**32 - 1)


def each(exercises: list[Exercise]) -> Any:
    return pytest.mark.parametrize("exercise", exercises, ids=[e.name for e in exercises])


# ------------------------------------------------------------------ what is right is right


def places(n: int, kernel: int, stride: int = 1) -> int:
    """Where a window may begin, one by one."""
    return len([start for start in range(0, n, stride) if start + kernel <= n])


def conv_out(c_in: int, height: int, width: int, c_out: int, kernel: int, stride: int) -> tuple[int, ...]:
    """The shape JAX infers."""
    x = jax.ShapeDtypeStruct((1, c_in, height, width), jnp.float32)
    k = jax.ShapeDtypeStruct((c_out, c_in, kernel, kernel), jnp.float32)
    return jax.eval_shape(lambda x, k: lax.conv_general_dilated(x, k, (stride, stride), "VALID"), x, k).shape[1:]


def conv(c_in: int, c_out: int, kernel: int, n: int, stride: int = 1, bias: bool = False) -> Any:
    return count((c_in, n, n), [Conv(c_out, kernel, stride, "same", bias=bias)])


def field(kernels: list[int], strides: list[int] | None = None) -> int:
    strides = strides or [1] * len(kernels)
    return count((1, 10**6), [Conv(1, k, s) for k, s in zip(kernels, strides, strict=True)]).field[0]


def first(condition: Callable[[int], bool], start: int = 0) -> int:
    return next(n for n in range(start, 100_000) if condition(n))


def moved(y: list[int], shift: int) -> list[int]:
    """Entry by entry: what stood at i now stands at i + shift."""
    out = [0] * len(y)
    for i, value in enumerate(y):
        out[(i + shift) % len(y)] = value
    return out


def strided_by_hand(y: list[int], stride: int, shift: int) -> list[int]:
    """An x that the kernel [1] with this stride answers with y; moved, and answered again."""
    x = [0] * (len(y) * stride)
    x[::stride] = y
    return moved(x, shift)[::stride]


def divisible_all_the_way(shift: int, strides: list[int]) -> bool:
    for stride in strides:
        if shift % stride:
            return False
        shift //= stride
    return True


def dense(side: int, channels: int, units: int) -> Any:
    return count((channels, side, side), [Flatten(), Dense(units, bias=False)])


ORACLES: dict[str, Callable[..., Any]] = {
    "output_size": lambda n, kernel, stride: places(n, kernel, stride),
    "padded_size": lambda n, kernel, padding: places(n + 2 * padding, kernel),
    "conv_shape": conv_out,
    "pool_shape": lambda channels, n, window: count((channels, n, n), [Pool(window)]).shape,
    "padding_to_keep": lambda n, kernel: first(lambda p: places(n + 2 * p, kernel) == n),
    "spectrogram_frames": lambda samples, window, hop: places(samples, window, hop),
    "conv_then_pool": lambda n, kernel, window: count((1, n, n), [Conv(1, kernel), Pool(window)] * 2).shape[1],
    "conv_parameters": lambda n, c_in, c_out, kernel: conv(c_in, c_out, kernel, n, bias=True).parameters,
    "kernel_shape": lambda n, c_in, c_out, height, width: (
        np.stack([np.zeros((c_in, height, width)) for _ in range(c_out)]).shape
    ),
    "stack_parameters": lambda channels, kernel: (
        count((channels[0], 50, 50), [Conv(c, kernel) for c in channels[1:]]).parameters
    ),
    "separable_parameters": lambda c_in, c_out, kernel: (
        count((c_in, 20, 20), depthwise_separable(c_in, c_out, kernel, bias=False)).parameters
    ),
    "bottleneck_parameters": lambda wide, narrow: (
        count(
            (wide, 9, 9), [Conv(narrow, 1, bias=False), Conv(narrow, 3, bias=False), Conv(wide, 1, bias=False)]
        ).parameters
    ),
    "pointwise_parameters": lambda n, c_in, c_out: conv(c_in, c_out, 1, n, bias=True).parameters,
    "dense_weights": lambda side, channels, units: dense(side, channels, units).parameters,
    "conv_weights": lambda side, channels, kernel, maps: conv(channels, maps, kernel, side).parameters,
    "times_fewer": lambda side, channels, units, kernel, maps: (
        dense(side, channels, units).parameters / conv(channels, maps, kernel, side).parameters
    ),
    "times_the_outputs": lambda side, units, maps: conv(3, maps, 3, side).rows[-1].outputs / units,
    "times_the_work": lambda side, channels, units, kernel, maps: (
        conv(channels, maps, kernel, side).multiply_adds / dense(side, channels, units).multiply_adds
    ),
    "dense_for_as_much": lambda side, channels, maps: dense(side, channels, side * side * maps).parameters,
    "field_stack": lambda depth, kernel: field([kernel] * depth),
    "field_strided": field,
    "depth_to_see": lambda n, kernel: first(lambda depth: field([kernel] * depth) >= n, 1),
    "depth_to_hear": lambda milliseconds, rate, kernel: first(
        lambda depth: (1 + depth * (kernel - 1)) * 1000 >= milliseconds * rate
    ),
    "jump_apart": lambda strides: count((1, 10**6), [Conv(1, 1, s) for s in strides]).jump[0],
    "one_large_kernel": lambda depth, channels: (
        conv(channels, channels, first(lambda k: field([k]) == field([3] * depth), 1), 40).parameters
    ),
    "conv_multiply_adds": lambda n, c_in, c_out, kernel: conv(c_in, c_out, kernel, n).multiply_adds,
    "strided_multiply_adds": lambda n, c_in, c_out, kernel, stride: conv(c_in, c_out, kernel, n, stride).multiply_adds,
    "separable_multiply_adds": lambda n, c_in, c_out, kernel: (
        count((c_in, n, n), depthwise_separable(c_in, c_out, kernel)).multiply_adds
    ),
    "times_cheaper": lambda c_out, kernel: (
        conv(5, c_out, kernel, 16).multiply_adds
        / count((5, 16, 16), depthwise_separable(5, c_out, kernel)).multiply_adds
    ),
    "waveform_multiply_adds": lambda samples, kernels, kernel, stride: (
        count((1, samples), [Conv(kernels, kernel, stride)]).multiply_adds
    ),
    "shifted_answer": moved,
    "strided_answer": strided_by_hand,
    "circular_response": lambda x, k: np.correlate(x + x[: len(k) - 1], k, "valid"),
    "smallest_shift": lambda strides: first(lambda shift: divisible_all_the_way(shift, strides), 1),
    "row_error": lambda y, y_of_shifted: (
        np.linalg.norm(np.subtract(y_of_shifted, moved(y, 1))) / np.linalg.norm(np.asarray(y))
    ),
}
"""The same questions answered by counting one by one, by shapes that JAX infers, or by the course's own counter."""


@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_what_counting_gives(name: str) -> None:
    exercise = BANK.exercises[f"convolution.{name}"]
    for seed in range(20):
        arguments = judge.deal(exercise, seed).arguments
        verdict = judge.judge(exercise, ORACLES[name](**arguments), arguments)
        assert verdict.right, (arguments, verdict)


def test_every_number_and_array_has_such_an_oracle() -> None:
    assert {e.name for e in VALUES if not isinstance(e.answer, Choice)} == set(ORACLES)


def test_the_seeds_numbers() -> None:
    """3072 × 100 = 307,200; 27 × 64 = 1,728; about 178 times fewer; and what the seed does not count."""
    picture = {"side": 32, "channels": 3}
    both = {**picture, "units": 100, "kernel": 3, "maps": 64}

    def right(name: str, answer: float, arguments: dict[str, int]) -> bool:
        return judge.judge(BANK.exercises[f"convolution.{name}"], answer, arguments).right

    assert right("dense_weights", 307_200, {**picture, "units": 100})
    assert right("conv_weights", 1728, {**picture, "kernel": 3, "maps": 64})
    assert right("times_fewer", 178, both)
    assert right("times_the_outputs", 655, {"side": 32, "units": 100, "maps": 64})
    assert right("times_the_work", 5.76, both)


def circular(layer: Callable[[jax.Array], jax.Array], kernel: int) -> Callable[[jax.Array], jax.Array]:
    """The layer on a picture with a margin for this kernel, taken from the other side."""
    half = kernel // 2
    return lambda x: layer(jnp.pad(x, ((0, 0), (half, half), (half, half)), mode="wrap"))


def a_conv(seed: int, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> Callable[..., Any]:
    k = np.random.default_rng(seed).integers(-3, 4, (c_out, c_in // groups, kernel, kernel)).astype(np.float32)

    def layer(x: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(x[None], k, (stride, stride), "VALID", feature_group_count=groups)[0]

    return circular(layer, kernel)


def pooled(x: jax.Array, axis: tuple[int, ...], how: Callable[..., jax.Array]) -> jax.Array:
    return how(x, axis=axis).reshape(-1, 1, 1)


REAL = {
    "a 3×3 convolution with stride 1 and circular padding": a_conv(0, 2, 3, 3),
    "a 5×5 convolution with stride 1 and circular padding, then a ReLU": lambda x: jax.nn.relu(a_conv(1, 2, 3, 5)(x)),
    "a 1×1 convolution": a_conv(2, 2, 3, 1),
    "three 3×3 convolutions with stride 1 and circular padding, each with a bias and a ReLU": lambda x: jax.nn.relu(
        1 + a_conv(5, 3, 3, 3)(jax.nn.relu(a_conv(4, 3, 3, 3)(jax.nn.relu(a_conv(3, 2, 3, 3)(x) - 2)) + 3))
    ),
    "a depthwise 3×3 convolution with stride 1 and circular padding": a_conv(6, 2, 2, 3, groups=2),
    "a ReLU": jax.nn.relu,
    "a 3×3 convolution with stride 2 and circular padding": a_conv(7, 2, 3, 3, stride=2),
    "a max pooling with windows of 2×2, side by side": lambda x: x.reshape(2, 16, 2, 16, 2).max(axis=(2, 4)),
    "a 5×5 convolution with stride 2 and circular padding, then a ReLU": lambda x: jax.nn.relu(
        a_conv(8, 2, 3, 5, stride=2)(x)
    ),
    "a 3×3 convolution with stride 1 and circular padding, then the mean of each channel": lambda x: pooled(
        a_conv(9, 2, 3, 3)(x), (1, 2), jnp.mean
    ),
    "a 5×5 convolution with stride 1 and circular padding, then the maximum of each channel": lambda x: pooled(
        a_conv(10, 2, 3, 5)(x), (1, 2), jnp.max
    ),
    "the mean over all pixels": lambda x: pooled(x, (0, 1, 2), jnp.mean),
}


@pytest.mark.parametrize("layer", REAL)
def test_what_happens_to_a_shifted_picture_is_what_the_layer_does(layer: str) -> None:
    exercise = BANK.exercises["convolution.what_happens"]
    same, half, still, other = exercise.answer.options
    x = np.random.default_rng(0).integers(-9, 10, (2, 32, 32)).astype(np.float32)
    f = jax.jit(REAL[layer])
    y = np.asarray(f(x))
    for by in (1, 2, 3, 4):
        found = np.asarray(f(np.roll(x, by, axis=2)))
        kept = {still: y, same: np.roll(y, by, axis=2)} | ({half: np.roll(y, by // 2, axis=2)} if by % 2 == 0 else {})
        answer = next((name for name, value in kept.items() if np.allclose(found, value)), other)
        told = exercise.reference(layer, f"{by} pixel{'s' if by > 1 else ''}")
        assert told == answer, (layer, by)


def test_every_layer_that_is_asked_about_is_tried() -> None:
    exercise = BANK.exercises["convolution.what_happens"]
    assert {judge.deal(exercise, seed).arguments["layer"] for seed in range(300)} == set(REAL)


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
        ("conv_parameters", "no_input_channels"),  # no C_in
        ("count_parameters", "code_no_input_channels"),
        ("conv_multiply_adds", "flops_without_inputs"),
        ("conv_parameters", "positions_counted"),  # H×W counted
        ("conv_weights", "weights_at_every_place"),
        ("conv_parameters", "bias_per_weight"),
        ("count_parameters", "code_bias_per_weight"),
        ("kernel_shape", "channels_swapped"),  # C_in/C_out swapped
        ("conv_parameters", "biases_of_the_inputs"),
        ("output_size", "floor_forgotten"),
        ("output_size", "rounded_up"),
        ("pool_shape", "part_window_counted"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"convolution.{exercise}"].mistakes}


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

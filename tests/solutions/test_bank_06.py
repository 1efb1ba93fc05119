"""Unit 06's own exercises: the seed's numbers, layers that are really shifted, and the mistakes that the syllabus names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from units import BANKS

from autograder.judging import answer_key, judge
from course import syllabus

BANK = BANKS["06-convolution"]


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
    assert {answer_key.deal(exercise, seed).arguments["layer"] for seed in range(300)} == set(REAL)


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


def test_its_six_skills_all_gate() -> None:
    skills = syllabus.load().unit(BANK.unit).skills
    assert len(skills) == 6 and all(skill.gates for skill in skills)

"""Unit 04's questions answered another way: by counting, by the course's own norms, by adding up every outcome."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from course.nets import norms
from course.nets.counts import Activation, Dense, Norm, count

KINDS = {"BatchNorm": "batch", "LayerNorm": "layer", "RMSNorm": "rms"}


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

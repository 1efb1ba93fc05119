"""Unit 00's questions answered another way: by automatic differentiation, by XLA, by walking through them, or by trying all cases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


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

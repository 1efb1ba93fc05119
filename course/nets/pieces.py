"""Pieces of a piecewise-linear function of one variable: what depth buys that width does not (Telgarsky 2015).

The tent map folds [0, 1] in two; composed L times it has 2^L straight pieces, made by 2L ReLUs. One hidden layer of
n ReLUs has at most n + 1.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from course.nets.layers import Layer


def tent(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """2·relu(x) − 4·relu(x − ½): up from (0, 0) to (½, 1), and down to (1, 0). Two ReLUs, two pieces on [0, 1]."""
    return 2 * jnp.maximum(x, 0) - 4 * jnp.maximum(x - 0.5, 0)


def composed_tent(x: Float[Array, "*shape"], times: int) -> Float[Array, "*shape"]:
    """tent(tent(… x)), `times` times: 2^times pieces on [0, 1], each of slope ±2^times. `times` = 0 is x itself."""
    return lax.fori_loop(0, times, lambda _, h: tent(h), x)


def tent_net(depth: int) -> tuple[tuple[Layer, ...], Layer]:
    """The composed tent map as a ReLU net: `depth` hidden layers of width 2, and a readout; 2·depth ReLUs in all."""
    first = Layer(jnp.array([[1.0], [1.0]]), jnp.array([0.0, -0.5]))
    later = Layer(jnp.array([[2.0, -4.0], [2.0, -4.0]]), jnp.array([0.0, -0.5]))
    return (first, *[later] * (depth - 1)), Layer(jnp.array([[2.0, -4.0]]), jnp.zeros(1))


def count_pieces(
    f: Callable[[Float[Array, ""]], Float[Array, ""]], low: float = 0.0, high: float = 1.0, points: int = 2**14
) -> int:
    """How many straight pieces f has between `low` and `high`: runs of equal slope, the slope taken by `jax.grad`.

    The slope is taken in the middle of each of `points` equal cells, so a piece shorter than a cell may be missed and
    one that is found is real. Kinks at multiples of a power of two, as the tent map's, never fall on a middle.
    Neighbouring slopes count as equal to 1e-4 of the steepest: rounding is no kink.
    """
    x = low + (high - low) * (jnp.arange(points) + 0.5) / points
    slope = jax.jit(jax.vmap(jax.grad(f)))(x)
    return int(1 + jnp.sum(jnp.abs(jnp.diff(slope)) > 1e-4 * jnp.max(jnp.abs(slope))))


def count_pieces_of_one_layer(hidden: Layer, readout: Layer, low: float = -jnp.inf, high: float = jnp.inf) -> int:
    """How many straight pieces x ↦ readout(relu(W x + b)) has between `low` and `high`, exactly: at most width + 1.

    Each unit bends the line once, at x = −b/w, unless w or its readout weight is zero or the bends of several units in
    the same place cancel.
    """
    w, b, v = hidden.W[:, 0], hidden.b, readout.W[0]
    kinks: dict[float, float] = {}
    for w_i, b_i, v_i in zip(w.tolist(), b.tolist(), v.tolist(), strict=True):
        if w_i and v_i and low < -b_i / w_i < high:
            kinks[-b_i / w_i] = kinks.get(-b_i / w_i, 0.0) + v_i * abs(w_i)
    return 1 + sum(change != 0 for change in kinks.values())

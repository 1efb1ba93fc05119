"""Unit 01's questions answered another way: by counting exactly, by the course's own nets, by automatic differentiation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from course.nets.composition import TwoLayers, forward_pass
from course.nets.layers import Layer
from course.nets.pieces import count_pieces_of_one_layer


def net_of(W1: Any, b1: Any, w2: Any, b2: Any) -> TwoLayers:
    return TwoLayers(
        Layer(jnp.asarray(W1, jnp.float32), jnp.asarray(b1, jnp.float32)),
        Layer(jnp.asarray([w2], jnp.float32), jnp.asarray([b2], jnp.float32)),
    )


def held(widths: list[int]) -> int:
    """The numbers that a net of these widths really holds."""
    return sum(np.empty((n, m)).size + np.empty(n).size for m, n in itertools.pairwise(widths))


def repeated(f: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    def g(x: Any) -> Any:
        for _ in range(times):
            x = f(x)
        return x

    return g


def zigzags(*folds: int) -> int:
    """The straight pieces on [0, 1] of zigzags with so many folds, one after another.

    [0, 1] is cut into equal cells that no corner falls into, and every value is a whole number of cells: exact.
    """
    cells = 2 * math.prod(folds)
    x = np.arange(cells + 1)
    for n in folds:
        turn, rest = np.divmod(n * x, cells)
        x = np.where(turn % 2 == 0, rest, cells - rest)
    return 1 + int(np.count_nonzero(np.diff(x, 2)))


def tent(x: Any) -> Any:
    return 2 * jnp.maximum(x, 0) - 4 * jnp.maximum(x - 0.5, 0)


def slope_and_height(line: Callable[[int], int]) -> list[int]:
    return [line(1) - line(0), line(0)]


def affine(W: Any, b: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.array(W) @ x + np.array(b)


def jacobian_at_zero(f: Callable[[np.ndarray], np.ndarray], d: int) -> np.ndarray:
    return np.stack([f(e) - f(np.zeros(d)) for e in np.eye(d)], axis=1)


def most_pieces(width: int) -> int:
    """The pieces of a hidden layer whose corners all lie apart, counted."""
    rng = np.random.default_rng(width)
    readout = Layer(rng.normal(size=(1, width)), np.zeros(1))
    return count_pieces_of_one_layer(Layer(rng.normal(size=(width, 1)), rng.normal(size=width)), readout)


def narrowest_with(pieces: int) -> int | None:
    if pieces > 20_000:
        return None  # counting so many takes long, and says no more
    return next(n for n in range(max(pieces - 4, 1), pieces + 4) if most_pieces(n) >= pieces)


def widest_in_budget(d_in: int, d_out: int, budget: int) -> int:
    return max(n for n in range(1, budget) if held([d_in, n, d_out]) <= budget)


def chain_of_zeros(widths: list[int], x: Any) -> Any:
    for m, n in itertools.pairwise(widths):
        x = jnp.zeros((n, m)) @ x
    return x


ORACLES: dict[str, Callable[..., Any]] = {
    "pre_activation": lambda W, b, x: forward_pass(net_of(W, b, [0] * 3, 0), jnp.asarray(x, jnp.float32)).z,
    "relu_of": lambda z: [v if v > 0 else 0 for v in z],
    "hidden_vector": lambda W, b, h: forward_pass(net_of(W, b, [0] * len(b), 0), jnp.asarray(h, jnp.float32)).h,
    "readout_logit": lambda w, b, h: sum(w_i * h_i for w_i, h_i in zip(w, h, strict=True)) + b,
    "squash": lambda s: float(jax.nn.sigmoid(s)),
    "logit": lambda W1, b1, w2, b2, x: forward_pass(net_of(W1, b1, w2, b2), jnp.asarray(x, jnp.float32)).s,
    "probability": lambda W1, b1, w2, b2, x: forward_pass(net_of(W1, b1, w2, b2), jnp.asarray(x, jnp.float32)).y,
    "layer_parameters": lambda d_in, d_out: held([d_in, d_out]),
    "mlp_parameters": held,
    "deeper_by": lambda width, more: held([3] + [width] * (2 + more) + [5]) - held([3, width, width, 5]),
    "widest_within": widest_in_budget,
    "composed_value": lambda a, b, c, d, x: (lambda h: c * h + d)((lambda x: a * x + b)(x)),
    "weight_shape": lambda widths, layer: np.empty((widths[layer], widths[layer - 1])).shape,
    "batch_shape": lambda n, widths, layer: (
        jax.eval_shape(
            jax.vmap(lambda x: chain_of_zeros(widths[: layer + 1], x)),
            jax.ShapeDtypeStruct((n, widths[0]), jnp.float32),
        ).shape
    ),
    "collapsed_matrix": lambda W1, W2: jacobian_at_zero(lambda x: affine(W2, [0, 0])(affine(W1, [0, 0])(x)), 2),
    "collapsed_bias": lambda W2, b1, b2: affine(W2, b2)(affine(np.eye(2), b1)(np.zeros(2))),
    "collapsed_line": lambda a1, c1, a2, c2: slope_and_height(lambda x: a2 * (a1 * x + c1) + c2),
    "parameters_that_matter": lambda widths: held([widths[0], widths[-1]]),
    "tent_pieces": lambda times, already: zigzags(already, *[2] * times),
    "zigzag_pieces": lambda folds, times: zigzags(*[folds] * times),
    "shallow_pieces": most_pieces,
    "width_to_match": lambda folds, times: narrowest_with(folds**times),
    "tent_value": lambda x, times: float(repeated(lambda h: 1 - abs(2 * h - 1), times)(Fraction(str(x)))),
    "tent_slope": lambda x, times: float(jax.grad(repeated(tent, times))(x)),
}

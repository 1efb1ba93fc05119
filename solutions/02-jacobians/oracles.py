"""Unit 02's questions answered another way: by counting, by exact fractions or by automatic differentiation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


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

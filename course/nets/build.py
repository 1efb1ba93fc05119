"""A description (see `counts`) as a network that runs: its parameters drawn, and the forward pass on a batch.

    params = init(key, (1, 12, 12), layers)      # one entry a layer: Weights, or () where nothing is learned
    scores = apply(layers, params, x)            # x: (batch, 1, 12, 12)
    size(params) == count((1, 12, 12), layers).parameters

Every layer is run by the function a lesson shows for it: `conv.conv2d`, `conv.pool`, `norms.batch_norm`, …
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from course.nets import norms
from course.nets.conv import conv2d, pool
from course.nets.counts import (
    Activation,
    AdaptivePool,
    Conv,
    Dense,
    DescriptionError,
    Flatten,
    Layer,
    Norm,
    Pool,
    Residual,
    Row,
    count,
    each,
)
from course.nets.layers import ACTIVATIONS

Params = tuple[Any, ...]
"""One entry a layer: `Weights`, an array (γ of an RMS norm), a pair of `Params` (Residual), or () for nothing."""


class Weights(NamedTuple):
    """Weights and biases of a dense layer or a convolution, or γ and β of a norm; `b` is None where there is none."""

    W: Float[Array, "..."]
    b: Float[Array, "..."] | None


def init(key: Key[Array, ""], shape: Sequence[int], layers: Sequence[Layer]) -> Params:
    """Draw parameters: normal weights of variance 2/fan-in (He et al. 2015), biases and β zero, γ one.

    Raises
    ------
    DescriptionError
        Where the description does not fit (see `count`).
    """
    table = count(shape, layers)
    # One draw for all layers: every draw is a program of its own to compile, and compiling is the learner's wait.
    return _cut(_Normals(jax.random.normal(key, (table.parameters,))), table.rows)


def size(params: Params) -> int:
    """How many numbers there are in all of the parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def apply(layers: Sequence[Layer], params: Params, x: Float[Array, "batch *shape"]) -> Float[Array, "batch *out"]:
    """The network's outputs on a batch. A batch norm uses the statistics of this batch, as in training.

    Runs what `init` draws: dense layers, convolutions and pooling over two spatial axes, norms, activations,
    flattening, residual blocks.
    """
    for layer, mine in zip(layers, params, strict=True):
        x = _forward(layer, mine, x)
    return x


class _Normals:
    """A vector of normal draws, handed out piece by piece."""

    def __init__(self, values: Array) -> None:
        self.values, self.used = values, 0

    def take(self, shape: tuple[int, ...]) -> Array:
        start, self.used = self.used, self.used + prod(shape)
        return self.values[start : self.used].reshape(shape)


def _cut(normals: _Normals, rows: Sequence[Row]) -> Params:
    return tuple(_layer_params(normals, row) for row in rows)


def _layer_params(normals: _Normals, row: Row) -> Any:
    match row.layer:
        case Dense(units, bias):
            return _he(normals, (units, row.shape_in[0]), bias)
        case Conv(channels, kernel, groups=groups, bias=bias, table=None):
            kernels = each(kernel, len(row.shape_in) - 1, "kernel")
            return _he(normals, (channels, row.shape_in[0] // groups, *kernels), bias)
        case Norm(kind, affine):
            if not affine:
                return ()
            entries = row.shape_in[:1] if kind == "batch" else row.shape_in
            return Weights(jnp.ones(entries), None if kind == "rms" else jnp.zeros(entries))
        case Residual():
            assert row.branches is not None
            return tuple(_cut(normals, branch) for branch in row.branches)
        case Pool(learned=False) | AdaptivePool() | Flatten() | Activation():
            return ()
    raise DescriptionError(f"A layer such as {row.layer!r} can be counted, and not built.")


def _he(normals: _Normals, shape: tuple[int, ...], bias: bool) -> Weights:
    return Weights(jnp.sqrt(2 / prod(shape[1:])) * normals.take(shape), jnp.zeros(shape[0]) if bias else None)


def _forward(layer: Layer, mine: Any, x: Array) -> Array:
    match layer:
        case Dense():
            z = x @ mine.W.T
            return z if mine.b is None else z + mine.b
        case Conv():
            slide = partial(conv2d, stride=layer.stride, padding=layer.padding, groups=layer.groups)
            return jax.vmap(lambda x: slide(x, mine.W, mine.b))(x)
        case Norm(kind):
            flat = x if kind == "batch" else x.reshape(len(x), -1)
            gamma = jnp.ones(flat.shape[1]) if mine == () else mine.W.reshape(-1)
            beta = jnp.zeros(flat.shape[1]) if mine == () or mine.b is None else mine.b.reshape(-1)
            match kind:
                case "batch":
                    return norms.batch_norm(x, gamma, beta)
                case "layer":
                    return norms.layer_norm(flat, gamma, beta).reshape(x.shape)
            return norms.rms_norm(flat, gamma).reshape(x.shape)
        case Pool(kernel, stride, padding, kind):
            return jax.vmap(lambda x: pool(x, kernel, stride, padding, kind))(x)
        case AdaptivePool(parts, kind):
            windows = tuple(n // p for n, p in zip(x.shape[2:], each(parts, x.ndim - 2, "size"), strict=True))
            return jax.vmap(lambda x: pool(x, windows, kind=kind))(x)
        case Flatten():
            return x.reshape(len(x), -1)
        case Activation(name):
            return ACTIVATIONS[name](x)
        case Residual(body, skip):
            return apply(body, mine[0], x) + apply(skip, mine[1], x)
    raise DescriptionError(f"A layer such as {layer!r} can be counted, and not run.")

"""A layer, and a deep stack of them: z = W h + b, h = φ(z).

Parameters are NamedTuples. A deep stack of equal layers is *one* `Layer` whose arrays have a leading
depth axis, so that `lax.scan` runs over it and compiles the layer once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

Activation = Callable[[Array], Array]
Init = Literal["gaussian", "orthogonal"]

ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda z: z,
    "tanh": jnp.tanh,
    "relu": lambda z: jnp.maximum(z, 0),
    "sigmoid": jax.nn.sigmoid,
}
"""The activation functions φ the course compares, by name."""


LEAN = {"xla_cpu_use_fusion_emitters": False}
"""Compiler options of large programs: XLA's newer emitters make them no faster, and take up to 90 MB more and a third
more time to compile. A program with options is not to be called inside another `jit` or `grad`."""


class Layer(NamedTuple):
    """The parameters of one layer, or of a stack of them along a leading axis."""

    W: Float[Array, "*depth d_out d_in"]
    b: Float[Array, "*depth d_out"]


def gaussian(
    key: Key[Array, ""], d_out: int, d_in: int, sigma_w: float | Float[Array, ""] = 1.0
) -> Float[Array, "d_out d_in"]:
    """Independent normal weights with variance σ_w² / fan-in."""
    return sigma_w / jnp.sqrt(d_in) * jax.random.normal(key, (d_out, d_in))


def orthogonal(
    key: Key[Array, ""], d_out: int, d_in: int, sigma_w: float | Float[Array, ""] = 1.0
) -> Float[Array, "d_out d_in"]:
    """σ_w times a matrix with orthonormal rows or columns, uniformly drawn: all singular values are σ_w.

    Saxe et al. 2014.
    """
    return sigma_w * jax.random.orthogonal(key, max(d_out, d_in))[:d_out, :d_in]


INITS: dict[str, Callable[..., Array]] = {"gaussian": gaussian, "orthogonal": orthogonal}


@partial(jax.jit, static_argnames=("depth", "width", "init"))
def stack(
    key: Key[Array, ""],
    depth: int,
    width: int,
    sigma_w: float | Float[Array, ""] = 1.0,
    init: Init = "gaussian",
) -> Layer:
    """`depth` square layers of `width` units with zero biases, as one `Layer` with a leading depth axis."""
    draw = INITS[init]
    W = jax.vmap(lambda k: draw(k, width, width, sigma_w))(jax.random.split(key, depth))
    return Layer(W, jnp.zeros((depth, width), W.dtype))


def apply(layer: Layer, h: Float[Array, "d_in"], phi: Activation) -> Float[Array, "d_out"]:
    """One layer: φ(W h + b)."""
    return phi(layer.W @ h + layer.b)


def forward(layers: Layer, x: Float[Array, "d"], phi: Activation) -> tuple[Float[Array, "d"], Float[Array, "depth d"]]:
    """h^L and every h^ℓ (ℓ = 1 … L) of a stack of equal layers, in one `scan`."""

    def step(h: Array, layer: Layer) -> tuple[Array, Array]:
        h = apply(layer, h, phi)
        return h, h

    return lax.scan(step, x, layers)

"""The backward pass of a deep net, layer by layer: how the message shrinks or grows on its way to the input.

    layers = stack(key, depth, width, sigma_w, init)
    heard = message(layers, x, target, jnp.tanh)
    heard.log_norm[0]      # log10 ‖∂C/∂x‖: what is left of the message at the input

With h⁰ = x and C = ½‖h^L − target‖², the message at layer ℓ is δ^ℓ = ∂C/∂h^ℓ. It starts as
δ^L = h^L − target and is handed down by δ^{ℓ−1} = (J^ℓ)ᵀ δ^ℓ with J^ℓ = diag(φ′(z^ℓ)) W^ℓ.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from course.nets.layers import Activation, Layer


class Message(NamedTuple):
    """δ^ℓ for ℓ = 0 (the input) … L (the output), as directions and lengths, so that no length underflows."""

    unit: Float[Array, "depth_and_1 d"]
    """δ^ℓ / ‖δ^ℓ‖; zero where nothing is left."""
    log_norm: Float[Array, "depth_and_1"]
    """log10 ‖δ^ℓ‖; −∞ where nothing is left."""
    log_bound: Float[Array, "depth_and_1"]
    """log10 of ‖δ^L‖ ‖J^L‖₂ … ‖J^{ℓ+1}‖₂, the most that could be left: never below `log_norm`."""


def jacobians(
    layers: Layer, x: Float[Array, "d"], phi: Activation
) -> tuple[Float[Array, "d"], Float[Array, "depth d d"]]:
    """h^L, and J^ℓ = diag(φ′(z^ℓ)) W^ℓ of every layer on the way there."""

    def step(h: Array, layer: Layer) -> tuple[Array, Array]:
        z = layer.W @ h + layer.b
        h, slope = jax.jvp(phi, (z,), (jnp.ones_like(z),))
        return h, slope[:, None] * layer.W

    return lax.scan(step, x, layers)


def message(layers: Layer, x: Float[Array, "d"], target: Float[Array, "d"], phi: Activation) -> Message:
    """The whole backward pass of ½‖h^L − target‖², one δ a layer, with the bound that spectral norms give.

    Each δ is divided by its norm before it is handed on, and the norms are added up as logarithms: what would
    underflow after a hundred layers is a plain number here. Meant to be jitted with `phi` fixed.
    """
    h, J = jacobians(layers, x, phi)

    def normalised(delta: Array, log_norm: Array) -> tuple[Array, Array]:
        norm = jnp.linalg.norm(delta)
        return delta / jnp.where(norm > 0, norm, 1.0), log_norm + jnp.log10(norm)

    def step(carry: tuple[Array, Array], J: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        unit, log_norm = carry
        carry = normalised(J.T @ unit, log_norm)
        return carry, carry

    top = normalised(h - target, jnp.zeros((), h.dtype))
    _, (units, log_norms) = lax.scan(step, top, J, reverse=True)
    log_spectral = jnp.log10(jnp.linalg.svd(J, compute_uv=False)[:, 0])
    below = jnp.cumsum(log_spectral[::-1])[::-1] + top[1]  # every layer from the output down to ℓ, for each ℓ < L
    return Message(
        jnp.concatenate([units, top[0][None]]),
        jnp.append(log_norms, top[1]),
        jnp.append(below, top[1]),
    )

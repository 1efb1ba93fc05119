"""Jacobians of layers and of deep stacks: J^ℓ = ∂h^ℓ/∂h^{ℓ−1} = diag(φ′(z^ℓ)) W^ℓ, and their ordered product.

A stack is one `Layer` with a leading depth axis (see `layers`), so each function here is one `scan` over
depth, compiled once for any number of layers of the same width. Three ways to the same ∂h^L/∂x:

    net_jacobian(layers, x, phi)                    JAX's own, by `jacrev` or `jacfwd`
    ordered_product(jacobians(layers, x, phi))      the chain rule, as matrices
    vjp_chain(layers, x, u, phi)                    u ↦ uᵀ ∂h^L/∂x, with no matrix besides the weights
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from course.nets.layers import Activation, Layer, apply, forward


@partial(jax.jit, static_argnames="phi")
def slope(phi: Activation, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """φ′(z), entry by entry. (At the kink of ReLU, z = 0, it is whatever JAX differentiates `phi` to.)"""
    return jnp.vectorize(jax.grad(phi))(z)


@partial(jax.jit, static_argnames="phi")
def layer_jacobian(layer: Layer, h: Float[Array, "d_in"], phi: Activation) -> Float[Array, "d_out d_in"]:
    """∂φ(W h + b)/∂h = diag(φ′(z)) W at z = W h + b: row i of W, scaled by how steep φ is at z_i."""
    z = layer.W @ h + layer.b
    return slope(phi, z)[:, None] * layer.W


@partial(jax.jit, static_argnames="phi")
def jacobians(layers: Layer, x: Float[Array, "d"], phi: Activation) -> Float[Array, "depth d d"]:
    """J^1 … J^L of a stack at the input x; entry ℓ − 1 is J^ℓ, taken at the h^{ℓ−1} that x arrives as."""

    def step(h: Array, layer: Layer) -> tuple[Array, Array]:
        return apply(layer, h, phi), layer_jacobian(layer, h, phi)

    return lax.scan(step, x, layers)[1]


@jax.jit
def ordered_product(Js: Float[Array, "depth d d"]) -> Float[Array, "d d"]:
    """J^L J^{L−1} … J^1: the *last* layer stands leftmost, because it acts last."""
    identity = jnp.eye(Js.shape[-1], dtype=Js.dtype)
    return lax.scan(lambda product, J: (J @ product, None), identity, Js)[0]


@partial(jax.jit, static_argnames=("phi", "mode"))
def net_jacobian(
    layers: Layer, x: Float[Array, "d"], phi: Activation, mode: Literal["reverse", "forward"] = "reverse"
) -> Float[Array, "d d"]:
    """∂h^L/∂x by JAX: `jacrev` (row by row, backwards) or `jacfwd` (column by column, forwards)."""
    differentiate = {"reverse": jax.jacrev, "forward": jax.jacfwd}[mode]
    return differentiate(lambda x: forward(layers, x, phi)[0])(x)


@partial(jax.jit, static_argnames="phi")
def jvp_chain(
    layers: Layer, x: Float[Array, "d"], v: Float[Array, "d"], phi: Activation
) -> tuple[Float[Array, "d"], Float[Array, "depth d"]]:
    """A nudge v of the input, carried forward: (J^L … J^1 v, and J^ℓ … J^1 v after each layer ℓ = 1 … L).

    One matrix–vector product a layer: O(L d²), where forming the product costs O(L d³).
    """

    def step(carry: tuple[Array, Array], layer: Layer) -> tuple[tuple[Array, Array], Array]:
        h, v = jax.jvp(lambda h: apply(layer, h, phi), (carry[0],), (carry[1],))
        return (h, v), v

    (_, v), nudges = lax.scan(step, (x, v), layers)
    return v, nudges


@partial(jax.jit, static_argnames="phi")
def vjp_chain(
    layers: Layer, x: Float[Array, "d"], u: Float[Array, "d"], phi: Activation
) -> tuple[Float[Array, "d"], Float[Array, "depth d"]]:
    """A gradient u at the output, carried back: (uᵀ J^L … J^1, and uᵀ J^L … J^ℓ for each ℓ = 1 … L).

    Entry ℓ − 1 of the second is the gradient with respect to h^{ℓ−1}: what layer ℓ passes down. This is
    backpropagation: the forward pass keeps each h^{ℓ−1}, the backward pass meets them in reverse.
    """
    inputs = jnp.concatenate([x[None], forward(layers, x, phi)[1][:-1]])

    def step(u: Array, layer_and_input: tuple[Layer, Array]) -> tuple[Array, Array]:
        layer, h = layer_and_input
        (u,) = jax.vjp(lambda h: apply(layer, h, phi), h)[1](u)
        return u, u

    return lax.scan(step, u, (layers, inputs), reverse=True)


class Stretch(NamedTuple):
    """How much the first ℓ layers can stretch a vector, for ℓ = 1 … L, and what the layers' norms promise."""

    actual: Float[Array, "depth"]
    """‖J^ℓ … J^1‖₂, the largest singular value of the product."""
    bound: Float[Array, "depth"]
    """‖J^ℓ‖₂ … ‖J^1‖₂, the product of the largest singular values: never smaller than `actual`."""


@jax.jit
def stretch(Js: Float[Array, "depth d d"]) -> Stretch:
    """The spectral norm of each running product beside the product of spectral norms that bounds it.

    They agree only where the direction a layer stretches most is the one the layers below deliver.
    """

    def step(carry: tuple[Array, Array], J: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        product, bound = carry
        product, bound = J @ product, bound * jnp.linalg.norm(J, 2)
        return (product, bound), (jnp.linalg.norm(product, 2), bound)

    start = jnp.eye(Js.shape[-1], dtype=Js.dtype), jnp.ones((), Js.dtype)
    return Stretch(*lax.scan(step, start, Js)[1])

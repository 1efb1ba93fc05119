"""Composition, step by step: a forward pass taken apart, representations probed, a plane bent, layers collapsed, pieces counted.

forward_pass(net, x).h                    # every step of a two-layer net
probe_layers(fit.net, data)               # accuracy of a linear probe on h^0 … h^L, for every trained run
bend(net, points)                         # the same points after each half of each layer, in the plane
collapse(layers)                          # the one affine map that a stack without activations is
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Int64, Key

from course.nets.classify import MLP, mlp, probe
from course.nets.data import Split
from course.nets.layers import ACTIVATIONS, Layer, apply, stack
from course.nets.pieces import tent


class TwoLayers(NamedTuple):
    """A hidden ReLU layer and one output unit, as in the course's first worked example."""

    hidden: Layer
    readout: Layer
    """One row: the weights w² and the bias b²."""


class Steps(NamedTuple):
    """What a two-layer net computes on its way from x to ŷ."""

    x: Float[Array, "d_in"]
    product: Float[Array, "d"]
    """W¹ x, before the bias."""
    z: Float[Array, "d"]
    """The pre-activation W¹ x + b¹."""
    h: Float[Array, "d"]
    """ReLU(z¹): the representation."""
    s: Float[Array, ""]
    """The logit w²·h¹ + b²."""
    y: Float[Array, ""]
    """The probability σ(s)."""


@jax.jit
def forward_pass(net: TwoLayers, x: Float[Array, "d_in"]) -> Steps:
    """Every step of ŷ = σ(w²·ReLU(W¹ x + b¹) + b²)."""
    product = net.hidden.W @ x
    z = product + net.hidden.b
    h = jnp.maximum(z, 0)
    s = (net.readout.W @ h + net.readout.b)[0]
    return Steps(x=x, product=product, z=z, h=h, s=s, y=jax.nn.sigmoid(s))


def seed_example() -> tuple[TwoLayers, Float[Array, "2"]]:
    """The first worked example of the course and its input: z¹ = (−1, −4, 1), h¹ = (0, 0, 1), s = 1, ŷ ≈ 0.731."""
    hidden = Layer(jnp.array([[1.0, 1.0], [-1.0, 2.0], [0.0, -1.0]]), jnp.array([0.0, 1.0, -1.0]))
    return TwoLayers(hidden, Layer(jnp.array([[2.0, -1.0, 1.0]]), jnp.zeros(1))), jnp.array([1.0, -2.0])


def same_shape(keys: Key[Array, "runs"], net: MLP) -> MLP:
    """An untrained net for each key, of the shape of `net` (trained runs on a leading axis): as training starts."""
    return _fresh(keys, (net[0].W.shape[-1], *(layer.W.shape[-2] for layer in net)))


@partial(jax.jit, static_argnames="sizes")
def _fresh(keys: Key[Array, "runs"], sizes: tuple[int, ...]) -> MLP:
    return jax.vmap(lambda key: mlp(key, sizes))(keys)


@partial(jax.jit, static_argnames="phi")
def probe_layers(net: MLP, data: Split, phi: str = "relu") -> Float[Array, "runs layers"]:
    """Share of the test examples that a linear probe of h^ℓ labels right, ℓ = 0 … L, for each run of trained nets.

    h^0 is the input. The probe is fitted to the training examples (see `classify.probe`); the net is not touched.
    """
    x, y, x_test, y_test = map(jnp.asarray, data)

    def one(net: MLP) -> Float[Array, "layers"]:
        h, h_test, share = x, x_test, []
        share.append(probe(h, y, h_test, y_test).test)
        for layer in net[:-1]:
            step = jax.vmap(lambda h, layer=layer: apply(layer, h, ACTIVATIONS[phi]))
            h, h_test = step(h), step(h_test)
            share.append(probe(h, y, h_test, y_test).test)
        return jnp.stack(share)

    return jax.vmap(one)(net)


# --------------------------------------------------------------------------- the plane, bent


class Halves(NamedTuple):
    """Where points of the plane are after each half of each layer of a net whose hidden layers are two units wide."""

    h: Float[Array, "layers n 2"]
    """h^0 = x, h^1, …, h^L."""
    z: Float[Array, "hidden n 2"]
    """z^1, …, z^L: moved by the affine half of the layer, not yet bent by φ."""


@jax.jit
def upright(net: MLP) -> MLP:
    """The same function of a tanh net of width two, with no hidden layer that turns the plane over (det W^ℓ > 0).

    tanh is odd: changing the sign of a unit's weights and bias, and of what the next layer makes of it, changes
    nothing.
    """
    layers = list(net)
    for i in range(len(layers) - 1):
        W, b = layers[i]
        sign = jnp.array([1.0, jnp.where(jnp.linalg.det(W) < 0, -1.0, 1.0)])
        layers[i] = Layer(sign[:, None] * W, sign * b)
        layers[i + 1] = Layer(layers[i + 1].W * sign, layers[i + 1].b)
    return tuple(layers)


def bend(net: MLP, points: Float[Array, "n 2"], phi: str = "tanh") -> Halves:
    """The points after each half of each hidden layer: first W h + b, which is affine, then φ, which bends.

    Raises
    ------
    ValueError
        Where a hidden layer is not two units wide: then there is no plane to look at.
    """
    widths = [layer.W.shape[0] for layer in net[:-1]]
    if any(width != 2 for width in widths):
        raise ValueError(f"Only layers of two units can be drawn as a plane, and these hidden layers have {widths}.")
    return _bend(net, points, phi)


@partial(jax.jit, static_argnames="phi")
def _bend(net: MLP, points: Float[Array, "n 2"], phi: str) -> Halves:
    h, hs, zs = points, [points], []
    for layer in net[:-1]:
        zs.append(h @ layer.W.T + layer.b)
        h = ACTIVATIONS[phi](zs[-1])
        hs.append(h)
    return Halves(jnp.stack(hs), jnp.stack(zs))


# --------------------------------------------------------------------------- collapse


@jax.jit
def collapse(layers: Layer) -> Layer:
    """The one layer that a stack of layers without activations is: W = W^L ⋯ W^1, and the biases carried up through it."""

    def step(below: Layer, layer: Layer) -> tuple[Layer, None]:
        return Layer(layer.W @ below.W, layer.W @ below.b + layer.b), None

    d = layers.W.shape[-1]
    return lax.scan(step, Layer(jnp.eye(d), jnp.zeros(d)), layers)[0]


@partial(jax.jit, static_argnames=("depth", "width"))
def random_stack(key: Key[Array, ""], depth: int, width: int) -> Layer:
    """A stack of equal layers with orthogonal weights and normal biases, so that no deviation is due to its scale."""
    for_W, for_b = jax.random.split(key)
    layers = stack(for_W, depth, width, init="orthogonal")
    return Layer(layers.W, jax.random.normal(for_b, layers.b.shape))


# --------------------------------------------------------------------------- pieces


@partial(jax.jit, static_argnames="points")
def tent_pieces(times: Int[Array, "n"], points: int = 2**14) -> Int[Array, "n"]:
    """How many straight pieces the tent map composed `times` times has on [0, 1], for each entry: runs of equal slope.

    The slope is taken by forward differentiation in the middle of each of `points` equal cells, so that 2¹⁴ cells see
    every piece of up to 14 folds; slopes are powers of two, and exact.
    """
    x = (jnp.arange(points) + 0.5) / points

    def one(times: Int[Array, ""]) -> Int[Array, ""]:
        slope = jax.jvp(lambda x: lax.fori_loop(0, times, lambda _, h: tent(h), x), (x,), (jnp.ones(points),))[1]
        return 1 + jnp.sum(slope[1:] != slope[:-1])

    return lax.map(one, times)


def random_pieces(
    nets: int, depth: int, width: int, seed: int = 0, low: float = -4.0, high: float = 4.0, points: int = 2**12
) -> Int64[np.ndarray, "nets"]:
    """How many straight pieces random ReLU nets of one input have between `low` and `high`, as He initialisation draws them.

    Weights have variance 2/fan-in, and so have the biases, so that kinks do not all sit at 0. A piece is a run of cells
    of a fine grid with one pattern of active units: what differs in pattern differs in slope, save by accident. Pieces
    shorter than a cell may be missed. NumPy, since many shapes are asked for once each: nothing to compile.
    """
    rng = np.random.default_rng(seed)
    x = (low + (high - low) * (np.arange(points) + 0.5) / points)[:, None].astype(np.float32)
    pieces = np.ones(nets, np.int64)
    for net in range(nets):
        h, changed = x, np.zeros(points - 1, bool)
        for _ in range(depth):
            scale = (2 / h.shape[1]) ** 0.5
            z = h @ (scale * rng.normal(size=(h.shape[1], width))).astype(np.float32)
            z += (scale * rng.normal(size=width)).astype(np.float32)
            on = z > 0
            changed |= np.any(on[1:] != on[:-1], axis=1)
            h = np.maximum(z, 0)
        pieces[net] += changed.sum()
    return pieces

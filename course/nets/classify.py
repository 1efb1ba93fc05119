"""Small classifiers, trained many at once in one compiled program: each training is one `lax.scan`, and a leading
axis of keys (seeds) and settings is a `vmap` over it.

    fit = train_mlp(seeds(5), data, hidden=(16, 16))          # two moons, spirals
    h = hidden(first(fit.net), data.x)                         # h^0 = x, h^1, …, h^L
    probe(h[1], data.y, h_test[1], data.y_test).test           # is h^1 linearly separable?

    run = train_norms(seeds(3), digits, batch=2)               # none, batch, layer, RMS norm side by side
    fit = train_images(seeds(4), pictures, CNN, sizes=(100, 300, 1500))
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from course.nets import build, counts
from course.nets.data import Split
from course.nets.layers import Layer
from course.nets.toys import Images

MLP = tuple[Layer, ...]
"""The layers of a net, the last one its linear readout; under `vmap` each array has a leading axis of runs."""


class Fit(NamedTuple):
    """Trained nets, one for each run (seed, and training size where there are several)."""

    net: Any
    """The trained parameters, with the leading axes of the runs."""
    loss: Float[Array, "*runs steps"]
    """Cross-entropy of each step's minibatch, before the step, in nats."""
    train: Float[Array, "*runs"]
    """Share of the training examples labelled right at the end."""
    test: Float[Array, "*runs"]
    """Share of the test examples labelled right at the end."""


class Probe(NamedTuple):
    """How well a linear classifier reads the labels off a representation."""

    train: Float[Array, ""]
    test: Float[Array, ""]


class NormRun(NamedTuple):
    """What training left behind for each norm (axis 0, in the order asked for) and seed (axis 1)."""

    loss: Float[Array, "norms seeds steps"]
    """Cross-entropy of each step's minibatch, before the step, in nats."""
    test: Float[Array, "norms seeds"]
    """Share of the test examples labelled right at the end; batch norm with its *running* statistics."""
    train: Float[Array, "norms seeds"]
    """The same on the training examples."""


def seeds(n: int, first: int = 0) -> Key[Array, "n"]:
    """n keys, from the seeds first, first + 1, …"""
    return jax.vmap(jax.random.key)(jnp.arange(first, first + n))


def first(tree: Any, run: int = 0) -> Any:
    """One run's share of a tree whose arrays have a leading axis of runs."""
    return jax.tree.map(lambda leaf: leaf[run], tree)


def train_mlp(
    keys: Key[Array, "runs"],
    data: Split,
    *,
    hidden: tuple[int, ...] = (16, 16),
    phi: str = "relu",
    steps: int = 1000,
    eta: float = 0.01,
) -> Fit:
    """Train one MLP a key on points of the plane by full-batch Adam, all in one program. Classes: max(y) + 1."""
    raise NotImplementedError


def hidden(net: MLP, x: Float[Array, "n d"], phi: str = "relu") -> tuple[Float[Array, "n _"], ...]:
    """(h^0, h^1, …, h^L) of every example: h^0 = x, h^ℓ = φ(W^ℓ h^{ℓ−1} + b^ℓ) for each hidden layer. Not the logits."""
    raise NotImplementedError


def probe(
    h: Float[Array, "n d"], y: Int[Array, "n"], h_test: Float[Array, "m d"], y_test: Int[Array, "m"], ridge: float = 1e-3
) -> Probe:
    """A linear probe: least squares from (standardised h, 1) to one-hot labels, in closed form; its accuracy is how
    linearly separable h makes the classes (Alain & Bengio 2017)."""
    raise NotImplementedError


def train_norms(
    keys: Key[Array, "seeds"],
    data: Split,
    *,
    norms: tuple[str, ...] = ("none", "batch", "layer", "rms"),
    batch: int = 64,
    depth: int = 10,
    width: int = 64,
    steps: int = 300,
    eta: float = 0.1,
) -> NormRun:
    """Train a deep ReLU MLP, W h → norm → φ in every layer, with each norm from the same draw of weights by plain SGD."""
    raise NotImplementedError


def train_images(
    keys: Key[Array, "seeds"],
    data: Images,
    layers: Sequence[counts.Layer],
    *,
    sizes: tuple[int, ...] = (100, 300, 1500),
    steps: int = 300,
    batch: int = 64,
    eta: float = 3e-3,
) -> Fit:
    """Train the described network on the first n pictures for each n of `sizes`, for each key: runs = (sizes, seeds)."""
    raise NotImplementedError

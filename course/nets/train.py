"""Training deep classifiers by plain SGD, many at once, in one compiled program.

A net here is a stack of equal layers and a linear readout; its input is as wide as its layers, so the first
layer is a layer like any other. Nets of different depths and activations are trained side by side by `vmap`:
each is padded to the deepest (a layer beyond its depth hands h on untouched), so that the whole comparison is
one shape and one compilation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from course.nets.layers import ACTIVATIONS, LEAN, Activation, Init, Layer, apply, gaussian, stack


class Net(NamedTuple):
    """A stack of equal layers, then a linear readout to one logit a class."""

    layers: Layer
    readout: Layer


@partial(jax.jit, static_argnames=("depth", "width", "classes", "kind"))
def init(
    key: Key[Array, ""],
    depth: int,
    width: int,
    classes: int,
    sigma_w: float | Float[Array, ""],
    kind: Init = "gaussian",
) -> Net:
    """Weights of weight scale σ_w in the stack, Gaussian or orthogonal; Gaussian ones of variance 1/fan-in in the
    readout; biases start at zero."""
    for_layers, for_readout = jax.random.split(key)
    readout = Layer(gaussian(for_readout, classes, width), jnp.zeros(classes))
    return Net(stack(for_layers, depth, width, sigma_w, kind), readout)


def logits(
    net: Net, x: Float[Array, "d"], phi: Activation, depth: int | Int[Array, ""] | None = None
) -> Float[Array, "classes"]:
    """The scores of one example; where `depth` is given, only the first `depth` layers act."""
    depth = len(net.layers.W) if depth is None else depth

    def step(h: Array, layer_and_index: tuple[Layer, Array]) -> tuple[Array, None]:
        layer, index = layer_and_index
        return lax.cond(index < depth, lambda h: apply(layer, h, phi), lambda h: h, h), None

    h, _ = lax.scan(step, x, (net.layers, jnp.arange(len(net.layers.W))))
    return net.readout.W @ h + net.readout.b


def cross_entropy(scores: Float[Array, "*batch classes"], labels: Int[Array, "*batch"]) -> Float[Array, ""]:
    """The mean of −log softmax(scores)[label] over the batch, in nats. A net that knows nothing scores ln(classes)."""
    chosen = jnp.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(scores, axis=-1) - chosen)


def loss(
    net: Net,
    x: Float[Array, "batch d"],
    y: Int[Array, "batch"],
    phi: Activation,
    depth: int | Int[Array, ""] | None = None,
) -> Float[Array, ""]:
    """Cross-entropy of the net on a batch."""
    return cross_entropy(jax.vmap(lambda x: logits(net, x, phi, depth))(x), y)


@partial(jax.jit, static_argnames="phi")
def gradient_norms(
    net: Net, x: Float[Array, "batch d"], y: Int[Array, "batch"], phi: Activation
) -> Float[Array, "depth"]:
    """‖∂loss/∂W^ℓ‖_F for ℓ = 1 … L: how loudly the teacher is heard in each layer of the stack."""
    grads = jax.grad(loss)(net, x, y, phi)
    return jnp.linalg.norm(grads.layers.W, axis=(-2, -1))


class Setting(NamedTuple):
    """What one net is trained with; for several nets, arrays with one entry each (see `settings`)."""

    depth: Int[Array, "*nets"]
    phi: Int[Array, "*nets"]
    """The activation's place among the names `train` is given."""
    sigma_w: Float[Array, "*nets"]
    eta: Float[Array, "*nets"]
    """The learning rate η."""


class Run(NamedTuple):
    """What training left behind, for each net; before that axis one of seeds, where `train` was given several keys."""

    loss: Float[Array, "*nets steps"]
    """Cross-entropy of each step's minibatch, before the step, in nats."""
    final: Float[Array, "*nets"]
    """Cross-entropy on all training examples at the end, in nats."""
    accuracy: Float[Array, "*nets"]
    """Share of the test examples labelled right at the end."""
    moved: Float[Array, "*nets depth"]
    """‖W^ℓ_end − W^ℓ_start‖_F / ‖W^ℓ_start‖_F; NaN beyond the net's depth."""
    changed: Float[Array, "*nets depth"]
    """Share of the weights in W^ℓ whose float32 is another number than at the start; NaN beyond the depth."""


def settings(rows: Sequence[tuple[int, str, float, float]], activations: Sequence[str]) -> Setting:
    """One `Setting` from rows of (depth, activation, σ_w, η).

    Raises
    ------
    ValueError
        Where a row names an activation that is not among `activations`.
    """
    for _, name, _, _ in rows:
        if name not in activations:
            raise ValueError(f"“{name}” is not among the activations {list(activations)}; add it there.")
    depth, phi, sigma_w, eta = zip(*((d, activations.index(a), s, e) for d, a, s, e in rows), strict=True)
    return Setting(jnp.array(depth), jnp.array(phi), jnp.array(sigma_w, float), jnp.array(eta, float))


@partial(
    jax.jit, static_argnames=("activations", "max_depth", "steps", "batch", "classes", "kind"), compiler_options=LEAN
)
def train(
    key: Key[Array, "*seeds"],
    setting: Setting,
    x: Float[Array, "*splits train d"],
    y: Int[Array, "*splits train"],
    x_test: Float[Array, "*splits test d"],
    y_test: Int[Array, "*splits test"],
    *,
    activations: tuple[str, ...],
    max_depth: int,
    steps: int = 300,
    batch: int = 64,
    classes: int = 10,
    kind: Init = "gaussian",
) -> Run:
    """Train one net for each entry of `setting` by SGD, all in one program; none is deeper than `max_depth`.

    With several keys (see `classify.seeds`), all of that for each of them: what is returned has a leading axis of
    seeds. The data are then one split for all seeds, or one for each (`data.rotations`).
    Not to be called inside another `jit` or `grad`: it is compiled with options of its own (`LEAN`).

    Every net of a key starts from the same draw of weights (of one `kind`, scaled by its σ_w) and sees the same
    minibatches, so that these nets differ by their setting alone.
    """
    keys, (x, y, x_test, y_test) = jnp.atleast_1d(key), one_split_each(x, y, x_test, y_test)
    if len(x) not in (1, len(keys)):
        raise ValueError(f"Give one split of the data, or one for each of the {len(keys)} keys; there are {len(x)}.")

    def one(setting: Setting, key: Array, split: Array) -> Run:
        for_init, for_batches = jax.random.split(key)
        picks = jax.random.randint(for_batches, (steps, batch), 0, x.shape[1])

        def phi(z: Array) -> Array:
            return lax.switch(setting.phi, [ACTIVATIONS[name] for name in activations], z)

        start = init(for_init, max_depth, x.shape[-1], classes, setting.sigma_w, kind)

        def step(net: Net, pick: Array) -> tuple[Net, Array]:
            value, grads = jax.value_and_grad(loss)(net, x[split, pick], y[split, pick], phi, setting.depth)
            return jax.tree.map(lambda w, g: w - setting.eta * g, net, grads), value

        end, losses = lax.scan(step, start, picks)
        scores = jax.vmap(lambda x: logits(end, x, phi, setting.depth))
        W_start, W_end = start.layers.W, end.layers.W
        acts = jnp.arange(max_depth) < setting.depth
        distance = jnp.linalg.norm(W_end - W_start, axis=(-2, -1)) / jnp.linalg.norm(W_start, axis=(-2, -1))
        return Run(
            losses,
            cross_entropy(scores(x[split]), y[split]),
            jnp.mean(jnp.argmax(scores(x_test[split]), axis=-1) == y_test[split]),
            jnp.where(acts, distance, jnp.nan),
            jnp.where(acts, jnp.mean(W_end != W_start, axis=(-2, -1)), jnp.nan),
        )

    # One setting after the other, its seeds together: they are equally deep, so layers beyond that depth cost nothing.
    split = jnp.arange(len(keys)) if len(x) > 1 else jnp.zeros(len(keys), int)
    runs = lax.map(lambda setting: jax.vmap(partial(one, setting))(keys, split), setting)
    runs = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), runs)
    return runs if key.ndim else jax.tree.map(lambda leaf: leaf[0], runs)


def one_split_each(x: Array, y: Array, x_test: Array, y_test: Array) -> tuple[Array, Array, Array, Array]:
    """The same data with a leading axis of splits, of length 1 where there was none (labels have no other axis)."""
    return (x, y, x_test, y_test) if y.ndim == 2 else (x[None], y[None], x_test[None], y_test[None])

"""Small classifiers, trained many at once in one compiled program: each training is one `lax.scan`, and a leading
axis of keys (seeds) and settings is a `vmap` over it.

    fit = train_mlp(seeds(5), data, hidden=(16, 16))          # two moons, spirals
    h = hidden(first(fit.net), data.x)                         # h^0 = x, h^1, …, h^L
    probe(h[1], data.y, h_test[1], data.y_test).test           # is h^1 linearly separable?

    run = train_norms(seeds(3), digits(), batch=2)             # none, batch, layer, RMS norm side by side
    fit = train_images(seeds(5), rotations(5, shifted_digits), DIGIT_CNN)  # sizes × seeds, each with other writers held out

Nothing here depends on the order of runs: a key's net is the same net, rounding aside, in any company.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Key

from course.nets import build, norms
from course.nets.counts import Activation, AdaptivePool, Conv, Dense, Flatten, Pool
from course.nets.counts import Layer as Described
from course.nets.data import Split
from course.nets.layers import ACTIVATIONS, Layer, apply
from course.nets.toys import Images
from course.nets.train import cross_entropy, one_split_each

Numbers = Array | np.ndarray

MLP = tuple[Layer, ...]
"""The layers of a net, the last one its linear readout; under `vmap` each array has a leading axis of runs."""


QUICK = {"xla_backend_optimization_level": 1}
"""Compile with little polishing: the learner waits up to 40 % less for the first step; the steps are no slower."""


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


def seeds(n: int, first: int = 0) -> Key[Array, "n"]:
    """n keys, from the seeds first, first + 1, …"""
    return jax.vmap(jax.random.key)(jnp.arange(first, first + n))


def first(tree: Any, run: int = 0) -> Any:
    """One run's share of a tree whose arrays have a leading axis of runs."""
    return jax.tree.map(lambda leaf: leaf[run], tree)


def mlp(key: Key[Array, ""], sizes: Sequence[int], gain: float = 2**0.5) -> MLP:
    """Layers from sizes[0] inputs to sizes[-1] outputs: normal weights of variance gain²/fan-in, biases zero."""
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    ends = list(accumulate(d_out * d_in for d_out, d_in in shapes))
    # One draw, cut up: every draw is a program of its own to compile, and compiling is the learner's wait.
    pieces = jnp.split(jax.random.normal(key, (ends[-1],)), ends[:-1])
    return tuple(
        Layer(gain / jnp.sqrt(d_in) * piece.reshape(d_out, d_in), jnp.zeros(d_out))
        for piece, (d_out, d_in) in zip(pieces, shapes, strict=True)
    )


def hidden(net: MLP, x: Float[Numbers, "n d"], phi: str = "relu") -> tuple[Float[Array, "n _"], ...]:
    """(h^0, h^1, …, h^L) of every example: h^0 = x, then h^ℓ = φ(W^ℓ h^{ℓ−1} + b^ℓ) for each hidden layer."""
    hs = [jnp.asarray(x)]
    for layer in net[:-1]:
        hs.append(jax.vmap(lambda h, layer=layer: apply(layer, h, ACTIVATIONS[phi]))(hs[-1]))
    return tuple(hs)


def logits(net: MLP, x: Float[Numbers, "n d"], phi: str = "relu") -> Float[Array, "n classes"]:
    """The scores of every example: the last layer, applied to the last h."""
    return hidden(net, x, phi)[-1] @ net[-1].W.T + net[-1].b


def train_mlp(
    keys: Key[Array, "runs"],
    data: Split,
    *,
    hidden: tuple[int, ...] = (16, 16),
    phi: str = "relu",
    steps: int = 1000,
    eta: float = 0.01,
) -> Fit:
    """Train one MLP a key by Adam, all in one program, on data that fit in one batch (points of the plane).

    Every step uses all training examples. There are as many classes as the largest label says.
    """
    sizes = (data.x.shape[1], *hidden, int(data.y.max()) + 1)
    return _train_mlp(keys, *map(jnp.asarray, data), eta, sizes=sizes, phi=phi, steps=steps)


@partial(jax.jit, compiler_options=QUICK, static_argnames=("sizes", "phi", "steps"))
def _train_mlp(keys, x, y, x_test, y_test, eta, *, sizes, phi, steps):  # type: ignore[no-untyped-def]
    def one(key: Array) -> Fit:
        loss = lambda net, _: cross_entropy(logits(net, x, phi), y)
        net, losses = adam(loss, mlp(key, sizes), jnp.arange(steps), eta)
        scores = logits(net, jnp.concatenate([x, x_test]), phi)
        return Fit(net, losses, *_shares_right(scores, y, y_test))

    return jax.vmap(one)(keys)


def adam(
    loss: Callable[[Any, Any], Float[Array, ""]], start: Any, batches: Any, eta: float | Float[Array, ""]
) -> tuple[Any, Float[Array, "steps"]]:
    """Adam (Kingma & Ba 2015; β₁ = 0.9, β₂ = 0.999, ε = 1e-8) in one `scan`: (parameters at the end, each step's loss).

    `loss` takes parameters and one entry of `batches`, a tree whose arrays have a leading axis of steps.
    """

    def step(carry: tuple[Any, Any, Any, Array], batch: Any) -> tuple[tuple[Any, Any, Any, Array], Array]:
        params, m, v, t = carry
        value, grads = jax.value_and_grad(loss)(params, batch)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, v, grads)
        # m and v start at zero: dividing by how much of their weights has been used takes that start out again.
        m_hat, v_hat = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        params = jax.tree.map(lambda p, m, v: p - eta * m * m_hat / (jnp.sqrt(v * v_hat) + 1e-8), params, m, v)
        return (params, m, v, t + 1), value

    zeros = jax.tree.map(jnp.zeros_like, start)
    (params, *_), losses = lax.scan(step, (start, zeros, zeros, jnp.ones(())), batches)
    return params, losses


@jax.jit
def probe(
    h: Float[Numbers, "n d"],
    y: Int[Numbers, "n"],
    h_test: Float[Numbers, "m d"],
    y_test: Int[Numbers, "m"],
    ridge: float | Float[Array, ""] = 1e-3,
) -> Probe:
    """A linear classifier of h: least squares from (standardised h, 1) to one-hot labels, in closed form.

    Its accuracy says how close to linearly separable h makes the classes (Alain & Bengio 2017). `ridge` times the
    identity, added to the second moments, keeps directions in which h never varies harmless. Ten classes at most.
    """
    mean, deviation = h.mean(0), h.std(0)
    prepare = lambda h: jnp.pad(
        (h - mean) / jnp.where(deviation > 0, deviation, 1), ((0, 0), (0, 1)), constant_values=1
    )
    A, target = prepare(h), jax.nn.one_hot(y, 10)
    moments = A.T @ A / len(h) + ridge * jnp.eye(A.shape[1])
    B = jnp.linalg.solve(moments, A.T @ target / len(h))
    return Probe(_share_right(A @ B, y), _share_right(prepare(h_test) @ B, y_test))


class NormNet(NamedTuple):
    """A stack of equal layers, z = W h, then norm, then φ; and a linear readout."""

    layers: Layer
    gamma: Float[Array, "*runs depth d"]
    beta: Float[Array, "*runs depth d"]
    """Used by batch and layer norm alone. (`layers.b` is used by "none" alone: a norm's own shift takes its place.)"""
    readout: Layer


class NormRun(NamedTuple):
    """What training left behind for each norm (axis 0, in the order asked for) and seed (axis 1)."""

    loss: Float[Array, "norms seeds steps"]
    """Cross-entropy of each step's minibatch, before the step, in nats."""
    train: Float[Array, "norms seeds"]
    """Share of the training examples labelled right at the end; batch norm with its *running* statistics."""
    test: Float[Array, "norms seeds"]
    """The same on the test examples."""


def train_norms(
    keys: Key[Array, "seeds"],
    data: Split,
    *,
    kinds: tuple[norms.Kind, ...] = norms.KINDS,
    batch: int = 64,
    depth: int = 6,
    steps: int = 200,
    eta: float = 0.1,
    momentum: float = 0.1,
) -> NormRun:
    """Train a deep ReLU MLP by plain SGD with each norm, for each key, all in one program.

    Each of the `depth` layers is as wide as the input and computes φ(norm(W h)). Nets with the same key start from the
    same weights (variance 2/fan-in) and see the same minibatches, so that they differ by their norm alone. Batch norm
    trains on the statistics of its minibatch, and is tested on the running ones (see `norms.update_running`).

    Raises
    ------
    ValueError
        For a norm that is not in `norms.KINDS`.
    """
    for kind in kinds:
        norms.normalize(kind)
    which = jnp.array([norms.KINDS.index(kind) for kind in kinds])
    sizes = {"batch": batch, "depth": depth, "steps": steps, "classes": int(data.y.max()) + 1}
    return _train_norms(keys, which, *map(jnp.asarray, data), eta, momentum, **sizes)


def _norm_net(key: Array, depth: int, d: int, classes: int) -> NormNet:
    W = jax.random.normal(key, (depth * d + classes, d)) / jnp.sqrt(d)
    layers = Layer(2**0.5 * W[: depth * d].reshape(depth, d, d), jnp.zeros((depth, d)))
    return NormNet(layers, jnp.ones((depth, d)), jnp.zeros((depth, d)), Layer(W[depth * d :], jnp.zeros(classes)))


def _picks(key: Array, steps: int, batch: int, n: int | Array) -> Array:
    """For each step, which of the first n examples its minibatch holds; drawn with replacement."""
    return (jax.random.uniform(key, (steps, batch)) * n).astype(jnp.int32)


def _norm_forward(
    net: NormNet, running: norms.Running, which: Array, x: Array, training: bool, momentum: Array
) -> tuple[Array, norms.Running]:
    """Scores of a batch, and the running statistics after it."""

    def step(h: Array, layer: tuple[Layer, Array, Array, norms.Running]) -> tuple[Array, norms.Running]:
        (W, b), gamma, beta, running = layer
        z = h @ W.T
        as_batch = norms.batch_norm if training else partial(norms.batch_norm_eval, running=running)
        z = lax.switch(
            which,
            [
                lambda: z + b,
                lambda: as_batch(z, gamma, beta),
                lambda: norms.layer_norm(z, gamma, beta),
                lambda: norms.rms_norm(z, gamma),
            ],
        )
        return jnp.maximum(z, 0), norms.update_running(
            running, lax.stop_gradient(h @ W.T), momentum
        ) if training else running

    h, running = lax.scan(step, x, (net.layers, net.gamma, net.beta, running))
    return h @ net.readout.W.T + net.readout.b, running


@partial(jax.jit, compiler_options=QUICK, static_argnames=("batch", "depth", "steps", "classes"))
def _train_norms(  # type: ignore[no-untyped-def]
    keys, which, x, y, x_test, y_test, eta, momentum, *, batch, depth, steps, classes
):
    d = x.shape[1]

    def one(which: Array, key: Array) -> NormRun:
        for_init, for_batches = jax.random.split(key)

        def loss(net: NormNet, running: norms.Running, pick: Array) -> tuple[Array, norms.Running]:
            scores, running = _norm_forward(net, running, which, x[pick], True, momentum)
            return cross_entropy(scores, y[pick]), running

        def step(carry: tuple[NormNet, norms.Running], pick: Array) -> tuple[tuple[NormNet, norms.Running], Array]:
            net, running = carry
            (value, running), grads = jax.value_and_grad(loss, has_aux=True)(net, running, pick)
            return (jax.tree.map(lambda w, g: w - eta * g, net, grads), running), value

        start = _norm_net(for_init, depth, d, classes)
        nothing = norms.Running(jnp.zeros((depth, d)), jnp.ones((depth, d)))
        picks = _picks(for_batches, steps, batch, len(x))
        (net, running), losses = lax.scan(step, (start, nothing), picks)
        scores = _norm_forward(net, running, which, jnp.concatenate([x, x_test]), False, momentum)[0]
        return NormRun(losses, *_shares_right(scores, y, y_test))

    # One flat axis of runs rather than two nested ones: less to compile.
    kinds, n = len(which), len(keys)
    runs = jax.vmap(one)(jnp.repeat(which, n), jnp.tile(keys, kinds))
    return jax.tree.map(lambda leaf: leaf.reshape(kinds, n, *leaf.shape[1:]), runs)


DIGIT_CNN: tuple[Described, ...] = (
    *(Conv(6, 3, padding="same"), Activation("relu"), Pool(2)),
    *(Conv(30, 3, padding="same"), Activation("relu"), AdaptivePool(1, "max")),
    *(Flatten(), Dense(10)),
)
"""A small CNN for pictures of one channel: 2,020 parameters. It asks of each of 30 patterns: is it anywhere?"""

DIGIT_MLP: tuple[Described, ...] = (Flatten(), Dense(13), Activation("relu"), Dense(10))
"""An MLP for 12×12 pictures with as nearly as many: 2,025."""


def train_images(
    keys: Key[Array, "seeds"],
    data: Images,
    layers: Sequence[Described],
    *,
    sizes: tuple[int, ...] = (100, 400, 1500),
    steps: int = 200,
    batch: int = 32,
    eta: float = 0.01,
) -> Fit:
    """Train the described network (see `counts`, `build`) by Adam on the first n pictures, for each n and each key.

    Runs are (sizes, seeds); all are one program, and all take the same number of steps. Every step draws `batch`
    pictures anew from the first n. `data` is one split for all keys, or one for each of them (`data.rotations`).

    Raises
    ------
    ValueError
        Where a size is more than there is, or there are neither one split nor as many as keys.
    """
    there = data.y.shape[-1]
    if not all(0 < n <= there for n in sizes):
        raise ValueError(f"Training sizes lie between 1 and the {there} pictures there are, and these are {sizes}.")
    if data.y.ndim == 2 and len(data.y) != len(keys):
        raise ValueError(
            f"Give one split of the data, or one for each of the {len(keys)} keys; there are {len(data.y)}."
        )
    return _train_images(
        keys, jnp.array(sizes), *map(jnp.asarray, data), eta, layers=tuple(layers), steps=steps, batch=batch
    )


@partial(jax.jit, compiler_options=QUICK, static_argnames=("layers", "steps", "batch"))
def _train_images(keys, sizes, x, y, x_test, y_test, eta, *, layers, steps, batch):  # type: ignore[no-untyped-def]
    x, y, x_test, y_test = one_split_each(x, y, x_test, y_test)

    def one(n: Array, key: Array, split: Array) -> tuple[build.Params, Array]:
        for_init, for_batches = jax.random.split(key)
        loss = lambda net, pick: cross_entropy(build.apply(layers, net, x[split, pick]), y[split, pick])
        picks = _picks(for_batches, steps, batch, n)
        return adam(loss, build.init(for_init, x.shape[2:], layers), picks, eta)

    def judge(run: tuple[Array, build.Params, Array]) -> tuple[Array, Array]:
        n, net, split = run
        pictures = jnp.concatenate([x[split], x_test[split]])
        return _shares_right(build.apply(layers, net, pictures), y[split], y_test[split], n)

    n = jnp.repeat(sizes, len(keys))
    split = jnp.tile(jnp.arange(len(keys)) if len(x) > 1 else jnp.zeros(len(keys), int), len(sizes))
    nets, losses = jax.vmap(one)(n, jnp.tile(keys, len(sizes)), split)
    # One run after the other: all windows of all pictures for all runs at once would fill the memory.
    right = lax.map(judge, (n, nets, split))
    return jax.tree.map(lambda leaf: leaf.reshape(len(sizes), len(keys), *leaf.shape[1:]), Fit(nets, losses, *right))


def _shares_right(scores: Array, y: Array, y_test: Array, n: int | Array | None = None) -> tuple[Array, Array]:
    """Shares labelled right: of the training examples (the first n, if given), and of the test examples after them."""
    right = jnp.argmax(scores, axis=-1) == jnp.concatenate([y, y_test])
    learned = jnp.arange(len(y)) < (len(y) if n is None else n)
    return jnp.mean(right[: len(y)], where=learned), jnp.mean(right[len(y) :])


def _share_right(scores: Float[Array, "n classes"], y: Int[Numbers, "n"]) -> Float[Array, ""]:
    return jnp.mean(jnp.argmax(scores, axis=-1) == y)

"""Deep MLPs with a norm in every layer, watched while they train: all runs in one compiled program.

    seen = watch(setups([("none", 2**0.5), ("batch", 2**0.5)]), digits())
    seen.loss[1]               # each step's minibatch loss of the second run
    seen.signal[1, -1]         # the rms of h^1 … h^L after the last step

A layer is h^ℓ = ReLU(norm(W^ℓ h^{ℓ−1})), as wide as the input; a linear readout follows. Runs that are compared
start from the same draw (scaled by their σ_w) and see the same minibatches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from course.nets import norms
from course.nets.data import Split
from course.nets.train import cross_entropy, one_split_each

SCALES = (0.5, 1.0, 2.0, 4.0)
"""How far `Watched.along` and `turned` look along the gradient, in multiples of the learning rate."""

QUICK = {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False}
"""Compile with little polishing: half the wait for the first step and 200 MB less memory, for steps a quarter slower."""


class Setup(NamedTuple):
    """What each run is trained with: arrays with one entry a run (see `setups`)."""

    kind: Int[Array, "*runs"]
    """The norm's place in `norms.KINDS`."""
    sigma_w: Float[Array, "*runs"]
    """The weights start with variance σ_w²/fan-in."""
    eta: Float[Array, "*runs"]
    """The learning rate η of plain SGD."""
    noise: Float[Array, "*runs"]
    """At each step every unit's norm output is scaled by 1 + noise·a and shifted by noise·b, with a, b ~ N(0, 1)
    drawn anew for each unit: its distribution jumps about on purpose. 0 leaves it alone."""
    seed: Int[Array, "*runs"]
    """Which draw of weights and minibatches: runs with the same seed differ by their setup alone."""


class Net(NamedTuple):
    """The parameters: a stack of equal layers, and the readout."""

    W: Float[Array, "*runs depth d d"]
    b: Float[Array, "*runs depth d"]
    """The bias; used where there is no norm (a norm's β takes its place)."""
    gamma: Float[Array, "*runs depth d"]
    beta: Float[Array, "*runs depth d"]
    readout: Float[Array, "*runs classes d"]


class Watched(NamedTuple):
    """What was seen of each run. Frames are moments of the training, `every` steps apart, from before the first step on;
    what is seen at a frame is seen on the same probe, the first training examples."""

    net: Net
    """The net after the last step."""
    running: norms.Running
    """Its running statistics, with a depth axis; used by batch norm alone."""
    loss: Float[Array, "*runs steps"]
    """Cross-entropy of each step's minibatch, before the step, in nats."""
    test: Float[Array, "*runs"]
    """Share of the test examples labelled right at the end; batch norm by its running statistics."""
    signal: Float[Array, "*runs frames depth"]
    """Root mean square of h^ℓ over examples and units."""
    gradient: Float[Array, "*runs frames depth"]
    """‖∂loss/∂W^ℓ‖, the Frobenius norm."""
    mean: Float[Array, "*runs frames depth d"]
    """Each unit's mean, over the examples, of what goes into the ReLU."""
    deviation: Float[Array, "*runs frames depth d"]
    """… and its standard deviation."""
    along: Float[Array, "*runs frames scales"]
    """The loss after a step of s·η against the gradient, for s in `SCALES`, less the loss before it."""
    turned: Float[Array, "*runs frames scales"]
    """There, ‖g_new − g‖ / ‖g‖ for the gradient g of all parameters."""
    shift: Float[Array, "*runs frames"]
    """‖G′ − G‖ / ‖G‖ for the gradient G of the middle layer's weights, and G′ the same after one step of the layers
    below it alone: the internal covariate shift of Santurkar et al. 2018, definition 2.1."""


def setups(rows: Sequence[tuple[Any, ...]]) -> Setup:
    """One `Setup` from rows of (norm, σ_w) or (norm, σ_w, η, seed, noise); left out, these are 0.1, 0 and 0.

    Raises
    ------
    ValueError
        For a norm that is not in `norms.KINDS`.
    """
    for kind, *_ in rows:
        norms.normalize(kind)
    whole = [(*row, *(0.1, 0, 0.0)[len(row) - 2 :]) for row in rows]
    kind, sigma_w, eta, seed, noise = zip(*whole, strict=True)
    real = partial(jnp.array, dtype=jnp.float32)
    return Setup(
        jnp.array([norms.KINDS.index(k) for k in kind]), real(sigma_w), real(eta), real(noise), jnp.array(seed)
    )


def init(key: Key[Array, ""], depth: int, d: int, classes: int, sigma_w: float | Float[Array, ""]) -> Net:
    """Normal weights of variance σ_w²/fan-in, 1/fan-in in the readout; γ = 1, and biases and β = 0."""
    W = jax.random.normal(key, (depth * d + classes, d)) / jnp.sqrt(d)  # one draw: less to compile
    zeros = jnp.zeros((depth, d))
    return Net(sigma_w * W[: depth * d].reshape(depth, d, d), zeros, zeros + 1, zeros, W[depth * d :])


class Seen(NamedTuple):
    """What a forward pass leaves, layer by layer."""

    h: Float[Array, "depth n d"]
    y: Float[Array, "depth n d"]
    """What goes into the ReLU: norm(W h)."""
    running: norms.Running


def forward(
    net: Net,
    running: norms.Running,
    kind: int | Int[Array, ""],
    x: Float[Array, "n d"],
    *,
    training: bool,
    jolt: Float[Array, "depth two d"] | None = None,
    momentum: float = 0.1,
) -> tuple[Float[Array, "n classes"], Seen]:
    """The scores of a batch. `running` has a leading depth axis; `jolt` is added to scale and shift of each norm's output."""
    jolt = jnp.zeros((len(net.W), 2, x.shape[-1])) if jolt is None else jolt

    def step(h: Array, layer: tuple[tuple[Array, ...], norms.Running, Array]) -> tuple[Array, Seen]:
        (W, b, gamma, beta), remembered, (scale, shift) = layer
        z = h @ W.T
        y = _normalize(z, kind, b, gamma, beta, remembered if not training else None)
        y = y * (1 + scale) + shift
        h = jnp.maximum(y, 0)
        return h, Seen(
            h, y, norms.update_running(remembered, lax.stop_gradient(z), momentum) if training else remembered
        )

    h, seen = lax.scan(step, x, (net[:-1], running, jolt))
    return h @ net.readout.T, seen


def _normalize(
    z: Array, kind: int | Array, b: Array, gamma: Array, beta: Array, running: norms.Running | None
) -> Array:
    """z + b, or the norm of this kind as in `norms`, in one pass: under `vmap` a `switch` would work out all four of them."""
    none, batch, layer, rms = (kind == k for k in range(4))
    over_batch = norms.Running(z.mean(0), z.var(0)) if running is None else running
    over_features, power = z.mean(-1, keepdims=True), jnp.mean(z**2, -1, keepdims=True)
    centre = jnp.where(batch, over_batch.mean, jnp.where(layer, over_features, 0))
    spread = jnp.where(
        batch,
        over_batch.var,
        jnp.where(none, 1 - norms.EPS, jnp.where(layer, jnp.maximum(power - over_features**2, 0), power)),
    )
    return jnp.where(none, 1, gamma) * (z - centre) * lax.rsqrt(spread + norms.EPS) + jnp.where(
        none, b, jnp.where(rms, 0, beta)
    )


def watch(setup: Setup, data: Split, *, batch: int = 64, depth: int = 10, steps: int = 300, every: int = 20) -> Watched:
    """Train one net for each entry of `setup` by SGD, and look at it before the first step and after each `every` steps.

    `data` is one split for all runs, or several (`data.rotations`), and then a run of seed s has split s.

    Raises
    ------
    ValueError
        Where a seed has no split.
    """
    if data.y.ndim == 2 and int(setup.seed.max()) >= len(data.y):
        raise ValueError(
            f"There are {len(data.y)} splits, so seeds are 0 … {len(data.y) - 1}; give fewer seeds, or more splits."
        )
    return _watch(
        setup,
        *map(jnp.asarray, data),
        batch=batch,
        depth=depth,
        steps=steps,
        every=every,
        classes=int(data.y.max()) + 1,
    )


LOOKS = 2 + len(SCALES)
"""A frame looks at a net where it is, further along its gradient, and after a step of its lower layers alone."""
TOGETHER = 6
"""Runs trained at a time: more would be no quicker, and need more memory."""


class _Item(NamedTuple):
    """What one turn of the loop does: evaluate loss and gradient once, to look at the net or to take a step."""

    pick: Array
    """Which examples."""
    jolt: Array
    away: Array
    """How many steps from the net, along the gradient of the frame's first turn. 0 for a step of training."""
    lower: Array
    """Whether only the lower half of the layers goes there."""
    trains: Array
    """Whether the net takes the step."""


@partial(jax.jit, compiler_options=QUICK, static_argnames=("batch", "depth", "steps", "every", "classes"))
def _watch(setup, x, y, x_test, y_test, *, batch, depth, steps, every, classes):  # type: ignore[no-untyped-def]
    x, y, x_test, y_test = one_split_each(x, y, x_test, y_test)
    n, d = x.shape[1:]
    nothing = norms.Running(jnp.zeros((depth, d)), jnp.ones((depth, d)))
    split_of = lambda seed: seed if len(x) > 1 else jnp.zeros_like(seed)
    below = jnp.arange(depth) < depth // 2
    is_lower = Net(below[:, None, None], below[:, None], below[:, None], below[:, None], jnp.array(False))

    def one(setup: Setup) -> Watched:
        for_init, for_frames = jax.random.split(jax.random.key(setup.seed))
        split = split_of(setup.seed)

        def loss(net: Net, running: norms.Running, item: _Item) -> tuple[Array, Seen]:
            scores, seen = forward(net, running, setup.kind, x[split, item.pick], training=True, jolt=item.jolt)
            return cross_entropy(scores, y[split, item.pick]), seen

        # Looks and steps are turns of one loop, so that the gradient is compiled once.
        def turn(carry: tuple[Net, norms.Running, Net], item: _Item) -> tuple[Any, dict[str, Array]]:
            net, running, gradient = carry
            there = jax.tree.map(
                lambda w, g, lower: w - setup.eta * item.away * jnp.where(item.lower, lower, 1) * g,
                net,
                gradient,
                is_lower,
            )
            (value, seen), g = jax.value_and_grad(loss, has_aux=True)(there, running, item)
            first = ~item.trains & (item.away == 0)
            gradient = _where(first, g, gradient)
            middle = depth // 2
            out = {
                "value": value,
                "turned": _length(jax.tree.map(jnp.subtract, g, gradient)) / _length(gradient),
                "shift": jnp.linalg.norm(g.W[middle] - gradient.W[middle]) / jnp.linalg.norm(gradient.W[middle]),
                "signal": jnp.sqrt(jnp.mean(seen.h**2, axis=(1, 2))),
                "gradient": jnp.linalg.norm(g.W, axis=(1, 2)),
                "mean": seen.y.mean(1),
                "deviation": seen.y.std(1),
            }
            net = _where(item.trains, jax.tree.map(lambda w, g: w - setup.eta * g, net, g), net)
            return (net, _where(item.trains, seen.running, running), gradient), out

        def frame(carry: tuple[Net, norms.Running, Net], key: Array) -> tuple[Any, dict[str, Array]]:
            for_jolts, for_picks = jax.random.split(key)
            jolts = setup.noise * jax.random.normal(for_jolts, (every, depth, 2, d))
            picks = (jax.random.uniform(for_picks, (every, batch)) * n).astype(jnp.int32)
            looking = jnp.arange(LOOKS + every) < LOOKS
            items = _Item(
                jnp.concatenate([jnp.tile(jnp.arange(batch, dtype=jnp.int32), (LOOKS, 1)), picks]),
                jnp.concatenate([jnp.tile(jolts[0], (LOOKS, 1, 1, 1)), jolts]),
                jnp.array([0.0, *SCALES, 1.0, *[0.0] * every]),
                jnp.arange(LOOKS + every) == LOOKS - 1,
                ~looking,
            )
            carry, out = lax.scan(turn, carry, items)
            once = {name: out[name][0] for name in ("signal", "gradient", "mean", "deviation")}
            far = slice(1, LOOKS - 1)
            return carry, once | {
                "loss": out["value"][LOOKS:],
                "along": out["value"][far] - out["value"][0],
                "turned": out["turned"][far],
                "shift": out["shift"][LOOKS - 1],
            }

        net = init(for_init, depth, d, classes, setup.sigma_w)
        (net, running, _), seen = lax.scan(frame, (net, nothing, net), jax.random.split(for_frames, steps // every))
        return Watched(net=net, running=running, test=jnp.zeros(()), **(seen | {"loss": seen["loss"].reshape(-1)}))

    def judge(run: tuple[Net, norms.Running, Array, Array]) -> Array:
        net, running, kind, split = run
        scores = forward(net, running, kind, x_test[split], training=False)[0]
        return jnp.mean(jnp.argmax(scores, axis=-1) == y_test[split])

    seen = lax.map(one, setup, batch_size=TOGETHER)
    return seen._replace(test=lax.map(judge, (seen.net, seen.running, setup.kind, split_of(setup.seed))))


def _where(condition: Array, one: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)


def _length(tree: Net) -> Array:
    return jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)))

"""The whisper player: a message handed back through a deep net, layer by layer.

    from course.views import whisper

    whisper(phi="sigmoid", depth=20, width=32, sigma_w=1.0, init="gaussian", seed=0)
    shown(whisper(phi="tanh", depth=20).figure())      # its static form

phi: "linear", "tanh", "relu" or "sigmoid"; init: "gaussian" or "orthogonal". One frame a layer, from the
output (t = 0) back to the input (t = depth). The numbers come from `course.nets.whisper.message`.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import ArrayLike

from course.nets.layers import ACTIVATIONS, INITS, Init, Layer, stack
from course.nets.whisper import Message, message
from course.views.player import Bars, Grid, Lines, Panel, Player
from course.views.words import power, raised


@partial(jax.jit, static_argnames=("depth", "width"))
def _backward(seed: int, sigma_w: float, phi: int, init: int, depth: int, width: int) -> Message:
    """One compilation for all activations, initialisations and scales of a shape, so that comparing them is quick."""
    key_W, key_x, key_target = jax.random.split(jax.random.key(seed), 3)
    each = [stack(key_W, depth, width, sigma_w, name).W for name in INITS]
    layers = Layer(jnp.stack(each)[init], jnp.zeros((depth, width)))
    x, target = jax.random.normal(key_x, (width,)), jax.random.normal(key_target, (width,))
    return message(layers, x, target, lambda z: lax.switch(phi, list(ACTIVATIONS.values()), z))


def backward(
    phi: str = "sigmoid", depth: int = 20, width: int = 32, sigma_w: float = 1.0, init: Init = "gaussian", seed: int = 0
) -> Message:
    """The message in a net with random weights, input and target, in float64; as numpy arrays over ℓ = 0 … depth.

    Raises ValueError for an unknown name, or a depth or width below 1.
    """
    for name, known, what in ((phi, ACTIVATIONS, "activation"), (init, INITS, "init")):
        if name not in known:
            raise ValueError(f"There is no {what} {name!r}: choose one of {', '.join(known)}.")
    if depth < 1 or width < 1:
        raise ValueError(f"A net has at least one layer of one unit, not depth {depth} and width {width}.")
    with jax.enable_x64(True):
        which = list(ACTIVATIONS).index(phi), list(INITS).index(init)
        heard = _backward(seed, jnp.float64(sigma_w), *which, depth, width)
    return jax.tree.map(np.asarray, heard)


def whisper(
    phi: str = "sigmoid", depth: int = 20, width: int = 32, sigma_w: float = 1.0, init: Init = "gaussian", seed: int = 0
) -> Player:
    """A player of `backward`: which δ is being computed, the message itself, its norm and the bound, layer by layer."""
    heard = backward(phi, depth, width, sigma_w, init, seed)
    layers = np.arange(depth + 1)
    reached = np.tril(np.ones((depth + 1, depth + 1), bool))[:, ::-1]  # at frame t, the layers ℓ ≥ depth − t

    def so_far(values: ArrayLike) -> np.ndarray:
        return np.where(reached, values, np.nan)

    # The message as loud as it is beside what the output sent: what has faded is the colour of the page.
    loudness = 10.0 ** np.clip(heard.log_norm - heard.log_norm[-1], -300, 300)
    deltas = (heard.unit * loudness[:, None]).T
    loudest = float(np.abs(deltas[:, -1]).max())
    seen = np.concatenate([heard.log_norm, heard.log_bound])
    seen = seen[np.isfinite(seen)]
    floor, ceiling = np.floor(seen.min() - 0.5), np.ceil(seen.max() + 0.5)

    how_loud = Panel(
        [
            Bars(layers, so_far(heard.log_norm), label="‖δ‖", highlight=layers[::-1]),
            Lines(layers, so_far(heard.log_bound), label="bound: product of ‖J‖₂", colour=3, dash="dashed"),
        ],
        title="How loud the message is",
        xlabel="layer ℓ (0 is the input)",
        ylabel="‖δ‖",
        yscale="log10",
        xlim=(-0.7, depth + 0.7),
        ylim=(floor, ceiling),
    )
    itself = Panel(
        [
            Grid(
                np.where(reached[:, None, :], np.clip(deltas, -1e30, 1e30), np.nan),
                limits=(-loudest, loudest),
                label="δ / ‖δ at the output‖",
                box=[[0, layer, width, 1] for layer in layers[::-1]],
            )
        ],
        title="The message itself",
        xlabel="layer ℓ (0 is the input)",
        ylabel="unit",
        xlim=(-0.7, depth + 0.7),
        ylim=(-0.7, width - 0.3),
    )
    left = heard.log_norm[0] - heard.log_norm[-1]
    net = f"a {depth}-layer {phi} net of width {width} ({init} weights, σ_w = {sigma_w:g})"
    return Player(
        [how_loud, itself],
        [_frame(layer, depth) for layer in layers[::-1]],
        title=f"A whisper through {depth} {phi} layers",
        alt=(
            f"Two panels over the layers of {net}. Left: the norm of the message δ at each layer, on a logarithmic "
            f"axis, from {power(heard.log_norm[-1])} at the output to {power(heard.log_norm[0])} at the input, below a "
            f"dashed line, the bound that the layers' spectral norms give, which ends at {power(heard.log_bound[0])}. "
            "Right: the message itself, one column a layer, one cell a unit."
        ),
        takeaway=(
            f"Of what the output sends, {power(left)} reaches the input; the product of spectral norms would have "
            f"allowed {power(heard.log_bound[0] - heard.log_bound[-1])}."
        ),
        descriptions=[_sentence(heard, layer, depth) for layer in layers[::-1]],
        seconds_per_frame=0.5,
    )


def _frame(layer: int, depth: int) -> str:
    if layer == depth:
        return f"the output sends δ{raised(depth)}"
    return "δ⁰ reaches the input" if layer == 0 else f"δ{raised(layer)} from δ{raised(layer + 1)}"


def _sentence(heard: Message, layer: int, depth: int) -> str:
    norm, bound = power(heard.log_norm[layer]), power(heard.log_bound[layer])
    if layer == depth:
        return f"The output sends its message: ‖δ{raised(depth)}‖ = {norm}."
    share = power(heard.log_norm[layer] - heard.log_norm[depth])
    step = f"δ{raised(layer)} = (J{raised(layer + 1)})ᵀ δ{raised(layer + 1)}"
    where = "At the input" if layer == 0 else f"At layer {layer}"
    return f"{where}, {step}: ‖δ{raised(layer)}‖ = {norm}, {share} of what was sent; the bound allows {bound}."

"""The training player: the same deep net with each norm, side by side, while it learns.

    seen = watch(setups([(kind, 2**0.5) for kind in KINDS]), digits())
    norm_training(seen, KINDS)                       # the last expression of a cell: a player

The numbers come from `course.nets.normed.watch`; `runs` says which of its runs to show, by default the first ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from course.nets.normed import Watched
from course.views.player import Lines, Panel, Player, Points
from course.views.words import power

NAMES = {"none": "no norm", "batch": "BatchNorm", "layer": "LayerNorm", "rms": "RMSNorm"}
SHORT = {"none": "none", "batch": "Batch", "layer": "Layer", "rms": "RMS"}
"""In the legend, where there is little room."""
Dash = Literal["solid", "dashed", "dotted", "dashdot"]
Marker = Literal["circle", "square", "triangle", "cross"]
LOOKS: tuple[tuple[Dash, Marker, int], ...] = (
    ("solid", "circle", 0),
    ("dashed", "square", 1),
    ("dotted", "triangle", 2),
    ("dashdot", "cross", 3),
)


def norm_training(
    seen: Watched,
    kinds: Sequence[str],
    runs: Sequence[int] | None = None,
    *,
    title: str = "The same deep net, with each norm",
) -> Player:
    """A player of the training: the loss so far, and through the layers the size of the signal and of the gradient.

    kinds: the norm of each run shown, at most four; runs: their numbers in `seen`. What is no longer finite is not drawn.
    Raises ValueError where there are not as many runs as kinds, or more than four.
    """
    runs = list(range(len(kinds)) if runs is None else runs)
    if len(runs) != len(kinds) or not 1 <= len(runs) <= len(LOOKS):
        raise ValueError(
            f"Give one run for each kind, and one to four of them: there are {len(kinds)} kinds and {len(runs)} runs."
        )
    loss, signal, gradient = (np.asarray(a, float)[runs] for a in (seen.loss, seen.signal, seen.gradient))
    frames, depth = signal.shape[1:]
    every = loss.shape[1] // frames
    at = every * np.arange(frames)
    names = [NAMES.get(kind, kind) for kind in kinds]
    with np.errstate(invalid="ignore"):
        smooth = loss.reshape(len(runs), frames, every).mean(-1)
    past = np.arange(frames) < np.arange(frames)[:, None]  # at frame t, the stretches before it
    curve: list[Lines | Points] = [
        Lines(
            at + every / 2,
            np.where(past, row, np.nan),
            colour=colour,
            dash=dash,
            width=2.4,
            label=SHORT.get(kind, kind),
        )
        for row, kind, (dash, _, colour) in zip(smooth, kinds, LOOKS, strict=False)
    ]
    curve += [
        Points(at + every / 2, np.where(past, row, np.nan), colour=colour, marker=marker, size=7)
        for row, (_, marker, colour) in zip(smooth, LOOKS, strict=False)
    ]
    finite = smooth[np.isfinite(smooth)]
    learning = Panel(
        [Lines([0, loss.shape[1]], [np.log(10)] * 2, width=1), *curve],
        title="The loss so far (thin: guessing)",
        xlabel="step",
        ylabel="cross-entropy, nats",
        xlim=(0, float(loss.shape[1])),
        ylim=(0, float(max(2.6, min(4.0, finite.max() * 1.05)))),
        weight=1.9,  # room for the names, which hold for all three panels
    )
    layers = np.arange(1, depth + 1)
    return Player(
        [
            learning,
            _through_layers(signal, layers, "Signal, layer by layer", "rms of hˡ"),
            _through_layers(gradient, layers, "Gradient, layer by layer", "‖∂loss/∂Wˡ‖"),
        ],
        [f"step {step}" for step in at],
        title=title,
        alt=(
            f"Three panels over {loss.shape[1]} training steps of a net of {depth} layers, with {', '.join(names)}. "
            "Left: the loss of each, "
            "so far. Middle: the root mean square of the activations of each layer, on a log axis. Right: the "
            "norm of the gradient in "
            f"each layer's weights, on a log axis. At the end the loss is {_list(names, smooth[:, -1])}."
        ),
        takeaway="A norm gives every layer's signal the same size at every step; without one it is what the weights make of it.",
        t_label="step",
        times=at,
        descriptions=[_sentence(int(step), names, signal[:, t], gradient[:, t]) for t, step in enumerate(at)],
        seconds_per_frame=0.7,
    )


def _through_layers(values: np.ndarray, layers: np.ndarray, title: str, ylabel: str) -> Panel:
    values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    marks: list[Lines | Points] = []
    for row, (dash, marker, colour) in zip(values, LOOKS, strict=False):
        marks.append(Lines(layers, row, colour=colour, dash=dash, width=1.6))
        marks.append(Points(layers, row, colour=colour, marker=marker, size=8))
    return Panel(
        marks,
        title=title,
        xlabel="layer ℓ (1: next to the input)",
        ylabel=ylabel,
        yscale="log",
        xlim=(0.5, len(layers) + 0.5),
        xticks={float(layer): str(layer) for layer in layers},
    )


def _sentence(step: int, names: list[str], signal: np.ndarray, gradient: np.ndarray) -> str:
    def say(value: float) -> str:
        return power(np.log10(value)) if np.isfinite(value) and value > 0 else "no number any more"

    each = "; ".join(
        f"{name}: signal {say(s[-1])} at the last layer, gradient {say(g[0])} at the first"
        for name, s, g in zip(names, signal, gradient, strict=True)
    )
    return f"Step {step}. {each[0].upper()}{each[1:]}."


def _list(names: list[str], loss: np.ndarray) -> str:
    return ", ".join(
        f"{value:.2f} with {name}" if np.isfinite(value) else f"no number with {name}"
        for name, value in zip(names, loss, strict=True)
    )

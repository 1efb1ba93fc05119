"""The plane, bent layer by layer until a line can part the classes: a trained tanh net with layers of two units.

    from course.views import bending

    bending(net, data, share=probes)          # net: an `MLP` 2 → 2 → … → 2 → 2, data: a `Split` of two classes

Every layer plays in two halves: W h + b turns, stretches and shifts the plane; tanh then presses it into a square.
The points come from `course.nets.composition.bend`; only the frames within a half are made here.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from course.nets.classify import MLP
from course.nets.composition import bend, upright
from course.nets.data import Split
from course.views.player import Bars, Lines, Panel, Player, Points
from course.views.words import raised

AFFINE, BENT = 4, 3
"""Frames for each half of a layer."""
MARGIN = 1.08
"""How far the picture reaches beyond the outermost point."""


def bending(net: MLP, data: Split, share: Sequence[float] | None = None, points: int = 200) -> Player:
    """A player of both classes' points, and of the grid they stand on, through the layers of `net`.

    net: a tanh net with hidden layers of two units and two logits. share: for ℓ = 0 … L, the share that a linear probe of
    h^ℓ labels right, drawn beside the plane.
    Raises ValueError where the net has no plane to draw, or `share` has another length than 1 + its hidden layers.
    """
    net = upright(net)
    depth = len(net) - 1
    if share is not None and len(share) != depth + 1:
        raise ValueError(f"`share` has {len(share)} entries for h⁰ … h{raised(depth)}: give it {depth + 1}.")
    x, y = np.asarray(data.x[:points], np.float64), np.asarray(data.y[:points])
    grid = _grid(x)
    seen = np.concatenate([x, grid[np.isfinite(grid[:, 0])]])
    halves = bend(net, jnp.asarray(seen, jnp.float32))
    path = [np.asarray(halves.h[0], float)]
    frames, times, told = (
        ["the input x"],
        [0.0],
        [f"The plane of the input x: {len(x)} points of two classes on a grid of squares."],
    )
    for layer in range(depth):
        h, W, b = path[-1], np.asarray(net[layer].W, float), np.asarray(net[layer].b, float)
        n, below = raised(layer + 1), raised(layer)
        for k in range(1, AFFINE + 1):
            path.append(_affine(h, W, b, k / AFFINE))
            frames.append(f"W{n} h{below} + b{n}")
            told.append(
                f"Layer {layer + 1}, first half: the weights turn and stretch the plane, the bias shifts it; straight "
                "lines stay straight."
            )
        z = path[-1]
        for k in range(1, BENT + 1):
            path.append(z + k / BENT * (np.tanh(z) - z))
            frames.append(f"h{n} = tanh(z{n})")
            told.append(
                f"Layer {layer + 1}, second half: tanh presses the plane into a square, and straight lines bend."
            )
        # Within a layer the frames are ours; at its end stand the net's own numbers.
        path[-1] = np.asarray(halves.h[layer + 1], float)
        times += [round(layer + 0.5 * k / AFFINE, 3) for k in range(1, AFFINE + 1)]
        times += [round(layer + 0.5 + 0.5 * k / BENT, 3) for k in range(1, BENT + 1)]
    told[-1] = (
        f"The last representation, h{raised(depth)}: the line is the net's own decision, and the classes lie on its two sides."
    )
    where = np.stack(path)
    # Every frame fills the picture, however far the weights have stretched it; the square from −1 to 1 tells its scale.
    size = np.maximum(1.0, np.abs(where[:, : len(x)]).max(axis=(1, 2)))
    where = where / size[:, None, None]
    lines = np.full((len(frames), len(grid), 2), np.nan)
    lines[:, np.isfinite(grid[:, 0])] = where[:, len(x) :]
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) / size[:, None, None]
    line = np.full((len(frames), 2, 2), np.nan)
    line[-1] = _decision(np.asarray(net[-1].W, float), np.asarray(net[-1].b, float))
    plane = Panel(
        [
            Lines(lines[:, :, 0], lines[:, :, 1], width=0.6),
            Lines(square[:, :, 0], square[:, :, 1], colour=4, dash="dashed", width=1.6),
            Points(*_of(where, y == 0), label="class 0", colour=0, size=5.5),
            Points(*_of(where, y == 1), label="class 1", colour=1, marker="triangle", size=6.5),
            Lines(line[:, :, 0], line[:, :, 1], colour=3, width=3),
        ],
        title="The plane (dashed: −1 to 1)",
        xlabel="unit 1",
        ylabel="unit 2",
        xlim=(-MARGIN, MARGIN),
        ylim=(-MARGIN, MARGIN),
        xticks={0.0: "0"},
        yticks={0.0: "0"},
        equal=True,
        weight=1.4,
    )
    panels = [plane]
    if share is not None:
        panels.append(_probes(np.asarray(share, float), np.array(times)))
    reached = (
        f", and a linear probe labels {share[0]:.0%} of the test points right at first, {share[-1]:.1%} at the end"
        if share is not None
        else ""
    )
    return Player(
        panels,
        frames,
        title=f"Two moons, bent through {depth} layers until a line parts them",
        alt=(
            f"Points of two classes, interlocking moons, on a grid of straight lines; through {depth} layers the grid is "
            f"turned, stretched and bent, and the moons with it, until they lie on two sides of a straight line{reached}. Each "
            "frame is scaled to fit; a dashed square marks −1 to 1."
        ),
        takeaway="No layer cuts the plane: each one moves it and bends it a little, and a last straight line suffices.",
        t_label="ℓ",
        times=times,
        descriptions=told,
        seconds_per_frame=0.35,
    )


def _probes(share: np.ndarray, times: np.ndarray) -> Panel:
    layers = np.arange(len(share))
    done = np.floor(times + 1e-6).astype(int)
    return Panel(
        [
            Bars(
                layers,
                np.where(layers <= done[:, None], share, np.nan),
                colour=2,
                highlight=done,
                label="share labelled right",
            )
        ],
        title="A linear probe on hˡ",
        xlabel="layer ℓ (0 is the input)",
        ylabel="share of test points",
        xlim=(-0.6, len(share) - 0.4),
        ylim=(0, 1.08),
        xticks={float(layer): str(layer) for layer in layers},
    )


def _of(where: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = where[:, : len(chosen)][:, chosen]
    return points[:, :, 0], points[:, :, 1]


def _grid(x: np.ndarray, step: float = 0.5, fine: int = 40) -> np.ndarray:
    """The lines of a square grid around the points, as one polyline broken by NaN."""
    low, high = np.floor(x.min(0) / step) * step, np.ceil(x.max(0) / step) * step
    parts = []
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], high[1 - axis], fine)
        for at in np.arange(low[axis], high[axis] + step / 2, step):
            line = np.empty((fine + 1, 2))
            line[:fine, axis], line[:fine, 1 - axis], line[fine] = at, along, np.nan
            parts.append(line)
    return np.concatenate(parts)


def _affine(h: np.ndarray, W: np.ndarray, b: np.ndarray, u: float) -> np.ndarray:
    """A share u of the way from h to W h + b: W = R P, a stretch P first and a rotation R, both done by degrees.

    (Straight from h to W h + b, a half turn would crush the plane into its middle.)
    """
    U, S, Vt = np.linalg.svd(W)
    R = U @ Vt
    if np.linalg.det(R) < 0:
        return (1 - u) * h + u * (h @ W.T + b)
    angle = u * np.arctan2(R[1, 0], R[0, 0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return h @ (turn @ (Vt.T * S**u) @ Vt).T + u * b


def _decision(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Two points of the line on which both logits are equal, outside the picture."""
    w, c = W[1] - W[0], b[1] - b[0]
    foot = -c * w / (w @ w)
    along = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    return np.stack([foot - 4 * along, foot + 4 * along])

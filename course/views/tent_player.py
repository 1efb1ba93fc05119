"""The tent-map composer: one more fold a frame, its graph, and how many straight pieces it has.

    from course.views import tent_composer

    tent_composer(depth=8)

The graph is exact: tent∘…∘tent is straight between multiples of 2⁻ᴸ, and these are the points drawn. Values come from
`course.nets.pieces.tent`.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from course.nets.pieces import tent
from course.views.player import Labels, Lines, Panel, Player, Points
from course.views.words import raised


def tent_composer(depth: int = 8) -> Player:
    """A player of the tent map composed 0 … `depth` times, beside the pieces that one hidden layer of its size may have.

    Raises ValueError where `depth` is not 1 … 10: finer folds than a screen can show.
    """
    if not 1 <= depth <= 10:
        raise ValueError(f"The composer folds 1 to 10 times, and {depth} was asked for.")
    x = np.linspace(0, 1, 2**depth + 1)
    folds = [jnp.asarray(x, jnp.float32)]
    for _ in range(depth):
        folds.append(tent(folds[-1]))
    graphs = np.stack(folds)
    times = np.arange(depth + 1)
    before = np.concatenate([np.full((1, len(x)), np.nan), graphs[:-1]])
    reached, newest = times <= times[:, None], times == times[:, None]
    deep, shallow = 2.0**times, 2.0 * times + 1
    more, fewer = np.maximum(deep, shallow), np.minimum(deep, shallow)
    graph = Panel(
        [
            Lines(x, before, colour=1, dash="dotted", width=1.5, label="one fold less"),
            Lines(x, graphs, colour=0, width=2, label="the composition"),
        ],
        title="tent(tent(… x))",
        xlabel="x",
        ylabel="output",
        xlim=(0, 1),
        ylim=(-0.02, 1.08),
        weight=1.4,
    )
    count = Panel(
        [
            Points(times, np.where(reached, deep, np.nan), colour=0, size=9, label="deep: 2ᴸ"),
            Points(times, np.where(reached, shallow, np.nan), colour=3, marker="square", size=8, label="wide: ≤ 2L + 1"),
            Labels(times, np.where(newest, more * 1.7, np.nan), [f"{n:.0f}" for n in more], size=13),
            Labels(times, np.where(newest, fewer / 1.7, np.nan), [f"{n:.0f}" for n in fewer], size=13),
        ],
        title="Straight pieces of 2L ReLUs",
        xlabel="folds L",
        ylabel="pieces (log scale)",
        yscale="log",
        xlim=(-0.6, depth + 0.6),
        ylim=(0.4, 2.0 ** (depth + 1.6)),
    )  # fmt: skip
    return Player(
        [graph, count],
        ["x itself", *(f"{k} fold{'s' if k > 1 else ''}" for k in times[1:])],
        title="Folding the line: the tent map, composed with itself",
        alt=(
            f"Left: the graph of the tent map composed L times, a zigzag between 0 and 1, for L = 0 to {depth}. Right: its "
            f"number of straight pieces on a log axis, doubling with each fold to {2**depth} at L = {depth}, and below it the "
            f"most that one hidden layer with as many ReLUs can have, {2 * depth + 1} there."
        ),
        takeaway=(
            f"Each layer folds all that the layers below have folded: {depth} layers of two ReLUs make {2**depth} pieces, and the "
            f"same {2 * depth} ReLUs side by side {2 * depth + 1} at most."
        ),
        t_label="L",
        times=times.tolist(),
        descriptions=[
            "No fold yet: one straight piece.",
            *map(_sentence, times[1:].tolist()),
        ],
        seconds_per_frame=1.0,
    )  # fmt: skip


def _sentence(k: int) -> str:
    return (
        f"Composed {_often(k)}: 2{raised(k)} = {2**k} pieces, each of slope ±{2**k}; one hidden layer of {2 * k} ReLUs "
        f"has at most {2 * k + 1}."
    )


def _often(k: int) -> str:
    return {1: "once", 2: "twice"}.get(k, f"{k} times")

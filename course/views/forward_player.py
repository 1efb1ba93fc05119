"""The forward-pass player: x → W¹x → z¹ → h¹ → s → ŷ through a two-layer net, one step a frame.

    from course.views import forward_steps

    forward_steps()                          # the course's first worked example
    forward_steps(net, x)                    # a `TwoLayers` of your own, and its input

The numbers come from `course.nets.composition.forward_pass`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Array, Float

from course.nets.composition import Steps, TwoLayers, forward_pass, seed_example
from course.views.player import Bars, Labels, Lines, Panel, Player, Points
from course.views.words import raised

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FRAMES = ("the input x", "W¹x", "z¹ = W¹x + b¹", "h¹ = ReLU(z¹)", "s = w²·h¹ + b²", "ŷ = σ(s)")
_COLUMNS = {0.0: "x", 1.0: "z¹", 2.0: "h¹", 3.0: "s", 4.0: "ŷ"}
_REACHED = (0, 1, 1, 2, 3, 4)
"""The column that each frame fills."""


def forward_steps(net: TwoLayers | None = None, x: Float[Array, "d_in"] | None = None) -> Player:
    """A player of one forward pass: the net with its numbers, and its hidden units as bars.

    Raises ValueError where only one of `net` and `x` is given, or x does not fit the net.
    """
    if (net is None) != (x is None):
        raise ValueError("Give both a net and its input, or neither of them for the worked example.")
    if net is None or x is None:
        net, x = seed_example()
    if net.hidden.W.shape[1] != len(x):
        raise ValueError(f"The net takes {net.hidden.W.shape[1]} numbers and x has {len(x)}: give it as many.")
    steps: Steps = jax.tree.map(lambda step: np.asarray(step, float), forward_pass(net, x))
    return Player(
        [_net(steps), _hidden(steps)],
        FRAMES,
        title="A forward pass, one step at a time",
        alt=(
            f"Left: a net drawn as five columns, x, z¹, h¹, s and ŷ, from {len(steps.x)} inputs through {len(steps.z)} "
            f"hidden units to one output; each column gets its numbers as the pass reaches it, here x = {_list(steps.x)}, "
            f"z¹ = {_list(steps.z)}, h¹ = {_list(steps.h)}, s = {_say(steps.s)}, ŷ = {float(steps.y):.3f}. Right: the "
            "hidden units as bars, before the bias, after it, and after the ReLU."
        ),
        takeaway=(
            f"The ReLU keeps {int(np.sum(steps.z > 0))} of {len(steps.z)} units; what is left of x for the last unit is "
            f"h¹ = {_list(steps.h)}, and one dot product decides."
        ),
        descriptions=_sentences(net, steps),
        seconds_per_frame=1.4,
        tween=False,
    )


def _net(steps: Steps) -> Panel:
    columns = [np.arange(n) - (n - 1) / 2 for n in (len(steps.x), len(steps.z), len(steps.z), 1, 1)]
    columns = [-y for y in columns]  # unit 1 on top
    values = [
        [_list_of(steps.x), *[_blank(y) for y in columns[1:]]],
        [_list_of(steps.x), _list_of(steps.product), *[_blank(y) for y in columns[2:]]],
        [_list_of(steps.x), _list_of(steps.z), *[_blank(y) for y in columns[2:]]],
        [_list_of(steps.x), _list_of(steps.z), _list_of(steps.h), [""], [""]],
        [_list_of(steps.x), _list_of(steps.z), _list_of(steps.h), _list_of(steps.s), [""]],
        [_list_of(steps.x), _list_of(steps.z), _list_of(steps.h), _list_of(steps.s), [f"{float(steps.y):.3f}"]],
    ]
    places = [(c, y) for c, ys in enumerate(columns) for y in ys]
    px, py = (np.array([p[k] for p in places], float) for k in (0, 1))
    wires = [
        [(c, a, b) for a in columns[c] for b in columns[c + 1] if c != 1 or a == b] for c in range(4)
    ]  # from h column by column; z¹ to h¹ goes unit by unit
    everything = [wire for group in wires for wire in group]
    now = [[], wires[0], wires[0], wires[1], wires[2], wires[3]]
    longest = max(map(len, now))
    lit = [_polyline(group, 3 * longest) for group in now]
    reached = np.array([[x <= last for x in px] for last in _REACHED])
    off = np.array([p[0] == 2 and steps.h[_unit(p, columns[2])] == 0 for p in places])

    def where(chosen: np.ndarray) -> np.ndarray:
        return np.where(chosen, py, np.nan)

    high = max(len(steps.x), len(steps.z)) / 2 + 0.35
    return Panel(
        [
            Lines(*_polyline(everything, 3 * len(everything)), colour="ink", width=0.6),
            Lines(
                np.array([x for x, _ in lit]), np.array([y for _, y in lit]), colour=3, width=2.6, label="in use now"
            ),
            Points(px, py, colour="ink", size=4),
            Points(px, where(reached & ~off), colour=0, size=13, label="worked out"),
            Points(px, where(reached & off), colour=3, marker="cross", size=13, label="off: the ReLU made it 0"),
            Labels(
                px - np.where(px == 0, 0.28, 0),
                py + np.where(px == 0, 0, 0.3),
                [[text for column in frame for text in column] for frame in values],
                size=14,
            ),
        ],
        title="The net",
        xlabel="step",
        ylabel="unit (1 on top)",
        xlim=(-0.7, 4.5),
        ylim=(-high, high),
        xticks=_COLUMNS,
        yticks={float(y): str(i + 1) for i, y in enumerate(columns[1])},
        weight=1.7,
    )


def _hidden(steps: Steps) -> Panel:
    unit = np.arange(1, len(steps.z) + 1)
    nothing = np.full(len(steps.z), np.nan)
    heights = np.stack([nothing, steps.product, steps.z, steps.h, steps.h, steps.h])
    before = np.stack([nothing, nothing, steps.product, steps.z, nothing, nothing])
    return Panel(
        [
            Bars(unit, heights, label="now"),
            Points(unit, before, label="a step before", colour=1, marker="square", size=9),
            Lines([0.4, len(unit) + 0.6], [0.0, 0.0], width=1),
        ],
        title="The hidden units",
        xlabel="unit",
        ylabel="value",
        xlim=(0.4, len(unit) + 0.6),
        xticks={float(k): str(k) for k in unit},
    )


def _polyline(wires: list[tuple[int, float, float]], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Wires (column, y, y in the next column) as one broken line of `length` points, filled up with nothing."""
    xs, ys = np.full(length, np.nan), np.full(length, np.nan)
    for k, (c, a, b) in enumerate(wires):
        xs[3 * k : 3 * k + 2], ys[3 * k : 3 * k + 2] = (c, c + 1), (a, b)
    return xs, ys


def _unit(place: tuple[int, float], column: np.ndarray) -> int:
    return int(np.argmin(np.abs(column - place[1])))


def _blank(column: np.ndarray) -> list[str]:
    return [""] * len(column)


def _say(value: ArrayLike) -> str:
    """A number as a reader writes it, with a minus sign."""
    return f"{float(np.asarray(value)):.3g}".replace("-", "−")


def _list_of(values: ArrayLike) -> list[str]:
    return [_say(v) for v in np.atleast_1d(np.asarray(values))]


def _list(values: ArrayLike) -> str:
    return f"[{', '.join(_list_of(values))}]"


def _in_brackets(value: float) -> str:
    return f"({_say(value)})" if value < 0 else _say(value)


def _dot(weights: np.ndarray, values: Array) -> str:
    return " + ".join(f"{_in_brackets(w)}·{_in_brackets(v)}" for w, v in zip(weights, values, strict=True))


def _sentences(net: TwoLayers, steps: Steps) -> list[str]:
    W, b = np.asarray(net.hidden.W, float), np.asarray(net.hidden.b, float)
    w, c = np.asarray(net.readout.W, float)[0], float(net.readout.b[0])
    rows = "; ".join(
        f"{'unit' if i else 'Unit'} {i + 1}: {_dot(row, steps.x)} = {_say(p)}"
        for i, (row, p) in enumerate(zip(W, steps.product, strict=True))
    )
    biases = "; ".join(
        f"{'unit' if i else 'Unit'} {i + 1}: {_say(p)} + {_in_brackets(b_i)} = {_say(z)}"
        for i, (p, b_i, z) in enumerate(zip(steps.product, b, steps.z, strict=True))
    )
    on = int(np.sum(steps.z > 0))
    return [
        f"The input is x = {_list(steps.x)}.",
        f"Each unit multiplies its row of W{raised(1)} with x. {rows}.",
        f"Each unit adds its own bias. {biases}.",
        f"The ReLU turns what is negative into 0: h¹ = {_list(steps.h)}; {on} of {len(steps.z)} units "
        f"{'is' if on == 1 else 'are'} on.",
        f"The last unit is a dot product plus a bias, without a ReLU: s = {_dot(w, steps.h)} + {_in_brackets(c)} "
        f"= {_say(steps.s)}.",
        f"The sigmoid squashes the logit: ŷ = 1/(1 + e^({_say(-steps.s)})) = {float(steps.y):.3f}.",
    ]

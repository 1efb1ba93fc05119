"""The receptive-field grower: what one output of layer 1, 2, 3, … can see of the input, a layer a frame.

    from course.views import field_grower

    field_grower([3, 3, 3, 3])                        # four 3×3 convolutions
    field_grower([3, 2, 3, 2], strides=[1, 2, 1, 2])  # each convolution followed by pooling

Fields and jumps come from `course.nets.counts.count`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np

from course.nets.counts import Conv, count
from course.views.player import Bars, Grid, Labels, Lines, Panel, Player, Points

MOST_PIXELS = 200


def field_grower(kernels: Sequence[int] = (3, 3, 3, 3), strides: Sequence[int] | None = None) -> Player:
    """A player of receptive fields through layers with these kernels and strides (1 unless said), without padding.

    Raises ValueError where kernels and strides are not as many, there is none, or the field exceeds 200 pixels; and
    `DescriptionError` where one of them is no whole number of 1 or more.
    """
    strides = [1] * len(kernels) if strides is None else list(strides)
    if not kernels or len(kernels) != len(strides):
        raise ValueError(f"Give a stride for each kernel: there are {len(kernels)} kernels and {len(strides)} strides.")
    layers = [Conv(1, k, s) for k, s in zip(kernels, strides, strict=True)]
    top = count((1, 10**9), layers)
    (field,), (jump,) = top.field, top.jump
    if field > MOST_PIXELS:
        raise ValueError(
            f"The last layer sees {field} pixels, and a screen shows {MOST_PIXELS} well: take fewer layers."
        )
    n = field + 2 * jump  # three outputs at the top, the middle one in the middle
    rows = count((1, n), layers).rows
    fields = np.array([1, *(row.field[0] for row in rows)])
    jumps = np.array([1, *(row.jump[0] for row in rows)])
    sizes = [n, *(row.shape[1] for row in rows)]
    depth = len(rows)
    names = [f"layer {i}: {k} wide, stride {s}" for i, (k, s) in enumerate(zip(kernels, strides, strict=True), start=1)]
    return Player(
        [
            _pyramid(n, sizes, fields, jumps, kernels, strides),
            _picture(n, fields, jumps * (np.array(sizes) // 2)),
            _bars(fields),
        ],
        ["the input", *names],
        title="What one output sees",
        alt=(
            f"Left: the units of {depth} layers in rows above {n} input pixels, with lines from one unit of the chosen layer "
            "down to all it depends on. Middle: a picture with a box as wide as that receptive field. Right: the field "
            f"against the layer, {', '.join(map(str, fields))} pixels."
        ),
        takeaway=(
            f"Every layer adds (kernel − 1) × jump, and a stride widens the jump for the layers above: {depth} layers see "
            f"{field} of {n} pixels along a side, and neighbouring outputs look {jump} apart."
        ),
        t_label="layer",
        descriptions=["An input pixel sees itself.", *_sentences(fields, jumps, kernels, strides)],
        seconds_per_frame=1.2,
        tween=False,
    )


def _sentences(fields: np.ndarray, jumps: np.ndarray, kernels: Sequence[int], strides: Sequence[int]) -> list[str]:
    return [
        f"Layer {i}: {fields[i - 1]} + ({k} − 1)·{jumps[i - 1]} = {fields[i]} pixels; "
        f"neighbours look {jumps[i - 1]}·{s} = {jumps[i]} apart."
        for i, (k, s) in enumerate(zip(kernels, strides, strict=True), start=1)
    ]


def _pyramid(
    n: int, sizes: list[int], fields: np.ndarray, jumps: np.ndarray, kernels: Sequence[int], strides: Sequence[int]
) -> Panel:
    depth = len(kernels)
    places = [(fields[i] - 1) / 2 + jumps[i] * np.arange(sizes[i]) for i in range(depth + 1)]
    px = np.concatenate(places)
    py = np.concatenate([np.full(size, float(i)) for i, size in enumerate(sizes)])
    seen_y, lines = [], []
    for top in range(depth + 1):
        seen = [np.zeros(size, bool) for size in sizes]  # which units of each layer the chosen one depends on
        seen[top][sizes[top] // 2] = True
        segments = []
        for layer in range(top, 0, -1):
            k, s = kernels[layer - 1], strides[layer - 1]
            for unit in np.flatnonzero(seen[layer]):
                seen[layer - 1][unit * s : unit * s + k] = True
                ends = {unit * s, unit * s + k - 1}
                segments += [(places[layer][unit], layer, places[layer - 1][below], layer - 1) for below in ends]
        seen_y.append(np.where(np.concatenate(seen), py, np.nan))
        lines.append(segments)
    longest = 3 * max(1, *(len(segments) for segments in lines))
    line_x, line_y = np.full((2, depth + 1, longest), np.nan)
    for frame, segments in enumerate(lines):
        for i, (x0, y0, x1, y1) in enumerate(segments):
            line_x[frame, 3 * i : 3 * i + 2], line_y[frame, 3 * i : 3 * i + 2] = (x0, x1), (y0, y1)
    words = [[f"{f} pixel{'s' if f > 1 else ''}"] for f in fields]
    size = 7 if n <= 40 else 4
    return Panel(
        [
            Lines(line_x, line_y, colour=0, width=1),
            Points(px, py, colour="ink", size=size / 2.5, label="a unit"),
            Points(px, np.array(seen_y), colour=3, marker="square", size=size, label="seen by the topmost"),
            Labels([(n - 1) / 2], [-0.45], words, size=13),
        ],
        title="The units, in one dimension",
        xlabel="input pixel",
        ylabel="layer (0 is the input)",
        xlim=(-1, n),
        ylim=(-0.8, depth + 0.5),
        yticks={float(i): str(i) for i in range(depth + 1)},
        weight=1.7,
    )


def _picture(n: int, fields: np.ndarray, start: np.ndarray) -> Panel:
    box = np.stack([start, start, fields, fields], axis=1).astype(float)
    return Panel(
        [Grid(_a_face(n), palette="sequential", limits=(0, 2), box=box)],
        title="The same on a picture",
        xlabel="column",
        ylabel="row",
        equal=True,
        flip=True,
        xlim=(-0.5, n - 0.5),
        ylim=(-0.5, n - 0.5),
    )


def _bars(fields: np.ndarray) -> Panel:
    layer = np.arange(len(fields))
    reached = layer <= layer[:, None]
    return Panel(
        [
            Bars(layer, np.where(reached, fields, np.nan), label="receptive field"),
            Labels(layer, np.where(reached, fields + 0.06 * fields.max(), np.nan), [str(f) for f in fields], size=12),
        ],
        title="Field against layer",
        xlabel="layer",
        ylabel="pixels along a side",
        xlim=(-0.6, len(fields) - 0.4),
        ylim=(0, 1.18 * float(fields.max())),
        xticks={float(i): str(i) for i in layer},
        weight=0.9,
    )


def _a_face(n: int) -> np.ndarray:
    """Something to look at, n × n, in 0 … 1: a round face with eyes, a nose and a mouth."""
    grid = np.linspace(-1, 1, n)
    row, column = np.meshgrid(grid, grid, indexing="ij")

    def disc(down: float, right: float, radius: float) -> np.ndarray:
        return (row - down) ** 2 + (column - right) ** 2 <= radius**2

    face = 0.35 * disc(0, 0, 0.92)
    for part in (disc(-0.3, -0.35, 0.14), disc(-0.3, 0.35, 0.14), disc(0.05, 0, hypot(0.08, 0.04))):
        face = np.where(part, 1.0, face)
    mouth = disc(0.25, 0, 0.5) & ~disc(0.1, 0, 0.52)
    return np.where(mouth, 1.0, face)

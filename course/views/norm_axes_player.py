"""The axes player: which numbers of a batch × feature table share one mean, in each of the three norms.

    from course.views import norm_axes

    norm_axes()                              # the table of the course's worked example
    norm_axes([[1.0, 2.0], [3.0, 5.0]])      # a batch of your own: one row an example

The numbers come from `course.nets.norms`, with γ = 1, β = 0 and no ε.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from course.views.player import Grid, Labels, Lines, Panel, Player, Points

TABLE = ((6.0, 0.0, 5.0, 1.0), (0.0, 4.0, 0.0, 0.0), (0.0, 2.0, -2.0, 2.0))
"""Three examples with four features: the worked example of unit 04."""


def norm_axes(Z: ArrayLike = TABLE) -> Player:
    """A player that walks through BatchNorm feature by feature, then LayerNorm and RMSNorm example by example.

    Raises ValueError where Z is no table of at least two rows and two columns, or where a row or a column is constant.
    """
    Z = np.asarray(Z, float)
    if Z.ndim != 2 or min(Z.shape) < 2 or max(Z.shape) > 8:
        raise ValueError(
            f"The player shows a table of 2 to 8 examples by 2 to 8 features, and this one has shape {Z.shape}."
        )
    if np.any(Z.std(0) == 0) or np.any(Z.std(1) == 0):
        raise ValueError(
            "A row or column of this table is constant, and has no spread to divide by: change a number in it."
        )
    n, d = Z.shape
    columns = [("BatchNorm", "feature", i, (0, i, n, 1)) for i in range(d)]
    rows = [(norm, "example", i, (i, 0, 1, d)) for norm in ("LayerNorm", "RMSNorm") for i in range(n)]
    frames, told, boxes, made = (
        ["the batch"],
        ["One row an example, one column a feature. Nothing is averaged yet."],
        [[-1.0] * 4],
        [np.full((n, d), np.nan)],
    )
    boxes[0] = [np.nan] * 4
    chosen, marks = [np.full(max(n, d), np.nan)], [(np.nan, np.nan, np.nan)]
    for norm, what, i, box in columns + rows:
        values = Z[:, i] if what == "feature" else Z[i]
        mean, variance = (0.0, np.mean(values**2)) if norm == "RMSNorm" else (values.mean(), values.var())
        done = made[-1].copy() if i else np.full((n, d), np.nan)  # a new norm begins with an empty table
        np.copyto(done[:, i] if what == "feature" else done[i], (values - mean) / np.sqrt(variance))
        frames.append(f"{norm}, {what} {i + 1}")
        told.append(_sentence(norm, what, i + 1, values, mean, variance))
        boxes.append(list(map(float, box)))
        made.append(done)
        chosen.append(np.pad(values, (0, max(n, d) - len(values)), constant_values=np.nan))
        marks.append((np.nan if norm == "RMSNorm" else mean, mean - np.sqrt(variance), mean + np.sqrt(variance)))
    return Player(
        [_table(Z, np.array(boxes)), _line(Z, np.array(chosen), np.array(marks)), _result(np.stack(made))],
        frames,
        title="Who is compared with whom?",
        alt=(
            f"Left: a table of {n} examples by {d} features, each cell with its number and a colour for it; a frame is drawn round "
            "the numbers that share one mean: a column in BatchNorm, a row in LayerNorm and RMSNorm. Middle: "
            "these numbers on a line, "
            "with their mean, and on both sides of it (in RMSNorm, of zero) the root they are divided by. "
            "Right: the normalised table as it fills."
        ),
        takeaway="BatchNorm averages down a column, over the batch; LayerNorm and RMSNorm along a row, within one example.",
        descriptions=told,
        seconds_per_frame=1.6,
        tween=False,
    )


def _sentence(norm: str, what: str, i: int, values: np.ndarray, mean: float, variance: float) -> str:
    shared = f"the {len(values)} {'examples' if what == 'feature' else 'features'}"
    if norm == "RMSNorm":
        return (
            f"{norm}, {what} {i}: over {shared} the mean square is {_say(variance)}; "
            f"each is divided by its root, {_say(np.sqrt(variance))}, and nothing is subtracted."
        )
    return (
        f"{norm}, {what} {i}: over {shared} the mean is {_say(mean)} and the variance {_say(variance)}; "
        f"each less the mean, divided by {_say(np.sqrt(variance))}."
    )


def _say(value: float | np.floating) -> str:
    return f"{float(value):.3g}".replace("-", "−")


def _cells(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    row, column = np.indices(shape)
    return column.ravel().astype(float), row.ravel().astype(float)


def _texts(values: np.ndarray) -> list[str]:
    return ["" if np.isnan(v) else _say(round(float(v), 2)) for v in values.ravel()]


def _grid_panel(marks: Sequence[Grid | Labels], title: str, shape: tuple[int, int], weight: float = 1.0) -> Panel:
    return Panel(
        marks,
        title=title,
        xlabel="feature",
        ylabel="example",
        xlim=(-0.55, shape[1] - 0.45),
        ylim=(-0.55, shape[0] - 0.45),
        xticks={float(i): str(i + 1) for i in range(shape[1])},
        yticks={float(i): str(i + 1) for i in range(shape[0])},
        flip=True,
        weight=weight,
    )


def _table(Z: np.ndarray, boxes: np.ndarray) -> Panel:
    far = 2.5 * float(np.abs(Z).max())  # pale cells, so that the numbers on them can be read
    return _grid_panel(
        [Grid(Z, label="z", limits=(-far, far), box=boxes), Labels(*_cells(Z.shape), _texts(Z), size=14)],
        "The batch z",
        Z.shape,
    )


def _result(made: np.ndarray) -> Panel:
    far = 2.5 * float(np.nanmax(np.abs(made)))
    return _grid_panel(
        [
            Grid(made, label="normalised", limits=(-far, far)),
            Labels(*_cells(made.shape[1:]), [_texts(frame) for frame in made], size=11),
        ],
        "Normalised",
        made.shape[1:],
    )


def _line(Z: np.ndarray, chosen: np.ndarray, marks: np.ndarray) -> Panel:
    height = np.array([-1.0, 1.0])
    upright = lambda k: np.repeat(marks[:, k : k + 1], 2, axis=1)
    room = 0.25 * float(np.ptp(Z)) + 1.0
    low = min(float(Z.min()), float(np.nanmin(marks))) - 0.3 * room
    high = max(float(Z.max()), float(np.nanmax(marks))) + 0.3 * room
    return Panel(
        [
            Lines([low, high], [0.0, 0.0], width=1),
            Lines(upright(0), height, colour=2, dash="dashed", width=2.5, label="mean"),
            Lines(upright(1), height * 0.6, colour=3, dash="dotted", width=2.5, label="± root"),
            Lines(upright(2), height * 0.6, colour=3, dash="dotted", width=2.5),
            Points(chosen, np.zeros_like(chosen), colour=0, size=11, label="in frame"),
        ],
        title="They are compared",
        xlabel="z",
        ylabel="",
        xlim=(low, high),
        ylim=(-1.3, 1.3),
        yticks={0.0: ""},
        weight=1.15,
    )

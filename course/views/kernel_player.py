"""The kernel-slide player: a kernel over a picture, one output cell a frame.

    from course.views import kernel_slide

    kernel_slide()                                   # an edge detector on a bright square
    kernel_slide(x, k, stride=2, padding=1)          # your own: x (h, w) or (c, h, w), k (m, n) or (c, m, n)

The numbers come from `course.nets.conv.conv2d`; each frame's sentence works one of them out.
"""

from __future__ import annotations

import jax
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from course.nets.conv import conv2d
from course.nets.counts import output_size
from course.views.player import Grid, Labels, Panel, Player

_conv = jax.jit(conv2d, static_argnames=("stride", "padding"))
MOST_CELLS = 196
MOST_CHANNELS = 3

SQUARE = np.pad(np.ones((4, 4)), ((1, 2), (2, 1)))
"""A bright square on a dark picture of 7×7."""
EDGE = np.array([[1.0, 0.0, -1.0]] * 3)
"""Answers where it is brighter on the left than on the right."""


def kernel_slide(x: ArrayLike | None = None, k: ArrayLike | None = None, stride: int = 1, padding: int = 0) -> Player:
    """A player of one convolution with one output channel, the window over the input beside the output it fills.

    Raises ValueError where x and k have different channels, more than three of them, or more than 196 outputs; and
    `DescriptionError` where the kernel does not fit on the padded picture.
    """
    picture, kernel = _channels(SQUARE if x is None else x, "x"), _channels(EDGE if k is None else k, "k")
    if len(picture) != len(kernel):
        raise ValueError(f"x has {len(picture)} channels and k has {len(kernel)}: give the kernel one sheet a channel.")
    sizes = zip(picture.shape[1:], kernel.shape[1:], strict=True)
    rows, columns = (output_size(n, m, stride, padding) for n, m in sizes)
    if rows * columns > MOST_CELLS:
        raise ValueError(f"{rows}×{columns} outputs are too many to watch: show {MOST_CELLS} at most, of a smaller x.")
    y = np.asarray(_conv(picture, kernel[None], stride=stride, padding=padding), float)[0]
    cells = [(i, j) for i in range(rows) for j in range(columns)]
    c = len(picture)
    inputs = [
        _input(sheet, kernel.shape[1:], cells, stride, padding, "The input" if c == 1 else f"Input channel {n}")
        for n, sheet in enumerate(picture)
    ]
    sheets = [_sheet(sheet, "The kernel" if c == 1 else f"Kernel, sheet {n}") for n, sheet in enumerate(kernel)]
    size = "×".join(map(str, kernel.shape[1:]))
    return Player(
        [*inputs, *sheets, _output(y, cells)],
        [f"y[{i}, {j}]" for i, j in cells],
        title=f"A {size} kernel slides, stride {stride}, padding {padding}",
        alt=(
            f"A picture of {picture.shape[1]}×{picture.shape[2]} with {c} channel{'s' if c > 1 else ''}, on which a box of {size} "
            f"moves from the top left to the bottom right; the kernel; and the output of {rows}×{columns}, which fills cell "
            f"by cell, from {_say(y.min())} to {_say(y.max())}."
        ),
        takeaway=(
            f"The same {kernel.size} weights answer at all {rows * columns} places: "
            f"{rows * columns} × {kernel.size} = {rows * columns * kernel.size} multiply-adds."
        ),
        descriptions=[_sentence(picture, kernel, y, cell, stride, padding) for cell in cells],
        seconds_per_frame=0.7,
        tween=False,
    )


def _channels(values: ArrayLike, name: str) -> Float[np.ndarray, "c h w"]:
    array = np.asarray(values, float)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or not 1 <= len(array) <= MOST_CHANNELS:
        raise ValueError(
            f"{name} is (rows, columns), or (channels, rows, columns) with up to {MOST_CHANNELS} channels."
        )
    return array


def _input(
    sheet: np.ndarray, size: tuple[int, ...], cells: list[tuple[int, int]], stride: int, padding: int, title: str
) -> Panel:
    p = padding
    shown = np.pad(sheet, p, constant_values=np.nan)  # zeros of the margin are drawn grey, so that they are told apart
    rows, columns = shown.shape
    box = np.array([(i * stride, j * stride, *size) for i, j in cells], float)
    extent = (-p - 0.5, columns - p - 0.5, -p - 0.5, rows - p - 0.5)
    text = [_say(v) for v in np.pad(sheet, p).ravel()]
    marks = [Grid(shown, palette="sequential", limits=_limits(sheet), extent=extent, box=box)]
    return _panel(marks, text, np.arange(rows) - p, np.arange(columns) - p, title, "column", "row")


def _sheet(sheet: np.ndarray, title: str) -> Panel:
    most = 1.25 * max(np.abs(sheet).max(), 1e-9)
    marks = [Grid(sheet, limits=(-most, most))]
    rows, columns = sheet.shape
    text = [_say(v) for v in sheet.ravel()]
    return _panel(marks, text, np.arange(rows), np.arange(columns), title, "column v", "row u", weight=0.6)


def _output(y: np.ndarray, cells: list[tuple[int, int]]) -> Panel:
    rows, columns = y.shape
    reached = np.tril(np.ones((y.size, y.size), bool)).reshape(y.size, rows, columns)
    most = 1.25 * max(np.abs(y).max(), 1e-9)
    box = np.array([(i, j, 1, 1) for i, j in cells], float)
    grid = Grid(np.where(reached, y, np.nan), limits=(-most, most), box=box)
    text = [[_say(v) if seen else "" for v, seen in zip(y.ravel(), now.ravel(), strict=True)] for now in reached]
    return _panel([grid], text, np.arange(rows), np.arange(columns), "The output", "column j", "row i")


def _panel(
    marks: list,
    text: list,
    rows: np.ndarray,
    columns: np.ndarray,
    title: str,
    xlabel: str,
    ylabel: str,
    weight: float = 1,
) -> Panel:
    at_row, at_column = np.meshgrid(rows.astype(float), columns.astype(float), indexing="ij")
    size = 13 if max(len(rows), len(columns)) <= 9 else 9
    marks = [*marks, Labels(at_column.ravel(), at_row.ravel(), text, size=size)]
    each = max(1, len(columns) // 8)
    return Panel(
        marks,
        title=title,
        xlabel=xlabel,
        ylabel=ylabel,
        xlim=(columns[0] - 0.5, columns[-1] + 0.5),
        ylim=(rows[0] - 0.5, rows[-1] + 0.5),
        xticks={float(v): _say(v) for v in columns[::each]},
        yticks={float(v): _say(v) for v in rows[::each]},
        equal=True,
        flip=True,
        weight=weight,
    )


def _limits(sheet: np.ndarray) -> tuple[float, float]:
    """A scale on which the largest entry is no darker than its number can be read on."""
    low, high = min(0.0, float(sheet.min())), max(0.0, float(sheet.max()))
    return low, low + 1.25 * max(high - low, 1e-9)


def _say(value: float) -> str:
    """A number as a reader writes it, with a minus sign."""
    return f"{float(value):.3g}".replace("-", "−")


def _factor(value: float) -> str:
    return f"({_say(value)})" if value < 0 else _say(value)


def _sentence(
    picture: np.ndarray, kernel: np.ndarray, y: np.ndarray, cell: tuple[int, int], stride: int, padding: int
) -> str:
    (i, j), (m, n) = cell, kernel.shape[1:]
    margins = ((0, 0), (padding, padding), (padding, padding))
    window = np.pad(picture, margins)[:, i * stride : i * stride + m, j * stride : j * stride + n]
    products = [
        f"{_factor(w)}·{_factor(v)}" for w, v in zip(kernel.ravel(), window.ravel(), strict=True) if w != 0 and v != 0
    ]
    sum_ = " + ".join(products) if products else "a sum of products that are all zero"
    return f"Row {i}, column {j} of the output: {sum_} = {_say(y[i, j])}."

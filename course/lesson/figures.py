"""Figures in one call each: what a lesson says of them is the numbers, the words, and the alt text.

    lesson.plot(ells, {"sigmoid": norms, "tanh": others}, title=…, xlabel=…, ylabel=…, alt=…, log="y")

A curve is an array of y, a pair (x, y), or a `Several`, which is drawn as its mean in a band from its lowest to its
highest. A curve that is called like something in the `looks` table has the colour, marker and dash of that, in every
figure; others take what is free. All have one style, `figures.mplstyle`, which is not set for the learner's own
figures. What none of these draws is drawn on the axes of `subplots`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from course.lesson.seeds import Several
from course.views.drawing import DASHES, MARKERS, PALETTE
from course.views.static import WidgetWithFallback, shown

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bars", "heatmaps", "looks", "panels", "plot", "shown", "subplots"]

STYLE = "course.lesson.figures"
SOFT = "#808080"
"""The colour of what is drawn for comparison: level lines, grey bands."""

_TABLE = {
    "sigmoid": (0, "circle", "solid"),
    "tanh": (1, "square", "solid"),
    "relu": (2, "triangle", "solid"),
    "no norm": (0, "circle", "solid"),
    "BatchNorm": (1, "square", "dashed"),
    "LayerNorm": (2, "triangle", "dotted"),
    "RMSNorm": (3, "cross", "dashdot"),
    "BatchNorm, jolted": (4, "square", "dashed"),
    "Gaussian": (0, "circle", "solid"),
    "orthogonal": (3, "square", "dashed"),
    "CNN": (0, "circle", "solid"),
    "MLP": (1, "square", "solid"),
    "large MLP": (4, "triangle", "solid"),
    "CNN, shuffled": (5, "circle", "dotted"),
    "MLP, shuffled": (3, "square", "dotted"),
}
"""Place in the palette, marker and dash of everything that is drawn in more than one figure."""

_DASHES, _MARKERS = tuple(DASHES), tuple(MARKERS)


def looks(name: str) -> dict[str, Any]:
    """The colour, marker and dash of what is called `name`, the same in every figure: keywords for `ax.plot`.

    Raises
    ------
    ValueError
        For a name that the table does not have.
    """
    if name not in _TABLE:
        raise ValueError(f"Nothing is called “{name}” in the figures; there are {', '.join(_TABLE)}.")
    return _keywords(*_TABLE[name])


def looks_together(names: Sequence[str]) -> list[dict[str, Any]]:
    """The looks of curves that stand in one figure, each its own.

    A name whose beginning is in the table ("tanh, η = 0.1") has the look of that, the second such one with another
    dash. A name that is not there takes a colour, marker and dash that no other has, while there are any.
    """
    table = {name.lower(): look for name, look in _TABLE.items()}
    known = {
        name: next((name[:end].lower() for end in _ends(name) if name[:end].lower() in table), "") for name in names
    }
    wanted = {name: table[entry] for name, entry in known.items() if entry}
    taken: list[tuple[int, str, str]] = []
    for name in names:
        colour, marker, dash = wanted.get(name, (-1, "", ""))
        if colour < 0:
            used = {c for c, _, _ in (*taken, *wanted.values())}
            colour = next((c for c in range(len(PALETTE)) if c not in used), len(taken) % len(PALETTE))
            marker, dash = _MARKERS[len(taken) % len(_MARKERS)], _DASHES[len(taken) % len(_DASHES)]
        look = next(
            (one for one in product([colour], [marker], (dash, *_DASHES)) if one not in taken), (colour, marker, dash)
        )
        taken.append(look)
    return [_keywords(*look) for look in taken]


def _ends(name: str) -> list[int]:
    """Where a beginning of `name` may end: at its end, then before each comma, the last one first."""
    return [len(name), *(i for i in range(len(name) - 1, 0, -1) if name[i] == ",")]


def _keywords(colour: int, marker: str, dash: str) -> dict[str, Any]:
    return {"color": PALETTE[colour], "marker": MARKERS[marker], "linestyle": DASHES[dash]}


# --------------------------------------------------------------------------- whole figures


def plot(
    x: Any,
    curves: Mapping[str, Any],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    alt: str,
    size: tuple[float, float] = (7, 3.6),
    **options: Any,
) -> WidgetWithFallback:
    """One picture of curves by name; y is an array, a pair (x, y), or `Several`.

    `options` are those of `draw`.
    """
    figure, ax = subplots(figsize=size)
    with _style():
        draw(ax, x, curves, **options)
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return shown(figure, alt)


def panels(
    x: Any,
    by_title: Mapping[str, Mapping[str, Any]],
    *,
    xlabel: str | Sequence[str],
    ylabel: str | Sequence[str],
    alt: str,
    columns: int = 0,
    share: bool = True,
    size: tuple[float, float] = (10, 3.4),
    **options: Any,
) -> WidgetWithFallback:
    """Pictures side by side, in `columns` (by default all in one row), each of curves by name.

    share: whether all have the same axes. Labels are one for all panels, or one each; the legend stands in the first.
    """
    columns = columns or len(by_title)
    figure, axes = subplots(-(-len(by_title) // columns), columns, figsize=size, sharex=share, sharey=share)
    labels = [[label] * len(by_title) if isinstance(label, str) else list(label) for label in (xlabel, ylabel)]
    with _style():
        for k, (ax, (title, curves)) in enumerate(zip(np.ravel(axes), by_title.items(), strict=False)):
            draw(ax, x, curves, **options | ({"legend": False} if k else {}))
            ax.set(title=title, xlabel=labels[0][k], ylabel=labels[1][k])
            if share:
                ax.label_outer()
    return shown(figure, alt)


def heatmaps(
    by_title: Mapping[str, Any],
    *,
    xlabel: str,
    ylabel: str,
    scale: str,
    alt: str,
    limits: tuple[float, float] | None = None,
    divide: Sequence[float] = (),
    size: tuple[float, float] = (10, 3.6),
) -> WidgetWithFallback:
    """Matrices as pictures side by side, on one colour scale that is called `scale`.

    limits: the values at its two ends. Where they are of both signs, zero has the colour of the page; by default they
    are ± the largest entry. divide: rows and columns at which a line is drawn.
    """
    figure, axes = subplots(1, len(by_title), figsize=size, squeeze=False)
    most = max(float(np.abs(matrix).max()) for matrix in by_title.values())
    low, high = limits or (-most, most)
    with _style():
        for ax, (title, matrix) in zip(axes[0], by_title.items(), strict=True):
            picture = ax.imshow(matrix, cmap="RdBu" if low < 0 else "Blues", vmin=low, vmax=high)
            for edge in divide:
                ax.axhline(edge, color="#1b1b1b", lw=1)
                ax.axvline(edge, color="#1b1b1b", lw=1)
            ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
            if divide:
                ax.set(xticks=[], yticks=[])
        figure.colorbar(picture, ax=list(axes[0]), label=scale)
    return shown(figure, alt)


def bars(
    groups: Sequence[str],
    heights: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    alt: str,
    size: tuple[float, float] = (7.5, 3.2),
) -> WidgetWithFallback:
    """Bars in groups, a bar for each name in `heights`, with its height as a whole number above it."""
    figure, ax = subplots(figsize=size)
    places, width = np.arange(len(groups)), 0.8 / len(heights)
    with _style():
        for k, (name, values) in enumerate(heights.items()):
            shift = (k - (len(heights) - 1) / 2) * width
            drawn = ax.bar(
                places + shift, values, 0.95 * width, label=name, color=PALETTE[k], hatch=["", "//", ".."][k % 3]
            )
            ax.bar_label(drawn, fmt="%.0f", fontsize=9)
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel, xticks=places, xticklabels=groups)
        ax.margins(y=0.25)
        ax.legend(ncols=len(heights), loc="upper left")
    return shown(figure, alt)


def subplots(rows: int = 1, columns: int = 1, **keywords: Any) -> tuple[Figure, Any]:
    """`plt.subplots` in the lessons' style, for what the functions above do not draw. Hand the figure to `shown`."""
    from matplotlib import pyplot

    with _style():
        return pyplot.subplots(rows, columns, **keywords)


def _style() -> AbstractContextManager[None]:
    from matplotlib import style

    context: AbstractContextManager[None] = style.context(STYLE)
    return context


# --------------------------------------------------------------------------- one pair of axes


def draw(
    ax: Axes,
    x: Any,
    curves: Mapping[str, Any],
    *,
    log: str = "",
    points: Sequence[str] = (),
    lines: Sequence[str] = (),
    levels: Mapping[float, str] | None = None,
    between: tuple[float, float] | None = None,
    xticks: Any = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    legend: Any = True,
    errorbars: bool = False,
) -> None:
    """Curves by name on one pair of axes.

    log: the axes that are logarithmic, "x", "y" or "xy". points, lines: names without their line, without markers.
    levels: horizontal lines, and what is written above each. between: a grey band. xticks: values of x, which are also
    what stands there. errorbars: whether `Several` is drawn as mean ± spread, and not as a band.
    legend: True; False for none; "ends" to write the names at the curves' right ends; "outside" to the right of the
    axes; or where it stands, in matplotlib's words.
    """
    for name, look, curve in zip(curves, looks_together(list(curves)), curves.values(), strict=True):
        without = {"linestyle": "none"} if name in points else {"marker": ""} if name in lines else {}
        # A pair of arrays, and not two numbers.
        pair = isinstance(curve, tuple) and not isinstance(curve, Several) and len(curve) == 2 and np.ndim(curve[0])
        xs, ys = curve if pair else (x, curve)
        _draw_curve(ax, name, np.asarray(xs), ys, look | without, errorbars=errorbars)
    for axis in log:
        (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    if between:
        ax.axhspan(*between, color=SOFT, alpha=0.25, lw=0)
    for level, words in (levels or {}).items():
        ax.axhline(level, color=SOFT, lw=0.8)
        ax.annotate(words, (0.01, level), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points")
    if xticks is not None:
        ax.minorticks_off() if "x" in log else None
        ax.set_xticks(xticks, labels=[f"{tick:,}" for tick in xticks])
    limits = {"xlim": xlim, "ylim": ylim}
    ax.set(**{name: limit for name, limit in limits.items() if limit is not None})
    if legend == "ends":
        for line in ax.get_lines()[: len(curves)]:
            end = line.get_xdata()[-1], line.get_ydata()[-1]  # type: ignore[index]
            ax.annotate(str(line.get_label()), end, (5, 0), textcoords="offset points", va="center")
    elif legend and len(curves) > 1:
        outside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
        ax.legend(**outside if legend == "outside" else {"loc": "best" if legend is True else legend})


def _draw_curve(ax: Axes, name: str, x: np.ndarray, y: Any, look: dict[str, Any], *, errorbars: bool) -> None:
    middle = np.asarray(y.mean if isinstance(y, Several) else y)
    every = 1 if look["linestyle"] == "none" else max(1, len(middle) // 12)
    if isinstance(y, Several) and errorbars:
        ax.errorbar(x, middle, y.spread, label=name, **look)
        return
    ax.plot(x, middle, label=name, markevery=every, **look)
    if isinstance(y, Several):
        ax.fill_between(x, y.low, y.high, color=look["color"], alpha=0.2, lw=0)

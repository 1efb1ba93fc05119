"""Panels drawn with matplotlib, one frame at a time, from the very numbers the browser gets."""

from __future__ import annotations

from typing import Any

import numpy as np

from course.views.marks import Bars, Grid, Lines, Mark, Panel, Points

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
DASHES: dict[str, Any] = {"solid": "-", "dashed": (0, (6, 4)), "dotted": (0, (1.5, 3)), "dashdot": (0, (7, 3, 1.5, 3))}
MARKERS = {"circle": "o", "square": "s", "triangle": "^", "cross": "x"}


def draw_panel(ax: Any, panel: Panel, spec: dict[str, Any], arrays: list[dict[str, np.ndarray]], frame: int) -> None:
    """One panel at one frame, with matplotlib, from the very numbers the browser gets."""
    for mark, extra, arrs in zip(panel.marks, spec["marks"], arrays, strict=True):
        now = {name: array[min(frame, len(array) - 1)] for name, array in arrs.items()}
        _draw_mark(ax, mark, extra, now, spec, frame)
    ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel, xlim=spec["x"]["lim"])
    low, high = spec["y"]["lim"]
    ax.set_ylim((high, low) if panel.flip else (low, high))
    for axis, info in ((ax.xaxis, spec["x"]), (ax.yaxis, spec["y"])):
        if info["ticks"]:
            axis.set_ticks([v for v, _ in info["ticks"]], labels=[text for _, text in info["ticks"]])
        elif info["log"]:
            axis.set_major_formatter(lambda v, _: f"$10^{{{v:g}}}$")
            axis.get_major_locator().set_params(integer=True, nbins=6)
        elif info["lim"][1] - info["lim"][0] > 6:
            axis.get_major_locator().set_params(integer=True)
    if panel.equal:
        ax.set_aspect("equal")
    if any(getattr(mark, "label", "") for mark in panel.marks if not isinstance(mark, Grid)):
        ax.legend(fontsize=8, loc="best")


def _draw_mark(
    ax: Any, mark: Mark, extra: dict[str, Any], now: dict[str, Any], spec: dict[str, Any], frame: int
) -> None:
    if isinstance(mark, Grid):
        _draw_grid(ax, mark, extra, now)
        return
    colour = "black" if mark.colour == "ink" else PALETTE[mark.colour]
    if isinstance(mark, Bars):
        base = spec["y"]["lim"][0] if spec["y"]["log"] else 0.0
        edges = ["black" if k == int(now["highlight"]) else "none" for k in range(len(now["x"]))]
        ax.bar(now["x"], now["height"] - base, 2 * extra["half"], base,
               color=colour, edgecolor=edges, linewidth=2, label=mark.label or None)  # fmt: skip
    elif isinstance(mark, Lines):
        for k, line in enumerate(now["y"]):
            ax.plot(now["x"], line, color=colour, linestyle=DASHES[mark.dash], linewidth=mark.width,
                    label=(mark.label or None) if k == 0 else None)  # fmt: skip
    elif isinstance(mark, Points):
        ax.scatter(
            now["x"], now["y"], mark.size**2, color=colour, marker=MARKERS[mark.marker], label=mark.label or None
        )
        k = int(now["highlight"])
        if k >= 0:
            ax.scatter(now["x"][k], now["y"][k], (mark.size + 6) ** 2, facecolor="none", edgecolor="black")
    else:
        for x, y, text in zip(now["x"], now["y"], extra["text"][min(frame, len(extra["text"]) - 1)], strict=True):
            ax.text(x, y, text, color=colour, fontsize=mark.size * 0.8, ha="center", va="center", clip_on=True)


def _draw_grid(ax: Any, mark: Grid, extra: dict[str, Any], now: dict[str, Any]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ends = (PALETTE[0], "white", PALETTE[3]) if mark.palette == "diverging" else ("white", PALETTE[0])
    colours = LinearSegmentedColormap.from_list(mark.palette, ends).with_extremes(bad="0.9")
    low, high = extra["limits"]
    picture = ax.imshow(now["values"], colours, vmin=low, vmax=high, origin="lower", extent=extra["extent"],
                        aspect="auto", interpolation="nearest")  # fmt: skip
    ax.figure.colorbar(picture, ax=ax, label=mark.label)
    if "box" in now:
        from matplotlib.patches import Rectangle

        row, col, rows, cols = now["box"]
        left, right, bottom, top = extra["extent"]
        wide, tall = (right - left) / now["values"].shape[1], (top - bottom) / now["values"].shape[0]
        corner = (left + col * wide, bottom + row * tall)
        ax.add_patch(Rectangle(corner, cols * wide, rows * tall, fill=False, edgecolor="black", linewidth=2))

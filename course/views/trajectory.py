"""Panels as the browser gets them: a description without numbers, and one float32 buffer with all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from course.views.marks import Bars, Grid, Labels, Lines, Mark, Panel, Points, Scale

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Buffer:
    """Collects float32 arrays and says where each of them lies."""

    def __init__(self, frames: int) -> None:
        self.frames, self.length = frames, 0
        self.chunks: list[np.ndarray] = []

    def add(self, array: np.ndarray) -> dict[str, Any]:
        reference = {"at": self.length, "shape": list(array.shape)}
        self.chunks.append(np.ascontiguousarray(array, "<f4").ravel())
        self.length += array.size
        return reference

    def bytes(self) -> bytes:
        return b"".join(chunk.tobytes() for chunk in self.chunks)


def _frames_first(values: ArrayLike, rank: int, frames: int, where: str) -> np.ndarray:
    """`values` as float64 with a frame axis of length T or 1 before `rank` axes of items."""
    array = np.asarray(values, np.float64)
    if where == "Lines.y" and array.ndim in (1, 2):  # one line: add the axis of lines
        array = array[..., None, :]
    if array.ndim == rank:
        array = array[None]
    if array.ndim != rank + 1:
        raise ValueError(f"{where} has {array.ndim} axes: give it {rank}, or {rank + 1} with the frame axis first.")
    if array.shape[0] not in (1, frames):
        raise ValueError(
            f"{where} has {array.shape[0]} frames, but the player has {frames}: give it one entry a frame."
        )
    return array


def _on_axis(array: np.ndarray, scale: Scale) -> np.ndarray:
    """Values as the axis counts them: on a log axis their log10 (what is not positive is left out, as NaN)."""
    if scale == "log":
        array = np.log10(array, out=np.full(array.shape, np.nan), where=array > 0)
    return np.where(np.isfinite(array), array, np.nan)


def panel_spec(panel: Panel, buffer: Buffer) -> dict[str, Any]:
    marks, extents = [], []
    for mark in panel.marks:
        spec, extent = _mark_spec(mark, panel, buffer)
        marks.append(spec)
        extents.append(extent)
    return {
        "title": panel.title,
        "x": _axis_spec(panel.xlabel, panel.xscale, panel.xlim, panel.xticks, [e[0] for e in extents]),
        "y": _axis_spec(panel.ylabel, panel.yscale, panel.ylim, panel.yticks, [e[1] for e in extents]),
        "weight": float(panel.weight),
        "equal": panel.equal,
        "flip": panel.flip,
        "marks": marks,
    }


def _axis_spec(
    label: str, scale: Scale, fixed: tuple[float, float] | None, ticks: Mapping[float, str], extents: list[np.ndarray]
) -> dict[str, Any]:
    log = scale != "linear"
    if fixed is not None:
        low, high = (float(v) for v in _on_axis(np.asarray(fixed, np.float64), scale))
    else:
        seen = np.concatenate([np.ravel(e) for e in extents]) if extents else np.empty(0)
        seen = seen[np.isfinite(seen)]
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
        room = 0.05 * (high - low) or 0.5
        low, high = low - room, high + room
    if not low < high:
        raise ValueError(f"The limits of the axis {label!r} are {low:g} and {high:g}: give the smaller one first.")
    values = _on_axis(np.asarray(list(ticks), np.float64), scale)
    return {
        "label": label,
        "log": log,
        "lim": [low, high],
        "ticks": [[float(v), text] for v, text in zip(values, ticks.values(), strict=True)],
    }


def _mark_spec(mark: Mark, panel: Panel, buffer: Buffer) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """The mark for the browser, and the values it puts on each axis (for the limits)."""
    name = type(mark).__name__
    arrays = {}
    for key, rank in mark.ranks.items():
        if getattr(mark, key) is not None:
            arrays[key] = _frames_first(getattr(mark, key), rank, buffer.frames, f"{name}.{key}")
    spec: dict[str, Any] = {"kind": mark.kind}
    if isinstance(mark, Grid):
        extent = _finish_grid(mark, arrays, spec)
    else:
        y = "height" if isinstance(mark, Bars) else "y"
        if arrays["x"].shape[-1] != arrays[y].shape[-1]:
            raise ValueError(
                f"{name}.x has {arrays['x'].shape[-1]} items and {name}.{y} {arrays[y].shape[-1]}: give them as many."
            )
        arrays["x"], arrays[y] = _on_axis(arrays["x"], panel.xscale), _on_axis(arrays[y], panel.yscale)
        extent = (arrays["x"], arrays[y])
        spec["colour"] = mark.colour
    if isinstance(mark, Bars):
        half = 0.5 * _spacing(arrays["x"])
        base = np.zeros(1) if panel.yscale == "linear" else np.empty(0)
        extent = (np.concatenate([np.ravel(arrays["x"]) - half, np.ravel(arrays["x"]) + half]),
                  np.concatenate([np.ravel(arrays["height"]), base]))  # fmt: skip
        spec["half"] = 0.8 * half
    elif isinstance(mark, Lines):
        spec |= {"dash": mark.dash, "width": float(mark.width)}
    elif isinstance(mark, Points):
        spec |= {"marker": mark.marker, "size": float(mark.size)}
    elif isinstance(mark, Labels):
        spec |= {"text": _texts(mark, buffer.frames, arrays["x"].shape[-1]), "size": float(mark.size)}
    if not isinstance(mark, Labels):
        spec["label"] = mark.label
    spec["arrays"] = {key: buffer.add(array) for key, array in arrays.items()}
    return spec, extent


def _spacing(x: np.ndarray) -> float:
    """The smallest distance between two neighbours."""
    gaps = np.diff(np.sort(x, axis=-1), axis=-1)
    gaps = gaps[gaps > 0]
    return float(gaps.min()) if gaps.size else 1.0


def _finish_grid(mark: Grid, arrays: dict[str, np.ndarray], spec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    values = arrays["values"] = np.where(np.isfinite(arrays["values"]), arrays["values"], np.nan)
    rows, cols = values.shape[1:]
    left, right, bottom, top = mark.extent or (-0.5, cols - 0.5, -0.5, rows - 0.5)
    if mark.limits is not None:
        low, high = (float(v) for v in mark.limits)
    else:
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if mark.palette == "diverging":
            high = max(abs(low), abs(high)) or 1.0
            low = -high
        elif low == high:
            high = low + 1.0
    spec |= {"extent": [left, right, bottom, top], "limits": [low, high], "palette": mark.palette}
    return np.array([left, right]), np.array([bottom, top])


def _texts(mark: Labels, frames: int, count: int) -> list[list[str]]:
    """T lists, or one list, of `count` strings."""
    rows = [list(mark.text)] if all(isinstance(t, str) for t in mark.text) else [list(t) for t in mark.text]
    if len(rows) not in (1, frames) or any(len(row) != count for row in rows):
        raise ValueError(f"Labels.text needs {count} strings, or {frames} lists (one a frame) of {count} strings.")
    return [[str(text) for text in row] for row in rows]

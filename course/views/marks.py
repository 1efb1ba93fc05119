"""What can be drawn: marks whose data have a leading frame axis, and the panels that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Scale = Literal["linear", "log", "log10"]
"""How an axis is drawn: "log" takes values > 0; "log10" takes their logarithms, for what no float can hold."""
Colour = int | Literal["ink"]
Marker = Literal["circle", "square", "triangle", "cross"]
Dash = Literal["solid", "dashed", "dotted", "dashdot"]
"""0 to 5: blue, orange, green, vermilion, purple, sky of Okabe and Ito's palette; "ink": the colour of the text."""


@dataclass(frozen=True, eq=False)
class Bars:
    """One bar per item. x, height: (n,) or (T, n); highlight: which bar each frame points at, −1 for none."""

    x: ArrayLike
    height: ArrayLike
    label: str = ""
    colour: Colour = 0
    highlight: ArrayLike = -1
    ranks: ClassVar[Mapping[str, int]] = {"x": 1, "height": 1, "highlight": 0}
    kind: ClassVar[str] = "bars"


@dataclass(frozen=True, eq=False)
class Points:
    """One marker per item. x, y: (n,) or (T, n); size in pixels; highlight as in `Bars`."""

    x: ArrayLike
    y: ArrayLike
    _: KW_ONLY
    label: str = ""
    colour: Colour = 0
    marker: Marker = "circle"
    size: float = 6
    highlight: ArrayLike = -1
    ranks: ClassVar[Mapping[str, int]] = {"x": 1, "y": 1, "highlight": 0}
    kind: ClassVar[str] = "points"


@dataclass(frozen=True, eq=False)
class Lines:
    """A polyline. x, y: (n,) or (T, n), and y (T, k, n) for k lines of one look; NaN breaks a line."""

    x: ArrayLike
    y: ArrayLike
    _: KW_ONLY
    label: str = ""
    colour: Colour = "ink"
    dash: Dash = "solid"
    width: float = 2
    ranks: ClassVar[Mapping[str, int]] = {"x": 1, "y": 2}
    kind: ClassVar[str] = "lines"


@dataclass(frozen=True, eq=False)
class Grid:
    """A heat map. values: (rows, cols) or (T, rows, cols), row 0 at the bottom (`Panel(flip=True)`: at the top).

    Cells are centred on whole numbers unless `extent` = (left, right, bottom, top) says where the grid lies.
    limits: the values at the two ends of the colour scale, by default the largest over all frames; a diverging
    scale has zero in the middle, in the colour of the page. box: (4,) or (T, 4), a frame drawn round cells:
    row, column, rows, columns.
    """

    values: ArrayLike
    _: KW_ONLY
    label: str = ""
    palette: Literal["diverging", "sequential"] = "diverging"
    limits: tuple[float, float] | None = None
    extent: tuple[float, float, float, float] | None = None
    box: ArrayLike | None = None
    ranks: ClassVar[Mapping[str, int]] = {"values": 2, "box": 1}
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True, eq=False)
class Labels:
    """Words at places. x, y: (n,) or (T, n); text: n strings, or T lists of n strings."""

    x: ArrayLike
    y: ArrayLike
    text: Sequence[str] | Sequence[Sequence[str]]
    colour: Colour = "ink"
    size: float = 12
    ranks: ClassVar[Mapping[str, int]] = {"x": 1, "y": 1}
    kind: ClassVar[str] = "labels"


Mark = Bars | Points | Lines | Grid | Labels


@dataclass(frozen=True, eq=False)
class Panel:
    """A pair of axes with marks on it, drawn in the order given.

    xlim, ylim: fixed limits (on a "log10" axis, exponents); left out, they hold the data of all frames.
    xticks, yticks: {value: what stands there}, in place of numbers. weight: its share of the width.
    equal: one unit of x as long as one of y. flip: y grows downwards, as in a matrix or an image.
    """

    marks: Sequence[Mark]
    title: str = ""
    xlabel: str = ""
    _: KW_ONLY
    ylabel: str = ""
    xscale: Scale = "linear"
    yscale: Scale = "linear"
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    xticks: Mapping[float, str] = field(default_factory=dict)
    yticks: Mapping[float, str] = field(default_factory=dict)
    weight: float = 1
    equal: bool = False
    flip: bool = False

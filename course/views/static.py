"""A matplotlib figure that never travels without its alt text.

    figure, axes = plt.subplots()
    ...
    shown(figure, alt="Gradient norm per layer: it falls by 0.6 decades a layer, from 1 at the top to 1e-12.")

The result, as the last expression of a cell, is an `<img alt="…">` in JupyterLab and in exported HTML,
and the alt text itself where only plain text is shown.
"""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class WidgetWithFallback:
    """A figure with its alt text, ready to be displayed. `png` is drawn once, when it is made."""

    def __init__(self, figure: Figure, alt: str, dpi: int = 110) -> None:
        self.figure, self.alt = figure, alt
        self.png = png(figure, dpi)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": image(self.png, self.alt), "text/plain": self.alt}

    def __repr__(self) -> str:
        return self.alt


def shown(figure: Figure, alt: str | None = None) -> WidgetWithFallback:
    """`figure` with alt text: what the picture shows, in a sentence or two, for whoever cannot see it.

    A figure made by a view's `figure()` brings its own alt text, and needs none here.
    The figure is closed for pyplot, so a notebook does not show it twice.
    Raises ValueError when there is no alt text.
    """
    alt = (alt or alt_of(figure)).strip()
    if not alt:
        raise ValueError("A figure needs alt text: call shown(figure, alt=…) with a sentence that says what it shows.")
    result = WidgetWithFallback(with_alt(figure, alt), alt)
    from matplotlib import pyplot

    pyplot.close(figure)
    return result


def with_alt(figure: Figure, alt: str) -> Figure:
    """`figure`, carrying `alt` as its label."""
    figure.set_label(alt)
    return figure


def alt_of(figure: Figure) -> str:
    """The alt text `with_alt` gave to `figure`, or the empty string."""
    return str(figure.get_label() or "")


def png(figure: Figure, dpi: int = 110) -> bytes:
    """The figure as PNG, on nothing, so that it stands on the page. The alt text is kept as the file's description."""
    buffer = io.BytesIO()
    # No Software entry: the bytes should not depend on matplotlib's version string.
    metadata = {"Software": None, "Description": alt_of(figure)}
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="none", bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


ON_DARK = ("invert(1)", "hue-rotate(180deg)")
"""What the browser does with a figure on a dark page: dark becomes light, and blue stays blue."""


def image(data: bytes, alt: str) -> str:
    """An `<img>` that holds the PNG itself, so that nothing is fetched, and that follows JupyterLab's theme."""
    source = base64.b64encode(data).decode()
    theme = f'[data-jp-theme-light="false"] .iso-figure {{ filter: {" ".join(ON_DARK)}; }}'
    picture = f'<img alt="{html.escape(alt, quote=True)}" class="iso-figure" style="max-width: 100%; height: auto;"'
    return f'{picture} src="data:image/png;base64,{source}"><style>{theme}</style>'

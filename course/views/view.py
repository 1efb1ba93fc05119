"""What every view is: an anywidget with its browser half in plain JS, and a picture with alt text besides.

A saved output carries both: JupyterLab shows the widget; exported HTML, a reader without widgets and an
untrusted notebook show the `<img alt="…">`; a terminal shows the alt text.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from course.views import static

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HERE = Path(__file__).parent


def browser_half(*names: str) -> str:
    """The named files one after another, as one ES module: shared drawing first, the view's own file last."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class View(anywidget.AnyWidget):
    """Base of the views. A subclass sets `_esm` and says what it shows: `figure()` and `alt`."""

    _css = browser_half("view.css")

    @abstractmethod
    def figure(self) -> Figure:
        """The static form, with title, axis labels and alt text."""

    @property
    @abstractmethod
    def alt(self) -> str:
        """What the view shows now, for whoever cannot see it."""

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data["text/html"] = static.image(static.png(self.figure(), dpi=80), self.alt)
        data["text/plain"] = self.alt
        return data, metadata

"""A field for one of several options: radio buttons in one group, where arrows choose and Enter submits.

(The radio buttons of ipywidgets stand each for itself: arrows do nothing there, and a screen reader hears no group.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import traitlets

from course.focusable import Focusable


class Choices(Focusable):
    """`value` is the chosen option's text, or empty; `submitted` is called when Enter is pressed."""

    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

    label = traitlets.Unicode("Answer").tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, submitted: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._submitted = submitted

    def ask(self, options: list[str]) -> None:
        """Offer these options, with none of them chosen."""
        self.value, self.options = "", options

    def _heard(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        super()._heard(widget, content, buffers)
        if content.get("event") == "submit":
            self.value = content.get("value", self.value)
            self._submitted()

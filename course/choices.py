"""A field for one of several options: radio buttons in one group, where arrows choose and Enter submits.

(The radio buttons of ipywidgets stand each for itself: arrows do nothing there, and a screen reader hears no group.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class Choices(anywidget.AnyWidget):
    """`value` is the chosen option's text, or empty; `submitted` is called when Enter is pressed."""

    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

    label = traitlets.Unicode("Answer").tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, submitted: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._submitted = submitted
        self._shown = self._wanted = False
        self.on_msg(self._heard)

    def ask(self, options: list[str]) -> None:
        """Offer these options, with none of them chosen."""
        self.value, self.options = "", options

    def focus(self) -> None:
        """Put the focus on what is chosen, else on the first option, as soon as they are on the page."""
        if self._shown:
            super().focus()
        else:
            self._wanted = True

    def _heard(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("event") == "shown":
            self._shown = True
            if self._wanted:
                self._wanted = False
                super().focus()
        if content.get("event") == "submit":
            self.value = content.get("value", self.value)
            self._submitted()

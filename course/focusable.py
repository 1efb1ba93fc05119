"""Widgets with a browser half of their own that can be given the focus before they are on the page."""

from __future__ import annotations

from typing import Any

import anywidget


class Focusable(anywidget.AnyWidget):
    """Its browser half sends `{event: "shown"}` when it stands on the page, and takes the focus on `{do: "focus"}`."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._shown = self._wanted = False
        self.on_msg(self._heard)

    def focus(self) -> None:
        """Put the focus here, as soon as this is on the page."""
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

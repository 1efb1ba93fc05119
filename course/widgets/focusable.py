"""The cursor, put where a learner needs it, also on what is not on the page yet: our own widgets, and those of ipywidgets."""

from __future__ import annotations

from typing import Any

import anywidget
import ipywidgets as widgets


class Focusable(anywidget.AnyWidget):
    """Its browser half sends `{event: "shown"}` when it stands on the page, and takes the focus on `{do: "focus"}`."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._shown = self._wanted = False
        self.on_msg(self._heard)
        watched(self).observe(self._counted, "_view_count")

    def focus(self) -> None:
        """Put the focus here, as soon as this is on the page."""
        if self._shown:
            super().focus()
        else:
            self._wanted = True

    def _counted(self, change: Any) -> None:
        if not change["new"]:  # taken off the page; it may come back
            self._shown = False

    def _heard(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("event") == "shown":
            self._shown = True
            if self._wanted:
                self._wanted = False
                super().focus()


def watched(widget: widgets.DOMWidget) -> Any:
    """`widget`, which from now on knows whether it is on the page: what `focus` needs. To be called when it is made."""
    widget._view_count = 0
    return widget


def focus(widget: widgets.DOMWidget) -> None:
    """Put the focus on a `watched` widget as soon as it is on the page; before, the browser could not."""
    if widget._view_count:
        widget.focus()
        return

    def shown(change: Any) -> None:
        if change["new"]:
            widget.unobserve(shown, "_view_count")
            widget.focus()

    widget.observe(shown, "_view_count")

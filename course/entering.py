"""Enter in a text field, heard together with what was typed; and the cursor, put where a learner needs it.

ipywidgets tells of Enter at once, and of the text a little later: while the kernel is busy, or for a quick typist, what
it holds when Enter arrives is only the text's beginning. So the field sends its text as a whole, which the browser does
right after Enter, and this waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

SECONDS = 0.15
"""How long to wait for a text that follows; where it was sent before, when the field was left, none does."""


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's event loop; None outside of one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def on_enter(text: widgets.Text, action: Callable[[], None]) -> None:
    """Call `action` when Enter is pressed in `text`, once `text.value` is what stands in the field."""
    text.continuous_update = False
    waiting: list[asyncio.TimerHandle] = []

    def done() -> None:
        while waiting:
            waiting.pop().cancel()
        action()

    def pressed(widget: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("event") != "submit":
            return
        loop = running_loop()
        if loop is None:  # nothing else can arrive
            done()
        elif not waiting:
            waiting.append(loop.call_later(SECONDS, done))

    def changed(change: Any) -> None:
        if waiting:
            done()

    text.on_msg(pressed)
    text.observe(changed, "value")


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

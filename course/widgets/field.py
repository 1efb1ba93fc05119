"""Where an answer is given: fields that send what stands in them together with the key that submits it.

(The fields of ipywidgets tell of Enter at once, and of the text when the kernel is free to hear of it: where it is busy,
Enter comes alone. Messages of a widget's own come in order, before the press of a button that follows them, too.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import traitlets

from course.widgets.focusable import Focusable


class Field(Focusable):
    """`value` is the answer that stands there, or empty; `submitted` is called when Enter is pressed.

    The browser half sends `{event: "given", value}` when the answer has changed, `{event: "submit", value}` for Enter,
    and empties itself on `{do: "clear"}`. `value` is no state that both halves keep: sent back, an answer would undo what
    was given meanwhile.
    """

    label = traitlets.Unicode("Answer").tag(sync=True)

    def __init__(self, submitted: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self.value = ""
        self._submitted = submitted

    def clear(self) -> None:
        """Empty the field."""
        self.value = ""
        self.send({"do": "clear"})

    def _heard(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        super()._heard(widget, content, buffers)
        event = content.get("event")
        if event in ("given", "submit"):
            self.value = str(content.get("value", ""))
        if event == "submit":
            self._submitted()


class TextField(Field):
    """A line of text."""

    _esm = Path(__file__).with_name("text_field.js").read_text(encoding="utf-8")

    placeholder = traitlets.Unicode().tag(sync=True)

"""A place whose words are read aloud when they change.

A screen reader listens to a live region that is there before the words are. `ipywidgets.HTML` offers none: it brings
a new one with each text, which is often not read.
"""

from __future__ import annotations

import anywidget
import traitlets


class Spoken(anywidget.AnyWidget):
    """HTML that is announced politely; what stands in it carries no `role="status"` of its own."""

    _esm = """
    export default {
      render({ model, el }) {
        const region = document.createElement("div");
        region.setAttribute("role", "status");
        el.replaceChildren(region);
        const say = () => { region.innerHTML = model.get("value"); };
        model.on("change:value", say);
        say();
        return () => model.off("change:value", say);
      },
    };
    """

    value = traitlets.Unicode().tag(sync=True)

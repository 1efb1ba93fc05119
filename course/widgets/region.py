"""A region of a page: HTML with a role and a name, which a screen reader finds, hears, or is brought to.

`ipywidgets.HTML` has neither; and a live region that comes with its words, and not before them, is often not read.
"""

from __future__ import annotations

import traitlets

from course.widgets.focusable import Focusable


class Region(Focusable):
    """`value` is HTML without a role of its own. As "status" it is read aloud when it changes."""

    _esm = """
    function render({ model, el }) {
      const region = document.createElement("div");
      region.tabIndex = -1;
      region.style.outline = "none";
      el.replaceChildren(region);
      const say = () => {
        region.setAttribute("role", model.get("role"));
        if (model.get("label")) region.setAttribute("aria-label", model.get("label"));
        else region.removeAttribute("aria-label");
        region.innerHTML = model.get("value");
      };
      const heard = (message) => { if (message.do === "focus") region.focus(); };
      const follow = () => {
        if (model.get("follows") && model.get("value")) region.scrollIntoView({ block: "nearest" });
      };
      model.on("change", say);
      model.on("change:value", follow);
      model.on("msg:custom", heard);
      say();
      model.send({ event: "shown" });
      return () => {
        model.off("change", say);
        model.off("change:value", follow);
        model.off("msg:custom", heard);
      };
    }
    export default { render };
    """

    value = traitlets.Unicode().tag(sync=True)
    follows = traitlets.Bool(False).tag(sync=True)
    """Whether the page scrolls, as little as it must, to show a new text."""
    role = traitlets.Unicode("status").tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

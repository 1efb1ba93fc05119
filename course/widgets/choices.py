"""A field for one of several options: radio buttons in one group, where arrows choose and Enter submits.

(The radio buttons of ipywidgets stand each for itself: arrows do nothing there, and a screen reader hears no group.)
"""

from __future__ import annotations

from pathlib import Path

import traitlets

from course.widgets.field import Field


class Choices(Field):
    """`value` is the chosen option's text."""

    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

    options = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def ask(self, options: list[str]) -> None:
        """Offer these options, with none of them chosen."""
        self.options = options
        self.clear()

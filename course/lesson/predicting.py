"""A question before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipywidgets import RadioButtons


def predict(*options: str) -> RadioButtons:
    """Options to pick from before you run what follows. Nothing is recorded, and nothing waits for you."""
    from ipywidgets import RadioButtons

    return RadioButtons(options=options, value=None, description="I predict:", layout={"width": "max-content"})

"""Pictures and players, one a file; the browser half of each is the plain `.js` beside it.

    from course.views import whisper, spectrum_explorer, shown

    whisper(phi="sigmoid", depth=20)          # the last expression of a cell: a player
    spectrum_explorer(sigma_w=1.0)            # sliders, recomputed in JAX
    shown(figure, alt="…")                    # a matplotlib figure with its alt text

Importing this package imports neither matplotlib nor JAX: a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.views.bending_player import bending
    from course.views.field_player import field_grower
    from course.views.forward_player import forward_steps
    from course.views.kernel_player import kernel_slide
    from course.views.norm_axes_player import norm_axes
    from course.views.norm_training_player import norm_training
    from course.views.player import Bars, Grid, Labels, Lines, Panel, Player, Points
    from course.views.spectrum import SpectrumExplorer, spectrum_explorer
    from course.views.stack import LayerStack, layer_stack
    from course.views.static import shown
    from course.views.tent_player import tent_composer
    from course.views.whisper_player import whisper

_HOMES = {
    "Bars": "player",
    "Grid": "player",
    "Labels": "player",
    "LayerStack": "stack",
    "Lines": "player",
    "Panel": "player",
    "Player": "player",
    "Points": "player",
    "SpectrumExplorer": "spectrum",
    "spectrum_explorer": "spectrum",
    "bending": "bending_player",
    "field_grower": "field_player",
    "forward_steps": "forward_player",
    "kernel_slide": "kernel_player",
    "layer_stack": "stack",
    "norm_axes": "norm_axes_player",
    "norm_training": "norm_training_player",
    "shown": "static",
    "tent_composer": "tent_player",
    "whisper": "whisper_player",
}

__all__ = [
    "Bars",
    "Grid",
    "Labels",
    "LayerStack",
    "Lines",
    "Panel",
    "Player",
    "Points",
    "SpectrumExplorer",
    "bending",
    "field_grower",
    "forward_steps",
    "kernel_slide",
    "layer_stack",
    "norm_axes",
    "norm_training",
    "shown",
    "spectrum_explorer",
    "tent_composer",
    "whisper",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"course.views has no view named {name!r}; it has {', '.join(__all__)}.")
    home = import_module(f"course.views.{_HOMES[name]}")
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

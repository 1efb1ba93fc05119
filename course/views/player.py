"""A trajectory player: data with a leading frame axis, sent to the browser once and played there.

    from course.views import Bars, Grid, Labels, Lines, Panel, Player, Points

    norms = ...                                            # (T, L): frame first
    Player(
        [Panel([Bars(layers, norms, label="‖δ‖")], title="The message", xlabel="layer ℓ", ylabel="norm", yscale="log")],
        frames=[f"δ reaches layer {l}" for l in layers],   # T labels
        title="A whisper", alt="What the picture shows, in a sentence.", takeaway="What to remember.",
    )

Marks: `Bars`, `Points`, `Lines`, `Grid` (heat map), `Labels` (text). Every array of a mark either has the
leading frame axis T, or lacks it and then stands still. NaN is drawn as nothing (in a `Grid`, as a grey
cell). `Player.figure()` is the static form: some frames, one below the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from course.views import static
from course.views.drawing import draw_panel
from course.views.marks import Bars, Grid, Labels, Lines, Panel, Points
from course.views.trajectory import Buffer, panel_spec
from course.views.view import View, browser_half

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Bars", "Grid", "Labels", "Lines", "Panel", "Player", "Points"]


class Player(View):
    """Plays a trajectory: ⏮ ◀ ▶ ⏭, a step at a time or at 0.25× to 4×, zoom, keyboard, without the kernel.

    panels: what is drawn. frames: the label of each of the T frames. times: what `t_label` = … reads at each
    frame, by default 0, 1, 2 …  descriptions: a sentence per frame, shown below the picture and read aloud.
    tween: glide between frames while playing (never for a reader who asked for less motion).
    Raises ValueError, naming the mark and the array, when shapes do not fit.
    """

    _esm = browser_half("axes.js", "player.js")

    spec = traitlets.Dict().tag(sync=True)
    """Everything but the numbers: panels, marks, labels, and where each array lies in `data`."""
    data = traitlets.Bytes().tag(sync=True)
    """All arrays one after another, float32, little-endian."""

    def __init__(
        self,
        panels: Sequence[Panel],
        frames: Sequence[str],
        *,
        title: str,
        alt: str,
        takeaway: str = "",
        t_label: str = "t",
        times: Sequence[float] | None = None,
        descriptions: Sequence[str] | None = None,
        tween: bool = True,
        seconds_per_frame: float = 0.6,
    ) -> None:
        if not (title.strip() and alt.strip()):
            raise ValueError("A player needs a title, and alt text: a sentence that says what the picture shows.")
        self.panels, self.frames = list(panels), [str(frame) for frame in frames]
        self.title, self.takeaway, self._alt = title, takeaway, alt
        count = len(self.frames)
        if count == 0:
            raise ValueError("A player needs at least one frame: give `frames` a label for each.")
        for name, values in (("times", times), ("descriptions", descriptions)):
            if values is not None and len(values) != count:
                raise ValueError(f"`{name}` has {len(values)} entries, but there are {count} frames: give one a frame.")
        self.times = [float(t) for t in (range(count) if times is None else times)]
        self.t_label = t_label
        buffer = Buffer(count)
        spec = {
            "title": title,
            "alt": alt,
            "takeaway": takeaway,
            "t": t_label,
            "times": self.times,
            "frames": self.frames,
            "descriptions": list(descriptions or self.frames),
            "tween": tween,
            "seconds": float(seconds_per_frame),
            "panels": [panel_spec(panel, buffer) for panel in self.panels],
        }
        super().__init__(spec=spec, data=buffer.bytes())

    @property
    def alt(self) -> str:
        return self._alt

    def arrays(self) -> list[list[dict[str, np.ndarray]]]:
        """The trajectory as the browser reads it: for each panel and mark, its arrays by name, frame first, float32."""
        flat = np.frombuffer(self.data, "<f4")

        def read(reference: dict[str, Any]) -> np.ndarray:
            start, shape = reference["at"], reference["shape"]
            return flat[start : start + math.prod(shape)].reshape(shape)

        return [
            [{name: read(reference) for name, reference in mark["arrays"].items()} for mark in panel["marks"]]
            for panel in self.spec["panels"]
        ]

    def figure(self, frames: Sequence[int] | None = None) -> Figure:
        """The static form: one row of panels for each of `frames` (by default first, middle and last)."""
        last = len(self.frames) - 1
        chosen = sorted({0, last // 2, last}) if frames is None else [range(last + 1)[k] for k in frames]
        from matplotlib.figure import Figure

        width = 5.2 * sum(panel.weight for panel in self.panels)
        drawing = Figure(figsize=(min(width, 13), 2.6 * len(chosen) + 0.6), layout="constrained")
        drawing.suptitle(self.title, fontweight="bold")
        axes = drawing.subplots(
            len(chosen), len(self.panels), squeeze=False, width_ratios=[panel.weight for panel in self.panels]
        )
        for row, frame in zip(axes, chosen, strict=True):
            for ax, panel, spec, arrays in zip(row, self.panels, self.spec["panels"], self.arrays(), strict=True):
                draw_panel(ax, panel, spec, arrays, frame)
            row[0].annotate(
                f"{self.t_label} = {self.times[frame]:g}: {self.frames[frame]}",
                (0, 1), (0, 22), xycoords="axes fraction", textcoords="offset points", fontsize=10,
            )  # fmt: skip
        told = (f"{self.t_label} = {self.times[k]:g}: {self.spec['descriptions'][k].rstrip('.')}" for k in chosen)
        return static.with_alt(drawing, f"{self.alt} Shown at {'; '.join(told)}.")

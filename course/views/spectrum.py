"""The spectrum explorer: all singular values of J^ℓ … J^1 against depth ℓ, live.

    from course.views import spectrum_explorer

    explorer = spectrum_explorer(depth=32, sigma_w=1.0, phi="tanh", init="gaussian", norm="none", residual=False, seed=0)
    explorer                          # the last expression of a cell: the sliders
    explorer.log_sigma                # float64 (64, 64): log10 σ, depth first, largest first; NaN where unknown
    explorer.words                    # what the picture says at the chosen depth, as text
    explorer.sigma_w = 1.5            # from Python: the browser follows
    shown(explorer.figure())          # its static form

The numbers come from `course.nets.spectrum.spectrum`.

How the browser asks: {"seq": …, "depth": …, "sigma_w": …, "phi": …, "init": …, "norm": …, "residual": …, "seed": …} as
a custom message, one at a time, always the latest. How it is answered: one update of `answer` and `curves`, where
answer["seq"] is the question's, so that the browser knows which question the picture answers. It marks the time
from the reader's input to the painted answer as a performance measure named "isometry:redraw".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from course.nets.spectrum import BATCH, INIT_NAMES, MAX_DEPTH, NORMS, PHIS, RESOLUTION, WIDTH, spectrum
from course.views import static
from course.views.drawing import PALETTE
from course.views.view import View, browser_half
from course.views.words import power

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGMA_W = (0.2, 3.0)
"""The range of the weight-scale slider."""

SETTINGS = ("depth", "sigma_w", "phi", "init", "norm", "residual", "seed")
NORM_NAMES = {"none": "no norm", "batch": "BatchNorm", "layer": "LayerNorm", "rms": "RMSNorm"}
NOTES = {
    "batch": f"BatchNorm: the input is one of {BATCH} examples; the statistics of this batch are held fixed "
    "while it moves, as in use. "
    "(In training, gradients flow through them too.)"
}
"""What a reader has to know of a norm beside the picture."""


class SpectrumExplorer(View):
    """Sliders for depth, σ_w, activation, initialisation and residual; every move is recomputed in JAX."""

    _esm = browser_half("axes.js", "spectrum.js")

    depth = traitlets.Int(32, min=1, max=MAX_DEPTH, help="The depth L up to which the picture goes.")
    sigma_w = traitlets.Float(1.0, min=SIGMA_W[0], max=SIGMA_W[1], help="The weights' scale: variance σ_w² / fan-in.")
    phi = traitlets.Enum(PHIS, "tanh", help="The activation function.")
    init = traitlets.Enum(INIT_NAMES, "gaussian", help="How the weights are drawn.")
    norm = traitlets.Enum(NORMS, "none", help="What stands between W h and the activation.")
    residual = traitlets.Bool(False, help="Whether a layer is h + φ(Wh) instead of φ(Wh).")
    seed = traitlets.Int(0, min=0, help="Which random net.")

    ranges = traitlets.Dict().tag(sync=True)
    """What the controls offer, and the resolution (as log10) below which a value is unknown."""
    answer = traitlets.Dict().tag(sync=True)
    """The question's seq, the settings, and what the picture says: words and alt."""
    curves = traitlets.Bytes().tag(sync=True)
    """`log_sigma` as float32, little-endian, depth first."""

    def __init__(self, **settings: Any) -> None:
        self._taking = True  # no recomputing while the settings come in
        super().__init__(
            ranges={
                "depth": [1, MAX_DEPTH],
                "sigma_w": list(SIGMA_W),
                "phi": list(PHIS),
                "init": list(INIT_NAMES),
                "norm": list(NORMS),
                "notes": NOTES,
                "width": WIDTH,
                "resolution": float(np.log10(RESOLUTION)),
            },
            **settings,
        )
        self._taking = False
        self.recompute()
        self.observe(lambda _: None if self._taking else self.recompute(), SETTINGS)
        self.on_msg(lambda _widget, content, _buffers: self.handle(content))

    def handle(self, question: dict[str, Any]) -> None:
        """Take the settings of a question from the browser and answer it, once."""
        self._taking = True
        try:
            for name in SETTINGS:
                if name in question:
                    setattr(self, name, question[name])
        finally:
            self._taking = False
        self.recompute(question.get("seq"))

    def recompute(self, seq: Any = None) -> None:
        """Compute the spectrum of the present settings and send it as the answer to `seq`."""
        self.log_sigma = spectrum(self.phi, self.init, self.sigma_w, self.residual, self.seed, self.norm)
        with self.hold_sync():  # one message: the picture and its words never disagree
            self.curves = self.log_sigma.astype("<f4").tobytes()
            settings = {name: getattr(self, name) for name in SETTINGS}
            self.answer = {"seq": seq, "settings": settings, "words": self.words, "alt": self.alt}

    @property
    def net(self) -> str:
        """The net in a few words."""
        norm = f", {NORM_NAMES[self.norm]}" if self.norm != "none" else ""
        residual = ", residual" if self.residual else ""
        return f"{self.phi}, {self.init} weights, σ_w = {self.sigma_w:.2f}{norm}{residual}"

    @property
    def words(self) -> str:
        """What the picture says at the chosen depth."""
        log_sigma = self.log_sigma[self.depth - 1]
        largest, median, smallest = (float(v) for v in (log_sigma[0], middle(log_sigma), log_sigma[-1]))
        if np.isnan(largest):
            return f"Depth {self.depth}: every singular value is 0; nothing of the input arrives."
        floor = largest + np.log10(RESOLUTION)
        near = int(np.sum(np.abs(log_sigma) <= np.log10(2)))

        def say(value: float) -> str:
            return f"unknown (below {power(floor)})" if np.isnan(value) else power(value)

        known = not np.isnan(smallest)
        condition = power(largest - smallest) if known else f"above {power(-np.log10(RESOLUTION))}"
        return (
            f"Depth {self.depth}: the largest of {len(log_sigma)} singular values is {power(largest)}, the median "
            f"{say(median)}, the smallest {say(smallest)}. Condition number: {condition}. "
            f"Within a factor of 2 of an isometry: {near} of {len(log_sigma)}."
        )

    @property
    def alt(self) -> str:
        return (
            f"Singular values of the product of the first ℓ layer Jacobians against depth ℓ = 0 to {self.depth}, on a "
            f"logarithmic axis, for one random net ({self.net}). All start at 1, the isometry line. {self.words}"
            f"{' ' + NOTES[self.norm] if self.norm in NOTES else ''}"
        )

    def figure(self) -> Figure:
        """The picture at the present settings, with matplotlib."""
        from matplotlib.figure import Figure

        depth = np.arange(self.depth + 1)
        log_sigma = np.vstack([np.zeros((1, WIDTH)), self.log_sigma[: self.depth]])  # no layer yet: the identity
        drawing = Figure(figsize=(8, 4.2), layout="constrained")
        ax = drawing.subplots()
        ax.plot(depth, log_sigma, color="0.6", linewidth=0.6)
        floor = log_sigma[:, 0] + np.log10(RESOLUTION)
        low, high = limits(log_sigma, floor)
        ax.fill_between(depth, floor, low, where=np.isnan(log_sigma[:, -1]), facecolor="none", edgecolor="0.6",
                        hatch="///", linewidth=0, label="unknown: below what float64 resolves")  # fmt: skip
        ax.plot(depth, log_sigma[:, 0], color=PALETTE[0], linewidth=2.4, label="largest")
        ax.plot(depth, middle(log_sigma), color=PALETTE[3], linewidth=2.4, linestyle="--", label="median")
        ax.plot(depth, log_sigma[:, -1], color=PALETTE[2], linewidth=2.4, linestyle=":", label="smallest")
        ax.axhline(0, color="black", linewidth=1, linestyle="-.", label="σ = 1: isometry")
        ax.set(xlabel="depth ℓ", ylabel="singular value σ of J^ℓ … J^1", title=f"Spectrum of the product: {self.net}")
        ax.set(xlim=(0, self.depth), ylim=(low, high))
        ax.yaxis.set_major_formatter(lambda v, _: f"$10^{{{v:g}}}$")
        ax.locator_params(axis="x", integer=True)
        ax.legend(fontsize=8, loc="best")
        return static.with_alt(drawing, self.alt)


def middle(log_sigma: np.ndarray) -> np.ndarray | np.float64:
    """The median along the last axis of values sorted downwards; NaN where one of the two in the middle is unknown."""
    half = log_sigma.shape[-1] // 2
    return 0.5 * (log_sigma[..., half - 1] + log_sigma[..., half])


def limits(log_sigma: np.ndarray, floor: np.ndarray) -> tuple[float, float]:
    """Limits of the σ axis: all that is known, the line σ = 1, and some of what is unknown where there is any."""
    low, high = min(0.0, float(np.nanmin(log_sigma))), max(0.0, float(np.nanmax(log_sigma)))
    unknown = np.isnan(log_sigma[:, -1]) & np.isfinite(floor)
    if unknown.any():
        low = min(low, float(floor[unknown].min()) - 0.1 * (high - low))
    room = max(0.25, 0.04 * (high - low))
    return low - room, high + room


def spectrum_explorer(
    depth: int = 32,
    sigma_w: float = 1.0,
    phi: str = "tanh",
    init: str = "gaussian",
    residual: bool = False,
    seed: int = 0,
    norm: str = "none",
) -> SpectrumExplorer:
    """The explorer at these first settings; traitlets' TraitError where one lies outside what it offers."""
    return SpectrumExplorer(depth=depth, sigma_w=sigma_w, phi=phi, init=init, residual=residual, seed=seed, norm=norm)

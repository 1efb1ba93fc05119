"""A stack of layers to edit, with what it costs: parameters, output shapes, multiply-adds, receptive fields, live.

    from course.views import layer_stack

    stack = layer_stack("LeNet-5")                 # the last expression of a cell: a form
    layer_stack((3, 32, 32), [Conv(64, 3, padding=1)])
    stack.layers                                   # the layers as they stand now, as `course.nets.counts` has them
    stack.total                                    # their `Count`; None where a layer does not fit
    stack.words                                    # what the form says, as text
    shown(stack.figure())                          # its static form

Everything that is counted comes from `course.nets.counts.count`.

How the browser asks: {"seq": …, "shape": […], "layers": [{"kind": …, …}, …]} as a custom message, one at a time, always
the latest; how it is answered: one update of `answer`, where answer["seq"] is the question's. The time from the reader's
input to the painted answer is marked as a performance measure named "isometry:redraw".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from course.nets.counts import (
    Activation,
    AdaptivePool,
    Conv,
    Count,
    Dense,
    DescriptionError,
    Flatten,
    Layer,
    Norm,
    Pool,
    Shape,
    count,
    depthwise_separable,
    show,
)
from course.nets.published import PUBLISHED
from course.views import static
from course.views.drawing import PALETTE
from course.views.view import View, browser_half

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = dict[str, Any]
"""A layer as the form holds it: its kind, and a whole number for each of the kind's settings."""

KINDS: dict[str, dict[str, int]] = {
    "conv": {"channels": 16, "kernel": 3, "stride": 1, "padding": 0},
    "depthwise": {"kernel": 3, "stride": 1, "padding": 1},
    "max pool": {"kernel": 2, "stride": 2},
    "average pool": {"kernel": 2, "stride": 2},
    "pool to": {"size": 1},
    "batch norm": {},
    "relu": {},
    "tanh": {},
    "flatten": {},
    "dense": {"units": 10},
}
"""What the form offers, with the settings of each and what they are at first."""
LEAST = {"padding": 0}
MOST = {"channels": 4096, "units": 10_000, "kernel": 64, "stride": 32, "padding": 32, "size": 64}
MOST_LAYERS = 60

PRESETS: dict[str, tuple[Shape, tuple[Layer, ...]]] = {
    "dense, 100 units": ((3, 32, 32), (Flatten(), Dense(100))),
    "conv, 64 kernels of 3×3": ((3, 32, 32), (Conv(64, 3, padding=1),)),
    "depthwise separable": ((3, 32, 32), depthwise_separable(3, 64, padding=1)),
    **{name: PUBLISHED[name].description for name in ("LeNet-5", "AlexNet", "VGG-16")},
}
"""Stacks to start from: the worked example's two layers, and networks that were published."""


class LayerStack(View):
    """A form with a row for each layer; every change is counted by `course.nets.counts`."""

    _esm = browser_half("axes.js", "stack.js")

    offer = traitlets.Dict().tag(sync=True)
    """Kinds with their settings, limits, and the presets."""
    answer = traitlets.Dict().tag(sync=True)
    """The question's seq, the stack, a row of counts a layer, the totals as text, and what the form says."""

    def __init__(self, shape: Sequence[int], layers: Sequence[Layer]) -> None:
        presets = [{"name": name, **_stack(*preset)} for name, preset in PRESETS.items()]
        super().__init__(
            offer={"kinds": KINDS, "least": LEAST, "most": MOST, "most_layers": MOST_LAYERS, "presets": presets}
        )
        self._take(**_stack(shape, layers))
        self.on_msg(lambda _widget, content, _buffers: self.handle(content))

    def handle(self, question: dict[str, Any]) -> None:
        """Take the stack of a question from the browser and answer it, once."""
        self._take(question["shape"], question["layers"], question.get("seq"))

    def _take(self, shape: Sequence[int], layers: Sequence[Entry], seq: Any = None) -> None:
        self.shape, self.entries = tuple(int(n) for n in shape), [_checked(entry) for entry in layers]
        self.total: Count | None
        self.error, self.rows = None, []
        try:
            self.layers = _described(self.shape, self.entries)
            self.total = count(self.shape, self.layers)
            self.rows = list(self.total.rows)
        except DescriptionError as error:
            self.total, self.error = None, str(error)
            self.rows = _as_far_as_it_goes(self.shape, self.entries)
        rows = [
            {
                "shape": show(row.shape),
                "parameters": row.parameters,
                "multiply_adds": row.multiply_adds,
                "field": show(row.field) if row.field else "–",
            }
            for row in self.rows
        ]
        self.answer = {
            "seq": seq,
            "stack": {"shape": list(self.shape), "layers": self.entries},
            "rows": rows,
            "error": self.error,
            "words": self.words,
            "alt": self.alt,
        }

    @property
    def words(self) -> str:
        """What the form says of the whole stack."""
        if self.total is None:
            return f"{self.error}"
        total = self.total
        if not total.rows:
            return "There is no layer yet: add one."
        field = (
            f" One output sees {show(total.field)} of the input's {show(self.shape[1:])} positions."
            if total.field
            else ""
        )
        return (
            f"{total.parameters:,} parameters, {total.multiply_adds:,} multiply-adds, {total.rows[-1].outputs:,} outputs "
            f"({show(total.shape)}).{field}"
        )

    @property
    def alt(self) -> str:
        named = "; ".join(f"{row.label}: {show(row.shape)}, {row.parameters:,} parameters" for row in self.rows)
        return f"A stack of {len(self.entries)} layers on an input of {show(self.shape)}. {named}. {self.words}"

    def figure(self) -> Figure:
        """The stack as it stands: parameters and multiply-adds as bars, a row a layer, with matplotlib."""
        from matplotlib.figure import Figure

        rows = self.rows
        drawing = Figure(figsize=(9.5, 1.4 + 0.3 * max(1, len(rows))), layout="constrained")
        left, right = drawing.subplots(1, 2, sharey=True)
        names = [f"{row.label}  →  {show(row.shape)}" for row in rows]
        where = list(range(len(rows)))
        for ax, what, colour in ((left, "parameters", 0), (right, "multiply_adds", 3)):
            values = [getattr(row, what) for row in rows]
            ax.barh(where, values, color=PALETTE[colour])
            for place, value in zip(where, values, strict=True):
                ax.annotate(f" {value:,}", (value, place), va="center", fontsize=8)
            name = what.replace("_", "-")
            ax.set(title=f"{sum(values):,} {name}", xlabel=name, xlim=(0, 1.35 * max([1, *values])))
            ax.get_xaxis().get_major_locator().set_params(nbins=4)
        left.set_yticks(where, names, fontsize=8)
        left.invert_yaxis()
        left.set_ylabel("layer and the shape it puts out")
        drawing.suptitle(f"Input {show(self.shape)}" + (f"; {self.error}" if self.error else ""), fontsize=10)
        return static.with_alt(drawing, self.alt)


def layer_stack(stack: str | Sequence[int] = "LeNet-5", layers: Sequence[Layer] | None = None) -> LayerStack:
    """The form, beginning with a preset by name, or with an input shape and layers of `course.nets.counts`.

    Raises ValueError where there is no such preset, or a layer is of a kind that the form does not hold.
    """
    if isinstance(stack, str):
        if stack not in PRESETS:
            raise ValueError(f"There is no stack named {stack!r}: choose one of {', '.join(PRESETS)}.")
        if layers is not None:
            raise ValueError("Give a preset's name, or an input shape and layers, not both.")
        return LayerStack(*PRESETS[stack])
    return LayerStack(stack, () if layers is None else layers)


def _stack(shape: Sequence[int], layers: Sequence[Layer]) -> dict[str, Any]:
    return {"shape": list(shape), "layers": [_entry(layer) for layer in layers]}


def _entry(layer: Layer) -> Entry:
    """A described layer as an entry of the form."""
    match layer:
        case Conv(groups=1, bias=True, table=None):
            entry = {"kind": "conv", "channels": layer.channels, **_window(layer)}
        case Conv(groups=groups, bias=True, table=None) if groups == layer.channels:
            entry = {"kind": "depthwise", **_window(layer)}
        case Pool(learned=False, padding=0):
            stride = layer.kernel if layer.stride is None else layer.stride
            entry = {"kind": f"{layer.kind} pool", "kernel": layer.kernel, "stride": stride}
        case AdaptivePool(size, "average"):
            entry = {"kind": "pool to", "size": size}
        case Norm("batch", True):
            entry = {"kind": "batch norm"}
        case Activation("relu" | "tanh" as name):
            entry = {"kind": name}
        case Flatten():
            entry = {"kind": "flatten"}
        case Dense(units, True):
            entry = {"kind": "dense", "units": units}
        case _:
            raise ValueError(f"The form does not hold a layer such as {layer!r}: use `count` for it.")
    return _checked(entry)


def _window(layer: Conv) -> Entry:
    return {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}


def _checked(entry: Entry) -> Entry:
    """An entry with whole numbers for all settings of its kind."""
    kind = entry.get("kind")
    if kind not in KINDS:
        raise ValueError(f"There is no layer of kind {kind!r}: choose one of {', '.join(KINDS)}.")
    checked: Entry = {"kind": kind}
    for name, first in KINDS[kind].items():
        value = entry.get(name, first)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"The {name} of a layer in the form is a whole number, and {value!r} is none.")
        checked[name] = value
    return checked


def _described(shape: Shape, entries: Sequence[Entry]) -> tuple[Layer, ...]:
    """The entries as layers; a depthwise one takes as many channels as reach it, so those below it are counted first."""
    layers: tuple[Layer, ...] = ()
    for entry in entries:
        layers += (_layer(entry, count(shape, layers).shape[0] if entry["kind"] == "depthwise" else 0),)
    return layers


def _layer(entry: Entry, channels: int) -> Layer:
    match entry["kind"]:
        case "conv":
            return Conv(entry["channels"], entry["kernel"], entry["stride"], entry["padding"])
        case "depthwise":
            return Conv(channels, entry["kernel"], entry["stride"], entry["padding"], groups=channels)
        case "max pool" | "average pool":
            return Pool(entry["kernel"], entry["stride"], kind=entry["kind"].split()[0])
        case "pool to":
            return AdaptivePool(entry["size"])
        case "batch norm":
            return Norm("batch")
        case "relu" | "tanh":
            return Activation(entry["kind"])
        case "flatten":
            return Flatten()
    return Dense(entry["units"])


def _as_far_as_it_goes(shape: Shape, entries: Sequence[Entry]) -> list[Any]:
    """The rows below the first layer that does not fit."""
    rows: list[Any] = []
    for stop in range(1, len(entries) + 1):
        try:
            rows = list(count(shape, _described(shape, entries[:stop])).rows)
        except DescriptionError:
            break
    return rows

"""A network as data: what each kind of layer is, and blocks made of them. `counts` counts what a description costs,
`build` runs it. Plain Python: importing this starts nothing.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Literal

from autograder.errors import IsometryError

Shape = tuple[int, ...]

Each = int | tuple[int, ...]
"""One number for every spatial axis, or one for each."""

Padding = int | tuple[int, ...] | Literal["valid", "same", "circular"]
"""Zeros added on *each* side of an axis; or "valid" (none), "same" (zeros so that the output has ⌈n/stride⌉ entries,
the odd one after the end, as in JAX and TensorFlow), "circular" (as many as "same", but the axis wraps around)."""


class DescriptionError(IsometryError, ValueError):
    """A description that no network fits; its text is one sentence, which names the layer and says what is wrong.

    `layer` is the place of that layer, such as "3" or "2.1" in a residual block; None as long as the text names none.
    """

    def __init__(self, text: str, *, layer: str | None = None) -> None:
        super().__init__(text)
        self.layer = layer


@dataclass(frozen=True)
class Dense:
    """z = W h + b with W of shape (units, d_in): units · d_in weights and units biases."""

    units: int
    bias: bool = True


@dataclass(frozen=True)
class Conv:
    """A convolution: weights of shape (channels, c_in/groups, *kernel), and one bias for each output channel.

    `groups` cuts the input and output channels into as many parts that do not see each other; groups = c_in is a
    depthwise convolution. `table` instead lists, for each output channel, the input channels it sees (C3 of LeNet-5).
    """

    channels: int
    kernel: Each
    stride: Each = 1
    padding: Padding = 0
    _: KW_ONLY
    groups: int = 1
    bias: bool = True
    table: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True)
class Norm:
    """Batch, layer or RMS normalization, with a learned scale γ and (not for RMS) shift β unless `affine` is off.

    "batch" has one γ and one β for each channel (and a running mean and variance, which are `buffers`: kept, never
    learned). "layer" and "rms" have one for each entry of an example.
    """

    kind: Literal["batch", "layer", "rms"]
    affine: bool = True


@dataclass(frozen=True)
class Pool:
    """The maximum or average of each window; `stride` is the kernel unless said. It has no parameters.

    `learned` is LeCun's subsampling of 1998: the window's sum times one coefficient, plus one bias, for each channel.
    """

    kernel: Each
    stride: Each | None = None
    padding: int | tuple[int, ...] = 0
    kind: Literal["max", "average"] = "max"
    learned: bool = False


@dataclass(frozen=True)
class AdaptivePool:
    """Pooling by windows cut to size: `size` equal ones along every spatial axis (1: global pooling)."""

    size: Each = 1
    kind: Literal["max", "average"] = "average"


@dataclass(frozen=True)
class Flatten:
    """(channels, *spatial) as one vector, channel by channel."""


@dataclass(frozen=True)
class Activation:
    """φ, entry by entry. It has no parameters."""

    name: str = "relu"


@dataclass(frozen=True)
class RBF:
    """The squared distances ‖h − w_i‖² to `units` fixed codes w_i (LeNet-5's output in 1998): nothing is learned."""

    units: int


@dataclass(frozen=True)
class Residual:
    """body(h) + skip(h); an empty `skip` is the identity. Both must end in the same shape."""

    body: tuple[Layer, ...]
    skip: tuple[Layer, ...] = ()


Layer = Dense | Conv | Norm | Pool | AdaptivePool | Flatten | Activation | RBF | Residual


def residual_bottleneck(channels: int, out: int, stride: int = 1, project: bool = False) -> tuple[Layer, ...]:
    """ResNet's bottleneck: 1×1 to `channels`, 3×3 with the stride, 1×1 to `out`, each with a batch norm; then ReLU.

    `project` puts a strided 1×1 convolution and a batch norm on the skip, where shapes would differ otherwise
    (He et al. 2016; the stride on the 3×3 as torchvision has it).
    """
    body = (
        Conv(channels, 1, bias=False),
        Norm("batch"),
        Activation("relu"),
        Conv(channels, 3, stride, 1, bias=False),
        Norm("batch"),
        Activation("relu"),
        Conv(out, 1, bias=False),
        Norm("batch"),
    )
    skip = (Conv(out, 1, stride, bias=False), Norm("batch")) if project else ()
    return (Residual(body, skip), Activation("relu"))


def residual_basic(channels: int, stride: int = 1, project: bool = False) -> tuple[Layer, ...]:
    """ResNet's basic block: two 3×3 convolutions of `channels`, each with a batch norm, beside the skip; then ReLU."""
    body = (
        Conv(channels, 3, stride, 1, bias=False),
        Norm("batch"),
        Activation("relu"),
        Conv(channels, 3, 1, 1, bias=False),
        Norm("batch"),
    )
    skip = (Conv(channels, 1, stride, bias=False), Norm("batch")) if project else ()
    return (Residual(body, skip), Activation("relu"))


def depthwise_separable(
    c_in: int, channels: int, kernel: Each = 3, stride: Each = 1, padding: Padding = "same", bias: bool = True
) -> tuple[Layer, ...]:
    """A convolution in two: each channel by itself (`kernel`), then a 1×1 that mixes them (Howard et al. 2017)."""
    return (Conv(c_in, kernel, stride, padding, groups=c_in, bias=bias), Conv(channels, 1, bias=bias))


def each(value: Each, axes: int, what: str) -> Shape:
    """One number for each spatial axis, from one for all or from a tuple."""
    if isinstance(value, Integral):
        return (int(value),) * axes
    if not isinstance(value, tuple | list):
        raise DescriptionError(f"Its {what} {value} is no whole number, and no tuple of them.")
    if len(value) != axes:
        raise DescriptionError(f"Its {what} {value} has {len(value)} entries for {axes} spatial axes: give one each.")
    return tuple(value)


def show(shape: Shape) -> str:
    """(64, 7, 7) as "64×7×7"."""
    return "×".join(map(str, shape))


def label(layer: Layer) -> str:
    """A layer in a few words, as in "conv 3×3, 64, stride 2"."""

    def window(kernel: Each) -> str:
        return show(kernel) if isinstance(kernel, tuple) else f"{kernel}×{kernel}"

    match layer:
        case Dense(units):
            return f"dense {units}"
        case RBF(units):
            return f"RBF {units}"
        case Conv():
            stride = "" if layer.stride == 1 else f", stride {layer.stride}"
            groups = "" if layer.groups == 1 else f", {layer.groups} groups"
            return f"conv {window(layer.kernel)}, {layer.channels}{stride}{groups}"
        case Pool():
            return f"{layer.kind} pool {window(layer.kernel)}"
        case AdaptivePool():
            return f"{layer.kind} pool to {window(layer.size)}"
        case Norm(kind):
            return f"{kind} norm" if kind != "rms" else "RMS norm"
        case Flatten():
            return "flatten"
        case Activation(name):
            return name
        case Residual():
            return "residual block"
    return type(layer).__name__

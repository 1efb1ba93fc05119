"""What a stack of layers costs: parameters, shapes, multiply-adds and receptive fields, from a description alone.

A network is described as data, layer by layer, and nothing is built:

    lenet = (Conv(6, 5), Activation("tanh"), Pool(2), Flatten(), Dense(10))
    table = count((1, 32, 32), lenet)
    table.parameters, table.multiply_adds, table.shape, [row.shape for row in table.rows]

A shape is (channels, *spatial): (1, 16000) for a waveform, (3, 224, 224) for an image; or (features,) for a vector.
A kernel, stride or padding given as one number is meant for every spatial axis. `build` turns the same description
into parameters and runs it; `published` holds famous ones. Plain Python: importing this starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, prod
from numbers import Integral
from typing import NamedTuple

from course.nets.describe import (
    RBF,
    Activation,
    AdaptivePool,
    Conv,
    Dense,
    DescriptionError,
    Each,
    Flatten,
    Layer,
    Norm,
    Padding,
    Pool,
    Residual,
    Shape,
    depthwise_separable,
    each,
    label,
    residual_basic,
    residual_bottleneck,
    show,
)

__all__ = [
    "RBF",
    "Activation",
    "AdaptivePool",
    "Conv",
    "Dense",
    "DescriptionError",
    "Each",
    "Flatten",
    "Layer",
    "Norm",
    "Padding",
    "Pool",
    "Residual",
    "Shape",
    "depthwise_separable",
    "each",
    "label",
    "residual_basic",
    "residual_bottleneck",
    "show",
    "Count",
    "Row",
    "count",
    "output_size",
    "pads",
]


class Row(NamedTuple):
    """What one layer of a description costs."""

    layer: Layer
    label: str
    """The layer in a few words, as in "conv 5×5, 16"."""
    shape_in: Shape
    shape: Shape
    """Of its output."""
    parameters: int
    """Learned numbers, biases included."""
    buffers: int
    """Numbers it keeps without learning them: running statistics, fixed codes."""
    multiply_adds: int
    """Products of a weight with an input, for one example. Biases, norms, activations and plain pooling count
    nothing, as is usual; one multiply-add is two FLOPs."""
    field: Shape
    """Receptive field along each spatial axis: how many input positions one output can depend on, borders aside.
    After a `Dense` it is what the layer sees of the input; empty where the input has no spatial axis."""
    jump: Shape
    """How many input positions apart two neighbouring outputs look; empty once there are no spatial axes."""
    branches: tuple[tuple[Row, ...], tuple[Row, ...]] | None = None
    """The rows of body and skip, for a `Residual`; its own numbers are their sums."""

    @property
    def outputs(self) -> int:
        """How many numbers the layer hands on."""
        return prod(self.shape)


class Count(NamedTuple):
    """A description, costed."""

    rows: tuple[Row, ...]
    shape: Shape
    """Of the last layer's output."""
    parameters: int
    buffers: int
    multiply_adds: int
    field: Shape
    jump: Shape

    def leaves(self) -> Iterator[Row]:
        """Every row, those inside a residual block in its place."""
        return _leaves(self.rows)


def output_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """⌊(n + 2·padding − kernel)/stride⌋ + 1: at how many places a window fits on n positions.

    Raises
    ------
    DescriptionError
        Where it fits nowhere, or a number makes no sense.
    """
    _positive(kernel, "kernel")
    _positive(stride, "stride")
    if padding < 0:
        raise DescriptionError(f"A padding is 0 or more, and this one is {padding}.")
    if kernel > n + 2 * padding:
        padded = f" ({n} and {padding} on each side)" if padding else ""
        raise DescriptionError(
            f"A kernel of {kernel} does not fit on {n + 2 * padding} positions{padded}: make it smaller, or pad more."
        )
    return (n + 2 * padding - kernel) // stride + 1


def pads(n: int, kernel: int, stride: int = 1, padding: int | str = 0) -> tuple[int, int]:
    """How many positions a `Padding` adds before and after an axis of n.

    "same" and "circular" add just enough for ⌈n/stride⌉ outputs, and the odd one after the end.
    """
    if isinstance(padding, Integral):
        return int(padding), int(padding)
    if padding == "valid":
        return 0, 0
    if padding in ("same", "circular"):
        _positive(kernel, "kernel")
        _positive(stride, "stride")
        total = max((ceil(n / stride) - 1) * stride + kernel - n, 0)
        return total // 2, total - total // 2
    raise DescriptionError(f"There is no padding {padding!r}: give a number, “valid”, “same” or “circular”.")


def count(shape: Sequence[int], layers: Sequence[Layer]) -> Count:
    """Cost a description on inputs of this shape: the totals, and a `Row` for each layer.

    Raises
    ------
    DescriptionError
        Where a layer does not fit on what it is handed; the sentence says which layer, and why.
    """
    start = tuple(shape)
    if not start or any(n < 1 for n in start):
        raise DescriptionError(f"An input shape is (channels, *spatial), every size 1 or more; not {start}.")
    spatial = len(start) - 1
    state = _State(start, start[1:], (1,) * spatial, (1,) * spatial, start[1:])
    rows, state = _walk(state, layers, "")
    return Count(
        rows,
        state.shape,
        *_totals(rows),
        state.field,
        state.shown_jump,
    )


def _totals(rows: tuple[Row, ...]) -> tuple[int, int, int]:
    """Parameters, buffers and multiply-adds."""
    return sum(row.parameters for row in rows), sum(row.buffers for row in rows), sum(row.multiply_adds for row in rows)


def _leaves(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        if row.branches is None:
            yield row
        else:
            for branch in row.branches:
                yield from _leaves(branch)


class _State(NamedTuple):
    """Where we are on the way up: the shape, and how it looks down on the input."""

    shape: Shape
    input: Shape  # the input's spatial sizes
    field: Shape
    jump: Shape
    extent: Shape  # positions along each spatial axis, remembered through a Flatten

    @property
    def shown_jump(self) -> Shape:
        return self.jump if len(self.shape) > 1 else ()


def _walk(state: _State, layers: Sequence[Layer], prefix: str) -> tuple[tuple[Row, ...], _State]:
    rows = []
    for place, layer in enumerate(layers, start=1):
        where = f"{prefix}{place}"
        try:
            row, state = _cost(state, layer, where)
        except DescriptionError as error:
            if error.layer is not None:  # a layer of a residual block has named itself already
                raise
            raise DescriptionError(f"Layer {where} ({label(layer)}): {error}", layer=where) from None
        rows.append(row)
    return tuple(rows), state


def _cost(state: _State, layer: Layer, where: str) -> tuple[Row, _State]:
    parameters = buffers = multiply_adds = 0
    branches = None
    after = state
    channels, spatial = state.shape[0], state.shape[1:]
    match layer:
        case Dense(units, bias):
            _positive(units, "number of units")
            _vector(state.shape)
            parameters = units * channels + bias * units
            multiply_adds = units * channels
            after = _see_everything(state, units)
        case RBF(units):
            _positive(units, "number of units")
            _vector(state.shape)
            buffers = multiply_adds = units * channels
            after = _see_everything(state, units)
        case Conv():
            _maps(state.shape)
            wired = _connections(layer, channels)
            kernel, after = _slide(state, layer.kernel, layer.stride, layer.padding, layer.channels)
            parameters = wired * prod(kernel) + layer.bias * layer.channels
            multiply_adds = wired * prod(kernel) * prod(after.shape[1:])
        case Pool():
            _maps(state.shape)
            stride = layer.kernel if layer.stride is None else layer.stride
            kernel, after = _slide(state, layer.kernel, stride, layer.padding, channels)
            if any(2 * p > k for p, k in zip(each(layer.padding, len(kernel), "padding"), kernel, strict=True)):
                raise DescriptionError("Padding by more than half a window would pool windows that see no input.")
            if layer.learned:
                parameters, multiply_adds = 2 * channels, prod(after.shape)
        case AdaptivePool(size):
            _maps(state.shape)
            windows = each(size, len(spatial), "size")
            for n, parts in zip(spatial, windows, strict=True):
                _positive(parts, "size")
                if n % parts:
                    raise DescriptionError(f"{n} positions cannot be cut into {parts} equal windows.")
            cut = tuple(n // parts for n, parts in zip(spatial, windows, strict=True))
            _, after = _slide(state, cut, cut, 0, channels)
        case Norm(kind, affine):
            if kind not in ("batch", "layer", "rms"):
                raise DescriptionError(f"There is no norm {kind!r}: choose “batch”, “layer” or “rms”.")
            entries = channels if kind == "batch" else prod(state.shape)
            parameters = affine * entries * (1 if kind == "rms" else 2)
            buffers = 2 * channels if kind == "batch" else 0
        case Flatten():
            after = state._replace(shape=(prod(state.shape),))
        case Activation():
            pass
        case Residual(body, skip):
            rows_body, after = _walk(state, body, f"{where}.body.")
            rows_skip, other = _walk(state, skip, f"{where}.skip.")
            if after.shape != other.shape:
                raise DescriptionError(
                    f"Its body ends in {show(after.shape)} and its skip in {show(other.shape)}, and they cannot be "
                    "added: make the shapes equal, for instance by a 1×1 convolution on the skip."
                )
            if after.jump != other.jump:
                raise DescriptionError("Its body and its skip stride differently, so what would be added lies apart.")
            parameters, buffers, multiply_adds = _totals(rows_body + rows_skip)
            after = after._replace(field=tuple(map(max, after.field, other.field)))
            branches = (rows_body, rows_skip)
        case _:
            raise DescriptionError(f"{layer!r} is no layer this counter knows.")
    row = Row(
        layer=layer,
        label=label(layer),
        shape_in=state.shape,
        shape=after.shape,
        parameters=parameters,
        buffers=buffers,
        multiply_adds=multiply_adds,
        field=after.field,
        jump=after.shown_jump,
        branches=branches,
    )
    return row, after


def _slide(state: _State, kernel: Each, stride: Each, padding: Padding, channels: int) -> tuple[Shape, _State]:
    """The state after a window slid over every spatial axis, and the kernel, axis by axis."""
    axes = len(state.shape) - 1
    kernels, strides = each(kernel, axes, "kernel"), each(stride, axes, "stride")
    paddings = (padding,) * axes if isinstance(padding, str) else each(padding, axes, "padding")
    sizes = []
    for n, k, s, p in zip(state.shape[1:], kernels, strides, paddings, strict=True):
        if isinstance(p, str):
            before, behind = pads(n, k, s, p)
            if p == "circular" and max(before, behind) > n:
                raise DescriptionError(f"A kernel of {k} would wrap around {n} positions more than once.")
            sizes.append(output_size(n + before + behind, k, s))
        else:
            sizes.append(output_size(n, k, s, p))
    field = tuple(f + (k - 1) * j for f, k, j in zip(state.field, kernels, state.jump, strict=True))
    jump = tuple(j * s for j, s in zip(state.jump, strides, strict=True))
    return kernels, _State((channels, *sizes), state.input, field, jump, tuple(sizes))


def _connections(layer: Conv, c_in: int) -> int:
    """How many pairs of an output and an input channel a convolution wires with a kernel of their own."""
    _positive(layer.channels, "number of channels")
    if layer.table is not None:
        if layer.groups != 1:
            raise DescriptionError("Give `table` or `groups`, not both.")
        if len(layer.table) != layer.channels:
            raise DescriptionError(f"`table` has {len(layer.table)} rows for {layer.channels} channels: give one each.")
        for sees in layer.table:
            if not sees or len(set(sees)) != len(sees) or any(not 0 <= c < c_in for c in sees):
                raise DescriptionError(
                    f"A row of `table` names input channels among 0 … {c_in - 1}, each once; not {sees}."
                )
        return sum(map(len, layer.table))
    _positive(layer.groups, "number of groups")
    for number, what in ((c_in, "input"), (layer.channels, "output")):
        if number % layer.groups:
            raise DescriptionError(f"{number} {what} channels cannot be divided into {layer.groups} equal groups.")
    return layer.channels * c_in // layer.groups


def _see_everything(state: _State, units: int) -> _State:
    """After a dense layer: every unit sees all that the positions below saw together, and no more than there is."""
    seen = zip(state.input, state.field, state.jump, state.extent, strict=True)
    field = tuple(min(n, f + (m - 1) * j) for n, f, j, m in seen)
    return _State((units,), state.input, field, state.jump, (1,) * len(field))


def _positive(value: int, what: str) -> None:
    if not isinstance(value, Integral) or value < 1:
        raise DescriptionError(f"A {what} is a whole number, 1 or more, and this one is {value}.")


def _vector(shape: Shape) -> None:
    if len(shape) > 1:
        raise DescriptionError(f"It takes a vector and is handed {show(shape)}: put a Flatten before it.")


def _maps(shape: Shape) -> None:
    if len(shape) == 1:
        raise DescriptionError(f"It slides over spatial axes and is handed a vector of {shape[0]}: there are none.")

"""The convolution of deep learning, made of a gather and an `einsum`; pooling; and what both do to a shift.

    y_c[i, j] = b_c + Σ_{c′} Σ_{u,v} k_{c,c′}[u, v] · x_{c′}[i·s + u − p, j·s + v − p]

The kernel is *not* flipped: mathematics calls this a cross-correlation. One picture is (channels, height, width);
batches are made by `vmap`. Sizes and paddings are those of `counts`, which also counts what a layer costs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from course.nets.counts import DescriptionError, Padding, each, output_size, pads

__all__ = [
    "conv2d",
    "depthwise_separable",
    "equivariance_error",
    "field_size",
    "output_size",
    "pad",
    "patches",
    "pool",
    "receptive_field",
    "shift",
]


def pad(
    x: Float[Array, "c height width"],
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: Padding = 0,
    value: float = 0.0,
) -> Float[Array, "c padded_height padded_width"]:
    """The picture with a margin for this kernel: of `value`, or, for "circular", of what lies at the other side."""
    sizes = zip(x.shape[1:], each(kernel, 2, "kernel"), each(stride, 2, "stride"), _paddings(padding), strict=True)
    margins = [(0, 0), *(pads(*size) for size in sizes)]
    if padding != "circular":
        return jnp.pad(x, margins, constant_values=value)
    if any(max(margin) > n for margin, n in zip(margins[1:], x.shape[1:], strict=True)):
        raise DescriptionError(f"A kernel of {kernel} would wrap around a picture of {x.shape[1:]} more than once.")
    return jnp.pad(x, margins, mode="wrap")


def patches(
    x: Float[Array, "c height width"], kernel: int | tuple[int, int], stride: int | tuple[int, int] = 1
) -> Float[Array, "c out_height out_width kernel_height kernel_width"]:
    """Every window the kernel slides over: entry [c, i, j, u, v] is x[c, i·stride + u, j·stride + v]. One gather."""
    axes = zip(x.shape[1:], each(kernel, 2, "kernel"), each(stride, 2, "stride"), strict=True)
    rows, columns = (s * jnp.arange(output_size(n, k, s))[:, None] + jnp.arange(k) for n, k, s in axes)
    return x[:, rows[:, None, :, None], columns[None, :, None, :]]


@partial(jax.jit, static_argnames=("stride", "padding", "groups"))
def conv2d(
    x: Float[Array, "c_in height width"],
    k: Float[Array, "c_out c_group kernel_height kernel_width"],
    b: Float[Array, "c_out"] | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: Padding = 0,
    groups: int = 1,
) -> Float[Array, "c_out out_height out_width"]:
    """Slide each of the c_out kernels over the picture, and sum over the input channels of its group.

    `groups` = 1 lets every output channel see every input channel; `groups` = c_in makes the convolution depthwise. A
    1×1 kernel is one dense layer, applied at every position alike.

    Raises
    ------
    DescriptionError
        Where channels and groups do not fit, or the kernel does not fit on the padded picture.
    """
    c_out, c_group, kernel_height, kernel_width = k.shape
    if groups < 1 or c_out % groups or c_group * groups != x.shape[0]:
        raise DescriptionError(
            f"{groups} groups cannot be made of {x.shape[0]} input channels and kernels of shape {k.shape}: "
            "k has the shape (c_out, c_in/groups, height, width)."
        )
    size = kernel_height, kernel_width
    windows = patches(pad(x, size, stride, padding), size, stride)
    windows = windows.reshape(groups, c_group, *windows.shape[1:])
    y = jnp.einsum("gcijuv,gocuv->goij", windows, k.reshape(groups, c_out // groups, *k.shape[1:]))
    y = y.reshape(c_out, *y.shape[2:])
    return y if b is None else y + b[:, None, None]


def depthwise_separable(
    x: Float[Array, "c_in height width"],
    depthwise: Float[Array, "c_in 1 kernel_height kernel_width"],
    pointwise: Float[Array, "c_out c_in 1 1"],
    *,
    stride: int | tuple[int, int] = 1,
    padding: Padding = "same",
) -> Float[Array, "c_out out_height out_width"]:
    """Each channel by its own kernel, then a 1×1 that mixes the channels (Howard et al. 2017): a factored convolution.

    It equals `conv2d` with the kernel pointwise[c, c′] · depthwise[c′], at a fraction of its cost.
    """
    return conv2d(conv2d(x, depthwise, stride=stride, padding=padding, groups=x.shape[0]), pointwise)


@partial(jax.jit, static_argnames=("kernel", "stride", "padding", "kind"))
def pool(
    x: Float[Array, "c height width"],
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int = 0,
    kind: Literal["max", "average"] = "max",
) -> Float[Array, "c out_height out_width"]:
    """The largest entry or the average of each window, channel by channel; windows lie side by side without `stride`.

    A margin counts as −∞ for the maximum, and as zeros, which are averaged over, for the average (PyTorch's default).
    """
    summary = jnp.max if kind == "max" else jnp.mean
    x = pad(x, kernel, 1, padding, -jnp.inf if kind == "max" else 0.0)
    height, width = each(kernel, 2, "kernel")
    down, right = (height, width) if stride is None else each(stride, 2, "stride")
    if (down, right) != (height, width):
        return summary(patches(x, (height, width), (down, right)), axis=(-2, -1))
    # Windows side by side need no gather, whose gradient would be slow; what no whole window covers is cut off.
    rows, columns = output_size(x.shape[1], height, height), output_size(x.shape[2], width, width)
    tiles = x[:, : rows * height, : columns * width].reshape(-1, rows, height, columns, width)
    return summary(tiles, axis=(2, 4))


def shift(x: Float[Array, "c height width"], by: tuple[int, int]) -> Float[Array, "c height width"]:
    """The picture moved down and right by `by`; what leaves on one side comes back on the other."""
    return jnp.roll(x, by, axis=(-2, -1))


def equivariance_error(
    f: Callable[[Float[Array, "c height width"]], Float[Array, "c_out out_height out_width"]],
    x: Float[Array, "c height width"],
    by: tuple[int, int],
) -> Float[Array, ""]:
    """How far f is from answering a shifted picture with a shifted output: 0 if it does, 1 for an error as big as f(x).

    min over all shifts s of ‖f(shift x) − s f(x)‖ / ‖f(x)‖, shifts being circular. The best s is chosen, so that an f
    that strides is not blamed for answering a shift of 2 by one of 1; only for answering with another picture.
    """
    return _least_distance(f(shift(x, by)), f(x))


@jax.jit
def _least_distance(z: Float[Array, "c height width"], y: Float[Array, "c height width"]) -> Float[Array, ""]:
    """min over circular shifts s of ‖z − s y‖ / ‖y‖."""
    height, width = y.shape[-2:]
    down, right = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    # Every circular shift of y at once, as a gather: [s, c, i, j] = y[c, i − down_s, j − right_s].
    rows = (jnp.arange(height)[None, :, None] - down.reshape(-1, 1, 1)) % height
    columns = (jnp.arange(width)[None, None, :] - right.reshape(-1, 1, 1)) % width
    shifted = jnp.moveaxis(y[:, rows, columns], 0, 1)
    return jnp.min(jnp.linalg.norm((z - shifted).reshape(height * width, -1), axis=1)) / jnp.linalg.norm(y)


def receptive_field(
    f: Callable[[Float[Array, "c height width"]], Float[Array, "c_out out_height out_width"]],
    x: Float[Array, "c height width"],
    at: tuple[int, int] | None = None,
) -> Bool[Array, "height width"]:
    """Which pixels the outputs at one position depend on, by the gradient: the middle of f(x) unless `at` says where.

    An honest measure at this x: a ReLU that is off, or a pixel that lost its maximum, passes no gradient. For what
    an architecture *can* see, give it linear activations and positive weights.
    """
    out = jax.eval_shape(f, x).shape
    i, j = (out[-2] // 2, out[-1] // 2) if at is None else at
    return jnp.any(jax.jit(jax.grad(lambda x: jnp.sum(f(x)[:, i, j])))(x) != 0, axis=0)


def field_size(seen: Bool[Array, "height width"]) -> tuple[int, int]:
    """Height and width of the smallest box around what is seen; (0, 0) where nothing is."""
    sides = [jnp.flatnonzero(seen.any(axis=axis)) for axis in (1, 0)]
    return tuple(int(side[-1] - side[0] + 1) if len(side) else 0 for side in sides)  # type: ignore[return-value]


def _paddings(padding: Padding) -> tuple[int | str, ...]:
    return (padding, padding) if isinstance(padding, str) else each(padding, 2, "padding")

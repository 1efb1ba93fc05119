"""Unit 06's questions answered another way: by counting one by one, by shapes that JAX infers, or by the course's own counter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from course.nets.counts import Conv, Dense, Flatten, Pool, count, depthwise_separable


def places(n: int, kernel: int, stride: int = 1) -> int:
    """Where a window may begin, one by one."""
    return len([start for start in range(0, n, stride) if start + kernel <= n])


def conv_out(c_in: int, height: int, width: int, c_out: int, kernel: int, stride: int) -> tuple[int, ...]:
    """The shape JAX infers."""
    x = jax.ShapeDtypeStruct((1, c_in, height, width), jnp.float32)
    k = jax.ShapeDtypeStruct((c_out, c_in, kernel, kernel), jnp.float32)
    return jax.eval_shape(lambda x, k: lax.conv_general_dilated(x, k, (stride, stride), "VALID"), x, k).shape[1:]


def conv(c_in: int, c_out: int, kernel: int, n: int, stride: int = 1, bias: bool = False) -> Any:
    return count((c_in, n, n), [Conv(c_out, kernel, stride, "same", bias=bias)])


def field(kernels: list[int], strides: list[int] | None = None) -> int:
    strides = strides or [1] * len(kernels)
    return count((1, 10**6), [Conv(1, k, s) for k, s in zip(kernels, strides, strict=True)]).field[0]


def deep_enough(n: int, kernel: int) -> int:
    """The first layer of a deep stack whose receptive field is n or more."""
    rows = count((1, 10**6), [Conv(1, kernel)] * n).rows
    return 1 + first(lambda layer: rows[layer].field[0] >= n)


def one_kernel_for(depth: int) -> int:
    """The kernel of the one layer that sees as far as `depth` layers of 3."""
    far = field([3] * depth)
    return first(lambda kernel: field([kernel]) == far, 1)


def first(condition: Callable[[int], bool], start: int = 0) -> int:
    return next(n for n in range(start, 100_000) if condition(n))


def moved(y: list[int], shift: int) -> list[int]:
    """Entry by entry: what stood at i now stands at i + shift."""
    out = [0] * len(y)
    for i, value in enumerate(y):
        out[(i + shift) % len(y)] = value
    return out


def strided_by_hand(y: list[int], stride: int, shift: int) -> list[int]:
    """An x that the kernel [1] with this stride answers with y; moved, and answered again."""
    x = [0] * (len(y) * stride)
    x[::stride] = y
    return moved(x, shift)[::stride]


def divisible_all_the_way(shift: int, strides: list[int]) -> bool:
    for stride in strides:
        if shift % stride:
            return False
        shift //= stride
    return True


def dense(side: int, channels: int, units: int) -> Any:
    return count((channels, side, side), [Flatten(), Dense(units, bias=False)])


ORACLES: dict[str, Callable[..., Any]] = {
    "output_size": lambda n, kernel, stride: places(n, kernel, stride),
    "padded_size": lambda n, kernel, padding: places(n + 2 * padding, kernel),
    "conv_shape": conv_out,
    "pool_shape": lambda channels, n, window: count((channels, n, n), [Pool(window)]).shape,
    "padding_to_keep": lambda n, kernel: first(lambda p: places(n + 2 * p, kernel) == n),
    "spectrogram_frames": lambda samples, window, hop: places(samples, window, hop),
    "conv_then_pool": lambda n, kernel, window: count((1, n, n), [Conv(1, kernel), Pool(window)] * 2).shape[1],
    "conv_parameters": lambda n, c_in, c_out, kernel: conv(c_in, c_out, kernel, n, bias=True).parameters,
    "kernel_shape": lambda n, c_in, c_out, height, width: (
        np.stack([np.zeros((c_in, height, width)) for _ in range(c_out)]).shape
    ),
    "stack_parameters": lambda channels, kernel: (
        count((channels[0], 50, 50), [Conv(c, kernel) for c in channels[1:]]).parameters
    ),
    "separable_parameters": lambda c_in, c_out, kernel: (
        count((c_in, 20, 20), depthwise_separable(c_in, c_out, kernel, bias=False)).parameters
    ),
    "bottleneck_parameters": lambda wide, narrow: (
        count(
            (wide, 9, 9), [Conv(narrow, 1, bias=False), Conv(narrow, 3, bias=False), Conv(wide, 1, bias=False)]
        ).parameters
    ),
    "pointwise_parameters": lambda n, c_in, c_out: conv(c_in, c_out, 1, n, bias=True).parameters,
    "dense_weights": lambda side, channels, units: dense(side, channels, units).parameters,
    "conv_weights": lambda side, channels, kernel, maps: conv(channels, maps, kernel, side).parameters,
    "times_fewer": lambda side, channels, units, kernel, maps: (
        dense(side, channels, units).parameters / conv(channels, maps, kernel, side).parameters
    ),
    "times_the_outputs": lambda side, units, maps: conv(3, maps, 3, side).rows[-1].outputs / units,
    "times_the_work": lambda side, channels, units, kernel, maps: (
        conv(channels, maps, kernel, side).multiply_adds / dense(side, channels, units).multiply_adds
    ),
    "dense_for_as_much": lambda side, channels, maps: dense(side, channels, side * side * maps).parameters,
    "field_stack": lambda depth, kernel: field([kernel] * depth),
    "field_strided": field,
    "depth_to_see": deep_enough,
    "depth_to_hear": lambda milliseconds, rate, kernel: first(
        lambda depth: (1 + depth * (kernel - 1)) * 1000 >= milliseconds * rate
    ),
    "jump_apart": lambda strides: count((1, 10**6), [Conv(1, 1, s) for s in strides]).jump[0],
    "one_large_kernel": lambda depth, channels: conv(channels, channels, one_kernel_for(depth), 40).parameters,
    "conv_multiply_adds": lambda n, c_in, c_out, kernel: conv(c_in, c_out, kernel, n).multiply_adds,
    "strided_multiply_adds": lambda n, c_in, c_out, kernel, stride: conv(c_in, c_out, kernel, n, stride).multiply_adds,
    "separable_multiply_adds": lambda n, c_in, c_out, kernel: (
        count((c_in, n, n), depthwise_separable(c_in, c_out, kernel)).multiply_adds
    ),
    "times_cheaper": lambda c_out, kernel: (
        conv(5, c_out, kernel, 16).multiply_adds
        / count((5, 16, 16), depthwise_separable(5, c_out, kernel)).multiply_adds
    ),
    "waveform_multiply_adds": lambda samples, kernels, kernel, stride: (
        count((1, samples), [Conv(kernels, kernel, stride)]).multiply_adds
    ),
    "shifted_answer": moved,
    "strided_answer": strided_by_hand,
    "circular_response": lambda x, k: np.correlate(x + x[: len(k) - 1], k, "valid"),
    "smallest_shift": lambda strides: first(lambda shift: divisible_all_the_way(shift, strides), 1),
    "row_error": lambda y, y_of_shifted: (
        np.linalg.norm(np.subtract(y_of_shifted, moved(y, 1))) / np.linalg.norm(np.asarray(y))
    ),
}

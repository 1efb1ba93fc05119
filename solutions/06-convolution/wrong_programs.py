"""Wrong answers to the code exercises of unit 06 that the judge must reject, beside the mistakes of its bank."""

from __future__ import annotations

import numpy as np

from autograder.judging.wrong_programs import Wrong

wrong = Wrong()


def windows(x, k, stride, padding, mode="constant"):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)), mode=mode)
    return np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]


def convolved(*given, mode="constant"):
    return np.einsum("cijuv,ocuv->oij", windows(*given, mode), given[1])


@wrong("conv2d", "raises without padding, or where the stride is one", partly=True)
def padded_and_strided_alone(x, k, stride, padding):
    assert padding > 0 and stride > 1
    return convolved(x, k, stride, padding)


@wrong("conv2d", "makes kernels square", partly=True)
def square_kernels(x, k, stride, padding):
    m = k.shape[2]
    return convolved(
        x,
        k[:, :, :m, :m] if k.shape[3] >= m else np.pad(k, ((0, 0), (0, 0), (0, 0), (0, m - k.shape[3]))),
        stride,
        padding,
    )


@wrong("conv2d", "padding is ignored")
def padding_ignored(x, k, stride, padding):
    return convolved(x, k, stride, 0)


@wrong("conv2d", "pads by wrapping around")
def wraps_around(x, k, stride, padding):
    return convolved(x, k, stride, padding, mode="wrap")


@wrong("count_parameters", "the last layer is left out")
def last_layer_left_out(channels, kernels):
    return sum(
        c_out * (k**2 * c_in + 1) for c_in, c_out, k in list(zip(channels, channels[1:], kernels, strict=False))[:-1]
    )


@wrong("count_parameters", "one bias for all kernels of a layer")
def one_bias_a_layer(channels, kernels):
    return sum(c_out * k**2 * c_in + 1 for c_in, c_out, k in zip(channels, channels[1:], kernels, strict=False))


@wrong("conv_as_dense", "the rows are cut as if padded")
def as_if_padded(k, n):
    W = np.zeros((n - len(k) + 1, n))
    for i in range(len(W)):
        for u in range(len(k)):
            W[i, (i + u + 1) % n] = k[u]
    return W


@wrong("conv_as_dense", "k for its sum")
def sum_of_the_kernel(k, n):
    W = np.zeros((n - len(k) + 1, n))
    for i in range(len(W)):
        W[i, i : i + len(k)] = np.sum(k) / len(k)
    return W


@wrong("receptive_field", "m for m − 1, and the jump is not accumulated")
def jump_not_accumulated(kernels, strides):
    size = 1
    for k, s in zip(kernels, [1, *strides[:-1]], strict=True):
        size += k * s
    return int(size)


@wrong("receptive_field", "as if it were the number of outputs")
def product_of_strides(kernels, strides):
    return int(np.prod(strides) * np.max(kernels))


@wrong("multiply_adds", "FLOPs for multiply-adds")
def flops(n, channels, kernels, strides):
    total = 0
    for c_in, c_out, k, s in zip(channels[:-1], channels[1:], kernels, strides, strict=True):
        n = (n - k) // s + 1
        total += 2 * n**2 * k**2 * c_in * c_out
    return int(total)


@wrong("multiply_adds", "the first layer alone")
def first_layer_alone(n, channels, kernels, strides):
    n = (n - kernels[0]) // strides[0] + 1
    return int(n**2 * kernels[0] ** 2 * channels[0] * channels[1])


@wrong("equivariance_error", "relative to f(x moved)")
def of_the_other_norm(y, y_of_shifted, by):
    moved = np.roll(y, tuple(by), axis=(1, 2))
    return np.linalg.norm(y_of_shifted - moved) / np.linalg.norm(y_of_shifted)


@wrong("equivariance_error", "squared")
def squared(y, y_of_shifted, by):
    moved = np.roll(y, tuple(by), axis=(1, 2))
    return np.sum((y_of_shifted - moved) ** 2) / np.sum(y**2)

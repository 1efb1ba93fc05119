"""Right answers to the code exercises of unit 06, each written another way than the reference: all must score full."""

from __future__ import annotations

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging.second_answers import Another

another = Another()


# ------------------------------------------------------------------ conv2d


@another("conv2d")
def by_six_loops(x, k, stride, padding):
    c_in, h, w = x.shape
    c_out, _, m, n = k.shape
    padded = np.zeros((c_in, h + 2 * padding, w + 2 * padding))
    padded[:, padding : padding + h, padding : padding + w] = x
    rows, columns = (h + 2 * padding - m) // stride + 1, (w + 2 * padding - n) // stride + 1
    y = np.zeros((c_out, rows, columns))
    for c in range(c_out):
        for i in range(rows):
            for j in range(columns):
                y[c, i, j] = sum(
                    k[c, d, u, v] * padded[d, i * stride + u, j * stride + v]
                    for d in range(c_in)
                    for u in range(m)
                    for v in range(n)
                )
    return y


@another("conv2d")
def by_lax(x, k, stride, padding):
    return lax.conv_general_dilated(jnp.asarray(x)[None], k, (stride, stride), [(padding, padding)] * 2)[0]


@another("conv2d")
def by_patches_in_a_matrix(x, k, stride, padding):
    x = np.pad(x, [(0, 0)] + [(padding, padding)] * 2)
    c_out, _, m, n = k.shape
    tops, lefts = range(0, x.shape[1] - m + 1, stride), range(0, x.shape[2] - n + 1, stride)
    columns = np.stack([x[:, i : i + m, j : j + n].ravel() for i in tops for j in lefts])
    return (columns @ k.reshape(c_out, -1).T).T.reshape(c_out, len(tops), len(lefts))


@another("conv2d")
def dense_then_thinned(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    m, n = k.shape[2:]
    h, w = x.shape[1] - m + 1, x.shape[2] - n + 1
    y = sum(np.tensordot(k[:, :, u, v], x[:, u : u + h, v : v + w], 1) for u in range(m) for v in range(n))
    return y[:, ::stride, ::stride]


# ------------------------------------------------------------------ count_parameters


@another("count_parameters")
def by_building_them(channels, kernels):
    shapes = [(b, a, m, m) for a, b, m in zip(channels, channels[1:], kernels, strict=False)]
    return sum(np.empty(shape).size + np.empty(shape[0]).size for shape in shapes)


@another("count_parameters")
def weights_and_biases_apart(channels, kernels):
    weights = np.dot(channels[1:] * channels[:-1], kernels**2)
    return weights + channels[1:].sum()


@another("count_parameters")
def in_jax(channels, kernels):
    channels, kernels = jnp.asarray(channels), jnp.asarray(kernels)
    return jnp.sum(channels[1:] * (kernels**2 * channels[:-1] + 1))


# ------------------------------------------------------------------ conv_as_dense


@another("conv_as_dense")
def by_its_columns(k, n):
    return np.stack([np.correlate(dot, k, "valid") for dot in np.eye(n)], axis=1)


@another("conv_as_dense")
def by_diagonals(k, n):
    rows = n - len(k) + 1
    return sum(weight * np.eye(rows, n, u) for u, weight in enumerate(k))


@another("conv_as_dense")
def by_its_jacobian(k, n):
    return jax.jacfwd(lambda x: jnp.correlate(x, jnp.asarray(k), "valid"))(jnp.zeros(n))


@another("conv_as_dense")
def by_rolling(k, n):
    row = np.concatenate([k, np.zeros(n - len(k))])
    return np.array([np.roll(row, i) for i in range(n - len(k) + 1)])


# ------------------------------------------------------------------ receptive_field


@another("receptive_field")
def downwards(kernels, strides):
    """How many inputs do n neighbouring outputs need? From the top, layer by layer."""
    return reduce(lambda n, layer: (n - 1) * layer[1] + layer[0], zip(kernels[::-1], strides[::-1], strict=True), 1)


@another("receptive_field")
def by_colouring(kernels, strides):
    seen = {0}
    for m, s in zip(reversed(kernels), reversed(strides), strict=True):
        seen = {int(i * s + u) for i in seen for u in range(m)}
    return max(seen) - min(seen) + 1


@another("receptive_field")
def by_products(kernels, strides):
    return 1 + sum((kernels[i] - 1) * np.prod(strides[:i], dtype=int) for i in range(len(kernels)))


# ------------------------------------------------------------------ multiply_adds


@another("multiply_adds")
def by_counting_places(n, channels, kernels, strides):
    total, places = 0, range(n)
    for i, (m, s) in enumerate(zip(kernels, strides, strict=True)):
        places = range(0, len(places) - int(m) + 1, int(s))
        total += len(places) ** 2 * int(m) ** 2 * int(channels[i]) * int(channels[i + 1])
    return total


@another("multiply_adds")
def by_recursion(n, channels, kernels, strides):
    if len(kernels) == 0:
        return 0
    out = 1 + (n - kernels[0]) // strides[0]
    mine = out * out * channels[0] * channels[1] * kernels[0] * kernels[0]
    return mine + by_recursion(out, channels[1:], kernels[1:], strides[1:])


@another("multiply_adds")
def by_shapes_that_jax_infers(n, channels, kernels, strides):
    x, total = jax.ShapeDtypeStruct((1, int(channels[0]), n, n), jnp.float32), 0
    for c, m, s in zip(channels[1:].tolist(), kernels.tolist(), strides.tolist(), strict=True):
        k = jax.ShapeDtypeStruct((c, x.shape[1], m, m), jnp.float32)
        x = jax.eval_shape(lambda x, k, s=s: lax.conv_general_dilated(x, k, (s, s), "VALID"), x, k)
        total += x.size * k.shape[1] * m * m
    return total


# ------------------------------------------------------------------ equivariance_error


@another("equivariance_error")
def by_indices(y, y_of_shifted, by):
    _, h, w = y.shape
    rows, columns = (np.arange(h) - by[0]) % h, (np.arange(w) - by[1]) % w
    difference = y_of_shifted - y[:, rows][:, :, columns]
    return float(np.sqrt((difference**2).sum()) / np.sqrt((y**2).sum()))


@another("equivariance_error")
def moved_back_in_jax(y, y_of_shifted, by):
    back = jnp.roll(jnp.asarray(y_of_shifted), (-int(by[0]), -int(by[1])), (-2, -1))
    return jnp.linalg.norm((back - y).ravel()) / jnp.linalg.norm(jnp.ravel(y))


@another("equivariance_error")
def entry_by_entry(y, y_of_shifted, by):
    channels, h, w = y.shape
    error = size = 0.0
    for c in range(channels):
        for i in range(h):
            for j in range(w):
                error += (y_of_shifted[c, (i + by[0]) % h, (j + by[1]) % w] - y[c, i, j]) ** 2
                size += y[c, i, j] ** 2
    return (error / size) ** 0.5

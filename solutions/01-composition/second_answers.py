"""Right answers to the code exercises of unit 01, each written another way than the reference: all must score full."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging.second_answers import Another

another = Another()


# ------------------------------------------------------------------ two_layers


@another("two_layers")
def einsum_and_exp(W1, b1, W2, b2, x):
    h = jnp.einsum("ij,j->i", W1, x) + b1
    h = jnp.where(h > 0, h, 0.0)
    return 1 / (1 + jnp.exp(-(jnp.einsum("ij,j->i", W2, h) + b2)))


@another("two_layers")
def rows_as_columns(W1, b1, W2, b2, x):
    h = jax.nn.relu(x @ W1.T + b1)
    return jax.nn.sigmoid(h @ jnp.transpose(W2) + b2)


@another("two_layers")
@jax.jit
def by_half_tanh(W1, b1, W2, b2, x):
    s = jnp.dot(W2, jnp.clip(jnp.dot(W1, x) + b1, 0)) + b2
    return 0.5 * (1 + jnp.tanh(s / 2))


@another("two_layers")
def unit_by_unit(W1, b1, W2, b2, x):
    h = [jnp.maximum(sum(w * x_j for w, x_j in zip(row, x, strict=True)) + b, 0) for row, b in zip(W1, b1, strict=True)]
    s = [sum(w * h_j for w, h_j in zip(row, h, strict=True)) + b for row, b in zip(W2, b2, strict=True)]
    return jnp.stack([1 / (1 + jnp.exp(-s_i)) for s_i in s])


# ------------------------------------------------------------------ count_mlp


@another("count_mlp")
def with_indices(widths):
    total = 0
    for layer in range(1, len(widths)):
        total += widths[layer] * (widths[layer - 1] + 1)
    return total


@another("count_mlp")
def by_counting_real_arrays(widths):
    return sum(np.zeros((n, m)).size + np.zeros(n).size for m, n in itertools.pairwise(widths))


@another("count_mlp")
def as_a_dot_product(widths):
    widths = np.asarray(widths)
    return np.dot(widths[:-1] + 1, widths[1:])


@another("count_mlp")
def recursive(widths):
    return 0 if len(widths) < 2 else (widths[0] + 1) * widths[1] + recursive(widths[1:])


# ------------------------------------------------------------------ mlp


@another("mlp")
def rows_times_matrices(W, b, V, c, X):
    h = X
    for k in range(W.shape[0]):
        h = jax.nn.relu(h @ W[k].T + b[k])
    return h @ V.T + c


@another("mlp")
def scanned(W, b, V, c, X):
    def net(x):
        h, _ = lax.scan(lambda h, layer: (jnp.maximum(layer[0] @ h + layer[1], 0), None), x, (W, b))
        return V @ h + c

    return jax.vmap(net)(jnp.asarray(X))


@another("mlp")
def einsum_over_columns(W, b, V, c, X):
    H = jnp.transpose(X)
    for W_l, b_l in zip(W, b, strict=True):
        H = jnp.clip(jnp.einsum("ij,jn->in", W_l, H) + b_l[:, None], 0)
    return jnp.einsum("kj,jn->nk", V, H) + c


@another("mlp")
@jax.jit
def layers_as_functions(W, b, V, c, X):
    layers = [lambda h, W_l=W_l, b_l=b_l: jax.nn.relu(W_l @ h + b_l) for W_l, b_l in zip(W, b, strict=True)]
    return jax.vmap(lambda x: functools.reduce(lambda h, f: f(h), layers, x))(X) @ V.T + c


@another("mlp")
def vmapped_layer_by_layer(W, b, V, c, X):
    H = X
    for W_l, b_l in zip(W, b, strict=True):
        H = jax.vmap(lambda h, W_l=W_l, b_l=b_l: jnp.maximum(jnp.dot(W_l, h) + b_l, 0))(H)
    return jax.vmap(lambda h: V @ h + c)(H)


# ------------------------------------------------------------------ representations


@another("representations")
def as_a_scan(W, b, x):
    def step(h, layer):
        h = jnp.tanh(layer[0] @ h + layer[1])
        return h, h

    return jnp.concatenate([x[None], lax.scan(step, jnp.asarray(x), (W, b))[1]])


@another("representations")
def numpy_in_float64(W, b, x):
    hs = np.zeros((len(W) + 1, len(x)))
    hs[0] = x
    for k in range(len(W)):
        hs[k + 1] = np.tanh(np.asarray(W[k], float) @ hs[k] + b[k])
    return hs


@another("representations")
def accumulated(W, b, x):
    layers = zip(W, b, strict=True)
    return list(itertools.accumulate(layers, lambda h, layer: np.tanh(np.dot(layer[0], h) + layer[1]), initial=x))


# ------------------------------------------------------------------ collapse


@another("collapse")
def probed_with_unit_vectors(W, b):
    def net(x):
        for W_l, b_l in zip(W, b, strict=True):
            x = W_l @ x + b_l
        return x

    c = net(np.zeros(W.shape[-1]))
    columns = [net(e) - c for e in np.eye(W.shape[-1])]
    return np.stack([*columns, c], axis=1)


@another("collapse")
def with_homogeneous_coordinates(W, b):
    d = W.shape[-1]
    whole = jnp.eye(d + 1)
    for W_l, b_l in zip(W, b, strict=True):
        layer = jnp.block([[W_l, b_l[:, None]], [jnp.zeros((1, d)), jnp.ones((1, 1))]])
        whole = layer @ whole
    return whole[:d]


@another("collapse")
def by_jacobian(W, b):
    def net(x):
        return lax.scan(lambda h, layer: (layer[0] @ h + layer[1], None), x, (W, b))[0]

    origin = jnp.zeros(W.shape[-1])
    return jnp.concatenate([jax.jacfwd(net)(origin), net(origin)[:, None]], axis=1)


@another("collapse")
def from_the_top(W, b):
    A, c = np.eye(W.shape[-1]), np.zeros(W.shape[-1])
    for W_l, b_l in zip(W[::-1], b[::-1], strict=True):
        c = c + A @ b_l
        A = A @ W_l
    return np.hstack([A, c.reshape(-1, 1)])


# ------------------------------------------------------------------ one_layer_pieces


@another("one_layer_pieces")
def unique_places(w, b):
    w, b = np.asarray(w), np.asarray(b)
    on = w != 0
    return np.unique(b[on] / w[on]).size + 1


@another("one_layer_pieces")
def loop_over_units(w, b):
    seen = []
    for w_i, b_i in zip(w.tolist(), b.tolist(), strict=True):
        if w_i != 0 and -b_i / w_i not in seen:
            seen.append(-b_i / w_i)
    return 1 + len(seen)


@another("one_layer_pieces")
def by_measured_slopes(w, b):
    # Corners are sixths here, so every stretch of length 1/6 between −40 and 40 has at most one in it.
    x = (np.arange(-240, 240) + 0.5) / 6
    slope = ((np.outer(x, w) + b > 0) * np.asarray(w)).sum(axis=1)
    return 1 + int(np.sum(slope[1:] != slope[:-1]))


@another("one_layer_pieces")
def with_jnp(w, b):
    w, b = jnp.asarray(w), jnp.asarray(b)
    corners = jnp.sort((-b / w)[w != 0])
    return 2 + jnp.sum(corners[1:] != corners[:-1])


# ------------------------------------------------------------------ folded


@another("folded")
def with_where(x, times):
    for _ in range(times):
        x = jnp.where(x <= 0.5, 2 * x, 2 * (1 - x))
    return x


@another("folded")
def with_absolute_value(x, times):
    for _ in range(times):
        x = 1 - np.abs(2 * x - 1)
    return x


@another("folded")
def in_closed_form(x, times):
    wave = (2.0 ** (times - 1) * np.asarray(x, float)) % 1
    return 2 * np.minimum(wave, 1 - wave)


@another("folded")
def number_by_number(x, times):
    def tent(value, left):
        return value if left == 0 else tent(2 * value if value < 0.5 else 2 - 2 * value, left - 1)

    return [tent(float(value), times) for value in x]


@another("folded")
def a_loop_of_lax(x, times):
    return lax.fori_loop(0, times, lambda _, h: 2 * jnp.minimum(h, 1 - h), jnp.asarray(x))

"""Right answers to the code exercises of unit 04, each written another way than the reference: all must score full."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging.second_answers import Another

another = Another()


# ------------------------------------------------------------------ batch_norm


@another("batch_norm")
def transposed(z, gamma, beta, eps):
    t = jnp.transpose(z)
    centred = t - t.mean(axis=1, keepdims=True)
    return (gamma[:, None] * centred * lax.rsqrt((centred**2).mean(axis=1, keepdims=True) + eps) + beta[:, None]).T


@another("batch_norm")
def with_einsum(z, gamma, beta, eps):
    n = len(z)
    c = z - jnp.einsum("ni->i", z) / n
    return jnp.einsum("i,ni,i->ni", gamma, c, (jnp.einsum("ni,ni->i", c, c) / n + eps) ** -0.5) + beta


@another("batch_norm")
def feature_by_feature(z, gamma, beta, eps):
    columns = []
    for i in range(z.shape[1]):
        column = z[:, i]
        mean = sum(column[n] for n in range(len(column))) / len(column)
        var = sum((column[n] - mean) ** 2 for n in range(len(column))) / len(column)
        columns.append(gamma[i] * (column - mean) / jnp.sqrt(var + eps) + beta[i])
    return jnp.stack(columns, axis=1)


@another("batch_norm")
def vmapped_over_features(z, gamma, beta, eps):
    def one(column, g, b):
        return g * (column - column.mean()) / jnp.sqrt(column.var() + eps) + b

    return jax.vmap(one, in_axes=(1, 0, 0), out_axes=1)(z, gamma, beta)


@another("batch_norm")
def standardized(z, gamma, beta, eps):
    return gamma * jax.nn.standardize(z, axis=0, epsilon=eps) + beta


# ------------------------------------------------------------------ layer_norm


@another("layer_norm")
def by_second_moment(h, gamma, beta, eps):
    mean = h.mean(-1, keepdims=True)
    return gamma * (h - mean) * lax.rsqrt((h * h).mean(-1, keepdims=True) - mean * mean + eps) + beta


@another("layer_norm")
def with_a_centring_matrix(h, gamma, beta, eps):
    d = h.shape[-1]
    c = h @ (jnp.eye(d) - jnp.ones((d, d)) / d)
    return gamma * c / jnp.sqrt(jnp.einsum("...i,...i->...", c, c)[..., None] / d + eps) + beta


@another("layer_norm")
def vmapped_over_examples(h, gamma, beta, eps):
    rows = h.reshape(-1, h.shape[-1])
    made = jax.vmap(lambda row: gamma * (row - row.mean()) / jnp.sqrt(row.var() + eps) + beta)(rows)
    return made.reshape(h.shape)


@another("layer_norm")
def with_moveaxis(h, gamma, beta, eps):
    t = jnp.moveaxis(h, -1, 0)
    t = (t - t.mean(0)) / (t.var(0) + eps) ** 0.5
    return jnp.moveaxis(t, 0, -1) * gamma + beta


@another("layer_norm")
def standardized_features(h, gamma, beta, eps):
    return gamma * jax.nn.standardize(h, axis=-1, epsilon=eps) + beta


# ------------------------------------------------------------------ layer_norm_jacobian


@another("layer_norm_jacobian")
def projected_and_divided(z, eps):
    n = (z - jnp.mean(z)) / jnp.sqrt(jnp.var(z) + eps)
    J = jnp.identity(len(z)) - jnp.ones((len(z), len(z))) / len(z) - n[:, None] * n[None, :] / len(z)
    return J / jnp.sqrt(jnp.var(z) + eps)


@another("layer_norm_jacobian")
def entry_by_entry(z, eps):
    z = np.asarray(z, np.float64)
    d, mean, s2 = len(z), z.mean(), z.var() + eps
    J = np.empty((d, d))
    for i in range(d):
        for j in range(d):
            J[i, j] = ((i == j) - 1 / d) / s2**0.5 - (z[i] - mean) * (z[j] - mean) / (d * s2**1.5)
    return J


@another("layer_norm_jacobian")
def product_of_two(z, eps):
    """The chain rule: first the centring, then the division."""
    d = len(z)
    P = np.eye(d) - 1 / d
    c = P @ np.asarray(z, np.float64)
    s = np.sqrt(c @ c / d + eps)
    return (np.eye(d) / s - np.outer(c, c) / (d * s**3)) @ P


# ------------------------------------------------------------------ rms_norm


@another("rms_norm")
def by_length(h, gamma, eps):
    d = h.shape[-1]
    return gamma * h * jnp.sqrt(d) / jnp.sqrt(jnp.sum(h * h, -1, keepdims=True) + d * eps)


@another("rms_norm")
def with_einsum_and_rsqrt(h, gamma, eps):
    return jnp.einsum("...i,i,...->...i", h, gamma, lax.rsqrt(jnp.einsum("...i,...i->...", h, h) / h.shape[-1] + eps))


@another("rms_norm")
def one_example_at_a_time(h, gamma, eps):
    rows = [gamma * row / jnp.sqrt(jnp.mean(jnp.square(row)) + eps) for row in h.reshape(-1, h.shape[-1])]
    return jnp.stack(rows).reshape(h.shape)


# ------------------------------------------------------------------ batch_norm_images


@another("batch_norm_images")
def channels_last(x, gamma, beta, eps):
    t = jnp.moveaxis(x, 1, -1)
    flat = t.reshape(-1, t.shape[-1])
    made = gamma * (flat - flat.mean(0)) / jnp.sqrt(flat.var(0) + eps) + beta
    return jnp.moveaxis(made.reshape(t.shape), -1, 1)


@another("batch_norm_images")
def channel_by_channel(x, gamma, beta, eps):
    out = np.empty_like(x)
    for c in range(x.shape[1]):
        out[:, c] = gamma[c] * (x[:, c] - x[:, c].mean()) / np.sqrt(x[:, c].var() + eps) + beta[c]
    return out


@another("batch_norm_images")
def vmapped_over_channels(x, gamma, beta, eps):
    one = lambda x, g, b: g * (x - x.mean()) / jnp.sqrt(x.var() + eps) + b
    return jax.vmap(one, in_axes=(1, 0, 0), out_axes=1)(x, gamma, beta)


@another("batch_norm_images")
def einsum_over_places(x, gamma, beta, eps):
    count = x.size // x.shape[1]
    c = x - (jnp.einsum("nchw->c", x) / count)[:, None, None]
    scale = gamma / jnp.sqrt(jnp.einsum("nchw,nchw->c", c, c) / count + eps)
    return jnp.einsum("nchw,c->nchw", c, scale) + beta.reshape(1, -1, 1, 1)


# ------------------------------------------------------------------ update_running


@another("update_running")
def towards_the_batch(mean, var, z, momentum):
    old = jnp.stack([mean, var])
    new = jnp.stack([z.mean(0), ((z - z.mean(0)) ** 2).sum(0) / (len(z) - 1)])
    return old + momentum * (new - old)


@another("update_running")
def corrected_afterwards(mean, var, z, momentum):
    n = z.shape[0]
    batch = jnp.stack([z.mean(0), z.var(0) * n / (n - 1)])
    return jnp.tensordot(jnp.array([1 - momentum, momentum]), jnp.stack([jnp.stack([mean, var]), batch]), 1)


@another("update_running")
def with_the_covariance(mean, var, z, momentum):
    keep = 1 - momentum
    return jnp.vstack(
        [keep * mean + momentum * jnp.mean(z, 0), keep * var + momentum * jnp.diag(jnp.cov(z, rowvar=False))]
    )


# ------------------------------------------------------------------ fold


@another("fold")
def by_probing(W, b, gamma, beta, mean, var, eps):
    """Ask the two layers what they do to 0 and to each unit vector."""
    run = lambda h: gamma * (W @ h + b - mean) / np.sqrt(var + eps) + beta
    start = run(np.zeros(W.shape[1]))
    return np.column_stack([*(run(e) - start for e in np.eye(W.shape[1])), start])


@another("fold")
def with_a_diagonal_matrix(W, b, gamma, beta, mean, var, eps):
    D = jnp.diag(gamma) @ jnp.diag(1 / jnp.sqrt(var + eps))
    return jnp.concatenate([D @ W, (D @ (b - mean) + beta)[:, None]], axis=1)


@another("fold")
def unit_by_unit(W, b, gamma, beta, mean, var, eps):
    rows = []
    for i in range(len(b)):
        scale = gamma[i] / (var[i] + eps) ** 0.5
        rows.append([*(scale * w for w in W[i]), scale * (b[i] - mean[i]) + beta[i]])
    return np.array(rows)

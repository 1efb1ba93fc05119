"""Wrong answers to the code exercises of unit 04 that the judge must reject, beside the mistakes of its bank."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from autograder.judging.wrong_programs import Wrong

wrong = Wrong()


@wrong("batch_norm", "γ is forgotten")
def gamma_forgotten(z, gamma, beta, eps):
    return (z - jnp.mean(z, axis=0)) / jnp.sqrt(jnp.var(z, axis=0) + eps) + beta


@wrong("batch_norm", "β is forgotten")
def beta_forgotten(z, gamma, beta, eps):
    return gamma * (z - jnp.mean(z, axis=0)) / jnp.sqrt(jnp.var(z, axis=0) + eps)


@wrong("batch_norm", "only centred")
def only_centred(z, gamma, beta, eps):
    return gamma * (z - jnp.mean(z, axis=0)) + beta


@wrong("batch_norm", "ε is left out")
def batch_eps_left_out(z, gamma, beta, eps):
    return gamma * (z - jnp.mean(z, axis=0)) / jnp.std(z, axis=0) + beta


@wrong("layer_norm", "a batch of vectors is taken for granted", partly=True)
def vectors_alone(h, gamma, beta, eps):
    assert h.ndim == 2
    mean, var = jnp.mean(h, axis=1), jnp.var(h, axis=1)
    return gamma * (h - mean[:, None]) / jnp.sqrt(var[:, None] + eps) + beta


@wrong("layer_norm", "β is multiplied by γ")
def beta_inside(h, gamma, beta, eps):
    mean, var = jnp.mean(h, axis=-1, keepdims=True), jnp.var(h, axis=-1, keepdims=True)
    return gamma * ((h - mean) / jnp.sqrt(var + eps) + beta)


@wrong("layer_norm_jacobian", "by automatic differentiation, of BatchNorm's statistics")
def of_centring_alone(z, eps):
    return jnp.eye(z.shape[0]) - 1 / z.shape[0]


@wrong("layer_norm_jacobian", "automatic differentiation, which the text forbids", partly=True)
def automatic(z, eps):
    return jax.jacfwd(lambda z: (z - jnp.mean(z)) / jnp.sqrt(jnp.var(z) + eps))(z)


@wrong("rms_norm", "mean of the sizes for root of the mean square")
def mean_of_sizes(h, gamma, eps):
    return gamma * h / (jnp.mean(jnp.abs(h), axis=-1, keepdims=True) + eps)


@wrong("rms_norm", "ε is left out")
def rms_eps_left_out(h, gamma, eps):
    return gamma * h / jnp.sqrt(jnp.mean(h**2, axis=-1, keepdims=True))


@wrong("batch_norm_images", "β is forgotten")
def images_beta_forgotten(x, gamma, beta, eps):
    mean, var = jnp.mean(x, axis=(0, 2, 3), keepdims=True), jnp.var(x, axis=(0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / jnp.sqrt(var + eps)


@wrong("batch_norm_images", "γ and β lie along the width")
def along_the_width(x, gamma, beta, eps):
    mean, var = jnp.mean(x, axis=(0, 2, 3), keepdims=True), jnp.var(x, axis=(0, 2, 3), keepdims=True)
    return jnp.mean(gamma) * (x - mean) / jnp.sqrt(var + eps) + jnp.mean(beta)


@wrong("update_running", "the variance is not updated")
def variance_left(mean, var, z, momentum):
    return jnp.stack([(1 - momentum) * mean + momentum * jnp.mean(z, axis=0), var])


@wrong("update_running", "variance first")
def other_order(mean, var, z, momentum):
    new = (1 - momentum) * mean + momentum * jnp.mean(z, axis=0)
    return jnp.stack([(1 - momentum) * var + momentum * jnp.var(z, axis=0, ddof=1), new])


@wrong("fold", "β is left out")
def fold_without_beta(W, b, gamma, beta, mean, var, eps):
    scale = gamma / jnp.sqrt(var + eps)
    return jnp.column_stack([scale[:, None] * W, scale * (b - mean)])


@wrong("fold", "the layer's own bias is left out")
def fold_without_bias(W, b, gamma, beta, mean, var, eps):
    scale = gamma / jnp.sqrt(var + eps)
    return jnp.column_stack([scale[:, None] * W, beta - scale * mean])

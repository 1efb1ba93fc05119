"""Wrong answers to the code exercises of unit 02 that the judge must reject, beside the mistakes of its bank."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from autograder.judging.wrong_programs import Wrong

wrong = Wrong()


def norms(W):
    return jnp.linalg.norm(W, ord=2, axis=(-2, -1))


@wrong("log_norm_bound", "the product is computed, and overflows on deep nets", partly=True)
def log_of_the_product(W):
    return jnp.log10(jnp.prod(norms(W)))


@wrong("log_norm_bound", "spectral radius for norm")
def spectral_radii(W):
    return np.sum(np.log10(np.max(np.abs(np.linalg.eigvals(W)), axis=-1)))


@wrong("log_norm_bound", "the last layer is left out")
def last_layer_left_out(W):
    return jnp.sum(jnp.log10(norms(W[:-1])))


@wrong("nudge_sizes", "squared lengths")
def squared_lengths(W, b, x, u):
    def step(carry, layer):
        h, t = carry
        h = jnp.tanh(layer[0] @ h + layer[1])
        t = (1 - h**2) * (layer[0] @ t)
        return (h, t), jnp.sum(t**2)

    return jax.lax.scan(step, (x, u), (W, b))[1]


@wrong("nudge_sizes", "the nudge is normalised on its way")
def normalised(W, b, x, u):
    def step(carry, layer):
        h, t = carry
        h = jnp.tanh(layer[0] @ h + layer[1])
        t = (1 - h**2) * (layer[0] @ t)
        return (h, t / jnp.linalg.norm(t)), jnp.linalg.norm(t)

    return jax.lax.scan(step, (x, u), (W, b))[1]


@wrong("layer_jacobian", "1 − tanh without the square")
def without_the_square(W, b, h):
    return (1 - jnp.tanh(W @ h + b))[:, None] * W


@wrong("layer_jacobian", "square layers are taken for granted", partly=True)
def square_layers(W, b, h):
    slope = 1 - jnp.tanh(W @ h + b) ** 2
    assert W.shape[0] == W.shape[1]
    return jnp.diag(slope) @ W


@wrong("ordered_product", "the first layer is left out")
def first_left_out(J):
    product = J[1]
    for J_l in J[2:]:
        product = J_l @ product
    return product


@wrong("ordered_product", "three layers are taken for granted", partly=True)
def three_layers(J):
    return J[2] @ J[1] @ J[0]


def loss_gradients(W, b, x, y, loss):
    def run(W):
        h = x
        for W_l, b_l in zip(W, b, strict=True):
            h = jax.nn.sigmoid(W_l @ h + b_l)
        return loss(h - y)

    return jnp.sqrt(jnp.sum(jax.grad(run)(W) ** 2, axis=(1, 2)))


@wrong("gradient_norms", "the loss has no ½")
def without_the_half(W, b, x, y):
    return loss_gradients(W, b, x, y, lambda e: jnp.sum(e**2))


@wrong("gradient_norms", "mean for sum")
def mean_for_sum(W, b, x, y):
    return loss_gradients(W, b, x, y, lambda e: 0.5 * jnp.mean(e**2))


@wrong("pull_back", "W for Wᵀ")
def pushed_through_the_transpose(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = jnp.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = W_l @ (g * (1 - h**2))
    return g


@wrong("pull_back", "the first layer is left out")
def stops_one_layer_early(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = jnp.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[:0:-1], hs[:0:-1], strict=True):
        g = (g * (1 - h**2)) @ W_l
    return g

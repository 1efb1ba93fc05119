"""Wrong answers to the code exercises of unit 01 that the judge must reject, beside the mistakes of its bank."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from autograder.judging.wrong_programs import Wrong

wrong = Wrong()


@wrong("two_layers", "softmax for sigmoid")
def softmax_at_the_end(W1, b1, W2, b2, x):
    return jax.nn.softmax(W2 @ jnp.maximum(W1 @ x + b1, 0) + b2)


@wrong("two_layers", "one bias of two is dropped")
def one_bias_dropped(W1, b1, W2, b2, x):
    return jax.nn.sigmoid(W2 @ jnp.maximum(W1 @ x + b1, 0))


@wrong("two_layers", "the other bias of two is dropped")
def first_bias_dropped(W1, b1, W2, b2, x):
    return jax.nn.sigmoid(W2 @ jnp.maximum(W1 @ x, 0) + b2)


@wrong("two_layers", "the last layer is left out")
def hidden_layer_alone(W1, b1, W2, b2, x):
    return jax.nn.sigmoid(jnp.maximum(W1 @ x + b1, 0))[: b2.shape[0]]


@wrong("count_mlp", "the last bias is left out")
def last_bias_left_out(widths):
    return sum((m + 1) * n for m, n in itertools.pairwise(widths)) - widths[-1]


@wrong("count_mlp", "one hidden layer is taken for granted", partly=True)
def one_hidden_layer(widths):
    return (widths[0] + 1) * widths[1] + (widths[1] + 1) * widths[-1]


@wrong("mlp", "the readout's bias c is dropped")
def readout_bias_dropped(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W, b, strict=True):
        h = jnp.maximum(h @ W_l.T + b_l, 0)
    return h @ V.T


@wrong("mlp", "the last hidden layer is left out")
def last_layer_left_out(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W[:-1], b[:-1], strict=True):
        h = jnp.maximum(h @ W_l.T + b_l, 0)
    return h @ V.T + c


@wrong("representations", "the example itself is left out")
def without_the_example(W, b, x):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(jnp.tanh(W_l @ hs[-1] + b_l))
    return jnp.stack([*hs[1:], hs[-1]])


@wrong("representations", "the last layer has no activation")
def last_one_linear(W, b, x):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(jnp.tanh(W_l @ hs[-1] + b_l))
    hs[-1] = W[-1] @ hs[-2] + b[-1]
    return jnp.stack(hs)


@wrong("collapse", "two layers are taken for granted", partly=True)
def two_layers_alone(W, b):
    return jnp.column_stack([W[1] @ W[0], W[1] @ b[0] + b[1]])


@wrong("collapse", "the last layer's bias is left out")
def last_bias_missing(W, b):
    A, c = W[0], b[0]
    for W_l, b_l in zip(W[1:], b[1:], strict=True):
        A, c = W_l @ A, W_l @ c + b_l
    return jnp.column_stack([A, c - b[-1]])


@wrong("one_layer_pieces", "corners by integer division")
def corners_by_integer_division(w, b):
    return len({int(-b_i // w_i) for w_i, b_i in zip(w, b, strict=True) if w_i != 0}) + 1


@wrong("one_layer_pieces", "corners are rounded")
def corners_rounded(w, b):
    return len({round(float(-b_i / w_i)) for w_i, b_i in zip(w, b, strict=True) if w_i != 0}) + 1


@wrong("one_layer_pieces", "the corner's fraction is turned upside down")
def upside_down(w, b):
    with np.errstate(divide="ignore"):
        return len({float(np.divide(-w_i, b_i)) for w_i, b_i in zip(w, b, strict=True) if w_i != 0}) + 1


@wrong("folded", "the tent is applied once more")
def once_more(x, times):
    h = x
    for _ in range(times + 1):
        h = jnp.where(h < 0.5, 2 * h, 2 * (1 - h))
    return h


@wrong("folded", "rounded to three places")
def rounded(x, times):
    h = x
    for _ in range(times):
        h = np.round(np.where(h < 0.5, 2 * h, 2 * (1 - h)), 1)
    return h

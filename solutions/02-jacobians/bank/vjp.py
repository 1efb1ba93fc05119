"""The skill `jacobians.vjp`."""

import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Function, Integer, exercise
from autograder.requirements import never_computes, works_under_jit

from .shared import random_stack, small_matrix, small_row


@exercise(
    skill="jacobians.vjp",
    points=2,
    answer=Array(),
    hints=(
        "A row stands on the left. Which Jacobian does it meet first, coming from the output?",
        "First v J², which is a row again; then that row times J¹.",
    ),
)
def row_through_two(v, J1, J2):
    """Two layers have the Jacobians J¹ = {J1} and J² = {J2}; layer 1 is the first one x meets.

    The gradient at the output is the row v = {v}. What is the gradient at x, as a row […, …]?
    """
    return np.array(v) @ np.array(J2) @ np.array(J1)


@row_through_two.variant
def _(rng):
    return {"v": small_row(rng), "J1": small_matrix(rng), "J2": small_matrix(rng)}


@row_through_two.mistake("The row comes from the output, so the last layer's Jacobian is the first one it meets.")
def forward_order(v, J1, J2):
    return np.array(v) @ np.array(J1) @ np.array(J2)


@row_through_two.mistake(
    "You pushed v up through the layers as a column; a gradient is a row, and comes down from the left."
)
def pushed_as_column(v, J1, J2):
    return np.array(J2) @ np.array(J1) @ np.array(v)


@row_through_two.mistake("You stopped halfway: the row has passed one layer, and one is left.")
def stopped_halfway(v, J1, J2):
    return np.array(v) @ np.array(J2)


@row_through_two.mistake(
    "You took columns where rows belong: with v on the left, its entries weigh the rows of the matrix."
)
def transposed_matrices(v, J1, J2):
    return np.array(J1) @ np.array(J2) @ np.array(v)


@exercise(
    skill="jacobians.vjp",
    points=2,
    answer=Array(figures=3),
    hints=(
        "The layer's Jacobian is diag(φ′(z)) W. With a row on its left, which part is met first?",
        "First multiply each entry of v by tanh′ = 1 − tanh² of its output, then the row by W.",
    ),
)
def pull_through_tanh(v, W, out):
    """A layer computes tanh(W h + b) with W = {W}, and its output is {out}.

    The gradient at its output is the row v = {v}. What is the gradient at h, as a row […, …]?
    """
    return (np.array(v) * (1 - np.square(out))) @ np.array(W)


@pull_through_tanh.variant
def _(rng):
    out = rng.choice((0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False).tolist()
    return {"v": small_row(rng), "W": small_matrix(rng), "out": out}


@pull_through_tanh.mistake(
    "You met the weights first and the slopes after; coming back, the activation is the first thing a gradient passes."
)
def slopes_last(v, W, out):
    return (np.array(v) @ np.array(W)) * (1 - np.square(out))


@pull_through_tanh.mistake("You went through the weights only; the activation has a slope for every output.")
def slopes_left_out(v, W, out):
    return np.array(v) @ np.array(W)


@pull_through_tanh.mistake("You multiplied by the outputs, where the slopes of tanh belong.")
def outputs_in_place_of_slopes(v, W, out):
    return (np.array(v) * np.array(out)) @ np.array(W)


@pull_through_tanh.mistake(
    "You used W the way a signal goes up, rows times column; the gradient is a row on the left of W."
)
def weights_forward(v, W, out):
    return np.array(W) @ (np.array(v) * (1 - np.square(out)))


@exercise(
    skill="jacobians.vjp",
    points=3,
    answer=Array(),
    hints=(
        "Go back one layer at a time: activation, weights, activation, weights.",
        "A ReLU lets an entry of the row pass where its z is positive, and sets it to 0 where z is negative.",
        "Start at layer 2: its ReLU, then its weights; then layer 1.",
    ),
)
def row_through_relus(v, W1, z1, W2, z2):
    """Two layers compute h¹ = ReLU(z¹) and h² = ReLU(z²), with W¹ = {W1}, z¹ = {z1}, W² = {W2} and z² = {z2}.

    The gradient at h² is the row v = {v}. What is the gradient at x, as a row […, …]?
    """
    row = (np.array(v) * (np.array(z2) > 0)) @ np.array(W2)
    return (row * (np.array(z1) > 0)) @ np.array(W1)


@row_through_relus.variant
def _(rng):
    sign = rng.choice([[1, -1], [-1, 1]], 2).tolist()
    z1, z2 = (rng.integers(2, 5, (2, 2)) * sign).tolist()
    return {"v": small_row(rng), "W1": small_matrix(rng), "z1": z1, "W2": small_matrix(rng), "z2": z2}


@row_through_relus.mistake("You went through the weights only; a ReLU that is off lets no gradient pass.")
def relus_ignored(v, W1, z1, W2, z2):
    return np.array(v) @ np.array(W2) @ np.array(W1)


@row_through_relus.mistake(
    "You multiplied by ReLU(z), where its slope belongs: a unit that is on passes the gradient unchanged."
)
def relus_for_slopes(v, W1, z1, W2, z2):
    row = (np.array(v) * np.maximum(z2, 0)) @ np.array(W2)
    return (row * np.maximum(z1, 0)) @ np.array(W1)


@row_through_relus.mistake("You met each layer's weights before its ReLU; coming back, the ReLU is first.")
def weights_first(v, W1, z1, W2, z2):
    row = (np.array(v) @ np.array(W2)) * (np.array(z2) > 0)
    return (row @ np.array(W1)) * (np.array(z1) > 0)


@row_through_relus.mistake(
    "You began with the lower layer; a gradient comes from the output and meets the upper one first."
)
def lower_layer_first(v, W1, z1, W2, z2):
    row = (np.array(v) * (np.array(z1) > 0)) @ np.array(W1)
    return (row * (np.array(z2) > 0)) @ np.array(W2)


@exercise(
    skill="jacobians.vjp",
    points=1,
    answer=Integer(),
    hints=(
        "How many multiplications does one row times one square matrix take?",
        "What comes out is a row again, so each further layer costs the same.",
    ),
)
def row_cost(depth, width):
    """A row of {width} numbers goes back through {depth} Jacobians of {width} × {width}, one after another.

    Each time it is a row times a matrix. How many multiplications is that in all?
    """
    return depth * width**2


@row_cost.variant
def _(rng):
    return {
        "depth": rng.choice((3, 4, 6, 8, 10, 12, 20, 30, 60)),
        "width": rng.choice((5, 10, 20, 30, 50, 64, 100, 200)),
    }


@row_cost.mistake(
    "You multiplied the matrices together first, which is what the row spares you: a row times a matrix is a row."
)
def matrices_first(depth, width):
    return (depth - 1) * width**3 + width**2


@row_cost.mistake(
    "A row times a matrix uses every entry of the matrix once; you counted "
    "one multiplication for each entry of the row."
)
def entries_of_the_row(depth, width):
    return depth * width


@row_cost.mistake("That is one layer's work; the row goes through all of them.")
def one_matrix_only(depth, width):
    return width**2


@row_cost.mistake("That is the work of matrix times matrix at every layer; a row is only one line of it.")
def cubed(depth, width):
    return depth * width**3


@exercise(
    skill="jacobians.vjp",
    points=4,
    answer=Function(
        variants=4,
        must=(
            works_under_jit(),
            never_computes(
                "never forms a Jacobian",
                lambda inputs: inputs[0].shape[-1] ** 2,
                "The values are right, but on the way you computed an array as large as a whole Jacobian: "
                "pass the row through the slopes, then through W, and it stays a row.",
            ),
        ),
    ),
    hints=(
        "Go up once and keep every hˡ; then come back down with the row.",
        "Coming back through one layer: multiply the row by the slopes 1 − hˡ² entry by entry, then by Wˡ.",
        "`g = (g * (1 - h**2)) @ W` is one layer; or let `jax.vjp` pull the row through for you.",
    ),
)
def pull_back(W, b, x, v):
    """Write `pull_back(W, b, x, v)`: the row v through all layers of a tanh net, from the output back to x.

    `W` has shape (L, d, d), `b` (L, d), `x` and `v` (d,); a layer is hˡ = tanh(Wˡ hˡ⁻¹ + bˡ) with h⁰ = x.
    Return v Jᴸ ⋯ J¹, shape (d,).
    Use `jnp`, and never compute a Jacobian on the way: nothing as large as d × d.
    """
    h, hs = x, []
    for l in range(W.shape[0]):
        h = jnp.tanh(W[l] @ h + b[l])
        hs.append(h)
    g = v
    for l in reversed(range(W.shape[0])):
        g = (g * (1 - hs[l] ** 2)) @ W[l]
    return g


@pull_back.variant
def _(rng):
    # Wider than deep, so that d numbers for each of L layers stay below one d × d Jacobian.
    W, b = random_stack(rng, int(rng.choice([3, 4])), 6, 1.5)
    x, v = rng.normal(size=(2, 6)).astype(np.float32)
    return {"W": W, "b": b, "x": x, "v": v}


@pull_back.mistake(
    "The values are right, but you built the Jacobians and multiplied matrices; a "
    "row that passes layer by layer needs none of them.",
    breaks="never forms a Jacobian",
)
def forms_the_matrices(W, b, x, v):
    h, J = x, jnp.eye(x.shape[0])
    for l in range(W.shape[0]):
        h = jnp.tanh(W[l] @ h + b[l])
        J = (jnp.diag(1 - h**2) @ W[l]) @ J
    return v @ J


@pull_back.mistake(
    "The values are right, but NumPy stops JAX from following them: write it with `jnp` throughout.",
    breaks="works under jit",
)
def numpy_inside(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(np.dot(W_l, h) + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = np.dot(g * (1 - h**2), W_l)
    return g


@pull_back.mistake("Your row met the first layer first; it comes from the output, so the last layer is first.")
def bottom_layer_first(W, b, x, v):
    h, g = x, v
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        g = (g * (1 - h**2)) @ W_l
    return g


@pull_back.mistake("Your row went through the weights only; every activation multiplies it by its slope.")
def slopes_skipped(W, b, x, v):
    g = v
    for W_l in W[::-1]:
        g = g @ W_l
    return g


@pull_back.mistake("You multiplied the row by hˡ, where the slope of tanh belongs.")
def signals_for_slopes(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = (g * h) @ W_l
    return g


@pull_back.mistake("Within a layer you met the weights before the slopes; coming back, the activation is first.")
def weights_before_slopes(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = (g @ W_l) * (1 - h**2)
    return g


@pull_back.mistake(
    "You pushed v up through the net, as a change of the input; a gradient is pulled down, from the output to x."
)
def pushed_up(W, b, x, v):
    h, t = x, v
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        t = (1 - h**2) * (W_l @ t)
    return t

"""The skill `jacobians.layer`."""

import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Function, Number, exercise

from .shared import small_matrix, small_row


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(),
    hints=(
        "First work out z. Which of its entries does ReLU let through?",
        "φ′(z) is 1 where z is positive and 0 where it is negative, one slope for each output.",
        "Each output has its own row of the Jacobian: what does its slope do to that row of W?",
    ),
)
def relu_layer_jacobian(W, b, h):
    """A layer computes ReLU(W h + b) with W = {W}, b = {b} and h = {h}.

    What is the Jacobian of its output with respect to h? Write it as [[…], […]], one row for each output.
    """
    z = np.array(W) @ h + b
    return np.diag(z > 0) @ np.array(W)


@relu_layer_jacobian.variant
def _(rng):
    while True:  # one unit of the layer is on and one is off; the input is not on and off in the same places
        W, b, h = small_matrix(rng), small_row(rng), small_row(rng)
        z = np.array(W) @ h + b
        on, above = z > 0, np.array(h) > 0
        if np.all(z != 0) and np.any(on) and not np.all(on) and np.any(on != above) and not np.all(above):
            return {"W": W, "b": b, "h": h}


@relu_layer_jacobian.mistake(
    "A slope belongs to one output, and an output is a row of the Jacobian; you switched off a column."
)
def column_switched(W, b, h):
    z = np.array(W) @ h + b
    return np.array(W) @ np.diag(z > 0)


@relu_layer_jacobian.mistake("ReLU's slope depends on what goes into the ReLU, and that is z, not h.")
def slope_at_h(W, b, h):
    return np.diag(np.array(h) > 0) @ np.array(W)


@relu_layer_jacobian.mistake("You scaled the rows by ReLU(z), but what counts here is its slope at z.")
def relu_for_slope(W, b, h):
    z = np.array(W) @ h + b
    return np.diag(np.maximum(z, 0)) @ np.array(W)


@relu_layer_jacobian.mistake("That is the Jacobian of z alone; the activation that follows has a slope too.")
def activation_forgotten(W, b, h):
    return np.array(W)


@relu_layer_jacobian.mistake("Rows are outputs and columns are inputs, and yours are the other way round.")
def rows_for_columns(W, b, h):
    z = np.array(W) @ h + b
    return (np.diag(z > 0) @ np.array(W)).T


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(figures=3),
    hints=(
        "tanh′ can be written with tanh itself, and its value is already given.",
        "tanh′(z) = 1 − tanh²(z): one slope for each output.",
        "Each output's slope multiplies that output's row of W.",
    ),
)
def tanh_layer_jacobian(W, out):
    """A layer computes tanh(W h + b) with W = {W}. At some h its output is {out}.

    What is the Jacobian of the output with respect to h there? Write it as [[…], […]], one row for each output.
    """
    return np.diag(1 - np.square(out)) @ np.array(W)


@tanh_layer_jacobian.variant
def _(rng):
    out = rng.choice((-0.9, -0.8, -0.6, -0.5, -0.4, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False)
    return {"W": small_matrix(rng), "out": out.tolist()}


@tanh_layer_jacobian.mistake("A slope belongs to one output, and an output is a row of W; you scaled the columns.")
def columns_scaled(W, out):
    return np.array(W) @ np.diag(1 - np.square(out))


@tanh_layer_jacobian.mistake(
    "A square is missing in your tanh′: write it with tanh and check it at z = 0 and far away."
)
def square_forgotten(W, out):
    return np.diag(1 - np.array(out)) @ np.array(W)


@tanh_layer_jacobian.mistake(
    "The outputs given are tanh(z) already, and you put them through tanh "
    "once more: φ′ is taken at z, not at the output."
)
def slope_at_output(W, out):
    return np.diag(1 - np.tanh(out) ** 2) @ np.array(W)


@tanh_layer_jacobian.mistake("You scaled the rows by the outputs themselves, but a Jacobian needs the slopes.")
def output_for_slope(W, out):
    return np.diag(out) @ np.array(W)


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(figures=3),
    hints=(
        "The slope of the sigmoid can be written with its own value, which is given.",
        "σ′ = σ·(1 − σ): one slope for each output, and none is above a quarter.",
    ),
)
def sigmoid_layer_jacobian(W, out):
    """A layer computes σ(W h + b) with the sigmoid σ and W = {W}. At some h its output is {out}.

    What is the Jacobian of the output with respect to h there? Write it as [[…], […]], one row for each output.
    """
    return np.diag(np.array(out) * (1 - np.array(out))) @ np.array(W)


@sigmoid_layer_jacobian.variant
def _(rng):
    return {
        "W": small_matrix(rng, largest=4),
        "out": rng.choice((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8, 0.9), 2, replace=False).tolist(),
    }


@sigmoid_layer_jacobian.mistake("A slope belongs to one output, and an output is a row of W; you scaled the columns.")
def sigmoid_columns(W, out):
    return np.array(W) @ np.diag(np.array(out) * (1 - np.array(out)))


@sigmoid_layer_jacobian.mistake("That is the slope of tanh; the sigmoid has its own, and it is never above a quarter.")
def tanh_slope(W, out):
    return np.diag(1 - np.square(out)) @ np.array(W)


@sigmoid_layer_jacobian.mistake("You scaled the rows by σ, but a Jacobian needs its slope σ′.")
def sigmoid_for_slope(W, out):
    return np.diag(out) @ np.array(W)


@sigmoid_layer_jacobian.mistake(
    "The outputs given are σ(z) already, and you put them through σ once more: φ′ is taken at z, not at the output."
)
def sigmoid_slope_at_output(W, out):
    s = 1 / (1 + np.exp(-np.array(out)))
    return np.diag(s * (1 - s)) @ np.array(W)


@exercise(
    skill="jacobians.layer",
    points=1,
    answer=Number(figures=3),
    hints=(
        "A Jacobian's row is an output and its column an input: find the weight between these two.",
        "Only the output's own slope matters: tanh′ = 1 − tanh², at that output.",
    ),
)
def one_entry(W, out, output, input):
    """A layer computes tanh(W h + b) with W = {W}, and its output is {out}.

    Counting from 1: what is the derivative of output {output} with respect to input {input}?
    """
    return (1 - out[output - 1] ** 2) * W[output - 1][input - 1]


@one_entry.variant
def _(rng):
    out = rng.choice((0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False).tolist()
    output = int(rng.integers(1, 3))
    return {"W": small_matrix(rng, largest=5), "out": out, "output": output, "input": 3 - output}


@one_entry.mistake(
    "You used the slope at the input's place; the slope that counts is that of the output you differentiate."
)
def slope_of_the_other(W, out, output, input):
    return (1 - out[input - 1] ** 2) * W[output - 1][input - 1]


@one_entry.mistake(
    "You took the weight from the wrong side of the diagonal: W's row is the output, its column the input."
)
def weight_transposed(W, out, output, input):
    return (1 - out[output - 1] ** 2) * W[input - 1][output - 1]


@one_entry.mistake("That is the derivative of z; the activation's slope is still to come.")
def bare_weight(W, out, output, input):
    return W[output - 1][input - 1]


@one_entry.mistake("You multiplied by the output itself, but what counts is the slope of tanh there.")
def value_for_slope(W, out, output, input):
    return out[output - 1] * W[output - 1][input - 1]


@exercise(
    skill="jacobians.layer",
    points=3,
    answer=Function(),
    hints=(
        "Work out z = W h + b first; φ′ is taken there.",
        "tanh′(z) = 1 − tanh²(z), one slope for each row of W.",
        "A column of slopes, shape (d_out, 1), multiplies W row by row.",
    ),
)
def layer_jacobian(W, b, h):
    """Write `layer_jacobian(W, b, h)`: the Jacobian of the layer tanh(W h + b) with respect to h.

    `W` has shape (d_out, d_in), `b` (d_out,), `h` (d_in,). Return an array of shape (d_out, d_in).
    """
    return (1 - jnp.tanh(W @ h + b) ** 2)[:, None] * W


@layer_jacobian.variant
def _(rng):
    d = int(rng.choice([3, 4]))
    return {
        "W": rng.normal(size=(d, d)).astype(np.float32),
        "b": rng.normal(size=d).astype(np.float32),
        "h": rng.normal(size=d).astype(np.float32),
    }


@layer_jacobian.edge
def _(rng):
    W, b, h = rng.normal(size=(3, 5)), rng.normal(size=3), rng.normal(size=5)
    return {"W": W.astype(np.float32), "b": b.astype(np.float32), "h": h.astype(np.float32)}


@layer_jacobian.mistake("Your slopes scale the columns of W; each slope belongs to one output, and outputs are rows.")
def slopes_on_columns(W, b, h):
    return W * (1 - np.tanh(W @ h + b) ** 2)[None, :]


@layer_jacobian.mistake("You took φ′ at the input h, but the activation sees z = W h + b.")
def slope_at_input(W, b, h):
    return np.diag(1 - np.tanh(h) ** 2) @ W


@layer_jacobian.mistake("You took φ′ at the layer's output, but the activation sees z: one tanh too many.")
def slope_one_tanh_too_late(W, b, h):
    return np.diag(1 - np.tanh(np.tanh(W @ h + b)) ** 2) @ W


@layer_jacobian.mistake("You scaled the rows of W by φ(z), where its slope φ′(z) belongs.")
def activation_for_slope(W, b, h):
    return np.diag(np.tanh(W @ h + b)) @ W


@layer_jacobian.mistake(
    "The bias is gone from your z; it adds no row or column, but it moves the point where the slope is taken."
)
def bias_forgotten(W, b, h):
    return np.diag(1 - np.tanh(W @ h) ** 2) @ W


@layer_jacobian.mistake("That is the Jacobian of z alone; the activation that follows has a slope too.")
def slope_left_out(W, b, h):
    return W

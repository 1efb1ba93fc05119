"""The skill `normalization.rms`."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Array, Function, Number, exercise

from .shared import EPSILONS, GAMMAS, MUST, draw_batch, spread_out, uneven, whole


@exercise(
    skill="normalization.rms",
    points=1,
    answer=Number(figures=3),
    hints=(
        "Read the name backwards: square, then mean, then root.",
        "Square each number, divide the sum by how many there are, add ε, and take the root.",
    ),
)
def root_mean_square(z, eps):
    """One example has the features z = {z}, and ε = {eps}. By what does RMSNorm divide them?"""
    return np.sqrt(np.mean(np.square(z)) + eps)


@root_mean_square.variant
def _(rng):
    return {"z": whole(rng, int(rng.integers(3, 6))).tolist(), "eps": rng.choice(EPSILONS)}


@root_mean_square.mistake("You measured distances from the mean; RMSNorm takes the numbers as they are.")
def deviation_for_rms(z, eps):
    return np.sqrt(np.var(z) + eps)


@root_mean_square.mistake(
    "That is built on the length of the vector: the squares are to be averaged, and not only added."
)
def length_for_rms(z, eps):
    return np.sqrt(np.sum(np.square(z)) + eps)


@root_mean_square.mistake("ε belongs under the root, beside the mean square.")
def rms_eps_outside(z, eps):
    return np.sqrt(np.mean(np.square(z))) + eps


@root_mean_square.mistake("The root is missing: that has the unit of z squared.")
def mean_square(z, eps):
    return np.mean(np.square(z)) + eps


@exercise(
    skill="normalization.rms",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Square all four numbers, and take the mean of the squares.",
        "Nothing is subtracted. What stands under the root, besides the mean square?",
        "γ multiplies the quotient; there is nothing to add.",
    ),
)
def rms_norm_entry(z, gamma, eps, unit):
    """One example has the features z = {z}. RMSNorm has ε = {eps}, and unit {unit} has γ = {gamma}.

    What does it make of unit {unit}? (The first is unit 1.)
    """
    z = np.array(z, float)
    return gamma * z[unit - 1] / np.sqrt(np.mean(z**2) + eps)


@rms_norm_entry.variant
def _(rng):
    return {
        "z": uneven(rng, 4),
        "gamma": rng.choice(GAMMAS),
        "eps": rng.choice(EPSILONS),
        "unit": rng.integers(1, 5),
    }


@rms_norm_entry.mistake("You subtracted the mean: LayerNorm does, RMSNorm does not.")
def mean_subtracted(z, gamma, eps, unit):
    z = np.array(z, float)
    return gamma * (z[unit - 1] - z.mean()) / np.sqrt(z.var() + eps)


@rms_norm_entry.mistake(
    "You divided by the deviation from the mean; RMSNorm has no mean anywhere, under the root either."
)
def divided_by_deviation(z, gamma, eps, unit):
    z = np.array(z, float)
    return gamma * z[unit - 1] / np.sqrt(z.var() + eps)


@rms_norm_entry.mistake("ε belongs under the root, beside the mean square.")
def entry_eps_outside(z, gamma, eps, unit):
    z = np.array(z, float)
    return gamma * z[unit - 1] / (np.sqrt(np.mean(z**2)) + eps)


@rms_norm_entry.mistake("You divided by the length of the vector; the squares are to be averaged, and not only added.")
def divided_by_length(z, gamma, eps, unit):
    z = np.array(z, float)
    return gamma * z[unit - 1] / np.sqrt(np.sum(z**2) + eps)


@rms_norm_entry.mistake("This unit's γ has not acted yet.")
def gamma_forgotten(z, gamma, eps, unit):
    z = np.array(z, float)
    return z[unit - 1] / np.sqrt(np.mean(z**2) + eps)


@exercise(
    skill="normalization.rms",
    points=2,
    answer=Array(figures=3),
    hints=(
        "One example is enough: which row of the table?",
        "Square its three entries, average the squares, take the root, divide.",
    ),
)
def rms_norm_row(Z, example):
    """A batch Z = {Z} has one row an example and one column a feature; γ = 1 and ε is negligible.

    What does RMSNorm make of example {example}? Write it as [a, b, c].
    """
    z = np.array(Z, float)[example - 1]
    return z / np.sqrt(np.mean(z**2))


@rms_norm_row.variant
def _(rng):
    return {"Z": spread_out(rng, 3, 3), "example": rng.integers(1, 4)}


@rms_norm_row.mistake("You subtracted the mean: LayerNorm does, RMSNorm does not.")
def row_mean_subtracted(Z, example):
    z = np.array(Z, float)[example - 1]
    return (z - z.mean()) / z.std()


@rms_norm_row.mistake("You averaged the squares down each column; RMSNorm looks at one example only, along its row.")
def rms_down_the_columns(Z, example):
    Z = np.array(Z, float)
    return (Z / np.sqrt(np.mean(Z**2, 0)))[example - 1]


@rms_norm_row.mistake("You divided by the length of the row; the squares are to be averaged, and not only added.")
def row_divided_by_length(Z, example):
    z = np.array(Z, float)[example - 1]
    return z / np.linalg.norm(z)


@rms_norm_row.mistake("You divided by the mean square; its root is what has the unit of z.")
def rms_row_without_root(Z, example):
    z = np.array(Z, float)[example - 1]
    return z / np.mean(z**2)


@exercise(
    skill="normalization.rms",
    points=2,
    answer=Number(figures=3),
    hints=(
        "RMSNorm needs the mean of the squares. How does it follow from the mean and the variance?",
        "The variance is the mean square less the square of the mean.",
    ),
)
def rms_from_moments(mean, variance, value):
    """An example's many features have mean {mean} and variance {variance}; one of them is {value}.
    RMSNorm has γ = 1 and a negligible ε.

    What does it make of that feature?
    """
    return value / np.sqrt(variance + mean**2)


@rms_from_moments.variant
def _(rng):
    return {
        "mean": rng.choice((-3.0, -2.0, -1.5, 0.5, 1.5, 2.0, 3.0)),
        "variance": rng.choice((0.5, 1.5, 2.0, 3.0, 4.0, 5.0)),
        "value": rng.choice((-4.0, -2.5, 1.2, 2.5, 4.0, 5.0)),
    }


@rms_from_moments.mistake("You divided by the deviation; the mean square also holds the square of the mean.")
def variance_only(mean, variance, value):
    return value / np.sqrt(variance)


@rms_from_moments.mistake("That is LayerNorm: RMSNorm neither subtracts the mean nor takes it out of the squares.")
def moments_of_layer_norm(mean, variance, value):
    return (value - mean) / np.sqrt(variance)


@rms_from_moments.mistake("The mean square is right, but nothing is subtracted from the feature.")
def subtracted_all_the_same(mean, variance, value):
    return (value - mean) / np.sqrt(variance + mean**2)


@rms_from_moments.mistake("The root of a sum is not the sum of the roots: add first.")
def roots_added(mean, variance, value):
    return value / (np.sqrt(variance) + abs(mean))


@exercise(
    skill="normalization.rms",
    points=3,
    answer=Function(returns=Array(), variants=6, must=MUST),
    hints=(
        "The last axis holds the features of one example, whatever comes before it.",
        "Mean of the squares over that axis with `keepdims=True`; ε joins it; root; divide; γ.",
    ),
)
@jax.jit
def rms_norm(h, gamma, eps):
    """Write `rms_norm(h, gamma, eps)`: RMSNorm over the last axis, for a batch of vectors or of sequences.

    `h` has shape (n, d) or (n, t, d); `gamma` has shape (d,). Returns the shape of `h`.
    """
    return gamma * h / jnp.sqrt(jnp.mean(h**2, axis=-1, keepdims=True) + eps)


@rms_norm.variant
def _(rng):
    shape = ((4, 3), (2, 3, 4))[rng.integers(2)]
    h, gamma, _ = draw_batch(rng, *shape)
    return {"h": h, "gamma": gamma, "eps": float(rng.choice((0.1, 0.5)))}


@rms_norm.mistake("You subtracted the mean: LayerNorm does, RMSNorm does not.")
def rms_with_mean_subtracted(h, gamma, eps):
    return gamma * (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + eps)


@rms_norm.mistake(
    "You averaged the squares over the first axis, the batch; RMSNorm averages over an example's own features."
)
def rms_over_the_batch(h, gamma, eps):
    return gamma * h / np.sqrt((h**2).mean(0) + eps)


@rms_norm.mistake("ε belongs under the root, beside the mean square; you added it to the root.")
def rms_eps_after_the_root(h, gamma, eps):
    return gamma * h / (np.sqrt((h**2).mean(-1, keepdims=True)) + eps)


@rms_norm.mistake("You divided by the length of the vector; the squares are to be averaged, and not only added.")
def rms_by_length(h, gamma, eps):
    return gamma * h / np.sqrt((h**2).sum(-1, keepdims=True) + eps)


@rms_norm.mistake("γ has not acted on what you return.")
def rms_no_gamma(h, gamma, eps):
    return h / np.sqrt((h**2).mean(-1, keepdims=True) + eps)


@rms_norm.mistake(
    "The values are right, but a Python `if` on a computed value stops `jit`, which knows shapes only.",
    breaks="works under jit",
)
def rms_python_if(h, gamma, eps):
    m = jnp.mean(h**2, axis=-1, keepdims=True)
    if jnp.min(m) + eps <= 0:
        return jnp.zeros_like(h)
    return gamma * h / jnp.sqrt(m + eps)


@rms_norm.mistake(
    "The values are right, but you told JAX to treat the root mean square as a constant; it moves with h, and "
    "the gradient must know it.",
    breaks="works under grad",
)
def rms_held_fixed(h, gamma, eps):
    return gamma * h / lax.stop_gradient(jnp.sqrt(jnp.mean(h**2, axis=-1, keepdims=True) + eps))

"""The skill `normalization.layer`."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Array, Function, Number, exercise
from autograder.requirements import without_automatic_differentiation

from .shared import BETAS, EPSILONS, GAMMAS, MUST, draw_batch, spread_out, uneven


@exercise(
    skill="normalization.layer",
    points=2,
    answer=Number(figures=3),
    hints=(
        "All four numbers belong to one example: they give one mean and one variance.",
        "Subtract the mean, divide by one root. What stands under it, besides the variance?",
        "The unit's own γ multiplies what you have, and its β is added last.",
    ),
)
def layer_norm_entry(z, gamma, beta, eps, unit):
    """One example has the features z = {z}. LayerNorm has ε = {eps}, and unit {unit} has γ = {gamma} and β = {beta}.

    What does it make of unit {unit}? (The first is unit 1.)
    """
    z = np.array(z, float)
    return gamma * (z[unit - 1] - z.mean()) / np.sqrt(z.var() + eps) + beta


@layer_norm_entry.variant
def _(rng):
    return {
        "z": uneven(rng, 4),
        "gamma": rng.choice(GAMMAS),
        "beta": rng.choice(BETAS),
        "eps": rng.choice(EPSILONS),
        "unit": rng.integers(1, 5),
    }


@layer_norm_entry.mistake(
    "You divided the squares by one less than there are features; a norm divides by their number."
)
def layer_sample_variance(z, gamma, beta, eps, unit):
    z = np.array(z, float)
    return gamma * (z[unit - 1] - z.mean()) / np.sqrt(z.var(ddof=1) + eps) + beta


@layer_norm_entry.mistake("You added ε after the root, and it belongs under it, beside the variance.")
def layer_eps_outside(z, gamma, beta, eps, unit):
    z = np.array(z, float)
    return gamma * (z[unit - 1] - z.mean()) / (z.std() + eps) + beta


@layer_norm_entry.mistake("You left the mean in: that is RMSNorm's way, and LayerNorm subtracts it first.")
def mean_left_in(z, gamma, beta, eps, unit):
    z = np.array(z, float)
    return gamma * z[unit - 1] / np.sqrt(np.mean(z**2) + eps) + beta


@layer_norm_entry.mistake("That is the normalised value; this unit's γ and β still have to act on it.")
def layer_affine_forgotten(z, gamma, beta, eps, unit):
    z = np.array(z, float)
    return (z[unit - 1] - z.mean()) / np.sqrt(z.var() + eps)


@layer_norm_entry.mistake("You divided by the variance; its root is what has the unit of z.")
def layer_root_forgotten(z, gamma, beta, eps, unit):
    z = np.array(z, float)
    return gamma * (z[unit - 1] - z.mean()) / (z.var() + eps) + beta


@exercise(
    skill="normalization.layer",
    points=2,
    answer=Array(figures=3),
    hints=(
        "Which other rows of the table do you need for this example?",
        "Mean and variance of that one row, divided by three; then each of its entries.",
    ),
)
def layer_norm_row(Z, example):
    """A batch Z = {Z} has one row an example and one column a feature; γ = 1, β = 0, and ε is negligible.

    What does LayerNorm make of example {example}? Write it as [a, b, c].
    """
    z = np.array(Z, float)[example - 1]
    return (z - z.mean()) / z.std()


@layer_norm_row.variant
def _(rng):
    return {"Z": spread_out(rng, 3, 3), "example": rng.integers(1, 4)}


@layer_norm_row.mistake(
    "You compared with the other examples, down the columns; LayerNorm looks at one example only, along its row."
)
def down_the_columns(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean(0)) / Z.std(0))[example - 1]


@layer_norm_row.mistake("You left the mean in: that is RMSNorm's way, and LayerNorm subtracts it first.")
def row_mean_left_in(Z, example):
    z = np.array(Z, float)[example - 1]
    return z / np.sqrt(np.mean(z**2))


@layer_norm_row.mistake("You divided the squares by one less than there are features; a norm divides by their number.")
def layer_row_sample_variance(Z, example):
    z = np.array(Z, float)[example - 1]
    return (z - z.mean()) / z.std(ddof=1)


@layer_norm_row.mistake("You used one mean and one variance for the whole table; every example has its own.")
def layer_whole_table(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean()) / Z.std())[example - 1]


@exercise(
    skill="normalization.layer",
    points=3,
    answer=Number(figures=3),
    hints=(
        "Write LayerNorm of z and of the scaled z. What happens to the mean, and what to the variance?",
        "The scale multiplies the numerator, and its square multiplies the variance; ε stays what it is.",
        "Divide the one by the other: two roots, and the scale.",
    ),
)
def scale_left_over(variance, eps, scale):
    """One example's features have variance {variance} (divided by their number). LayerNorm has ε = {eps}, γ = 1 and β = 0.

    All its features are multiplied by {scale}. By what factor does LayerNorm's output change?
    """
    return scale * np.sqrt((variance + eps) / (scale**2 * variance + eps))


@scale_left_over.variant
def _(rng):
    return {
        "variance": rng.choice((0.5, 1.0, 1.5, 2.0, 3.0, 4.0)),
        "eps": rng.choice(EPSILONS),
        "scale": rng.choice((0.2, 0.5, 2.0, 3.0, 4.0, 5.0)),
    }


@scale_left_over.mistake("That would hold for ε = 0 only; with an ε this large something of the scale is left.")
def nothing_left(variance, eps, scale):
    return 1.0


@scale_left_over.mistake("The norm divides by the deviation, and the deviation grows with the features.")
def all_of_it(variance, eps, scale):
    return scale


@scale_left_over.mistake("A variance grows with the square of the scale.")
def scale_not_squared(variance, eps, scale):
    return scale * np.sqrt((variance + eps) / (scale * variance + eps))


@scale_left_over.mistake("You added ε to the deviation; it is added to the variance, under the root.")
def left_over_eps_outside(variance, eps, scale):
    return scale * (np.sqrt(variance) + eps) / (scale * np.sqrt(variance) + eps)


@scale_left_over.mistake("Your factor is upside down: you divided the old output by the new one.")
def old_over_new(variance, eps, scale):
    return np.sqrt((scale**2 * variance + eps) / (variance + eps)) / scale


@exercise(
    skill="normalization.layer",
    points=3,
    answer=Function(returns=Array(), variants=6, must=MUST),
    hints=(
        "Whatever comes before it, the last axis holds the features of one example: count axes from the end.",
        "`keepdims=True` keeps the averaged axis with length 1, so that the mean can be subtracted.",
        "ε joins the variance before the root is taken; γ and β are one number a feature.",
    ),
)
@jax.jit
def layer_norm(h, gamma, beta, eps):
    """Write `layer_norm(h, gamma, beta, eps)`: LayerNorm over the last axis, for a batch of vectors or of sequences.

    `h` has shape (n, d) or (n, t, d); `gamma` and `beta` have shape (d,). Returns the shape of `h`.
    """
    mean = jnp.mean(h, axis=-1, keepdims=True)
    var = jnp.var(h, axis=-1, keepdims=True)
    return gamma * (h - mean) / jnp.sqrt(var + eps) + beta


@layer_norm.variant
def _(rng):
    shape = ((4, 3), (2, 3, 4))[rng.integers(2)]
    h, gamma, beta = draw_batch(rng, *shape)
    return {"h": h, "gamma": gamma, "beta": beta, "eps": float(rng.choice((0.1, 0.5)))}


@layer_norm.mistake(
    "You averaged over the first axis, the batch; LayerNorm averages over the last one, an example's own features."
)
def mean_over_the_batch(h, gamma, beta, eps):
    return gamma * (h - h.mean(0)) / np.sqrt(h.var(0) + eps) + beta


@layer_norm.mistake("Your variance divides by d − 1, and a norm divides by d.")
def layer_unbiased(h, gamma, beta, eps):
    return gamma * (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, ddof=1, keepdims=True) + eps) + beta


@layer_norm.mistake("ε belongs under the root, beside the variance; you added it to the root.")
def layer_eps_after_the_root(h, gamma, beta, eps):
    return gamma * (h - h.mean(-1, keepdims=True)) / (h.std(-1, keepdims=True) + eps) + beta


@layer_norm.mistake("What you return is normalised, but γ and β have not acted on it.")
def layer_no_gamma_no_beta(h, gamma, beta, eps):
    return (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + eps)


@layer_norm.mistake("You divided by the root mean square without subtracting the mean: that is RMSNorm with a shift.")
def layer_without_centring(h, gamma, beta, eps):
    return gamma * h / np.sqrt((h**2).mean(-1, keepdims=True) + eps) + beta


@layer_norm.mistake(
    "The values are right, but a Python `if` on a computed value stops `jit`, which knows shapes only: ε "
    "already keeps the root from zero.",
    breaks="works under jit",
)
def layer_python_if(h, gamma, beta, eps):
    var = jnp.var(h, axis=-1, keepdims=True)
    if jnp.min(var) + eps <= 0:
        return beta + jnp.zeros_like(h)
    return gamma * (h - jnp.mean(h, axis=-1, keepdims=True)) / jnp.sqrt(var + eps) + beta


@layer_norm.mistake(
    "The values are right, but you told JAX to treat mean and variance as constants; they move with h, and the "
    "gradient must know it.",
    breaks="works under grad",
)
def layer_statistics_held_fixed(h, gamma, beta, eps):
    mean = lax.stop_gradient(jnp.mean(h, axis=-1, keepdims=True))
    var = lax.stop_gradient(jnp.var(h, axis=-1, keepdims=True))
    return gamma * (h - mean) / jnp.sqrt(var + eps) + beta


@exercise(
    skill="normalization.layer",
    points=4,
    answer=Function(returns=Array(), variants=6, must=(without_automatic_differentiation(),)),
    hints=(
        "Entry (i, j) asks how output i moves when input j does; and input j moves the mean and the variance too.",
        "The mean moves by 1/d, and the variance by 2(z_j − μ)/d. Differentiate the quotient.",
        "Three terms: a diagonal one, one that is the same everywhere, and an outer product of the centred z with itself.",
    ),
)
@jax.jit
def layer_norm_jacobian(z, eps):
    """Write `layer_norm_jacobian(z, eps)`: the Jacobian of LayerNorm (γ = 1, β = 0) of one example `z`, shape (d,).

    Returns shape (d, d): one row an output, one column an input.
    """
    d = z.shape[0]
    centred = z - jnp.mean(z)
    s = jnp.sqrt(jnp.var(z) + eps)
    return (jnp.eye(d) - 1 / d - jnp.outer(centred, centred) / (d * s**2)) / s


@layer_norm_jacobian.variant
def _(rng):
    z = rng.normal(size=int(rng.integers(3, 5))) * 2 + 1
    return {"z": z.astype(np.float32), "eps": float(rng.choice((0.1, 0.5)))}


@layer_norm_jacobian.mistake("You held mean and variance fixed, but both move when any of the features does.")
def both_held_fixed(z, eps):
    return np.eye(len(z)) / np.sqrt(z.var() + eps)


@layer_norm_jacobian.mistake("You held the variance fixed, but it moves when a feature does.")
def variance_held_fixed(z, eps):
    return (np.eye(len(z)) - 1 / len(z)) / np.sqrt(z.var() + eps)


@layer_norm_jacobian.mistake("You held the mean fixed, but it moves when a feature does.")
def mean_held_fixed(z, eps):
    c, s = z - z.mean(), np.sqrt(z.var() + eps)
    return (np.eye(len(z)) - np.outer(c, c) / (len(z) * s**2)) / s


@layer_norm_jacobian.mistake(
    "The values are right, and JAX found them for you; write down how each output moves with each input.",
    breaks="differentiates by hand",
)
def left_to_jax(z, eps):
    return jax.jacfwd(lambda z: (z - jnp.mean(z)) / jnp.sqrt(jnp.var(z) + eps))(z)


@layer_norm_jacobian.mistake("Your three terms are there, but the root they are all divided by is missing.")
def never_divided(z, eps):
    c, s = z - z.mean(), np.sqrt(z.var() + eps)
    return np.eye(len(z)) - 1 / len(z) - np.outer(c, c) / (len(z) * s**2)


@layer_norm_jacobian.mistake(
    "In your outer product ε is missing: what is divided by is the root with ε inside, there too."
)
def eps_missing_inside(z, eps):
    c, s = z - z.mean(), np.sqrt(z.var() + eps)
    return (np.eye(len(z)) - 1 / len(z) - np.outer(c, c) / (len(z) * z.var())) / s

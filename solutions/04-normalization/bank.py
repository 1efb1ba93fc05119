"""Unit 04, normalization: what is asked, what is right, and the mistakes learners really make.

In questions to be answered by hand ε is large on purpose: with 10⁻⁵ nobody could see where it went. In a code exercise
the reference and every mistake stand alone (their parameters, `jax`, `jnp`, `lax` and `np`), and mistakes are plain NumPy
where they can be: nothing to compile.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Array, Choice, Function, Integer, Measurement, Number, Requirement, exercise
from autograder.requirements import works_under_jit

EPSILONS = (0.25, 0.5, 1.0, 2.0)
GAMMAS = (0.5, 1.5, 2.0, 2.5, 3.0)
BETAS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)


def whole(rng, *shape):
    """Whole numbers from −5 to 9, for work by hand."""
    return rng.integers(-5, 10, shape)


def uneven(rng, n):
    """Whole numbers that are not all the same."""
    while True:
        z = whole(rng, n)
        if z.std() > 0:
            return z.tolist()


def spread_out(rng, *shape):
    """A table of whole numbers in which no row and no column is constant."""
    while True:
        Z = whole(rng, *shape)
        if np.all(Z.std(0) > 0) and np.all(Z.std(1) > 0):
            return Z.tolist()


STEP = 1e-2


def _direction_and_weights(shape):
    """A direction to nudge an input of this shape in, and weights for the entries of a result of the same shape."""
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=shape).astype(np.float32) for _ in range(2))


def _gradient_and_nudges(inputs):
    """The gradient in the first input of the result's weighted sum, and the result on either side of that input."""
    x = np.asarray(inputs[0], np.float32)
    direction, weights = _direction_and_weights(x.shape)
    up, down = (np.asarray(x + sign * STEP * direction, np.float32) for sign in (1, -1))
    return [
        Measurement("grad", (x, *inputs[1:]), weights=weights),
        Measurement("value", (up, *inputs[1:])),
        Measurement("value", (down, *inputs[1:])),
    ]


def _moves_with_its_statistics(inputs, gradient, up, down):
    """The derivative along a direction of the first input is what finite differences say."""
    shape = np.shape(inputs[0])
    if not np.shape(gradient) == np.shape(up) == np.shape(down) == shape:
        return False
    direction, weights = _direction_and_weights(shape)
    slope = float(np.sum(direction * np.asarray(gradient, float)))
    nudged = float(np.sum(weights * (np.asarray(up, float) - np.asarray(down, float)))) / (2 * STEP)
    return abs(slope - nudged) <= 0.02 * abs(nudged) + 0.02


WORKS_UNDER_GRAD = Requirement(
    "works under grad",
    "It works, but `jax.grad` through it does not give what finite differences give: keep every step in `jnp`, "
    "and let the mean and variance move with the input.",
    _gradient_and_nudges,
    _moves_with_its_statistics,
    0.25,
)
MUST = (works_under_jit(), WORKS_UNDER_GRAD)


# ------------------------------------------------------------------ normalization.batch


@exercise(
    skill="normalization.batch",
    points=1,
    answer=Number(figures=3),
    hints=(
        "First the mean. How far is each number from it?",
        "Square these distances, and take their mean: over how many numbers?",
    ),
)
def batch_variance(z):
    """Over a batch, a feature takes the values {z}. Which variance does BatchNorm normalise by? (ε comes later.)"""
    return np.mean((np.array(z) - np.mean(z)) ** 2)


@batch_variance.variant
def _(rng):
    return {"z": whole(rng, int(rng.integers(3, 6))).tolist()}


@batch_variance.mistake(
    "Dividing by one less estimates the variance of a population; a norm divides by how many numbers there are."
)
def one_less(z):
    return np.var(z, ddof=1)


@batch_variance.mistake("That is the standard deviation: you have taken the root already.")
def rooted_already(z):
    return np.std(z)


@batch_variance.mistake("You squared the numbers themselves; the variance squares their distances from the mean.")
def squares_of_the_numbers(z):
    return np.mean(np.square(z))


@batch_variance.mistake("That is the sum of the squared distances, and their mean was asked for.")
def sum_of_squares(z):
    return np.sum((np.array(z) - np.mean(z)) ** 2)


@exercise(
    skill="normalization.batch",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Mean and variance of these numbers first; divide by how many they are, both times.",
        "Subtract the mean, then divide by one root. What stands under it, besides the variance?",
        "γ multiplies what you have, and β is added last.",
    ),
)
def batch_norm_entry(z, gamma, beta, eps, example):
    """Over a batch a feature takes the values {z}, one an example; its γ is {gamma}, its β is {beta}, and ε is {eps}.

    What does BatchNorm, while training, make of this feature in example {example}? (The first is example 1.)
    """
    z = np.array(z, float)
    return gamma * (z[example - 1] - z.mean()) / np.sqrt(z.var() + eps) + beta


@batch_norm_entry.variant
def _(rng):
    return {
        "z": uneven(rng, 4),
        "gamma": rng.choice(GAMMAS),
        "beta": rng.choice(BETAS),
        "eps": rng.choice(EPSILONS),
        "example": rng.integers(1, 5),
    }


@batch_norm_entry.mistake("You divided the squares by n − 1; what normalises a batch is the variance divided by n.")
def sample_variance(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return gamma * (z[example - 1] - z.mean()) / np.sqrt(z.var(ddof=1) + eps) + beta


@batch_norm_entry.mistake("You added ε after the root, and it belongs under it, beside the variance.")
def eps_outside(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return gamma * (z[example - 1] - z.mean()) / (z.std() + eps) + beta


@batch_norm_entry.mistake("You divided by the variance; its root is what has the unit of z.")
def root_forgotten(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return gamma * (z[example - 1] - z.mean()) / (z.var() + eps) + beta


@batch_norm_entry.mistake("That is the normalised value; this feature's γ and β still have to act on it.")
def affine_forgotten(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return (z[example - 1] - z.mean()) / np.sqrt(z.var() + eps)


@batch_norm_entry.mistake("You left ε out, and here it is large enough to be seen.")
def eps_left_out(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return gamma * (z[example - 1] - z.mean()) / z.std() + beta


@batch_norm_entry.mistake("β is added to the very end, so γ does not multiply it.")
def shifted_before_scaling(z, gamma, beta, eps, example):
    z = np.array(z, float)
    return gamma * ((z[example - 1] - z.mean()) / np.sqrt(z.var() + eps) + beta)


@exercise(
    skill="normalization.batch",
    points=2,
    answer=Array(figures=3),
    hints=(
        "Whom is a feature of this example compared with: its other features, or the same feature of the other examples?",
        "Take one column at a time: its mean, its variance (divide by three), then the entry you need.",
    ),
)
def batch_norm_row(Z, example):
    """A batch Z = {Z} has one row an example and one column a feature; γ = 1, β = 0, and ε is negligible.

    What does BatchNorm, while training, make of example {example}? Write it as [a, b, c].
    """
    Z = np.array(Z, float)
    return ((Z - Z.mean(0)) / Z.std(0))[example - 1]


@batch_norm_row.variant
def _(rng):
    return {"Z": spread_out(rng, 3, 3), "example": rng.integers(1, 4)}


@batch_norm_row.mistake(
    "You compared the example with itself, along its row; BatchNorm compares each feature with the same feature of the others."
)
def along_the_row(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean(1, keepdims=True)) / Z.std(1, keepdims=True))[example - 1]


@batch_norm_row.mistake("You used one mean and one variance for the whole table; every feature has its own.")
def whole_table(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean()) / Z.std())[example - 1]


@batch_norm_row.mistake("You divided the squares by n − 1; what normalises a batch is the variance divided by n.")
def row_with_sample_variance(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean(0)) / Z.std(0, ddof=1))[example - 1]


@batch_norm_row.mistake("You divided by the variance; its root is what has the unit of z.")
def row_without_root(Z, example):
    Z = np.array(Z, float)
    return ((Z - Z.mean(0)) / Z.var(0))[example - 1]


@exercise(
    skill="normalization.batch",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Where does the mean of two numbers lie, and how far is each of them from it?",
        "Both lie equally far from their mean. So what is left of their sizes after the division?",
    ),
)
def batch_of_two(a, b, gamma, beta):
    """A batch holds two examples.
    A feature is {a} in the first and {b} in the second; γ = {gamma}, β = {beta}, and ε is negligible.

    What does BatchNorm, while training, make of it in the first?
    """
    return gamma * np.sign(a - b) + beta


@batch_of_two.variant
def _(rng):
    a, b = rng.choice(np.arange(-9, 10), 2, replace=False)
    return {"a": float(a) + 0.5, "b": float(b), "gamma": rng.choice(GAMMAS), "beta": rng.choice(BETAS)}


@batch_of_two.mistake("You divided the squares by n − 1 = 1; what normalises is the mean of the squares, over both.")
def one_of_two(a, b, gamma, beta):
    return gamma * np.sign(a - b) / np.sqrt(2) + beta


@batch_of_two.mistake("The feature's γ and β still have to act on the normalised value.")
def two_without_affine(a, b, gamma, beta):
    return np.sign(a - b)


@batch_of_two.mistake("That is what the second example gets: look which of the two lies above the mean.")
def the_other_one(a, b, gamma, beta):
    return gamma * np.sign(b - a) + beta


@batch_of_two.mistake("You subtracted the mean, but did not divide by the deviation.")
def only_centred(a, b, gamma, beta):
    return gamma * (a - b) / 2 + beta


@exercise(
    skill="normalization.batch",
    points=2,
    answer=Number(figures=3),
    hints=(
        "The variances of independent numbers add up; what does dividing the sum by n do to the variance?",
        "The variance of the mean is an n-th of one number's variance. A deviation is its root.",
    ),
)
def batch_mean_noise(sigma, n):
    """Over all the data a feature has standard deviation {sigma}.
    BatchNorm estimates its mean from a batch of {n} examples, drawn independently.

    What is the standard deviation of that estimate, from one batch to the next?
    """
    return sigma / np.sqrt(n)


@batch_mean_noise.variant
def _(rng):
    return {
        "sigma": rng.choice((0.3, 0.6, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0)),
        "n": rng.choice((3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 64, 128)),
    }


@batch_mean_noise.mistake("Averaging n numbers divides the variance by n, and a deviation is the root of that.")
def divided_by_n(sigma, n):
    return sigma / n


@batch_mean_noise.mistake("That is how much one example varies; the mean of several varies less.")
def like_one_example(sigma, n):
    return sigma


@batch_mean_noise.mistake("That is the variance of the mean; its root was asked for.")
def variance_of_the_mean(sigma, n):
    return sigma**2 / n


@batch_mean_noise.mistake("n − 1 belongs to estimating a variance; all n examples count in the mean.")
def one_example_lost(sigma, n):
    return sigma / np.sqrt(n - 1)


@exercise(
    skill="normalization.batch",
    points=3,
    answer=Function(returns=Array(), variants=6, must=MUST),
    hints=(
        "`z` has one row an example. Which axis runs over the examples?",
        "`jnp.mean` and `jnp.var` take `axis=`; `jnp.var` divides by n unless you ask otherwise.",
        "ε joins the variance before the root is taken; γ and β are one number a feature, so they broadcast over rows.",
    ),
)
@jax.jit
def batch_norm(z, gamma, beta, eps):
    """Write `batch_norm(z, gamma, beta, eps)`: BatchNorm of a batch as it trains.

    `z` has shape (n, d), one row an example; `gamma` and `beta` have shape (d,). Returns shape (n, d).
    """
    mean = jnp.mean(z, axis=0)
    var = jnp.var(z, axis=0)
    return gamma * (z - mean) / jnp.sqrt(var + eps) + beta


@batch_norm.variant
def _(rng):
    n, d = ((3, 4), (5, 3))[rng.integers(2)]
    z, gamma, beta = _batch(rng, n, d)
    return {"z": z, "gamma": gamma, "beta": beta, "eps": float(rng.choice((0.1, 0.5)))}


def _batch(rng, *shape):
    """A batch whose features have different means and spreads, and γ, β that are neither 1 nor 0."""
    d = shape[-1]
    z = (
        rng.normal(size=shape) * rng.uniform(0.5, 2, d)
        + rng.normal(size=d)
        + rng.normal(size=(shape[0],) + (1,) * (len(shape) - 1))
    )
    gamma, beta = rng.uniform(0.5, 2, d), rng.normal(size=d)
    return z.astype(np.float32), gamma.astype(np.float32), beta.astype(np.float32)


@batch_norm.mistake(
    "You averaged along each row, over the features of one example; BatchNorm averages each feature over the examples."
)
def mean_over_features(z, gamma, beta, eps):
    mean, var = z.mean(1, keepdims=True), z.var(1, keepdims=True)
    return gamma * (z - mean) / np.sqrt(var + eps) + beta


@batch_norm.mistake("You averaged over the whole table; every feature has a mean and a variance of its own.")
def mean_over_everything(z, gamma, beta, eps):
    return gamma * (z - z.mean()) / np.sqrt(z.var() + eps) + beta


@batch_norm.mistake("Your variance divides by n − 1, and what normalises a batch divides by n.")
def unbiased(z, gamma, beta, eps):
    return gamma * (z - z.mean(0)) / np.sqrt(z.var(0, ddof=1) + eps) + beta


@batch_norm.mistake("ε belongs under the root, beside the variance; you added it to the root.")
def eps_after_the_root(z, gamma, beta, eps):
    return gamma * (z - z.mean(0)) / (z.std(0) + eps) + beta


@batch_norm.mistake("What you return is normalised, but γ and β have not acted on it.")
def no_gamma_no_beta(z, gamma, beta, eps):
    return (z - z.mean(0)) / np.sqrt(z.var(0) + eps)


@batch_norm.mistake("You divided by the variance; take its root, with ε inside.")
def no_root(z, gamma, beta, eps):
    return gamma * (z - z.mean(0)) / (z.var(0) + eps) + beta


@batch_norm.mistake(
    "The values are right, but a Python `if` on a computed value stops `jit`, which knows shapes only: ε "
    "already keeps the root from zero.",
    breaks="works under jit",
)
def python_if(z, gamma, beta, eps):
    var = jnp.var(z, axis=0)
    if jnp.min(var) + eps <= 0:
        return beta + jnp.zeros_like(z)
    return gamma * (z - jnp.mean(z, axis=0)) / jnp.sqrt(var + eps) + beta


@batch_norm.mistake(
    "The values are right, but you told JAX to treat mean and variance as constants; they move with z, and the "
    "gradient must know it.",
    breaks="works under grad",
)
def statistics_held_fixed(z, gamma, beta, eps):
    mean, var = lax.stop_gradient(jnp.mean(z, axis=0)), lax.stop_gradient(jnp.var(z, axis=0))
    return gamma * (z - mean) / jnp.sqrt(var + eps) + beta


# ------------------------------------------------------------------ normalization.layer


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
    h, gamma, beta = _batch(rng, *shape)
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
    answer=Function(returns=Array(), variants=6),
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


# ------------------------------------------------------------------ normalization.rms


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
    h, gamma, _ = _batch(rng, *shape)
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


# ------------------------------------------------------------------ normalization.axis

PRINCIPLES = {
    "examples": "a feature is compared with the same feature of the other examples",
    "features": "an example's features are compared with one another",
    "count": "the squares are divided by how many there are",
    "inside": "ε stands under the root, so that the root is never zero",
    "affine": "what was learned acts last: γ scales and β shifts, feature by feature",
    "bare": "nothing is subtracted; the size is all that is taken out",
    "unbiased": "the squares are divided by one less, because the mean came from the same numbers",
    "outside": "ε is added to the root, so that the quotient is never too large",
}
STEPS = {
    "in BatchNorm, from a table of numbers to one mean a column": "examples",
    "in BatchNorm, from a table of numbers to one variance a column": "examples",
    "in LayerNorm, from a table of numbers to one mean a row": "features",
    "in LayerNorm, from a table of numbers to one variance a row": "features",
    "in BatchNorm, from the squared distances of n numbers to their variance": "count",
    "in LayerNorm, from the squared distances of d numbers to their variance": "count",
    "in BatchNorm, from the variance v to the divisor √(v + ε)": "inside",
    "in LayerNorm, from the variance v to the divisor √(v + ε)": "inside",
    "in RMSNorm, from the mean square m to the divisor √(m + ε)": "inside",
    "in BatchNorm, from the normalised value to the output": "affine",
    "in LayerNorm, from the normalised value to the output": "affine",
    "in RMSNorm, from the features of an example straight to their squares": "bare",
}
OTHER = {
    "examples": "features",
    "features": "examples",
    "count": "affine",
    "inside": "count",
    "affine": "inside",
    "bare": "features",
}


@exercise(
    skill="normalization.axis",
    points=1,
    answer=Choice(tuple(PRINCIPLES.values())),
    hints=(
        "Compare the two sides of the step. What is new on the right?",
        "Say the step aloud as “because …”, and choose the option that finishes the sentence.",
    ),
)
def which_principle(step):
    """Which principle takes you, {step}?"""
    return PRINCIPLES[STEPS[step]]


@which_principle.variant
def _(rng):
    return {"step": str(rng.choice(list(STEPS)))}


@which_principle.mistake(
    "That is a principle of these norms, but not of this step or not of this norm: what changes between the two sides?"
)
def another_step(step):
    return PRINCIPLES[OTHER[STEPS[step]]]


@which_principle.mistake(
    "Statistics that normalise are no estimates of a population: they describe the very numbers at hand."
)
def estimates_a_population(step):
    return PRINCIPLES["unbiased"]


@which_principle.mistake(
    "Think of a feature that never varies: where must ε stand so that derivatives exist there too?"
)
def outside_the_root(step):
    return PRINCIPLES["outside"]


NORMS = ("BatchNorm, while training", "LayerNorm over each whole example", "LayerNorm at each position")
LAYOUTS = {
    "(batch, time, features)": ("0, 1", "1, 2", "2", "0"),
    "(batch, channels, time)": ("0, 2", "1, 2", "1", "0"),
    "(batch, channels, height, width)": ("0, 2, 3", "1, 2, 3", "1", "0"),
    "(batch, height, width, channels)": ("0, 1, 2", "1, 2, 3", "3", "0"),
}
"""For each layout: the axes BatchNorm averages over, those of a whole example, that of the features, that of the batch."""
AXES = ("0", "1", "2", "3", "0, 1", "0, 2", "1, 2", "0, 1, 2", "0, 2, 3", "1, 2, 3")


@exercise(
    skill="normalization.axis",
    points=2,
    answer=Choice(AXES),
    hints=(
        "How many means should there be: one for each what?",
        "An axis along which there is one mean for each index stays; all others are averaged over.",
        "Axes are counted from 0. For BatchNorm only the features' (or channels') axis stays.",
    ),
)
def which_axes(norm, layout):
    """An array has the layout {layout}. Over which axes does the mean run in {norm}?

    Axes are counted from 0; a position is a time, or a height and a width.
    """
    return LAYOUTS[layout][NORMS.index(norm)]


@which_axes.variant
def _(rng):
    return {"norm": str(rng.choice(NORMS)), "layout": str(rng.choice(list(LAYOUTS)))}


@which_axes.mistake(
    "Those axes stay: there is one mean for each of their indices; asked for are the axes that are averaged away."
)
def axes_that_stay(norm, layout):
    over = LAYOUTS[layout][NORMS.index(norm)].split(", ")
    return ", ".join(str(axis) for axis in range(layout.count(",") + 1) if str(axis) not in over)


@which_axes.mistake(
    "That is another norm's mean: ask whether examples, positions or features are thrown together here."
)
def another_norms_axes(norm, layout):
    over_batch, whole_example, _, _ = LAYOUTS[layout]
    return over_batch if norm == NORMS[1] else whole_example


@which_axes.mistake(
    "That is one axis, and not the one (or not the only one): which others are averaged over, or which should have been?"
)
def one_axis_only(norm, layout):
    _, _, features, batch = LAYOUTS[layout]
    return features if norm == NORMS[1] else batch


@exercise(
    skill="normalization.axis",
    points=2,
    answer=Integer(),
    hints=(
        "Which numbers share one mean? Count them.",
        "Multiply the lengths of the axes that are averaged over.",
    ),
)
def values_averaged(norm, n, c, h, w):
    """A batch of pictures has n = {n} examples, c = {c} channels, height {h} and width {w}.
    How many numbers go into one mean of {norm}?

    A position is a place in the picture.
    """
    return {NORMS[0]: n * h * w, NORMS[1]: c * h * w, NORMS[2]: c}[norm]


def _pictures(rng):
    # No number is twice another: the answer to one question must not stand in another's place.
    n, c = rng.choice((3, 5, 11, 12, 20, 32), 2, replace=False)
    return {"norm": str(rng.choice(NORMS)), "n": n, "c": c, "h": rng.choice((7, 8, 9)), "w": rng.choice((14, 15, 17))}


@values_averaged.variant
def _(rng):
    return _pictures(rng) | {"norm": str(rng.choice(NORMS[:2]))}  # at each position it is c, which the question says


@values_averaged.mistake(
    "That counts another norm's numbers: ask whether this one throws examples together, or channels, or both "
    "positions and channels."
)
def another_norms_numbers(norm, n, c, h, w):
    return {NORMS[0]: c * h * w, NORMS[1]: n * h * w, NORMS[2]: c * h * w}[norm]


@values_averaged.mistake("That is how many means there are; asked is how many numbers go into one of them.")
def means_for_numbers(norm, n, c, h, w):
    return {NORMS[0]: c, NORMS[1]: n, NORMS[2]: n * h * w}[norm]


@values_averaged.mistake(
    "Look at the positions again: does this norm average over the places of a picture, or keep them apart?"
)
def places_miscounted(norm, n, c, h, w):
    return {NORMS[0]: n, NORMS[1]: c, NORMS[2]: c * h}[norm]


@values_averaged.mistake("You averaged over everything; then there would be a single mean for the whole batch.")
def all_in_one(norm, n, c, h, w):
    return n * c * h * w


@exercise(
    skill="normalization.axis",
    points=2,
    answer=Integer(),
    hints=(
        "There is one mean, and one variance, for each combination of the indices that are kept.",
        "Multiply the lengths of the axes that are not averaged over; then count mean and variance.",
    ),
)
def statistics_made(norm, n, c, h, w):
    """A batch of pictures has n = {n} examples, c = {c} channels, height {h} and width {w}.
    How many means and variances, counted together, does {norm} work out for it?

    A position is a place in the picture.
    """
    return 2 * {NORMS[0]: c, NORMS[1]: n, NORMS[2]: n * h * w}[norm]


@statistics_made.variant
def _(rng):
    return _pictures(rng)


@statistics_made.mistake(
    "That counts another norm's statistics: does this one keep examples apart, or channels, or places?"
)
def another_norms_statistics(norm, n, c, h, w):
    return 2 * {NORMS[0]: n, NORMS[1]: c, NORMS[2]: n}[norm]


@statistics_made.mistake("You counted the means; every one of them has a variance beside it.")
def means_alone(norm, n, c, h, w):
    return {NORMS[0]: c, NORMS[1]: n, NORMS[2]: n * h * w}[norm]


@statistics_made.mistake(
    "That comes from how many numbers go into one mean; asked is how many means and variances there are."
)
def numbers_for_statistics(norm, n, c, h, w):
    return 2 * {NORMS[0]: n * h * w, NORMS[1]: c * h * w, NORMS[2]: c}[norm]


@statistics_made.mistake(
    "Look at the positions again: does each place of a picture get a mean of its own in this norm, and in each picture?"
)
def places_kept(norm, n, c, h, w):
    return 2 * {NORMS[0]: c * h * w, NORMS[1]: n * h * w, NORMS[2]: h * w}[norm]


@statistics_made.mistake("You kept examples and channels apart: this norm throws one of them together.")
def both_kept(norm, n, c, h, w):
    return 2 * n * c


@exercise(
    skill="normalization.axis",
    points=2,
    answer=Array(figures=3),
    hints=(
        "Is it one mean a column, or one mean a row?",
        "Count them first: how many features are there, how many examples?",
    ),
)
def means_of(Z, norm):
    """A batch Z = {Z} has one row an example and one column a feature. Which means does {norm} subtract? Write them as a list."""
    return np.mean(Z, axis=0 if norm == "BatchNorm" else 1)


@means_of.variant
def _(rng):
    rows, columns = ((3, 4), (4, 3), (3, 5), (2, 4))[rng.integers(4)]
    return {"Z": spread_out(rng, rows, columns), "norm": str(rng.choice(("BatchNorm", "LayerNorm")))}


@means_of.mistake("Those are the means along the other axis: whom does this norm compare a number with?")
def other_axis(Z, norm):
    return np.mean(Z, axis=1 if norm == "BatchNorm" else 0)


@means_of.mistake("That is one mean of the whole table; this norm has several.")
def one_mean(Z, norm):
    return [np.mean(Z)]


@means_of.mistake("Those are sums: divide each by how many numbers went into it.")
def sums_for_means(Z, norm):
    return np.sum(Z, axis=0 if norm == "BatchNorm" else 1)


REACHES = (
    "that entry alone",
    "every feature of that example, and no other example",
    "that feature of every example, and no other feature",
    "every feature of every example",
)


@exercise(
    skill="normalization.axis",
    points=2,
    answer=Choice(REACHES),
    hints=(
        "Into which means does the changed number go?",
        "Everything that has a mean subtracted into which the changed number went, will change.",
    ),
)
def what_moves(norm, n, d, example, feature):
    """{norm} acts on a batch of {n} examples with {d} features.

    Feature {feature} of example {example} is made a little larger, and nothing else is touched.

    Which outputs move?
    """
    return REACHES[2] if norm.startswith("Batch") else REACHES[1]


@what_moves.variant
def _(rng):
    n, d = int(rng.choice((4, 8, 16, 32))), int(rng.choice((5, 10, 20, 64)))
    return {
        "norm": str(rng.choice(("BatchNorm, while training,", "LayerNorm", "RMSNorm"))),
        "n": n,
        "d": d,
        "example": rng.integers(1, n + 1),
        "feature": rng.integers(1, d + 1),
    }


@what_moves.mistake("You have the wrong axis: whom does this norm compare a number with?")
def along_the_other_axis(norm, n, d, example, feature):
    return REACHES[1] if norm.startswith("Batch") else REACHES[2]


@what_moves.mistake("Its mean or its mean square moves too, and others are divided by the same root.")
def nobody_else(norm, n, d, example, feature):
    return REACHES[0]


@what_moves.mistake("That would need one mean for the whole table; this norm has several.")
def everybody(norm, n, d, example, feature):
    return REACHES[3]


@exercise(
    skill="normalization.axis",
    points=3,
    answer=Function(returns=Array(), variants=6),
    hints=(
        "One mean a channel: over which three axes does it run?",
        "`keepdims=True` keeps these axes with length 1. γ and β have to be given such a shape too.",
        "`gamma[:, None, None]` has the channel where x has it.",
    ),
)
@jax.jit
def batch_norm_images(x, gamma, beta, eps):
    """Write `batch_norm_images(x, gamma, beta, eps)`: BatchNorm of pictures as it trains.

    There is one mean, variance, γ and β a channel.

    `x` has shape (n, c, height, width); `gamma` and `beta` have shape (c,). Returns the shape of `x`.
    """
    mean = jnp.mean(x, axis=(0, 2, 3), keepdims=True)
    var = jnp.var(x, axis=(0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / jnp.sqrt(var + eps) + beta[:, None, None]


@batch_norm_images.variant
def _(rng):
    n, c, h, w = ((4, 3, 2, 3), (3, 2, 3, 4))[rng.integers(2)]
    x = rng.normal(size=(n, c, h, w)) + rng.normal(size=(n, c, 1, 1)) + rng.normal(size=(h, w))
    gamma, beta = rng.uniform(0.5, 2, c), rng.normal(size=c)
    x, gamma, beta = (a.astype(np.float32) for a in (x, gamma, beta))
    return {"x": x, "gamma": gamma, "beta": beta, "eps": float(rng.choice((0.1, 0.5)))}


@batch_norm_images.mistake(
    "You averaged over the examples only: a channel's mean runs over all places of the pictures too."
)
def places_kept_apart(x, gamma, beta, eps):
    mean, var = x.mean(0, keepdims=True), x.var(0, keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None]


@batch_norm_images.mistake(
    "You gave every picture a mean of its own; BatchNorm has one a channel, for the whole batch."
)
def pictures_kept_apart(x, gamma, beta, eps):
    mean, var = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None]


@batch_norm_images.mistake("You averaged over each example's channels and places: that is LayerNorm.")
def layer_norm_of_pictures(x, gamma, beta, eps):
    mean, var = x.mean((1, 2, 3), keepdims=True), x.var((1, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None]


@batch_norm_images.mistake(
    "Your variance divides by one less than there are numbers, and a norm divides by their number."
)
def images_unbiased(x, gamma, beta, eps):
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), ddof=1, keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + eps) + beta[:, None, None]


@batch_norm_images.mistake("ε belongs under the root, beside the variance; you added it to the root.")
def images_eps_outside(x, gamma, beta, eps):
    mean, std = x.mean((0, 2, 3), keepdims=True), x.std((0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / (std + eps) + beta[:, None, None]


# ------------------------------------------------------------------ normalization.running

WEIGHS_NEW = "PyTorch, where momentum weighs the new batch"
WEIGHS_OLD = "Flax and Keras, where momentum weighs what is remembered"


@exercise(
    skill="normalization.running",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Two weights that add up to 1: one for what is remembered, one for the batch. Which of them is the momentum here?",
        "In the other convention the same rule has one minus this momentum.",
    ),
)
def running_mean(old, batch_mean, momentum, library):
    """A running mean is {old}; the batch's mean is {batch_mean}. Momentum is {momentum}, in the convention of {library}.

    What is the running mean afterwards?
    """
    new = momentum if library == WEIGHS_NEW else 1 - momentum
    return (1 - new) * old + new * batch_mean


@running_mean.variant
def _(rng):
    return {
        "old": rng.choice((-2.0, -1.0, 0.5, 1.0, 2.0, 3.0)),
        "batch_mean": rng.choice((-3.0, -1.5, 1.5, 2.5, 4.0, 5.0)),
        "momentum": rng.choice((0.01, 0.1, 0.2, 0.25, 0.3, 0.7, 0.75, 0.8, 0.9, 0.99)),
        "library": str(rng.choice((WEIGHS_NEW, WEIGHS_OLD))),
    }


@running_mean.mistake("You used momentum as the other libraries mean it: look which of the two it weighs here.")
def other_convention(old, batch_mean, momentum, library):
    new = 1 - momentum if library == WEIGHS_NEW else momentum
    return (1 - new) * old + new * batch_mean


@running_mean.mistake("You added a share of the batch without forgetting the same share of what was remembered.")
def nothing_forgotten(old, batch_mean, momentum, library):
    new = momentum if library == WEIGHS_NEW else 1 - momentum
    return old + new * batch_mean


@running_mean.mistake("You weighed both equally, but momentum says how much each of them counts.")
def half_and_half(old, batch_mean, momentum, library):
    return (old + batch_mean) / 2


@exercise(
    skill="normalization.running",
    points=3,
    answer=Number(figures=3),
    hints=(
        "Which variance of the batch does PyTorch put into the running one: divided by n, or by n − 1?",
        "The running variance estimates the variance of all the data, from a sample.",
        "Then it is the same weighted mean as for the running mean.",
    ),
)
def running_variance(old, z, momentum):
    """BatchNorm has the running variance {old}.
    In the next batch the feature takes the values {z}, and momentum is {momentum}, as PyTorch means it.

    What is the running variance afterwards, in PyTorch?
    """
    return (1 - momentum) * old + momentum * np.var(z, ddof=1)


@running_variance.variant
def _(rng):
    return {
        "old": rng.choice((0.5, 1.0, 2.0, 4.0)),
        "z": whole(rng, int(rng.integers(3, 5))).tolist(),
        "momentum": rng.choice((0.1, 0.2, 0.25, 0.3)),
    }


@running_variance.mistake(
    "You divided by n, as for normalising; what PyTorch remembers estimates all the data, and is divided by n − 1."
)
def biased(old, z, momentum):
    return (1 - momentum) * old + momentum * np.var(z)


@running_variance.mistake("In PyTorch momentum weighs the new batch, and you let it weigh what is remembered.")
def variance_other_convention(old, z, momentum):
    return momentum * old + (1 - momentum) * np.var(z, ddof=1)


@running_variance.mistake("You mixed in the standard deviation; the running number is a variance.")
def deviation_mixed_in(old, z, momentum):
    return (1 - momentum) * old + momentum * np.std(z, ddof=1)


@running_variance.mistake(
    "That is the batch's own variance: only a part of it comes in, and most of the old one stays."
)
def replaced(old, z, momentum):
    return np.var(z, ddof=1)


@exercise(
    skill="normalization.running",
    points=2,
    answer=Number(figures=3),
    hints=(
        "What share of the distance to the batch's mean is left after one update?",
        "Every update leaves the same share of what is still missing: shares multiply.",
    ),
)
def running_after(batch_mean, momentum, steps):
    """A running mean starts at 0, and {steps} batches in a row have the mean {batch_mean}.
    Momentum is {momentum}, as PyTorch means it.

    What is the running mean then?
    """
    return batch_mean * (1 - (1 - momentum) ** steps)


@running_after.variant
def _(rng):
    return {
        "batch_mean": rng.choice((-3.0, -2.0, 1.5, 2.0, 4.0, 5.0)),
        "momentum": rng.choice((0.05, 0.1, 0.2, 0.3)),
        "steps": rng.integers(2, 13),
    }


@running_after.mistake("In PyTorch momentum weighs the new batch, and you let it weigh what is remembered.")
def after_other_convention(batch_mean, momentum, steps):
    return batch_mean * (1 - momentum**steps)


@running_after.mistake(
    "Each update covers a share of what is still missing, which is less every time, and you added equal steps."
)
def equal_steps(batch_mean, momentum, steps):
    return batch_mean * momentum * steps


@running_after.mistake("That is what is still missing.")
def what_is_missing(batch_mean, momentum, steps):
    return batch_mean * (1 - momentum) ** steps


@running_after.mistake("One update is missing: the first batch counts already.")
def one_update_short(batch_mean, momentum, steps):
    return batch_mean * (1 - (1 - momentum) ** (steps - 1))


@exercise(
    skill="normalization.running",
    points=2,
    answer=Number(figures=3),
    hints=(
        "The net is in use. Should an example's answer depend on who else is in the batch?",
        "The running mean and variance take the places of the batch's; all else is as in training.",
    ),
)
def eval_entry(z, mean, variance, gamma, beta, eps):
    """A trained net is in use.
    A batch has the values {z} of a feature, whose running mean is {mean} and running variance {variance}.
    For this feature γ = {gamma} and β = {beta}; ε = {eps}.

    What does BatchNorm make of the first value?
    """
    return gamma * (z[0] - mean) / np.sqrt(variance + eps) + beta


@eval_entry.variant
def _(rng):
    return {
        "z": whole(rng, 3).tolist(),
        "mean": rng.choice((-1.0, 0.5, 1.0, 2.0)),
        "variance": rng.choice((1.5, 2.0, 3.0, 5.0)),
        "gamma": rng.choice(GAMMAS),
        "beta": rng.choice(BETAS),
        "eps": rng.choice(EPSILONS),
    }


@eval_entry.mistake(
    "You used this batch's own mean and variance; a net in use relies on the running ones, so that neighbours do not matter."
)
def batch_statistics(z, mean, variance, gamma, beta, eps):
    return gamma * (z[0] - np.mean(z)) / np.sqrt(np.var(z) + eps) + beta


@eval_entry.mistake("ε belongs under the root, beside the running variance.")
def eval_eps_outside(z, mean, variance, gamma, beta, eps):
    return gamma * (z[0] - mean) / (np.sqrt(variance) + eps) + beta


@eval_entry.mistake("γ and β were learned, and they act when the net is used, too.")
def eval_affine_forgotten(z, mean, variance, gamma, beta, eps):
    return (z[0] - mean) / np.sqrt(variance + eps)


@eval_entry.mistake("You divided by the running variance; take its root, with ε inside.")
def eval_root_forgotten(z, mean, variance, gamma, beta, eps):
    return gamma * (z[0] - mean) / (variance + eps) + beta


@exercise(
    skill="normalization.running",
    points=3,
    answer=Function(returns=Array(), variants=6, must=(works_under_jit(),)),
    hints=(
        "Mean and variance of each feature over the batch first. Which of the two variances does PyTorch remember?",
        "`jnp.var` has a parameter `ddof`: it is taken off n before dividing.",
        "Weigh old and new so that the weights add up to 1; then `jnp.stack` the mean on the variance.",
    ),
)
@jax.jit
def update_running(mean, var, z, momentum):
    """Write `update_running(mean, var, z, momentum)`: the running statistics after one more batch, as PyTorch updates them.

    `mean` and `var` have shape (d,), `z` has shape (n, d), and momentum weighs the new batch.
    Returns shape (2, d): the new mean, then the new variance.
    """
    batch_mean, batch_var = jnp.mean(z, axis=0), jnp.var(z, axis=0, ddof=1)
    return jnp.stack([(1 - momentum) * mean + momentum * batch_mean, (1 - momentum) * var + momentum * batch_var])


@update_running.variant
def _(rng):
    n, d = ((3, 3), (4, 3))[rng.integers(2)]
    z, var, mean = _batch(rng, n, d)
    return {"mean": mean, "var": var, "z": 2 * z, "momentum": float(rng.choice((0.1, 0.2, 0.3)))}


@update_running.mistake("Your variance divides by n, as for normalising; what PyTorch remembers divides by n − 1.")
def update_biased(mean, var, z, momentum):
    return np.stack([(1 - momentum) * mean + momentum * z.mean(0), (1 - momentum) * var + momentum * z.var(0)])


@update_running.mistake("Your momentum weighs what is remembered, as in Flax and Keras; here it weighs the new batch.")
def update_other_convention(mean, var, z, momentum):
    return np.stack([momentum * mean + (1 - momentum) * z.mean(0), momentum * var + (1 - momentum) * z.var(0, ddof=1)])


@update_running.mistake("You mixed standard deviations into the running variance.")
def update_with_deviation(mean, var, z, momentum):
    return np.stack([(1 - momentum) * mean + momentum * z.mean(0), (1 - momentum) * var + momentum * z.std(0, ddof=1)])


@update_running.mistake("You return the batch's own statistics: most of what is remembered should stay.")
def update_forgets_all(mean, var, z, momentum):
    return np.stack([z.mean(0), z.var(0, ddof=1)])


@update_running.mistake("You added the batch's share without taking the same share off what is remembered.")
def update_never_forgets(mean, var, z, momentum):
    return np.stack([mean + momentum * z.mean(0), var + momentum * z.var(0, ddof=1)])


@update_running.mistake(
    "The values are right, but NumPy cannot work on what `jit` traces: use `jnp` throughout.",
    breaks="works under jit",
)
def update_in_numpy(mean, var, z, momentum):
    z = np.asarray(z)
    new = np.stack([z.mean(0), z.var(0, ddof=1)])
    return (1 - momentum) * np.stack([np.asarray(mean), np.asarray(var)]) + momentum * new


@exercise(
    skill="normalization.running",
    points=4,
    answer=Function(returns=Array(), variants=6),
    hints=(
        "In use, BatchNorm multiplies every unit by a fixed number and adds another. Write them down.",
        "The fixed factor scales a unit's whole row of W. What becomes of b, once the running mean is subtracted from it?",
        "`jnp.column_stack` puts the new bias beside the new matrix.",
    ),
)
@jax.jit
def fold(W, b, gamma, beta, mean, var, eps):
    """Write `fold(W, b, gamma, beta, mean, var, eps)`: one linear layer that does what W h + b followed by BatchNorm in use does.

    `W` has shape (d_out, d_in), everything else (d_out,); `mean` and `var` are the running ones.
    Returns shape (d_out, d_in + 1): the new matrix, and the new bias as its last column.
    """
    scale = gamma / jnp.sqrt(var + eps)
    return jnp.column_stack([scale[:, None] * W, scale * (b - mean) + beta])


@fold.variant
def _(rng):
    d = int(rng.choice((2, 3)))
    W, b, beta, mean = rng.normal(size=(d, d)), rng.normal(size=d), rng.normal(size=d), rng.normal(size=d)
    arrays = {
        "W": W,
        "b": b,
        "gamma": rng.uniform(0.5, 2, d),
        "beta": beta,
        "mean": mean,
        "var": rng.uniform(0.5, 3, d),
    }
    return {name: a.astype(np.float32) for name, a in arrays.items()} | {"eps": float(rng.choice((0.1, 0.5)))}


@fold.mistake("You scaled columns, which belong to inputs; a unit's factor scales its row.")
def fold_scales_columns(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return np.column_stack([W * scale, scale * (b - mean) + beta])


@fold.mistake("Your bias is scaled too little: the norm divides the old bias and the running mean as well.")
def fold_bias_unscaled(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return np.column_stack([scale[:, None] * W, b - mean + beta])


@fold.mistake("The running mean is missing from your bias.")
def fold_without_mean(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return np.column_stack([scale[:, None] * W, scale * b + beta])


@fold.mistake("γ also multiplies your β, and β is added after it.")
def fold_scales_beta(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return np.column_stack([scale[:, None] * W, scale * (b - mean + beta)])


@fold.mistake("ε belongs under the root, beside the running variance.")
def fold_eps_outside(W, b, gamma, beta, mean, var, eps):
    scale = gamma / (np.sqrt(var) + eps)
    return np.column_stack([scale[:, None] * W, scale * (b - mean) + beta])


# ------------------------------------------------------------------ normalization.count

KINDS = ("BatchNorm", "LayerNorm", "RMSNorm")
WIDTHS = (12, 24, 32, 48, 50, 64, 100, 128, 200, 256, 512, 768, 1024)


def _each(norm):
    """Trainable numbers a feature."""
    return 1 if norm == "RMSNorm" else 2


@exercise(
    skill="normalization.count",
    points=1,
    answer=Integer(),
    hints=(
        "Which numbers of this norm does the optimizer change?",
        "Is there a γ? Is there a β? Each of them has one number a feature.",
    ),
)
def norm_parameters(norm, layers, width):
    """A net has {layers} layers of {width} units, each followed by {norm}.
    How many parameters do these norms train, all together?"""
    return layers * _each(norm) * width


@norm_parameters.variant
def _(rng):
    return {"norm": str(rng.choice(KINDS)), "layers": rng.integers(3, 13), "width": rng.choice(WIDTHS)}


@norm_parameters.mistake("Look again at which of γ and β this norm has.")
def shift_miscounted(norm, layers, width):
    return layers * (3 - _each(norm)) * width


@norm_parameters.mistake("You counted a mean and a variance as well: those are measured, and no gradient changes them.")
def statistics_counted(norm, layers, width):
    return layers * (_each(norm) + 2) * width


@norm_parameters.mistake("You counted one γ for a whole layer, and every unit has its own.")
def one_for_all(norm, layers, width):
    return layers * _each(norm)


@norm_parameters.mistake("You gave every pair of units a number; a norm's γ acts on each unit alone.")
def like_a_matrix(norm, layers, width):
    return layers * _each(norm) * width**2


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "Layer by layer: the matrix, then what the norm trains; and only the last layer has a bias.",
        "A matrix from d to e units has d·e numbers. Which layers are followed by a norm?",
    ),
)
def mlp_parameters(widths, norm):
    """An MLP has the widths {widths}, from input to output.
    Each hidden layer is a matrix without a bias, then {norm}, then ReLU; the output layer is a matrix with a bias, and no norm.

    How many trainable parameters does it have?
    """
    matrices = sum(a * b for a, b in itertools.pairwise(widths))
    return matrices + _each(norm) * sum(widths[1:-1]) + widths[-1]


@mlp_parameters.variant
def _(rng):
    hidden = rng.choice((12, 16, 20, 24, 32), int(rng.integers(2, 4))).tolist()
    return {
        "widths": [int(rng.choice((8, 10, 30, 64))), *hidden, int(rng.choice((2, 3, 5, 10)))],
        "norm": str(rng.choice(KINDS)),
    }


@mlp_parameters.mistake("You counted the matrices and the bias, and left the norms' own parameters out.")
def norms_left_out(widths, norm):
    return sum(a * b for a, b in itertools.pairwise(widths)) + widths[-1]


@mlp_parameters.mistake("You gave the hidden layers a bias as well, and here they have none.")
def biases_kept(widths, norm):
    return mlp_parameters.reference(widths, norm) + sum(widths[1:-1])


@mlp_parameters.mistake("You counted a norm after the output layer too, and there is none.")
def norm_on_the_output(widths, norm):
    return mlp_parameters.reference(widths, norm) + _each(norm) * widths[-1]


@mlp_parameters.mistake(
    "You counted a running mean and variance of every unit: they are no trainable parameters, and not every norm has them."
)
def running_counted(widths, norm):
    return mlp_parameters.reference(widths, norm) + 2 * sum(widths[1:-1])


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "How many γ are there: one a channel, or one for each place of each channel?",
        "The shape of γ is the shape of what is kept apart by its own scale. Then β, of the same shape.",
    ),
)
def picture_norm_parameters(norm, c, h, w):
    """Feature maps have {c} channels, height {h} and width {w}. How many parameters does {norm} train?"""
    return 2 * c if norm.startswith("BatchNorm") else 2 * c * h * w


@picture_norm_parameters.variant
def _(rng):
    norms = ("BatchNorm, with one γ and one β a channel,", "LayerNorm, with a γ and a β for every entry of an example,")
    return {
        "norm": str(rng.choice(norms)),
        "c": rng.choice((3, 16, 32, 64)),
        "h": rng.choice((7, 8, 14, 28)),
        "w": rng.choice((7, 8, 14, 28)),
    }


@picture_norm_parameters.mistake(
    "That is the other norm's count: does each place of a channel have a γ of its own here?"
)
def the_other_count(norm, c, h, w):
    return 2 * c * h * w if norm.startswith("BatchNorm") else 2 * c


@picture_norm_parameters.mistake("There is a β as well as a γ.")
def only_gamma(norm, c, h, w):
    return c if norm.startswith("BatchNorm") else c * h * w


@picture_norm_parameters.mistake("The channels are missing: each of them has numbers of its own.")
def only_places(norm, c, h, w):
    return 2 * h * w


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "What does BatchNorm need for one feature when the net is used later?",
        "Two numbers that were learned and two that were measured, for each feature of each layer.",
    ),
)
def saved_numbers(widths, batch):
    """A net has BatchNorm on hidden layers of {widths} units, and was trained with batches of {batch}.
    To use it elsewhere, how many numbers of its norms must be saved?

    A counter of batches is not counted.
    """
    return 4 * sum(widths)


@saved_numbers.variant
def _(rng):
    return {
        "widths": rng.choice((16, 20, 32, 48, 64, 100, 128), int(rng.integers(2, 5))).tolist(),
        "batch": rng.choice((8, 32, 64, 256)),
    }


@saved_numbers.mistake("Either what was learned or what was measured is missing: in use, both are needed.")
def half_of_them(widths, batch):
    return 2 * sum(widths)


@saved_numbers.mistake(
    "You saved statistics of each example; what is remembered is one running mean and variance a feature."
)
def for_each_example(widths, batch):
    return (2 + 2 * batch) * sum(widths)


@saved_numbers.mistake("One of the four numbers of a feature is missing: γ, β, and which two more?")
def three_of_four(widths, batch):
    return 3 * sum(widths)


@saved_numbers.mistake("You counted one layer: each of them has its own.")
def one_layer_only(widths, batch):
    return 4 * widths[0]

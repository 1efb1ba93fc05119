"""The skill `normalization.batch`."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Array, Function, Number, exercise

from .shared import BETAS, EPSILONS, GAMMAS, MUST, draw_batch, spread_out, uneven, whole


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
    z, gamma, beta = draw_batch(rng, n, d)
    return {"z": z, "gamma": gamma, "beta": beta, "eps": float(rng.choice((0.1, 0.5)))}


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

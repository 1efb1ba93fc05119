"""The skill `normalization.running`."""

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Function, Number, exercise
from autograder.requirements import works_under_jit

from .shared import BETAS, EPSILONS, GAMMAS, draw_batch, whole

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
    z, var, mean = draw_batch(rng, n, d)
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

"""The skill `normalization.axis`."""

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, exercise

from .shared import spread_out

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

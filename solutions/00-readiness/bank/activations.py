"""The skill `readiness.activations`."""

import math

import numpy as np

from autograder.exercise import Integer, Number, exercise


def relu(z):
    return np.maximum(np.asarray(z), 0)


@exercise(
    skill="readiness.activations",
    points=1,
    answer=Integer(),
    hints=(
        "The ReLU looks at each entry by itself, before anything is added up.",
        "A positive entry stays as it is; for a negative one, the ReLU gives nothing.",
    ),
)
def relu_total(z):
    """A layer has the pre-activations z = {z}. Each goes through a ReLU, and the results are added up.

    What is the sum?
    """
    return int(relu(z).sum())


@relu_total.variant
def _(rng):
    signs = rng.permutation([1, 1, -1, -1, rng.choice([-1, 1])])
    return {"z": (signs * rng.integers(1, 10, 5)).tolist()}


@relu_total.mistake("You added the entries up as they are, the negative ones too.")
def nothing_cut(z):
    return sum(z)


@relu_total.mistake("You dropped the minus signs; a ReLU sets a negative entry to zero.")
def minus_signs_dropped(z):
    return sum(abs(value) for value in z)


@relu_total.mistake("You kept the negative entries and cut the positive ones: it is the other way round.")
def kept_the_negative(z):
    return sum(min(value, 0) for value in z)


@relu_total.mistake("You counted the entries that are on; each hands on its value.")
def counted(z):
    return sum(value > 0 for value in z)


@exercise(
    skill="readiness.activations",
    points=1,
    answer=Number(2),
    hints=(
        "The slope of the sigmoid can be written with its output alone; z itself is not needed.",
        "It is a product of two factors, which add up to 1.",
    ),
)
def sigmoid_slope(output):
    """A sigmoid unit gives out σ(z) = {output}. What is its slope σ′(z) there?"""
    return output * (1 - output)


@sigmoid_slope.variant
def _(rng):
    return {"output": round(int(rng.integers(4, 97)) / 100, 2)}


@sigmoid_slope.mistake("You gave the distance to 1; that is one of the two factors.")
def distance_to_one(output):
    return 1 - output


@sigmoid_slope.mistake("That is the slope of a tanh with this output; the sigmoid has another.")
def slope_of_tanh(output):
    return 1 - output**2


@sigmoid_slope.mistake("You took the output for z and went through the sigmoid a second time.")
def sigmoid_twice(output):
    again = 1 / (1 + math.exp(-output))
    return again * (1 - again)


@sigmoid_slope.mistake("You squared the output; only one of the two factors is the output itself.")
def squared(output):
    return output**2

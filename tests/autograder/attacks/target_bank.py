"""The bank of the course that is attacked. It is copied to where a course keeps its banks."""

import numpy as np

from autograder.exercise import Array, Function, Integer, Number, exercise


@exercise(skill="target.power", points=2, answer=Number(figures=3))
def scale(norm, depth):
    """{depth} layers multiply by {norm} each. By how much together?"""
    return norm**depth


@scale.variant
def _(rng):
    return {"norm": rng.choice([0.5, 0.8, 0.9]), "depth": rng.integers(5, 30)}


@scale.mistake("Factors compound: each layer multiplies what the last one left.")
def linear(norm, depth):
    return norm * depth


@exercise(skill="target.count", points=1, answer=Integer())
def weights(inputs, outputs):
    """A layer maps {inputs} numbers to {outputs}. How many weights does it have, without biases?"""
    return inputs * outputs


@weights.variant
def _(rng):
    return {"inputs": rng.integers(3, 40), "outputs": rng.integers(3, 40)}


@weights.mistake("Every output looks at every input: that is a product, not a sum.")
def added(inputs, outputs):
    return inputs + outputs


@exercise(skill="target.squares", points=2, answer=Array())
def vector(size):
    """The first {size} squares, from 1."""
    return np.arange(1, size + 1, dtype=float) ** 2


@vector.variant
def _(rng):
    return {"size": rng.integers(3, 9)}


@vector.mistake("These are the numbers, and their squares are asked.")
def numbers(size):
    return np.arange(1, size + 1, dtype=float)


@exercise(skill="target.relu", points=4, answer=Function(Array(), variants=4, seconds=2.0))
def relu(z):
    """Write `relu(z)`: max(z, 0), entry by entry."""
    from jax import numpy as jnp

    return jnp.maximum(z, 0.0)  # so that a compiled program that computes it is in the class's cache


@relu.variant
def _(rng):
    return {"z": rng.normal(size=5) + np.array([3.0, -3.0, 0.0, 0.0, 0.0])}


@relu.mistake("You took the size of each entry, and ReLU sets the negative ones to zero.")
def absolute(z):
    return np.abs(z)

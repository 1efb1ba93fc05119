"""The bank of the small course."""

import numpy as np

from autograder.judging.exercise import Array, Choice, Function, Number, exercise  # noqa: F401  (a test adds a choice)


@exercise(
    skill="powers.growth",
    points=1,
    answer=Number(figures=3),
    hints=["Write out the first three steps.", "Each step multiplies what the last one left."],
)
def growth(base, times):
    """A number starts at 1 and is multiplied by {base}, {times} times. Where does it end?"""
    return base**times


@growth.variant
def _(rng):
    return {"base": rng.choice([0.5, 0.8, 1.1, 1.5, 2.5]), "times": rng.integers(3, 20)}


@growth.mistake("Factors compound: you multiplied once, by the number of steps.")
def linear(base, times):
    return base * times


@growth.mistake("You took one step too many.")
def one_more(base, times):
    return base ** (times + 1)


@growth.mistake("You took a root: that undoes the steps.")
def root(base, times):
    return base ** (1 / times)


@exercise(
    skill="powers.running",
    points=2,
    answer=Function(returns=Array(), variants=4),
    hints=["How does each position follow from the one before it?", "NumPy has a function for it."],
)
def running(factors):
    """Write a function that returns, for each position of `factors`, the product of all factors so far."""
    return np.cumprod(factors)


@running.variant
def _(rng):
    return {"factors": rng.uniform(0.5, 2.0, size=rng.integers(4, 8))}


@running.mistake("You added the factors up; multiply them.")
def sums(factors):
    return np.cumsum(factors)


@running.mistake("The product runs from the other end.")
def backwards(factors):
    return np.cumprod(factors[::-1])[::-1]


@running.mistake("Each position holds the product of all factors; stop at the position.")
def total(factors):
    return np.full(len(factors), np.prod(factors))

"""A number, a choice of three, and a function to be written with a short question beside it."""

from __future__ import annotations

from autograder.exercise import Choice, Function, Number, exercise


@exercise(skill="rounds.scale", points=1, answer=Number(3), hints=("Each layer multiplies.",))
def power(norm, depth):
    """What is left of a gradient after {depth} layers of norm {norm}?"""
    return norm**depth


@power.variant
def _(rng):
    return {"norm": rng.choice([0.5, 0.8, 0.9, 1.1, 1.5]), "depth": rng.integers(5, 60)}


@power.mistake("Factors compound: each layer multiplies what the last one left.")
def product(norm, depth):
    return norm * depth


KINDS = ("it grows", "it shrinks", "it stays as it is")


@exercise(skill="rounds.trend", points=1, answer=Choice(KINDS), hints=("Compare the factor with one.",))
def trend(factor):
    """Each layer multiplies a signal by {factor}. What becomes of it?"""
    return KINDS[0] if factor > 1 else KINDS[1]


@trend.variant
def _(rng):
    return {"factor": round(float(rng.choice([0.2, 1.2]) + rng.integers(0, 700) / 1000), 3)}


@trend.mistake("You took the factor for its inverse.")
def inverted(factor):
    return KINDS[1] if factor > 1 else KINDS[0]


@exercise(skill="rounds.code", points=2, answer=Function(returns=Number(3)))
def doubled(x):
    """Write a function that doubles x."""
    return 2 * x


@doubled.variant
def _(rng):
    return {"x": float(rng.integers(3, 50))}


@doubled.mistake("You squared it.")
def squared(x):
    return x * x


@exercise(skill="rounds.code", points=1, answer=Number(3), hints=("From the inside out.",))
def called(x):
    """f doubles its argument. What is f(f({x}))?"""
    return 4 * x


@called.variant
def _(rng):
    return {"x": rng.integers(3, 900)}


@called.mistake("You called it once.")
def once(x):
    return 2 * x

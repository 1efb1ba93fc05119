"""One number to be typed."""

from __future__ import annotations

from autograder.exercise import Number, exercise


@exercise(skill="next.root", points=1, answer=Number(3), hints=("It undoes a square.",))
def root(x):
    """What is the square root of {x}?"""
    return x**0.5


@root.variant
def _(rng):
    return {"x": rng.integers(5, 900)}


@root.mistake("You halved it.")
def half(x):
    return x / 2

"""Things an exercise may ask of a function besides its values: what is measured, and when that will do.

The measuring (`probes.py`) needs the function and JAX; whether the requirement holds is decided here, from what the
measuring gave, which may come from a stranger's process and be any number or array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.judging.exercise import Measurement, Requirement

Inputs = tuple[Any, ...]
Change = Callable[[Inputs], Inputs]


def close(one: Any, other: Any) -> bool:
    """Whether two results have the same shape and agree to what a compiler may change."""
    a, b = np.asarray(one), np.asarray(other)
    # The shapes first: of two shapes that broadcast, NumPy would make a product as large as both together.
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True))


def works_under_jit(share: float = 0.25) -> Requirement:
    """`jax.jit(f)` runs, without a callback, and gives what the reference does."""
    return Requirement(
        "works under jit",
        "It works, but not under `jax.jit`: keep to `jnp` and to shapes, and let no value become a Python number.",
        lambda inputs: [Measurement("traced", inputs)],
        lambda inputs, trace: True,
        share,
    )


def works_under_grad(argument: int = 0, share: float = 0.25) -> Requirement:
    """The sum of `f` can be differentiated in its argument number `argument`, and the gradient is finite."""
    return Requirement(
        "works under grad",
        "It works, but `jax.grad` cannot go through it: keep every step in `jnp`, so that JAX can follow.",
        lambda inputs: [Measurement("grad", inputs, argument)],
        lambda inputs, gradient: bool(np.all(np.isfinite(gradient))),
        share,
    )


def works_under_vmap(argument: int = 0, share: float = 0.25) -> Requirement:
    """`f` maps over a new leading axis of its argument number `argument`."""
    return Requirement(
        "works under vmap",
        "It works on one example, but not under `jax.vmap`: index from the end, and keep to `jnp`.",
        lambda inputs: [Measurement("value", inputs), Measurement("vmap", inputs, argument)],
        lambda inputs, one, two: len(two) == 2 and close(two[0], one) and close(two[1], one),
        share,
    )


def same_size(name: str, sentence: str, change: Change, share: float = 0.5) -> Requirement:
    """The jaxpr of `f` has as many equations on `change(inputs)` as on `inputs`: a loop or a map, not a copy for each.
    `sentence` says what that rules out."""
    return Requirement(
        name,
        sentence,
        lambda inputs: [Measurement("traced", inputs), Measurement("traced", change(inputs))],
        lambda inputs, one, other: one.size == other.size,
        share,
    )


def same_size_when_deeper(deepen: Change, share: float = 0.5) -> Requirement:
    """The jaxpr of `f` has as many equations on `deepen(inputs)` as on `inputs`: depth is a loop, not a copy."""
    return same_size(
        "keeps its jaxpr's size as depth grows",
        "The values are right, but the program grows with depth: JAX compiled a copy of the layer for each one. "
        "Carry `h` through `jax.lax.scan` over the stacked weights instead.",
        deepen,
        share,
    )


def never_computes(name: str, entries: Callable[[Inputs], int], sentence: str, share: float = 0.5) -> Requirement:
    """Every array that is computed on the way has fewer than `entries(inputs)` entries; `sentence` says what that
    rules out. What JAX cannot follow, such as a step in NumPy, does not meet it."""
    return Requirement(
        name,
        sentence,
        lambda inputs: [Measurement("traced", inputs)],
        lambda inputs, trace: trace.largest < entries(inputs),
        share,
    )


def without_automatic_differentiation(share: float = 0.5) -> Requirement:
    """`f` lets JAX differentiate nothing: its derivatives are written out."""
    return Requirement(
        "differentiates by hand",
        "The values are right, and JAX differentiated for you: here the derivative is to be written out.",
        lambda inputs: [Measurement("differentiations", inputs)],
        lambda inputs, begun: begun == 0,
        share,
    )

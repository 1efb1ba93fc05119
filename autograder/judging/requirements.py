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
Deepen = Callable[[Inputs], Inputs]


def close(one: Any, other: Any) -> bool:
    """Whether two results have the same shape and agree to what a compiler may change."""
    a, b = np.asarray(one), np.asarray(other)
    # The shapes first: of two shapes that broadcast, NumPy would make a product as large as both together.
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True))


def works_under_jit(share: float = 0.25) -> Requirement:
    """`jax.jit(f)` runs and agrees with `f`."""
    return Requirement(
        "works under jit",
        "It works, but not under `jax.jit`: keep to `jnp` and to shapes, and let no value become a Python number.",
        lambda inputs: [Measurement("jit", inputs), Measurement("value", inputs)],
        lambda inputs, compiled, plain: close(compiled, plain),
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


def same_size_when_deeper(deepen: Deepen, share: float = 0.5) -> Requirement:
    """The jaxpr of `f` has as many equations on `deepen(inputs)` as on `inputs`: depth is a loop, not a copy."""
    return Requirement(
        "keeps its jaxpr's size as depth grows",
        "The values are right, but the program grows with depth: JAX compiled a copy of the layer for each one. "
        "Carry `h` through `jax.lax.scan` over the stacked weights instead.",
        lambda inputs: [Measurement("jaxpr size", inputs), Measurement("jaxpr size", deepen(inputs))],
        lambda inputs, one, deeper: one is not None and bool(one == deeper),
        share,
    )


def never_computes(name: str, entries: Callable[[Inputs], int], sentence: str, share: float = 0.5) -> Requirement:
    """Every array that is computed on the way has fewer than `entries(inputs)` entries; `sentence` says what that
    rules out. What NumPy computes JAX cannot see, and it is not held against the function here."""
    return Requirement(
        name,
        sentence,
        lambda inputs: [Measurement("largest computed", inputs)],
        lambda inputs, largest: largest is None or bool(0 <= largest < entries(inputs)),
        share,
    )

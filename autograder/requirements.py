"""Things an exercise may ask of a function besides its values. JAX is imported when one is tested."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.exercise import Requirement

Deepen = Callable[[tuple[Any, ...]], tuple[Any, ...]]


MOVES = frozenset(
    "broadcast_in_dim concatenate convert_element_type copy copy_p dynamic_slice gather "
    "reshape rev slice split squeeze transpose".split()
)
"""Primitives that lay out given numbers anew and compute none: taking one layer's W out of the stack, or W.T."""


def _inner(equation: Any) -> Iterator[Any]:
    """The jaxprs inside an equation: a loop's body, a call's function."""
    for value in equation.params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            inner = getattr(part, "jaxpr", part)
            if hasattr(inner, "eqns"):
                yield inner


def jaxpr_size(f: Callable[..., Any], *inputs: Any) -> int:
    """How many equations `f` traces to, those inside its loops and calls included."""
    import jax

    def count(jaxpr: Any) -> int:
        return sum(1 + sum(map(count, _inner(equation))) for equation in jaxpr.eqns)

    return count(jax.make_jaxpr(f)(*inputs).jaxpr)


def largest_computed(f: Callable[..., Any], *inputs: Any) -> int:
    """The number of entries of the largest array that `f` computes, its loops and calls included; what it only
    moves is free."""
    import jax

    def largest(jaxpr: Any) -> int:
        sizes = [0]
        for equation in jaxpr.eqns:
            inner = list(_inner(equation))
            if inner:
                sizes += map(largest, inner)
            elif equation.primitive.name not in MOVES:
                sizes += [math.prod(v.aval.shape) for v in equation.outvars if hasattr(v.aval, "shape")]
        return max(sizes)

    return largest(jax.make_jaxpr(f)(*inputs).jaxpr)


def works_under_jit(share: float = 0.25) -> Requirement:
    """`jax.jit(f)` runs and agrees with `f`."""

    def holds(f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
        import jax

        return bool(np.allclose(jax.jit(f)(*inputs), f(*inputs), rtol=1e-3, atol=1e-5, equal_nan=True))

    return Requirement(
        "works under jit",
        "It works, but not under `jax.jit`: keep to `jnp` and to shapes, and let no value become a Python number.",
        holds,
        share,
    )


def works_under_grad(argument: int = 0, share: float = 0.25) -> Requirement:
    """The sum of `f` can be differentiated in its argument number `argument`, and the gradient is finite."""

    def holds(f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
        import jax

        def total(*xs: Any) -> Any:
            return jax.numpy.sum(f(*xs))

        leaves = jax.tree.leaves(jax.grad(total, argnums=argument)(*inputs))
        return all(bool(np.all(np.isfinite(leaf))) for leaf in leaves)

    return Requirement(
        "works under grad",
        "It works, but `jax.grad` cannot go through it: keep every step in `jnp`, so that JAX can follow.",
        holds,
        share,
    )


def works_under_vmap(argument: int = 0, share: float = 0.25) -> Requirement:
    """`f` maps over a new leading axis of its argument number `argument`."""

    def holds(f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
        import jax

        one = f(*inputs)
        batch = list(inputs)
        batch[argument] = jax.tree.map(lambda leaf: jax.numpy.stack([leaf, leaf]), inputs[argument])
        axes = [0 if i == argument else None for i in range(len(inputs))]
        two = jax.vmap(f, in_axes=axes)(*batch)
        return bool(np.allclose(two[0], one, rtol=1e-3, atol=1e-5)) and bool(
            np.allclose(two[1], one, rtol=1e-3, atol=1e-5)
        )

    return Requirement(
        "works under vmap",
        "It works on one example, but not under `jax.vmap`: index from the end, and keep to `jnp`.",
        holds,
        share,
    )


def same_size_when_deeper(deepen: Deepen, share: float = 0.5) -> Requirement:
    """The jaxpr of `f` has as many equations on `deepen(inputs)` as on `inputs`: depth is a loop, not a copy."""

    def holds(f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
        return jaxpr_size(f, *inputs) == jaxpr_size(f, *deepen(inputs))

    return Requirement(
        "keeps its jaxpr's size as depth grows",
        "The values are right, but the program grows with depth: JAX compiled a copy of the layer for each one. "
        "Carry `h` through `jax.lax.scan` over the stacked weights instead.",
        holds,
        share,
    )


def never_computes(
    name: str, entries: Callable[[tuple[Any, ...]], int], sentence: str, share: float = 0.5
) -> Requirement:
    """Every array that is computed on the way has fewer than `entries(inputs)` entries; `sentence` says what that
    rules out. What NumPy computes JAX cannot see, and it is not held against the function here."""

    def holds(f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
        import jax

        try:
            return largest_computed(f, *inputs) < entries(inputs)
        except jax.errors.JAXTypeError:
            return True

    return Requirement(name, sentence, holds, share)

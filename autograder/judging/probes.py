"""What can be measured of a function, each way by its name: the judge names it, whoever has the function takes it.

A measurement only tells what came of a function on given inputs. What that is worth is decided elsewhere, so that
in grading the measuring can be done where the function lives, and the judging cannot.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

from autograder.judging import safe_call
from autograder.judging.exercise import Measurement
from autograder.judging.safe_call import CallResult

MOVES = frozenset(
    "broadcast_in_dim concatenate convert_element_type copy copy_p dynamic_slice gather "
    "reshape rev slice split squeeze transpose".split()
)
"""Primitives that lay out given numbers anew and compute none: taking one layer's W out of the stack, or W.T."""


def run_probe(
    f: Callable[..., Any], measurement: Measurement, seconds: float, then: Callable[[Any], Any] | None = None
) -> CallResult:
    """Measure `f` in this process, with a time limit; what came of it, passed through `then`, as an `CallResult`."""
    # A copy: a learner's function may write into its inputs, and others are asked the same.
    own = measurement._replace(inputs=copy.deepcopy(measurement.inputs))

    def measured() -> Any:
        value = safe_call.waited(PROBES[measurement.way](f, own))
        return then(value) if then else value

    return safe_call.call(measured, (), seconds, of=f)


def _value(f: Callable[..., Any], m: Measurement) -> Any:
    return f(*m.inputs)


def _jit(f: Callable[..., Any], m: Measurement) -> Any:
    import jax

    return jax.jit(f)(*m.inputs)


def _grad(f: Callable[..., Any], m: Measurement) -> Any:
    """The gradient of the sum of `f`, weighted, in one argument; of a nested one, all its entries in a row."""
    import jax

    def total(*xs: Any) -> Any:
        value = f(*xs)
        return jax.numpy.sum(value if m.weights is None else m.weights * value)

    leaves = jax.tree.leaves(jax.grad(total, argnums=m.argument)(*m.inputs))
    return leaves[0] if len(leaves) == 1 else jax.numpy.concatenate([leaf.ravel() for leaf in leaves])


def _vmap(f: Callable[..., Any], m: Measurement) -> Any:
    """`f` mapped over two copies of one argument, stacked."""
    import jax

    batch = list(m.inputs)
    batch[m.argument] = jax.tree.map(lambda leaf: jax.numpy.stack([leaf, leaf]), m.inputs[m.argument])
    return jax.vmap(f, in_axes=[0 if i == m.argument else None for i in range(len(batch))])(*batch)


def _argument_after(f: Callable[..., Any], m: Measurement) -> Any:
    """One argument as it is after the call."""
    f(*m.inputs)
    return m.inputs[m.argument]


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


def _traced(count: Callable[..., int]) -> Callable[[Callable[..., Any], Measurement], int | None]:
    """A count over the jaxpr; None where JAX cannot follow the function, as where it computes with NumPy."""

    def counted(f: Callable[..., Any], m: Measurement) -> int | None:
        import jax

        try:
            return count(f, *m.inputs)
        except jax.errors.JAXTypeError:
            return None

    return counted


PROBES: dict[str, Callable[[Callable[..., Any], Measurement], Any]] = {
    "value": _value,
    "jit": _jit,
    "grad": _grad,
    "vmap": _vmap,
    "jaxpr size": _traced(jaxpr_size),
    "largest computed": _traced(largest_computed),
    "argument after": _argument_after,
}
"""Every way to measure a function."""

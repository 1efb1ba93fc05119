"""What can be measured of a function, each way by its name: the judge names it, whoever has the function takes it.

A measurement only tells what came of a function on given inputs. What that is worth is decided elsewhere, so that
in grading the measuring can be done where the function lives, and the judging cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from autograder.judging import safe_call
from autograder.judging.exercise import Measurement, Trace
from autograder.judging.given import given
from autograder.judging.safe_call import CallResult

if TYPE_CHECKING:
    import numpy as np

MOVES = frozenset(
    "broadcast_in_dim concatenate convert_element_type copy copy_p dynamic_slice gather "
    "reshape rev slice split squeeze transpose".split()
)
"""Primitives that lay out given numbers anew and compute none: taking one layer's W out of the stack, or W.T."""


CALLS_PYTHON = frozenset({"pure_callback", "io_callback", "ffi_call"})
"""Primitives whose result another language computes. `jax.debug.print` has no result, and is free."""


def run_probe(
    f: Callable[..., Any], measurement: Measurement, seconds: float, then: Callable[[Any], Any] | None = None
) -> CallResult:
    """Measure `f` in this process, with a time limit; what came of it, passed through `then`, as an `CallResult`."""
    # A copy: a learner's function may write into its inputs, and others are asked the same.
    own = measurement._replace(inputs=given(measurement.inputs))

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


def jaxpr_size(jaxpr: Any) -> int:
    """How many equations a jaxpr has, those inside its loops and calls included."""
    return sum(1 + sum(map(jaxpr_size, _inner(equation))) for equation in jaxpr.eqns)


def largest_computed(jaxpr: Any) -> int:
    """The number of entries of the largest array that a jaxpr computes, its loops and calls included; what it only
    moves is free."""
    sizes = [0]
    for equation in jaxpr.eqns:
        inner = list(_inner(equation))
        if inner:
            sizes += map(largest_computed, inner)
        elif equation.primitive.name not in MOVES:
            sizes += [math.prod(v.aval.shape) for v in equation.outvars if hasattr(v.aval, "shape")]
    return max(sizes)


def calls_python(jaxpr: Any) -> int:
    """How many equations of a jaxpr get their result from a function of Python's, which JAX cannot see."""
    here = sum(equation.primitive.name in CALLS_PYTHON for equation in jaxpr.eqns)
    return here + sum(calls_python(inner) for equation in jaxpr.eqns for inner in _inner(equation))


def _traced(f: Callable[..., Any], m: Measurement) -> Any:
    """What `f` traces to, and what that very program computes: its size, its largest array, how often it calls Python,
    then the number of axes of its result, their lengths, and its entries, in a row."""
    import jax
    import jax.extend
    import numpy as np

    closed, shape = jax.make_jaxpr(f, return_shape=True)(*m.inputs)
    if not hasattr(shape, "shape"):
        raise TypeError("the function returns several arrays, or none, where one was asked for")
    (value,) = jax.jit(jax.extend.core.jaxpr_as_fun(closed))(*jax.tree.leaves(m.inputs))
    told = [jaxpr_size(closed.jaxpr), largest_computed(closed.jaxpr), calls_python(closed.jaxpr), value.ndim]
    return np.concatenate([[*told, *value.shape], np.asarray(value, np.float64).ravel()])


def trace_of(found: Any) -> tuple[Trace, int, np.ndarray]:
    """What `traced` told, taken apart: the trace, how often it calls Python, and the value. `ValueError` where a stranger's
    process told something else."""
    import numpy as np

    told = np.asarray(found, np.float64)
    if told.ndim != 1 or len(told) < 4 or not np.all(np.isfinite(told[:4])) or np.any(told[:4] != np.floor(told[:4])):
        raise ValueError
    size, largest, calls, ndim = (int(number) for number in told[:4])
    if min(size, largest, calls, ndim) < 0 or ndim > 8 or len(told) < 4 + ndim:
        raise ValueError
    return Trace(size, largest), calls, told[4 + ndim :].reshape([int(length) for length in told[4 : 4 + ndim]])


def _differentiations(f: Callable[..., Any], m: Measurement) -> int:
    """How often `f` has JAX differentiate something, functions it has compiled before included."""
    import jax
    from jax._src.interpreters import ad

    begun = 0
    kinds = [getattr(ad, name) for name in ("JVPTrace", "LinearizeTrace") if hasattr(ad, name)]
    own = [kind.__init__ for kind in kinds]

    def counting(begin: Callable[..., None]) -> Callable[..., None]:
        def begins(*given: Any, **named: Any) -> None:
            nonlocal begun
            begun += 1
            begin(*given, **named)

        return begins

    try:
        for kind, begin in zip(kinds, own, strict=True):
            kind.__init__ = counting(begin)
        with jax.disable_jit():  # else what was compiled before would not be traced again
            jax.block_until_ready(f(*m.inputs))
    finally:
        for kind, begin in zip(kinds, own, strict=True):
            kind.__init__ = begin
    return begun


PROBES: dict[str, Callable[[Callable[..., Any], Measurement], Any]] = {
    "value": _value,
    "jit": _jit,
    "grad": _grad,
    "vmap": _vmap,
    "traced": _traced,
    "differentiations": _differentiations,
    "argument after": _argument_after,
}
"""Every way to measure a function."""

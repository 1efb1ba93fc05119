"""What may be asked of a function besides its values: each requirement holds for a good one, fails for a bad one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging import judge, probes, safe_call
from autograder.judging.exercise import Requirement
from autograder.judging.probes import jaxpr_size, largest_computed
from autograder.judging.requirements import (
    never_computes,
    same_size_when_deeper,
    works_under_grad,
    works_under_jit,
    works_under_vmap,
)

W = np.random.default_rng(0).normal(size=(6, 4, 4)).astype(np.float32)
h = np.ones(4, np.float32)


def met(requirement: Requirement, f: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
    return judge.met(requirement, inputs, lambda m, seconds: probes.run_probe(f, m, seconds), 60.0)


def scanned(W, h):
    return lax.scan(lambda h, W: (jnp.tanh(W @ h), None), h, W)[0]


def unrolled(W, h):
    for layer in W:
        h = jnp.tanh(layer @ h)
    return h


def through_numpy(W, h):
    for layer in np.asarray(W):
        h = np.tanh(layer @ np.asarray(h))
    return h


def with_matrices(W, h):
    J = jnp.eye(4)
    for layer in W:
        J = layer @ J
    return J @ h


def branches_on_a_value(W, h):
    return h if float(h[0]) > 0 else -h


def test_under_jit() -> None:
    assert met(works_under_jit(), scanned, (W, h))
    for bad in (through_numpy, branches_on_a_value):
        assert not met(works_under_jit(), bad, (W, h))


def test_under_grad() -> None:
    assert met(works_under_grad(argument=1), scanned, (W, h))
    assert not met(works_under_grad(argument=0), lambda x: jnp.sqrt(x), (np.zeros(3, np.float32),))


def test_under_vmap() -> None:
    assert met(works_under_vmap(argument=1), scanned, (W, h))
    calls = []

    def counts_its_calls(W, h):
        calls.append(1)
        return h * len(calls)

    assert not met(works_under_vmap(argument=1), counts_its_calls, (W, h))


def test_a_loop_over_layers_grows_and_a_scan_does_not() -> None:
    def deeper(inputs):
        W, h = inputs
        return np.concatenate([W, W]), h

    requirement = same_size_when_deeper(deeper)
    assert met(requirement, scanned, (W, h))
    assert not met(requirement, unrolled, (W, h))
    assert jaxpr_size(unrolled, np.concatenate([W, W]), h) > 1.5 * jaxpr_size(unrolled, W, h)


def test_forming_a_matrix_is_seen_inside_loops_and_calls_too() -> None:
    requirement = never_computes("never forms a matrix", lambda inputs: inputs[1].size ** 2, "No matrices.")

    def vector_only(W, h):
        for _ in range(3):
            (h,) = jax.vjp(jnp.tanh, h)[1](h)
        return h

    def layers_taken_out_and_transposed(W, h):
        for layer in W:
            h = layer.T @ h
        return h

    assert met(requirement, vector_only, (W, h))
    assert met(requirement, layers_taken_out_and_transposed, (W, h)), "what is only moved is free"
    assert met(requirement, through_numpy, (W, h)), "what NumPy computes cannot be seen"
    assert not met(requirement, with_matrices, (W, h))
    assert not met(requirement, jax.jit(with_matrices), (W, h))
    assert largest_computed(jax.jit(with_matrices), W, h) >= 16


def test_what_was_measured_may_be_anything_and_is_never_multiplied_out() -> None:
    def given(*found: Any) -> judge.Take:
        left = iter(found)
        return lambda measurement, seconds: safe_call.Returned(next(left))

    column, row = np.ones((200_000, 1)), np.ones((1, 200_000))
    for found in ((column, row), (None, "text"), (np.ones(3), np.ones(4)), (np.nan, 1.0)):
        assert not judge.met(works_under_jit(), (W, h), given(*found), 1.0)
    for size in (-1, np.ones(3), "small", 1e300):
        never = never_computes("never forms a matrix", lambda inputs: 16, "No matrices.")
        assert not judge.met(never, (W, h), given(size), 1.0)

"""What may be asked of a function besides its values: each requirement holds for a good one, fails for a bad one."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.requirements import (
    jaxpr_size,
    largest_computed,
    never_computes,
    same_size_when_deeper,
    works_under_grad,
    works_under_jit,
    works_under_vmap,
)

W = np.random.default_rng(0).normal(size=(6, 4, 4)).astype(np.float32)
h = np.ones(4, np.float32)


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
    assert works_under_jit().holds(scanned, (W, h))
    for bad in (through_numpy, branches_on_a_value):
        try:
            assert not works_under_jit().holds(bad, (W, h))
        except Exception as error:
            assert "Tracer" in type(error).__name__ or "Concretization" in type(error).__name__


def test_under_grad() -> None:
    assert works_under_grad(argument=1).holds(scanned, (W, h))
    assert not works_under_grad(argument=0).holds(lambda x: jnp.sqrt(x), (np.zeros(3, np.float32),))


def test_under_vmap() -> None:
    assert works_under_vmap(argument=1).holds(scanned, (W, h))
    calls = []

    def counts_its_calls(W, h):
        calls.append(1)
        return h * len(calls)

    assert not works_under_vmap(argument=1).holds(counts_its_calls, (W, h))


def test_a_loop_over_layers_grows_and_a_scan_does_not() -> None:
    def deeper(inputs):
        W, h = inputs
        return np.concatenate([W, W]), h

    requirement = same_size_when_deeper(deeper)
    assert requirement.holds(scanned, (W, h))
    assert not requirement.holds(unrolled, (W, h))
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

    assert requirement.holds(vector_only, (W, h))
    assert requirement.holds(layers_taken_out_and_transposed, (W, h)), "what is only moved is free"
    assert requirement.holds(through_numpy, (W, h)), "what NumPy computes cannot be seen"
    assert not requirement.holds(with_matrices, (W, h))
    assert not requirement.holds(jax.jit(with_matrices), (W, h))
    assert largest_computed(jax.jit(with_matrices), W, h) >= 16

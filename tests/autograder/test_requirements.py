"""What may be asked of a function besides its values: each requirement holds for a good one, fails for a bad one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging import judge, probes, safe_call, unmet
from autograder.judging.exercise import Array, Exercise, Function, Requirement, exercise
from autograder.judging.requirements import (
    never_computes,
    same_size_when_deeper,
    works_under_grad,
    works_under_jit,
    works_under_vmap,
)
from autograder.judging.verdict import Verdict, VerdictState

W = np.random.default_rng(0).normal(size=(6, 4, 4)).astype(np.float32)
h = np.ones(4, np.float32)


def like(reference: Callable[..., Any]) -> Exercise:
    """An exercise whose reference this is, as far as requirements look at it."""
    return Exercise(reference, "sample.f", 1.0, Function())


def met(
    requirement: Requirement,
    f: Callable[..., Any],
    inputs: tuple[Any, ...],
    reference: Callable[..., Any] | None = None,
) -> bool:
    take: unmet.Take = lambda m, seconds: probes.run_probe(f, m, seconds)
    return unmet.not_met(like(reference or f), requirement, inputs, take, 60.0) is None


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
    assert not met(works_under_jit(), scanned, (W, h), reference=lambda W, h: scanned(W, h) + 1)


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
    assert size(unrolled, np.concatenate([W, W]), h).size > 1.5 * size(unrolled, W, h).size


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
    assert not met(requirement, through_numpy, (W, h)), "what NumPy computes cannot be seen"
    assert not met(requirement, with_matrices, (W, h))
    assert not met(requirement, jax.jit(with_matrices), (W, h))
    assert size(jax.jit(with_matrices), W, h).largest >= 16


def test_what_was_measured_may_be_anything_and_is_never_multiplied_out() -> None:
    def given(*found: Any) -> unmet.Take:
        left = iter(found)
        return lambda measurement, seconds: safe_call.Returned(next(left))

    column, row = np.ones((200_000, 1)), np.ones((1, 200_000))
    assert unmet.not_met(like(scanned), works_under_vmap(), (W, h), given(column, row), 1.0)
    ends = [1.0, 1.0, 0.0, 1.0, 4.0]
    odd = [None, "text", np.nan, 1.0, row, [np.inf] * 9, [-1.0, 1, 0, 0, 1], [1.5, 1, 0, 0, 1], [1.0, 1, 0, 9, 1]]
    odd += [[*ends, 1.0], [1.0, 1.0, 1.0, 1.0, 4.0, *scanned(W, h)], [1.0, 1.0, 0.0, 2.0, 1e9, 1e9, 1.0]]
    for found in odd:
        assert unmet.not_met(like(scanned), works_under_jit(), (W, h), given(found), 1.0), found
    right = np.array([*ends, *scanned(W, h)])
    assert unmet.not_met(like(scanned), works_under_jit(), (W, h), given(right), 1.0) is None


# --------------------------------------------------------------------------- one program shown, another run


def size(f: Callable[..., Any], *inputs: Any) -> probes.Trace:
    trace, _, _ = probes.trace_of(probes.PROBES["traced"](f, unmet.Measurement("traced", inputs)))
    return trace


def deeper(inputs):
    W, h = inputs
    return np.concatenate([W, W]), h


def draw(rng):
    return {"W": rng.normal(size=(4, 3, 3)).astype(np.float32) / 2, "h": rng.normal(size=3).astype(np.float32)}


@exercise(
    skill="sample.f",
    points=4,
    answer=Function(
        returns=Array(),
        variants=3,
        must=(works_under_jit(), same_size_when_deeper(deeper)),
    ),
)
def through_layers(W, h):
    """Write it."""
    return scanned(W, h)


through_layers.variant(draw)


@through_layers.mistake("NumPy stops JAX.", breaks="works under jit")
def numpy_inside(W, h):
    return through_numpy(W, h)


@through_layers.mistake("The program grows.", breaks="keeps its jaxpr's size as depth grows")
def loop(W, h):
    return unrolled(W, h)


def hidden_in_a_callback(W, h):
    shape = jax.ShapeDtypeStruct(h.shape, jnp.float32)
    return jax.pure_callback(lambda W, h: np.asarray(through_numpy(W, h), np.float32), shape, W, h)


REMEMBERED: dict[str, Any] = {}


def remembers_what_it_was_asked(W, h):
    if isinstance(W, jax.core.Tracer):
        return REMEMBERED["last"] + 0 * h
    REMEMBERED["last"] = through_numpy(W, h)
    return REMEMBERED["last"]


def small_where_it_is_counted(W, h):
    if isinstance(W, jax.core.Tracer):
        return h + 0 * W[0, 0]
    return unrolled(W, h)


def verdict(f: Callable[..., Any]) -> Verdict:
    return judge.judge(through_layers, f)


def test_a_program_that_is_shown_is_the_one_that_is_run() -> None:
    assert verdict(scanned).state is VerdictState.RIGHT
    assert verdict(jax.jit(scanned)).state is VerdictState.RIGHT
    honest = verdict(unrolled)
    assert honest.points == 2 and honest.mistake == "loop"
    for cheat in (hidden_in_a_callback, remembers_what_it_was_asked, small_where_it_is_counted):
        assert verdict(cheat).points <= honest.points, cheat.__name__


def test_printing_while_it_runs_costs_nothing() -> None:
    def prints(W, h):
        jax.debug.print("h = {}", h)
        return scanned(W, h)

    assert verdict(prints).state is VerdictState.RIGHT


# --------------------------------------------------------------------------- why


def an_if(W, h):
    return scanned(W, h) if h[0] > -1e9 else h


def a_float(W, h):
    return scanned(W * (float(h[0]) * 0 + 1), h)


def an_index(W, h):
    return scanned(W, h) + 0 * jnp.ones(3)[int(jnp.argmax(h))]


def a_mask(W, h):
    return scanned(W, h) + 0 * h[h > -1e9].sum()


def odd(W, h):
    if isinstance(W, jax.core.Tracer):
        raise LookupError("here")
    return scanned(W, h)


def test_a_broken_requirement_is_told_by_what_was_raised_and_no_other_mistake_is_named() -> None:
    assert verdict(through_numpy).mistake == "numpy_inside"
    for f, word in {an_if: "`if`", a_float: "float(", a_mask: "jnp.where", odd: "raised LookupError: here"}.items():
        said = verdict(f)
        assert (said.mistake, said.state) == (None, VerdictState.PARTLY), f.__name__
        assert word in said.sentence and "in its line" in said.sentence, said.sentence
    assert "whole number" in verdict(an_index).sentence or "Python number" in verdict(an_index).sentence
    assert verdict(through_numpy).points == 2, "one error that stops two requirements counts once"

"""Right answers in whatever style they come are right, and what is rounded too far is told so, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import lax

from autograder.judging import judge
from autograder.judging.exercise import Array, Choice, Exercise, Function, Integer, Number, exercise
from autograder.judging.protocol.values import decode_value, encode_value
from autograder.judging.verdict import Verdict, VerdictState


def asking(kind: Any, right: Any, question: str = "How much?") -> Exercise:
    def f() -> Any:
        return right

    f.__doc__ = question
    return exercise(skill="sample.x", points=1, answer=kind)(f)


def verdict(kind: Any, right: Any, answer: Any, question: str = "How much?") -> Verdict:
    """The verdict here, which is the same on what crosses from a kernel."""
    asked = asking(kind, right, question)
    here = judge.judge(asked, answer, {})
    crossed = decode_value(*encode_value(answer)) if not callable(answer) else answer
    there = judge.judge(asked, crossed, {})
    assert (here.state, here.mistake) == (there.state, there.mistake), (here, there)
    return here


AXES = ("0", "0, 1, 2", "1, 2", "0, 2")
FREE = ("f(k(g(x)))", "g(k(f(x)))", "k(f(g(x)))")
FATES = ("it grows for ever", "it stays as it is", "it vanishes")

RIGHT = [
    (Number(), 0.25, [0.25, Fraction(1, 4), Decimal("0.25"), np.float32(0.25), np.float64(0.25), jnp.float32(0.25)]),
    (Number(), 0.25, [[0.25], (Fraction(1, 4),), np.array([[0.25]]), np.array(0.25, object)]),
    (Integer(), 7, [7, 7.0, np.int8(7), np.int64(7), Fraction(7), Decimal(7), jnp.int32(7), [7], np.uint8(7)]),
    (Array(), [0.5, 2.0, 3.0], [[0.5, 2, 3], (0.5, 2, 3), [Fraction(1, 2), 2, 3], [Decimal("0.5"), 2, Fraction(3)]]),
    (Array(), [0.5, 2.0, 3.0], [np.array([[0.5, 2, 3]]), np.array([[0.5], [2], [3]]), jnp.array([0.5, 2, 3])]),
    (Array(), [[1.0, 2.0], [3.0, 4.0]], [[[1, 2], [3, 4]], ((1, 2), (3, 4)), np.array([[1, 2], [3, 4]], np.int16)]),
    (
        Array(),
        [[1.0, 2.0], [3.0, 4.0]],
        [[[Fraction(1), 2], [3, Decimal(4)]], [np.array([1, 2]), np.array([3.0, 4.0])]],
    ),
    (
        Choice(AXES),
        "0, 1, 2",
        ["0, 1, 2", "0,1,2", "(0, 1, 2)", "[0, 1, 2]", (0, 1, 2), [0, 1, 2], range(3), np.arange(3)],
    ),
    (Choice(AXES), "0", ["0", 0, (0,), [0], np.int64(0), "(0)"]),
    (Choice(FREE), "f(k(g(x)))", ["f(k(g(x)))", "f( k( g(x) ) )", "f∘k∘g", "f ∘ k ∘ g", "(f∘k∘g)(x)", "F(K(G(x)))"]),
    (Choice(FATES), "it vanishes", ["it vanishes", "It  vanishes ", "c", "C", "(c)", "c)", "c."]),
]
"""Kinds of question, what is right, and ways to say so."""


@pytest.mark.parametrize(
    ("kind", "right", "answer"), [(kind, right, answer) for kind, right, ways in RIGHT for answer in ways]
)
def test_a_right_answer_is_right_however_it_is_said(kind: Any, right: Any, answer: Any) -> None:
    said = verdict(kind, right, answer)
    assert said.state is VerdictState.RIGHT, said


@pytest.mark.parametrize(
    ("kind", "right", "answer"),
    [
        (Number(), 0.25, True),
        (Number(), 0.25, "a quarter"),
        (Number(), 0.25, Fraction(1, 3)),
        (Choice(AXES), "0, 1, 2", (0, 2)),
        (Choice(AXES), "0, 1, 2", True),
        (Choice(FREE), "f(k(g(x)))", "g∘k∘f"),
        (Choice(FATES), "it vanishes", "a"),
        (Choice(FATES), "it vanishes", "d"),
        (Choice(("a", "b")), "b", "a"),
        (Array(), [0.5, 2.0], [[0.5, 2.0], [0.5, 2.0]]),
    ],
)
def test_and_a_wrong_one_is_not(kind: Any, right: Any, answer: Any) -> None:
    assert verdict(kind, right, answer).state in (VerdictState.WRONG, VerdictState.UNREADABLE)


def test_where_a_shape_is_asked_for_it_counts() -> None:
    column = np.array([[1.0], [2.0]])
    assert verdict(Array(), [1.0, 2.0], column).state is VerdictState.RIGHT
    assert verdict(Array(), [1.0, 2.0], column, "Give it in shape (2,).").state is VerdictState.UNREADABLE


def test_what_is_not_understood_lists_no_options() -> None:
    said = verdict(Choice(FREE), "f(k(g(x)))", "something")
    assert said.state is VerdictState.UNREADABLE and "g(x)" not in said.sentence


# --------------------------------------------------------------------------- programs


def layers(W: Any, h: Any) -> Any:
    """Write it. Use `jnp`."""
    for W_l in W:
        h = jnp.tanh(W_l @ h)
    return h


def by_fori_loop(W, h):
    return lax.fori_loop(0, W.shape[0], lambda i, x: jnp.tanh(W[i] @ x), h)


def by_scan_over_numbers(W, h):
    return lax.scan(lambda x, i: (jnp.tanh(W[i] @ x), None), h, jnp.arange(len(W)))[0]


def by_scan(W, h):
    return lax.scan(lambda x, W_l: (jnp.tanh(W_l @ x), None), h, W)[0]


def with_at(W, h):
    W = W.at[0].multiply(1.0)
    return layers(W, h)


def into_its_own_copy(W, h):
    h[:] = layers(W, h)
    return h


def with_numpy(W, h):
    for W_l in W:
        h = np.tanh(np.dot(W_l, h))
    return h


def with_lists(W, h):
    h = h.tolist()
    for rows in W.tolist():
        h = [float(np.tanh(sum(w * x for w, x in zip(row, h, strict=True)))) for row in rows]
    return h


@pytest.mark.parametrize(
    "program",
    [
        layers,
        jax.jit(layers),
        by_fori_loop,
        by_scan_over_numbers,
        by_scan,
        with_at,
        into_its_own_copy,
        with_numpy,
        with_lists,
    ],
)
def test_a_right_program_is_right_whichever_arrays_it_takes_its_own_for(program: Any) -> None:
    asked = exercise(skill="sample.x", points=1, answer=Function(returns=Array(), variants=3))(layers)
    asked.variant(lambda rng: {"W": rng.normal(size=(3, 4, 4)).astype(np.float32), "h": np.ones(4, np.float32)})
    said = judge.judge(asked, program)
    assert said.state is VerdictState.RIGHT, said


# --------------------------------------------------------------------------- rounded too far


@pytest.mark.parametrize(
    ("figures", "right", "answer"),
    [(3, 0.3487, 0.35), (4, 2.853, 2.9), (4, 2.853, 2.85), (3, -0.3487, -0.35), (3, 1234.0, 1200)],
)
def test_what_is_rounded_too_far_is_right_as_far_as_it_goes_and_never_counts(
    figures: int, right: float, answer: float
) -> None:
    asked = asking(Number(figures), right)

    def near() -> float:
        return answer * 1.01

    asked.mistake("Another one.")(near)
    said = judge.judge(asked, answer, {})
    assert (said.state, said.mistake, said.points) == (VerdictState.ROUNDED, None, 0)
    assert said.sentence == f"Right as far as it goes: {figures} figures, please." and not said.counts


@pytest.mark.parametrize(
    ("figures", "right", "answer"),
    [(3, 0.349, 0.34), (3, 0.349, 0.3), (3, 0.349, 0.353), (2, 0.35, 0.4), (3, 0.349, 0.36)],
)
def test_what_is_not_the_right_value_rounded_is_wrong(figures: int, right: float, answer: float) -> None:
    assert verdict(Number(figures), right, answer).state is VerdictState.WRONG


def test_entries_of_an_array_may_be_rounded_too_far_each() -> None:
    assert verdict(Array(figures=3), [0.3487, 2.0], [0.35, 2.0]).state is VerdictState.ROUNDED
    assert verdict(Array(figures=3), [0.3487, 2.0], [0.35, 2.1]).state is VerdictState.WRONG


@given(st.floats(1e-6, 1e6), st.integers(3, 5))
def test_a_value_rounded_to_two_figures_is_right_or_rounded(right: float, figures: int) -> None:
    said = verdict(Number(figures), right, float(f"{right:.1e}"))
    assert said.state in (VerdictState.RIGHT, VerdictState.ROUNDED)
    assert verdict(Number(figures), right, float(f"{right:.{figures - 1}e}")).state is VerdictState.RIGHT


# --------------------------------------------------------------------------- a mistake is named where it was made


def mistaken(kind: Any, right: Any, wrong: Any, answer: Any) -> str | None:
    asked = asking(kind, right)

    def made() -> Any:
        return wrong

    asked.mistake("Another one.")(made)
    return judge.judge(asked, answer, {}).mistake


@pytest.mark.parametrize(
    ("figures", "right", "wrong", "answer", "named"),
    [
        (3, 0.25**5, 1.0, 1 - 0.25**5, False),  # near 1, and no slope of 1
        (3, 0.25**5, 1.0, 0.999, False),
        (3, 0.25**5, 1.0, 1, True),
        (3, 0.349, 9.0, 9.0, True),
        (3, 0.349, 8.996, 9.0, True),
        (3, 0.349, 8.99, 9.0, False),
        (3, 0.5, 1 - 10 * 0.1, 0, True),  # zero but for rounding
        (3, 0.5, 0.0, 1e-3, False),
        (3, 1e-15, 2e-16, 0, False),  # small, and not zero beside what is right
        (3, 0.7, 1e-60, 1e-60, True),
    ],
)
def test_a_mistake_is_named_only_where_the_answer_is_its_own(
    figures: int, right: float, wrong: float, answer: float, named: bool
) -> None:
    assert (mistaken(Number(figures), right, wrong, answer) == "made") is named

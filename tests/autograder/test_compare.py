"""Comparing values: whatever is right is accepted in any form; whatever is of another kind is told apart."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.judging import compare
from autograder.judging.compare import Unreadable
from autograder.judging.exercise import Array, Choice, Integer, Number

sizes = st.floats(min_value=1e-30, max_value=1e30)
signs = st.sampled_from([-1.0, 1.0])
# Numbers that float32 can hold too: an array is right in either precision.
entries = st.floats(-1e3, 1e3, width=32, allow_subnormal=False)
matrices = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=entries)


@given(sizes, signs, st.integers(1, 6))
def test_a_number_rounded_to_the_figures_asked_for_is_right(size: float, sign: float, figures: int) -> None:
    reference = sign * size
    kind = Number(figures)
    rounded = float(f"{reference:.{figures - 1}e}")
    assert compare.agrees(kind, np.asarray(reference), compare.read(kind, rounded))


@given(sizes, signs, st.integers(2, 6))
def test_a_number_off_by_three_units_in_the_last_figure_is_wrong(size: float, sign: float, figures: int) -> None:
    reference = sign * size
    unit = 10.0 ** (math.floor(math.log10(size)) - figures + 1)
    assert not compare.agrees(Number(figures), np.asarray(reference), np.asarray(reference + 3 * unit))


@given(matrices)
def test_an_array_is_right_in_every_form(matrix: np.ndarray) -> None:
    reference = compare.read(Array(), matrix)
    for form in (matrix, matrix.astype(np.float32), jnp.asarray(matrix, jnp.float32), matrix.tolist()):
        assert compare.agrees(Array(), reference, compare.read(Array(), form))


@given(matrices, st.data())
def test_one_entry_off_by_a_hundredth_of_the_largest_makes_an_array_wrong(matrix: np.ndarray, data: Any) -> None:
    largest = float(np.abs(matrix).max())
    changed = matrix.copy()
    at = tuple(data.draw(st.integers(0, n - 1)) for n in matrix.shape)
    changed[at] += 0.01 * max(largest, 1.0)
    assert not compare.agrees(Array(), matrix, changed)


@given(matrices, matrices)
def test_apart_is_symmetric_and_leaves_no_answer_in_between(one: np.ndarray, other: np.ndarray) -> None:
    assert compare.apart(Array(), one, other) == compare.apart(Array(), other, one)
    assert not compare.apart(Array(), one, one)
    if one.shape == other.shape and compare.apart(Array(), one, other):
        for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
            between = weight * one + (1 - weight) * other
            assert not (compare.agrees(Array(), one, between) and compare.agrees(Array(), other, between))


def test_whole_numbers_agree_exactly_and_in_any_type() -> None:
    reference = compare.read(Integer(), 7)
    for form in (7, 7.0, np.int8(7), np.float32(7), jnp.asarray(7), [7]):
        assert compare.agrees(Integer(), reference, compare.read(Integer(), form))
    assert not compare.agrees(Integer(), reference, compare.read(Integer(), 7.001))


def test_choices_ignore_case_and_spaces_but_not_words() -> None:
    kind = Choice(("J³ J² J¹", "J¹ J² J³"))
    assert compare.read(kind, " j³  J² J¹ ") == "J³ J² J¹"
    with pytest.raises(Unreadable, match="none of the answers"):
        compare.read(kind, "J² J¹ J³")
    with pytest.raises(Unreadable, match="in quotation marks"):
        compare.read(kind, 1.5)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("0.35", "quotation marks"),
        (lambda x: x, "Call it"),
        ({"a": 1}, "dict"),
        (True, "true or false"),
        (1 + 2j, "complex"),
        ([[1, 2], [3]], "different lengths"),
        ([1, 2], "one number was asked for"),
        (object(), "object"),
        (np.array(["a"]), "was asked for"),
    ],
)
def test_another_kind_of_thing_is_named(answer: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        compare.read(Number(), answer)


def test_nan_and_infinity_agree_only_with_themselves() -> None:
    values = np.array([np.nan, np.inf, 1.0])
    assert compare.agrees(Array(), values, values.copy())
    assert not compare.agrees(Array(), values, np.array([np.nan, -np.inf, 1.0]))
    assert not compare.agrees(Array(), values, np.array([0.0, np.inf, 1.0]))
    assert not compare.agrees(Array(), np.ones(3), values)


def test_small_entries_beside_large_ones_are_judged_to_a_hundred_thousandth_of_the_largest() -> None:
    reference = np.array([1.0, 1e-7])
    assert compare.agrees(Array(), reference, np.array([1.0, 2e-6]))
    assert not compare.agrees(Array(), reference, np.array([1.0, 2e-5]))

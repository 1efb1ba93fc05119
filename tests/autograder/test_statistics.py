"""The report's figures, held against NumPy, SciPy, the standard library and their own definitions."""

from __future__ import annotations

import itertools
import math
import statistics as library

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from autograder.reports.statistics import ENOUGH, correlation, histogram, items, longest, misconceptions, share, summary

POINTS = st.floats(-20, 100, allow_nan=False, width=32)
SOME = st.lists(POINTS, min_size=1, max_size=60)
STUDENTS = st.lists(
    st.fixed_dictionaries({}, optional={cell: st.sampled_from([0.0, 0.5, 1.0, 2.0]) for cell in "abcd"}), max_size=40
)
WORTH = {"a": 2.0, "b": 2.0, "c": 2.0, "d": 2.0}


@given(SOME)
def test_a_summary_is_that_of_the_standard_library(values: list[float]) -> None:
    found = summary(values)
    assert found is not None
    assert found.n == len(values)
    assert found.mean == pytest.approx(library.fmean(values), abs=1e-9)
    assert found.median == pytest.approx(library.median(values), abs=1e-9)
    assert (found.lowest, found.highest) == (min(values), max(values))
    if len(values) == 1:
        assert found.sd is None
    else:
        assert found.sd == pytest.approx(library.stdev(values), abs=1e-6)
        lower, _, upper = library.quantiles(values, n=4, method="inclusive")
        assert (found.lower_quartile, found.upper_quartile) == pytest.approx((lower, upper), abs=1e-9)


def test_of_nothing_there_is_no_summary_and_no_histogram() -> None:
    assert summary([]) is None and histogram([], 10) == []
    assert share(0, 0) == 0.0 and items([], {}) == [] and misconceptions({}) == []


@given(SOME, st.floats(0.5, 80), st.integers(1, 20))
def test_a_histogram_loses_nobody(values: list[float], top: float, bars: int) -> None:
    found = histogram(values, top, bars)
    assert len(found) == bars and sum(bar.number for bar in found) == len(values)
    assert found[0].start <= min(0.0, *values) and found[-1].stop >= max(top, *values)
    for bar, after in itertools.pairwise(found):
        assert bar.stop == after.start
    for i, bar in enumerate(found):
        last = i == bars - 1
        inside = [v for v in values if bar.start <= v < bar.stop or (last and v == bar.stop)]
        # A value on an edge that rounding moved may be counted on its other side.
        assert abs(len(inside) - bar.number) <= sum(any(abs(v - e) < 1e-9 for e in bar[:2]) for v in values)


@given(st.lists(st.tuples(POINTS, POINTS), min_size=2, max_size=60))
def test_the_correlation_is_scipys_wherever_there_is_one(both: list[tuple[float, float]]) -> None:
    x, y = (list(values) for values in zip(*both, strict=True))
    found = correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assume(np.std(x) > 1e-3 and np.std(y) > 1e-3)
        assert found is not None
        assert found == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-6)
        assert found == pytest.approx(correlation(y, x) or 0.0, abs=1e-12)
        assert correlation(x, x) == pytest.approx(1) and correlation(x, [-v for v in x]) == pytest.approx(-1)


def test_equal_numbers_that_are_not_exact_have_no_correlation() -> None:
    assert correlation([0.1] * 11, list(range(11))) is None
    assert correlation([1e9 / 3] * 11, list(range(11))) is None


@given(STUDENTS)
def test_difficulty_is_a_mean_share_and_discrimination_a_correlation_with_the_rest(
    points: list[dict[str, float]],
) -> None:
    for item in items(points, WORTH):
        own = [p[item.cell] for p in points if item.cell in p]
        assert item.n == len(own)
        assert item.difficulty == (pytest.approx(math.fsum(own) / len(own) / 2) if own else None)
        assert item.few is (len(own) < ENOUGH)
        rest = [sum(v for c, v in p.items() if c != item.cell) for p in points if item.cell in p]
        if item.few or len(set(own)) == 1 or len(set(rest)) == 1:
            assert item.discrimination is None
        else:
            assert item.discrimination == pytest.approx(np.corrcoef(own, rest)[0, 1], abs=1e-9)


def test_for_right_and_wrong_it_is_the_point_biserial_correlation() -> None:
    rng = np.random.default_rng(3)
    right = rng.integers(0, 2, 40)
    rest = rng.normal(size=40) + right
    points = [{"one": float(r), "other": float(o)} for r, o in zip(right, rest, strict=True)]
    found = items(points, {"one": 1.0, "other": 5.0})[0].discrimination
    assert found == pytest.approx(stats.pointbiserialr(right, rest).statistic)


def test_an_exercise_that_does_not_tell_anyone_apart_has_none() -> None:
    points = [{"easy": 1.0, "hard": float(i)} for i in range(20)]
    easy, hard = items(points, {"easy": 1.0, "hard": 20.0})
    assert easy.difficulty == 1.0 and easy.discrimination is None and not easy.few
    assert hard.discrimination is None


MADE = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=5)


@given(st.dictionaries(st.text(max_size=3), MADE, max_size=20))
def test_every_mistake_is_counted_once_for_each_who_made_it(made: dict[str, list[tuple[str, str]]]) -> None:
    found = misconceptions(made)
    assert {(one.exercise, one.mistake, who) for one in found for who in one.students} == {
        (exercise, name, student) for student, own in made.items() for exercise, name in own
    }
    assert all(len(set(one.students)) == len(one.students) for one in found)
    assert [len(one.students) for one in found] == sorted((len(one.students) for one in found), reverse=True)
    assert all(one.share == len(one.students) / len(made) for one in found)
    assert len({(one.exercise, one.mistake) for one in found}) == len(found)


def test_the_longest_come_first_and_ties_by_name() -> None:
    assert longest({"b": 2.0, "a": 2.0, "c": 9.0}, 2) == [("c", 9.0), ("a", 2.0)]

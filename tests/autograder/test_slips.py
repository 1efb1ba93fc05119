"""Slips that are made everywhere: each is told as itself or not at all, and never where the answer is right."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.judging import bank, judge, slips
from autograder.judging.exercise import Array, Exercise, Function, Integer, Number, exercise
from autograder.judging.verdict import VerdictState

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))

import measure_diagnosis  # noqa: E402


def asking(kind: Any, right: Any) -> Exercise:
    def f() -> Any:
        return right

    f.__doc__ = "How much?"
    return exercise(skill="sample.x", points=1, answer=kind)(f)


def said(kind: Any, right: Any, answer: Any) -> str:
    return judge.judge(asking(kind, right), answer, {}).sentence


@pytest.mark.parametrize(
    ("right", "answer", "words"),
    [
        (0.3487, -0.3487, "sign"),
        (0.3487, 0.6513, "lost and a share is left"),
        (0.3487, 34.87, "per cent"),
        (0.3487, 2.868, "divided by what"),
        (0.3487, 0.6974, "factor of two"),
        (0.3487, 0.1743, "factor of two"),
        (0.3487, 0.1216, "square or a root"),
        (0.3487, 0.5905, "square or a root"),
        (-4.576, -10.54, "base"),
        (-4.576, -1.987, "base"),
        (0.3487, 0.35, "figures, please"),
        (0.3487, 0.777, "none of the slips"),
        (2.0, 4.0, "none of the slips"),  # twice, and squared: nobody knows
    ],
)
def test_a_slip_is_told_where_it_is_the_only_one_that_fits(right: float, answer: float, words: str) -> None:
    assert words in said(Number(figures=4), right, answer)


def test_what_fits_by_chance_is_not_told() -> None:
    assert "none of the slips" in said(Integer(), 7, 14)
    assert "factor of two" in said(Integer(), 1792, 896)
    assert "none of the slips" in said(Number(figures=2), 0.35, 0.7)
    assert "factor of two" in said(Array(), [0.35, 1.2, 3.1], [0.7, 2.4, 6.2])


def test_a_matrix_the_wrong_way_round_and_a_count_that_is_off() -> None:
    assert said(Array(), [[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]]) == slips.AXES

    @exercise(skill="sample.x", points=1, answer=Number(figures=4))
    def left(norm: float, depth: int) -> float:
        """What is left after {depth} layers of norm {norm}?"""
        return float(norm**depth)

    for depth in (9, 11):
        assert judge.judge(left, 0.87**depth, {"norm": 0.87, "depth": 10}).sentence == slips.COUNTED
    assert judge.judge(left, 1.0, {"norm": 0.87, "depth": 10}).sentence != slips.COUNTED
    assert judge.judge(left, 0.87, {"norm": 0.87, "depth": 10}).sentence == slips.LEFT_OUT


def test_a_program_that_slips_everywhere_is_told_and_one_that_does_so_once_is_not() -> None:
    @exercise(skill="sample.x", points=1, answer=Function(returns=Array(), variants=4))
    def doubled(x: Any) -> Any:
        """Write it."""
        return 3 * np.asarray(x)

    doubled.variant(lambda rng: {"x": rng.normal(size=3).astype(np.float32)})
    assert "factor of two" in judge.judge(doubled, lambda x: 6 * x).sentence
    assert "factor of two" not in judge.judge(doubled, lambda x: 6 * x if x[0] > 0 else 5 * x).sentence


@given(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6), st.integers(3, 6))
def test_a_right_answer_is_never_told_a_slip(right: float, figures: int) -> None:
    assert judge.judge(asking(Number(figures), right), right, {}).state is VerdictState.RIGHT


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_what_is_told_is_what_was_made(right: float, answer: float) -> None:
    told = said(Number(4), right, answer)
    made = [slip for slip in slips.SLIPS if slip.sentence == told]
    if made:
        fits = [float(slip.of_value(np.asarray(right))) for slip in made]
        assert any(abs(fit - answer) <= 1e-3 * answer for fit in fits)


def test_over_all_exercises_no_slip_is_told_as_another_and_few_go_untold() -> None:
    found: Counter[str] = Counter()
    for unit in sorted(path for path in ROOT.glob("solutions/*") if bank.located(path)):
        for one in bank.load(unit / "bank").exercises.values():
            if one.draw is not None and not one.is_code:
                found.update(outcome for _, outcome in measure_diagnosis.outcomes(one, 0))
    assert sum(found.values()) > 1_000 and found["wrong"] == 0, found
    assert found["silent"] <= 0.15 * sum(found.values()), found

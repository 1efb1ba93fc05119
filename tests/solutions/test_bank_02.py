"""Unit 02's own exercises: the seed's numbers, what float32 does to them, and the mistakes that the syllabus names."""

from __future__ import annotations

import numpy as np
import pytest
from units import BANKS

from autograder.judging import answer_key, judge
from course import syllabus

BANK = BANKS["02-jacobians"]


def test_the_seeds_numbers() -> None:
    """0.9¹⁰ ≈ 0.349, and five sigmoids leave at most 0.25⁵ = 0.000977."""
    scale, sigmoids = BANK.exercises["jacobians.gradient_scale"], BANK.exercises["jacobians.sigmoid_bound"]
    assert judge.judge(scale, 0.349, {"norm": 0.9, "depth": 10}).right
    assert judge.judge(sigmoids, 0.000977, {"depth": 5, "start": 1.0}).right


def test_an_update_below_the_silent_depth_is_lost_in_float32() -> None:
    exercise = BANK.exercises["jacobians.silent_depth"]
    for seed in range(20):
        norm, step = answer_key.deal(exercise, seed).arguments.values()
        depth = exercise.reference(norm, step)
        assert np.float32(1) + np.float32(step * norm**depth) == np.float32(1)
        assert np.float32(1) + np.float32(step * norm ** (depth - 1)) > np.float32(1)


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        ("gradient_scale", "linear_in_depth"),  # L·a for a^L
        ("gradient_scale", "root_for_power"),  # a^(1/L)
        ("product_of_two", "reversed_pair"),
        ("product_of_three", "reversed_triple"),
        ("ordered_product", "joined_on_the_right"),
        ("layer_jacobian", "slopes_on_columns"),  # W diag(φ′)
        ("relu_layer_jacobian", "column_switched"),
        ("layer_jacobian", "slope_at_input"),  # φ′ taken at h
        ("relu_layer_jacobian", "slope_at_h"),
        ("layer_jacobian", "activation_for_slope"),  # φ for φ′
        ("sigmoid_layer_jacobian", "sigmoid_for_slope"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"jacobians.{exercise}"].mistakes}


def test_its_six_skills_all_gate() -> None:
    skills = syllabus.load().unit(BANK.unit).skills
    assert len(skills) == 6 and all(skill.gates for skill in skills)

"""Unit 04's own exercises: choices tried out, statistics held fixed, and the mistakes that the syllabus names."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from units import BANKS

from autograder.judging import judge
from autograder.judging.verdict import VerdictState
from course import syllabus
from course.nets import norms

BANK = BANKS["04-normalization"]


def test_the_axes_averaged_over_leave_the_names_that_keep_a_mean() -> None:
    exercise = BANK.exercises["normalization.which_axes"]
    layouts = exercise.reference.__globals__["LAYOUTS"]
    for layout, norm in itertools.product(layouts, exercise.reference.__globals__["NORMS"]):
        names = layout.strip("()").split(", ")
        over = {names[int(axis)] for axis in exercise.reference(norm, layout).split(", ")}
        own = {"features", "channels"} & set(names)
        kept = {"BatchNorm, while training": own, "LayerNorm over each whole example": {"batch"}}.get(
            norm, set(names) - own
        )
        assert set(names) - over == kept, (layout, norm)


def test_what_moves_is_what_the_jacobian_says() -> None:
    exercise = BANK.exercises["normalization.what_moves"]
    Z = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    for norm, kind in (("BatchNorm, while training,", "batch"), ("LayerNorm", "layer"), ("RMSNorm", "rms")):
        J = np.asarray(jax.jacfwd(norms.normalize(kind))(jnp.asarray(Z)))[:, :, 1, 2]  # all outputs, against one input
        moved = np.abs(J) > 1e-6
        expected = {
            "that entry alone": np.zeros((3, 4), bool),
            "every feature of that example, and no other example": np.arange(3)[:, None] == np.full((3, 4), 1),
            "that feature of every example, and no other feature": np.arange(4)[None] == np.full((3, 4), 2),
            "every feature of every example": np.ones((3, 4), bool),
        }
        [found] = [name for name, where in expected.items() if np.array_equal(where, moved)]
        assert exercise.reference(norm, 3, 4, 2, 3) == found


def test_a_requirement_sees_statistics_that_are_held_fixed() -> None:
    """`grad` runs through them and is finite, and is wrong all the same."""
    verdict = judge.judge(BANK.exercises["normalization.layer_norm"], _fixed)
    assert verdict.state is VerdictState.PARTLY and verdict.mistake == "layer_statistics_held_fixed"


def _fixed(h: Any, gamma: Any, beta: Any, eps: Any) -> Any:
    mean, var = jax.lax.stop_gradient((h.mean(-1, keepdims=True), h.var(-1, keepdims=True)))
    return gamma * (h - mean) / jnp.sqrt(var + eps) + beta


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        ("batch_norm_row", "along_the_row"),  # wrong axis
        ("batch_norm", "mean_over_features"),
        ("layer_norm_row", "down_the_columns"),
        ("layer_norm", "mean_over_the_batch"),
        ("rms_norm_row", "rms_down_the_columns"),
        ("batch_norm_entry", "sample_variance"),  # n − 1 for normalizing
        ("batch_norm", "unbiased"),
        ("layer_norm", "layer_unbiased"),
        ("batch_norm_entry", "eps_outside"),  # ε outside the root
        ("batch_norm", "eps_after_the_root"),
        ("layer_norm", "layer_eps_after_the_root"),
        ("rms_norm", "rms_eps_after_the_root"),
        ("batch_norm_entry", "affine_forgotten"),  # γ and β forgotten
        ("batch_norm", "no_gamma_no_beta"),
        ("eval_entry", "batch_statistics"),  # eval with batch statistics
        ("rms_norm_entry", "mean_subtracted"),  # the mean subtracted in RMSNorm
        ("rms_norm", "rms_with_mean_subtracted"),
        ("running_mean", "other_convention"),  # momentum both ways
        ("running_variance", "biased"),  # n − 1 in PyTorch's running variance
        ("update_running", "update_biased"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"normalization.{exercise}"].mistakes}


def test_its_six_skills_all_gate() -> None:
    skills = syllabus.load().unit(BANK.unit).skills
    assert len(skills) == 6 and all(skill.gates for skill in skills)

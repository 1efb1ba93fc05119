"""Moons against scikit-learn's, spirals against their own equation, shifted digits against the digits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons
from sklearn.linear_model import LogisticRegression

from course.nets.data import Split, by_writer
from course.nets.toys import Images, moons, shifted_digits, spirals


def test_moons_lie_on_scikit_learns_arcs():
    data = moons(300, noise=0.0)
    arcs, labels = make_moons(4000, noise=None, shuffle=False)
    for label in (0, 1):
        gaps = np.linalg.norm(data.x[data.y == label][:, None] - arcs[labels == label][None], axis=-1).min(axis=1)
        assert gaps.max() < 2e-3
        assert np.ptp(data.x[data.y == label], axis=0) == pytest.approx([2, 1], abs=0.1)


def test_spirals_wind_as_said():
    data = spirals(400, turns=1.25, noise=0.0, arms=3)
    radius = np.hypot(*data.x.T) / 2
    angle = np.arctan2(data.x[:, 1], data.x[:, 0])
    wanted = 2 * np.pi * (1.25 * radius + data.y / 3)
    assert np.allclose(np.cos(angle - wanted), 1, atol=1e-4)
    assert 0.1 <= radius.min() < 0.15 and 0.95 < radius.max() <= 1 + 1e-6


@pytest.mark.parametrize("make", [moons, spirals])
def test_noise_is_a_normal_step_of_that_deviation(make):
    still, moved = make(4000, noise=0.0, seed=5), make(4000, noise=0.2, seed=5)
    assert np.array_equal(still.y, moved.y)
    step = moved.x - still.x
    assert step.std() == pytest.approx(0.2, rel=0.05) and abs(step.mean()) < 0.02


@pytest.mark.parametrize(("make", "classes"), [(moons, 2), (spirals, 2), (lambda **k: spirals(arms=3, **k), 3)])
def test_points_are_balanced_shuffled_and_follow_from_the_seed(make, classes):
    data = make(n=101, n_test=33, seed=4)
    assert isinstance(data, Split) and data.x.shape == (101, 2) and data.x_test.shape == (33, 2)
    assert np.ptp(np.bincount(data.y, minlength=classes)) <= 1
    assert np.any(np.diff(data.y) < 0)
    again, other = make(n=101, n_test=33, seed=4), make(n=101, n_test=33, seed=5)
    assert np.array_equal(data.x, again.x) and not np.array_equal(data.x, other.x)
    assert not np.array_equal(data.x[:33], data.x_test)


@pytest.mark.parametrize(("make", "at_most"), [(moons, 0.9), (spirals, 0.7)])
def test_no_line_parts_them(make, at_most):
    data = make()
    assert 0.5 < LogisticRegression().fit(data.x, data.y).score(data.x_test, data.y_test) < at_most


def test_a_shifted_digit_is_the_digit_somewhere():
    data, (pixels, labels) = shifted_digits(1000, seed=2, held_out=(1, 4)), load_digits(return_X_y=True)
    train, test = by_writer(1000, 2, (1, 4))
    assert isinstance(data, Images) and data.x.shape == (1000, 1, 12, 12) and data.x_test.shape == (256, 1, 12, 12)
    assert np.array_equal(data.y, labels[train]) and np.array_equal(data.y_test, labels[test])
    corners = set()
    for pictures, rows in ((data.x[:200, 0], train[:200]), (data.x_test[:, 0], test)):
        for picture, row in zip(pictures, rows, strict=True):
            digit = (pixels[row] / 16).reshape(8, 8).astype(np.float32)
            found = [(i, j) for i in range(5) for j in range(5) if np.array_equal(picture[i : i + 8, j : j + 8], digit)]
            assert found and picture.sum() == pytest.approx(digit.sum())
            corners.update(found)
    assert len(corners) == 25


def test_a_smaller_training_set_is_the_beginning_of_a_larger_one():
    assert np.array_equal(shifted_digits(100).x, shifted_digits(1500).x[:100])
    assert not np.array_equal(shifted_digits(100, seed=1).x, shifted_digits(100).x)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: moons(1), "two points or more"),
        (lambda: spirals(10, n_test=0), "one to be tested on"),
        (lambda: moons(noise=-0.1), "0 or more"),
        (lambda: spirals(arms=1), "two arms or more"),
        (lambda: shifted_digits(held_out=()), "names some of the writers"),
        (lambda: shifted_digits(canvas=7), "8 pixels wide"),
    ],
)
def test_what_cannot_be_made_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_importing_these_starts_no_backend_and_no_scikit_learn():
    code = (
        "import sys, course.nets.toys, course.nets.norms, course.nets.conv, course.nets.pieces\n"
        "import course.nets.build, course.nets.classify\n"
        "from jax._src import xla_bridge\n"
        "raise SystemExit(bool(xla_bridge._backends) or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The digits as the lessons get them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from course.nets.data import digits


def test_every_digit_is_in_exactly_one_part():
    data, (_, labels) = digits(), load_digits(return_X_y=True)
    assert len(data.x) == len(data.y) == 1500
    assert len(data.x_test) == len(data.y_test) == len(labels) - 1500
    assert np.array_equal(np.bincount(np.concatenate([data.y, data.y_test])), np.bincount(labels))


def test_images_and_labels_stay_together():
    data, (pixels, labels) = digits(), load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    assert np.array_equal(data.y, labels[order[:1500]])
    changing = pixels[order[:1500]].std(axis=0) > 0
    for row in (0, 7, 1499):  # standardising keeps the order of a pixel's values over examples, and its picture
        back = data.x[row] * pixels[order[:1500]].std(axis=0) + pixels[order[:1500]].mean(axis=0)
        assert np.allclose(back[changing], pixels[order[row]][changing], atol=1e-4)


def test_pixels_are_standardised_by_the_training_part_alone():
    data = digits(n_train=200, seed=3)
    deviation = data.x.std(axis=0)
    assert np.allclose(data.x.mean(axis=0), 0, atol=1e-5)
    assert np.all(np.isclose(deviation, 1, atol=1e-4) | (deviation == 0))
    assert not np.allclose(data.x_test.mean(axis=0), 0, atol=1e-3)
    assert np.isfinite(data.x_test).all()


def test_a_seed_is_a_split():
    assert np.array_equal(digits(seed=5).x, digits(seed=5).x)
    assert not np.array_equal(digits(seed=5).y, digits(seed=6).y)


@pytest.mark.parametrize("n_train", [0, -3, 1797, 4000])
def test_a_split_with_an_empty_part_is_refused(n_train):
    with pytest.raises(ValueError, match="between 1 and 1796"):
        digits(n_train=n_train)


def test_the_digits_cost_no_import_of_scikit_learn():
    code = "import sys, course.nets.data as d; d.digits(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("course.nets.data.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"sklearn is not installed; .*make install"):
        digits()


def test_importing_the_nets_starts_no_backend():
    code = (
        "import course.nets.data, course.nets.jacobians, course.nets.train, course.nets.layers\n"
        "from jax._src import xla_bridge\n"
        "raise SystemExit(bool(xla_bridge._backends))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The digits as the lessons get them: who wrote which is inferred, and nobody is on both sides of a split."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from course.nets.data import (
    FORM_STARTS,
    HELD_OUT,
    IN_ROTATION,
    ROTATION,
    WRITERS,
    by_writer,
    digits,
    random_split,
    raw_digits,
    rotations,
    writers,
)
from course.nets.toys import shifted_digits

# --------------------------------------------------------------------------- who wrote what


def in_order(form, labels):
    """How many of the labels can be found in the form, in its order: the longest common subsequence."""
    longest = np.zeros(len(form) + 1, int)
    for label in labels:
        longest[1:] = np.maximum.accumulate(np.maximum(longest[1:], longest[:-1] + (form == label)))
    return longest[-1]


def read_off(starts):
    """How many of the file's labels the form explains if forms begin at these rows."""
    labels = raw_digits()[1].astype(int)
    form = labels[:130]
    return sum(in_order(form, stretch) for stretch in np.split(labels, starts[1:]))


def test_the_labels_are_one_form_fourteen_times():
    labels = raw_digits()[1].astype(int)
    assert labels[:30].tolist() == [*range(10)] * 3 and len(FORM_STARTS) == WRITERS == 14
    lengths = np.diff([*FORM_STARTS, len(labels)])
    assert sorted(lengths) == [122, 123, 126, 128, 128, *[130] * 9]
    assert read_off(FORM_STARTS) == len(labels) - 1, "all labels, but for a 3 where the form has an 8"
    assert labels[385] == 3


def test_no_bound_can_be_moved_without_losing_labels():
    whole = read_off(FORM_STARTS)
    for k in range(1, WRITERS):
        for by in (*range(-10, 0), *range(1, 11)):
            moved = [*FORM_STARTS]
            moved[k] += by
            lost = whole - read_off(moved)
            # Row 385, the odd 3, fits no form; it stands where the form before it lacks its last digit.
            assert lost > 0 or moved[k] == 385, f"form {k} could begin {by} rows later"


def test_the_bound_at_915_that_leaves_nine_digits_with_the_writer_before_is_seen():
    moved = [915 if start == 906 else start for start in FORM_STARTS]
    assert read_off(moved) == read_off(FORM_STARTS) - 9
    pixels, labels = raw_digits()
    nearer = []
    for row in range(906, 915):
        before, after = (
            min(((pixels[k] - pixels[row]) ** 2).sum() for k in rows if labels[k] == labels[row])
            for rows in (range(776, 906), range(915, 1029))
        )
        nearer.append(after < before)
    assert sum(nearer) >= 8, "in ink, too, these nine are by the writer of what follows"


def test_a_writers_digits_are_most_like_the_same_writers():
    pixels, by = raw_digits()[0], writers()
    distance = (pixels**2).sum(1)[:, None] + (pixels**2).sum(1) - 2 * pixels @ pixels.T
    np.fill_diagonal(distance, np.inf)
    same = by[distance.argmin(axis=1)] == by
    share = np.array([same[by == writer].mean() for writer in range(WRITERS)])
    assert share.min() > 4 / WRITERS, "chance is one in fourteen"


# --------------------------------------------------------------------------- split by writer


@pytest.mark.parametrize("held_out", [HELD_OUT, (0,), (3, 8, 13), *ROTATION])
def test_nobody_is_learned_from_and_tested_on(held_out):
    train, test = by_writer(1000, 0, held_out)
    assert set(writers()[test]) == set(held_out) and not set(writers()[train]) & set(held_out)
    assert len(np.unique(train)) == 1000 and len(test) == np.isin(writers(), held_out).sum()


def test_the_digits_are_those_rows_of_the_file():
    data, (pixels, labels) = digits(), load_digits(return_X_y=True)
    train, test = by_writer(1500, 0, HELD_OUT)
    assert data.x.shape == (1500, 64) and data.x_test.shape == (258, 64)
    assert np.array_equal(data.y, labels[train]) and np.array_equal(data.y_test, labels[test])
    mean, deviation = pixels[train].mean(axis=0), pixels[train].std(axis=0)
    for x, rows in ((data.x, train), (data.x_test, test)):
        assert np.allclose(x * deviation + mean, np.where(deviation > 0, pixels[rows], x * deviation + mean), atol=1e-4)


@pytest.mark.parametrize("make", [digits, random_split])
def test_pixels_are_standardised_by_the_training_part_alone(make):
    data = make(n_train=200, seed=3)
    deviation = data.x.std(axis=0)
    assert np.allclose(data.x.mean(axis=0), 0, atol=1e-5)
    assert np.all(np.isclose(deviation, 1, atol=1e-4) | (deviation == 0))
    assert not np.allclose(data.x_test.mean(axis=0), 0, atol=1e-3)
    assert np.isfinite(data.x_test).all()


def test_a_seed_is_an_order_and_a_smaller_training_part_is_the_beginning_of_a_larger_one():
    assert np.array_equal(digits(seed=5).x, digits(seed=5).x)
    assert not np.array_equal(digits(seed=5).y, digits(seed=6).y)
    assert np.array_equal(digits(100).y, digits(1500).y[:100])
    assert np.array_equal(np.sort(digits(seed=5).y_test), np.sort(digits(seed=6).y_test)), "the writers stay"


def test_the_writers_held_out_are_typical():
    """Of the rotation, a linear model finds them nearest to as hard as the mean, and all figures in docstrings hold."""
    right = {}
    for pair in ROTATION:
        data = digits(held_out=pair)
        model = LogisticRegression(C=0.1, max_iter=300).fit(data.x, data.y)
        right[pair] = model.score(data.x_test, data.y_test)
    mean = np.mean(list(right.values()))
    assert min(right, key=lambda pair: abs(right[pair] - mean)) == HELD_OUT
    assert (right[HELD_OUT], mean) == pytest.approx((0.926, 0.925), abs=0.005)
    assert (min(right.values()), max(right.values())) == pytest.approx((0.877, 0.969), abs=0.01)
    mixed = [random_split(seed=seed) for seed in range(3)]
    scores = [LogisticRegression(C=0.1, max_iter=300).fit(d.x, d.y).score(d.x_test, d.y_test) for d in mixed]
    assert np.mean(scores) == pytest.approx(0.97, abs=0.01), "with writers on both sides it is easier"


# --------------------------------------------------------------------------- rotated


def test_seven_rotations_test_every_writer_once():
    assert sorted(writer for pair in ROTATION for writer in pair) == list(range(WRITERS))


@pytest.mark.parametrize("make", [digits, shifted_digits])
def test_a_rotation_is_the_split_of_its_seed_and_its_writers(make):
    whole = rotations(7, make)
    assert whole.y.shape == (7, 1500) and whole.y_test.shape == (7, IN_ROTATION)
    for seed, pair in enumerate(ROTATION):
        data = make(seed=seed, held_out=pair)
        assert np.array_equal(whole.x[seed], data.x)
        assert np.array_equal(whole.x_test[seed], data.x_test[:IN_ROTATION])
        assert np.array_equal(whole.y_test[seed], data.y_test[:IN_ROTATION])
    assert np.array_equal(rotations(2, make).x, whole.x[:2])


# --------------------------------------------------------------------------- the random split, and errors


def test_the_random_split_has_every_digit_once_and_every_writer_on_both_sides():
    data, (_, labels) = random_split(), load_digits(return_X_y=True)
    assert len(data.x) == len(data.y) == 1500 and len(data.x_test) == len(data.y_test) == len(labels) - 1500
    assert np.array_equal(np.bincount(np.concatenate([data.y, data.y_test])), np.bincount(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    assert np.array_equal(data.y, labels[order[:1500]]), "the draw the course once called digits()"
    assert set(writers()[order[:1500]]) == set(writers()[order[1500:]]) == set(range(WRITERS))


@pytest.mark.parametrize("n_train", [0, -3, 1540, 4000])
def test_a_training_part_that_is_not_there_is_refused(n_train):
    for make in (digits, shifted_digits):
        with pytest.raises(ValueError, match="between 1 and 1539, the digits of those not held out"):
            make(n_train=n_train)


@pytest.mark.parametrize("n_train", [0, 1797])
def test_a_random_split_with_an_empty_part_is_refused(n_train):
    with pytest.raises(ValueError, match="between 1 and 1796"):
        random_split(n_train=n_train)


@pytest.mark.parametrize("held_out", [(), range(14), (14,), (-1, 3)])
def test_writers_who_are_nobody_everybody_or_not_there_are_refused(held_out):
    with pytest.raises(ValueError, match="names some of the writers 0 … 13"):
        digits(held_out=held_out)


@pytest.mark.parametrize("count", [0, 8])
def test_more_rotations_than_there_are_writers_for_are_refused(count):
    with pytest.raises(ValueError, match="1 to 7 rotations"):
        rotations(count)


def test_the_digits_cost_no_import_of_scikit_learn():
    code = "import sys, course.nets.data as d; d.digits(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("course.nets.data.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"sklearn is not installed; .*make install"):
        digits()


def test_importing_the_nets_starts_no_backend():
    code = (
        "import course.nets.data, course.nets.jacobians, course.nets.train, course.nets.layers, course.lesson\n"
        "from jax._src import xla_bridge\n"
        "raise SystemExit(bool(xla_bridge._backends))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

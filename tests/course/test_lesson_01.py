"""What lesson 01 claims, asserted from the values it computed."""

from __future__ import annotations

import numpy as np
import pytest
from lessons import Reading, cell_with, said

UNIT = "01-composition"
REPORTED = """
steps, slips, vmap_error, loop_ms, vmap_ms, counted, held, line_share, relu_share, relu_probes, best, bend_probes,
solved, trained, untrained, linear_share, sizes, collapse_error, table, found,
train=narrow.train, losses=narrow.loss[:, -1], test=narrow.test
"""


# --------------------------------------------------------------------------- one pass, by hand


def test_the_worked_example_is_the_seeds(measured):
    steps = measured["steps"]
    assert steps["product"].tolist() == [-1, -5, 2]
    assert steps["z"].tolist() == [-1, -4, 1]
    assert steps["h"].tolist() == [0, 0, 1]
    assert steps["s"] == 1
    assert steps["y"] == pytest.approx(0.731, abs=5e-4)


def test_of_four_slips_only_the_relu_on_a_positive_logit_hides(measured):
    right = pytest.approx(measured["slips"]["no slip"], abs=1e-3)
    hidden = [name for name, value in measured["slips"].items() if value == right and name != "no slip"]
    assert hidden == ["ReLU on the logit"]


def test_transposed_weights_cannot_be_multiplied(ran):
    assert "W¹ transposed      cannot even be multiplied" in said(cell_with(ran, "(W1, b1), (W2, b2) ="))


# --------------------------------------------------------------------------- a composition


def test_vmap_gives_what_the_loop_gives_and_sooner(measured):
    assert measured["vmap_error"] < 1e-4
    assert measured["loop_ms"] > 10 * measured["vmap_ms"]


def test_the_count_is_what_the_arrays_hold(measured):
    assert measured["counted"] == measured["held"] == 354


# --------------------------------------------------------------------------- moons and spirals


def test_one_hidden_layer_parts_the_moons_and_a_line_does_not(measured):
    line, relu = measured["line_share"]["values"], measured["relu_share"]["values"]
    assert len(line) == len(relu) == 5
    assert line.min() > 0.8 and line.max() < 0.9
    assert relu.min() > 0.99


def test_in_the_hidden_coordinates_the_moons_are_linearly_separable(measured):
    before, after = measured["relu_probes"].T
    assert len(before) == 5 and before.max() < 0.9 < 0.98 < after.min() and after.mean() > 0.988


def test_planes_of_two_units_can_part_the_moons_and_training_does_not_always_find_it(measured):
    assert measured["solved"] == (measured["train"] > 0.99).sum()
    assert 6 <= measured["solved"] <= 22
    assert measured["best"] == np.argmin(measured["losses"])
    assert measured["test"][int(measured["best"])] > 0.98


def test_the_bent_plane_is_closer_to_separable_at_every_layer(measured):
    probes = measured["bend_probes"]
    assert (np.diff(probes) > -0.005).all()
    assert probes[0] < 0.87 and probes[-1] > 0.98


def test_probe_accuracy_rises_with_depth_on_the_spirals(measured):
    mean = measured["trained"].mean(axis=0)
    assert (np.diff(mean) > 0).all()
    assert mean[0] < 0.7 and measured["trained"][:, -1].min() > 0.97
    assert mean[2] - mean[1] > 0.1, "the text says that it climbs at layer 2"


def test_it_is_training_and_not_depth_alone_that_makes_it_rise(measured):
    untrained = measured["untrained"]
    assert untrained.shape == measured["trained"].shape
    assert np.abs(untrained.mean(axis=0) - untrained[0, 0]).max() < 0.1
    assert untrained[:, -1].max() < 0.75


# --------------------------------------------------------------------------- collapse, pieces


def test_linear_layers_reach_what_the_line_reaches(measured):
    assert measured["sizes"].tolist() == [626, 6]
    assert measured["linear_share"]["values"] == pytest.approx(measured["line_share"]["values"], abs=0.01)


def test_twenty_linear_layers_are_one_to_rounding_and_with_relus_they_are_not(measured):
    error = measured["collapse_error"]
    assert error["no activation"] < 1e-5
    assert error["biases just added up"] > 0.1 and error["with ReLUs"] > 0.1


def test_depth_is_not_more_parameters(measured):
    for folds, deep, wide, deep_pieces, most, needed in measured["table"]:
        assert deep == wide, "the comparison is fair"
        assert deep_pieces == 2**folds
        assert most <= 2 * folds + 1
        assert needed == deep_pieces - 1
    assert measured["table"][-1, 3:5].tolist() == [256, 17]


def test_random_weights_hardly_fold(measured):
    mean = {shape: pieces.mean() for shape, pieces in measured["found"].items()}
    assert mean["8 2"] == min(mean.values()) < 8
    assert mean["1 16"] == max(mean.values())
    assert measured["found"]["1 16"].max() <= 17
    assert max(pieces.max() for pieces in measured["found"].values()) < 64


# --------------------------------------------------------------------------- how it reads, and what it costs


class TestReading(Reading):
    views = ("forward_steps", "bending", "tent_composer")
    pictures = 6
    predictions = 8

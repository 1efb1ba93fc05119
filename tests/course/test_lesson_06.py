"""What lesson 06 claims, asserted from the values it computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from lessons import Reading

UNIT = "06-convolution"
REPORTED = """
conv_error, sizes, by_size, pointwise_error, fewer_weights, more_outputs, more_work, different_numbers, matrix_error,
enough, fields, field, width, separable_error, share, error, columns_that_differ, invariance_error, parameters, accuracy,
spectrogram_error, size,
in_the_arrays=kernel_array.size + bias_array.size, counted=layer.parameters,
dense=[dense.parameters, dense.multiply_adds], maps=[maps.parameters, maps.multiply_adds],
nonzero=int(np.sum(matrix != 0)), published=totals, spectrogram=by_conv.shape,
cost={name: [c.parameters, c.multiply_adds, c.field[0]] for name, c in cost.items()}
"""


# --------------------------------------------------------------------------- one kernel, sizes, channels


def test_own_convolution_is_jaxs(measured):
    assert len(measured["conv_error"]) == 3
    assert max(measured["conv_error"].values()) < 1e-6


def test_the_output_is_as_large_as_the_formula_says(measured):
    for setting, out in measured["sizes"].items():
        n, m, s, p = (int(v) for v in re.findall(r"\d+", setting))
        assert out == (n + 2 * p - m) // s + 1
    assert measured["sizes"]["32 5 2 0"] == 14


def test_parameters_are_what_the_arrays_hold_on_any_picture(measured):
    assert measured["in_the_arrays"] == measured["counted"] == 1792
    assert set(measured["by_size"].values()) == {1792}


def test_a_1x1_convolution_is_a_dense_layer_at_every_pixel(measured):
    assert measured["pointwise_error"] < 1e-5


# --------------------------------------------------------------------------- dense and convolution


def test_the_worked_example_is_the_seeds_and_its_caveat_holds(measured):
    assert measured["dense"].tolist() == [307_200, 307_200]
    assert measured["maps"].tolist() == [1728, 1_769_472]
    assert measured["fewer_weights"] == pytest.approx(178, abs=0.5)
    assert measured["more_outputs"] == pytest.approx(655, abs=0.5)
    assert measured["more_work"] == pytest.approx(5.76)


def test_a_convolution_is_a_dense_layer_with_nine_different_weights(measured):
    assert measured["different_numbers"] == 9
    assert measured["nonzero"] == (8 + 7 + 7) ** 2  # along each axis: every row has itself and its two neighbours
    assert measured["matrix_error"] < 1e-5


# --------------------------------------------------------------------------- fields and costs


def test_sixteen_layers_see_the_picture(measured):
    assert measured["enough"] == 16


def test_a_nudge_is_heard_from_where_the_count_says(measured):
    assert len(measured["fields"]) == 2
    for counted, heard in measured["fields"].values():
        assert (counted == heard).all()


def test_the_field_grows_with_depth_and_the_bell_with_its_root(measured):
    field, width = measured["field"], measured["width"]
    assert [field[L] for L in ("4", "16", "64")] == [9, 33, 129]
    assert width["64"] / width["4"] == pytest.approx(4, rel=1e-3)
    assert field["64"] / field["4"] > 14


def test_the_cheaper_ways_are_as_cheap_as_told(measured):
    cost = measured["cost"]
    ordinary, separable = cost["ordinary 3×3"][1], cost["depthwise separable"][1]
    assert ordinary / separable == pytest.approx(9 * 256 / (9 + 256)) == pytest.approx(8.69, abs=0.005)
    assert ordinary / cost["bottleneck through 64"][1] > 8
    assert cost["two 3×3"][2] == cost["one 5×5"][2] == 5
    assert cost["two 3×3"][0] / cost["one 5×5"][0] == 18 / 25
    assert measured["separable_error"] < 1e-5


def test_published_counts_are_reproduced_exactly(measured):
    assert measured["published"] == {
        "LeNet-5": 61_706,
        "LeNet-5 (1998)": 60_000,
        "AlexNet": 61_100_840,
        "VGG-16": 138_357_544,
        "ResNet-50": 25_557_032,
    }


def test_dense_layers_hold_vggs_weights_and_convolutions_do_its_work(measured):
    parameters, work = measured["share"]["VGG-16"]
    assert parameters < 0.11 and work > 0.99
    assert measured["share"]["ResNet-50"][0] > 0.9
    assert measured["published"]["VGG-16"] > 5 * measured["published"]["ResNet-50"]


# --------------------------------------------------------------------------- equivariance


def test_stride_1_with_circular_padding_is_exactly_equivariant(measured):
    assert measured["error"]["stride 1, circular"].tolist() == [0.0] * 9


@pytest.mark.parametrize(
    ("layer", "stride"), [("stride 2, circular", 2), ("stride 4, circular", 4), ("stride 1, ReLU, max pool 2×2", 2)]
)
def test_a_stride_keeps_its_multiples_and_breaks_all_other_shifts(measured, layer, stride):
    for shift, error in enumerate(measured["error"][layer]):
        assert error == 0 if shift % stride == 0 else error > 0.4


def test_zero_padding_breaks_it_at_the_border_alone(measured):
    assert measured["error"]["stride 1, zeros"][0] == 0
    assert 0.1 < measured["error"]["stride 1, zeros"][1:].min() <= measured["error"]["stride 1, zeros"].max() < 0.4
    assert measured["columns_that_differ"].tolist() == [0, 1, 11]


def test_the_largest_of_each_map_does_not_move(measured):
    assert measured["invariance_error"] == 0


# --------------------------------------------------------------------------- does it pay?


def test_the_nets_that_are_compared_are_equally_large(measured):
    cnn, mlp, large = (measured["parameters"][name] for name in ("CNN", "MLP", "large MLP"))
    assert (cnn, mlp, large) == (2020, 2025, 15_510)


def by_size(measured, name):
    """Shares read correctly, (seeds, training sizes)."""
    return measured["accuracy"][name]["values"]


def test_the_cnn_beats_the_mlp_at_equal_parameters_at_every_size_and_for_every_seed(measured):
    cnn, mlp, large = (by_size(measured, name) for name in ("CNN", "MLP", "large MLP"))
    assert cnn.shape == mlp.shape == large.shape == (5, 3)
    assert (cnn - mlp > 0.15).all(), "paired: the same writers held out, the same digits"
    assert (cnn[:, 0] > mlp[:, 2]).all(), "the takeaway: 100 digits for the CNN, 1500 for the MLP, for each seed"
    assert (cnn[:, :2] > large[:, :2]).all()
    gap = (cnn - large).mean(axis=0)
    assert gap[0] > gap[1] > gap[2] > 0.03, "the text says that the large MLP comes closer"
    assert cnn.mean(axis=0) == pytest.approx([0.71, 0.84, 0.86], abs=0.02), "the picture's description"
    assert mlp.mean(axis=0) == pytest.approx([0.25, 0.40, 0.59], abs=0.02)
    assert large.mean(axis=0) == pytest.approx([0.30, 0.57, 0.77], abs=0.02)


def test_shuffled_pixels_take_the_cnns_advantage_and_leave_the_mlps_alone(measured):
    cnn, mlp = by_size(measured, "CNN, shuffled"), by_size(measured, "MLP, shuffled")
    assert (cnn.mean(axis=0) < mlp.mean(axis=0)).all() and (cnn[:, 2] < mlp[:, 2]).all()
    assert cnn[:, 2].max() < 0.4
    assert np.abs(mlp.mean(axis=0) - by_size(measured, "MLP").mean(axis=0)).max() < 0.07


# --------------------------------------------------------------------------- sound, scale


def test_a_spectrogram_is_a_convolution(measured):
    assert measured["spectrogram"].tolist() == [201, 98]
    assert measured["spectrogram_error"] < 1e-5


def test_weights_of_variance_one_over_fan_in_keep_the_size(measured):
    right, wrong = measured["size"].values()
    assert 0.7 < right < 1.4
    assert wrong == pytest.approx(right * 3**8, rel=0.01)


# --------------------------------------------------------------------------- how it reads, and what it costs


class TestReading(Reading):
    views = ("kernel_slide", "field_grower", "layer_stack")
    pictures = 9
    predictions = 10
    answered_by_views = 1
    takeaway = "Takeaway:|Explain"

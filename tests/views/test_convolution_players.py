"""The two players of unit 06: what they show is what a convolution computes, and it can be read without seeing it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d

from course.nets.counts import Conv, DescriptionError, count
from course.views import field_grower, kernel_slide, shown
from course.views.kernel_player import EDGE, SQUARE

# --------------------------------------------------------------------------- the kernel slides


def marks(player, panel, kind):
    """(what the browser is told of the first mark of this kind, its arrays)."""
    spec = player.spec["panels"][panel]["marks"]
    k = next(k for k, mark in enumerate(spec) if mark["kind"] == kind)
    return spec[k], player.arrays()[panel][k]


def test_the_output_fills_cell_by_cell_with_scipys_numbers():
    player = kernel_slide()
    right = correlate2d(SQUARE, EDGE, "valid")
    _, grid = marks(player, 2, "grid")
    assert len(player.frames) == right.size == 25
    for t, values in enumerate(grid["values"]):
        filled = np.arange(25).reshape(5, 5) <= t
        np.testing.assert_allclose(values[filled], right[filled])
        assert np.isnan(values[~filled]).all()


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2), (2, 0)])
def test_the_box_lies_over_the_window_that_makes_the_cell(stride, padding):
    rng = np.random.default_rng(stride + 10 * padding)
    x, k = rng.integers(-4, 5, (2, 6, 7)), rng.integers(-2, 3, (2, 2, 3))
    player = kernel_slide(x, k, stride=stride, padding=padding)
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    output = marks(player, 4, "grid")[1]
    for t in range(len(player.frames)):
        row, column, rows, columns = (int(v) for v in marks(player, 0, "grid")[1]["box"][t])
        window = padded[:, row : row + rows, column : column + columns]
        i, j, *_ = (int(v) for v in output["box"][t])
        assert output["values"][t][i, j] == pytest.approx(np.sum(window * k))
        assert player.frames[t] == f"y[{i}, {j}]"


def test_a_margin_of_zeros_is_told_apart_from_a_picture_of_zeros():
    spec, grid = marks(kernel_slide(np.zeros((3, 3)), np.ones((2, 2)), padding=1), 0, "grid")
    assert np.isnan(grid["values"][0]).sum() == 25 - 9
    assert spec["extent"] == [-1.5, 3.5, -1.5, 3.5]


def test_the_sentence_of_a_frame_does_the_arithmetic():
    said = kernel_slide([[1, 2], [3, -4]], [[2, 0], [1, -1]]).spec["descriptions"]
    assert said == ["Row 0, column 0 of the output: 2·1 + 1·3 + (−1)·(−4) = 9."]
    assert (
        "a sum of products that are all zero = 0"
        in kernel_slide(np.zeros((3, 3)), np.ones((3, 3))).spec["descriptions"][0]
    )


def test_the_takeaway_counts_the_work():
    assert "25 × 9 = 225 multiply-adds" in kernel_slide().takeaway


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x": np.ones((2, 5, 5)), "k": np.ones((3, 3))}, "one sheet a channel"),
        ({"x": np.ones((4, 5, 5)), "k": np.ones((4, 3, 3))}, "up to 3 channels"),
        ({"x": np.ones((40, 40)), "k": np.ones((3, 3))}, "too many to watch"),
        ({"x": np.ones((2, 2)), "k": np.ones((3, 3))}, "does not fit"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(settings, message):
    with pytest.raises((ValueError, DescriptionError), match=message):
        kernel_slide(**settings)


# --------------------------------------------------------------------------- the field grows


@pytest.mark.parametrize(
    ("kernels", "strides"),
    [((3, 3, 3, 3), None), ((3, 2, 3, 2, 3), (1, 2, 1, 2, 1)), ((5, 3), (3, 2)), ((1, 3), (2, 1))],
)
def test_the_field_is_what_is_counted_and_what_the_lines_reach(kernels, strides):
    player = field_grower(kernels, strides)
    strides = strides or [1] * len(kernels)
    rows = count((1, 500), [Conv(1, k, s) for k, s in zip(kernels, strides, strict=True)]).rows
    fields = [1, *(row.field[0] for row in rows)]
    _, seen = next((s, a) for s, a in zip(player.spec["panels"][0]["marks"], player.arrays()[0], strict=True)
                   if s["kind"] == "points" and "seen" in s["label"])  # fmt: skip
    _, grid = marks(player, 1, "grid")
    _, bars = marks(player, 2, "bars")
    x, layers = seen["x"][0], player.arrays()[0][1]["y"][0]
    for layer, field in enumerate(fields):
        inputs = x[(layers == 0) & np.isfinite(seen["y"][layer])]
        assert inputs.max() - inputs.min() + 1 == field
        start, _, tall, wide = grid["box"][layer]
        assert (tall, wide) == (field, field) and start == inputs.min()
        assert np.isfinite(seen["y"][layer][layers == layer]).sum() == 1, "one unit of the layer is followed down"
        np.testing.assert_array_equal(bars["height"][layer][: layer + 1], fields[: layer + 1])
        assert np.isnan(bars["height"][layer][layer + 1 :]).all()


def test_where_a_stride_outruns_the_kernel_the_units_between_are_not_seen():
    player = field_grower((1, 3), (2, 1))
    seen = player.arrays()[0][2]["y"][2]
    layers = player.arrays()[0][1]["y"][0]
    assert np.isfinite(seen[layers == 0]).sum() == 3  # of the five pixels of the field
    assert player.spec["descriptions"][2] == "Layer 2: 1 + (3 − 1)·2 = 5 pixels; neighbours look 2·1 = 2 apart."


@pytest.mark.parametrize(
    ("kernels", "strides", "message"),
    [
        ((3, 3), (1,), "a stride for each kernel"),
        ((), None, "a stride for each"),
        ((99, 99, 99), None, "fewer layers"),
        ((0,), None, "1 or more"),
    ],
)
def test_a_field_that_makes_no_picture_is_refused(kernels, strides, message):
    with pytest.raises((ValueError, DescriptionError), match=message):
        field_grower(kernels, strides)


# --------------------------------------------------------------------------- both


@pytest.mark.parametrize("view", [kernel_slide, field_grower])
def test_a_static_form_with_alt_text_stands_in(view):
    player = view()
    figure = player.figure()
    assert len(figure.axes) >= 3 * len(player.panels)
    assert player.alt in shown(figure).alt and len(player.alt) > 80
    assert all(panel["title"] and panel["x"]["label"] and panel["y"]["label"] for panel in player.spec["panels"])
    assert len(set(player.spec["descriptions"])) == len(player.frames)

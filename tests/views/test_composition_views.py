"""The three players of unit 01: what they show is what the net computes, and it can be read without seeing it."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from course.nets.classify import first, hidden, seeds, train_mlp
from course.nets.composition import TwoLayers, forward_pass, seed_example, upright
from course.nets.layers import Layer
from course.nets.toys import moons
from course.views import bending, forward_steps, shown, tent_composer
from course.views.bending_player import AFFINE, BENT

# --------------------------------------------------------------------------- forward pass


def test_one_step_a_frame_and_every_number_is_the_nets():
    player = forward_steps()
    steps = forward_pass(*seed_example())
    assert player.frames == ["the input x", "W¹x", "z¹ = W¹x + b¹", "h¹ = ReLU(z¹)", "s = w²·h¹ + b²", "ŷ = σ(s)"]
    bars = player.arrays()[1][0]["height"]
    assert np.isnan(bars[0]).all()
    for frame, values in ((1, steps.product), (2, steps.z), (3, steps.h), (5, steps.h)):
        np.testing.assert_allclose(bars[frame], values)


def test_numbers_appear_as_the_pass_reaches_them():
    player = forward_steps()
    labels = next(mark for mark in player.spec["panels"][0]["marks"] if mark["kind"] == "labels")["text"]
    assert [sum(text != "" for text in frame) for frame in labels] == [2, 5, 5, 8, 9, 10]
    assert labels[2][2:5] == ["−1", "−4", "1"] and labels[3][5:8] == ["0", "0", "1"]
    assert labels[5][-2:] == ["1", "0.731"]


def test_the_sentences_do_the_arithmetic():
    said = forward_steps().spec["descriptions"]
    assert "Unit 1: 1·1 + 1·(−2) = −1; unit 2: (−1)·1 + 2·(−2) = −5" in said[1]
    assert "unit 3: 2 + (−1) = 1" in said[2]
    assert "1 of 3 units is on" in said[3]
    assert said[5].endswith("= 0.731.")


def test_another_net_can_be_played_and_a_wrong_input_is_refused():
    net = TwoLayers(Layer(jnp.ones((4, 3)), jnp.zeros(4)), Layer(jnp.ones((1, 4)), jnp.zeros(1)))
    assert "4 of 4 units are on" in forward_steps(net, jnp.ones(3)).spec["descriptions"][3]
    with pytest.raises(ValueError, match="takes 3 numbers and x has 2"):
        forward_steps(net, jnp.ones(2))
    with pytest.raises(ValueError, match="both"):
        forward_steps(net)


# --------------------------------------------------------------------------- the bent plane


@pytest.fixture(scope="module")
def data():
    return moons(n=60, n_test=20)


@pytest.fixture(scope="module")
def net(data):
    return first(train_mlp(seeds(1), data, hidden=(2, 2, 2), phi="tanh", steps=60, eta=0.05).net)


def test_after_each_layer_the_points_stand_where_the_net_puts_them(net, data):
    player = bending(net, data)
    marks = player.arrays()[0]
    representations = hidden(upright(net), data.x, "tanh")
    for layer, h in enumerate(representations):
        frame = layer * (AFFINE + BENT)
        assert player.times[frame] == layer
        square = marks[1]["x"][frame, 1]  # the corner at (1, −1): what the picture is scaled by
        for mark, label in ((marks[2], 0), (marks[3], 1)):
            np.testing.assert_allclose(mark["x"][frame], h[data.y == label, 0] * square, atol=1e-5)
            np.testing.assert_allclose(mark["y"][frame], h[data.y == label, 1] * square, atol=1e-5)


def test_the_affine_half_ends_at_w_h_plus_b_and_keeps_lines_straight(net, data):
    player = bending(net, data)
    square, grid = player.arrays()[0][1]["x"][AFFINE, 1], player.arrays()[0][0]
    W, b = upright(net)[0]
    start, end = (np.stack([grid["x"][k], grid["y"][k, 0]], axis=1) for k in (0, AFFINE))
    start, end = start / player.arrays()[0][1]["x"][0, 1], end / square
    seen = np.isfinite(start[:, 0])
    np.testing.assert_allclose(end[seen], start[seen] @ W.T + b, atol=1e-4)
    for frame in range(AFFINE + 1):
        line = np.stack([grid["x"][frame, :40], grid["y"][frame, 0, :40]], axis=1)
        line = line - line.mean(axis=0)
        assert np.linalg.svd(line, compute_uv=False)[1] < 1e-4


def test_the_last_line_is_where_both_logits_are_equal(net, data):
    player = bending(net, data)
    marks = player.arrays()[0]
    line = np.stack([marks[4]["x"][-1], marks[4]["y"][-1, 0]], axis=1) / marks[1]["x"][-1, 1]
    W, b = upright(net)[-1]
    scores = line @ np.asarray(W).T + b
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-3)
    assert np.isnan(marks[4]["x"][:-1]).all()


def test_probes_stand_beside_the_plane_as_they_are_reached(net, data):
    share = [0.8, 0.85, 0.9, 0.99]
    bars = bending(net, data, share).arrays()[1][0]["height"]
    np.testing.assert_allclose(bars[-1], share, atol=1e-6)
    assert np.isfinite(bars).sum(axis=1).tolist() == sorted(np.isfinite(bars).sum(axis=1).tolist())
    with pytest.raises(ValueError, match="`share` has 2"):
        bending(net, data, [0.8, 0.9])


# --------------------------------------------------------------------------- the tent


def test_the_composed_graph_has_the_pieces_it_says():
    player = tent_composer(6)
    lines = player.arrays()[0][1]
    for folds in range(7):
        slopes = np.diff(lines["y"][folds, 0]) / np.diff(lines["x"][0])
        assert 1 + np.sum(slopes[1:] != slopes[:-1]) == 2**folds
        assert set(np.abs(slopes)) == {2.0**folds}
    deep = player.arrays()[1][0]["y"][-1]
    np.testing.assert_allclose(10**deep, 2.0 ** np.arange(7), rtol=1e-5)


def test_the_composer_folds_no_finer_than_a_screen():
    for depth in (0, 11):
        with pytest.raises(ValueError, match="1 to 10"):
            tent_composer(depth)


# --------------------------------------------------------------------------- every one of them


@pytest.fixture(params=["forward", "bending", "tent"])
def player(request, net, data):
    return {"forward": forward_steps, "bending": lambda: bending(net, data), "tent": lambda: tent_composer(4)}[
        request.param
    ]()


def test_it_has_a_static_form_with_words(player):
    figure = player.figure()
    assert len(player.alt.split()) >= 20 and player.alt in shown(figure).alt
    assert player.spec["takeaway"].endswith(".")
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_title() for ax in figure.axes)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_plays_by_keyboard_alone(opened, player, scheme):
    page = opened(player, color_scheme=scheme)
    page.focus(".iso-player")
    seen = set()
    for key in ("Home", "ArrowRight", "ArrowRight", "End", "ArrowLeft", "+", "0"):
        page.keyboard.press(key)
        page.wait_for_timeout(30)
        seen.add(page.evaluate("document.querySelector('canvas').toDataURL()"))
    assert len(seen) >= 5
    assert page.get_attribute(".iso-player", "data-frame") == str(len(player.frames) - 2)
    assert page.inner_text(".iso-words") == player.spec["descriptions"][-2]
    assert page.faults == []

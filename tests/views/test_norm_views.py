"""The players of unit 04: what they show is what the norms compute and what was watched."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from course.nets.normed import Net, Watched
from course.nets.norms import Running, normalize
from course.views import norm_axes, norm_training, shown
from course.views.norm_axes_player import TABLE

KINDS = ("none", "batch", "layer", "rms")


def test_the_axes_player_frames_a_column_or_a_row_and_fills_in_what_the_norm_makes():
    view = norm_axes()
    Z = np.array(TABLE, np.float32)
    (table, _), (*_, chosen), (made, _) = view.arrays()
    assert len(view.frames) == 1 + 4 + 3 + 3
    assert np.isnan(table["box"][0]).all()
    assert [view.frames[t] for t in (1, 5, 8)] == ["BatchNorm, feature 1", "LayerNorm, example 1", "RMSNorm, example 1"]
    for t, label in enumerate(view.frames[1:], 1):
        row, column, rows, columns = map(int, table["box"][t])
        assert (rows, columns) == ((3, 1) if label.startswith("Batch") else (1, 4))
        inside = Z[row : row + rows, column : column + columns].ravel()
        numbers = chosen["x"][t]
        np.testing.assert_array_equal(numbers[np.isfinite(numbers)], inside)
    for last, kind in ((4, "batch"), (7, "layer"), (10, "rms")):
        np.testing.assert_allclose(made["values"][last], normalize(kind, 0.0)(jnp.asarray(Z)), rtol=1e-5, atol=1e-6)
    assert np.isnan(made["values"][1][:, 1:]).all(), "what is not worked out yet is empty"


def test_every_frame_says_its_mean_and_its_divisor():
    view = norm_axes()
    assert (
        view.spec["descriptions"][1]
        == "BatchNorm, feature 1: over the 3 examples the mean is 2 and the variance 8; each less the mean, divided by 2.83."
    )
    assert "nothing is subtracted" in view.spec["descriptions"][-1]
    assert "nan" not in str(view.spec).lower()


def test_a_batch_of_ones_own_and_what_is_refused():
    assert len(norm_axes([[1.0, 2.0], [3.0, 5.0]]).frames) == 1 + 2 + 2 + 2
    with pytest.raises(ValueError, match="constant"):
        norm_axes([[1.0, 2.0], [1.0, 5.0]])
    with pytest.raises(ValueError, match="2 to 8"):
        norm_axes([[1.0, 2.0]])


def watched(runs=4, steps=60, frames=3, depth=5, d=2):
    """Made-up traces: run k has loss 2/(k + 1), and signals of its own."""
    loss = np.stack([np.full(steps, 2 / (k + 1)) for k in range(runs)])
    signal = np.stack([np.full((frames, depth), 10.0**-k) for k in range(runs)])
    loss[0, 40:], signal[0, -1] = np.nan, np.nan
    flat = np.zeros((runs, frames, depth, d))
    empty = Net(*[np.zeros(1)] * 5)
    wide = np.zeros((runs, frames, 4))
    return Watched(
        empty,
        Running(np.zeros(1), np.zeros(1)),
        loss,
        np.zeros(runs),
        signal,
        2 * signal,
        flat,
        flat,
        wide,
        wide,
        wide[..., 0],
    )


def test_the_training_player_shows_the_loss_so_far_and_every_layer():
    seen = watched()
    view = norm_training(seen, KINDS)
    losses, signals, gradients = view.arrays()
    assert view.spec["times"] == [0, 20, 40]
    for k in range(1, 4):
        np.testing.assert_allclose(losses[1 + k]["y"][2, 0], [2 / (k + 1)] * 2 + [np.nan], rtol=1e-5)
        assert np.isnan(losses[1 + k]["y"][0]).all(), "before the first step there is no loss to show"
        np.testing.assert_allclose(signals[2 * k + 1]["y"], -k, atol=1e-6)
        np.testing.assert_allclose(gradients[2 * k + 1]["y"], -k + np.log10(2), atol=1e-6)
    assert np.isnan(signals[1]["y"][-1]).all()
    assert "no number any more" in view.spec["descriptions"][-1] and "no number with no norm" in view.alt


def test_it_shows_the_runs_it_is_told_to_and_never_by_colour_alone():
    view = norm_training(watched(), ("batch", "rms"), [1, 3])
    assert "0.50 with RMSNorm" in view.alt
    dashes = {(mark["colour"], mark["dash"]) for mark in view.spec["panels"][0]["marks"][1:] if "dash" in mark}
    markers = {mark["marker"] for mark in view.spec["panels"][1]["marks"] if "marker" in mark}
    assert len({dash for _, dash in dashes}) == 2 and len(markers) == 2
    with pytest.raises(ValueError, match="one run for each kind"):
        norm_training(watched(), KINDS, [0, 1])


@pytest.mark.parametrize("make", [norm_axes, lambda: norm_training(watched(), KINDS)])
def test_static_forms_have_titles_axes_and_alt_text(make):
    view = make()
    figure = view.figure()
    for ax in figure.axes:
        if ax.get_title():
            assert ax.get_xlabel()
    assert view.alt in shown(figure).alt and len(view.takeaway.split()) > 8


@pytest.mark.browser
@pytest.mark.parametrize("make", [norm_axes, lambda: norm_training(watched(), KINDS)])
def test_in_a_browser_the_keys_walk_through_the_frames(opened, make):
    view = make()
    page = opened(view)
    page.wait_for_timeout(100)
    first = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.focus(".iso-player")
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    assert page.get_attribute(".iso-player", "data-frame") == str(len(view.frames) - 1)
    assert page.evaluate("document.querySelector('canvas').toDataURL()") != first
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute(".iso-player", "data-frame") == str(len(view.frames) - 2)
    assert page.faults == []

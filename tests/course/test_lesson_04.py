"""What lesson 04 claims, asserted from the values it computed."""

from __future__ import annotations

import numpy as np
import pytest
from lessons import Reading

UNIT = "04-normalization"
NORMED = ("batch", "layer", "rms")
REPORTED = """
made, Z, slope_in, slope_out, value_out, across, delta, foretold, gap, moved, moved_batch, accuracy, grown, halved,
signal_gap, alone, after, right, small, typical, reads, shift, smooth, turned, spectra, s, r, per_layer, theory,
diverged=seen.loss[every_run("none", "double"), 20],
final={(kind, scale): seen.loss[every_run(kind, scale), -40:].mean() for kind in KINDS for scale in scales},
half_signal=seen.signal[run("none", "half"), 0],
normed_signal={kind: seen.signal[run(kind, "half")] for kind in KINDS[1:]},
pairs=np.asarray(plain["batch"](pairs)),
parameters={name: table.parameters for name, table in counted.items()}
"""


# --------------------------------------------------------------------------- three norms


def test_the_code_does_what_was_done_by_hand(measured):
    made, Z = measured["made"], measured["Z"]
    np.testing.assert_allclose(made["batch"][:, 0], (Z[:, 0] - 2) / 3, rtol=1e-5)
    np.testing.assert_allclose(made["layer"][1], [-0.5, 1.5, -0.5, -0.5], rtol=1e-5)
    np.testing.assert_allclose(made["rms"][2], [0, 1, -1, 1], rtol=1e-5)


def test_eps_outside_the_root_gives_a_fine_output_and_no_gradient(measured):
    assert np.isfinite(measured["slope_in"]).all() and np.abs(measured["slope_in"]).max() > 1
    assert np.isfinite(measured["value_out"]) and np.isnan(measured["slope_out"]).all()


def test_only_batch_norm_ties_examples_together(measured):
    assert measured["across"]["batch"] > 0.1
    assert measured["across"]["layer"] == measured["across"]["rms"] == 0


# --------------------------------------------------------------------------- what a norm cannot see


def test_the_scale_is_seen_exactly_as_far_as_eps_says(measured):
    assert measured["gap"] < 2e-6
    for kind in ("layer", "rms"):
        # Where ε is far below the variance, δ itself is foretold: 5·10⁻⁶ of the output.
        np.testing.assert_allclose(measured["delta"][kind][8:], measured["foretold"][kind][8:], atol=4e-7)
        assert measured["foretold"][kind][0] < -0.9
    assert measured["delta"]["layer"][2] == pytest.approx(0.28 - 1, abs=0.03), "the text says about a third"


def test_layer_norm_ignores_a_shift_and_rms_norm_does_not(measured):
    assert measured["moved"]["layer"] < 5e-6
    assert measured["moved"]["rms"] > 0.5
    assert measured["moved_batch"] < 5e-4


# --------------------------------------------------------------------------- ten layers


def test_without_a_norm_the_scale_of_the_weights_decides_and_with_one_it_hardly_matters(measured):
    accuracy = {run: several["values"] for run, several in measured["accuracy"].items()}
    assert all(len(of_seeds) == 5 for of_seeds in accuracy.values())
    assert accuracy["none half"].max() < 0.3 and accuracy["none double"].max() < 0.2
    assert accuracy["none usual"].mean() > 0.86
    for kind in NORMED:
        assert min(accuracy[f"{kind} {scale}"].min() for scale in ("half", "usual", "double")) > 0.7, kind
        means = [accuracy[f"{kind} {scale}"].mean() for scale in ("half", "usual", "double")]
        assert max(means) - min(means) < 0.09, "the takeaway: a few per cent"
    assert measured["final"]["none half"] > 2.2
    assert np.isnan(measured["diverged"]).all()


def test_without_a_norm_the_signal_is_multiplied_at_every_layer_and_with_one_it_has_one_size(measured):
    assert measured["grown"] == pytest.approx(2**10, rel=1e-3)
    assert measured["half_signal"][0] / measured["half_signal"][-1] > 100
    for kind in NORMED:
        signal = measured["normed_signal"][kind]
        assert signal.min() > 0.4 and signal.max() < 1.5, kind


def test_double_weights_halve_the_gradient_and_leave_the_signal(measured):
    for kind in NORMED:
        assert measured["halved"][kind] == pytest.approx(0.5, rel=1e-3)
        assert measured["signal_gap"][kind] < 1e-4


# --------------------------------------------------------------------------- what batch norm remembers


def test_one_example_alone_is_normalised_to_nothing(measured):
    assert np.abs(measured["alone"]).max() == 0


def test_the_running_variance_takes_the_unbiased_one(measured):
    assert measured["after"]["mean"] == pytest.approx(0.9 * 2 + 0.1 * 4)
    assert measured["after"]["var"] == pytest.approx(0.9 * 5 + 0.1 * 13)


def test_with_batch_statistics_the_neighbours_decide(measured):
    right = measured["right"]
    assert right["running mixed"] == right["running sorted"] == pytest.approx(0.92, abs=0.03), "about nine in ten"
    assert right["batch sorted"] < 0.35, "the text says: hardly more than guessing"
    assert right["batch mixed"] > 0.7


# --------------------------------------------------------------------------- a batch of two


def test_a_batch_of_two_is_left_with_signs(measured):
    np.testing.assert_allclose(np.abs(measured["pairs"]), 1, atol=1e-4)


def test_batch_norm_is_hurt_at_two_and_layer_norm_is_not(measured):
    small = {setting: several["values"] for setting, several in measured["small"].items()}
    assert all(len(of_seeds) == 5 for of_seeds in small.values())
    assert small["batch 64"].mean() == pytest.approx(0.91, abs=0.02) and small["layer 64"].mean() > 0.87
    assert small["batch 2"].max() < 0.45
    assert small["layer 2"].min() > 0.75
    assert (small["layer 2"] - small["batch 2"]).min() > 0.4, "in every seed, by a wide margin"
    assert (small["layer 64"] - small["layer 2"]).mean() < 0.1


# --------------------------------------------------------------------------- why it helps


def of_seeds(measured, what):
    """The values of five seeds, by the name of the net."""
    values = {name: several["values"] for name, several in measured[what].items()}
    assert all(len(v) == 5 for v in values.values())
    return values


def test_batch_norm_holds_the_statistics_still(measured):
    typical = of_seeds(measured, "typical")
    assert (typical["batch"] < 0.1 * typical["none"]).all()
    assert 0.5 < typical["layer"].mean() / typical["none"].mean() < 1.5, "LayerNorm drifts like no norm"


def test_that_is_not_why_it_works(measured):
    """Jolted, it drifts more than no norm at all, and learns as well."""
    typical, reads = of_seeds(measured, "typical"), of_seeds(measured, "reads")
    assert (typical["jolted"] > typical["none"]).all(), "for each seed; on average by far"
    assert typical["jolted"].mean() > 1.3 * typical["none"].mean()
    assert (reads["jolted"] - reads["none"]).mean() > -0.01 and (reads["jolted"] - reads["batch"]).mean() > -0.02
    assert (reads["layer"] - reads["none"]).mean() > -0.02
    shift = of_seeds(measured, "shift")
    assert shift["batch"].mean() > 0.8 * shift["none"].mean(), "the shift an optimizer feels is no smaller"


def test_the_loss_is_smoother_with_batch_norm_and_not_with_layer_norm(measured):
    smooth, turned = of_seeds(measured, "smooth"), of_seeds(measured, "turned")
    assert (smooth["none"] / smooth["batch"] > 3.5).all(), "some four times and more, for every seed"
    assert (smooth["none"] / smooth["jolted"] > 1.6).all(), "some two times and more"
    assert np.median(smooth["layer"]) > 0.7 * np.median(smooth["none"])
    assert (turned["batch"] < 0.6 * turned["none"]).all()


# --------------------------------------------------------------------------- the spectrum, and counts


def test_a_norms_jacobian_is_an_isometry_but_for_its_scale_and_what_it_cannot_see(measured):
    layer, rms = measured["spectra"]["layer"], measured["spectra"]["rms"]
    np.testing.assert_allclose(layer[:62], 1 / measured["s"], rtol=1e-4)
    np.testing.assert_allclose(rms[:63], 1 / measured["r"], rtol=1e-4)
    assert layer[62:].max() < 1e-5 and rms[63] < 1e-5


def test_batch_norm_makes_gradients_grow_downwards_as_foretold(measured):
    per_layer = of_seeds(measured, "per_layer")
    assert per_layer["batch"] == pytest.approx(measured["theory"], abs=0.06)
    assert max(per_layer[kind].max() for kind in ("none", "layer", "rms")) < 1.0


def test_a_norm_adds_what_the_text_says(measured):
    parameters = measured["parameters"]
    assert parameters["batch"] - parameters["none"] == parameters["layer"] - parameters["none"] == 256
    assert parameters["rms"] == parameters["none"]


# --------------------------------------------------------------------------- how it reads, and what it costs


class TestReading(Reading):
    views = ("norm_axes", "norm_training", "spectrum_explorer")
    pictures = 9
    predictions = 8
    cpu_seconds = 100  # it trains a hundred deep nets, five seeds for each claim: 85 to 90 as measured

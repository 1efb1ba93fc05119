"""What lesson 02 claims, asserted from the values it computed."""

from __future__ import annotations

import numpy as np
import pytest
from lessons import Reading

UNIT = "02-jacobians"
REPORTED = """
line_autodiff, line_closed_form, first_below, peak, update_is_zero, weight_stalls, w, w_after, layer_error, order_error,
chain_error, row_ms, matrix_ms, real, lined_up, log_sigma, typical, norms, per_layer, spreads, disguise_error,
disguise_norms, result, final_loss, accuracy, deeper, here, there, read,
layer_norms=S[:, 0]
"""


# --------------------------------------------------------------------------- one number per layer


def test_a_line_of_layers_leaves_a_to_the_power_of_the_depth(measured):
    assert measured["line_autodiff"] == pytest.approx(0.9**60, rel=1e-4)
    assert measured["line_closed_form"] == pytest.approx(0.9**60)
    assert measured["first_below"] == 44


# --------------------------------------------------------------------------- the whispered message


def test_a_sigmoid_passes_on_a_quarter_at_best_and_tanh_everything_at_zero(measured):
    assert measured["peak"] == pytest.approx({"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0}, abs=1e-6)


def test_a_tiny_gradient_is_not_zero_but_its_update_is(measured):
    assert measured["update_is_zero"] is False
    assert measured["weight_stalls"] is True
    assert measured["w_after"] == measured["w"]


# --------------------------------------------------------------------------- one layer, the order, the chains


def test_only_one_of_four_candidates_is_the_layers_jacobian(measured):
    error = dict(measured["layer_error"])
    assert error.pop("diag(φ′(z)) W") < 1e-6
    assert len(error) == 3 and min(error.values()) > 0.01


def test_the_ordered_product_is_the_nets_jacobian_and_the_reversed_one_is_not(measured):
    error = measured["order_error"]
    assert error["jacfwd"] < 1e-5 and error["J²⁰ J¹⁹ … J¹"] < 1e-5
    assert error["J¹ J² … J²⁰"] > 0.5 * error["unrelated matrix"] > 0.3


def test_chains_agree_with_matrices(measured):
    assert len(measured["chain_error"]) == 3 and max(measured["chain_error"].values()) < 1e-4


def test_the_whole_matrix_costs_more_than_a_row_and_more_so_when_wider(measured):
    ratio = measured["matrix_ms"] / measured["row_ms"]
    assert ratio[-1] > 3
    assert ratio[-1] > ratio[0]


# --------------------------------------------------------------------------- the spectrum


def test_the_product_of_norms_is_a_bound_and_far_from_reached(measured):
    real = measured["real"]
    assert np.all(real["bound"] >= real["actual"] * (1 - 1e-5))
    assert np.allclose(real["bound"], np.cumprod(measured["layer_norms"]), rtol=1e-3)
    assert real["bound"][-1] > 10_000 * real["actual"][-1]
    assert real["actual"][-1] == pytest.approx(10, rel=0.5)


def test_the_bound_is_reached_when_the_same_layers_line_up(measured):
    lined_up = measured["lined_up"]
    assert np.allclose(lined_up["actual"], lined_up["bound"], rtol=1e-3)
    assert np.allclose(lined_up["bound"], measured["real"]["bound"], rtol=1e-3)


def test_orthogonal_linear_nets_are_isometries_and_gaussian_ones_are_not(measured):
    sigma = measured["log_sigma"]
    assert np.abs(sigma["linear orthogonal"]).max() < 1e-6
    assert sigma["linear gaussian"][19, 0] > 0
    assert sigma["linear gaussian"][19, 31] == pytest.approx(-3, abs=0.5)


def test_orthogonal_tanh_nets_stay_together_and_relu_nets_with_either_weights_do_not(measured):
    sigma = measured["log_sigma"]
    assert sigma["tanh orthogonal"][63, 0] - sigma["tanh orthogonal"][63, 47] < 1.2
    assert sigma["tanh gaussian"][63, 0] - sigma["tanh gaussian"][63, 15] > 3
    for kind in ("gaussian", "orthogonal"):
        assert sigma[f"relu {kind}"][63, 0] - sigma[f"relu {kind}"][63, 15] > 3
        assert np.isnan(sigma[f"relu {kind}"][63, 31:]).all()


def test_the_weight_scale_sets_a_slope_that_the_sigmoid_cannot_level(measured):
    typical = measured["typical"]
    for scale in (0.8, 1.0, 1.5, 4.0):
        assert typical[f"linear {scale}"][63] / 64 == pytest.approx(np.log10(scale), abs=0.02)
        assert typical[f"tanh {scale}"][63] < typical[f"linear {scale}"][63] + 1e-6
        assert typical[f"sigmoid {scale}"][19] < -3


# --------------------------------------------------------------------------- twenty layers and a teacher


def by_depth(several):
    """The values of five seeds, (seeds,) for each number of layers."""
    return dict(zip((1, 2, 4, 8, 20), several["values"].T, strict=True))


def test_the_early_layers_of_the_sigmoid_net_hear_almost_nothing(measured):
    norms = {name: several["values"] for name, several in measured["norms"].items()}
    assert all(of_seeds.shape == (5, 20) for of_seeds in norms.values())
    assert (norms["sigmoid"][:, 0] < 1e-9 * norms["sigmoid"][:, -1]).all()
    assert (np.diff(norms["sigmoid"].mean(axis=0)) > 0).all()
    assert measured["per_layer"]["values"] == pytest.approx(0.25, abs=0.03)
    for name in ("tanh", "relu"):
        assert (norms[name].max(axis=1) < 10 * norms[name].min(axis=1)).all(), "level, for each seed"
    assert norms["relu"].min() == pytest.approx(0.3, abs=0.05) and norms["relu"].max() == pytest.approx(14, abs=1)


def test_the_first_layers_of_the_deep_sigmoid_net_do_not_move_by_a_single_bit(measured):
    for run in ("sigmoid, η = 0.1", "sigmoid, η = 1"):
        deep = {key: value[:, -1] for key, value in measured["result"][run].items()}
        assert deep["moved"].shape == (5, 20)
        assert (deep["moved"][:, 0] == 0).all() and (deep["changed"][:, 0] == 0).all(), "with none of five seeds"
        assert (deep["moved"][:, -1] > 1e-3).all() and (deep["changed"][:, -1] > 0.99).all()
    for run in ("tanh, η = 0.1", "relu, η = 0.03"):
        assert np.all(measured["result"][run]["moved"][:, -1] > 0.01)


def test_more_layers_hurt_the_sigmoid_net(measured):
    for run in ("sigmoid, η = 0.1", "sigmoid, η = 1"):
        loss, accuracy = by_depth(measured["final_loss"][run]), by_depth(measured["accuracy"][run])
        assert len(loss[20]) == 5
        assert loss[20].min() > np.log(10) - 0.03 and accuracy[20].max() < 0.2
        assert loss[20].min() > loss[2].max() > loss[2].min() > loss[1].mean()
        assert loss[8].min() > np.log(10) - 0.03
    assert loss[20].min() > 10 * loss[2].max()
    assert accuracy[2].mean() == pytest.approx(0.93, abs=0.015), "the takeaway says 93 %"


def test_the_deep_tanh_net_learns_and_the_deep_relu_net_less_than_a_shallower_one(measured):
    tanh, relu = "tanh, η = 0.1", "relu, η = 0.03"
    assert by_depth(measured["accuracy"][tanh])[20].mean() == pytest.approx(0.89, abs=0.015), "the takeaway says 89 %"
    loss = by_depth(measured["final_loss"][tanh])
    assert loss[20].max() < 0.2 and loss[1].mean() == pytest.approx(0.11, abs=0.01) and loss[8].mean() < 0.04
    loss, share = by_depth(measured["final_loss"][relu]), by_depth(measured["accuracy"][relu])
    assert (loss[20] > 2 * loss[8]).all(), "for every seed"
    assert (share[20] < share[8]).all() and (measured["deeper"] < 0).all(), "paired: the same writers, held out"


def test_the_digits_fade_on_the_way_up_as_the_teacher_does_on_the_way_down(measured):
    spreads = {name: several["values"] for name, several in measured["spreads"].items()}
    assert spreads["sigmoid"].shape == (5, 20)
    assert spreads["sigmoid"][:, -1].max() < 1e-6 < 0.1 < spreads["sigmoid"][:, 0].min()
    for name in ("tanh", "relu"):
        assert (spreads[name].max(axis=1) < 10 * spreads[name].min(axis=1)).all()


def test_a_sigmoid_net_can_be_the_tanh_net_and_then_hears_as_well(measured):
    assert measured["disguise_error"] < 1e-3
    heard = measured["disguise_norms"]
    assert heard[1:].max() < 10 * heard[1:].min() and heard[0] > 0.1 * heard[-1]


# --------------------------------------------------------------------------- does training need the whole cloud?


def test_what_was_recorded_is_what_this_machine_finds(measured):
    assert measured["here"].shape == (5,)
    assert np.abs(measured["here"] - measured["there"]).max() <= 0.04, "ten of 250 digits: rounding differs by machine"


def test_orthogonal_weights_read_more_at_twenty_layers_and_decide_at_sixty(measured):
    read = measured["read"]
    assert all(shares.shape == (3, 5) for shares in read.values())
    assert (read["20 orthogonal"] > read["20 Gaussian"]).all(), "for each seed and each rate: paired, the same writers"
    few = (read["20 orthogonal"] - read["20 Gaussian"]).mean(axis=1)
    assert few.min() > 0.02 and few.max() < 0.09, "a few per cent"
    gaussian, orthogonal = read["60 Gaussian"].mean(axis=1), read["60 orthogonal"].mean(axis=1)
    assert orthogonal.max() == pytest.approx(0.90, abs=0.01), "the takeaway says nine in ten"
    assert gaussian.max() == pytest.approx(0.51, abs=0.02), "the takeaway says half at best"
    lost = np.median([read["60 Gaussian"][2], read["60 orthogonal"][2]], axis=1)
    assert lost == pytest.approx(0.2, abs=0.05), "at η = 0.1 both are lost, but for a seed here and there"
    assert orthogonal[:2] == pytest.approx([0.87, 0.90], abs=0.01), "the alt"
    both = np.concatenate([read["20 Gaussian"].mean(axis=1), read["20 orthogonal"].mean(axis=1)])
    assert both.min() == pytest.approx(0.775, abs=0.02) and both.max() == pytest.approx(0.92, abs=0.01)


def test_the_gaussian_cloud_is_far_from_1_where_the_net_still_learns(measured):
    sigma = measured["log_sigma"]
    assert sigma["tanh gaussian"][19, 31] < -3 < -1.5 < sigma["tanh orthogonal"][59, 31], "the median, in its own cell"
    assert sigma["tanh orthogonal"][63, 0] - sigma["tanh orthogonal"][63, 47] < 1.2, "within about a decade"


# --------------------------------------------------------------------------- how it reads, and what it costs


class TestReading(Reading):
    views = ("whisper", "spectrum_explorer")
    pictures = 13
    predictions = 11
    takeaway = "Takeaway|Explain"
    cpu_seconds = 120  # it trains nets of twenty layers

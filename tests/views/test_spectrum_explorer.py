"""The explorer: one answer a question, the latest question only, without recompiling, and legible without sight."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets

from course.nets.spectrum import MAX_DEPTH, RESOLUTION, WIDTH, log_spectrum, spectrum
from course.views import spectrum_explorer
from course.views.spectrum import middle
from course.views.static import alt_of


@pytest.fixture
def explorer():
    return spectrum_explorer(depth=20, sigma_w=1.2)


def ask(explorer, seq, **settings):
    """A question as the browser sends it, through the door Jupyter uses; the messages sent in answer."""
    sent = []
    explorer._send = lambda message, buffers=None: sent.append((message, buffers))  # instead of a comm
    explorer._handle_custom_msg({"seq": seq, **settings}, [])
    return sent


def test_an_answer_is_one_message_that_says_which_question_it_answers(explorer):
    sent = ask(explorer, "a:7", depth=12, sigma_w=1.5, phi="relu", init="orthogonal", residual=True)
    assert len(sent) == 1
    message, buffers = sent[0]
    answer = message["state"]["answer"]
    assert answer["seq"] == "a:7"
    assert answer["settings"] == {
        "depth": 12,
        "sigma_w": 1.5,
        "phi": "relu",
        "init": "orthogonal",
        "norm": "none",
        "residual": True,
        "seed": 0,
    }
    curves = np.frombuffer(buffers[0], "<f4").reshape(MAX_DEPTH, WIDTH)
    np.testing.assert_allclose(curves, spectrum("relu", "orthogonal", 1.5, True), rtol=1e-5, atol=1e-6)


def test_a_question_asked_again_is_answered_again(explorer):
    """The browser waits for every answer: one that changes nothing must come too."""
    assert len(ask(explorer, 1, sigma_w=1.2)) == 1
    assert len(ask(explorer, 2, sigma_w=1.2)) == 1


def test_every_question_is_computed_and_none_compiles(explorer, monkeypatch):
    import course.views.spectrum as module

    calls = []
    monkeypatch.setattr(module, "spectrum", lambda *a: calls.append(a) or spectrum(*a))
    before = log_spectrum._cache_size()
    for k, sigma_w in enumerate(np.linspace(0.2, 3, 8)):
        ask(explorer, k, sigma_w=float(sigma_w), depth=1 + 9 * k, phi=["linear", "tanh", "relu", "sigmoid"][k % 4],
            init=["gaussian", "orthogonal"][k % 2], residual=bool(k % 2))  # fmt: skip
    assert len(calls) == 8
    assert log_spectrum._cache_size() == before


def test_python_can_turn_the_knobs_too(explorer):
    explorer.sigma_w = 2.0
    np.testing.assert_array_equal(explorer.log_sigma, spectrum("tanh", "gaussian", 2.0))
    assert explorer.answer["seq"] is None
    assert explorer.answer["settings"]["sigma_w"] == 2.0


@pytest.mark.parametrize("settings", [{"depth": 0}, {"depth": 65}, {"sigma_w": 3.5}, {"phi": "gelu"}, {"init": "he"}])
def test_what_the_controls_do_not_offer_is_refused(settings):
    with pytest.raises(traitlets.TraitError):
        spectrum_explorer(**settings)


def test_a_question_that_is_refused_leaves_the_next_one_answered(explorer):
    with pytest.raises(traitlets.TraitError):
        explorer.handle({"seq": 1, "depth": 99})
    explorer.sigma_w = 0.5
    assert explorer.answer["settings"]["sigma_w"] == 0.5


def test_the_words_are_the_numbers_at_the_chosen_depth(explorer):
    explorer.handle({"phi": "linear", "init": "orthogonal", "sigma_w": 0.5, "depth": 10})
    assert (
        "Depth 10: the largest of 64 singular values is 9.8 × 10⁻⁴, the median 9.8 × 10⁻⁴, the smallest 9.8 × 10⁻⁴"
        in explorer.words
    )
    assert "Condition number: 1.0." in explorer.words
    explorer.handle({"sigma_w": 1.0})
    assert "Within a factor of 2 of an isometry: 64 of 64" in explorer.words


def test_what_is_unknown_is_said_to_be_unknown_and_how_small_it_must_be(explorer):
    explorer.handle({"phi": "relu", "init": "gaussian", "sigma_w": 1.0, "depth": 64})
    floor = explorer.log_sigma[63, 0] + np.log10(RESOLUTION)
    assert np.isnan(explorer.log_sigma[63, -1])
    assert "the smallest unknown (below " in explorer.words
    assert f"× 10⁻{str(int(-np.floor(floor))).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))})" in explorer.words
    assert "Condition number: above 8.8 × 10¹²." in explorer.words


def test_the_median_is_unknown_when_one_of_the_two_in_the_middle_is():
    assert middle(np.array([0.0, -1, -3, np.nan])) == -2
    assert np.isnan(middle(np.array([0.0, -1, np.nan, np.nan])))


def test_the_static_form_has_title_labels_a_legend_without_colour_alone_and_alt_text(explorer):
    explorer.handle({"phi": "relu", "depth": 40})
    figure = explorer.figure()
    (ax,) = figure.axes
    assert ax.get_title() and ax.get_xlabel() == "depth ℓ" and "singular value" in ax.get_ylabel()
    named = {line.get_label(): line.get_linestyle() for line in ax.get_lines() if not line.get_label().startswith("_")}
    assert set(named) == {"largest", "median", "smallest", "σ = 1: isometry"}
    assert len(set(named.values())) == 4
    assert "unknown: below what float64 resolves" in [t.get_text() for t in ax.get_legend().get_texts()]
    assert alt_of(figure) == explorer.alt
    assert explorer.words in explorer.alt


def test_an_output_carries_the_widget_and_a_picture(explorer):
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith('<img alt="Singular values of the product')

"""What lessons share: a question that waits for nobody, seeds, looks, times and errors."""

from __future__ import annotations

import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.lesson import Several, looks, milliseconds, predict, relative_error, several, several_seeds
from course.lesson.figures import _TABLE
from course.nets.classify import seeds
from course.nets.data import Split
from course.views.drawing import PALETTE


def test_a_prediction_offers_its_options_and_has_picked_none():
    asked = predict("a half", "a tenth")
    assert asked.options == ("a half", "a tenth") and asked.value is None


def test_course_and_its_lesson_offer_the_same_prediction():
    import course
    import course.lesson

    assert course.predict is course.lesson.predict and "predict" in course.__all__


# --------------------------------------------------------------------------- several seeds


def test_several_seeds_is_a_loop_over_keys_and_splits():
    rng = np.random.default_rng(0)
    splits = Split(*(rng.normal(size=(4, n, 3)).astype(np.float32) for n in (6, 2, 5, 1)))
    f = lambda key, split, a: jnp.sum(split.x) + a * jax.random.normal(key, (2,))
    a = np.arange(4.0)
    found = several_seeds(f, 4, splits, a)
    by_loop = [f(key, Split(*(part[k] for part in splits)), a[k]) for k, key in enumerate(seeds(4))]
    np.testing.assert_allclose(found.values, np.array(by_loop), rtol=1e-5)
    np.testing.assert_allclose(found.mean, np.mean(by_loop, axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.spread, np.std(by_loop, axis=0, ddof=1), rtol=1e-4)
    assert (found.low == found.values.min(0)).all() and (found.high == found.values.max(0)).all()


def test_mean_and_spread_are_printed_together():
    assert f"{several([0.90, 0.94, 0.95]):.0%}" == "93% ± 3%"
    with pytest.raises(ValueError, match="Only single numbers"):
        format(Several(np.zeros((3, 2))), ".2f")


def test_one_seed_has_no_spread_and_splits_that_are_not_as_many_are_refused():
    for few in (3.0, [3.0], np.zeros((1, 4))):
        with pytest.raises(ValueError, match="two seeds or more"):
            several(few)
    with pytest.raises(ValueError, match="two seeds or more"):
        several_seeds(lambda key: jax.random.normal(key), 1)
    with pytest.raises(ValueError, match=r"There are 3 seeds, and what goes with them has \[4\] entries"):
        several_seeds(lambda key, a: a, 3, np.arange(4.0))


# --------------------------------------------------------------------------- looks, times, errors


def test_every_look_is_of_the_one_palette_and_can_be_plotted():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    for name in _TABLE:
        [line] = ax.plot([1, 2], [1, 2], **looks(name))
        assert line.get_color() in PALETTE
    norms = ("no norm", "BatchNorm", "LayerNorm", "RMSNorm", "BatchNorm, jolted")
    for together in (("sigmoid", "tanh", "relu"), norms, ("Gaussian", "orthogonal"), tuple(_TABLE)[-5:]):
        styles = [(looks(name)["color"], looks(name)["marker"]) for name in together]
        assert len({color for color, _ in styles}) == len(together), "told apart by colour"
    with pytest.raises(ValueError, match="“gelu”"):
        looks("gelu")


def test_the_style_is_found_by_name_and_holds_the_palette():
    import matplotlib.style
    from matplotlib import rcParams

    with matplotlib.style.context("course.lesson.figures"):
        assert [style["color"].lstrip("#") for style in rcParams["axes.prop_cycle"]] == [c[1:] for c in PALETTE]


def test_the_fastest_run_counts_and_the_first_does_not():
    calls = []

    def slow_at_first(x):
        time.sleep(0.2 if not calls else 0.0)
        calls.append(x)
        return jnp.zeros(2)

    assert milliseconds(slow_at_first, 7, runs=3) < 100
    assert calls == [7] * 4


def test_a_relative_error_is_a_share_of_the_second():
    assert relative_error([3.0, 4.0], [3.0, 0.0]) == pytest.approx(4 / 3)
    assert relative_error(jnp.ones((2, 2)), np.ones((2, 2))) == 0


def test_importing_it_starts_no_backend_and_draws_nothing():
    code = (
        "import sys, course.lesson\n"
        "from jax._src import xla_bridge\n"
        "raise SystemExit(bool(xla_bridge._backends) or 'matplotlib' in sys.modules or 'ipywidgets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

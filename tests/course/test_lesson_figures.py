"""Figures of the lessons: each curve its own look, legible in both of JupyterLab's themes, drawn in one call."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib import colors, rcParams, style
from matplotlib.image import imread

from course import lesson
from course.lesson.figures import STYLE, looks_together
from course.views import static
from course.views.drawing import PALETTE

GROUNDS = {"light": "#ffffff", "dark": "#111111"}
"""What an output stands on in JupyterLab's two themes (`--jp-layout-color0`)."""

CURVES = {"sigmoid": np.arange(1.0, 6.0), "tanh": lesson.several(np.ones((3, 5)))}
WORDS = {"title": "A", "xlabel": "x", "ylabel": "y", "alt": "A line that rises from 1 to 5, and a level one."}


@pytest.fixture
def axes() -> Iterator[list]:
    """The axes of whatever is shown in the test: `axes[0]` are those of the first figure."""
    found: list = []
    drawn, static_png = static.png, static.png
    static.png = lambda figure, dpi=110: found.append(figure.axes) or drawn(figure, dpi)  # type: ignore[assignment]
    yield found
    static.png = static_png  # type: ignore[assignment]


# --------------------------------------------------------------------------- themes


def turned(rgb: tuple[float, float, float]) -> np.ndarray:
    """A colour after `static.ON_DARK`: invert(1), then hue-rotate(180deg), as the Filter Effects module defines them."""
    assert static.ON_DARK == ("invert(1)", "hue-rotate(180deg)")
    cos = -1
    grey, own = np.array([0.213, 0.715, 0.072]), np.eye(3)
    return np.clip((grey + cos * (own - grey)) @ (1 - np.array(rgb)), 0, 1)


def contrast(one: object, other: object) -> float:
    def light(rgb: object) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(rgb)]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def seen(colour: str, theme: str) -> float:
    """The contrast of what is drawn in `colour` with the page."""
    rgb = colors.to_rgb(colour)
    return contrast(turned(rgb) if theme == "dark" else rgb, colors.to_rgb(GROUNDS[theme]))


def test_the_filter_turns_black_and_white_and_keeps_hues():
    assert turned((0, 0, 0)) == pytest.approx([1, 1, 1]) and turned((1, 1, 1)) == pytest.approx([0, 0, 0])
    for colour in PALETTE:
        rgb = colors.to_rgb(colour)
        strongest = int(np.argmax(rgb))
        assert np.argmax(turned(rgb)) == strongest or turned(rgb)[strongest] > 0.6, "blue stays blue"


@pytest.mark.parametrize("theme", GROUNDS)
def test_words_and_axes_are_legible_in_both_themes(theme):
    with style.context(STYLE):
        for part in ("text.color", "axes.titlecolor", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"):
            assert seen(rcParams[part], theme) >= 4.5, part
        for part in ("axes.edgecolor", "xtick.color", "ytick.color"):
            assert seen(rcParams[part], theme) >= 3, part
    assert seen("#808080", theme) >= 3, "level lines"
    for colour in PALETTE:
        assert seen(colour, theme) >= 2, "a curve also has a marker and a dash"


def test_the_contrast_that_is_computed_sees_what_is_illegible():
    assert seen("#1b1b1b", "light") > 15 and contrast(colors.to_rgb("#1b1b1b"), colors.to_rgb("#111111")) < 1.2
    assert seen("#808080", "light") < 4.5


def test_a_figure_is_no_slab_and_its_picture_follows_the_theme():
    figure = lesson.plot(range(1, 6), CURVES, **WORDS)
    pixels = imread(io.BytesIO(figure.png))
    assert pixels.shape[2] == 4 and (pixels[..., 3] == 0).mean() > 0.8, "nothing is drawn where nothing is meant"
    html = figure._repr_mimebundle_()["text/html"]
    assert re.search(
        r'\[data-jp-theme-light="false"\] \.iso-figure \{ filter: invert\(1\) hue-rotate\(180deg\); \}', html
    )
    assert 'class="iso-figure"' in html and "background" not in html


def test_the_learners_own_figures_keep_their_style():
    lesson.plot(range(1, 6), CURVES, **WORDS)
    lesson.subplots()
    assert rcParams["figure.facecolor"] == "white" and rcParams["axes.spines.top"] is True


# --------------------------------------------------------------------------- looks


def test_curves_of_one_figure_are_told_apart_and_keep_their_name_s_colour():
    names = ["sigmoid, η = 0.1", "sigmoid, η = 1", "tanh, η = 0.1", "one", "two", "ReLU"]
    drawn = looks_together(names)
    assert len({str(look) for look in drawn}) == len(names)
    assert drawn[0]["color"] == drawn[1]["color"] == lesson.looks("sigmoid")["color"]
    assert drawn[0]["linestyle"] != drawn[1]["linestyle"]
    assert drawn[2] == lesson.looks("tanh") and drawn[5] == lesson.looks("relu")
    assert len({look["color"] for look in drawn}) == 5, "what has no name of its own takes a free colour"


# --------------------------------------------------------------------------- what is drawn


def test_a_plot_draws_curves_bands_and_levels(axes):
    shown = lesson.plot(
        range(1, 6), CURVES | {"pair": (np.array([1, 3]), np.array([2, 2]))}, **WORDS, log="xy", xticks=(1, 5),
        points=("pair",), lines=("sigmoid",), levels={2.3: "guessing"}, between=(1, 2), ylim=(0.5, 6),
    )  # fmt: skip
    [[ax]] = axes
    assert shown.alt == WORDS["alt"] and ax.get_title() == "A"
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylim()) == ("log", "log", (0.5, 6))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sigmoid", "tanh", "pair"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "5"]
    assert [line.get_marker() for line in ax.get_lines()[:2]] == ["", "s"]
    assert ax.get_lines()[2].get_linestyle() == "None" and ax.get_lines()[2].get_xdata().tolist() == [1, 3]
    assert [text.get_text() for text in ax.texts] == ["guessing"]


def test_names_at_the_ends_and_error_bars(axes):
    lesson.plot(range(1, 6), CURVES, **WORDS, legend="ends")
    lesson.plot(range(1, 6), CURVES, **WORDS, errorbars=True)
    [[ends], [bars]] = axes
    assert [text.get_text() for text in ends.texts] == ["sigmoid", "tanh"] and ends.get_legend() is None
    assert len(bars.containers) == 1


def test_panels_share_axes_and_have_one_legend(axes):
    labels = {"xlabel": "x", "ylabel": ("left", "right"), "alt": "Two panels of two curves."}
    lesson.panels(range(1, 6), {"one": CURVES, "two": CURVES}, **labels, share=False)
    [[left, right]] = axes
    assert left.get_legend() and not right.get_legend()
    assert (left.get_ylabel(), right.get_ylabel(), right.get_title()) == ("left", "right", "two")


def test_matrices_share_a_scale_with_zero_in_its_middle(axes):
    words = {"xlabel": "in", "ylabel": "out", "scale": "weight", "alt": "Two matrices side by side."}
    lesson.heatmaps({"one": np.eye(3), "two": -2 * np.eye(3)}, **words, divide=(0.5,))
    [[one, two, _]] = axes
    assert one.images[0].get_clim() == two.images[0].get_clim() == (-2, 2)
    assert len(one.get_lines()) == 2


def test_bars_say_how_high_they_are(axes):
    lesson.bars(["A", "B"], {"weights": [4.2, 81.7], "work": [92, 97]}, **WORDS)
    [[ax]] = axes
    assert [text.get_text() for text in ax.texts] == ["4", "82", "92", "97"]
    assert len({str(bar.get_hatch()) for bar in ax.patches}) == 2


def test_a_figure_without_alt_text_is_refused():
    for draw in (lesson.plot, lesson.panels):
        with pytest.raises(TypeError, match="alt"):
            draw(range(1, 6), CURVES, xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match="needs alt text"):
        lesson.plot(range(1, 6), CURVES, **WORDS | {"alt": " "})

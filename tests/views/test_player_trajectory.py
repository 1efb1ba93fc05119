"""What a player sends to the browser, and its static form."""

from __future__ import annotations

import base64
import math
import subprocess
import sys

import numpy as np
import pytest

from course.views import Bars, Grid, Labels, Lines, Panel, Player, Points, shown
from course.views.static import alt_of
from course.views.words import power

T, N = 5, 7


def player(marks, frames=T, **options):
    options = {"title": "A title", "alt": "What it shows.", **options}
    panel = {key: options.pop(key) for key in list(options) if key in Panel.__dataclass_fields__ and key != "title"}
    return Player(
        [Panel(marks, title="Panel", xlabel="x", ylabel="y", **panel)], [f"frame {k}" for k in range(frames)], **options
    )


def test_the_browser_gets_the_very_numbers_in_float32_frame_first():
    rng = np.random.default_rng(0)
    x, heights, grid, lines = (
        np.arange(N),
        rng.normal(size=(T, N)),
        rng.normal(size=(T, 3, 4)),
        rng.normal(size=(T, 2, N)),
    )
    view = player([Bars(x, heights), Lines(x, lines), Grid(grid)])
    bars, curves, heat = view.arrays()[0]
    np.testing.assert_array_equal(bars["height"], heights.astype(np.float32))
    np.testing.assert_array_equal(bars["x"], x[None].astype(np.float32))  # what stands still is sent once
    np.testing.assert_array_equal(curves["y"], lines.astype(np.float32))
    np.testing.assert_array_equal(heat["values"], grid.astype(np.float32))
    assert len(view.data) == 4 * sum(a.size for mark in view.arrays()[0] for a in mark.values())


def test_it_is_one_binary_message_part_and_nothing_of_it_is_json():
    state = player([Bars(np.arange(N), np.ones((T, N)))]).get_state()
    assert isinstance(state["data"], bytes)
    assert "height" in str(state["spec"])
    assert len(str(state["spec"])) < 2000


def test_one_line_that_moves_is_a_line_a_frame_and_not_a_line_an_item():
    view = player([Lines(np.arange(N), np.zeros((T, N)))])
    assert view.arrays()[0][0]["y"].shape == (T, 1, N)


def test_a_log_axis_takes_values_no_float32_holds():
    heights = 10.0 ** np.array([-200.0, 0, 200])
    view = player([Bars([0, 1, 2], heights)], yscale="log")
    np.testing.assert_allclose(view.arrays()[0][0]["height"][0], [-200, 0, 200])
    exponents = player([Bars([0, 1], [-500.0, 500])], yscale="log10")
    np.testing.assert_allclose(exponents.arrays()[0][0]["height"][0], [-500, 500])


def test_what_has_no_logarithm_is_left_out_and_leaves_the_limits_alone():
    view = player([Bars([0, 1, 2], [0.0, 1, 100])], yscale="log")
    assert np.isnan(view.arrays()[0][0]["height"][0, 0])
    low, high = view.spec["panels"][0]["y"]["lim"]
    assert -1 < low < 0 < 2 < high < 3


def test_limits_hold_all_frames_and_the_feet_of_bars_unless_they_are_fixed():
    heights = np.array([[1.0], [4.0]])
    low, high = player([Bars([0], heights)], frames=2).spec["panels"][0]["y"]["lim"]
    assert low <= 0 and high >= 4
    assert player([Bars([0], heights)], frames=2, ylim=(-1, 9)).spec["panels"][0]["y"]["lim"] == [-1, 9]


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        (Bars(np.arange(N), np.ones((T + 1, N))), r"Bars\.height has 6 frames, but the player has 5"),
        (Bars(np.arange(N), np.ones((T, N + 1))), r"Bars\.x has 7 items and Bars\.height 8"),
        (Grid(np.ones(N)), r"Grid\.values has 1 axes: give it 2, or 3 with the frame axis first"),
        (Labels([0, 1], [0, 1], ["one"]), r"Labels\.text needs 2 strings"),
    ],
)
def test_shapes_that_do_not_fit_are_named(mark, sentence):
    with pytest.raises(ValueError, match=sentence):
        player([mark])


@pytest.mark.parametrize("missing", ["title", "alt"])
def test_a_player_without_title_or_alt_text_is_refused(missing):
    with pytest.raises(ValueError, match="needs a title, and alt text"):
        player([Bars([0], [1])], **{missing: " "})


def test_descriptions_and_times_are_one_a_frame():
    with pytest.raises(ValueError, match="`descriptions` has 1 entries, but there are 5 frames"):
        player([Bars([0], [1])], descriptions=["only one"])
    with pytest.raises(ValueError, match="`times` has 2 entries"):
        player([Bars([0], [1])], times=[0, 1])


def everything():
    x = np.linspace(0, 1, N)
    moving = np.linspace(0, 1, T)[:, None]
    heat = moving[:, :, None] * np.ones((3, 4))
    return Player(
        [
            Panel(
                [Points(x, x * moving, label="dots", highlight=np.arange(T)), Lines(x, x, label="line", dash="dotted")],
                title="First",
                xlabel="across",
                ylabel="up",
            ),
            Panel(
                [Grid(heat, box=[0, 0, 2, 2]), Labels([1], [1], [[f"t{k}"] for k in range(T)])],
                title="Second",
                xlabel="column",
                ylabel="row",
                flip=True,
                equal=True,
            ),
            Panel(
                [Bars([0, 1, 2], 10.0 ** np.arange(3), highlight=1)],
                title="Third",
                xlabel="bar",
                ylabel="size",
                yscale="log",
                xticks={0: "a", 1: "b", 2: "c"},
            ),
        ],
        [f"frame {k}" for k in range(T)],
        title="Everything",
        alt="Every kind of mark.",
        t_label="epoch",
        times=np.arange(T) * 10,
    )


def test_the_static_form_has_a_title_labels_and_alt_text():
    figure = everything().figure(frames=[0, -1])
    assert figure.get_suptitle() == "Everything"
    titled = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in titled] == ["First", "Second", "Third"] * 2
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in titled)
    assert [t.get_text() for t in titled[2].get_xticklabels()] == ["a", "b", "c"]
    assert alt_of(figure) == "Every kind of mark. Shown at epoch = 0: frame 0; epoch = 40: frame 4."


def test_the_static_form_draws_the_frame_it_says():
    view = player([Points([0, 1], np.arange(T)[:, None] * [1.0, 2.0])])
    first, last = (ax.collections[0].get_offsets() for ax in view.figure(frames=[0, T - 1]).axes)
    np.testing.assert_allclose(first, [[0, 0], [1, 0]])
    np.testing.assert_allclose(last, [[0, T - 1], [1, 2 * (T - 1)]])


def test_an_output_carries_the_widget_and_for_readers_without_it_a_picture_with_alt_text():
    view = everything()
    data, _ = view._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert 'alt="Every kind of mark."' in data["text/html"]
    assert data["text/plain"] == "Every kind of mark."
    picture = base64.b64decode(data["text/html"].split("base64,")[1].split('"')[0])
    assert picture.startswith(b"\x89PNG")


def test_exported_html_shows_the_picture_where_no_widget_state_was_saved():
    import nbformat
    from nbconvert import HTMLExporter

    data, _ = everything()._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell(
        "view", outputs=[nbformat.v4.new_output("execute_result", data, execution_count=1)]
    )
    html, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert 'alt="Every kind of mark."' in html


def test_shown_escapes_its_alt_text_and_refuses_to_do_without():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, 1])
    with pytest.raises(ValueError, match="A figure needs alt text"):
        shown(figure)
    bundle = shown(figure, alt='σ < 1, "vanishing"')._repr_mimebundle_()
    assert 'alt="σ &lt; 1, &quot;vanishing&quot;"' in bundle["text/html"]
    assert bundle["text/plain"] == 'σ < 1, "vanishing"'
    assert "http" not in bundle["text/html"]


def test_importing_the_views_loads_neither_matplotlib_nor_jax():
    code = "import sys, course.views; print(sorted({'matplotlib', 'jax', 'anywidget', 'numpy'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_a_view_that_does_not_exist_is_answered_with_those_that_do():
    import course.views

    with pytest.raises(AttributeError, match="no view named 'spectogram'; it has Bars"):
        _ = course.views.spectogram


def test_a_star_import_gives_views_and_no_modules():
    code = """
from types import ModuleType
from course.views import *
import course.views
print([name for name in course.views.__all__ if isinstance(globals()[name], ModuleType)])"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    ), "a module of the same name would stand in the view's way"


@pytest.mark.parametrize(
    ("log10", "said"),
    [(0, "1.0"), (-0.4559, "0.35"), (1.62, "42"), (-6.7, "2.0 × 10⁻⁷"), (-300, "1.0 × 10⁻³⁰⁰"), (4, "1.0 × 10⁴"),
     (0.99999, "10"), (-math.inf, "0"), (math.nan, "unknown"), (-2.5, "0.0032")],
)  # fmt: skip
def test_powers_of_ten_in_words(log10, said):
    assert power(log10) == said


def test_importing_every_view_starts_no_jax_backend():
    code = """
import course.views.spectrum, course.views.whisper_player, course.nets.spectrum, course.nets.whisper
from jax._src import xla_bridge
print(len(xla_bridge._backends))"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "0"
    )

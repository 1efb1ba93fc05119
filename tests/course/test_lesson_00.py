"""What the refreshers of unit 00 claim, asserted from the values they computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from lessons import Reading, cell_with, code_cells, said, words
from nbformat import NotebookNode

from course import syllabus
from course.tutoring.readiness import PrerequisiteResult

UNIT = "00-readiness"
TITLES = [skill.title for skill in syllabus.load().unit(UNIT).skills]
REPORTED = """
slopes, scatter, by_hand, by_jax, errors, automatic_error, stable, needed, slid, turned, off, ratios, rim,
paths=[as_a_factor, through_v, exact], naive=naive == np.inf
"""


def refreshers(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """The cells of each refresher, by its heading."""
    found: dict[str, list[NotebookNode]] = {}
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"#+ (.+)", cell.source)):
            cells = found.setdefault(heading[1], [])
        cells.append(cell)
    return {title: found.get(title, []) for title in TITLES}


# --------------------------------------------------------------------------- what is claimed


def test_a_sigmoids_slope_is_a_quarter_at_most_and_far_out_both_bells_are_flat(measured):
    slopes = measured["slopes"]
    assert slopes["sigmoid"].max() == pytest.approx(0.25)
    assert slopes["tanh"].max() == pytest.approx(1) == slopes["ReLU"].max()
    assert 0 < slopes["tanh"][-1] < slopes["sigmoid"][-1] < 0.02


def test_two_paths_differ_and_their_sum_is_the_slope(measured):
    one, other, together = measured["paths"]
    assert one != other and one + other == together == 39


def test_batches_sixteen_times_as_large_scatter_a_quarter(measured):
    assert measured["scatter"]["4"] / measured["scatter"]["64"] == pytest.approx(4, rel=0.05)


def test_batches_are_right_on_average(ran):
    printed = said(cell_with(ran, "scatter = {}"))
    small, large, whole = (float(n) for n in re.findall(r"gradient:? +(-?\d+\.\d+)", printed))
    assert small == pytest.approx(whole, abs=0.1) and large == pytest.approx(whole, abs=0.05)


def test_a_unit_that_is_off_learns_nothing_and_backprop_by_hand_is_jaxs(measured):
    by_hand = measured["by_hand"]
    assert not by_hand[0].any() and by_hand[1:].all()
    np.testing.assert_allclose(by_hand, measured["by_jax"], rtol=1e-6)


def test_a_quotients_error_falls_and_rises_again_and_autodiff_has_none(measured):
    large, middle, small, tiny = measured["errors"]
    assert measured["automatic_error"] < 1e-6
    assert middle < large / 50 and middle < small < tiny and tiny > large


def test_log_sum_exp_overflows_written_down_as_it_is_and_not_with_the_largest_first(measured):
    assert measured["naive"] is True
    assert measured["stable"] == pytest.approx(np.logaddexp(1000, 999), rel=1e-6)


def test_steps_grow_with_the_condition_number(measured):
    assert 8 < measured["needed"]["100"] / measured["needed"]["10"] < 12


def test_the_kernel_answers_edges_with_their_sign_and_turned_round_with_the_other(measured, ran):
    slid = measured["slid"].tolist()
    assert max(slid[:4]) == 1 and min(slid[4:]) == -1 and min(slid[:4]) == max(slid[4:]) == 0
    assert measured["turned"].tolist() == [-value for value in slid]
    moved = [int(n) for n in re.findall(r"-?\d+", said(cell_with(ran, "slid = ")).strip().splitlines()[-1])]
    assert moved[1:] == slid[:-1]


def test_a_little_l2_fits_the_training_points_worse_and_new_ones_better(measured):
    (train, new), (train_l2, new_l2) = measured["off"]["0.0"], measured["off"]["0.01"]
    assert train_l2 > 1.5 * train
    assert new_l2 < new / 3


def test_in_many_dimensions_everything_is_about_equally_far_and_close_to_the_surface(measured):
    ratios = list(measured["ratios"].values())
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > 10 and ratios[-1] < 1.2
    assert [measured["rim"][d] for d in ("2", "20")] == pytest.approx([1 - 0.9**2, 1 - 0.9**20], abs=0.08)
    assert measured["rim"]["100"] > 0.99


# --------------------------------------------------------------------------- how it reads, and what it costs


def test_each_prerequisite_has_a_refresher_of_one_screen(lesson):
    for title, cells in refreshers(lesson).items():
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        assert 50 <= len(words(prose)) <= 120, f"{title}: {len(words(prose))} words"
        assert "**Predict.**" in prose and "**Takeaway:**" in prose, title
        code = [cell for cell in cells if cell.cell_type == "code"]
        measuring, practising = (cell for cell in code if "jupyter" not in cell.metadata)  # what is folded draws
        assert len(measuring.source.splitlines()) <= 20, title
        assert practising.source.startswith('practice("readiness.'), title


def test_refreshers_come_as_they_are_asked_and_are_where_the_summary_links_to(lesson):
    headings = [m[1] for cell in lesson.cells if (m := re.match(r"## (.+)", cell.source))]
    assert headings[:9] == TITLES
    for title in TITLES:
        assert PrerequisiteResult("readiness.x", title, "unknown").anchor == "#" + title.replace(" ", "-")


def test_it_opens_with_the_gate_and_asks_before_it_teaches(lesson):
    code = [cell.source for cell in code_cells(lesson)]
    assert 'gate("00-readiness")' in code[0] and code[1] == "readiness()"
    assert code[-1] == 'progress("00-readiness")'
    assert "01-composition" in lesson.cells[-1].source


def test_both_halves_of_the_picture_are_titled_and_told_in_words(lesson):
    source = cell_with(lesson, "lesson.panels(").source
    assert {"Activation", "Its slope"} <= set(re.findall(r'"([^"]+)": ', source)) and "ylabel=(" in source
    [alt] = re.findall(r'alt="([^"]+)"', source)
    assert len(alt.split()) >= 10


class TestReading(Reading):
    pictures = 1
    predictions = 0
    peak_mb = 500
    cpu_seconds = 20

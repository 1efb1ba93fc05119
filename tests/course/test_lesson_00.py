"""Unit 00 run in a fresh kernel, and what its refreshers claim asserted from the values they computed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from course import manifest
from course.diagnosing import Outcome

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "course" / "00-readiness.ipynb"
TITLES = [skill.title for skill in manifest.load().unit("00-readiness").skills]

REPORT = """
import json, os, resource
def _peak_mb():
    if os.path.exists("/proc/self/status"):  # ru_maxrss also counts the process that started this one
        line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return np.asarray(value).tolist()
_usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({name: _plain(value) for name, value in {
    "slopes": slopes, "paths": [as_a_factor, through_v, exact], "scatter": scatter,
    "full_gradient": gradients.mean(), "by_hand": by_hand, "by_jax": by_jax, "errors": errors,
    "automatic_error": automatic_error, "naive": naive == np.inf, "stable": stable, "needed": needed,
    "slid": slid, "turned": turned, "off": off, "ratios": ratios, "rim": rim,
    "peak_mb": _peak_mb(), "cpu_seconds": _usage.ru_utime + _usage.ru_stime,
}.items()}))
"""


@pytest.fixture(scope="module")
def lesson() -> nbformat.NotebookNode:
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope="module")
def ran(lesson: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[nbformat.NotebookNode]:
    """The lesson after Run All in a fresh kernel, away from the clone, with a last cell that reports its values."""
    import matplotlib.font_manager  # noqa: F401  (a first import writes "building the font cache" to stderr)

    folder = tmp_path_factory.mktemp("lesson")
    notebook = nbformat.from_dict(lesson)
    notebook.cells = [*notebook.cells, nbformat.v4.new_code_cell(REPORT)]
    environment = os.environ | {
        "ISOMETRY_RECORD": str(folder / "record.jsonl"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        # Not over TCP: two kernels started at once may pick the same ports.
        config=Config({"KernelManager": {"transport": "ipc", "connection_file": str(folder / "kernel.json")}}),
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environment)
    assert not (folder / "record.jsonl").exists(), "a run without a person must record nothing"
    yield notebook


@pytest.fixture(scope="module")
def measured(ran: nbformat.NotebookNode) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(ran.cells[-1]))
    return found


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell: nbformat.NotebookNode) -> str:
    """What a cell printed; the kernel may send it in several parts."""
    return "".join(output.get("text", "") for output in cell.outputs)


def refreshers(notebook: nbformat.NotebookNode) -> dict[str, list[nbformat.NotebookNode]]:
    """The cells of each refresher, by its heading."""
    found: dict[str, list[nbformat.NotebookNode]] = {}
    cells: list[nbformat.NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"#+ (.+)", cell.source)):
            cells = found.setdefault(heading[1], [])
        cells.append(cell)
    return {title: found.get(title, []) for title in TITLES}


# --------------------------------------------------------------------------- what is claimed


def test_a_sigmoids_slope_is_a_quarter_at_most_and_far_out_both_bells_are_flat(measured):
    slopes = {name: np.array(values) for name, values in measured["slopes"].items()}
    assert slopes["sigmoid"].max() == pytest.approx(0.25)
    assert slopes["tanh"].max() == pytest.approx(1) == slopes["ReLU"].max()
    assert 0 < slopes["tanh"][-1] < slopes["sigmoid"][-1] < 0.02


def test_two_paths_differ_and_their_sum_is_the_slope(measured):
    one, other, together = measured["paths"]
    assert one != other and one + other == together == 39


def test_batches_sixteen_times_as_large_scatter_a_quarter(measured):
    assert measured["scatter"]["4"] / measured["scatter"]["64"] == pytest.approx(4, rel=0.05)


def test_batches_are_right_on_average(ran):
    [cell] = [cell for cell in code_cells(ran) if "scatter = {}" in cell.source]
    small, large, whole = (float(n) for n in re.findall(r"gradient:? +(-?\d+\.\d+)", said(cell)))
    assert small == pytest.approx(whole, abs=0.1) and large == pytest.approx(whole, abs=0.05)


def test_a_unit_that_is_off_learns_nothing_and_backprop_by_hand_is_jaxs(measured):
    by_hand = np.array(measured["by_hand"])
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
    slid = measured["slid"]
    assert max(slid[:4]) == 1 and min(slid[4:]) == -1 and min(slid[:4]) == max(slid[4:]) == 0
    assert measured["turned"] == [-value for value in slid]
    [cell] = [cell for cell in code_cells(ran) if "slid = " in cell.source]
    moved = [int(n) for n in re.findall(r"-?\d+", said(cell).strip().splitlines()[-1])]
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


# --------------------------------------------------------------------------- how it reads


def test_each_prerequisite_has_a_refresher_of_one_screen(lesson):
    for title, cells in refreshers(lesson).items():
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        words = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " x ", prose, flags=re.DOTALL).split()
        assert 50 <= len(words) <= 120, f"{title}: {len(words)} words"
        assert "**Predict.**" in prose and "**Takeaway:**" in prose, title
        measuring, practising = (cell for cell in cells if cell.cell_type == "code")
        assert len(measuring.source.splitlines()) <= 20, title
        assert practising.source.startswith('practice("readiness.'), title


def test_refreshers_come_as_they_are_asked_and_are_where_the_summary_links_to(lesson):
    headings = [m[1] for cell in lesson.cells if (m := re.match(r"## (.+)", cell.source))]
    assert headings[:9] == TITLES
    for title in TITLES:
        assert Outcome("readiness.x", title, "unknown").anchor == "#" + title.replace(" ", "-")


def test_it_opens_with_the_gate_and_asks_before_it_teaches(lesson):
    code = [cell.source for cell in code_cells(lesson)]
    assert 'gate("00-readiness")' in code[0] and code[1] == "readiness()"
    assert code[-1] == 'progress("00-readiness")'
    assert "01-composition" in lesson.cells[-1].source


def test_nothing_fails_or_speaks_on_stderr(ran):
    for cell in code_cells(ran):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", (cell.source, output.get("text"))


def test_the_picture_has_alt_text_and_named_axes(ran):
    pictures = [
        tag
        for cell in code_cells(ran)
        for output in cell.outputs
        for tag in re.findall(r"<img\b[^>]*>", "".join(output.get("data", {}).get("text/html", "")))
    ]
    assert len(pictures) == 1
    alt = re.search(r'alt="([^"]+)"', pictures[0])
    assert alt and len(alt[1].split()) >= 10
    for cell in code_cells(ran):
        if "subplots(" in cell.source:
            assert len(re.findall(r"title=.*xlabel=.*ylabel=", cell.source)) == 2


def test_the_lesson_is_kept_without_outputs(lesson):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(lesson))


@pytest.mark.skipif(sys.platform != "linux", reason="the budget is Binder's, which is Linux")
def test_the_lesson_keeps_to_its_budget(measured):
    assert measured["peak_mb"] <= 500
    assert measured["cpu_seconds"] <= 20

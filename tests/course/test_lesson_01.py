"""Lesson 01 run in a fresh kernel, and its claims asserted from the values it computed."""

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

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "course" / "01-composition.ipynb"
VIEWS = ("forward_steps(", "bending(", "tent_composer(")

REPORT = """
import json, os, resource
def _peak_mb():
    if os.path.exists("/proc/self/status"):  # ru_maxrss also counts the process that started this one
        line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
def _plain(value):
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return np.asarray(value).tolist()
_usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({name: _plain(value) for name, value in {
    "steps": steps, "slips": slips, "vmap_error": vmap_error, "loop_ms": loop_ms, "vmap_ms": vmap_ms,
    "counted": counted, "held": held, "line_share": line_share, "relu_share": relu_share, "relu_probes": relu_probes,
    "train": narrow.train, "losses": narrow.loss[:, -1], "best": best, "bend_probes": bend_probes, "solved": solved,
    "test": narrow.test, "trained": trained, "untrained": untrained, "spirals_test": deep.test,
    "linear_share": linear_share, "sizes": sizes, "collapse_error": collapse_error, "table": table,
    "found": {f"{depth}x{width}": pieces for (depth, width), pieces in found.items()},
    "peak_mb": _peak_mb(), "cpu_seconds": _usage.ru_utime + _usage.ru_stime,
}.items()}))
"""


@pytest.fixture(scope="module")
def lesson() -> nbformat.NotebookNode:
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope="module")
def ran(lesson: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[nbformat.NotebookNode]:
    """The lesson after Run All in a fresh kernel, away from the clone, with a cell at its end that reports its values."""
    import matplotlib.font_manager  # noqa: F401  (a first import writes "building the font cache" to stderr)

    folder = tmp_path_factory.mktemp("lesson")
    notebook = nbformat.from_dict(lesson)
    notebook.cells = [*notebook.cells, nbformat.v4.new_code_cell(REPORT)]
    environment = os.environ | {
        "ISOMETRY_RECORD": str(folder / "record.jsonl"),
        "ISOMETRY_GATES": "open",
        "MALLOC_ARENA_MAX": "1",  # as `course study` starts JupyterLab: XLA's compiling threads share one heap
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
    """The values the lesson computed; arrays as NumPy's."""

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: arrays(item) for key, item in value.items()}
        return np.array(value, float) if isinstance(value, list) else value

    return arrays(json.loads(ran.cells[-1].outputs[-1].text))


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --------------------------------------------------------------------------- one pass, by hand


def test_the_worked_example_is_the_seeds(measured):
    steps = measured["steps"]
    assert steps["product"].tolist() == [-1, -5, 2]
    assert steps["z"].tolist() == [-1, -4, 1]
    assert steps["h"].tolist() == [0, 0, 1]
    assert steps["s"] == 1
    assert steps["y"] == pytest.approx(0.731, abs=5e-4)


def test_of_four_slips_only_the_relu_on_a_positive_logit_hides(measured):
    right = measured["slips"].pop("no slip")
    hidden = [name for name, value in measured["slips"].items() if value == pytest.approx(right, abs=1e-3)]
    assert hidden == ["ReLU on the logit"]


def test_transposed_weights_cannot_be_multiplied(ran):
    [cell] = [cell for cell in code_cells(ran) if cell.source.startswith("(W1, b1), (W2, b2)")]
    assert "W¹ transposed      cannot even be multiplied" in cell.outputs[0].text


# --------------------------------------------------------------------------- a composition


def test_vmap_gives_what_the_loop_gives_and_sooner(measured):
    assert measured["vmap_error"] < 1e-4
    assert measured["loop_ms"] > 10 * measured["vmap_ms"]


def test_the_count_is_what_the_arrays_hold(measured):
    assert measured["counted"] == measured["held"] == 354


# --------------------------------------------------------------------------- moons and spirals


def test_one_hidden_layer_parts_the_moons_and_a_line_does_not(measured):
    assert 0.8 < measured["line_share"] < 0.9
    assert measured["relu_share"] > 0.99


def test_in_the_hidden_coordinates_the_moons_are_linearly_separable(measured):
    before, after = measured["relu_probes"]
    assert before < 0.9 < 0.99 < after


def test_planes_of_two_units_can_part_the_moons_and_training_does_not_always_find_it(measured):
    assert measured["solved"] == (measured["train"] > 0.99).sum()
    assert 6 <= measured["solved"] <= 22
    assert measured["best"] == np.argmin(measured["losses"])
    assert measured["test"][int(measured["best"])] > 0.98


def test_the_bent_plane_is_closer_to_separable_at_every_layer(measured):
    probes = measured["bend_probes"]
    assert (np.diff(probes) > -0.005).all()
    assert probes[0] < 0.87 and probes[-1] > 0.98


def test_probe_accuracy_rises_with_depth_on_the_spirals(measured):
    mean = measured["trained"].mean(axis=0)
    assert (np.diff(mean) > 0).all()
    assert mean[0] < 0.7 and measured["trained"][:, -1].min() > 0.97
    assert mean[2] - mean[1] > 0.1, "the text says that it climbs at layer 2"


def test_it_is_training_and_not_depth_alone_that_makes_it_rise(measured):
    untrained = measured["untrained"]
    assert untrained.shape == measured["trained"].shape
    assert np.abs(untrained.mean(axis=0) - untrained[0, 0]).max() < 0.1
    assert untrained[:, -1].max() < 0.75


# --------------------------------------------------------------------------- collapse, pieces


def test_linear_layers_reach_what_the_line_reaches(measured):
    assert measured["sizes"].tolist() == [626, 6]
    assert measured["linear_share"] == pytest.approx(measured["line_share"], abs=0.01)


def test_twenty_linear_layers_are_one_to_rounding_and_with_relus_they_are_not(measured):
    error = measured["collapse_error"]
    assert error["no activation"] < 1e-5
    assert error["biases just added up"] > 0.1 and error["with ReLUs"] > 0.1


def test_depth_is_not_more_parameters(measured):
    for folds, deep, wide, deep_pieces, most, needed in measured["table"]:
        assert deep == wide, "the comparison is fair"
        assert deep_pieces == 2**folds
        assert most <= 2 * folds + 1
        assert needed == deep_pieces - 1
    assert measured["table"][-1, 3:5].tolist() == [256, 17]


def test_random_weights_hardly_fold(measured):
    mean = {shape: pieces.mean() for shape, pieces in measured["found"].items()}
    assert mean["8x2"] == min(mean.values()) < 8
    assert mean["1x16"] == max(mean.values())
    assert measured["found"]["1x16"].max() <= 17
    assert max(pieces.max() for pieces in measured["found"].values()) < 64


# --------------------------------------------------------------------------- how it reads, and what it costs


def test_nothing_fails_or_speaks_on_stderr(ran):
    for cell in code_cells(ran):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", (cell.source, output.get("text"))


def test_every_picture_has_alt_text(ran):
    pictures = 0
    for cell in code_cells(ran):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data and "image/svg+xml" not in data, cell.source
            for tag in re.findall(r"<img\b[^>]*>", "".join(data.get("text/html", ""))):
                alt = re.search(r'alt="([^"]+)"', tag)
                assert alt and len(alt[1].split()) >= 5, cell.source
                pictures += 1
    assert pictures == 6


def test_every_figure_has_a_title_and_named_axes(lesson):
    for cell in code_cells(lesson):
        if "subplots(" in cell.source:
            assert {"title=", "xlabel=", "ylabel="} <= set(re.findall(r"\b(?:title|xlabel|ylabel)=", cell.source)), (
                cell.source
            )


def test_every_picture_is_followed_by_what_to_take_from_it(lesson):
    for cell, after in zip(lesson.cells, lesson.cells[1:], strict=False):
        if cell.cell_type == "code" and ("shown(" in cell.source or cell.source.startswith(VIEWS)):
            assert after.cell_type == "markdown" and after.source.startswith("**Takeaway:**"), cell.source


def test_run_all_waits_for_no_prediction(ran):
    asked = sum(cell.source.count("= predict(") for cell in code_cells(ran))
    unanswered = sum("nothing yet" in output.get("text", "") for cell in code_cells(ran) for output in cell.outputs)
    assert asked == unanswered >= 8


def test_prose_between_two_code_cells_is_short(lesson):
    run: list[str] = []
    for cell in lesson.cells[:-1]:  # the last one lists the sources
        run = [*run, cell.source] if cell.cell_type == "markdown" else []
        words = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " x ", "\n".join(run), flags=re.DOTALL).split()
        assert len(words) <= 130, " ".join(words[:12])


def test_the_lesson_is_kept_without_outputs(lesson):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(lesson))
    assert lesson.metadata.kernelspec.name == "python3"


@pytest.mark.skipif(sys.platform != "linux", reason="the budget is Binder's, which is Linux")
def test_the_lesson_keeps_to_its_budget(measured):
    assert measured["peak_mb"] <= 600
    assert measured["cpu_seconds"] <= 60, "more than 30 s on both of two cores"

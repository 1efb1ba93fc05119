"""Lesson 04 run in a fresh kernel, and its claims asserted from the values it computed."""

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
LESSON = ROOT / "course" / "04-normalization.ipynb"
VIEWS = ("norm_axes(", "norm_training(", "spectrum_explorer(")
KINDS = ("none", "batch", "layer", "rms")
NORMED = KINDS[1:]

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
_joined = lambda table: {" ".join(map(str, key)): value for key, value in table.items()}
print(json.dumps({name: _plain(value) for name, value in {
    "made": made, "Z": Z, "slope_in": slope_in, "slope_out": slope_out, "value_out": value_out, "across": across,
    "delta": delta, "foretold": foretold, "gap": gap, "moved": moved, "moved_batch": moved_batch,
    "accuracy": _joined(accuracy), "grown": grown, "diverged": seen.loss[run("none", "double"), 20],
    "final": {f"{kind} {scale}": seen.loss[run(kind, scale), -40:].mean() for kind in KINDS for scale in scales},
    "half_signal": seen.signal[run("none", "half"), 0],
    "normed_signal": {kind: seen.signal[run(kind, "half")] for kind in KINDS[1:]},
    "halved": halved, "signal_gap": signal_gap, "alone": alone, "after": after, "right": _joined(right),
    "pairs": np.asarray(plain["batch"](pairs)),
    "small": _joined(small), "typical": typical, "reads": reads, "shift": shift, "smooth": smooth, "turned": turned,
    "spectra": spectra, "s": s, "r": r, "per_layer": per_layer, "theory": theory,
    "parameters": {name: table.parameters for name, table in counted.items()},
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
    accuracy = measured["accuracy"]
    assert accuracy["none half"] < 0.3 and accuracy["none double"] < 0.2 and accuracy["none usual"] > 0.9
    for kind in NORMED:
        assert min(accuracy[f"{kind} {scale}"] for scale in ("half", "usual", "double")) > 0.82, kind
    assert measured["final"]["none half"] > 2.2
    assert np.isnan(measured["diverged"])


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
    assert right["running mixed"] == right["running sorted"] > 0.9
    assert right["batch sorted"] < 0.35, "the text says: hardly more than guessing"
    assert right["batch mixed"] > 0.7


# --------------------------------------------------------------------------- a batch of two


def test_a_batch_of_two_is_left_with_signs(measured):
    np.testing.assert_allclose(np.abs(measured["pairs"]), 1, atol=1e-4)


def test_batch_norm_is_hurt_at_two_and_layer_norm_is_not(measured):
    small = measured["small"]
    assert small["batch 64"].min() > 0.93 and small["layer 64"].min() > 0.9
    assert small["batch 2"].max() < 0.45
    assert small["layer 2"].min() > 0.8
    assert small["layer 2"].min() - small["batch 2"].max() > 0.4, "in every seed, by a wide margin"
    assert small["layer 64"].mean() - small["layer 2"].mean() < 0.1


# --------------------------------------------------------------------------- why it helps


def test_batch_norm_holds_the_statistics_still(measured):
    typical = measured["typical"]
    assert typical["batch"] < 0.1 * typical["none"]
    assert 0.5 < typical["layer"] / typical["none"] < 1.5, "LayerNorm drifts like no norm"


def test_that_is_not_why_it_works(measured):
    """Jolted, it drifts more than no norm at all, and learns as well."""
    assert measured["typical"]["jolted"] > 1.4 * measured["typical"]["none"]
    assert min(measured["reads"]["jolted"]) > 0.92
    assert min(measured["reads"]["layer"]) > 0.92
    assert measured["shift"]["batch"] > 0.8 * measured["shift"]["none"], "the shift an optimizer feels is no smaller"


def test_the_loss_is_smoother_with_batch_norm_and_not_with_layer_norm(measured):
    smooth = measured["smooth"]
    assert smooth["batch"] < 0.4 * smooth["none"]
    assert smooth["jolted"] < 0.5 * smooth["none"]
    assert smooth["layer"] > 0.6 * smooth["none"]
    assert measured["turned"]["batch"] < 0.6 * measured["turned"]["none"]


# --------------------------------------------------------------------------- the spectrum, and counts


def test_a_norms_jacobian_is_an_isometry_but_for_its_scale_and_what_it_cannot_see(measured):
    layer, rms = measured["spectra"]["layer"], measured["spectra"]["rms"]
    np.testing.assert_allclose(layer[:62], 1 / measured["s"], rtol=1e-4)
    np.testing.assert_allclose(rms[:63], 1 / measured["r"], rtol=1e-4)
    assert layer[62:].max() < 1e-5 and rms[63] < 1e-5


def test_batch_norm_makes_gradients_grow_downwards_as_foretold(measured):
    assert measured["per_layer"]["batch"] == pytest.approx(measured["theory"], abs=0.06)
    assert max(measured["per_layer"][kind] for kind in ("none", "layer", "rms")) < 1.0


def test_a_norm_adds_what_the_text_says(measured):
    parameters = measured["parameters"]
    assert parameters["batch"] - parameters["none"] == parameters["layer"] - parameters["none"] == 256
    assert parameters["rms"] == parameters["none"]


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
    assert pictures == 6 + len(VIEWS)


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

"""Lesson 02 run in a fresh kernel, and its claims asserted from the values it computed."""

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

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "course" / "02-jacobians.ipynb"
RUNS = ("sigmoid, η = 0.1", "sigmoid, η = 1", "tanh, η = 0.1", "relu, η = 0.03")

REPORT = """
import json, os, resource, sys
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
    "line_autodiff": line_autodiff, "line_closed_form": line_closed_form, "first_below": first_below, "peak": peak,
    "update_is_zero": update_is_zero, "weight_stalls": weight_stalls, "w": w, "w_after": w_after,
    "layer_error": layer_error, "order_error": order_error, "chain_error": chain_error,
    "row_ms": row_ms, "matrix_ms": matrix_ms, "real": real, "lined_up": lined_up, "layer_norms": S[:, 0],
    "log_sigma": {f"{phi} {kind}": value for (phi, kind), value in log_sigma.items()},
    "typical": {f"{phi} {scale}": value for (phi, scale), value in typical.items()},
    "norms": norms, "per_layer": per_layer, "spreads": spreads,
    "disguise_error": disguise_error, "disguise_norms": disguise_norms,
    "result": result, "final_loss": final_loss, "accuracy": accuracy,
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
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
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
    right = measured["layer_error"].pop("diag(φ′(z)) W")
    assert right < 1e-6
    assert len(measured["layer_error"]) == 3 and min(measured["layer_error"].values()) > 0.01


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


def test_the_early_layers_of_the_sigmoid_net_hear_almost_nothing(measured):
    norms = measured["norms"]
    assert norms["sigmoid"][0] < 1e-9 * norms["sigmoid"][-1]
    assert np.all(np.diff(norms["sigmoid"]) > 0)
    assert measured["per_layer"] == pytest.approx(0.25, abs=0.03)
    for name in ("tanh", "relu"):
        assert norms[name].max() < 5 * norms[name].min()


def test_the_first_layers_of_the_deep_sigmoid_net_do_not_move_by_a_single_bit(measured):
    for run in ("sigmoid, η = 0.1", "sigmoid, η = 1"):
        deep = {key: value[-1] for key, value in measured["result"][run].items()}
        assert deep["moved"][0] == 0 and deep["changed"][0] == 0
        assert deep["moved"][-1] > 1e-3 and deep["changed"][-1] > 0.99
    for run in ("tanh, η = 0.1", "relu, η = 0.03"):
        assert np.all(measured["result"][run]["moved"][-1] > 0.01)


def test_more_layers_hurt_the_sigmoid_net(measured):
    loss, accuracy = measured["final_loss"], measured["accuracy"]
    for run in ("sigmoid, η = 0.1", "sigmoid, η = 1"):
        assert loss[run]["20"] > np.log(10) - 0.03 and accuracy[run]["20"] < 0.2
        assert loss[run]["20"] > loss[run]["2"] > loss[run]["1"]
        assert loss[run]["8"] > np.log(10) - 0.03
    assert loss["sigmoid, η = 1"]["20"] > 10 * loss["sigmoid, η = 1"]["2"]
    assert accuracy["sigmoid, η = 1"]["2"] > 0.97


def test_the_deep_tanh_net_learns_and_the_deep_relu_net_less_than_a_shallower_one(measured):
    assert measured["accuracy"]["tanh, η = 0.1"]["20"] > 0.9
    assert measured["final_loss"]["tanh, η = 0.1"]["20"] < 0.2
    assert measured["final_loss"]["relu, η = 0.03"]["20"] > measured["final_loss"]["relu, η = 0.03"]["8"]


def test_the_digits_fade_on_the_way_up_as_the_teacher_does_on_the_way_down(measured):
    spreads = measured["spreads"]
    assert spreads["sigmoid"][-1] < 1e-6 < 0.1 < spreads["sigmoid"][0]
    for name in ("tanh", "relu"):
        assert spreads[name].max() < 10 * spreads[name].min()


def test_a_sigmoid_net_can_be_the_tanh_net_and_then_hears_as_well(measured):
    assert measured["disguise_error"] < 1e-3
    heard = measured["disguise_norms"]
    assert heard[1:].max() < 10 * heard[1:].min() and heard[0] > 0.1 * heard[-1]


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
    assert pictures >= 10


def test_every_figure_has_a_title_and_named_axes(lesson):
    for cell in code_cells(lesson):
        if "subplots(" in cell.source:
            named = set(re.findall(r"\b(title|xlabel|ylabel)=", cell.source))
            assert named == {"title", "xlabel", "ylabel"}, cell.source


def test_every_figure_is_followed_by_what_to_take_from_it(lesson):
    pictures = re.compile(r"^(shown|whisper|spectrum_explorer)\(", re.MULTILINE)
    for cell, after in zip(lesson.cells, lesson.cells[1:], strict=False):
        if cell.cell_type == "code" and pictures.search(cell.source):
            assert after.cell_type == "markdown" and re.match(r"\*\*(Takeaway|Explain)", after.source), cell.source


def test_run_all_waits_for_no_prediction(ran):
    asked = sum(cell.source.count("= predict(") for cell in code_cells(ran))
    unanswered = sum("nothing yet" in output.get("text", "") for cell in code_cells(ran) for output in cell.outputs)
    assert asked == unanswered >= 10


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
    assert measured["cpu_seconds"] <= 120, "more than 60 s on both of two cores"

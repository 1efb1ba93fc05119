"""Lesson 06 run in a fresh kernel, and its claims asserted from the values it computed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "course" / "06-convolution.ipynb"
VIEWS = ("kernel_slide(", "field_grower(", "layer_stack(")

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
    "conv_error": conv_error, "sizes": sizes, "in_the_arrays": kernel_array.size + bias_array.size, "counted": layer.parameters,
    "by_size": by_size, "pointwise_error": pointwise_error, "fewer_weights": fewer_weights, "more_outputs": more_outputs,
    "more_work": more_work, "dense": [dense.parameters, dense.multiply_adds], "maps": [maps.parameters, maps.multiply_adds],
    "nonzero": int(np.sum(matrix != 0)), "different_numbers": different_numbers, "matrix_error": matrix_error,
    "enough": enough, "fields": fields, "field": field, "width": width,
    "cost": {name: [c.parameters, c.multiply_adds, c.field[0]] for name, c in cost.items()},
    "separable_error": separable_error, "published": totals, "share": share,
    "error": error, "columns_that_differ": columns_that_differ, "invariance_error": invariance_error,
    "parameters": parameters, "accuracy": accuracy,
    "spectrogram": by_conv.shape, "spectrogram_error": spectrogram_error, "size": size,
    "peak_mb": _peak_mb(), "cpu_seconds": _usage.ru_utime + _usage.ru_stime,
}.items()}))
"""


@pytest.fixture(scope="module")
def lesson() -> nbformat.NotebookNode:
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope="module")
def ran(lesson: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The lesson after Run All in a fresh kernel, away from the clone, with a cell at its end that reports its values."""
    import matplotlib.font_manager  # noqa: F401  (a first import writes "building the font cache" to stderr)

    folder = tmp_path_factory.mktemp("lesson")
    notebook = nbformat.from_dict(lesson)
    notebook.cells = [*notebook.cells, nbformat.v4.new_code_cell(REPORT)]
    environment = os.environ | {
        "ISOMETRY_GATES": "open",
        "MALLOC_ARENA_MAX": "1",  # as `course study` starts JupyterLab: XLA's compiling threads share one heap
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
    return notebook


@pytest.fixture(scope="module")
def measured(ran: nbformat.NotebookNode) -> dict[str, Any]:
    """The values the lesson computed; arrays as NumPy's."""

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: arrays(item) for key, item in value.items()}
        return np.array(value) if isinstance(value, list) else value

    [output] = [o for o in ran.cells[-1].outputs if o.output_type == "stream" and o.name == "stdout"]
    return arrays(json.loads(output.text))


# --------------------------------------------------------------------------- one kernel, sizes, channels


def test_own_convolution_is_jaxs(measured):
    assert len(measured["conv_error"]) == 3
    assert max(measured["conv_error"].values()) < 1e-6


def test_the_output_is_as_large_as_the_formula_says(measured):
    for setting, out in measured["sizes"].items():
        n, m, s, p = (int(v) for v in re.findall(r"\d+", setting))
        assert out == (n + 2 * p - m) // s + 1
    assert measured["sizes"]["(32, 5, 2, 0)"] == 14


def test_parameters_are_what_the_arrays_hold_on_any_picture(measured):
    assert measured["in_the_arrays"] == measured["counted"] == 1792
    assert set(measured["by_size"].values()) == {1792}


def test_a_1x1_convolution_is_a_dense_layer_at_every_pixel(measured):
    assert measured["pointwise_error"] < 1e-5


# --------------------------------------------------------------------------- dense and convolution


def test_the_worked_example_is_the_seeds_and_its_caveat_holds(measured):
    assert measured["dense"].tolist() == [307_200, 307_200]
    assert measured["maps"].tolist() == [1728, 1_769_472]
    assert measured["fewer_weights"] == pytest.approx(178, abs=0.5)
    assert measured["more_outputs"] == pytest.approx(655, abs=0.5)
    assert measured["more_work"] == pytest.approx(5.76)


def test_a_convolution_is_a_dense_layer_with_nine_different_weights(measured):
    assert measured["different_numbers"] == 9
    assert measured["nonzero"] == (8 + 7 + 7) ** 2  # along each axis: every row has itself and its two neighbours
    assert measured["matrix_error"] < 1e-5


# --------------------------------------------------------------------------- fields and costs


def test_sixteen_layers_see_the_picture(measured):
    assert measured["enough"] == 16


def test_a_nudge_is_heard_from_where_the_count_says(measured):
    assert len(measured["fields"]) == 2
    for counted, heard in measured["fields"].values():
        assert (counted == heard).all()


def test_the_field_grows_with_depth_and_the_bell_with_its_root(measured):
    field, width = measured["field"], measured["width"]
    assert [field[L] for L in ("4", "16", "64")] == [9, 33, 129]
    assert width["64"] / width["4"] == pytest.approx(4, rel=1e-3)
    assert field["64"] / field["4"] > 14


def test_the_cheaper_ways_are_as_cheap_as_told(measured):
    cost = measured["cost"]
    ordinary, separable = cost["ordinary 3×3"][1], cost["depthwise separable"][1]
    assert ordinary / separable == pytest.approx(9 * 256 / (9 + 256)) == pytest.approx(8.69, abs=0.005)
    assert ordinary / cost["bottleneck through 64"][1] > 8
    assert cost["two 3×3"][2] == cost["one 5×5"][2] == 5
    assert cost["two 3×3"][0] / cost["one 5×5"][0] == 18 / 25
    assert measured["separable_error"] < 1e-5


def test_published_counts_are_reproduced_exactly(measured):
    assert measured["published"] == {
        "LeNet-5": 61_706,
        "LeNet-5 (1998)": 60_000,
        "AlexNet": 61_100_840,
        "VGG-16": 138_357_544,
        "ResNet-50": 25_557_032,
    }


def test_dense_layers_hold_vggs_weights_and_convolutions_do_its_work(measured):
    parameters, work = measured["share"]["VGG-16"]
    assert parameters < 0.11 and work > 0.99
    assert measured["share"]["ResNet-50"][0] > 0.9
    assert measured["published"]["VGG-16"] > 5 * measured["published"]["ResNet-50"]


# --------------------------------------------------------------------------- equivariance


def test_stride_1_with_circular_padding_is_exactly_equivariant(measured):
    assert measured["error"]["stride 1, circular"].tolist() == [0.0] * 9


@pytest.mark.parametrize(
    ("layer", "stride"), [("stride 2, circular", 2), ("stride 4, circular", 4), ("stride 1, ReLU, max pool 2×2", 2)]
)
def test_a_stride_keeps_its_multiples_and_breaks_all_other_shifts(measured, layer, stride):
    for shift, error in enumerate(measured["error"][layer]):
        assert error == 0 if shift % stride == 0 else error > 0.4


def test_zero_padding_breaks_it_at_the_border_alone(measured):
    assert measured["error"]["stride 1, zeros"][0] == 0
    assert 0.1 < measured["error"]["stride 1, zeros"][1:].min() <= measured["error"]["stride 1, zeros"].max() < 0.4
    assert measured["columns_that_differ"].tolist() == [0, 1, 11]


def test_the_largest_of_each_map_does_not_move(measured):
    assert measured["invariance_error"] == 0


# --------------------------------------------------------------------------- does it pay?


def test_the_nets_that_are_compared_are_equally_large(measured):
    cnn, mlp, large = (measured["parameters"][name] for name in ("CNN", "MLP", "MLP, 8 × larger"))
    assert (cnn, mlp, large) == (2020, 2025, 15_510)


def test_the_cnn_beats_the_mlp_at_equal_parameters_at_every_size_beyond_the_error_bars(measured):
    cnn, mlp, large = (measured["accuracy"][name] for name in ("CNN", "MLP", "MLP, 8 × larger"))
    assert cnn.shape[0] == 3 and cnn.shape[1] >= 3
    assert (cnn.min(axis=1) > mlp.max(axis=1)).all()
    assert cnn[0].min() > mlp[2].max(), "the takeaway: 100 digits for the CNN, 1500 for the MLP"
    assert (cnn[:2].min(axis=1) > large[:2].max(axis=1)).all()
    assert large[2].mean() > 0.8, "the text says that the larger MLP comes close"
    assert 0.65 < cnn[0].mean() < 0.77 and mlp[0].mean() < 0.35 and large[0].mean() < 0.4


def test_shuffled_pixels_take_the_cnns_advantage_and_leave_the_mlps_alone(measured):
    accuracy = {name: a.mean(axis=1) for name, a in measured["accuracy"].items()}
    assert (accuracy["CNN, pixels shuffled"] < accuracy["MLP, pixels shuffled"]).all()
    assert accuracy["CNN, pixels shuffled"][2] < 0.4
    assert np.abs(accuracy["MLP, pixels shuffled"] - accuracy["MLP"]).max() < 0.07


# --------------------------------------------------------------------------- sound, scale


def test_a_spectrogram_is_a_convolution(measured):
    assert measured["spectrogram"].tolist() == [201, 98]
    assert measured["spectrogram_error"] < 1e-5


def test_weights_of_variance_one_over_fan_in_keep_the_size(measured):
    right, wrong = measured["size"].values()
    assert 0.7 < right < 1.4
    assert wrong == pytest.approx(right * 3**8, rel=0.01)


# --------------------------------------------------------------------------- the lesson as a whole


def test_it_stays_within_its_budget(measured):
    assert measured["peak_mb"] < 600
    assert measured["cpu_seconds"] < 60


def test_no_cell_writes_to_stderr(ran):
    said = [
        o.text
        for cell in ran.cells
        for o in cell.get("outputs", [])
        if o.output_type == "stream" and o.name == "stderr"
    ]
    assert said == []


def test_each_prediction_precedes_its_run_and_each_picture_has_a_takeaway(lesson):
    sources = [cell.source for cell in lesson.cells]
    guesses = [i for i, cell in enumerate(lesson.cells) if cell.cell_type == "code" and "= predict(" in cell.source]
    assert len(guesses) >= 10
    for i in guesses:
        assert sources[i - 1].rstrip().startswith("**Predict.**") or "**Predict.**" in sources[i - 1]
    pictures = [
        i
        for i, s in enumerate(sources)
        if lesson.cells[i].cell_type == "code" and ("shown(fig" in s or s.startswith(VIEWS))
    ]
    assert len(pictures) >= 8
    for i in pictures:
        after = next(
            s for s, cell in zip(sources[i + 1 :], lesson.cells[i + 1 :], strict=True) if cell.cell_type == "markdown"
        )
        assert "**Takeaway:**" in after or "**Explain.**" in after, sources[i][:80]

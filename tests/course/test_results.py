"""Recorded runs: written in one step, dated by their sources, shown as recorded, and made anew by `make prove`."""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from course import lesson
from course.commands.results import command
from course.errors import CourseError
from course.results import recording

RUN = "from course.nets.middle import B\n\n\ndef run():\n    return {'b': B}\n"
NETS = {
    "middle": "from course.nets import base\nB = base.A\n",
    "base": "import numpy as np\nA = np.ones(2)\n",
    "aside": "C = 3\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small course's results: one run, which imports `middle`, which imports `base`; `aside` is imported by nobody."""
    (tmp_path / "course" / "results").mkdir(parents=True)
    (tmp_path / "course" / "nets").mkdir()
    (tmp_path / "course" / "results" / "small.py").write_text(RUN)
    for name, text in NETS.items():
        (tmp_path / "course" / "nets" / f"{name}.py").write_text(text)
    return tmp_path / "course" / "results"


# --------------------------------------------------------------------------- sources


@pytest.mark.parametrize(
    ("changed", "counts"),
    [("results/small.py", True), ("nets/middle.py", True), ("nets/base.py", True), ("nets/aside.py", False)],
)
def test_a_run_is_of_its_own_file_and_of_all_that_it_imports_of_the_course(folder: Path, changed: str, counts: bool):
    before = recording.hash_of_sources("small", folder)
    with (folder.parent / changed).open("a") as file:
        file.write("# changed\n")
    assert (recording.hash_of_sources("small", folder) != before) is counts


def test_line_endings_do_not_count(folder: Path):
    before = recording.hash_of_sources("small", folder)
    (folder / "small.py").write_bytes(RUN.replace("\n", "\r\n").encode())
    assert recording.hash_of_sources("small", folder) == before


def test_circles_and_packages_end(folder: Path):
    (folder.parent / "nets" / "base.py").write_text("import course.nets.middle\n")
    before = recording.hash_of_sources("small", folder)
    (folder.parent / "nets" / "__init__.py").write_text("")
    with (folder / "small.py").open("a") as file:
        file.write("from course import nets\n")
    assert recording.hash_of_sources("small", folder) != before


# --------------------------------------------------------------------------- making, loading, showing


@pytest.fixture
def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small run, made in its folder; the file."""

    class Module:
        @staticmethod
        def run() -> dict[str, np.ndarray]:
            return {"b": np.array([[1 / 3, np.nan]]), "n": np.array(7)}

    monkeypatch.setattr(recording, "HERE", folder)
    monkeypatch.setattr(recording, "import_module", lambda name: Module)
    monkeypatch.setattr(recording.names, "__defaults__", (folder,))
    monkeypatch.setattr(recording.hash_of_sources, "__defaults__", (folder,))
    monkeypatch.setattr(recording.load, "__defaults__", (folder,))
    monkeypatch.setattr(recording.is_stale, "__defaults__", (folder,))
    result = CliRunner().invoke(command, ["small"])
    assert result.exit_code == 0, result.output
    assert "small: wrote small.json, in " in result.output
    return folder / "small.json"


def test_a_run_is_written_whole_with_its_header_and_found_again(made: Path):
    record = recording.load("small", made.parent)
    assert record.figures["b"] == pytest.approx(np.array([[0.333333, np.nan]]), nan_ok=True)
    assert record.figures["n"] == 7
    assert record.cores >= 1 and record.seconds >= 0 and {"jax", "numpy", "python"} <= set(record.versions)
    assert not list(made.parent.glob("*.new"))
    assert json.loads(made.read_text())["sources"] == recording.hash_of_sources("small", made.parent)


def test_what_is_in_step_is_not_run_again_and_what_is_stale_is(made: Path):
    assert CliRunner().invoke(command).output == "recorded runs are in step with their code\n"
    (made.parent / "small.py").write_text(RUN + "# changed\n")
    assert recording.is_stale("small", made.parent)
    assert "small: running" in CliRunner().invoke(command).output
    assert not recording.is_stale("small", made.parent)


def test_a_run_that_fails_leaves_the_old_figures(made: Path, monkeypatch: pytest.MonkeyPatch):
    before = made.read_text()
    monkeypatch.setattr(recording, "import_module", lambda name: pytest.fail("no module"))
    with pytest.raises(BaseException, match="no module"):
        recording.make("small")
    assert made.read_text() == before


def test_a_run_that_is_not_there_is_one_sentence(folder: Path):
    with pytest.raises(CourseError, match=r"No run is called “deep”. There are: small\."):
        recording.load("deep", folder)
    with pytest.raises(CourseError, match=r"not recorded yet. Record it: make results ARGS=small"):
        recording.load("small", folder)


def test_a_lesson_says_that_it_is_recorded_and_how_long_it_took(capsys: pytest.CaptureFixture[str]):
    figures = lesson.recorded("deep_tanh")
    assert figures["accuracy"].shape == (2, 2, 3, 5)
    said = capsys.readouterr().out
    record = recording.load("deep_tanh")
    assert said.startswith("As recorded (course/results/deep_tanh.py); the run took ") and " cores." in said
    assert f"{record.seconds:.0f} s" in said or f"{record.seconds / 60:.0f} min" in said


# --------------------------------------------------------------------------- the runs that are here


@pytest.mark.parametrize("name", recording.names())
def test_recorded_figures_are_those_of_the_code_and_small(name: str):
    assert not recording.is_stale(name), f"make results ARGS={name}"
    assert (recording.HERE / f"{name}.json").stat().st_size < 100_000


def test_other_figures_are_told_apart():
    one = {"a": np.array([0.5, np.nan]), "b": np.ones(2)}
    assert recording.differences(one, {"a": np.array([0.51, np.nan]), "b": np.ones(2)}, 0.02) == []
    assert recording.differences(one, {"a": np.array([0.6, np.nan]), "b": np.ones(3)}, 0.02) == [
        "“a” differs by up to 0.1",
        "“b” has the shapes (2,) and (3,)",
    ]
    assert recording.differences(one, {"a": one["a"]}, 0.02) == ["only one has “b”"]


if os.environ.get("ISOMETRY_PROVE") == "1":  # minutes a run; the lesson's test compares the one column that runs live

    @pytest.mark.prove
    @pytest.mark.parametrize("name", recording.names())
    def test_a_run_made_anew_finds_what_was_recorded(name: str):
        found, recorded = import_module(f"course.results.{name}").run(), recording.load(name).figures
        print(f"{name}, figure by figure:", recording.differences(found, recorded, 0.0) or "the same")
        # Rounding differs by machine, and a net that is near being lost makes much of it: means over seeds are compared.
        means = [{key: np.asarray(value).mean(axis=-1) for key, value in each.items()} for each in (found, recorded)]
        assert recording.differences(*means, tolerance=0.1) == []

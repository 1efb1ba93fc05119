"""`exercises/` is what nbgrader releases from `solutions/`: no bank, text half or solution, the same bytes again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from course.authoring import pairing, release
from course.authoring.commands import exercises
from course.authoring.course_files import PROJECT, Tree
from course.authoring.release import OutOfStep, ReleaseError

UNITS = [folder.name for folder in Tree().source_folders()]


# --------------------------------------------------------------------------- this course


def test_exercises_are_in_step_with_solutions() -> None:
    assert UNITS
    assert release.out_of_step(PROJECT) == [], "run `make exercises`"


@pytest.mark.parametrize("unit", UNITS)
def test_no_bank_and_no_text_half_is_released(unit: str) -> None:
    folder = PROJECT / "exercises" / unit
    sources = {path.name for path in (PROJECT / "solutions" / unit).iterdir()}
    assert {"bank", "oracles.py", f"{unit}.md"} <= sources
    assert {path.name for path in folder.rglob("*")} & sources == {f"{unit}.ipynb"}
    assert list(folder.rglob("*.md")) == list(folder.rglob("*.py")) == []


@pytest.mark.parametrize("unit", UNITS)
def test_no_solution_is_released(unit: str) -> None:
    source = nbformat.read(PROJECT / "solutions" / unit / f"{unit}.ipynb", as_version=4)
    released = (PROJECT / "exercises" / unit / f"{unit}.ipynb").read_text(encoding="utf-8")
    assert "SOLUTION" not in released
    assert "MARK SCHEME" not in released
    regions = [
        match
        for cell in source.cells
        for match in re.findall(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", cell.source, re.DOTALL)
    ]
    assert len(regions) > 5
    stand = {cell.id: cell.source for cell in nbformat.reads(released, as_version=4).cells}
    for region in regions:
        assert not any(region in text for text in stand.values()), region


@pytest.mark.parametrize("unit", UNITS)
def test_a_release_is_the_same_to_the_byte_each_time(unit: str, tmp_path: Path) -> None:
    once, again = (release.files(release.build(PROJECT, unit, tmp_path / name)) for name in ("once", "again"))
    assert once == again
    assert f"{unit}.ipynb" in once


# --------------------------------------------------------------------------- a course of one unit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = shutil.copytree(Path(__file__).with_name("lint_course"), tmp_path / "small")
    for pair in pairing.pairs(folder):
        pairing.sync(pair)
    (folder / "exercises").mkdir()
    (folder / "exercises" / "README.md").write_text("What a learner fills in.\n")
    assert release.regenerate(folder) == ["01-powers"]
    return folder


def test_what_stands_beside_the_units_survives(root: Path) -> None:
    assert (root / "exercises" / "README.md").read_text() == "What a learner fills in.\n"
    assert sorted(path.name for path in (root / "exercises").iterdir()) == ["01-powers", "README.md"]


def test_a_second_release_touches_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (root / "exercises").rglob("*")}
    assert release.regenerate(root) == []
    assert {path: path.stat().st_mtime_ns for path in (root / "exercises").rglob("*")} == before


def test_an_edited_release_is_out_of_step_and_is_made_anew(root: Path) -> None:
    path = root / "exercises" / "01-powers" / "01-powers.ipynb"
    original = path.read_bytes()
    path.write_text(path.read_text(encoding="utf-8").replace("Where does it end?", "It ends at 5."), encoding="utf-8")
    assert release.out_of_step(root) == [OutOfStep("01-powers", "01-powers.ipynb differs in cell 3")]
    assert release.regenerate(root) == ["01-powers"]
    assert path.read_bytes() == original


def test_files_travel_with_their_unit_and_leave_with_it(root: Path) -> None:
    data = root / "solutions" / "01-powers" / "powers.csv"
    data.write_text("1,1.5,2.25\n")
    assert release.out_of_step(root) == [OutOfStep("01-powers", "powers.csv is missing")]
    release.regenerate(root)
    assert (root / "exercises" / "01-powers" / "powers.csv").read_text() == "1,1.5,2.25\n"
    data.unlink()
    assert release.out_of_step(root) == [OutOfStep("01-powers", "powers.csv comes from nowhere in the source")]
    release.regenerate(root)
    assert not (root / "exercises" / "01-powers" / "powers.csv").exists()


def test_a_unit_without_a_source_goes(root: Path) -> None:
    (root / "exercises" / "00-old").mkdir()
    assert release.out_of_step(root) == [OutOfStep("00-old", "it has no source in solutions/ any more")]
    assert release.regenerate(root) == ["00-old"]
    assert not (root / "exercises" / "00-old").exists()


def test_a_failed_release_leaves_the_old_one_standing(root: Path) -> None:
    path = root / "exercises" / "01-powers" / "01-powers.ipynb"
    original = path.read_bytes()
    source = root / "solutions" / "01-powers" / "01-powers.ipynb"
    source.write_text(source.read_text(encoding="utf-8").replace('"grade_id": "growth"', '"grade_id": "running"'))
    with pytest.raises(ReleaseError, match=r"nbgrader cannot release 01-powers: .*running.* Mend solutions/01-powers"):
        release.regenerate(root)
    assert path.read_bytes() == original
    assert sorted(path.name for path in (root / "exercises").iterdir()) == ["01-powers", "README.md"]


def test_a_run_of_the_source_does_not_travel(root: Path) -> None:
    path = root / "solutions" / "01-powers" / "01-powers.ipynb"
    book = nbformat.read(path, as_version=4)
    for number, cell in enumerate(book.cells):
        cell.metadata["execution"] = {"iopub.status.idle": f"2026-01-01T00:00:0{number}Z"}
    book.metadata["language_info"]["version"] = "3.99"
    nbformat.write(book, path)
    assert release.out_of_step(root) == []


def test_a_bank_is_stopped_even_where_the_settings_let_it_through(root: Path) -> None:
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        'c.CourseDirectory.source_directory = "solutions"\n'
        'c.CourseDirectory.release_directory = "exercises"\n'
    )
    with pytest.raises(
        ReleaseError, match=r"bank.py would be released with 01-powers. Name it in c.CourseDirectory.ignore"
    ):
        release.regenerate(root)


def test_the_command_says_which_unit_is_out_of_step_and_writes_nothing(root: Path) -> None:
    shutil.rmtree(root / "exercises" / "01-powers")
    result = CliRunner().invoke(exercises, ["--check", "--root", str(root)])
    assert (result.exit_code, result.output) == (
        1,
        "exercises/01-powers: it was never released. Run `make exercises`.\n",
    )
    assert not (root / "exercises" / "01-powers").exists()


def test_the_command_releases(root: Path) -> None:
    shutil.rmtree(root / "exercises" / "01-powers")
    result = CliRunner().invoke(exercises, ["--root", str(root)])
    assert (result.exit_code, result.output) == (
        0,
        "released 01-powers\n✓ exercises/ in step with solutions/\n",
    )


def test_the_command_knows_its_units(root: Path) -> None:
    result = CliRunner().invoke(exercises, ["02-roots", "--root", str(root)])
    assert result.exit_code == 1
    assert result.output == "Error: solutions/ has no unit “02-roots”. It has: 01-powers.\n"

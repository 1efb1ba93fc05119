"""Banks: found from anywhere, a file a skill, and versioned by what an exercise's own file and its helpers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.judging import bank
from autograder.judging.exercise import BankError

SKILL = """
from autograder.exercise import Number, exercise

from .shared import {helper}


@exercise(skill="powers.{skill}", points=1, answer=Number(), hints=["Look again."])
def {name}(base):
    \"\"\"What is it for {{base}}?\"\"\"
    return {helper}(base)


@{name}.variant
def _(rng):
    return {{"base": int(rng.integers(2, 9))}}
"""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A unit whose bank is a folder of two skills, with a helper for each and one file of helpers."""
    folder = tmp_path / "01-powers" / "bank"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('MODULES = ["squares", "cubes"]\n')
    (folder / "squares.py").write_text(SKILL.format(skill="squares", name="square", helper="squared"))
    (folder / "cubes.py").write_text(SKILL.format(skill="cubes", name="cube", helper="cubed").replace("shared", "deep"))
    (folder / "deep.py").write_text("from .deeper import three\n\n\ndef cubed(x):\n    return x**three\n")
    (folder / "deeper.py").write_text("three = 3\n")
    (folder / "shared.py").write_text("def squared(x):\n    return x * x\n")
    return folder.parent


def versions(unit: Path) -> tuple[str, str, str]:
    found = bank.load(unit / "bank")
    return found.exercises["powers.square"].version, found.exercises["powers.cube"].version, found.version


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_folder_is_a_bank_and_its_skills_keep_their_order(unit: Path) -> None:
    found = bank.load(unit / "bank")
    assert found.unit == "01-powers" and list(found.exercises) == ["powers.square", "powers.cube"]
    assert found.exercises["powers.cube"].reference(2) == 8
    assert bank.load(unit / "bank") is found


def test_a_version_follows_its_own_file_and_no_other_skills(unit: Path) -> None:
    before = versions(unit)
    change(unit / "bank" / "squares.py", "Look again.", "Look twice.")
    after = versions(unit)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False]


@pytest.mark.parametrize(
    ("file", "old", "new", "moved"),
    [("shared.py", "x * x", "x**2", (True, False)), ("deep.py", "x**three", "pow(x, three)", (False, True)),
     ("deeper.py", "3", "2 + 1", (False, True))],
)  # fmt: skip
def test_a_version_follows_the_helpers_that_are_imported_however_far(
    unit: Path, file: str, old: str, new: str, moved: tuple[bool, bool]
) -> None:
    before = versions(unit)
    change(unit / "bank" / file, old, new)
    after = versions(unit)
    assert (before[0] != after[0], before[1] != after[1]) == moved and before[2] != after[2]


def test_a_changed_helper_changes_what_is_right(unit: Path) -> None:
    assert bank.load(unit / "bank").exercises["powers.square"].reference(3) == 9
    change(unit / "bank" / "shared.py", "x * x", "x * x + 1")
    assert bank.load(unit / "bank").exercises["powers.square"].reference(3) == 10


def test_a_folder_that_is_no_bank_says_what_it_lacks(unit: Path) -> None:
    (unit / "bank" / "__init__.py").write_text("")
    with pytest.raises(BankError, match=r"01-powers/bank/__init__.py lacks `MODULES"):
        bank.load(unit / "bank")
    (unit / "bank" / "__init__.py").write_text('MODULES = ["squares", "roots"]')
    with pytest.raises(BankError, match=r"names “roots”, and there is no roots.py beside it"):
        bank.load(unit / "bank")
    (unit / "bank" / "__init__.py").unlink()
    with pytest.raises(BankError, match="There is no bank at 01-powers/bank"):
        bank.load(unit / "bank")


def test_two_exercises_of_one_name_in_two_files_are_refused(unit: Path) -> None:
    change(unit / "bank" / "cubes.py", "def cube(", "def square(")
    change(unit / "bank" / "cubes.py", "@cube.variant", "@square.variant")
    change(unit / "bank" / "cubes.py", "powers.cubes", "powers.squares")
    with pytest.raises(BankError, match=r"two exercises called “powers\.square”"):
        bank.load(unit / "bank")


def test_a_file_and_a_folder_are_found_by_the_units_name(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOMETRY_BANKS", str(unit.parent))
    assert bank.find("powers.cube") is bank.load(unit / "bank").exercises["powers.cube"]
    assert bank.located(unit) == unit / "bank"
    (unit / "bank.py").write_text("")
    assert bank.located(unit) == unit / "bank", "the folder comes first"
    assert bank.located(unit.parent) is None


def test_a_bank_is_found_from_anywhere_and_its_absence_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bank.find("nowhere.at_all") is None
    unit = tmp_path / "07-sample"
    unit.mkdir()
    (unit / "bank.py").write_text(Path(__file__).with_name("sample_bank.py").read_text())
    monkeypatch.setenv("ISOMETRY_BANKS", str(tmp_path))
    found = bank.find("sample.gradient_scale")
    assert found is not None and found.points == 2
    with pytest.raises(BankError, match=r"Did you mean “sample.gradient_scale”"):
        bank.find("sample.gradient_scal")


def test_a_bank_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bank.py"
    path.write_text("import nothing_of_the_kind")
    with pytest.raises(BankError, match="ModuleNotFoundError"):
        bank.load(path)
    path.write_text("x = 1")
    assert bank.load(path).exercises == {}
    with pytest.raises(BankError, match="no bank"):
        bank.load(tmp_path / "none.py")

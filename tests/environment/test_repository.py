"""What is committed is what a clone gets: no ignore rule hides a file of the project, now or when the next is added."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {"__pycache__", ".venv", ".git", "node_modules"}


def hidden(rules: Path, folders: list[str], at: Path) -> list[str]:
    """Which of `folders` a new source file could not be added to, by the ignore rules."""
    subprocess.run(["git", "init", "-q", at], check=True)
    shutil.copy(rules, at / ".gitignore")
    asked = "\0".join(f"{folder}/new.py" for folder in folders)
    done = subprocess.run(["git", "check-ignore", "-z", "--stdin"], cwd=at, input=asked, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name]


def folders_of_the_project() -> list[str]:
    tops = ("course", "exercises", "solutions", "autograder", "tests", "docs")
    found = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_dir()]
    return [str(path.relative_to(ROOT)) for path in found if not LOCAL & set(path.parts)]


def test_no_folder_of_the_project_is_hidden_from_git(tmp_path: Path) -> None:
    assert hidden(ROOT / ".gitignore", folders_of_the_project(), tmp_path) == []


def test_a_rule_that_hides_a_room_is_found(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("grading/\n")
    (tmp_path / "repo").mkdir()
    assert hidden(rules, folders_of_the_project(), tmp_path / "repo") == ["autograder/grading/new.py"]


def test_what_is_local_stays_out_of_git(tmp_path: Path) -> None:
    local = ["my-work", "grading", ".venv", "course/__pycache__"]
    assert hidden(ROOT / ".gitignore", local, tmp_path) == [f"{name}/new.py" for name in local]


@pytest.mark.parametrize("package", ["autograder", "course"])
def test_each_room_is_a_package(package: str) -> None:
    """A folder without `__init__.py` imports all the same, but no tool counts it: linters, types, the contracts."""
    rooms = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [str(room.relative_to(ROOT)) for room in sorted(rooms) if not (room / "__init__.py").exists()] == []


def test_no_two_test_files_share_a_name() -> None:
    """pytest imports them by their name alone, so the second one would not be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    names += [path.name for path in (ROOT / "solutions").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))

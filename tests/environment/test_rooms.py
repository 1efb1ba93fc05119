"""The order of rooms: each imports only what stands below it, and import-linter finds one that does not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autograder", "course")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its contracts, to be broken."""
    made = tmp_path_factory.mktemp("rooms")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", "*.md"))
    shutil.copy(ROOT / "pyproject.toml", made)
    return made


def linted(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree), "PATH": ""}, capture_output=True, text=True)


def test_every_room_keeps_to_its_place(tree: Path) -> None:
    done = linted(tree)
    assert done.returncode == 0, done.stdout
    assert "5 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("autograder/judging/compare.py", "from autograder.gradebook import rows", "rooms of autograder BROKEN"),
        (
            "autograder/kernels/outputs.py",
            "def f():\n    from autograder.feedback import page",
            "rooms of autograder BROKEN",
        ),
        ("course/nets/layers.py", "from course.widgets import panel", "rooms of course BROKEN"),
        ("autograder/files.py", "from course import paths", "autograder never knows the course BROKEN"),
        ("course/notebook/checking.py", "from autograder.kernels import doctor", "never the graders BROKEN"),
        ("course/tutoring/session.py", "from course.tutoring import rounds", "no circles inside a room either BROKEN"),
    ],
)
def test_an_import_that_goes_upwards_is_found(tree: Path, file: str, line: str, said: str) -> None:
    path = tree / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n\n{line}\n", encoding="utf-8")
    try:
        done = linted(tree)
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode == 1 and said in done.stdout


def test_a_new_module_must_be_given_a_room(tree: Path) -> None:
    path = tree / "autograder" / "anything.py"
    path.write_text("")
    try:
        done = linted(tree)
    finally:
        path.unlink()
    assert done.returncode == 1 and "autograder.anything" in done.stdout


def test_no_import_is_excused() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert "ignore_imports" not in str(contracts)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_what_never_happens_there(package: str) -> None:
    rooms = [path.parent for path in sorted((ROOT / package).rglob("__init__.py")) if path.parent.parent != ROOT]
    for room in rooms:
        if room == ROOT / "course" / "authoring" / "rules":
            continue  # a list of lint's rules, which the room above explains
        said = (room / "README.md").read_text(encoding="utf-8")
        assert re.search(r"never happens here", said, re.IGNORECASE), f"{room.name}/README.md"


LONG = 400
"""Lines that a module may have without saying why."""


def test_a_long_module_says_why_and_there_are_two_at_most() -> None:
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    long = [path for path, lines in lengths.items() if lines > LONG]
    assert len(long) <= 2, long
    for path in long:
        assert "long because" in path.read_text(encoding="utf-8").split('"""')[1].lower(), path
    assert sorted(lengths.values())[len(lengths) // 2] <= 150

"""`install.py` on a small project with a lock of its own, offline: whole, damaged, interrupted, moved, refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

BACKEND = """
import hashlib, base64, zipfile
def build_editable(folder, settings=None, metadata=None):
    import pathlib, sys
    return wheel(folder, {"isometry.pth": str(pathlib.Path.cwd())})
def wheel(folder, files):
    name = "isometry-0.1.0-py3-none-any.whl"
    info = "isometry-0.1.0.dist-info"
    files = {**files, f"{info}/METADATA": "Metadata-Version: 2.1\\nName: isometry\\nVersion: 0.1.0\\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    record = "".join(f"{n},,\\n" for n in files) + f"{info}/RECORD,,\\n"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as z:
        for n, text in {**files, f"{info}/RECORD": record}.items():
            z.writestr(n, text)
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "isometry"
version = "0.1.0"
"""


def wheel(folder: Path, name: str, version: str) -> str:
    """Put a small wheel into `folder`; returns its line in a lock."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"version = '{version}'\n",
        f"{name}/table.py": "rows = [1, 2, 3]\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{n},sha256={digest(t)},{len(t)}" for n, t in files.items()]
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        for n, text in {**files, f"{info}/RECORD": "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"}.items():
            z.writestr(n, text)
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class Clone:
    """A small clone with `install.py` and wheels beside it."""

    def __init__(self, folder: Path, root: Path):
        self.root, self.wheels = folder / "clone", folder / "wheels"
        self.root.mkdir(parents=True)
        self.wheels.mkdir()
        for name in ("install.py", "Makefile"):
            shutil.copy(root / name, self.root)
        (self.root / "backend.py").write_text(BACKEND)
        (self.root / "pyproject.toml").write_text(PROJECT)
        one = wheel(self.wheels, "oneness", "1.0")
        (self.root / "requirements.lock").write_text(one)
        (self.root / "requirements-dev.lock").write_text(one + wheel(self.wheels, "twoness", "1.0"))

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
        env = {
            **kept,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            **variables,
        }
        command = [sys.executable, "install.py", *arguments]
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=120)

    @property
    def packages(self) -> Path:
        return next((self.root / ".venv" / "lib").glob("python3*/site-packages"))

    def says(self, name: str) -> str:
        ask = f"import {name}, {name}.table; print({name}.version, {name}.table.rows)"
        done = subprocess.run([self.root / ".venv/bin/python", "-c", ask], capture_output=True, text=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("made"), root)
    done = clone.run()
    assert done.returncode == 0, done.stderr
    return clone


@pytest.fixture
def clone(made: Clone) -> Clone:
    """The made one, whole again."""
    done = made.run()
    assert done.returncode == 0, done.stderr
    return made


def test_the_lock_and_the_course_are_installed(clone: Clone) -> None:
    assert clone.says("oneness") == "1.0 [1, 2, 3]"
    assert (clone.packages / "isometry-0.1.0.dist-info").is_dir()


def test_a_second_run_starts_in_a_second_and_says_nothing(clone: Clone) -> None:
    started = time.monotonic()
    done = clone.run()
    assert done.returncode == 0 and done.stdout == done.stderr == ""
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("damage", ["file gone", "file cut", "record gone", "package gone", "course gone"])
def test_a_damaged_package_is_installed_again(clone: Clone, damage: str) -> None:
    if damage == "file gone":
        (clone.packages / "oneness" / "table.py").unlink()
    elif damage == "file cut":
        (clone.packages / "oneness" / "table.py").write_text("rows = [1")
    elif damage == "record gone":
        (clone.packages / "oneness-1.0.dist-info" / "RECORD").unlink()
    elif damage == "package gone":
        shutil.rmtree(clone.packages / "oneness-1.0.dist-info")
        shutil.rmtree(clone.packages / "oneness")
    else:
        shutil.rmtree(clone.packages / "isometry-0.1.0.dist-info")
    done = clone.run()
    assert done.returncode == 0 and "The set-up is whole." in done.stdout, done.stderr
    assert clone.says("oneness") == "1.0 [1, 2, 3]" and clone.run().stdout == ""


def test_an_interrupted_set_up_is_not_believed(clone: Clone) -> None:
    stamp = clone.root / ".venv" / "isometry.json"
    stamp.write_text(json.dumps({"root": str(clone.root)}))  # as it stands while pip runs
    assert "Installing" in clone.run().stdout
    stamp.write_text("{")
    assert "Installing" in clone.run().stdout


def test_a_dead_python_is_replaced(clone: Clone) -> None:
    python = clone.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert "Making" in clone.run().stdout
    assert clone.says("oneness") == "1.0 [1, 2, 3]"


def test_a_moved_clone_gets_a_new_one(made: Clone, tmp_path: Path, root: Path) -> None:
    moved = Clone(tmp_path, root)
    shutil.copytree(made.root / ".venv", moved.root / ".venv", symlinks=True)
    assert "Making" in moved.run().stdout
    assert (moved.packages / "isometry.pth").read_text() == str(moved.root)


def test_a_new_lock_is_followed_and_the_larger_one_includes_the_smaller(clone: Clone) -> None:
    lock = clone.root / "requirements.lock"
    before = lock.read_text()
    assert clone.run("--dev").returncode == 0
    assert clone.says("twoness") == "1.0 [1, 2, 3]"
    assert clone.run().stdout == ""  # nothing more to do for the smaller
    lock.write_text(wheel(clone.wheels, "oneness", "2.0"))
    assert clone.run().returncode == 0
    assert clone.says("oneness") == "2.0 [1, 2, 3]"
    lock.write_text(before)


def test_a_hash_that_does_not_fit_stops_it(clone: Clone) -> None:
    lock = clone.root / "requirements.lock"
    before = lock.read_text()
    lock.write_text(before.replace(before.split("sha256:")[1][:8], "00000000") + "\n# changed\n")
    shutil.rmtree(clone.packages / "oneness-1.0.dist-info")
    done = clone.run()
    assert done.returncode == 1 and "pip could not install the 1 packages" in done.stderr
    lock.write_text(before)
    assert clone.run().returncode == 0


def test_a_folder_that_is_not_ours_is_not_touched(clone: Clone) -> None:
    other = clone.root / "photos"
    other.mkdir(exist_ok=True)
    (other / "a.jpg").write_bytes(b"me")
    done = clone.run("--venv", "photos")
    assert done.returncode == 1 and "is no virtual environment" in done.stderr and "VENV=" in done.stderr
    assert [p.name for p in other.iterdir()] == ["a.jpg"]


def test_a_python_that_cannot_make_environments_is_told_so(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError('ensurepip is a package of its own here')")
    done = clone.run("--venv", "fresh", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1 and "apt install python3" in done.stderr and "-venv" in done.stderr
    assert not (clone.root / "fresh").exists()


def test_make_says_when_there_is_no_python_and_when_it_is_too_old(clone: Clone, tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    (tmp_path / "sh").symlink_to("/bin/sh")
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\nexit 1\n")  # what `sys.exit(True)` gives: older than 3.11
        old.chmod(0o755)
    done = subprocess.run(
        [make, "install"], cwd=clone.root, env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or later, and none was found" in done.stderr and "PYTHON=" in done.stderr


def test_make_takes_the_python_and_the_folder_it_is_given(clone: Clone) -> None:
    here = clone.root / "elsewhere"
    done = subprocess.run(
        ["make", "install", f"PYTHON={sys.executable}", "VENV=elsewhere"],
        cwd=clone.root,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone.wheels), "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (here / "bin" / "python").exists()

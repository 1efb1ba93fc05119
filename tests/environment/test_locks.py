"""The locks: everything the course needs, pinned and hashed, and no word of where it is fetched from."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

LOCKS = ["requirements.lock", "requirements-dev.lock"]
ENTRY = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;\\]+)(?P<marker> ; [^\\]+)? \\$")


def entries(text: str) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """(name, marker) → (version, hashes), and nothing else may stand in a lock."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    hashes: list[str] = []
    for line in text.splitlines():
        if entry := ENTRY.match(line):
            hashes = []
            found[entry["name"], (entry["marker"] or "").strip()] = (entry["version"], hashes)
        else:
            one = re.fullmatch(r"    --hash=(sha256:[0-9a-f]{64})( \\)?", line)
            assert one and found, f"neither a pin nor a hash: {line}"
            hashes.append(one[1])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_and_hashed_and_names_no_address(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    assert "//" not in text and "index" not in text
    assert all(hashes for _, hashes in entries(text).values())


def test_the_larger_lock_holds_the_smaller_one_pin_for_pin(root: Path) -> None:
    small, large = (entries((root / lock).read_text()) for lock in LOCKS)
    for (name, marker), pin in small.items():
        assert pin == large.get((name, marker), large.get((name, ""))), f"{name} differs between the two locks"
    assert len(large) > len(small)


def test_every_dependency_of_the_project_is_in_its_lock(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    wanted = [project["project"]["dependencies"], project["project"]["optional-dependencies"]["dev"]]
    wanted[0] = wanted[0] + project["build-system"]["requires"]  # the course itself is built without isolation
    for names, lock in zip(wanted, LOCKS, strict=True):
        pinned = {name for name, marker in entries((root / lock).read_text()) if not marker}
        assert {re.split(r"[ <>=!~\[;]", name)[0].lower() for name in names} <= pinned


def test_no_file_names_a_registry_or_a_folder_of_one_machine(root: Path) -> None:
    named = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True
    )
    # Written in two halves, so that this file is not found guilty.
    halves = [("pypi", ".org"), ("python", "hosted"), ("index", "-url"), ("/ro", "ot/"), ("/ho", "me/")]
    words = ["".join(pair) for pair in halves]
    guilty = []
    for name in filter(None, named.stdout.split("\0")):
        path = root / name
        if path.is_file() and path.suffix != ".png":
            text = path.read_text(encoding="utf-8", errors="replace")
            guilty += [f"{name}: {word}" for word in words if word in text]
    assert named.stdout and not guilty

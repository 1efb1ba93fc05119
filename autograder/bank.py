"""Finding and loading banks: `solutions/NN-name/bank.py`, by path, each under a module name of its own.

A bank is looked for in the folders of `ISOMETRY_BANKS` (an instructor's private ones; separated like `PATH`),
then in `solutions/` of the course at `ISOMETRY_COURSE`, else beside this package, from any working directory.
A class that hands out only `exercises/` has none, and that is no error: `find` returns None.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.exercise import BankError, Exercise

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Bank:
    """A unit's exercises. `version` names this exact text of the bank."""

    unit: str
    """The folder's name, such as `02-jacobians`."""
    path: Path
    version: str
    exercises: dict[str, Exercise]

    def of_skill(self, skill: str) -> list[Exercise]:
        """The exercises of one skill, in the order declared."""
        return [e for e in self.exercises.values() if e.skill == skill]

    @property
    def skills(self) -> list[str]:
        return list(dict.fromkeys(e.skill for e in self.exercises.values()))


def bank_folders() -> list[Path]:
    """The folders in which units' folders are looked for, first found first."""
    named = [Path(part) for part in os.environ.get("ISOMETRY_BANKS", "").split(os.pathsep) if part]
    return [*named, Path(os.environ.get("ISOMETRY_COURSE") or ROOT) / "solutions"]


def load(path: Path) -> Bank:
    """The bank in the file `path`; the same object until the file changes. `BankError` where it cannot be loaded."""
    path = Path(path).resolve()
    if not path.is_file():
        raise BankError(f"There is no bank at {path.parent.name}/{path.name}.")
    return _load(path, path.read_bytes())


@lru_cache(maxsize=64)
def _load(path: Path, text: bytes) -> Bank:
    version = hashlib.sha256(text).hexdigest()[:12]
    unit = path.parent.name
    name = (
        "_isometry_bank_" + re.sub(r"\W", "_", unit) + "_" + hashlib.sha256(f"{path}{version}".encode()).hexdigest()[:8]
    )
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and `inspect` look a function's module up by name
    try:
        spec.loader.exec_module(module)
    except BankError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise BankError(f"The bank of {unit} cannot be loaded: {type(error).__name__}: {error}") from error
    exercises: dict[str, Exercise] = {}
    for value in vars(module).values():
        if isinstance(value, Exercise):
            if value.id in exercises and exercises[value.id] is not value:
                raise BankError(f"The bank of {unit} has two exercises called “{value.id}”. Rename one.")
            value.version = version
            exercises[value.id] = value
    return Bank(unit, path, version, exercises)


def find_bank(unit: str) -> Bank | None:
    """The bank of a unit, by its folder's name (`02-jacobians`) or the name without its number (`jacobians`)."""
    for folder in bank_folders():
        for path in sorted(folder.glob("*/bank.py")):
            if path.parent.name == unit or re.sub(r"^\d+-", "", path.parent.name) == unit:
                return load(path)
    return None


def find(exercise: str) -> Exercise | None:
    """The exercise called `unit.name`; None where its bank is absent. `BankError` where the bank does not have it."""
    bank = find_bank(exercise.split(".")[0])
    if bank is None:
        return None
    if exercise not in bank.exercises:
        import difflib

        near = difflib.get_close_matches(exercise, bank.exercises, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" It has: {', '.join(sorted(bank.exercises))}."
        raise BankError(f"The bank of {bank.unit} has no exercise “{exercise}”.{hint}")
    return bank.exercises[exercise]

"""Finding and loading banks: `solutions/NN-name/bank/`, by path, each under a module name of its own.

A bank is a folder whose `__init__.py` names its modules in order, one for each skill (`MODULES = ["shape", "count"]`);
they may import one another and what else stands beside them. A small one may be a single file, `bank.py`.

A bank is looked for in the folders of `ISOMETRY_BANKS` (an instructor's private ones; separated like `PATH`),
then in `solutions/` of the course at `ISOMETRY_COURSE`, else beside this package, from any working directory.
A class that hands out only `exercises/` has none, and that is no error: `find` returns None.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from autograder.judging.exercise import BankError, Exercise
from autograder.paths import ROOT

NAMES = ("bank", "bank.py")
"""What a bank is called in its unit's folder: a folder, or a single file."""


Signature = tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True)
class Bank:
    """A unit's exercises. `version` names this exact text of the bank."""

    unit: str
    """The folder's name, such as `02-jacobians`."""
    path: Path
    """The bank's folder, or its single file."""
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


def located(unit: Path) -> Path | None:
    """The bank in a unit's folder; None where there is none. The folder comes first."""
    if (unit / "bank" / "__init__.py").is_file():
        return unit / "bank"
    return unit / "bank.py" if (unit / "bank.py").is_file() else None


def files(path: Path) -> dict[str, bytes]:
    """The files of the bank at `path`, by their path in the unit's folder. `BankError` where there is none."""
    if path.is_file():
        return {path.name: path.read_bytes()}
    if not (path / "__init__.py").is_file():
        raise BankError(f"There is no bank at {path.parent.name}/{path.name}.")
    return {str(one.relative_to(path.parent)): one.read_bytes() for one in sorted(path.rglob("*.py"))}


def load(path: Path) -> Bank:
    """The bank at `path`; the same object until a file of it changes. `BankError` where it cannot be loaded."""
    path = Path(path).resolve()
    now = _signature(path)
    seen, bank = _loaded.get(path, (None, None))
    if bank is None or seen != now or not now:
        bank = _load(path, tuple(files(path).items()))
        _loaded[path] = (now, bank)
    return bank


_loaded: dict[Path, tuple[Signature, Bank]] = {}
"""What was loaded last from a path, and how its files looked then: a bank is asked for with every answer."""


def _signature(path: Path) -> Signature:
    """How a bank's files look without reading them."""
    try:
        there = [path] if path.is_file() else sorted(path.rglob("*.py"))
        return tuple((str(one), (s := one.stat()).st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for one in there)
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _load(path: Path, content: tuple[tuple[str, bytes], ...]) -> Bank:
    version = _digest(*(part for name, text in content for part in (name.encode(), text)))
    unit = path.parent.name
    name = (
        "_isometry_bank_" + re.sub(r"\W", "_", unit) + "_" + hashlib.sha256(f"{path}{version}".encode()).hexdigest()[:8]
    )
    try:
        modules = _modules(path, name)
    except BankError:
        _forget(name)
        raise
    except Exception as error:
        _forget(name)
        raise BankError(f"The bank of {unit} cannot be loaded: {type(error).__name__}: {error}") from error
    versions = _versions(dict(content)) if path.is_dir() else {}
    exercises: dict[str, Exercise] = {}
    for module in modules:
        for value in vars(module).values():
            # One that a module imports from its neighbour is the neighbour's.
            if not isinstance(value, Exercise) or value.reference.__module__ != module.__name__:
                continue
            if value.id in exercises and exercises[value.id] is not value:
                raise BankError(f"The bank of {unit} has two exercises called “{value.id}”. Rename one.")
            value.version = versions.get(module.__name__.removeprefix(name).lstrip("."), version)
            exercises[value.id] = value
    return Bank(unit, path, version, exercises)


def _modules(path: Path, name: str) -> list[ModuleType]:
    """The modules of a bank, in its order, loaded under `name`."""
    if path.is_file():
        return [_module(path, name)]
    package = _module(path / "__init__.py", name, [str(path)])
    named = getattr(package, "MODULES", None)
    if not isinstance(named, list | tuple) or not all(isinstance(one, str) for one in named):
        raise BankError(f'{path.parent.name}/bank/__init__.py lacks `MODULES = ["…"]`, its modules in order. Add it.')
    for one in named:
        if not (path / f"{one}.py").is_file():
            raise BankError(f"{path.parent.name}/bank/__init__.py names “{one}”, and there is no {one}.py beside it.")
    return [import_module(f"{name}.{one}") for one in named]


def _module(path: Path, name: str, inner: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=inner)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and `inspect` look a function's module up by name
    spec.loader.exec_module(module)
    return module


def _forget(name: str) -> None:
    for one in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
        del sys.modules[one]


def _versions(content: Mapping[str, bytes]) -> dict[str, str]:
    """The version of each module of a bank: a digest of its text and of all that it imports of the bank."""
    texts = {
        Path(name).with_suffix("").as_posix().removeprefix("bank/").replace("/", "."): t for name, t in content.items()
    }
    needs = {name: _imported(text, set(texts)) for name, text in texts.items()}
    found = {}
    for name in texts:
        all_of_it, left = {name}, [name]
        while left:
            new = needs[left.pop()] - all_of_it
            all_of_it |= new
            left += new
        found[name] = _digest(*(texts[one] for one in sorted(all_of_it)))
    return found


def _imported(text: bytes, there: set[str]) -> set[str]:
    """The modules of a bank that one of them imports, as `from .shared import places` or `from . import shared`."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
    named = {node.module or alias.name for node in nodes for alias in node.names}
    return (named | {"__init__"} if any(node.module is None for node in nodes) else named) & there


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def find_bank(unit: str) -> Bank | None:
    """The bank of a unit, by its folder's name (`02-jacobians`) or the name without its number (`jacobians`)."""
    for folder in bank_folders():
        for one in sorted(folder.glob("*/")):
            if unit in (one.name, re.sub(r"^\d+-", "", one.name)) and (path := located(one)):
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

"""A recorded run: its code, its figures, and whether the figures still are those of the code.

The run `deep_tanh` is the module `deep_tanh.py` of this room, with one function `run()` that names all its seeds and
returns arrays by name, and beside it `deep_tanh.json`, which `make results ARGS=deep_tanh` writes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from course.errors import CourseError

HERE = Path(__file__).resolve().parent
OWN = ("__init__", Path(__file__).stem)
"""Modules of this room that are no run."""
VERSIONS = ("jax", "jaxlib", "numpy")
DIGITS = 6
"""Significant digits that are kept: the data are float32."""


class Recorded(NamedTuple):
    """What a run left behind."""

    figures: dict[str, np.ndarray]
    """Its arrays, by the names that `run` gives them."""
    sources: str
    """The hash of the code that made them: the run's own module, and what it imports of `course`, transitively."""
    versions: dict[str, str]
    seconds: float
    """How long it took, on the wall."""
    cores: int
    """How many processor cores the machine had."""


def names(folder: Path = HERE) -> list[str]:
    """The runs of a folder, recorded or not."""
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in OWN)


def load(name: str, folder: Path = HERE) -> Recorded:
    """The recorded run `name`. Raises `CourseError` where there is none, or it was not recorded yet."""
    if name not in names(folder):
        raise CourseError(f"No run is called “{name}”. There are: {', '.join(names(folder))}.")
    try:
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"The run “{name}” is not recorded yet. Record it: make results ARGS={name}") from None
    figures = {key: np.array(value, float) for key, value in record.pop("figures").items()}
    return Recorded(figures=figures, **record)


def is_stale(name: str, folder: Path = HERE) -> bool:
    """Whether the run's code is another than that which made its figures. Raises `CourseError` as `load` does."""
    return load(name, folder).sources != hash_of_sources(name, folder)


def make(name: str) -> Path:
    """Run `name` anew and write its figures in one step; the file. Raises `CourseError` where there is no such run."""
    if name not in names():
        raise CourseError(f"No run is called “{name}”. There are: {', '.join(names())}.")
    module, sources = import_module(f"course.results.{name}"), hash_of_sources(name)
    started = time.perf_counter()
    figures = module.run()
    record = Recorded(
        figures=figures,
        sources=sources,
        versions={package: metadata.version(package) for package in VERSIONS} | {"python": platform.python_version()},
        seconds=round(time.perf_counter() - started, 1),
        cores=os.cpu_count() or 1,
    )
    path = HERE / f"{name}.json"
    new = path.with_suffix(".json.new")
    new.write_text(_as_text(record), encoding="utf-8")
    new.replace(path)
    return path


def _as_text(record: Recorded) -> str:
    """JSON with an array a line: reviewed and compared as text."""
    lines = [f'"{key}": {json.dumps(value)}' for key, value in record._asdict().items() if key != "figures"]
    arrays = ",\n  ".join(f'"{key}": {json.dumps(_rounded(value))}' for key, value in record.figures.items())
    return "{\n" + ",\n".join([*lines, f'"figures": {{\n  {arrays}\n}}']) + "\n}\n"


def _rounded(array: Any) -> Any:
    array = np.asarray(array, float)
    return [_rounded(part) for part in array] if array.ndim else float(f"{array:.{DIGITS}g}")


# --------------------------------------------------------------------------- sources


def hash_of_sources(name: str, folder: Path = HERE) -> str:
    """The hash of the module of run `name`, and of every module of `course` that it imports, transitively.

    Line endings do not count. The course of the folder is the one whose `results` it is.
    """
    course = folder.parent
    left, found = [folder / f"{name}.py"], {}
    while left:
        path = left.pop()
        if path not in found:
            found[path] = path.read_bytes().replace(b"\r\n", b"\n")
            left += _imported(found[path].decode(), course)
    parts = (part for path in sorted(found) for part in (path.relative_to(course).as_posix().encode(), found[path]))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _imported(text: str, course: Path) -> Iterator[Path]:
    """The files of the package `course` that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            wanted = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in wanted:
            package, _, inner = module.partition(".")
            path = course.joinpath(*inner.split("."))
            if package == "course" and inner:
                yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())


def differences(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], tolerance: float) -> list[str]:
    """The arrays of two runs that differ by more than `tolerance`, in words; what one of them lacks is named, too."""
    found = [f"only one has “{name}”" for name in sorted(set(one) ^ set(other))]
    for name in sorted(set(one) & set(other)):
        a, b = np.asarray(one[name], float), np.asarray(other[name], float)
        if a.shape != b.shape:
            found.append(f"“{name}” has the shapes {a.shape} and {b.shape}")
        elif not np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True):
            found.append(f"“{name}” differs by up to {np.nanmax(np.abs(a - b)):.3g}")
    return found

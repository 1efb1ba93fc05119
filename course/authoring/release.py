"""`exercises/` from `solutions/`: nbgrader's own release, into a temporary course first, then swapped in.

What comes out depends on the source alone, byte for byte, so that “in step” can be tested by comparing files. The
bank and the text half are never part of it (`c.CourseDirectory.ignore` in `nbgrader_config.py`), and that is checked
again here.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.errors import IsometryError
from course.authoring import pairing
from course.authoring.course_files import PROJECT, Tree

NEVER_RELEASED = ("bank", "bank.py", "oracles.py", "second_answers.py", "wrong_programs.py", "*.md")


class ReleaseError(IsometryError):
    """nbgrader could not make a release of a unit. The text says why, and what to do."""


class OutOfStep(NamedTuple):
    """A unit whose release is not what its source gives."""

    unit: str
    what: str


def settings(root: Path) -> Config:
    """nbgrader's settings for the course at `root`: its own `nbgrader_config.py`, or this project's."""
    folder = root if (root / "nbgrader_config.py").is_file() else PROJECT
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def build(root: Path, unit: str, workshop: Path) -> Path:
    """Release `unit` with nbgrader in the empty folder `workshop`; returns the folder made, which holds its files."""
    source = root / "solutions" / unit
    copy = workshop / "solutions" / unit
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for path in copy.glob("*.ipynb"):
        # A cell without an id would be given a random one, and a run of the source would travel with it.
        nbformat.write(pairing.tidied(nbformat.read(path, as_version=4)), path)

    config = settings(root)
    config.CourseDirectory.root = str(workshop)
    # As `nbgrader generate_assignment --no-db`: a release needs no gradebook, and grading writes its own.
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    course = CourseDirectory(config=config)
    course.assignment_id = unit
    converter = GenerateAssignment(coursedir=course, config=config)
    converter.log.propagate = False
    result = capture_log(converter)
    made = workshop / str(course.release_directory) / unit
    if not result["success"]:
        raise ReleaseError(f"nbgrader cannot release {unit}: {_reason(result)} Mend solutions/{unit} and run again.")
    for pattern in NEVER_RELEASED:
        for path in made.rglob(pattern):
            raise ReleaseError(
                f"{path.relative_to(made)} would be released with {unit}. "
                "Name it in c.CourseDirectory.ignore of nbgrader_config.py."
            )
    return made


def _reason(result: dict[str, str]) -> str:
    """The one sentence in nbgrader's log that says what went wrong."""
    lines = [line.strip() for line in (result.get("log") or "").splitlines()]
    errors = [m[1] for line in lines if (m := re.match(r"(?:\w+\.)*(?:\w*Error|\w*Exception): (.+)", line))]
    text = errors[0] if errors else (lines[-1] if lines else "no reason given")
    return text.rstrip(".")[:1].lower() + text.rstrip(".")[1:] + "."


def files(folder: Path) -> dict[str, bytes]:
    """Every file under `folder` by its path there."""
    if not folder.is_dir():
        return {}
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if _counts(p, folder)}


def _counts(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden


def out_of_step(root: Path, only: str | None = None) -> list[OutOfStep]:
    """The units whose files in `exercises/` are not what `solutions/` gives. Writes nothing there."""
    found = []
    for unit in _units(root, only):
        with tempfile.TemporaryDirectory() as workshop:
            fresh = files(build(root, unit, Path(workshop)))
        what = _compare(fresh, files(root / "exercises" / unit))
        if what:
            found.append(OutOfStep(unit, what))
    if only is None:
        found += [OutOfStep(path.name, "it has no source in solutions/ any more") for path in _leftovers(root)]
    return found


def regenerate(root: Path, only: str | None = None) -> list[str]:
    """Make `exercises/` what `solutions/` gives, unit by unit; returns the units that changed.

    A unit is swapped whole: a reader never meets half of one, and a failure leaves the old one standing. Folders
    without a source go; files beside them, such as the README, stay.
    """
    changed = []
    for unit in _units(root, only):
        target = root / "exercises" / unit
        with tempfile.TemporaryDirectory() as workshop:
            made = build(root, unit, Path(workshop))
            if files(made) != files(target):
                _swap(made, target)
                changed.append(unit)
    if only is None:
        for path in _leftovers(root):
            shutil.rmtree(path)
            changed.append(path.name)
    return changed


def _units(root: Path, only: str | None) -> list[str]:
    units = [folder.name for folder in Tree(root).source_folders()]
    if only is not None and only not in units:
        raise ReleaseError(f"solutions/ has no unit “{only}”. It has: {', '.join(units) or 'none'}.")
    return [unit for unit in units if only in (None, unit)]


def _leftovers(root: Path) -> list[Path]:
    folder, units = root / "exercises", set(_units(root, None))
    if not folder.is_dir():
        return []
    return [p for p in sorted(folder.iterdir()) if p.is_dir() and p.name not in units and not p.name.startswith(".")]


def _swap(made: Path, target: Path) -> None:
    """Put a copy of `made` in the place of `target`, by renaming on the target's own file system."""
    target.parent.mkdir(exist_ok=True)
    new, old = (target.with_name(f".{target.name}.{word}") for word in ("new", "old"))
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(made, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _compare(fresh: dict[str, bytes], standing: dict[str, bytes]) -> str | None:
    """What differs between a fresh release and the one that stands, as the end of a sentence."""
    if not standing:
        return "it was never released"
    for name in fresh:
        if name not in standing:
            return f"{name} is missing"
        if fresh[name] != standing[name]:
            return f"{name} differs{_first_cell(fresh[name], standing[name]) if name.endswith('.ipynb') else ''}"
    extra = sorted(set(standing) - set(fresh))
    return f"{extra[0]} comes from nowhere in the source" if extra else None


def _first_cell(fresh: bytes, standing: bytes) -> str:
    try:
        one, other = (nbformat.reads(text.decode(), as_version=4).cells for text in (fresh, standing))
    except Exception:
        return ": the standing one is no notebook"
    for number, (a, b) in enumerate(zip(one, other, strict=False), start=1):
        if a != b:
            return f" in cell {number}"
    return f": {len(other)} cells stand where the source gives {len(one)}"

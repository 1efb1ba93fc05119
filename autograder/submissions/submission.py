"""A submission: what one student handed in for a unit, and its files, read within bounds."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import InternalSignal

LARGEST = 20_000_000
"""Bytes of a notebook without its outputs, and of all files beside it."""

LARGEST_AS_IT_IS = 400_000_000
"""Bytes of a notebook's file. What is in it beyond `LARGEST` has to be outputs, which are left out while it is read."""

MOST_BESIDE = 100
"""Files beside a notebook."""

NOT_BESIDE = ("timestamp.txt", "submission_secret.txt", "feedback", "__pycache__", "__MACOSX")
"""What nbgrader and systems put there."""

NOT_THEIRS = ("course", "autograder")
"""Folders that would stand in the place of the course's own packages."""


@dataclass(frozen=True)
class Submission:
    """One student's notebook for a unit, and what a person has given it before."""

    student: str
    path: Path
    _: KW_ONLY
    timestamp: str | None = None
    """When it was handed in, as nbgrader's `timestamp.txt` says it."""
    extension: float | None = None
    """Seconds by which this student's due date was moved."""
    given: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Manual score and extra credit, by the cell's id."""
    written: dict[str, str] = field(default_factory=dict)
    """Comments a person wrote, by the cell's id."""
    data: bytes | None = field(default=None, repr=False)
    """What stands in the file, once it was read: it travels with the submission to machines that have no such file."""
    unusable: str | None = None
    """Why it cannot be read, once that was tried."""
    notes: tuple[Diagnostic, ...] = ()
    """What there is to say of how it was handed in."""
    own: Path | None = None
    """The folder in which it lies, where all that lies there is this student's, for this unit."""
    beside: dict[str, bytes] = field(default_factory=dict, repr=False)
    """The files handed in beside the notebook, by their names in `own`, once they were read."""


class Unusable(InternalSignal):
    """The file cannot be graded at all. The text says why."""


def read(submission: Submission) -> Submission:
    """Return the submission with the content of its files, or with the reason why that cannot be read."""
    try:
        data = content(submission)
    except Unusable as unusable:
        return replace(submission, unusable=str(unusable))
    if submission.own is None or submission.beside:
        return replace(submission, data=data)
    beside, notes = files_beside(submission.own, submission.path)
    return replace(submission, data=data, beside=beside, notes=(*submission.notes, *notes))


def content(submission: Submission) -> bytes:
    """Return the bytes handed in, without outputs where there are many. Raises `Unusable` unless there is an ordinary file
    of a sensible size."""
    if submission.unusable is not None:
        raise Unusable(submission.unusable)
    if submission.data is not None:
        return submission.data
    path = submission.path
    if path.is_symlink() or not path.is_file():
        raise Unusable(
            f"There is no {path.name} in what was handed in." if not path.is_symlink() else "The file is a link."
        )
    size = path.stat().st_size
    if size > LARGEST_AS_IT_IS:
        raise Unusable(_too_large("The file has", size, LARGEST_AS_IT_IS))
    try:
        if size <= LARGEST:
            return path.read_bytes()
        data = _without_outputs(path)
    except OSError as error:
        raise Unusable(f"The file cannot be read ({(error.strerror or 'input/output error').lower()}).") from None
    if len(data) > LARGEST:
        raise Unusable(_too_large("Without its outputs the file has", len(data), LARGEST))
    return data


def _too_large(what: str, size: int, most: int) -> str:
    return f"{what} {size / 1e6:.0f} MB, more than {most / 1e6:.0f}. Remove what makes it large and hand it in again."


class _Cell(msgspec.Struct):
    """What of a cell is read. What a struct does not name is passed over without being kept."""

    cell_type: Any = None
    source: Any = None
    metadata: Any = None
    attachments: Any = None
    id: Any = None


class _File(msgspec.Struct):
    nbformat: Any
    cells: list[_Cell] | None = None


def _without_outputs(path: Path) -> bytes:
    """The notebook's file without its outputs, which are never held in memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        try:
            return msgspec.json.encode(msgspec.json.decode(mapped, type=_File))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            size = os.fstat(file.fileno()).st_size
    raise Unusable(
        f"The file has {size / 1e6:.0f} MB and cannot be read as a notebook of format 4. "
        "Clear its outputs and hand it in again."
    )


def files_beside(own: Path, notebook: Path) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """Read the files that lie beside a notebook in the folder `own`, by name, within bounds; and say what is left out."""
    found: dict[str, bytes] = {}
    left: list[str] = []
    size = 0
    for path in _ordinary(own):
        if not os.access(path, os.R_OK):
            continue
        name = path.relative_to(own).as_posix()
        if path == notebook or path.suffix.lower() == ".ipynb":
            continue
        if name.split("/")[0] in NOT_THEIRS or len(found) == MOST_BESIDE:
            left.append(name)
            continue
        size += path.stat().st_size
        if size > LARGEST:
            left.append(name)
            break
        found[name] = path.read_bytes()
    if not left:
        return found, []
    said = (
        f"Of the files handed in beside the notebook {left[0]} was left out: {MOST_BESIDE} files of {LARGEST // 10**6} MB "
        f"together are taken, and none in a folder called {' or '.join(NOT_THEIRS)}."
    )
    return found, [Diagnostic(DiagnosticCode.FILES_LEFT, said)]


def _ordinary(folder: Path) -> Iterator[Path]:
    """The files below `folder` that are no links, pipes or devices, and not hidden."""
    for path in sorted(folder.iterdir()):
        mode = path.lstat().st_mode
        if path.name.startswith(".") or path.name in NOT_BESIDE:
            continue
        if stat.S_ISDIR(mode):
            yield from _ordinary(path)
        elif stat.S_ISREG(mode):
            yield path

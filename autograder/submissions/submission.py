"""Submissions: found in a folder, and made safe to run, cell by cell, against the notebook that was handed out."""

from __future__ import annotations

import json
import reprlib
import unicodedata
from collections import Counter
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import GradingError, InternalSignal
from autograder.submissions.assignment import graded_cells

LARGEST = 20_000_000
"""Bytes. A notebook that grew beyond this holds outputs nobody needs."""

MOST_CELLS = 2_000
"""Cells of one notebook. Each takes time to be checked; the course's own have a hundred."""


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


class Unusable(InternalSignal):
    """The file cannot be graded at all. The text says why."""


def collect(folder: Path, unit: str, only: tuple[str, ...] = ()) -> list[Submission]:
    """Find the submissions of `unit` in `folder`, ordered by student.

    The folder is nbgrader's (`<student>/<unit>/<unit>.ipynb`) or flat (`<student>.ipynb`). `GradingError` where it
    holds none, or lacks one of the students named in `only`.
    """
    if not folder.is_dir():
        raise GradingError(f"There is no folder {folder}. Name the one that holds the submissions.")
    found: dict[str, Submission] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and (path / unit).is_dir():
            student, notebook = _readable(path.name), path / unit / f"{unit}.ipynb"
            linked = path.is_symlink() or (path / unit).is_symlink()
        elif path.suffix == ".ipynb" and not path.is_dir():
            student, notebook, linked = _readable(path.stem), path, False
        else:
            continue
        if student in found:
            raise GradingError(f"{student} is there twice, as a folder and as a notebook. Remove one of them.")
        # What lies behind a link is somebody else's.
        found[student] = (
            Submission(student, notebook, unusable="Its folder is a link.")
            if linked
            else Submission(student, notebook, timestamp=_timestamp(notebook))
        )
    if not found:
        raise GradingError(
            f"No submission of {unit} is in {folder}. It should hold <student>/{unit}/{unit}.ipynb or <student>.ipynb."
        )
    for student in only:
        if student not in found:
            raise GradingError(f"{student} has handed in nothing for {unit} in {folder}.")
    return [submission for student, submission in found.items() if not only or student in only]


def _readable(name: str) -> str:
    """A file's name as text that a gradebook takes and a terminal shows as it is; bytes that are none are spelt out."""

    def spelt(c: str) -> bool:
        return unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in _OVERRIDES

    return "".join(c.encode("unicode_escape").decode() if spelt(c) else c for c in name)


_OVERRIDES = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def _timestamp(notebook: Path) -> str | None:
    path = notebook.parent / "timestamp.txt"
    if path.is_symlink() or not path.is_file():  # a pipe would be waited for, a link may lead to a secret
        return None
    from nbgrader.utils import parse_utc

    try:
        with path.open(encoding="utf-8") as file:
            said = file.read(100).strip()
        parse_utc(said)
        return said or None
    except (OSError, ValueError, OverflowError, AttributeError):
        return None


def read(submission: Submission) -> Submission:
    """Return the submission with the content of its file, or with the reason why that cannot be read."""
    try:
        return replace(submission, data=content(submission))
    except Unusable as unusable:
        return replace(submission, unusable=str(unusable))


def content(submission: Submission) -> bytes:
    """Return the bytes handed in. Raises `Unusable` unless there is an ordinary file of a sensible size."""
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
    if size > LARGEST:
        raise Unusable(
            f"The file has {size / 1e6:.0f} MB, more than {LARGEST / 1e6:.0f}. Clear its outputs and hand it in again."
        )
    return path.read_bytes()


def restore(handed_in: bytes, released: NotebookNode) -> tuple[NotebookNode, list[Diagnostic]]:
    """Make the notebook to run: the student's text in order, nbgrader's metadata from `released`.

    Tags, outputs, kernels, ids and points in the file count for nothing: of each cell only its kind, text and
    attached images are taken. Of a graded cell that is there twice, the last one counts, as in nbgrader. Raises
    `Unusable` where the file is no notebook, or another one.
    """
    cells = _cells(handed_in)
    known = {c.metadata.nbgrader.grade_id: c for c in released.cells if c.metadata.get("nbgrader", {}).get("grade_id")}
    ids = [_grade_id(cell) for cell in cells]
    copies = Counter(i for i in ids if i in known)
    last = {grade_id: index for index, grade_id in enumerate(ids) if grade_id in known}

    made = [
        _made(cell, known[ids[index]] if last.get(ids[index]) == index else None, index)
        for index, cell in enumerate(cells)
    ]
    checked = graded_cells(released)
    if not any(grade_id in copies for grade_id in checked):
        raise Unusable("None of the cells that are graded is in this file. Is it another notebook?")
    found = [
        Diagnostic(DiagnosticCode.CELL_MISSING, f"The graded cell {i} is missing and counts zero.", i)
        for i in checked
        if i not in copies
    ]
    found += [
        Diagnostic(DiagnosticCode.CELL_REPEATED, f"The cell {i} is there {n} times; the last one counts.", i)
        for i, n in copies.items()
        if n > 1
    ]
    kernel = NotebookNode(kernelspec=NotebookNode(released.metadata.get("kernelspec", {})))
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=kernel, cells=made), found


def _cells(handed_in: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook file, each checked to have a kind and a text."""
    try:
        data = json.loads(handed_in.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unusable("The file is not a notebook: it is not text.") from None
    except RecursionError:
        raise Unusable("The file is not a notebook: it is nested too deep.") from None
    except ValueError as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable(f"The file is not a notebook: it breaks off or is garbled{where}.") from None
    if not isinstance(data, dict) or "nbformat" not in data:
        raise Unusable("The file is not a notebook, though it is JSON.")
    if data["nbformat"] != 4:
        data = _upgraded(data)
    cells = data.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unusable("The file is not a notebook: it has no list of cells.")
    if len(cells) > MOST_CELLS:
        raise Unusable(f"The notebook has {len(cells):,} cells, more than {MOST_CELLS:,}. Remove the empty ones.")
    for number, cell in enumerate(cells, start=1):
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            cell["source"] = source = "".join(source)
        if not isinstance(source, str) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Unusable(f"The file is not a notebook: its cell {number} has no text or no known kind.")
    return cells


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(nbformat.convert(nbformat.from_dict(data), 4))
    except Exception:  # whatever an old or made-up format breaks in the conversion
        known = reprlib.repr(data["nbformat"])
        raise Unusable(f"The file is a notebook of format {known}, which cannot be read.") from None


def _grade_id(cell: dict[str, Any]) -> str:
    meta = cell.get("metadata")
    nbgrader = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def _made(cell: dict[str, Any], pristine: NotebookNode | None, index: int) -> NotebookNode:
    kind = pristine.cell_type if pristine else cell["cell_type"]
    # Not by nbformat's own makers: they validate each cell, which takes longer than all else that is done here.
    made = NotebookNode(id=f"cell-{index + 1}", cell_type=kind, metadata=NotebookNode(), source=_text(cell["source"]))
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    if pristine:
        made.metadata["nbgrader"] = NotebookNode(pristine.metadata.nbgrader)
    if kind == "markdown" and (images := _images(cell.get("attachments"))):
        made["attachments"] = images
    return made


def _text(text: str) -> str:
    """Text that can be written: half of a surrogate pair can stand in JSON, but in no file and no message."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _images(attachments: Any) -> dict[str, dict[str, str]]:
    """The attached images that are what they say; a markdown answer may hold a photographed page."""
    if not isinstance(attachments, dict):
        return {}
    kept = {
        _text(name): {
            kind: _text(image)
            for kind, image in bundle.items()
            if kind in ("image/png", "image/jpeg") and isinstance(image, str)
        }
        for name, bundle in attachments.items()
        if isinstance(bundle, dict)
    }
    return {name: bundle for name, bundle in kept.items() if bundle}

"""The folder of what was handed in: whose each notebook is, and what lies there besides.

Nothing in it is passed over in silence: it is taken, or fails with a reason under the name of who handed it in, or is
named as not taken, with what to do.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import GradingError
from autograder.submissions.submission import Submission

ADDED = ("json", "txt")
NOTEBOOK = re.compile(rf"(?P<name>.+)\.ipynb(\.({'|'.join(ADDED)}))?", re.IGNORECASE | re.DOTALL)
"""A notebook's file. Browsers and mail programs add `.json` or `.txt` to what they save."""

ARCHIVE = re.compile(r"(?P<name>.+?)\.(zip|7z|rar|tar|tgz|tar\.(gz|bz2|xz))", re.IGNORECASE | re.DOTALL)

COPY = re.compile(r"[\s_-]*(\(\d+\)|copy ?\d*|kopie ?\d*|copie ?\d*|copia ?\d*|\d+)$", re.IGNORECASE | re.DOTALL)
"""What a second download, or a copy in a file manager, adds to a name."""

MOODLE = re.compile(r"(.+)_\d+_assignsubmission_\w+", re.DOTALL)
"""A folder of Moodle's “Download all submissions”."""

KEPT_BY_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__")
"""What systems leave in folders, beside files whose names begin with a dot: nobody handed it in."""

NAMED = 10
"""How many files a sentence lists."""


class NotTaken(NamedTuple):
    """Something in the folder that is nobody's submission, and what to do about it."""

    path: str
    sentence: str


class Inbox(NamedTuple):
    """What a folder holds for one unit."""

    submissions: list[Submission]
    """Ordered by student. Some may be unusable, with the reason."""
    left: list[NotTaken]


def collect(folder: Path, unit: str, only: tuple[str, ...] = ()) -> Inbox:
    """Find the submissions of `unit` in `folder`, and what else is there.

    The folder is nbgrader's (`<student>/<unit>/<unit>.ipynb`), flat (`<student>.ipynb`) or what Moodle packs. What is
    named in another way is taken where only one thing can be meant, with a diagnostic that says so. `GradingError` where
    nothing is handed in, or nothing by one of the students named in `only`.
    """
    if not folder.is_dir():
        raise GradingError(f"There is no folder {folder}. Name the one that holds the submissions.")
    found: defaultdict[str, list[Submission]] = defaultdict(list)
    left, without = [], []
    for path in sorted(folder.iterdir()):
        if _is_systems(path.name):
            continue
        try:
            one = _in_folder(path, unit) if path.is_dir() else _as_file(path, unit)
        except OSError as error:
            why = f"What was handed in cannot be read ({(error.strerror or 'input/output error').lower()})."
            one = Submission(readable(path.name), path, unusable=why)
        if isinstance(one, Submission):
            found[one.student].append(one)
        elif one is not None:
            left.append(one)
        else:
            without.append(readable(path.name))
    if without:
        left.append(NotTaken("", f"Nothing for {unit} is in {listed(without)}."))
    submissions = [_one_of(student, found[student], folder) for student in sorted(found)]
    if not submissions:
        raise GradingError(
            f"No submission of {unit} is in {folder}. It should hold <student>/{unit}/{unit}.ipynb or <student>.ipynb."
            + "".join(f" {one.sentence}" for one in left[:NAMED] if one.path)
        )
    for student in only:
        if student not in found:
            raise GradingError(f"{student} has handed in nothing for {unit} in {folder}.")
    return Inbox([one for one in submissions if not only or one.student in only], left)


def _one_of(student: str, submissions: list[Submission], folder: Path) -> Submission:
    """The submission of a student; an unusable one where there are two, since nobody knows which is meant."""
    if len(submissions) == 1:
        return submissions[0]
    names = listed([str(one.path.relative_to(folder)) for one in submissions])
    return Submission(
        student, submissions[0].path, unusable=f"{student} handed in more than once: {names}. Remove all but one."
    )


def _as_file(path: Path, unit: str) -> Submission | NotTaken | None:
    """What lies in the folder itself: a notebook called like its student, or something else."""
    name = readable(path.name)
    if found := NOTEBOOK.fullmatch(path.name):
        student = readable(found["name"])
        if _meant(found["name"], unit):
            said = f"{name} is called like the unit, so nobody knows whose it is. Call it <student>.ipynb."
            return NotTaken(name, said)
        told = _told(name, f"{student}.ipynb") if path.name != f"{found['name']}.ipynb" else ()
        # What lies behind a link is somebody else's.
        return Submission(student, path, notes=told) if not path.is_symlink() else _link(student, path)
    if found := ARCHIVE.fullmatch(path.name):
        why = f"{name} is an archive, which is not opened. Unpack it to {readable(found['name'])}/{unit}/{unit}.ipynb."
        return Submission(readable(found["name"]), path, unusable=why)
    return NotTaken(name, f"{name} is no notebook, and was not taken.")


def _link(student: str, path: Path) -> Submission:
    return Submission(student, path, unusable="What was handed in is a link, which is not followed.")


def _in_folder(path: Path, unit: str) -> Submission | NotTaken | None:
    """What a folder holds, which is called like its student; None where that has nothing to do with the unit."""
    moodle = MOODLE.fullmatch(path.name)
    student = readable(moodle[1] if moodle else path.name)
    own = path / unit
    if path.is_symlink() or own.is_symlink():
        return _link(student, own / f"{unit}.ipynb")
    if NOTEBOOK.fullmatch(path.name):
        return NotTaken(student, f"{student} is a folder, not a notebook.")
    there = [one for one in _files(path) if not one.is_symlink()]
    exact = own / f"{unit}.ipynb"
    if os.path.lexists(exact):
        return Submission(student, exact, timestamp=timestamp(exact), notes=_besides(exact, there), own=own)
    notebooks = [one for one in there if NOTEBOOK.fullmatch(one.name)]
    named = [one for one in notebooks if _meant(_stem(one), unit)]
    meant = named or [one for one in notebooks if one.parent != path and _meant(one.parent.name, unit)]
    if moodle and not meant:  # whatever a student calls it, it was handed in for this
        meant = notebooks
    if _is_a_class(path, unit):
        return NotTaken(student, f"{student} holds what seems to be a class. Name that folder in its place.")
    if len(meant) == 1:
        (one,) = meant
        told = _told(readable(str(one.relative_to(path.parent))), f"{unit}/{unit}.ipynb")
        # Directly in the student's folder it may stand beside the folders of other units.
        theirs = one.parent if one.parent != path or moodle else None
        return Submission(student, one, timestamp=timestamp(one), notes=told, own=theirs)
    if meant:
        names = listed([str(one.relative_to(path)) for one in meant])
        why = f"There is no {unit}.ipynb in what was handed in, and more than one could be meant: {names}. Keep one."
        return Submission(student, exact, unusable=why)
    if own.is_dir() or moodle:
        besides = f" What is there: {listed([str(one.relative_to(path)) for one in there])}." if there else ""
        return Submission(student, exact, unusable=f"There is no {unit}.ipynb in what was handed in.{besides}")
    return None


def _is_a_class(path: Path, unit: str) -> bool:
    """Whether the folder holds students, not a student."""
    return sum((inside / unit).is_dir() for inside in path.iterdir() if inside.is_dir()) > 1


def _besides(taken: Path, there: list[Path]) -> tuple[Diagnostic, ...]:
    """What to say of other notebooks that lie beside the one that is taken."""
    others = [one.name for one in there if one.parent == taken.parent and one != taken and NOTEBOOK.fullmatch(one.name)]
    if not others:
        return ()
    said = f"{taken.name} was graded; beside it, and not graded: {listed(others)}."
    return (Diagnostic(DiagnosticCode.FILES_LEFT, said),)


def _told(taken: str, wanted: str) -> tuple[Diagnostic, ...]:
    return (Diagnostic(DiagnosticCode.NAMED_OTHERWISE, f"{taken} was taken for {wanted}."),)


def _meant(name: str, unit: str) -> bool:
    """Whether a name is the unit's, but for case, blanks and what a copy adds to it."""
    folded = _folded(name)
    while folded != _folded(unit):
        shorter = _folded(COPY.sub("", name, count=1))
        if shorter == folded:
            return False
        name, folded = COPY.sub("", name, count=1), shorter
    return True


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", name).casefold()).strip("-")


def _stem(path: Path) -> str:
    found = NOTEBOOK.fullmatch(path.name)
    return found["name"] if found else path.stem


def _files(folder: Path, depth: int = 3) -> Iterator[Path]:
    """The files below `folder`, no deeper than that; nothing of the system's, nothing behind a link."""
    for path in sorted(folder.iterdir()):
        if _is_systems(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            if depth > 1:
                yield from _files(path, depth - 1)
        else:
            yield path


def _is_systems(name: str) -> bool:
    return name.startswith(".") or name in KEPT_BY_SYSTEMS


def listed(names: list[str]) -> str:
    """Names in a sentence, the first few of them."""
    shown = ", ".join(readable(name) for name in names[:NAMED])
    return f"{shown} and {len(names) - NAMED:,} more" if len(names) > NAMED else shown


def readable(name: str) -> str:
    """A file's name as text that a gradebook takes and a terminal shows as it is; bytes that are none are spelt out."""

    def spelt(c: str) -> bool:
        return unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in _OVERRIDES

    return "".join(c.encode("unicode_escape").decode() if spelt(c) else c for c in name)


_OVERRIDES = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def timestamp(notebook: Path) -> str | None:
    """When a notebook was handed in, as nbgrader's `timestamp.txt` beside it says; None where nothing sensible does."""
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

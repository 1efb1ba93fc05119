"""Content hashes of everything a result depends on. If none has changed, the stored result still holds.

A submission's result follows from what was handed in, from what it was run with (the released notebook, the code and
the packages, the limits), from what each check asked and how that is judged, and from what people gave. Of a check two
things are kept apart: what was *asked* of the answer, which only running the notebook can ask again, and how it is
*judged*, which the answer that is kept can be held against.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograder.judging.answer_key import fresh_inputs
from autograder.judging.exercise import Exercise, Function
from autograder.paths import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.judging.examiner import GradedItem
    from autograder.submissions.submission import Submission

PACKAGES = (
    "ipykernel",
    "ipython",
    "jax",
    "jaxlib",
    "latex2mathml",
    "matplotlib",
    "msgspec",
    "nbclient",
    "nbconvert",
    "nbgrader",
    "nh3",
    "numpy",
    "scikit-learn",
    "scipy",
)
"""The packages whose versions a result may hang on: what notebooks compute with, and what runs and judges them."""


class ItemFingerprint(NamedTuple):
    """What one check depends on."""

    asked: str
    judged: str


@dataclass(frozen=True)
class Fingerprint:
    """All that one result depends on, as digests."""

    submission: str
    """The bytes handed in, and when."""
    run: str
    """What the notebook was run with."""
    graded_items: dict[str, ItemFingerprint]
    """What each check asks, by its cell."""
    given: str
    """What people gave: manual scores, comments, an extension, the due date."""

    def to_json(self) -> str:
        """Encode it, with the same text for the same fingerprint."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Fingerprint:
        data = json.loads(text)
        if "papers" in data:  # so called by gradebooks of version 0.1
            data["graded_items"] = data.pop("papers")
        return cls(**{**data, "graded_items": items_from(data["graded_items"])})


def items_from(data: Mapping[str, Iterable[str]]) -> dict[str, ItemFingerprint]:
    """Decode the fingerprints of graded items from JSON."""
    return {cell: ItemFingerprint(*key) for cell, key in data.items()}


# --------------------------------------------------------------------------- digests


def digest(*parts: Any) -> str:
    """A digest of plain data, arrays and dataclasses: the same for the same content, in any process."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        _feed(state, part)
    return state.hexdigest()


def _feed(state: Any, value: Any) -> None:
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        array = np.asarray(value)
        state.update(f"array {array.dtype.str} {array.shape} ".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    elif isinstance(value, bytes):
        state.update(b"bytes %d " % len(value))
        state.update(value)
    elif value is None or isinstance(value, bool | int | float | complex | str | Path):
        text = f"{value}" if isinstance(value, str | Path) else repr(value)
        data = text.encode("utf-8", "surrogatepass")
        state.update(f"{type(value).__name__ if not isinstance(value, Path) else 'path'} {len(data)} ".encode())
        state.update(data)
    elif isinstance(value, Mapping):
        state.update(b"mapping %d " % len(value))
        for key in sorted(value, key=str):
            _feed(state, str(key))
            _feed(state, value[key])
    elif is_dataclass(value) and not isinstance(value, type):
        state.update(f"{type(value).__name__} ".encode())
        for one in fields(value):
            _feed(state, getattr(value, one.name))
    elif isinstance(value, list | tuple):
        state.update(b"list %d " % len(value))
        for item in value:
            _feed(state, item)
    else:
        raise TypeError(f"{type(value).__name__} has no digest")


# --------------------------------------------------------------------------- of a submission


def of_submission(read: Submission) -> str:
    """Of what was handed in and was read, or of the sentence that says why it cannot be."""
    content = read.data if read.data is not None else read.unusable or ""
    besides = [[str(note) for note in read.notes], read.beside] if read.notes or read.beside else []
    return digest(content, read.timestamp, *besides)


def of_given(submission: Submission, due: Any) -> str:
    """Of what people gave: it moves the penalty, and shows on the page."""
    return digest(submission.given, submission.written, submission.extension, str(due))


# --------------------------------------------------------------------------- of a class


def of_item(item: GradedItem) -> ItemFingerprint:
    """Of one check: what is asked, and what the reference and each mistake answer to that.

    Their answers stand for their code, so that a change in a helper function counts where it changes an answer. What
    has no answers of its own, the functions with which a bank's own requirements look at a measurement, counts with
    the bank's text.
    """
    exercise = item.declared()
    musts = exercise.answer.must if isinstance(exercise.answer, Function) else ()
    inputs = fresh_inputs(exercise, item.asked) if musts else ()
    asked = [
        exercise.id,
        [one.arguments for one in item.asked] if exercise.is_code else [],
        [[must.name, [list(measurement) for measurement in must.measured(inputs)]] for must in musts],
        exercise.answer.seconds if isinstance(exercise.answer, Function) else None,
    ]
    judged = [
        exercise.points,
        exercise.reference.__doc__,
        _kind(exercise),
        [[must.name, must.sentence, must.share, _text(exercise, must.holds)] for must in musts],
        [[one.name, one.sentence, one.breaks] for one in exercise.mistakes],
        [[one.arguments, one.right, one.mistaken] for one in item.asked],
    ]
    return ItemFingerprint(digest(*asked), digest(*judged))


def _kind(exercise: Exercise) -> list[Any]:
    return [exercise.is_code, type(exercise.returns).__name__, exercise.returns]


def _text(exercise: Exercise, function: Any) -> str:
    """What stands for a function's code: the text of its part of the bank where it is declared in one, else its name.

    An exercise's version covers all of the bank that its own module imports.
    """
    module = str(getattr(function, "__module__", ""))
    if module.partition(".")[0] == exercise.reference.__module__.partition(".")[0]:
        return exercise.version
    return f"{module}.{function.__qualname__}"


def of_notebook(released: NotebookNode) -> str:
    """Of the notebook that is handed out, as far as it runs: its cells' text and what nbgrader says of them."""
    return digest([[c.cell_type, c.source, dict(c.metadata.get("nbgrader", {}))] for c in released.cells])


@cache
def of_environment() -> str:
    """Of Python, the packages that matter, and the code of this project."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    ours = [path for name in ("autograder", "course") for path in sorted((ROOT / name).rglob("*")) if _code(path)]
    code = [[str(path.relative_to(ROOT)), path.read_bytes()] for path in ours]
    return digest(platform.python_version(), found, code)


def _code(path: Path) -> bool:
    return path.suffix in (".py", ".j2", ".css", ".json") and path.is_file()


def of_folder(folder: Path, *suffixes: str) -> str:
    """Of the files below `folder`, or of those with these suffixes."""
    return digest(
        [
            [str(path.relative_to(folder)), path.read_bytes()]
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes)
        ]
    )

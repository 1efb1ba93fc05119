"""What a class's submissions are graded with, as one piece of plain data that any machine can unpack.

The machines of a cluster share no disk. So all that a class has in common (the pristine notebook and its gradebook,
what each check asks, the bank, what stands beside the notebook, the settings) travels as a `GradingBundle`, once to each process
that grades; and what one student handed in travels with its `GradingJob`.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from traitlets.config import Config

from autograder.errors import GradingError
from autograder.grading import compile_cache
from autograder.judging import bank as banks
from autograder.judging.examiner import GradedItem
from autograder.kernels.sandbox import Limits
from autograder.submissions import fingerprints
from autograder.submissions.result import GradingResult
from autograder.submissions.submission import Submission
from autograder.submissions.task import Task

Judge = Callable[[Task, GradingResult, tuple[str, ...]], GradingResult]
"""A function `(task, earlier result, cells) -> result` that judges stored answers again. Raises `LookupError` if the
notebook must run again."""


@dataclass(frozen=True, kw_only=True)
class GradingBundle:
    """All that the submissions of one class share."""

    key: str
    """A digest: bundles with the same key are the same."""
    environment: str
    """The digest of the Python, the packages and the code that it was made with."""
    unit: str
    released: str
    """The notebook that was handed out."""
    due: datetime | None
    beside: dict[str, bytes]
    """The files of the unit's source folder but its notebooks, by their path in it; the bank's among them."""
    config: Config
    seconds: int
    graded_items: dict[str, GradedItem]
    grade: Callable[[Any], GradingResult]
    """What grades one `Task`: a function of a module, which travels by its name."""
    judge: Judge | None = None
    """What judges answers that are kept, in the same way; None to run every notebook again."""
    confined: bool = True
    limits: Limits = field(default_factory=Limits)
    compiled: dict[str, bytes] = field(default_factory=dict)
    """What JAX compiled for the class, by the file it keeps that in."""
    processor: str = ""
    """The processor that it was compiled for."""


@dataclass(frozen=True, kw_only=True)
class GradingJob:
    """One attempt at one submission."""

    bundle: str | GradingBundle
    """The bundle, or its key where the process that grades has it."""
    unit: str
    submission: Submission
    attempt: int
    before: GradingResult | None = None
    """The result of its last run, where only answers are to be judged again."""
    cells: tuple[str, ...] = ()
    """The checks whose answers are to be judged again; the others stand."""


@dataclass(frozen=True)
class _Unpacked:
    """A bundle in a folder of this machine."""

    bundle: GradingBundle
    folder: tempfile.TemporaryDirectory[str]
    """Removed when this process ends."""
    source: Path
    compiled: Path | None
    graded_items: dict[str, GradedItem]


_here: dict[str, _Unpacked] = {}


def unpack(bundle: GradingBundle) -> None:
    """Unpack a bundle for this process, unless it has it."""
    if bundle.key in _here and (not bundle.compiled or _here[bundle.key].compiled is not None):
        return
    folder = tempfile.TemporaryDirectory(prefix="bundle-")
    Path(folder.name).chmod(0o711)  # kernels of other users read what was compiled
    source, cache = Path(folder.name) / "source", Path(folder.name) / "compiled"
    if usable := bool(bundle.compiled) and bundle.processor == compile_cache.processor():
        cache.mkdir()
        cache.chmod(0o755)
        for name, content in bundle.compiled.items():
            (cache / name).write_bytes(content)
            (cache / name).chmod(0o644)
    for name, content in bundle.beside.items():
        path = source / bundle.unit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bank = banks.located(source / bundle.unit) or source / bundle.unit / "bank.py"
    graded_items = {cell: replace(item, bank=bank) for cell, item in bundle.graded_items.items()}
    _here[bundle.key] = _Unpacked(bundle, folder, source, cache if usable else None, graded_items)


def unpack_verified(bundle: GradingBundle) -> None:
    """Unpack a bundle on another machine. Raises `GradingError` where that machine could come to other results."""
    if bundle.environment != fingerprints.of_environment():
        raise GradingError(
            f"{platform.node()} has another Python, other packages or another version of this project than the machine "
            "that asked, so its results could differ. Install the same lock on both."
        )
    unpack(bundle)


def run(job: GradingJob) -> GradingResult:
    """Grade one submission in this process."""
    if isinstance(job.bundle, GradingBundle):
        unpack(job.bundle)
    here = _here[job.bundle if isinstance(job.bundle, str) else job.bundle.key]
    task = _task(here, job.submission)
    if job.before is not None and here.bundle.judge is not None:
        with suppress(LookupError):
            return here.bundle.judge(task, job.before, job.cells)
    return here.bundle.grade(task)


def task_of(bundle: GradingBundle, submission: Submission) -> Task:
    """Unpack the bundle in this process and return the task of grading `submission` with it."""
    unpack(bundle)
    return _task(_here[bundle.key], submission)


def _task(here: _Unpacked, submission: Submission) -> Task:
    bundle = here.bundle
    cache = here.compiled
    return Task(
        unit=bundle.unit,
        submission=submission,
        released=bundle.released,
        source=here.source,
        config=bundle.config,
        seconds=bundle.seconds,
        graded_items=here.graded_items,
        environment=compile_cache.read_only(cache) if cache else {},
        due=bundle.due,
        confined=bundle.confined,
        limits=bundle.limits,
        known=(str(cache),) if cache else (),
    )

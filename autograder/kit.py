"""What a class's submissions are graded with, as one piece of plain data that any machine can unpack.

The machines of a cluster share no disk. So all that a class has in common (the pristine notebook and its gradebook,
what each check asks, the bank, what stands beside the notebook, the settings) travels as a `Kit`, once to each process
that grades; and what one student handed in travels with its `Errand`.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import compiled, keys
from autograder.errors import GradingError
from autograder.sandbox import Limits
from autograder.submission import Submission

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.examiner import Paper
    from autograder.outcome import Outcome
    from autograder.pipeline import Task


Judge = Callable[[Any, "Outcome", tuple[str, ...]], "Outcome"]
"""From a `Task`, what came of it when it ran, and the cells to judge again to its outcome; `LookupError` where it must run."""


@dataclass(frozen=True)
class Kit:
    """All that the submissions of one class share."""

    key: str
    """A digest: kits with the same key are the same."""
    environment: str
    """The digest of the Python, the packages and the code that it was made with."""
    unit: str
    released: str
    """The notebook that was handed out."""
    due: datetime | None
    beside: dict[str, bytes]
    """The files of the unit's source folder but its notebooks, by their path in it; `bank.py` is one."""
    config: Config
    seconds: int
    papers: dict[str, Paper]
    formulas: dict[str, str]
    grade: Callable[[Any], Outcome]
    """What grades one `Task`: a function of a module, which travels by its name."""
    judge: Judge | None = None
    """What judges answers that are kept, in the same way; None to run every notebook again."""
    confined: bool = True
    limits: Limits = field(default_factory=Limits)
    compiled: dict[str, bytes] = field(default_factory=dict)
    """What JAX compiled for the class, by the file it keeps that in."""
    processor: str = ""
    """What that was compiled for."""


@dataclass(frozen=True)
class Errand:
    """One attempt at one submission."""

    kit: str | Kit
    """The kit, or its key where the process that grades has it."""
    unit: str
    submission: Submission
    attempt: int
    before: Outcome | None = None
    """What came of it when it ran, where that is still to be judged, and no more."""
    cells: tuple[str, ...] = ()
    """The checks whose answers are to be judged again; the others stand."""


@dataclass(frozen=True)
class _Unpacked:
    """A kit in a folder of this machine."""

    kit: Kit
    folder: tempfile.TemporaryDirectory[str]
    """Removed when this process ends."""
    source: Path
    compiled: Path | None
    papers: dict[str, Paper]


_here: dict[str, _Unpacked] = {}


def keep(kit: Kit) -> None:
    """Unpack a kit for this process, unless it has it."""
    if kit.key in _here and (not kit.compiled or _here[kit.key].compiled is not None):
        return
    folder = tempfile.TemporaryDirectory(prefix="kit-")
    Path(folder.name).chmod(0o711)  # kernels of other users read what was compiled
    source, cache = Path(folder.name) / "source", Path(folder.name) / "compiled"
    if usable := bool(kit.compiled) and kit.processor == compiled.processor():
        cache.mkdir()
        cache.chmod(0o755)
        for name, content in kit.compiled.items():
            (cache / name).write_bytes(content)
            (cache / name).chmod(0o644)
    for name, content in kit.beside.items():
        path = source / kit.unit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bank = source / kit.unit / "bank.py"
    papers = {cell: replace(paper, bank=bank) for cell, paper in kit.papers.items()}
    _here[kit.key] = _Unpacked(kit, folder, source, cache if usable else None, papers)


def keep_elsewhere(kit: Kit) -> None:
    """`keep` on another machine; `GradingError` where that one could come to other results."""
    if kit.environment != keys.of_environment():
        raise GradingError(
            f"{platform.node()} has another Python, other packages or another version of this project than the machine "
            "that asked, so its results could differ. Install the same lock on both."
        )
    keep(kit)


def run(errand: Errand) -> Outcome:
    """Grade one submission, in whatever process this is."""
    if isinstance(errand.kit, Kit):
        keep(errand.kit)
    here = _here[errand.kit if isinstance(errand.kit, str) else errand.kit.key]
    task = _task(here, errand.submission)
    if errand.before is not None and here.kit.judge is not None:
        with suppress(LookupError):
            return here.kit.judge(task, errand.before, errand.cells)
    return here.kit.grade(task)


def task_of(kit: Kit, submission: Submission) -> Task:
    """What grading a submission takes, in this process, which now has the kit."""
    keep(kit)
    return _task(_here[kit.key], submission)


def _task(here: _Unpacked, submission: Submission) -> Task:
    from autograder.pipeline import Task

    kit = here.kit
    cache = here.compiled
    return Task(
        kit.unit,
        submission,
        kit.released,
        here.source,
        kit.config,
        kit.seconds,
        here.papers,
        compiled.read_only(cache) if cache else {},
        kit.formulas,
        kit.due,
        kit.confined,
        kit.limits,
        (str(cache),) if cache else (),
    )

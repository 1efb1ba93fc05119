"""What a class's submissions are graded with, as one piece of plain data that any machine can unpack.

The machines of a cluster share no disk. So all that a class has in common (the pristine notebook and its gradebook,
what each check asks, the bank, what stands beside the notebook, the settings) travels as a `Kit`, once to each process
that grades; and what one student handed in travels with its `Errand`.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import keys
from autograder.bank import ROOT
from autograder.errors import GradingError
from autograder.sandbox import Limits
from autograder.submission import Submission

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.examiner import Paper
    from autograder.outcome import Outcome
    from autograder.pipeline import Task


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
    gradebook: bytes
    """A gradebook in which nothing but the assignment stands."""
    beside: dict[str, bytes]
    """The files of the unit's source folder but its notebooks, by their path in it; `bank.py` is one."""
    config: Config
    seconds: int
    papers: dict[str, Paper]
    formulas: dict[str, str]
    grade: Callable[[Any], Outcome]
    """What grades one `Task`: a function of a module, which travels by its name."""
    confined: bool = True
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Errand:
    """One attempt at one submission."""

    kit: str | Kit
    """The kit, or its key where the process that grades has it."""
    unit: str
    submission: Submission
    attempt: int


@dataclass(frozen=True)
class _Unpacked:
    """A kit in a folder of this machine."""

    kit: Kit
    folder: tempfile.TemporaryDirectory[str]
    """Removed when this process ends."""
    template: Path
    source: Path
    papers: dict[str, Paper]


_here: dict[str, _Unpacked] = {}


def keep(kit: Kit) -> None:
    """Unpack a kit for this process, unless it has it."""
    if kit.key in _here:
        return
    folder = tempfile.TemporaryDirectory(prefix="kit-")
    template, source = Path(folder.name) / "template", Path(folder.name) / "source"
    template.mkdir()
    (template / "gradebook.db").write_bytes(kit.gradebook)
    (template / "released.ipynb").write_text(kit.released, encoding="utf-8")
    for name, content in kit.beside.items():
        path = source / kit.unit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bank = source / kit.unit / "bank.py"
    papers = {cell: replace(paper, bank=bank) for cell, paper in kit.papers.items()}
    _here[kit.key] = _Unpacked(kit, folder, template, source, papers)


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
    return here.kit.grade(_task(here, errand.submission))


def _task(here: _Unpacked, submission: Submission) -> Task:
    from autograder.pipeline import Task

    kit = here.kit
    return Task(
        kit.unit,
        submission,
        here.template,
        here.source,
        kit.config,
        kit.seconds,
        here.papers,
        environment(),
        kit.formulas,
        kit.confined,
        kit.limits,
    )


def environment() -> dict[str, str]:
    """What a kernel is told: where this package is, that there are no banks, and to compute on the CPU."""
    here = [str(ROOT), *(part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(str(Path(part).absolute()) for part in here)),
        "ISOMETRY_COURSE": os.devnull,
        "ISOMETRY_BANKS": "",
        "JAX_PLATFORMS": "cpu",
        "PYTHONHASHSEED": "0",
    }

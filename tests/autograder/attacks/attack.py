"""What an attack is: who hands in what, and what an honest notebook with the same answers would earn."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from . import target


class Outside(NamedTuple):
    """Where the things of a process outside are (`bystander.py`)."""

    pid: int = 640_001
    datagram: str = "the-datagram-socket"
    packets: str = "the-socket-of-packets"
    """The paths of its sockets."""
    nameless: str = "the-socket-without-a-file"
    """The name of one that has no file."""
    segment: int = 640_002
    queue: int = 640_003
    semaphore: int = 640_004
    """The ids of its System V objects."""
    wanted: int = 640_005
    """A key under which it has no such object, and looks whether somebody has."""
    posix: str = "/the-posix-queue"
    shared: str = "/dev/shm/the-shared-file"
    note: str = "/the-file-that-both-may-read"
    terminal: str = "/dev/pts/the-terminal"
    address: int = 640_006
    """Where its memory holds a secret."""
    handle: int = 640_007
    """The number of its descriptor for a file with a secret."""
    key: str = "the-key"
    """The description of its key, which is a secret."""

    def known(self) -> str:
        names = (
            "BYSTANDER, DATAGRAM, PACKETS, NAMELESS, SEGMENT, QUEUE, SEMAPHORE, WANTED, "
            "POSIX, SHARED, NOTE, TERMINAL, ADDRESS, HANDLE, KEY"
        )
        return f"{names} = {tuple(self)!r}"


@dataclass(frozen=True)
class Place:
    """What an attacker knows of the machine: more than any real one would."""

    course: Path
    """The course, with `solutions/`."""
    handed_in: Path
    into: Path
    """The folder of the gradebook."""
    home: Path
    mark: str
    """A name that stands in the name of every file the attack would leave, and in all it would send."""
    honest: str
    """A learner whose answers are right."""
    tcp: int = 0
    udp: int = 0
    unix: str = ""
    abstract: str = ""
    outside: Outside | None = None

    def known(self) -> str:
        """All this as a cell's first lines. `boast` says that something was done which nobody should be able to do."""
        return "\n".join(
            [
                "from pathlib import Path",
                f"COURSE, HANDED_IN, INTO, HOME = map(Path, {[*map(str, (self.course, self.handed_in, self.into, self.home))]!r})",
                f"MARK, HONEST, UNIT = {self.mark!r}, {self.honest!r}, {target.UNIT!r}",
                f"TCP, UDP, UNIX, ABSTRACT = {self.tcp}, {self.udp}, {self.unix!r}, {self.abstract!r}",
                *([self.outside.known()] if self.outside else []),
                "def boast(what): print('boa' + f'sts: {what};', flush=True)",
                "",
            ]
        )


@dataclass
class Handed:
    """A submission in the making: a notebook whose answers are all wrong, and what lies beside it."""

    data: dict[str, Any]
    raw: bytes | None = None
    """What stands in the notebook's file, where that is not `data` as JSON."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Beside the notebook, by name."""
    links: dict[str, Path] = field(default_factory=dict)
    """Symbolic links, by their place in the student's folder; `.` is that folder itself."""
    pipes: list[str] = field(default_factory=list)
    """Named pipes beside the notebook."""
    sparse: int = 0
    """The size of the file, where it is only a size."""

    def cell(self, grade_id: str) -> dict[str, Any]:
        return next(c for c in self.data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)

    def put(self, **sources: str) -> None:
        """These sources in the place of what the cells with these ids hold; `_` stands for `-`."""
        for name, source in sources.items():
            self.cell(name.replace("_", "-"))["source"] = source

    def right(self, *names: str) -> None:
        """The right answers to these."""
        self.put(**{name: target.RIGHT[name] for name in names})

    def first(self, source: str) -> None:
        """A code cell before all others."""
        self.add(source, 0)

    def add(self, source: str, index: int | None = None, kind: str = "code", **more: Any) -> dict[str, Any]:
        """A cell of one's own at `index`, or at the end."""
        made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source, **more}
        if kind == "code":
            made |= {"execution_count": None, "outputs": []}
        cells = self.data["cells"]
        cells.insert(len(cells) if index is None else index, made)
        return made

    def after(self, grade_id: str, source: str) -> None:
        """A code cell behind the one with this id."""
        self.add(source, self.data["cells"].index(self.cell(grade_id)) + 1)

    def content(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.data).encode()


@dataclass(frozen=True)
class Attack:
    """One way to be graded better than one's answers, or to harm somebody."""

    name: str
    subject: str
    tries: str
    """What it tries, as a sentence for the table."""
    write: Callable[[Handed, Place], None]
    ceiling: float = 0.0
    """What an honest notebook with the same answers earns in the checks."""
    quick: bool = False
    """Whether it is one of the few that are always tried."""
    student: str = ""
    """The attacker's name, where the name is the attack."""
    page: bool = False
    """Whether it aims at who opens the feedback page."""
    outside: bool = False
    """Whether a process of its own stands outside for it to reach (`bystander.py`)."""


def code(text: str) -> str:
    """A cell's lines, written indented between three quotes."""
    return textwrap.dedent(text).strip("\n") + "\n"


_found: dict[str, Attack] = {}


def attack(
    name: str,
    tries: str,
    *,
    ceiling: float = 0.0,
    quick: bool = False,
    student: str = "",
    page: bool = False,
    outside: bool = False,
) -> Callable[[Callable[[Handed, Place], None]], Callable[[Handed, Place], None]]:
    """Declare an attack: the function below writes it into a notebook whose answers are all wrong."""

    def declare(write: Callable[[Handed, Place], None]) -> Callable[[Handed, Place], None]:
        if name in _found:
            raise ValueError(f"two attacks are called {name}")
        subject = write.__module__.rpartition(".")[2]
        _found[name] = Attack(name, subject, tries, write, ceiling, quick, student, page, outside)
        return write

    return declare


def registered() -> dict[str, Attack]:
    return dict(_found)

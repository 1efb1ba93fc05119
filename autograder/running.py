"""Runs a notebook's cells in warm kernels, one after another, and outlives whatever they do.

A cell that takes too long is interrupted. One that does not stop then, or in which the kernel dies, costs only itself:
the next cell gets a fresh kernel, in a fresh folder, in which the cells before run once more, the checks and the one
that broke left out. After `RESTARTS` of them, or when the notebook's time is over, the rest does not run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode

from autograder.conversation import Conversation, Died, Stubborn
from autograder.frames import Done
from autograder.outcome import Remark
from autograder.outputs import Outputs, failure
from autograder.sandbox import Limits
from autograder.warm import Client, Lost
from autograder.watch import Watch

RESTARTS = 3
"""How many kernels a notebook gets after its first."""

DISK, ENTRIES = 200_000_000, 5_000
"""Bytes that a kernel may write, in so many files."""


class Listener(Protocol):
    """Who is told which cell runs."""

    def begin(self, cell: str | None) -> None: ...
    def end(self) -> None: ...


@dataclass(frozen=True)
class Home:
    """What one kernel is given to live in."""

    folder: Path
    """All that it may write."""
    work: Path
    """Where it works; within `folder`."""
    plan: Path | None
    """How it is confined; None for not at all."""
    environment: dict[str, str]


def named(cell: NotebookNode, index: int) -> str:
    """How a cell is called in a remark: nbgrader's id of it, else its number."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}")


def the(name: str) -> str:
    """A cell's name as the subject of a sentence."""
    return f"The {name}" if name.startswith("cell ") else f"The cell {name}"


class NoKernel(Exception):
    """No kernel came up at all."""


class Runner:
    """Runs one notebook, in place. `remarks` says what went wrong, and in which cell.

    Parameters
    ----------
    notebook:
        The notebook; outputs are put into it.
    client:
        The warm server.
    move_in:
        Makes the home of the next kernel.
    examiner:
        Is told which cell runs.
    seconds:
        How long one cell may run.
    patience:
        How long the whole notebook may.
    limits:
        What a kernel may use; None where it is not confined.
    word:
        The file in which the name of the running cell is kept, for whoever waits outside.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        client: Client,
        move_in: Callable[[], Home],
        examiner: Listener,
        *,
        seconds: int,
        patience: float,
        limits: Limits | None,
        word: Path,
    ) -> None:
        self.remarks: list[Remark] = []
        self._notebook, self._client, self._move_in, self._examiner = notebook, client, move_in, examiner
        self._seconds, self._limits = seconds, limits
        self._word = os.open(word, os.O_WRONLY | os.O_CREAT, 0o600)
        self._patience, self._until = patience, time.monotonic() + patience
        self._kernel: Conversation | None = None
        self._watch: Watch | None = None
        self._outputs = Outputs()
        self._deaths = 0
        self._ran: list[int] = []
        self._overdue = False

    def run(self) -> None:
        """Run all cells. `NoKernel` where not even the first kernel starts."""
        try:
            for index, cell in enumerate(self._notebook.cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                if (kernel := self._ready(before=index)) is None:
                    return
                if self._attempt(kernel, cell, index, graded=True):
                    self._ran.append(index)
        finally:
            self._stop()
            os.close(self._word)

    def _ready(self, before: int) -> Conversation | None:
        """A kernel in which the cell `before` can run; None, and said, where there is to be none any more."""
        while True:
            name = named(self._notebook.cells[before], before)
            if time.monotonic() > self._until:
                reason = f"The notebook ran for more than {self._patience:g} s; from {_from(name)} on nothing was run."
                self.remarks.append(Remark(reason, name))
                return None
            if self._kernel is not None:
                return self._kernel
            if self._deaths > RESTARTS:
                reason = f"The kernel died {self._deaths} times; from {_from(name)} on nothing was run."
                self.remarks.append(Remark(reason, name))
                return None
            try:
                self._start()
            except Died as died:
                if not self._deaths:
                    raise NoKernel(str(died)) from died
                self._deaths += 1
            else:
                self._again()

    def _again(self) -> None:
        """Run in a fresh kernel what the old one had run, without its checks and its output."""
        for index in list(self._ran):
            cell = self._notebook.cells[index]
            meta = cell.metadata.get("nbgrader", {})
            if meta.get("grade") and not meta.get("solution"):
                continue
            if self._kernel is None:
                return
            if not self._attempt(self._kernel, NotebookNode(cell, outputs=[]), index, graded=False):
                self._ran.remove(index)

    def _attempt(self, kernel: Conversation, cell: NotebookNode, index: int, graded: bool) -> bool:
        """Run one cell; whether it ended by itself. Where its kernel did not survive, there is none afterwards."""
        name = named(cell, index)
        self._tell(name)
        self._overdue = False
        self._outputs.begin()
        self._examiner.begin(cell.metadata.get("nbgrader", {}).get("grade_id") if graded else None)
        said = ""
        try:
            done = kernel.run(cell.source, self._left(), self._outputs.take, self._is_overdue)
        except Died:
            why = f": {self._watch.reason}" if self._watch and self._watch.reason else ""
            said = f"The kernel died in {name}{why}."
        except Stubborn:
            said = f"{the(name)} ran for more than {self._seconds} s and would not stop."
        finally:
            self._examiner.end()
        shown = cell.outputs = self._outputs.end()
        if said:
            self._require_server(kernel)
            self._deaths += 1
            shown.append(failure("DeadKernelError", said))
            self.remarks.append(Remark(said, name))
            self._stop()
            return False
        cell.execution_count = done.number
        _add_unseen(done, shown)
        if kernel.lost:  # as little as possible is to be read from what is there
            shown.append(failure("LostOutput", "The cell's output did not arrive whole."))
        if self._overdue:
            shown.append(failure("CellTimeoutError", "No reply from kernel before timeout"))
            self.remarks.append(Remark(f"{the(name)} ran for more than {self._seconds} s and was stopped.", name))
        return not self._overdue

    def _is_overdue(self) -> None:
        self._overdue = True

    def _left(self) -> float:
        """How long a cell may run."""
        return max(1.0, min(self._seconds, self._until - time.monotonic()))

    def _tell(self, name: str) -> None:
        said = name.encode()
        os.ftruncate(self._word, os.pwrite(self._word, said, 0))

    # -- kernels

    def _require_server(self, kernel: Conversation) -> None:
        """`Lost` where it was not the kernel that ended by itself, but the process that it was forked from."""
        if kernel.kernel.poll() is not None and kernel.kernel.lost:
            raise Lost("the process that it was forked from has ended")

    def _start(self) -> None:
        home = self._move_in()
        self._kernel = Conversation(self._client, home.work, home.environment, home.plan)
        if self._limits is not None:
            self._watch = Watch(
                self._kernel.kernel.pid,
                home.folder,
                memory=self._limits.memory,
                disk=DISK,
                entries=ENTRIES,
                threads=self._limits.threads,
            )
            self._watch.__enter__()

    def _stop(self) -> None:
        if self._watch is not None:
            self._watch.__exit__()
            self._watch = None
        if self._kernel is not None:
            self._kernel.end()
            self._kernel = None


def _add_unseen(done: Done, shown: list[NotebookNode]) -> None:
    """As in nbgrader: an error that was not shown is one all the same."""
    wrong = done.failure
    if wrong is not None and not any(o.output_type == "error" and o.ename == wrong.name for o in shown):
        said = wrong.traceback or ["ERROR: An error occurred while showtraceback was disabled"]
        shown.append(failure(wrong.name, wrong.text, said))


def _from(name: str) -> str:
    return name if name.startswith("cell ") else f"the cell {name}"

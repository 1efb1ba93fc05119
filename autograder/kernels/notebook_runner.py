"""Runs a notebook's cells in warm kernels, one after another, and outlives whatever they do.

A cell that takes too long is interrupted. One that does not stop then, or in which the kernel dies, costs only itself:
the next cell gets a fresh kernel, in a fresh folder, in which the cells before run once more, the checks and the one
that broke left out. After `RESTARTS` of them, or when the notebook's time is over, the rest does not run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import InternalSignal
from autograder.kernels.connection import CellWontStop, Died, KernelConnection
from autograder.kernels.forkserver.client import ForkClient, ForkServerGone
from autograder.kernels.frames import Done
from autograder.kernels.outputs import Outputs, failure
from autograder.kernels.resource_monitor import ResourceMonitor
from autograder.kernels.sandbox import Limits

RESTARTS = 3
"""How many kernels a notebook gets after its first."""

DISK, ENTRIES = 200_000_000, 5_000
"""Bytes that a kernel may write, in so many files."""


class Listener(Protocol):
    """Who is told which cell runs."""

    def begin(self, cell: str | None) -> None: ...
    def end(self) -> None: ...


@dataclass(frozen=True)
class Workspace:
    """What one kernel is given to live in."""

    folder: Path
    """All that it may write."""
    work: Path
    """Where it works; within `folder`."""
    spec: Path | None
    """How it is confined; None for not at all."""
    environment: dict[str, str]
    cold: bool = False
    """Whether nothing is imported in it before its first cell: it takes seconds longer."""


def named(cell: NotebookNode, index: int) -> str:
    """The name of a cell in a diagnostic: nbgrader's id of it, else its number."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}")


def the(name: str) -> str:
    """A cell's name as the subject of a sentence."""
    return f"The {name}" if name.startswith("cell ") else f"The cell {name}"


class NoKernel(InternalSignal):
    """No kernel came up at all."""


class Runner:
    """Runs one notebook, in place. `diagnostics` says what went wrong, and in which cell.

    Parameters
    ----------
    notebook:
        The notebook; outputs are put into it.
    client:
        A connection to the fork server.
    make_workspace:
        A function that makes the workspace of the next kernel.
    examiner:
        Is told which cell runs.
    seconds:
        How long one cell may run.
    patience:
        How long the whole notebook may.
    limits:
        What a kernel may use; None where it is not confined.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        client: ForkClient,
        make_workspace: Callable[[], Workspace],
        examiner: Listener,
        *,
        seconds: int,
        patience: float,
        limits: Limits | None,
    ) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._notebook, self._client, self._make_workspace, self._examiner = notebook, client, make_workspace, examiner
        self._seconds, self._limits = seconds, limits
        self._patience, self._until = patience, time.monotonic() + patience
        self._kernel: KernelConnection | None = None
        self._monitor: ResourceMonitor | None = None
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

    def _ready(self, before: int) -> KernelConnection | None:
        """A kernel in which the cell `before` can run; None, and said, where there is to be none any more."""
        while True:
            name = named(self._notebook.cells[before], before)
            if time.monotonic() > self._until:
                reason = f"The notebook ran for more than {self._patience:g} s; from {_from(name)} on nothing was run."
                self._note(DiagnosticCode.NOTEBOOK_STOPPED, reason, name)
                return None
            if self._kernel is not None:
                return self._kernel
            if self._deaths > RESTARTS:
                reason = f"The kernel died {self._deaths} times; from {_from(name)} on nothing was run."
                self._note(DiagnosticCode.KERNELS_USED_UP, reason, name)
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

    def _attempt(self, kernel: KernelConnection, cell: NotebookNode, index: int, graded: bool) -> bool:
        """Run one cell; whether it ended by itself. Where its kernel did not survive, there is none afterwards."""
        name = named(cell, index)
        self._overdue = False
        self._outputs.begin()
        self._examiner.begin(cell.metadata.get("nbgrader", {}).get("grade_id") if graded else None)
        code, said = DiagnosticCode.KERNEL_DIED, ""
        try:
            done = kernel.run(cell.source, self._left(), self._outputs.take, self._is_overdue)
        except Died:
            why = f": {self._monitor.reason}" if self._monitor and self._monitor.reason else ""
            said = f"The kernel died in {name}{why}."
        except CellWontStop:
            code = DiagnosticCode.CELL_WOULD_NOT_STOP
            said = f"{the(name)} ran for more than {self._seconds} s and would not stop."
        finally:
            self._examiner.end()
        shown = cell.outputs = self._outputs.end()
        if said:
            self._require_server(kernel)
            self._deaths += 1
            shown.append(failure("DeadKernelError", said))
            self._note(code, said, name)
            self._stop()
            return False
        cell.execution_count = done.number
        _add_unseen(done, shown)
        if kernel.lost:  # as little as possible is to be read from what is there
            shown.append(failure("LostOutput", "The cell's output did not arrive whole."))
        if self._overdue:
            shown.append(failure("CellTimeoutError", "No reply from kernel before timeout"))
            said = f"{the(name)} ran for more than {self._seconds} s and was stopped."
            self._note(DiagnosticCode.CELL_STOPPED, said, name)
        return not self._overdue

    def _is_overdue(self) -> None:
        self._overdue = True

    def _left(self) -> float:
        """How long a cell may run."""
        return max(1.0, min(self._seconds, self._until - time.monotonic()))

    def _note(self, code: DiagnosticCode, text: str, cell: str) -> None:
        self.diagnostics.append(Diagnostic(code, text, cell))

    # -- kernels

    def _require_server(self, kernel: KernelConnection) -> None:
        """Raise `ForkServerGone` where it was not the kernel that ended by itself, but the process that it was forked from."""
        if kernel.kernel.poll() is not None and kernel.kernel.lost:
            raise ForkServerGone("the process that it was forked from has ended")

    def _start(self) -> None:
        workspace = self._make_workspace()
        self._kernel = KernelConnection(
            self._client, workspace.work, workspace.environment, workspace.spec, cold=workspace.cold
        )
        if self._limits is not None:
            self._monitor = ResourceMonitor(
                self._kernel.kernel.pid,
                workspace.folder,
                memory=self._limits.memory,
                disk=DISK,
                entries=ENTRIES,
                threads=self._limits.threads,
            )
            self._monitor.__enter__()

    def _stop(self) -> None:
        if self._monitor is not None:
            self._monitor.__exit__()
            self._monitor = None
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

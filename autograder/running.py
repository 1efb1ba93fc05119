"""Runs a notebook's cells in warm kernels, one after another, and outlives whatever they do.

A cell that takes too long is interrupted. One that does not stop then, or in which the kernel dies, costs only itself:
the next cell gets a fresh kernel, in a fresh folder, in which the cells before run once more, the checks and the one
that broke left out. After `RESTARTS` of them, or when the notebook's time is over, the rest does not run.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any, Protocol

import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.outcome import Remark
from autograder.provisioner import Provisioner
from autograder.sandbox import Limits
from autograder.warm import Client, Lost
from autograder.watch import Watch

RESTARTS = 3
"""How many kernels a notebook gets after its first."""

LARGEST_MESSAGE = 8_000_000
"""Bytes of one message from a kernel. The connection is cut, and made again, where one is larger."""
MOST_OUTPUT = 4_000_000
"""Bytes of output that one cell may leave."""
TRUNCATED = "... Output truncated ..."

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


class Runner(NotebookClient):
    """Runs one notebook, in place. `remarks` says what went wrong, and in which cell.

    Parameters
    ----------
    notebook:
        The notebook; outputs are put into it.
    config:
        nbgrader's settings, of which those of `Execute` count.
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
        config: Config,
        client: Client,
        move_in: Callable[[], Home],
        examiner: Listener,
        *,
        seconds: int,
        patience: float,
        limits: Limits | None,
        word: Path,
    ) -> None:
        settings = {name: value for name, value in config.get("Execute", {}).items() if self.class_traits().get(name)}
        super().__init__(
            notebook,
            **{
                "error_on_timeout": _OVER,
                **settings,
                "timeout": None,
                "timeout_func": self._left,
                "interrupt_on_timeout": True,
                "allow_errors": True,
                "raise_on_iopub_timeout": True,
                "store_widget_state": False,
            },
        )
        self.km: Any = None
        self.kc: Any = None
        self.remarks: list[Remark] = []
        self.comm_open_handlers = {}  # nobody looks at widgets, and what they hold is bounded by nothing
        self._client, self._move_in, self._examiner = client, move_in, examiner
        self._seconds, self._limits = seconds, limits
        self._word = os.open(word, os.O_WRONLY | os.O_CREAT, 0o600)
        self._patience, self._until = patience, time.monotonic() + patience
        self._deaths = 0
        self._ran: list[int] = []
        self._watch: Watch | None = None
        self._home: Home | None = None
        self._overdue = False
        self._passed, self._full = 0, False

    def run(self) -> None:
        """Run all cells, in a loop of its own. `NoKernel` where not even the first kernel starts."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._run())
        else:  # as in a notebook: that loop is busy with us
            with ThreadPoolExecutor(1) as beside:
                beside.submit(asyncio.run, self._run()).result()

    async def _run(self) -> None:
        self.reset_execution_trackers()
        try:
            for index, cell in enumerate(self.nb.cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                if not await self._ready(before=index):
                    return
                if await self._attempt(cell, index, graded=True):
                    self._ran.append(index)
        finally:
            await self._stop()
            os.close(self._word)

    async def _ready(self, before: int) -> bool:
        """Have a kernel in which the cell `before` can run; False, and said, where there is to be none any more."""
        while True:
            name = named(self.nb.cells[before], before)
            if time.monotonic() > self._until:
                reason = f"The notebook ran for more than {self._patience:g} s; from {_from(name)} on nothing was run."
                self.remarks.append(Remark(reason, name))
                return False
            if self.kc is not None:
                return True
            if self._deaths > RESTARTS:
                reason = f"The kernel died {self._deaths} times; from {_from(name)} on nothing was run."
                self.remarks.append(Remark(reason, name))
                return False
            try:
                await self._start()
            except Lost:
                raise
            except Exception as error:
                self._require_server()
                await self._stop()
                if not self._deaths:
                    raise NoKernel(str(error)) from error
                self._deaths += 1
                continue
            await self._again()

    async def _again(self) -> None:
        """Run in a fresh kernel what the old one had run, without its checks and its output."""
        for index in list(self._ran):
            cell = self.nb.cells[index]
            meta = cell.metadata.get("nbgrader", {})
            if meta.get("grade") and not meta.get("solution"):
                continue
            if not await self._attempt(NotebookNode(cell, outputs=[]), index, graded=False):
                self._ran.remove(index)
                if self.kc is None:
                    return

    async def _attempt(self, cell: NotebookNode, index: int, graded: bool) -> bool:
        """Run one cell; whether it ended by itself. Where its kernel did not survive, there is none afterwards."""
        name = named(cell, index)
        self._tell(name)
        self._overdue, self._passed, self._full = False, 0, False
        self._examiner.begin(cell.metadata.get("nbgrader", {}).get("grade_id") if graded else None)
        said = ""
        try:
            await self.async_execute_cell(cell, index)
        except DeadKernelError:
            why = f": {self._watch.reason}" if self._watch and self._watch.reason else ""
            said = f"The kernel died in {name}{why}."
        except CellTimeoutError:
            if not self._overdue:
                # The cell has ended, but what it showed is not here: as little as possible is to be read from that.
                cell.outputs.append(_error("LostOutput", "The cell's output did not arrive whole."))
                return True
            said = f"{the(name)} ran for more than {self._seconds} s and would not stop."
        except Exception as error:  # a kernel can send anything, and nbclient takes it for what it should be
            said = f"{the(name)} ended in a way that cannot be read ({type(error).__name__})."
        finally:
            self._examiner.end()
            if graded:
                self.nb.cells[index] = cell
        if said:
            self._require_server()
            self._deaths += 1
            cell.outputs = [*cell.get("outputs", []), _error("DeadKernelError", said)]
            self.remarks.append(Remark(said, name))
            await self._stop()
        elif self._overdue:
            self.remarks.append(Remark(f"{the(name)} ran for more than {self._seconds} s and was stopped.", name))
        return not said and not self._overdue

    def _tell(self, name: str) -> None:
        said = name.encode()
        os.ftruncate(self._word, os.pwrite(self._word, said, 0))

    # -- kernels

    def _require_server(self) -> None:
        """`Lost` where it was not the kernel that ended by itself, but the process that it was forked from."""
        kernel = self.km.provisioner.kernel if self.km is not None and self.km.provisioner is not None else None
        if kernel is not None and kernel.poll() is not None and kernel.lost:
            raise Lost("the process that it was forked from has ended")

    async def _start(self) -> None:
        self._home = home = self._move_in()
        spec = KernelSpec(argv=["python", "-f", "{connection_file}"], language="python")
        # Ports are picked before they are bound, so that graders side by side can pick the same; files cannot collide.
        manager = AsyncKernelManager(transport="ipc", ip=str(home.folder / "kernel"), context=_context())
        manager._kernel_spec = spec
        manager.connection_file = str(home.folder / "connection.json")
        provisioner = Provisioner(parent=manager, kernel_spec=spec)
        provisioner.client = self._client
        provisioner.plan = str(home.plan) if home.plan else None
        manager.provisioner = provisioner
        self.km = manager
        await manager.start_kernel(
            cwd=str(home.work), env=home.environment, extra_arguments=["--HistoryManager.enabled=False"]
        )
        if self._limits is not None and provisioner.kernel is not None:
            self._watch = Watch(
                provisioner.kernel.pid,
                home.folder,
                memory=self._limits.memory,
                disk=DISK,
                entries=ENTRIES,
                threads=self._limits.threads,
            )
            self._watch.__enter__()
        self.kc = manager.client(context=_context())
        self.kc.start_channels(stdin=False, hb=False, control=False)
        self.kc.allow_stdin = False
        await self._greet()

    async def _greet(self) -> None:
        """Wait until the kernel answers, and what it shows arrives."""
        until, kernel, client = time.monotonic() + self.startup_timeout, self.km.provisioner, self.kc
        while time.monotonic() < until:
            if await kernel.poll() is not None:
                raise DeadKernelError("The kernel died as it started.")
            asked = client.kernel_info()
            if await _hears(client.shell_channel, asked, 1.0) and await _hears(client.iopub_channel, asked, 0.2):
                return
        raise DeadKernelError("The kernel did not answer.")

    async def _stop(self) -> None:
        if self._watch is not None:
            self._watch.__exit__()
            self._watch = None
        if self.kc is not None:
            self.kc.stop_channels()
            self.kc = None
        if self.km is not None:
            provisioner = self.km.provisioner
            if provisioner is not None and provisioner.has_process:
                await provisioner.kill()
                await provisioner.wait()
            self.km._close_control_socket()
            self.km = None

    # -- what nbclient asks

    def on_cell_executed(self, **kwargs: Any) -> None:
        """As in nbgrader: an error that was not shown is one all the same."""
        Execute.on_cell_executed(self, **kwargs)

    def _left(self, cell: NotebookNode) -> float:
        """How long a cell may run."""
        return max(1.0, min(self._seconds, self._until - time.monotonic()))

    async def _async_handle_timeout(self, timeout: Any, cell: NotebookNode | None = None) -> Any:
        self._overdue = True
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        if msg["msg_type"].startswith("comm"):
            return None
        if msg["msg_type"] not in ("status", "execute_input", "clear_output"):
            self._passed += size(msg["content"])
            if self._passed > MOST_OUTPUT and not self._full:
                self._passed = size(msg["content"]) + sum(map(size, cell.outputs))  # without what was cleared
                self._full = self._passed > MOST_OUTPUT
                if self._full:
                    cell.outputs.append(new_output("stream", name="stdout", text=TRUNCATED))
            if self._full:
                return None
        return super().process_message(msg, cell, cell_index)


_OVER = {
    "ename": "CellTimeoutError",
    "evalue": "",
    "traceback": ["\x1b[0;31mCellTimeoutError\x1b[0m: No reply from kernel before timeout"],
}


async def _hears(channel: Any, asked: str, seconds: float) -> bool:
    """Whether word of the request `asked` comes over a channel; what else comes is passed over."""
    try:
        while True:
            message = await channel.get_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") == asked:
                return True
    except Empty:
        return False


def size(content: Any) -> int:
    """About how many bytes some content holds."""
    if isinstance(content, str | bytes):
        return len(content)
    if isinstance(content, dict):
        return sum(size(key) + size(value) for key, value in content.items())
    if isinstance(content, list | tuple):
        return sum(map(size, content))
    return 8


def _from(name: str) -> str:
    return name if name.startswith("cell ") else f"the cell {name}"


def _error(kind: str, said: str) -> NotebookNode:
    return new_output("error", ename=kind, evalue=said, traceback=[said])


_contexts: dict[int, zmq.asyncio.Context] = {}


def _context() -> zmq.asyncio.Context:
    """This process's sockets to kernels: what one of them sends is bounded, and one that is not up yet asked again soon."""
    if os.getpid() not in _contexts:
        context = _contexts[os.getpid()] = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        context.setsockopt(zmq.RCVHWM, 50)
        context.setsockopt(zmq.RECONNECT_IVL, 5)
        context.setsockopt(zmq.LINGER, 0)
    return _contexts[os.getpid()]

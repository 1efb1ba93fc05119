"""The kernel's side of a conversation: IPython, which runs the cells that come, and sends what they show.

ipykernel does the same for any number of clients, over five sockets with a thread for each. Here is one client, who
sends one cell at a time, so one socket does, and no thread; and the shell can be made before the fork (`forkserver/`). To a
notebook it is the shell of every notebook: ipykernel's own, with its magics and its name.

Nothing here decides anything: this process runs a stranger's code, and may send what it likes.

Long because a shell and the loop that feeds it are one thing to IPython: each holds the other's private parts.
"""

from __future__ import annotations

import asyncio
import builtins
import getpass
import io
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from subprocess import CalledProcessError
from types import FrameType, ModuleType
from typing import Any, NoReturn

import comm
from ipykernel.compiler import XCachingCompiler
from ipykernel.jsonutil import encode_images, json_clean
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.external.pickleshare import PickleShareDB
from IPython.utils.text import LSString, SList
from traitlets import Type
from traitlets.config import Config

from autograder.kernels import frames, stand_ins
from autograder.kernels.frames import Clear, Display, Done, Failure, Frame, Result, Stream

_PRINTED = 8_192
_EVERY = 0.1
"""Characters, and seconds, after which what was printed is sent."""
_NO_SUCH_PROGRAM = 127
"""The exit code of a shell that does not find the program."""


class _Line:
    """The one connection, for all threads. Before there is one, what is shown is lost."""

    def __init__(self) -> None:
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()
        self._main = 0
        self._waiting: list[bytes] = []
        self.busy = False
        """Whether the main thread is sending. An interrupt that came amid a frame would garble all that follows."""
        self.interrupted = False
        """Whether an interrupt came meanwhile, which is to be raised when the frame is sent."""

    def open(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._main = threading.get_ident()
        os.register_at_fork(after_in_child=self._hang_up)  # where programs may be started: no two speak at once

    def _hang_up(self) -> None:
        self._connection = None

    def send(self, frame: Frame) -> None:
        if (connection := self._connection) is None:
            return
        data = frames.packed(frame)
        if len(data) > frames.LARGEST:
            data = frames.packed(Stream("stderr", "What was to be shown here is too large, and was left out.\n"))
        if threading.get_ident() != self._main:
            with self._lock:
                connection.sendall(data)
            return
        self._waiting.append(data)
        if self.busy:  # the handler of a signal, which came while a frame is sent, shows something
            return
        self.busy = True
        try:
            with self._lock:
                while self._waiting:
                    connection.sendall(self._waiting.pop(0))
        finally:
            self.busy = False
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt


_line = _Line()


class Printed(io.TextIOBase):
    """Standard output, or error: sends what is printed, in larger pieces."""

    encoding = "UTF-8"
    errors = "backslashreplace"

    def __init__(self, name: Any, number: int) -> None:
        self.name = name
        self._number = number
        self._pieces: list[str] = []
        self._held, self._since = 0, 0.0
        self._lock = threading.RLock()

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        with self._lock:
            now = time.monotonic()
            if not self._pieces:
                self._since = now
            self._pieces.append(text)
            self._held += len(text)
            if self._held > _PRINTED or now - self._since > _EVERY:
                self.flush()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            text, self._pieces, self._held = "".join(self._pieces), [], 0
            for start in range(0, len(text), 1_000_000):
                _line.send(Stream(self.name, text[start : start + 1_000_000]))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _clean(bundle: dict[str, Any]) -> dict[str, Any]:
    return dict(json_clean(encode_images(bundle)))


class CellDisplayHook(DisplayHook):
    """What the value of a cell's last line goes through."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        _flush()
        _line.send(Result(_clean(format_dict), json_clean(md_dict or {}), self.prompt_count))

    def finish_displayhook(self) -> None:
        pass

    def set_parent(self, parent: Any) -> None:
        pass


class Published(DisplayPublisher):
    """What `display` goes through."""

    def publish(  # type: ignore[override]
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **more: Any,
    ) -> None:
        self._validate_data(data, metadata)
        _flush()
        name = (transient or {}).get("display_id")
        _line.send(Display(_clean(data), json_clean(metadata or {}), name and str(name), bool(update)))

    def clear_output(self, wait: bool = False) -> None:
        _flush()
        _line.send(Clear(bool(wait)))

    def set_parent(self, parent: Any) -> None:
        pass


class _Kernel:
    """Stand-in for `get_ipython().kernel`: tells libraries that they are in a notebook without a front end."""

    _allow_stdin = False

    def __init__(self) -> None:
        self.comm_manager = comm.get_comm_manager()
        self.shell: Shell | None = None

    def get_parent(self) -> dict[str, Any]:
        return {}


class Shell(ZMQInteractiveShell):
    """The shell of a notebook."""

    displayhook_class = Type(CellDisplayHook)  # type: ignore[assignment]
    display_pub_class = Type(Published)  # type: ignore[assignment]

    @property  # type: ignore[misc]
    def db(self) -> Any:
        """Of `%store`; where the shell was made, nobody may write."""
        if self._db is None:
            self._db = PickleShareDB(Path.home() / ".ipython" / "db")
        return self._db

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to look after."""

    def ask_exit(self) -> None:
        """A notebook has nothing to leave: its next cell runs."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        _flush()
        _line.send(_failure(etype, evalue, stb))
        self._last_traceback = stb


# Libraries ask for this name to learn that they are in a notebook.
Shell.__name__ = Shell.__qualname__ = "ZMQInteractiveShell"


def _failure(kind: type, error: BaseException | None, traceback: list[str]) -> Failure:
    try:
        text = str(error)
    except BaseException:  # a stranger's own class
        text = "<an error that cannot be printed>"
    return Failure(str(getattr(kind, "__name__", kind)), text, [str(part) for part in traceback])


def _nobody(*asked: Any, **more: Any) -> NoReturn:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def _nobody_knows(*asked: Any, **more: Any) -> NoReturn:
    raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")


def shell() -> Shell:
    """Return the IPython shell of this process, made on first use. Made before the fork, each kernel has it at once."""
    if not Shell.initialized():
        config = Config()
        config.HistoryManager.enabled = False  # it would keep a database, and a thread to write it
        made = Shell.instance(config=config, kernel=_Kernel(), compiler_class=XCachingCompiler)
        made.kernel.shell = made
        made.run_line_magic("load_ext", "storemagic")
        _rehearse(made)
    return Shell.instance()


def _rehearse(shell: Shell) -> None:
    """What IPython and matplotlib do once, with the first cell, error and figure."""
    from matplotlib import pyplot

    for source in (
        "1",
        "1/0",
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
        "axes.plot([0.1, 1, 10], label='$x^2$')\naxes.set_title('Title')\naxes.set_yscale('log')\naxes.legend()\n"
        "axes.imshow([[0, 1]])\nNone",
        "await __import__('asyncio').sleep(0)",
    ):
        shell.run_cell(source, store_history=False)
    pyplot.close("all")
    vars(pyplot.draw_if_interactive)["called"] = False  # else the first `%run` would draw
    shell.reset(new_session=True)
    for name, value in vars(ModuleType("__main__")).items():  # which `multiprocessing` looks for
        shell.user_ns.setdefault(name, value)
    shell.execution_count = 1
    comm.create_comm = comm.DummyComm  # where ipykernel has put its own in: widgets have nobody to talk to here


def serve(connection: socket.socket, *, programs: bool = True) -> None:
    """Run the cells that come over `connection`, until the other side closes it.

    Where `programs` cannot be started, a line that would start one says so, and the cell goes on.
    """
    here = shell()
    if not programs:
        _leave_out_programs(here)
    _line.open(connection)
    sys.stdout, sys.stderr = Printed("stdout", 1), Printed("stderr", 2)
    builtins.input, getpass.getpass = _nobody, _nobody_knows
    sys.breakpointhook = lambda *where, **more: None  # as in a notebook to which no debugger is attached
    _find_what_stands_beside_the_notebook()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _line.send(Done(0))
    while True:
        # What a cell has left running goes on meanwhile.
        _complete(loop, loop.create_task(_something(loop, connection)))
        if (asked := frames.received_run(connection)) is None:
            return
        failure = _run(loop, here, asked.source)
        _flush()
        _line.send(Done(asked.number, here.execution_count - 1, failure))


def _leave_out_programs(here: Shell) -> None:
    """Lines such as `!pip install x`, and all that IPython makes of the same: as for a program that is not there."""

    def left_out(command: str, depth: int) -> str:
        command = here.var_expand(command, depth=depth + 1)
        here.user_ns["_exit_code"] = _NO_SUCH_PROGRAM
        if here.system_raise_on_error:
            raise CalledProcessError(_NO_SUCH_PROGRAM, command)
        return f"{command}: not run. {stand_ins.NOTE}"

    def system(command: str) -> None:
        print(left_out(command, depth=1))

    def getoutput(command: str, split: bool = True, depth: int = 0) -> SList | LSString:
        said = left_out(command, depth=depth + 1)
        return SList([said]) if split else LSString(said)

    vars(here).update(system=system, system_piped=system, system_raw=system, getoutput=getoutput)


def _find_what_stands_beside_the_notebook() -> None:
    """As IPython does: the folder it works in comes before packages, and after Python's own library."""
    if "" not in sys.path:
        packages = [i for i, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages"))]
        sys.path.insert(packages[0] if packages else 0, "")


async def _something(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    """Wait until there is something to read."""
    there = loop.create_future()
    loop.add_reader(connection, lambda: None if there.done() else there.set_result(None))
    try:
        await there
    finally:
        loop.remove_reader(connection)


def _run(loop: asyncio.AbstractEventLoop, here: Shell, source: str) -> Failure | None:
    """Run a cell; return the error that ended it, if one did."""
    task = loop.create_task(_cell(here, source))

    def interrupt(number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt inside user code; if the event loop itself is running, cancel the cell's task instead."""
        if _line.busy:
            _line.interrupted = True
        elif loop.is_running() and _is_somebodys(frame):
            raise KeyboardInterrupt
        else:
            task.cancel()
            loop.call_soon_threadsafe(lambda: None)  # it may be asleep

    signal.signal(signal.SIGINT, interrupt)
    try:
        _complete(loop, task)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if task.cancelled():
        return _failure(KeyboardInterrupt, None, [])
    if (error := task.exception()) is None:
        error = task.result().error_before_exec or task.result().error_in_exec
    return None if error is None else _failure(type(error), error, [])


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Run the loop until the task is done, also where a cell stops the loop, or leaves it by an error in something else."""
    while not task.done():
        try:
            loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
        except BaseException:
            if loop.is_closed():
                raise


def _is_somebodys(frame: FrameType | None) -> bool:
    """Whether the loop has called code that is not its own, which is not done.

    Where a task has paused and the loop notes it for the next round, an error would lose it: nobody would wake it again.
    """
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in ("asyncio", "selectors"):
        if frame.f_code.co_name in ("_run_once", "run_forever"):
            return False
        frame = frame.f_back
    return frame is not None


async def _cell(here: Shell, source: str) -> Any:
    """As in ipykernel: within a running loop, so that a cell may wait, and what it starts can find it."""
    wrong = None
    try:
        transformed = here.transform_cell(source)
    except Exception:
        transformed, wrong = source, sys.exc_info()
    result = None
    try:
        result = await here.run_cell_async(
            source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=wrong
        )
    finally:
        here.events.trigger("post_execute")
        here.events.trigger("post_run_cell", result)
    return result

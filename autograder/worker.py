"""Grades one submission in any process or thread, and keeps warm what the next one needs as well.

`grade_one` hands the task to a desk: a process of its own, which has imported nbgrader and loaded the bank, and has
graded the submissions before. Each thread that asks has a desk to itself; all desks of a process share one server
from which kernels are forked. A desk that takes too long, or ends, is replaced: that costs the submission, and nothing
else.
"""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.errors import GradingError
from autograder.outcome import Outcome, failed
from autograder.warm import HERE, Client, Lost, Server

if TYPE_CHECKING:
    from autograder.pipeline import Task

MARGIN = 30.0
"""Seconds beyond a notebook's own time after which its desk is taken to hang."""

SERVERS = 3
"""How many servers a submission is tried with: one that ends takes its kernels with it, and that is no one's fault."""

_SIZE = struct.Struct(">Q")


# --------------------------------------------------------------------------- what asks


class Gone(Exception):
    """The desk has ended."""


class Desk:
    """A process that grades one submission after another."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        environment = os.environ | {"PYTHONPATH": _path(), "JAX_PLATFORMS": "cpu"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autograder.worker", str(theirs.fileno())],
                env=environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the batch's business
            )

    def ask(self, task: Task, scratch: Path, server: str, seconds: float) -> Any:
        """What the desk answers; `TimeoutError` after so many seconds, `Gone` where it has ended."""
        try:
            _send(self._line, (task, scratch, server))
            return _receive(self._line, seconds)
        except TimeoutError:
            raise
        except (OSError, EOFError):
            raise Gone from None

    def kill(self) -> None:
        """End it, and with it its kernels; whoever waits for it hears that it is gone."""
        self._process.kill()

    def end(self) -> None:
        """End it, and let go of it."""
        self._line.close()
        self._process.kill()
        self._process.wait()


def _path() -> str:
    here = [str(HERE), *(part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)]
    return os.pathsep.join(dict.fromkeys(str(Path(part).absolute()) for part in here))


_lock = threading.Lock()
_free: list[Desk] = []
_busy: set[Desk] = set()
_server: Server | None = None
_owner = os.getpid()


def _desk() -> Desk:
    _after_a_fork()
    with _lock:
        desk = _free.pop() if _free else Desk()
        _busy.add(desk)
        return desk


def _place() -> str:
    """The place of this process's server; one that has ended is replaced."""
    global _server
    _after_a_fork()
    with _lock:
        if _server is None or not _server.alive():
            if _server is not None:
                _server.end()
            _server = Server()
            _server.ready()
        return _server.place


def _after_a_fork() -> None:
    """Desks and servers belong to the process that started them, not to its copies."""
    global _owner, _server
    if _owner != os.getpid():
        _owner, _server = os.getpid(), None
        _free.clear()
        _busy.clear()


def grade_one(task: Task) -> Outcome:
    """Grade one submission. Whatever happens to it comes back as an `Outcome`.

    Raises
    ------
    GradingError
        Where this machine can start no further process, or make no folder.
    """
    from autograder.pipeline import PATIENCE

    started = time.monotonic()
    student, patience = task.submission.student, PATIENCE * task.seconds
    for _ in range(SERVERS):
        said, running = _attempt(task, patience + MARGIN)
        if not isinstance(said, Lost):
            break
    took = time.monotonic() - started
    if isinstance(said, Outcome):
        return replace(said, seconds=took)
    if said is None:
        reason = f"The notebook ran for more than {patience} s and could not be stopped."
        return failed(student, task.unit, reason, running or None, seconds=took)
    return failed(student, task.unit, f"Grading it broke off: {said}.", seconds=took)


def _attempt(task: Task, seconds: float) -> tuple[Any, str]:
    """What a desk says to the task, None where it says nothing in so many seconds; and the cell that ran last."""
    try:
        # The path of a socket in it may have 107 characters.
        short = len(tempfile.gettempdir()) < 60
        scratch = Path(tempfile.mkdtemp(prefix="grade-", dir=None if short else "/tmp"))
        place = _place()
        desk = _desk()
    except OSError as error:
        raise GradingError(
            f"No further process or scratch folder can be made ({error.strerror}). Grade with fewer --jobs."
        ) from None
    usable = False
    try:
        said = desk.ask(task, scratch, place, seconds)
        usable = True
    except TimeoutError:
        said = None
    except Gone:
        said = "its process ended without a word"
    finally:
        with _lock:
            _busy.discard(desk)
            if usable:
                _free.append(desk)
        if not usable:
            desk.end()
        running = _read(scratch / "running")
        shutil.rmtree(scratch, ignore_errors=True)
    return said, running


def end_all() -> None:
    """End every desk and server of this process, and with them the kernels; who waits for a desk hears that it ended."""
    global _server
    _after_a_fork()
    with _lock:
        for desk in _free:
            desk.end()
        _free.clear()
        for desk in _busy:
            desk.kill()
        if _server is not None:
            _server.end()
            _server = None


atexit.register(end_all)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


# --------------------------------------------------------------------------- between the two


def _send(line: socket.socket, said: Any) -> None:
    data = pickle.dumps(said)
    line.sendall(_SIZE.pack(len(data)) + data)


def _receive(line: socket.socket, seconds: float | None = None) -> Any:
    until = None if seconds is None else time.monotonic() + seconds
    (size,) = _SIZE.unpack(_exactly(line, _SIZE.size, until))
    return pickle.loads(_exactly(line, size, until))


def _exactly(line: socket.socket, size: int, until: float | None) -> bytes:
    parts = []
    while size:
        line.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        part = line.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


# --------------------------------------------------------------------------- the desk


def serve(line: socket.socket) -> None:
    """Be a desk: take tasks until whoever asks hangs up."""
    from autograder import pipeline

    gc.collect()
    gc.freeze()  # what is imported stays, and need not be looked at with every new notebook
    clients: dict[str, Client] = {}
    while True:
        try:
            task, scratch, place = _receive(line)
        except (EOFError, OSError):
            return
        try:
            if place not in clients:
                for old in clients.values():
                    old.close()
                clients = {place: Client(place)}
            answer: Any = pipeline.grade(task, scratch, clients[place])
        except Lost as lost:
            clients = {}
            answer = lost
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300].rstrip(".")
        _send(line, answer)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    from autograder import worker

    worker.main()

"""Grades one submission in whatever process this is called, and keeps warm there what the next one needs as well.

That is the process from which kernels are forked, a connection to it, and what has been imported, loaded and drawn.
Processes side by side share one warm process: the first starts it, and tells the others where it is. Who looks after
this process, should a submission cost it its life or its patience, is `workers.py`.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import files
from autograder.errors import GradingError
from autograder.outcome import Outcome, failed
from autograder.warm import Client, Lost, Server

if TYPE_CHECKING:
    from autograder.pipeline import Task

SERVERS = 3
"""How many warm processes a submission is tried with: one that ends takes its kernels with it, and that is no one's
fault."""

_lock = threading.Lock()
_owner = os.getpid()
_server: Server | None = None
_ready = False
"""Whether that one has said that it is."""
_told: str | None = None
_local = threading.local()


def use(place: str) -> None:
    """Fork kernels from the warm process at `place`, which another process looks after, as long as it is there."""
    global _told
    _told = place


def start() -> str:
    """Start this process's own warm process, unless it has one, and do not wait for it; returns where it will be."""
    global _owner, _server, _ready
    with _lock:
        if _owner != os.getpid():  # a copy of the process that started it
            _owner, _server = os.getpid(), None
        if _server is None or not _server.alive():
            if _server is not None:
                _server.end()
            _server, _ready = Server(), False
        return _server.place


def place() -> str:
    """Where this process's own warm process is; one that has ended is replaced. `GradingError` if none can start."""
    global _ready
    start()
    with _lock:
        assert _server is not None
        if not _ready:
            _server.ready()
            _ready = True
        return _server.place


def get_ready(place: str, bank: Path) -> None:
    """Fork kernels from the warm process at `place`, and import, before a submission comes, what grading one takes."""
    from autograder import bank as banks
    from autograder import pipeline  # noqa: F401

    use(place)
    with suppress(Exception):  # whoever asks from the bank tells what is wrong with it
        banks.load(bank)


def _client() -> Client:
    """This thread's connection to a warm process."""
    global _told
    mine: tuple[int, Client] | None = getattr(_local, "client", None)
    if mine is not None and mine[0] == os.getpid():
        return mine[1]
    client: Client | None = None
    if _told is not None:
        try:
            client = Client(_told)
        except Lost:
            _told = None
    client = client or Client(place())
    _local.client = (os.getpid(), client)
    return client


def _forget() -> None:
    """Have no connection any more: it leads nowhere."""
    mine: tuple[int, Client] | None = getattr(_local, "client", None)
    if mine is not None:
        mine[1].close()
        _local.client = None


def end() -> None:
    """End this process's warm process, and with it the kernels."""
    global _server
    with _lock:
        if _server is not None and _owner == os.getpid():
            if not _ready:  # it listens to nobody before it has imported everything
                with suppress(ProcessLookupError):
                    os.kill(_server.pid, signal.SIGKILL)
            _server.end()
        _server = None


atexit.register(end)


def judge_again(task: Task, before: Outcome, cells: tuple[str, ...]) -> Outcome:
    """Judge answers that are kept, without running the notebook; `LookupError` where only that tells."""
    from autograder import pipeline

    return pipeline.judge_again(task, before, cells)


def grade_one(task: Task) -> Outcome:
    """Grade one submission. Whatever happens to it comes back as an `Outcome`.

    Raises
    ------
    GradingError
        Where this machine can start no further process, or make no folder.
    """
    from autograder import pipeline

    _settle()
    started = time.monotonic()
    said = "no kernel can be forked"
    for _ in range(SERVERS):
        try:
            # The path of a socket in it may have 107 characters.
            short = len(tempfile.gettempdir()) < 60
            scratch = Path(tempfile.mkdtemp(prefix="grade-", dir=None if short else "/tmp"))
        except OSError as error:
            raise GradingError(
                f"No further scratch folder can be made ({error.strerror}). Make room on the disk."
            ) from None
        try:
            return replace(pipeline.grade(task, scratch, _client()), seconds=time.monotonic() - started)
        except Lost as lost:
            said = f"no kernel can be forked: {lost}"
            _forget()
        except GradingError:
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300].rstrip(".")
            break
        finally:
            files.remove(scratch)
    reason = f"Grading it broke off: {said}."
    return failed(task.submission.student, task.unit, reason, seconds=time.monotonic() - started)


_settled = False


def _settle() -> None:
    """What is imported by now stays, and need not be looked at with every new notebook."""
    global _settled
    if not _settled:
        _settled = True
        gc.collect()
        gc.freeze()

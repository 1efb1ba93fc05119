"""Grades one submission in whatever process this is called, and keeps warm there what the next one needs as well.

That is the process from which kernels are forked, a connection to it, and what has been imported, loaded and drawn.
Processes side by side share one warm process: the first starts it, and tells the others where it is. Who looks after
this process, should a submission cost it its life or its patience, is `pool.py`.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from autograder import files
from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.kernels.forkserver.client import ForkClient, ForkServerGone
from autograder.kernels.forkserver.server import ForkServer
from autograder.submissions.result import GradingResult, failed
from autograder.submissions.task import Task

_log = logging.getLogger(__name__)

SERVERS = 3
"""How many warm processes a submission is tried with: one that ends takes its kernels with it, and that is no one's
fault."""

_lock = threading.Lock()
_owner = os.getpid()
_server: ForkServer | None = None
_ready = False
"""Whether that one has said that it is."""
_told: str | None = None
_local = threading.local()


def use(place: str) -> None:
    """Use the fork server at `place`, which another process owns, for as long as it lives."""
    global _told
    _told = place


def start() -> str:
    """Start this process's own fork server, unless it has one, without waiting for it. Returns its address."""
    global _owner, _server, _ready
    with _lock:
        if _owner != os.getpid():  # a copy of the process that started it
            _owner, _server = os.getpid(), None
        if _server is None or not _server.alive():
            if _server is not None:
                _log.warning("the warm process %d has died and is replaced", _server.pid)
                _server.end()
            _server, _ready = ForkServer(), False
            _log.info("the warm process %d started", _server.pid)
        return _server.place


def place() -> str:
    """Return the address of this process's own fork server, replacing one that has ended. Raises `GradingError` if none can
    start."""
    global _ready
    start()
    with _lock:
        assert _server is not None
        if not _ready:
            _server.ready()
            _ready = True
        return _server.place


def get_ready(place: str, bank: Path) -> None:
    """Use the fork server at `place`, and import what grading takes before the first submission comes."""
    from autograder.judging import bank as banks
    from autograder.submissions import pipeline  # noqa: F401

    use(place)
    with suppress(Exception):  # whoever asks from the bank tells what is wrong with it
        banks.load(bank)


def _client() -> ForkClient:
    """This thread's connection to a warm process."""
    global _told
    mine: tuple[int, ForkClient] | None = getattr(_local, "client", None)
    if mine is not None and mine[0] == os.getpid():
        return mine[1]
    client: ForkClient | None = None
    if _told is not None:
        try:
            client = ForkClient(_told)
        except ForkServerGone:
            _told = None
    client = client or ForkClient(place())
    _local.client = (os.getpid(), client)
    return client


def _forget() -> None:
    """Have no connection any more: it leads nowhere."""
    mine: tuple[int, ForkClient] | None = getattr(_local, "client", None)
    if mine is not None:
        mine[1].close()
        _local.client = None


def end() -> None:
    """End this process's own fork server, and with it its kernels."""
    global _server
    with _lock:
        if _server is not None and _owner == os.getpid():
            if not _ready:  # it listens to nobody before it has imported everything
                with suppress(ProcessLookupError):
                    os.kill(_server.pid, signal.SIGKILL)
            _server.end()
        _server = None


atexit.register(end)


def judge_again(task: Task, before: GradingResult, cells: tuple[str, ...]) -> GradingResult:
    """Judge stored answers again without running the notebook. Raises `LookupError` if the notebook must run."""
    from autograder.submissions import pipeline

    return pipeline.judge_again(task, before, cells)


def grade_one(task: Task) -> GradingResult:
    """Grade one submission. Whatever happens to it comes back as a `GradingResult`.

    Raises
    ------
    GradingError
        Where this machine can start no further process, or make no folder.
    """
    from autograder.submissions import pipeline

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
        except ForkServerGone as lost:
            said = f"no kernel can be forked: {lost}"
            _log.warning("%s: %s", task.submission.student, said)
            _forget()
        except GradingError:
            raise
        except Exception as error:
            _log.exception("grading %s broke off", task.submission.student)
            said = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300].rstrip(".")
            break
        finally:
            files.remove(scratch)
    text, seconds = f"Grading it broke off: {said}.", time.monotonic() - started
    return failed(task.submission.student, task.unit, DiagnosticCode.GRADING_FAILED, text, seconds=seconds)


_settled = False


def _settle() -> None:
    """What is imported by now stays, and need not be looked at with every new notebook."""
    global _settled
    if not _settled:
        _settled = True
        gc.collect()
        gc.freeze()

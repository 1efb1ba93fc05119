"""Processes of this machine that take tasks, any of which may die: a `concurrent.futures.Executor`.

A submission may cost the process that grades it: its memory, its patience, its life. The standard library's
`ProcessPoolExecutor` gives every task up when one process dies, and cannot end one that hangs. Pebble's pool can, but
its processes share one pipe and one lock, and a process that is killed while it writes leaves both broken. Here each
process has a connection of its own, so a death says which task it was, costs that task only, and the next one gets a
new process. They live on between tasks, may start children, and end, children and all, with whoever started them.

`python -m autograder.grading.pool` is such a process.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from autograder import files, import_stubs
from autograder.errors import GradingError, InternalSignal
from autograder.grading import logs
from autograder.paths import ROOT

_log = logging.getLogger(__name__)

STARTING = 120.0
"""Seconds that a process may take until it is ready."""

_LOOK = 0.2
"""Seconds between two looks at whether a process still lives."""


class WorkerDied(InternalSignal):
    """The process that had the task ended, or was ended, before it answered. The text says how."""


class ProcessPool(Executor):
    """So many processes, started when they are needed first, or by `start`.

    Parameters
    ----------
    number:
        How many tasks run at once.
    seconds:
        How long a task may take. Its process is then ended, and the task ends in `WorkerDied`.
    initializer, initargs:
        What each process calls first. `begin_with` changes it.
    """

    def __init__(
        self,
        number: int,
        seconds: float,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        self._seconds = seconds
        self._first = pickle.dumps((initializer, initargs, {}))
        self._tasks: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._number, self._threads = max(1, number), list[threading.Thread]()
        self._processes: set[_Process] = set()
        self._lock = threading.Lock()
        self._closed = self._killed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have `fn(*args, **kwargs)` called in one of the processes."""
        future: Future[Any] = Future()
        task = pickle.dumps((fn, args, kwargs))
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._tasks.put((future, task))
            if len(self._threads) < self._number:
                self._add()
        return future

    def start(self, number: int) -> None:
        """Start so many of the processes now, and do not wait for them."""
        with self._lock:
            while not self._closed and len(self._threads) < min(number, self._number):
                self._add(early=True)

    def begin_with(self, initializer: Callable[..., object], initargs: tuple[Any, ...] = ()) -> None:
        """From now on each process calls this before its next task, and each new one first."""
        self._first = pickle.dumps((initializer, initargs, {}))

    def _add(self, early: bool = False) -> None:
        thread = threading.Thread(target=self._serve, args=(early,), name="worker", daemon=True)
        self._threads.append(thread)
        thread.start()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the processes end when they have done what was submitted."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
        if cancel_futures:
            while not self._tasks.empty():
                if (task := self._tasks.get()) is not None:
                    task[0].cancel()
        for _ in threads:
            self._tasks.put(None)
        if wait:
            for thread in threads:
                thread.join()

    def kill(self) -> None:
        """End all processes and their children now, whatever they do."""
        _log.info("all workers are ended")
        self._killed = True
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            process.kill()
        self.shutdown(cancel_futures=True)

    def _serve(self, early: bool) -> None:
        process: _Process | None = None
        try:
            if early:
                with suppress(GradingError):  # the first task finds that out, too, and tells
                    process = self._fit(None)
            while (task := self._tasks.get()) is not None:
                future, message = task
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    if self._killed:
                        raise WorkerDied("it was stopped")
                    process = self._fit(process)
                    done, value = process.ask(message, self._seconds)
                except BaseException as error:
                    done, value = False, error
                if done:
                    future.set_result(value)
                else:
                    future.set_exception(value)
        finally:
            if process is not None:
                self._leave(process)

    def _fit(self, process: _Process | None) -> _Process:
        """The process, or one in its place, that lives and has called what each is to call first."""
        if process is not None:
            if process.alive:
                with suppress(WorkerDied):
                    process.begin(self._first)
                    return process
            _log.warning("worker %d is replaced: it lives no more, or did not begin", process.pid)
            self._leave(process)
        for last in (False, True):  # one that is killed as it starts says nothing about the machine
            new = _Process()
            with self._lock:
                self._processes.add(new)
            try:
                if self._killed:
                    raise WorkerDied("it was stopped")
                new.begin(self._first)
                break
            except WorkerDied as lost:
                _log.warning("worker %d could not begin: %s", new.pid, lost)
                self._leave(new)
                if last or self._killed:
                    raise GradingError(f"A process to grade in could not be started: {lost}.") from None
        return new

    def _leave(self, process: _Process) -> None:
        process.close()
        with self._lock:
            self._processes.discard(process)


class _Process:
    """One process, as the one who started it sees it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ends, self._life = os.pipe()  # it lives as long as our end of this is open
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        root = str(ROOT)
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "autograder.grading.pool", str(theirs.fileno()), str(ends)],
                pass_fds=(theirs.fileno(), ends),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is the batch's business
            )
        except OSError as error:
            ours.close()
            os.close(self._life)
            raise GradingError(
                f"No further process can be started ({error.strerror}). Grade fewer notebooks at once.",
                parameter="jobs",
            ) from None
        finally:
            theirs.close()
            os.close(ends)
        _log.info("worker %d started", self.pid)
        self._connection = Connection(ours.detach())
        self._begun: bytes | None = None
        self.alive = True

    @property
    def pid(self) -> int:
        return self._popen.pid

    def begin(self, first: bytes) -> None:
        """Have it call what each process is to call first, unless it has, and wait until that is done."""
        if first == self._begun:
            return
        message = first if self._begun is not None else pickle.dumps((sys.path, first))
        done, value = self.ask(message, STARTING)
        if not done:
            self.kill()
            raise value if isinstance(value, GradingError) else WorkerDied(f"{type(value).__name__}: {value}")
        self._begun = first

    def ask(self, message: bytes, seconds: float) -> tuple[bool, Any]:
        """Return whether the task came back, and its result.

        Raises `WorkerDied` where the process did not live, or took longer than `seconds`.
        """
        until = time.monotonic() + seconds
        try:
            self._connection.send_bytes(message)
            while not self._connection.poll(_LOOK):
                if self._popen.poll() is not None and not self._connection.poll(0):
                    raise EOFError
                if time.monotonic() > until:
                    _log.error("worker %d said nothing for %g s and is ended", self.pid, seconds)
                    self.kill()
                    raise WorkerDied(f"its process said nothing for {seconds:g} s and was ended")
            return pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            self.kill()
            _log.error("worker %d died (%s)", self.pid, self._how())
            raise WorkerDied(f"its process ended ({self._how()})") from None

    def kill(self) -> None:
        """End it and all it started."""
        self.alive = False
        try:
            children = psutil.Process(self._popen.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self._popen.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                pass
        self._popen.wait()
        self._clear_up()

    def _clear_up(self) -> None:
        """Remove the folder that it worked in, where it could not do so itself."""
        for left in Path(_short(tempfile.gettempdir())).glob(f"{_prefix(self.pid)}*"):
            files.remove(left)

    def close(self) -> None:
        """Let it end by itself, as it does when nobody is there any more; not for long."""
        self._connection.close()
        try:
            self._popen.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._clear_up()
        os.close(self._life)
        self._log.close()
        self.alive = False

    def _how(self) -> str:
        code = self._popen.returncode
        self._log.seek(0)
        said = self._log.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"code {code}" + (f", {said[-1][:200]}" if said else "")


# --------------------------------------------------------------------------- in the process itself


def main() -> None:
    """Take tasks until whoever gives them is gone."""
    import_stubs.install()
    logs.join()
    connection, life = Connection(int(sys.argv[1])), int(sys.argv[2])
    # Whoever is forked from here holds neither: the other side is to notice when this process is gone.
    os.register_at_fork(after_in_child=lambda: _hang_up(connection, life))
    own = Path(tempfile.mkdtemp(prefix=_prefix(os.getpid()), dir=_short(tempfile.gettempdir())))
    own.chmod(0o711)  # a kernel with a user of its own finds its way to its folder, and sees no other
    tempfile.tempdir = str(own)
    threading.Thread(target=_end_with_parent, args=(life, own), daemon=True).start()
    try:
        sys.path[:], message = pickle.loads(connection.recv_bytes())
        while True:
            _answer(connection, message)
            message = connection.recv_bytes()
    except (EOFError, OSError):
        pass
    finally:
        _clear(own)


def _answer(connection: Connection, message: bytes) -> None:
    try:
        function, arguments, named = pickle.loads(message)
        answer = (True, function(*arguments, **named) if function is not None else None)
    except Exception as error:
        answer = (False, error)
    try:
        message = pickle.dumps(answer)
        pickle.loads(message)
    except Exception:
        message = pickle.dumps((False, RuntimeError(f"{type(answer[1]).__name__}: {answer[1]}")))
    connection.send_bytes(message)


def _end_with_parent(life: int, own: Path) -> None:
    """End this process and all it started when the one that started it is gone, however it went."""
    try:
        os.read(life, 1)
    finally:
        _clear(own)
        os._exit(1)


def _hang_up(connection: Connection, life: int) -> None:
    connection.close()
    os.close(life)


def _clear(own: Path) -> None:
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            pass
    files.remove(own)


def _prefix(pid: int) -> str:
    """How the name of the folder begins in which the process of this number works."""
    return f"grader-{pid}-"


def _short(folder: str) -> str:
    """`folder`, unless paths of sockets in it would be longer than the 107 characters they may have."""
    return folder if len(folder) < 40 else "/tmp"


if __name__ == "__main__":
    main()

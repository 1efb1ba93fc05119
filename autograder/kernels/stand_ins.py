"""What a confined process finds in place of programs and of other processes, so that code goes on as where they lack.

Linux refuses both (`sandbox`). What Python makes of that is not always what it makes of a machine without the program:
`subprocess` forks before it looks, and a lock for processes that can never be started asks for a file in `/dev/shm`.
"""

from __future__ import annotations

import _multiprocessing  # type: ignore[import-not-found]
import errno
import multiprocessing.heap
import os
import sys
import threading
from typing import Any

NOTE = "Programs do not run while a notebook is graded."


def put_in_place() -> None:
    """Let this process, which is confined, know neither programs nor processes. It cannot be undone."""
    sys.addaudithook(_find_no_program)
    vars(_multiprocessing)["SemLock"] = Semaphore
    multiprocessing.heap.Arena._dir_candidates = []  # type: ignore[attr-defined]


def _find_no_program(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])
        error.add_note(NOTE)
        raise error


class Semaphore:
    """A semaphore, or a recursive lock, of the threads of this process, with the interface of `_multiprocessing.SemLock`.

    `multiprocessing` makes all its locks, queues and pools of it, `ThreadPool` as well.

    Parameters
    ----------
    kind:
        0 for a recursive lock, 1 for a semaphore.
    value, maxvalue:
        How often it can be acquired now, and at most.
    name, unlink:
        Not used: it has no name that another process could know.
    """

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, None, id(self)
        self._value = value
        self._changed = threading.Condition(threading.Lock())
        self._held, self._holder = 0, 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == 0 and self._is_mine():
            self._held += 1
            return True
        with self._changed:
            if not self._changed.wait_for(lambda: self._value > 0, timeout if block else 0):
                return False
            self._value -= 1
            self._held, self._holder = self._held + 1, threading.get_ident()
        return True

    def release(self) -> None:
        if self.kind == 0:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        with self._changed:
            if self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._value += 1
            self._held -= 1
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._holder == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        """There is no fork."""

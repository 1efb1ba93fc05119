"""Asks a fork server for kernels, and holds on to them."""

from __future__ import annotations

import json
import os
import select
import signal as signals
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from autograder.errors import InternalSignal

LARGEST = 100_000
"""Bytes of one request."""

PATIENCE = 120.0
"""Seconds in which the server must be ready, or answer."""


class ForkServerGone(InternalSignal):
    """The server has ended, or cannot fork. Another one can be started."""


class Kernel:
    """A process that the server forked: a handle that stays valid, whatever becomes of its number."""

    def __init__(self, pid: int, handle: int, ended: socket.socket) -> None:
        self.pid = pid
        self._handle, self._ended = handle, ended
        self._code: int | None = None
        self.lost = False
        """Whether it ended because its server did."""

    def poll(self) -> int | None:
        """None while it runs; then its exit code, or minus the signal that ended it."""
        if self._code is None and select.select([self._ended], [], [], 0)[0]:
            self._hear()
        return self._code

    def wait(self, seconds: float | None = None) -> int | None:
        """As `poll`, after waiting for its end."""
        if self._code is None and select.select([self._ended], [], [], seconds)[0]:
            self._hear()
        return self._code

    def _hear(self) -> None:
        said = b""
        with suppress(OSError):
            said = self._ended.recv(16)
        self.lost = not said  # without a word: its server ended, and it with that
        self._code = int(said) if said else -signals.SIGKILL
        self.close()

    def signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._code is None:
            with suppress(ProcessLookupError):
                signals.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.signal(signals.SIGKILL)

    def fileno(self) -> int:
        """A descriptor that can be read once it has ended; for `select`, as long as nothing else was asked of it then."""
        return self._ended.fileno()

    def close(self) -> None:
        """Let go of it; it runs on if it does."""
        if self._handle >= 0:
            os.close(self._handle)
            self._ended.close()
            self._handle = -1


class ForkClient:
    """A connection to a server, over which kernels are asked for; they end with it. For one thread at a time."""

    def __init__(self, place: str) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._line.connect(place)
        except OSError:
            self._line.close()
            raise ForkServerGone("it is not there any more") from None
        self._line.settimeout(PATIENCE)
        self._lock = threading.Lock()

    def start_cells(
        self,
        *,
        folder: str,
        environment: Mapping[str, str],
        spec: str | None,
        cold: bool = False,
        line: socket.socket,
        output: int,
        errors: int,
    ) -> Kernel:
        """Fork a kernel that runs the cells which come over `line`, in `folder`.

        Parameters
        ----------
        environment:
            What it finds in `os.environ` beside the server's own.
        spec:
            The file that says how it is confined (`SandboxSpec.write`); None for not at all.
        cold:
            Whether nothing is imported in it yet, which takes it seconds; else it has what notebooks import.
        output, errors:
            Descriptors for what is written to its standard output and error past Python.

        Raises
        ------
        ForkServerGone
            Where the server has ended or refuses.
        """
        asked = {"spec": spec, "cold": cold, "folder": folder, "environment": dict(environment)}
        return self._fork(asked, [output, errors, line.fileno()])

    def _fork(self, asked: Mapping[str, Any], handles: Sequence[int]) -> Kernel:
        text = json.dumps(asked).encode()
        if len(text) > LARGEST:
            raise ForkServerGone("more was asked of it than fits into one message")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # which tells when the other is gone
        try:
            with self._lock:
                socket.send_fds(self._line, [text], [theirs.fileno(), *handles])
                said, there, _, _ = socket.recv_fds(self._line, LARGEST, 1)
        except OSError as error:
            ours.close()
            raise ForkServerGone(f"it does not answer ({error})") from None
        finally:
            theirs.close()
        answer: dict[str, Any] = json.loads(said) if said else {"refused": "it has ended"}
        if not there:
            ours.close()
            raise ForkServerGone(str(answer.get("refused")))
        return Kernel(answer["pid"], there[0], ours)

    def close(self) -> None:
        self._line.close()

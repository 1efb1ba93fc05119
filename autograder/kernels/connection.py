"""One kernel that runs cells, as the grader sees it: it is given one cell after the other, and time for each."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from autograder.errors import InternalSignal
from autograder.kernels import frames
from autograder.kernels.forkserver.client import ForkClient, ForkServerGone
from autograder.kernels.frames import Done, Frame, Reader, Run, Stream

STARTING = 60.0
"""Seconds in which a kernel must be ready."""
GRACE = 4.0
"""Seconds in which a cell that is interrupted must stop."""
AGAIN = 2.0
"""Seconds after which it is interrupted once more."""

_PIECE = 1 << 18
_STILL_THERE = 64
"""So many pieces of what a kernel that has ended had still sent are taken. What it had started may send for ever."""

Take = Callable[[Frame], None]
"""Who is told what the cell shows."""


class Died(InternalSignal):
    """The kernel has ended, or can no longer be talked to."""


class CellWontStop(InternalSignal):
    """The cell's time is over, and it would not stop."""


class KernelConnection:
    """A kernel and the line to it. `end` it.

    Parameters
    ----------
    client:
        The warm server that forks it.
    folder:
        Where it works.
    environment:
        What it finds in its environment beside the server's own.
    spec:
        The file that says how it is confined; None for not at all.
    cold:
        Whether nothing is imported in it yet.

    Raises
    ------
    autograder.kernels.forkserver.client.ForkServerGone
        Where the server cannot fork.
    Died
        Where the kernel does not become ready. The text is the last that it said.
    """

    def __init__(
        self, client: ForkClient, folder: Path, environment: Mapping[str, str], spec: Path | None, *, cold: bool = False
    ) -> None:
        self._line, theirs = socket.socketpair()
        pipes = [os.pipe() for _ in range(2)]
        # What programs and libraries print past Python.
        self._printed: dict[int, str] = {pipes[0][0]: "stdout", pipes[1][0]: "stderr"}
        try:
            self.kernel = client.start_cells(
                folder=str(folder),
                environment=environment,
                spec=str(spec) if spec else None,
                cold=cold,
                line=theirs,
                output=pipes[0][1],
                errors=pipes[1][1],
            )
        except BaseException:
            self._close()
            raise
        finally:
            theirs.close()
            for _, end in pipes:
                os.close(end)
        self._reader = Reader()
        self._count = 0
        self._poll = select.poll()
        for ready in (self._line.fileno(), self.kernel.fileno(), *self._printed):
            self._poll.register(ready, select.POLLIN)
        last: list[str] = []

        def note(frame: Frame) -> None:
            if isinstance(frame, Stream):
                last[:] = frame.text.strip().splitlines()[-1:] or last

        try:
            if self._until_done(0, time.monotonic() + STARTING, note) is None:
                raise Died(f"it was not ready after {STARTING:g} s")
        except Died as died:
            self.end()
            if self.kernel.lost:
                raise ForkServerGone("the process that it was forked from has ended") from None
            raise Died(last[0][:300] if last else str(died)) from None

    @property
    def lost(self) -> bool:
        """Whether something that the last cell showed did not come whole."""
        return self._reader.lost

    def run(self, source: str, seconds: float, take: Take, overdue: Callable[[], None]) -> Done:
        """Run a cell. If it takes longer than `seconds`, call `overdue` and interrupt the cell.

        Raises
        ------
        Died
            Where the kernel ends first.
        CellWontStop
            Where the cell goes on though it was interrupted.
        """
        self._reader.lost = False
        self._count += 1
        until = time.monotonic() + seconds
        self._say(Run(self._count, source), until + GRACE, take)
        done = self._until_done(self._count, until, take)
        if done is None:
            overdue()
            done = self._interrupted(take)
        self._drain(take)
        return done

    def end(self) -> None:
        """End the kernel."""
        self.kernel.kill()
        self.kernel.wait(10)
        self.kernel.close()
        self._close()

    def _close(self) -> None:
        self._line.close()
        for end in self._printed:
            os.close(end)
        self._printed = {}

    def _say(self, run: Run, until: float, take: Take) -> None:
        """Hand the cell over, and listen meanwhile: a kernel that is still busy showing something would not."""
        left = memoryview(frames.packed(run))
        while left:
            try:
                left = left[self._line.send(left, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                if time.monotonic() > until:
                    raise CellWontStop from None
                self._listen(0.0, take)
                select.select([], [self._line], [], 0.05)
            except OSError:
                raise Died("it does not listen any more") from None

    def _interrupted(self, take: Take) -> Done:
        """Interrupt the cell until it ends: once may be too early, where the machine is so busy that it has not begun."""
        over = time.monotonic() + GRACE
        while (now := time.monotonic()) < over:
            self.kernel.signal(signal.SIGINT)
            if (done := self._until_done(self._count, min(over, now + AGAIN), take)) is not None:
                return done
        raise CellWontStop

    def _until_done(self, cell: int, until: float, take: Take) -> Done | None:
        """Wait until the cell has ended; None where `until` comes first."""
        while (left := until - time.monotonic()) > 0:
            for done in self._listen(left, take):
                if done.cell == cell:
                    return done
        return None

    def _listen(self, seconds: float, take: Take) -> list[Done]:
        """Take what comes within `seconds`, and return what has ended. `Died` where nothing will come any more."""
        done: list[Done] = []
        ready = {number for number, _ in self._poll.poll(max(1.0, seconds * 1000))}
        ended = self.kernel.fileno() in ready
        for number in [number for number in self._printed if number in ready]:
            self._hear(number, take)
        if self._line.fileno() in ready:
            data = self._received()
            if not data and not ended:
                raise Died("it has closed the line")
            for _ in range(_STILL_THERE if ended else 1):
                for frame in self._reader.frames(data):
                    if isinstance(frame, Done):
                        done.append(frame)
                    else:
                        take(frame)
                if not (data := self._received() if ended else b""):
                    break
        if ended and not done:
            self._drain(take)
            raise Died("it has ended")
        return done

    def _received(self) -> bytes:
        try:
            return self._line.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except OSError:
            raise Died("the line is broken") from None

    def _hear(self, number: int, take: Take) -> bool:
        """Take what was printed past Python; whether there was something."""
        data = os.read(number, _PIECE)
        if not data:
            self._poll.unregister(number)
            os.close(number)
            del self._printed[number]
            return False
        name = self._printed[number]
        take(Stream("stdout" if name == "stdout" else "stderr", data.decode("utf-8", "replace")))
        return True

    def _drain(self, take: Take) -> None:
        """Take what was printed past Python until now; not for ever, if more keeps coming."""
        for number in list(self._printed):
            for _ in range(16):
                if not select.select([number], [], [], 0)[0] or not self._hear(number, take):
                    break

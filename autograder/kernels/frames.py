"""What passes between the grader and a kernel that runs a notebook: cells go in, what they show comes out.

Over one socket, frame by frame: four bytes with the length, then JSON of a fixed schema. The kernel's side is
`cells.py`, the grader's `connection.py`. What comes from a kernel may come from a stranger's code, so nothing is
believed of it but that it is what it says: text to show, bounded, and that a cell has ended.
"""

from __future__ import annotations

import socket
import struct
from typing import Annotated, Any, Literal

import msgspec

LARGEST = 8_000_000
"""Bytes of one frame. What a kernel would show in a larger one is left out."""

_LENGTH = struct.Struct(">I")

Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""Of a cell."""


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """The grader: run this cell, which is the one with this number."""

    number: int
    source: str


class Stream(msgspec.Struct, tag="stream"):
    """Something was printed."""

    name: Literal["stdout", "stderr"]
    text: str


class Display(msgspec.Struct, tag="display"):
    """Something is to be shown; or shown instead of what bears the same `id`, if it is an update."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    id: str | None = None
    update: bool = False


class Result(msgspec.Struct, tag="result"):
    """The value of the cell's last line."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    number: Number


class Failure(msgspec.Struct, tag="failure"):
    """An error was shown."""

    name: str
    text: str
    traceback: list[str]


class Clear(msgspec.Struct, tag="clear"):
    """What the cell has shown is to go: now, or when it shows the next."""

    wait: bool


class Done(msgspec.Struct, tag="done"):
    """The cell with this number has ended; zero: the kernel is ready. With the error that ended it, if one did."""

    cell: Number
    number: Number | None = None
    """IPython's own number of the cell."""
    failure: Failure | None = None


Frame = Stream | Display | Result | Failure | Clear | Done

_frames = msgspec.json.Decoder(Frame)
_runs = msgspec.json.Decoder(Run)


def packed(frame: Frame | Run) -> bytes:
    """Encode a frame. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    try:
        text = msgspec.json.encode(frame)
    except UnicodeEncodeError:
        text = msgspec.json.encode(_spelt(msgspec.to_builtins(frame)))
    return _LENGTH.pack(len(text)) + text


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_spelt(key): _spelt(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(one) for one in value]
    return value


def received_run(connection: socket.socket) -> Run | None:
    """Kernel side: block until the next cell arrives. Returns None when the grader has closed the connection."""
    if (head := _exactly(connection, _LENGTH.size)) is None:
        return None
    text = _exactly(connection, _LENGTH.unpack(head)[0])
    return None if text is None else _runs.decode(text)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        more = connection.recv(min(size - len(parts), 1 << 20))
        if not more:
            return None
        parts += more
    return bytes(parts)


class Reader:
    """Grader side: a decoder of the bytes that arrive. Holds one frame at most, whatever arrives."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._passing = 0
        self.lost = False
        """Whether something that arrived was too large, or no frame, and was dropped."""

    def frames(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes."""
        if self._passing:
            passed = min(self._passing, len(data))
            self._passing -= passed
            data = data[passed:]
        self._held += data
        found: list[Frame] = []
        start = 0
        while len(self._held) - start >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._held, start)
            begin = start + _LENGTH.size
            if size > LARGEST:
                self.lost = True
                there = len(self._held) - begin
                start = begin + min(size, there)
                self._passing = max(0, size - there)
                continue
            if len(self._held) - begin < size:
                break
            start = begin + size
            try:
                found.append(_frames.decode(memoryview(self._held)[begin:start]))
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                self.lost = True
        del self._held[:start]
        return found

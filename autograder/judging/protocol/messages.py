"""What may cross from a stranger's kernel: messages of a fixed schema, and arrays, both bounded."""

from __future__ import annotations

import socket
import struct
import time
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from numpy.typing import NDArray

from autograder.judging.protocol.arrays import pack, unpack
from autograder.judging.protocol.limits import CUT, LARGEST_ARRAYS, LARGEST_TEXT, LONGEST_NAME, Gone, Refused

HEADER = struct.Struct(">II")

Short = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]

Text = Annotated[str, msgspec.Meta(max_length=CUT)]

Kind = Literal["nothing", "text", "array", "ragged", "function", "other"]


class Value(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A value as data. An array's entries are the message's first array; of what is no data only the type's name is told."""

    kind: Kind
    type: Short = ""
    text: Text = ""
    untouched: bool = False


class Answer(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="answer"):
    """The kernel: this is the answer to that exercise."""

    exercise: Annotated[str, msgspec.Meta(max_length=200)]
    value: Value


class MeasurementReply(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="came"):
    """The kernel: this came of the measurement."""

    how: Literal["returned", "raised", "timed out"]
    value: Value | None = None
    error: Short = ""
    text: Text = ""
    line: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """The judge: take this measurement of the function."""

    way: str
    inputs: Any
    argument: int
    weights: Any
    seconds: float


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    """The judge: your answer is here, or none was asked for. The same words in every case."""


Message = Answer | MeasurementReply | Measure | Recorded


class Received(NamedTuple):
    """A message, and the arrays that came with it."""

    message: Any
    arrays: list[NDArray[Any]]


def send(connection: socket.socket, message: Message, arrays: list[NDArray[Any]] | None = None) -> None:
    """Send one message. `Gone` where the other side does not take it."""
    text, packed = msgspec.json.encode(message), pack(arrays or [])
    try:
        connection.sendall(HEADER.pack(len(text), len(packed)) + text + packed)
    except OSError:
        raise Gone from None


def receive(connection: socket.socket, kind: Any, seconds: float) -> Received:
    """The next message, which must be of `kind` and whole within `seconds`. `Refused` or `Gone` where it is not."""
    until = time.monotonic() + seconds
    text_size, arrays_size = HEADER.unpack(_exactly(connection, HEADER.size, until))
    if text_size > LARGEST_TEXT or arrays_size > LARGEST_ARRAYS:
        raise Refused(f"has more than {LARGEST_ARRAYS / 1e6:g} MB; something far smaller was asked for")
    text = _exactly(connection, text_size, until)
    packed = _exactly(connection, arrays_size, until)
    return Received(decoded(text, kind), unpack(packed))


def _exactly(connection: socket.socket, size: int, until: float) -> bytes:
    parts = []
    while size:
        left = until - time.monotonic()
        if left <= 0:
            raise Gone
        try:
            connection.settimeout(left)
            part = connection.recv(min(size, 1 << 20))
        except OSError:
            raise Gone from None
        if not part:
            raise Gone
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def decoded(text: bytes, kind: Any) -> Any:
    """The message of `kind` that `text` is; `Refused` where it is another thing."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused("came in a form that nobody sends who answers with `check`") from None
